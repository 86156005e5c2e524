"""Shapes: pruning of hostile values takes time and stack in proportion, and changes nothing it is given."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import mapper
from mapper.runtime.limits import MAX_EVENT_DEPTH
from mapper.runtime.missing import MISSING
from mapper.runtime.shapes import prune
from support.growth import assert_linear

ALL = ("null", "blank", "empty")


def nested(depth: int, inner: Any) -> Any:
    """A value inside so many objects and lists in turn."""
    for level in range(depth):
        inner = [inner] if level % 2 else {"k": inner}
    return inner


def test_the_value_itself_does_not_change() -> None:
    value = {"a": None, "b": [{"c": ""}, 1], "d": {}}
    before = copy.deepcopy(value)
    assert prune(value, ALL) == {"b": [1]}
    assert value == before


@pytest.mark.parametrize(("inner", "left"), [(None, MISSING), (0, nested(MAX_EVENT_DEPTH, 0))])
def test_a_value_at_the_deepest_level(inner: object, left: object) -> None:
    assert prune(nested(MAX_EVENT_DEPTH, inner), ALL) == left


def test_a_value_that_holds_one_list_twice_at_each_level_is_pruned_once() -> None:
    shared: Any = [None, 0]
    for _ in range(100):
        shared = [shared, shared]
    pruned = prune(shared, ALL)
    for _ in range(100):
        assert isinstance(pruned, list)
        assert pruned[0] is pruned[1]
        pruned = pruned[0]
    assert pruned == [0]


MAPPING = """\
mapping: m
event:
  event_id: e
  event_name: n
  user_id: u
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {path: $.p, prune: ['null', blank, empty], default: {}}
"""


def test_a_value_that_holds_itself_is_rejected() -> None:
    own: dict[str, Any] = {}
    own["one"] = own["other"] = own
    assert [one.codes for one in mapper.compile(MAPPING)({"p": own}).rejected] == [("M606",)]


@pytest.mark.parametrize("inner", ["null", "0"])
def test_the_deepest_body(inner: str) -> None:
    """199 levels below the item, which is the limit, and one more."""
    transform = mapper.compile(MAPPING)
    body = '{"p": {"a": ' + "[" * 198 + inner + "]" * 198 + "}}"
    assert len(transform(body.encode()).events) == 1
    deeper = '{"p": {"a": ' + "[" * 199 + inner + "]" * 199 + "}}"
    assert [one.codes for one in transform(deeper.encode()).rejected] == [("M606",)]


def test_wide_objects_take_time_in_proportion() -> None:
    small, large = ({str(n): None if n % 2 else {"a": ""} for n in range(size)} for size in (5_000, 40_000))
    assert_linear(lambda value: prune(value, ALL), small, large)
