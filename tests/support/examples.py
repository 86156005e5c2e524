"""Examples: how many random ones a property is tried on.

`pytest --hypothesis-profile=thorough` takes five times as many. Both profiles take the same ones each time,
so a run that passed passes again; `pytest --hypothesis-profile=random` takes new ones, twenty times as many.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A property is never failed for the time it takes: that depends on the machine and on what else runs on it.
QUICK = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def register_profiles() -> None:
    """Make the profiles `quick`, which is loaded, `thorough` and `random` known."""
    settings.register_profile("quick", QUICK)
    settings.register_profile("thorough", QUICK, max_examples=5 * QUICK.max_examples)
    settings.register_profile("random", QUICK, max_examples=20 * QUICK.max_examples, derandomize=False)
    settings.load_profile("quick")


def examples(count: int, *unchecked: HealthCheck) -> settings:
    """Settings for so many examples, or as many times as many as the profile has."""
    factor = settings().max_examples // QUICK.max_examples
    return settings(max_examples=count * factor, suppress_health_check=[HealthCheck.too_slow, *unchecked])
