"""Examples: how many random ones a property is tried on.

A test names the number that CI takes once, by `--hypothesis-profile=full`. The default run takes a quarter of
it, and `--hypothesis-profile=thorough` five times as many. They take the same ones each time, so a run that
passed passes again; `--hypothesis-profile=random` takes new ones, twenty times as many.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import TypeVar

import pytest
from _pytest.mark import ParameterSet
from hypothesis import HealthCheck, settings

T = TypeVar("T")

# A property is never failed for the time it takes: that depends on the machine and on what else runs on it.
FULL = settings(
    max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# How many examples each profile takes where 100 are named.
PROFILES = {"quick": 25, "full": 100, "thorough": 500}
FEWEST = 5


def register_profiles() -> None:
    """Make the profiles known, and load `quick`."""
    for name, count in PROFILES.items():
        settings.register_profile(name, FULL, max_examples=count)
    settings.register_profile("random", FULL, max_examples=20 * FULL.max_examples, derandomize=False)
    settings.load_profile("quick")


def examples(count: int, *unchecked: HealthCheck) -> settings:
    """Settings for so many examples, times the share that the profile takes."""
    return settings(max_examples=tries(count), suppress_health_check=[HealthCheck.too_slow, *unchecked])


def slow_but(quick: Iterable[T], values: Iterable[T]) -> list[ParameterSet]:
    """Parameters of a test; all but the quick ones are marked slow."""
    chosen = [*quick]
    return [pytest.param(value, marks=[pytest.mark.slow] * (value not in chosen)) for value in values]


def thinned(step: int, *columns: Iterable[object]) -> list[ParameterSet]:
    """Parameters of a test, all combinations; all but each so manieth are marked slow."""
    return [
        pytest.param(*row, marks=[pytest.mark.slow] * (number % step > 0))
        for number, row in enumerate(product(*columns))
    ]


def tries(count: int) -> int:
    """The share that the profile takes of so many tries of another kind."""
    share = settings().max_examples
    return max(min(count, FEWEST), count * share // FULL.max_examples)
