"""Parsed payloads that hold anything at all: nothing is raised, and the good items beside it survive."""

from __future__ import annotations

import datetime
import json
import math
import re
from collections import OrderedDict, UserString, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.diagnostics.render import FORMATS, render
from mapper.runtime.json.foreign import Foreign, PlainCopy
from mapper.runtime.missing import MISSING
from support.conservation import in_full
from support.examples import examples
from support.field_kinds import KINDS

GOOD = {"id": "good"}
FRAME = """\
mapping: odd
each: {each}
event:
  event_id: {{path: $.id, as: string, default: none, on_error: omit}}
  event_name: Seen
  user_id: u
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {{p: {value}}}
"""


class Fault(Exception):
    """What the types below raise."""


def _raise(*_: object, **__: object) -> Any:
    raise Fault


def hostile(base: type, *names: str, **more: Any) -> Any:
    """A subclass some of whose methods raise."""
    return type("Hostile", (base,), {**dict.fromkeys(names, _raise), "__hash__": base.__hash__, **more})


READING = ("__iter__", "__len__", "__getitem__", "__contains__", "__eq__", "__bool__", "__repr__")
Record = hostile(dict, *READING, "items", "keys", "values", "get", "copy")
Array = hostile(list, *READING, "copy")
Text = hostile(str, *READING, "__str__", "encode", "isascii", "isspace", "strip", "lower")
Whole = hostile(
    int, *("__eq__", "__lt__", "__gt__", "__sub__", "__repr__", "__str__", "__int__", "__index__")
)
Real = hostile(float, "__eq__", "__sub__", "__repr__", "is_integer", "__float__")
Thing = hostile(object, *READING, "__str__", "__format__", "__getattribute__", "__reduce_ex__")
Classless = hostile(object, __class__=property(_raise))
Bytes = hostile(bytes, *READING, "__bytes__")
Meta = type("Meta", (type,), {"__hash__": _raise, "__eq__": _raise, "__instancecheck__": _raise})
OfMeta = Meta("OfMeta", (dict,), {})


def _released() -> memoryview:
    view = memoryview(b"{}")
    view.release()
    return view


def _own() -> Any:
    own: dict[str, Any] = {"b": []}
    own["a"] = own
    own["b"].append(own["b"])
    return own


# By name, what makes one: some are used up by being looked at.
ODD: dict[str, Callable[[], Any]] = {
    **{
        f"{name} as a key": lambda key=key: {key(): {"id": "inside"}, "a": 1}
        for name, key in {
            "null": lambda: None,
            "integer": lambda: 1,
            "boolean": lambda: True,
            "real": lambda: 1.5,
            "nan": lambda: math.nan,
            "tuple": lambda: (1, None),
            "bytes": lambda: b"k",
            "set": lambda: frozenset((1,)),
            "half a pair": lambda: "\ud800",
            "text": lambda: Text("k"),
            "number": lambda: Whole(3),
            "thing": Thing,
            "huge": lambda: 10**5000,
        }.items()
    },
    "set": lambda: {1, "a"},
    "tuple": lambda: (1, GOOD),
    "bytes": lambda: b"\xff",
    "array of bytes": lambda: bytearray(b"x"),
    "released": _released,
    "time": lambda: datetime.datetime(2026, 1, 1),
    "date": lambda: datetime.date(2026, 1, 1),
    "decimal": lambda: Decimal("1.5"),
    "no number": lambda: Decimal("NaN"),
    "signalling": lambda: Decimal("sNaN"),
    "generator": lambda: (n for n in (1, 2)),
    "object": object,
    "contains itself": _own,
    "huge": lambda: 10**5000,
    "negative": lambda: -(10**5000),
    "nan": lambda: math.nan,
    "infinity": lambda: -math.inf,
    "half a pair": lambda: "a\ud800",
    "class": lambda: dict,
    "function": lambda: _raise,
    "ordered": lambda: OrderedDict(a=1),
    "defaulting": lambda: defaultdict(dict, a=1),
    "deque": lambda: deque((1,)),
    "keys": lambda: {"a": 1}.keys(),
    "complex": lambda: 1j,
    "ellipsis": lambda: ...,
    "range": lambda: range(3),
    "no text": lambda: UserString("a"),
    "undecoded": lambda: msgspec.Raw(b"{}"),
    "nothing": lambda: MISSING,
    "hostile object": lambda: Record(a=1, id="x"),
    "hostile items": lambda: hostile(dict, "items")(a=1),
    "hostile length": lambda: hostile(dict, "__len__")(a=1),
    "hostile array": lambda: Array([1, GOOD]),
    "hostile text": lambda: Text("x"),
    "hostile integer": lambda: Whole(5),
    "hostile real": lambda: Real(1.5),
    "hostile thing": Thing,
    "hostile class": Classless,
    "hostile bytes": lambda: Bytes(b"{}"),
    "hostile type": lambda: OfMeta(a=1),
    "hostile depth": lambda: hostile(dict, __iter__=lambda _: (_ for _ in ()).throw(RecursionError))(a=1),
}

# Where items are, and the payload around an odd value in which so many good items are.
EACH: dict[str, tuple[tuple[Callable[[Any], Any], int], ...]] = {
    "$": ((lambda odd: odd, 0), (lambda odd: [odd, GOOD, odd], 1)),
    "'$[*]'": ((lambda odd: [odd, GOOD], 1), (lambda odd: {"x": odd, "y": GOOD}, 1)),
    "$.events": ((lambda odd: {"events": odd}, 0), (lambda odd: {"events": [GOOD, odd, GOOD], "x": odd}, 2)),
    "'$.events[*]'": (
        (lambda odd: {"events": [odd, GOOD]}, 1),
        (lambda odd: {"events": {None: odd, "y": GOOD, 2: GOOD}}, 2),
    ),
    "'$.events[*].x'": ((lambda odd: {"events": [{"x": odd}, {"x": GOOD}, odd, {"x": [GOOD]}]}, 2),),
    "['$[*].json', '$.events[*]', $]": ((lambda odd: {"events": [odd, GOOD], "z": odd}, 1),),
    "'$..events'": ((lambda odd: {"a": [odd, {"events": GOOD}], "b": odd}, 1),),
    "'$.events[?@.id]'": ((lambda odd: {"events": [odd, GOOD]}, 1),),
    "'$.events[0]'": ((lambda odd: {"events": odd}, 0), (lambda odd: {"events": [GOOD, odd]}, 1)),
}
VALUES = {
    **KINDS,
    "whole": "$",
    "below": "'$..a'",
    "all": "'$.*.*'",
    "filter": "'$.l[?@.a == $.a]'",
    "order": "'$.l[?@.a < $.a]'",
    "length": "'$.l[?length(@.a) > 1]'",
    "search": "'$.l[?search(@.a, $.o.a)]'",
    "slice": "'$.a[0:1]'",
    "hash of all": "{hash: [$]}",
    "envelope": "{envelope: $}",
    "printed": "'{{ a }}{{ o }}{{ l | join: a }}{{ item | json }}'",
    "texts": "'{{ a | upcase | replace: a, \"x\" | append: a }}{{ a | split: a }}{{ a | default: 1 }}'",
    "lists": '\'{{ l | map: "a" | sort | json }}{{ l | uniq | size }}{{ l | where: "a", a | json }}\'',
    "numbers": "'{{ a | plus: 1 }}{{ a | date: \"%Y\" }}{{ a.size }}{{ a.first }}{{ o[a] }}'",
    "tests": "'{% for x in a %}{{ x }}{% endfor %}{% if a > 1 or a == b %}z{% endif %}'",
    "contains": "'{% if a contains \"x\" or l contains a or a != blank %}y{% endif %}'",
}
SHIPPED = ("segment", "moengage", "webengage")
shipped = cache(mapper.load)


@cache
def by_each(each: str) -> mapper.Transform:
    return mapper.compile(FRAME.format(each=each, value="$.a"))


@cache
def by_value(name: str) -> mapper.Transform:
    return mapper.compile(FRAME.format(each="'$[*]'", value=VALUES[name]))


IS_PATH = re.compile(r"\$(\.\w+|\[\d+\]|\['.*'\])*")


def assert_sound(result: mapper.Result, good: int = 0) -> None:
    """Nothing is lost, and all that a result tells can be read and written."""
    assert result.items == len(result.events) + len(result.skipped) + len(result.rejected)
    if good:
        found = [e["event_id"] for e in result.events]
        assert sum(type(id) is str and id == "good" for id in found) >= good
    assert repr(result)
    for skip in result.skipped:
        assert (skip.reason, repr(skip), skip.item) != ()
    for rejection in result.rejected:
        assert repr(rejection)
        assert "M901" not in rejection.codes
        assert IS_PATH.match(rejection.location)
        for form in FORMATS:
            assert render(rejection.diagnostics, form, show_values=True)
        assert all(hash(diagnostic) for diagnostic in rejection.diagnostics)


def assert_streamed(streamed: mapper.JsonResult, result: mapper.Result) -> None:
    """A stream rejects no more than the call, but for events that cannot be written."""
    assert streamed.items == result.items
    assert [skip.index for skip in streamed.skipped] == [skip.index for skip in result.skipped]
    assert {one.index for one in streamed.rejected} >= {one.index for one in result.rejected}
    written = 0
    for event in result.events:
        with suppress(Exception):  # a number with too many digits, a type of the host's own
            written += bool(msgspec.json.encode(event))
    assert len(streamed.events) >= written


def assert_taken(transform: mapper.Transform, payload: Callable[[], Any], good: int = 0) -> None:
    result = transform(payload())
    assert_sound(result, good)
    assert_streamed(in_full(transform.stream(payload())), result)
    assert_sound(transform(payload(), trusted=True), good)


@pytest.mark.parametrize("name", ODD)
def test_an_odd_item_spoils_no_other(name: str) -> None:
    make = ODD[name]
    for each, payloads in EACH.items():
        for around, good in payloads:
            # `..` visits what contains itself until it has visited too much, and finds no items.
            good = 0 if name == "contains itself" and ".." in each else good
            assert_taken(by_each(each), lambda around=around: around(make()), good)
    for transform in map(shipped, SHIPPED):
        for around, _ in (payload for payloads in EACH.values() for payload in payloads):
            assert_taken(transform, lambda around=around: around(make()))


def _with_fields(odd: Any) -> list[Any]:
    around = {"a": odd, "o": {"a": odd}, "l": [odd, {"a": odd}, {"a": odd}, 1], "b": "x", "id": "odd"}
    inside = {"a": {"a": [{"b": odd}]}, "o": odd, "l": odd, "b": odd, "id": odd}
    return [around, GOOD, inside, odd]


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_an_odd_value_spoils_its_item_alone(name: str) -> None:
    for value in VALUES:
        transform = by_value(value)
        good = (
            0 if value == "envelope" or transform([GOOD]).rejected else 1
        )  # what is around is in all events
        assert_taken(transform, lambda: _with_fields(ODD[name]()), good)


# Recipes of payloads: hypothesis looks at what it draws, which hostile types do not bear.
KEYS: list[Any] = [None, 1, True, math.nan, (1,), b"k", "a", "id", "events", "x", "\ud800"]
LEAVES = st.sampled_from(list(ODD)) | st.just("good")
RECIPES = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(st.sampled_from(["list", "tuple", "array"]), st.lists(inner, max_size=3).map(tuple))
        | st.tuples(
            st.sampled_from(["dict", "record"]),
            st.lists(st.tuples(st.sampled_from(KEYS), inner), max_size=3).map(tuple),
        )
    ),
    max_leaves=8,
)


def made(recipe: Any) -> Any:
    match recipe:
        case ("dict" | "record" as kind, members):
            return (dict if kind == "dict" else Record)((name, made(inner)) for name, inner in members)
        case (kind, elements):
            return {"list": list, "tuple": tuple, "array": Array}[kind](map(made, elements))
    return ODD[recipe]() if recipe in ODD else GOOD


@examples(100)
@given(RECIPES)
def test_any_payload_is_accounted_for(recipe: Any) -> None:
    for transform in (*map(by_each, EACH), *map(shipped, SHIPPED), by_value("printed"), by_value("below")):
        assert_taken(transform, lambda: made(recipe))


def test_a_key_that_is_no_text_has_no_path() -> None:
    result = mapper.load("moengage")({"events": {None: 1, "a b": 2, True: 3}})
    assert [r.location for r in result.rejected] == ["$.events", "$.events['a b']", "$.events"]
    assert [(r.codes, r.item) for r in result.rejected] == [(("M604",), 1), (("M604",), 2), (("M604",), 3)]


def test_a_printed_object_needs_names_that_are_text() -> None:
    transform = mapper.compile(FRAME.format(each="$", value="'{{ a }}'"))
    assert [r.codes for r in transform({"a": {b"k": 1}}).rejected] == [("M618",)]


def test_a_type_that_raises_is_read_past_its_methods() -> None:
    payload = [Record(id="good", a=Array([Text("x"), Whole(5), Real(1.5)])), {"id": "2", "a": Thing()}]
    result = by_each("$")(payload)
    assert [event["event_id"] for event in result.events] == ["good"]
    assert json.dumps(result.events[0]["event_properties"]) == '{"p": ["x", 5, 1.5]}'
    assert [(r.index, r.codes) for r in result.rejected] == [(1, ("M612",))]
    assert result.rejected[0].item is payload[1], "the host gets its own item back"


def test_a_copy_is_plain_and_knows_its_originals() -> None:
    own = _own()
    original = [own, own, (1,), Record(a=Decimal("1e999"), b=Decimal("NaN")), {Thing(): None, 1: True}]
    copy = PlainCopy(original)
    plain: Any = copy.value
    assert plain[0] is plain[1] is plain[0]["a"]
    assert plain[0]["b"][0] is plain[0]["b"]
    assert type(plain[2]) is Foreign
    assert type(plain[3]) is dict
    assert plain[3]["a"] == Decimal("1e999")
    assert type(plain[3]["b"]) is Foreign
    assert [type(name) for name in plain[4]] == [Foreign, int]
    assert all(copy.original(inner) is outer for inner, outer in zip(plain, original, strict=True))
    assert copy.original("x") == "x"


def test_a_copy_takes_what_nests_without_end() -> None:
    deep: list[Any] = []
    for _ in range(20_000):
        deep = [deep, deep]
    assert isinstance(PlainCopy(deep).value, list)


def _generated() -> Iterator[int]:
    yield 1


def test_a_generator_is_not_used_up() -> None:
    generator = _generated()
    mapper.load("segment")([generator, {"a": generator}])
    assert list(generator) == [1]
