"""Default limits: for each of them an input that nearly reaches it becomes events, a larger one its code."""

from __future__ import annotations

from dataclasses import fields

import pytest

from mapper.runtime.limits import Limits
from support.limit_inputs import BEYOND, INPUTS, REACHED, SETTINGS, WITHIN


def test_every_limit_has_an_input() -> None:
    assert [*SETTINGS] == [field.name for field in fields(Limits)]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * given.is_slow) for name, given in INPUTS.items()]
)
def test_an_input_just_within_a_limit_and_one_beyond_it(name: str) -> None:
    given = INPUTS[name]
    within = given.trial(WITHIN)
    assert within.prepared()() == ""
    if name in SETTINGS:
        lower = Limits(**{name: int(given.limit * REACHED)})
        assert given.code in within.prepared(lower)().split(), "it reaches four fifths of the limit"
    assert given.code in given.trial(BEYOND).prepared()().split()
