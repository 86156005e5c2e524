"""Shapes: hostile values are pruned and flattened in proportion, within limits, and do not change."""

from __future__ import annotations

import copy
import json
import tracemalloc
from typing import Any

import pytest

import mapper
from mapper.runtime.faults import Fault
from mapper.runtime.json.equality import equal
from mapper.runtime.limits import MAX_EVENT_DEPTH
from mapper.runtime.missing import MISSING
from mapper.runtime.shapes import flatten, prune
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


class MadeWhenAsked(dict[str, object]):
    """An object of a host whose members are made anew, and gone again, each time it is asked for them."""

    def items(self) -> Any:
        for name, member in super().items():
            yield name, MadeWhenAsked(member) if isinstance(member, dict) else member


def test_members_that_a_host_makes_when_asked_are_told_apart() -> None:
    members = {str(i): {"a": {"b": {} if i % 2 else {"c": i}}} for i in range(50)}
    even = {str(i): {"a": {"b": {"c": i}}} for i in range(0, 50, 2)}
    assert prune(MadeWhenAsked(members), ALL) == even
    same = {"k": {"v": [1]}}
    pairs: dict[str, object] = {"a": {"k": {"v": [1]}}, "b": {"k": {"v": [2]}}}
    assert not equal(MadeWhenAsked(pairs), {"a": same, "b": same})
    assert not equal(MadeWhenAsked(dict(reversed(pairs.items()))), {"a": same, "b": same})


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


ROOM = 1_000_000


def flat(value: Any, separator: str = ".", by_index: bool = False, room: int = ROOM) -> Any:
    return flatten(value, separator, by_index, room, 0)[0]


def test_flattening_does_not_change_the_value_itself() -> None:
    value = {"a": {"b": [{"c": 1}], "d": {}}}
    before = copy.deepcopy(value)
    assert flat(value) == {"a.b": [{"c": 1}], "a.d": {}}
    assert flat(value, by_index=True) == {"a.b.0.c": 1, "a.d": {}}
    assert value == before


def test_names_take_their_room_before_they_are_made() -> None:
    """Names of 1,000 characters for 1,000 members: a megabyte of a payload of ten kilobytes."""
    value = {"k" * 1_000: {str(n): n for n in range(1_000)}}
    names = sum(1_001 + len(str(n)) + 4 for n in range(1_000))
    assert flatten(value, ".", False, names, 0)[1] == 0
    with pytest.raises(Fault, match="M624"):
        flatten(value, ".", False, names - 1, 0)


def test_long_names_without_members_of_their_own_take_no_memory() -> None:
    value: Any = 1
    for _ in range(MAX_EVENT_DEPTH - 1):
        value = {"k" * 100_000: value}
    tracemalloc.start()
    try:
        with pytest.raises(Fault, match="M624"):
            flat(value)
        assert tracemalloc.get_traced_memory()[1] < 3 * 100_000 * MAX_EVENT_DEPTH
    finally:
        tracemalloc.stop()


def test_the_deepest_value_is_flattened() -> None:
    value: Any = 1
    for _ in range(MAX_EVENT_DEPTH):
        value = {"": value}
    assert flat(value) == {"." * (MAX_EVENT_DEPTH - 1): 1}
    with pytest.raises(RecursionError):
        flat({"": value})


def test_a_name_that_is_no_text_is_left_to_the_validation() -> None:
    assert flat({1: {"a": 2}, "b": {2: {"c": 3}}}) == {1: {"a": 2}, 2: {"c": 3}}


@pytest.mark.parametrize("by_index", [False, True])
def test_flattening_takes_time_in_proportion(by_index: bool) -> None:
    small, large = ({"a": {str(n): [n, {"b": {}}] for n in range(size)}} for size in (2_500, 20_000))
    assert_linear(lambda value: flat(value, by_index=by_index, room=2**40), small, large)


FLAT = """\
mapping: m
event:
  event_id: e
  event_name: n
  user_id: u
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {path: $.p, flatten: {lists: index}, default: {}}
"""


@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_small_body_does_not_become_a_large_event(as_bytes: bool) -> None:
    """200 levels of long names above many members: 20 kilobytes would become 400."""
    inner: Any = {str(n): 0 for n in range(1_000)}
    for _ in range(190):
        inner = {"long": inner}
    body = {"p": inner}
    payload = json.dumps(body).encode() if as_bytes else body
    small, large = (mapper.compile(FLAT, limits=mapper.Limits(event_bytes=n)) for n in (100_000, 10_000_000))
    assert [one.codes for one in small(payload).rejected] == [("M624",)]
    assert len(large(payload).events) == 1


def test_flattening_a_value_that_holds_itself_is_rejected() -> None:
    own: dict[str, Any] = {"x": 1}
    own["one"] = own["other"] = own
    assert [one.codes for one in mapper.compile(FLAT)({"p": own}).rejected] in ([("M606",)], [("M624",)])


def test_a_list_held_twice_at_each_of_many_levels_ends_at_the_limit() -> None:
    shared: Any = [0]
    for _ in range(60):
        shared = [shared, shared]
    with pytest.raises(Fault, match="M624"):
        flat({"a": shared}, by_index=True)
