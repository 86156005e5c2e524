"""Traces of each construct of the language: the places that it reads, and why alternatives lost."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import mapper
from mapper.interpreter.traces import ItemTrace
from mapper.interpreter.tracing import Leaf
from mapper.language.modifiers import MODIFIERS
from mapper.language.value_reader import OPERATORS
from mapper.runtime.missing import MISSING
from support.language_cases import FRAME

REQUEST = mapper.Request(
    headers={"X-Shop": "s"}, query={"q": "1"}, settings={"s": {"a": 1}}, received_at="2026-11-23T20:00:05Z"
)


@dataclass(frozen=True)
class Told:
    """A value of `event_properties`, the item, and what the trace tells of the leaf.

    `choices` are the texts in the mapping with their verdicts, `casts` the values before and after.
    """

    value: str
    item: dict[str, object]
    reads: tuple[str, ...]
    choices: tuple[tuple[str, str], ...] = ()
    state: str = "value"
    casts: tuple[tuple[object, object], ...] = ()
    leaf: str = ""  # the path below the value
    before: str = ""  # parts of the mapping above `event:`


LINES: dict[str, object] = {"c": [{"k": "x", "n": 1}, {"k": "y", "n": 2}], "k": "y"}
CONSTRUCTS: dict[str, Told] = {
    "a path": Told("$.a.b", {"a": {"b": 1}}, ("$.a.b",)),
    "a path with an odd name": Told("$['odd key']", {"odd key": 1}, ("$['odd key']",)),
    "a path that finds nothing": Told("$.a.b", {"a": {}}, ("$.a.b",), state="missing"),
    "an index from the end": Told("$.a[-1]", {"a": [1, 2]}, ("$.a[1]",)),
    "several matches": Told("$.c[*].n", LINES, ("$.c[0].n", "$.c[1].n")),
    "the test of a filter": Told("$.c[?@.k == 'y'].n", LINES, ("$.c[1].n", "$.c[0].k", "$.c[1].k")),
    "a filter that reads elsewhere": Told(
        "$.c[?@.k == $.k].n", LINES, ("$.c[1].n", "$.c[0].k", "$.k", "$.c[1].k")
    ),
    "a filter on members": Told("$.a[?@ > 1]", {"a": {"x": 1, "y": 2}}, ("$.a.y", "$.a.x")),
    "a filter that nothing passes": Told("$.c[?@.k == 'z']", LINES, ("$.c[0].k", "$.c[1].k")),
    "one of several matches": Told("{path: '$.c[*].n', take: last}", LINES, ("$.c[0].n", "$.c[1].n")),
    "a path on the body": Told("{envelope: $.k}", LINES, ("^.k",)),
    "a path on another value": Told("{path: $.b, of: $.a}", {"a": {"b": 1}}, ("$.a", "$.a.b")),
    "a constant": Told("{literal: 1}", {}, ()),
    "a header": Told("{header: X-Shop}", {}, ("header x-shop",)),
    "a parameter of the query": Told("{query: q}", {}, ("query q",)),
    "a setting": Told("{setting: s}", {}, ("setting s",)),
    "the time of receipt": Told("{received_at: true}", {}, ("received_at",)),
    "a template": Told("'{{ a.b }}-{{ k }}'", {"a": {"b": 1}, "k": 2}, ("$.a.b", "$.k")),
    "the branch that was taken": Told(
        "'{% if a %}{{ b }}{% else %}{{ k }}{% endif %}'", {"a": 1, "k": 2}, ("$.a", "$.b")
    ),
    "a loop": Told("'{% for k in c %}{{ k.n }}{% endfor %}'", LINES, ("$.c[0].n", "$.c[1].n")),
    "a variable of the template": Told("'{% assign k = a %}{{ k }}'", {"a": 1, "k": 2}, ("$.a",)),
    "scopes in a template": Told(
        "'{{ header[\"X-Shop\"] }}{{ query.q }}{{ setting.s.a }}{{ received_at }}{{ envelope.a }}'",
        {},
        ("header x-shop", "query q", "setting s a", "received_at", "^.a"),
    ),
    "a computed value": Told("{compute: \"c | map: 'n' | last\"}", LINES, ("$.c[0].n", "$.c[1].n")),
    "a var": Told("{var: v}", {"a": 1}, ("$.a",), before="vars:\n  v: $.a\n"),
    "a var in a template": Told(
        "'{{ vars.v.b }}'", {"a": {"b": 1}}, ("$.a.b", "$.a"), before="vars:\n  v: $.a\n"
    ),
    "a text of Liquid": Told("{liquid: '{{ a }}', as: integer}", {"a": 1}, ("$.a",), casts=(("1", 1),)),
    "the first that is there": Told(
        "{first_of: [$.a, $.b, $.k]}",
        {"a": None, "k": 1},
        ("$.a", "$.b", "$.k"),
        (("$.a", "null"), ("$.b", "missing"), ("$.k", "taken")),
    ),
    "the first that is not blank": Told(
        "{first_nonblank: [$.a, $.b]}",
        {"a": " ", "b": 1},
        ("$.a", "$.b"),
        (("$.a", "blank"), ("$.b", "taken")),
    ),
    "no alternative": Told(
        "{first_of: [$.a, $.b]}", {}, ("$.a", "$.b"), (("$.a", "missing"), ("$.b", "missing")), "missing"
    ),
    "a case": Told(
        "{match: $.k, cases: {x: $.a, y: $.b}}",
        {"k": "y", "b": 1},
        ("$.k", "$.b"),
        (("x", "not equal"), ("y", "taken")),
    ),
    "no case": Told("{match: $.k, cases: {x: $.a}}", {"k": "y"}, ("$.k",), (("x", "not equal"),), "missing"),
    "no case but else": Told(
        "{match: $.k, cases: {x: $.a}, else: $.b}",
        {"k": "y", "b": 1},
        ("$.k", "$.b"),
        (("x", "not equal"), ("$.b", "taken as `else`")),
    ),
    "a condition that holds": Told(
        "{when: k == 'y', then: $.a, else: $.b}", {"k": "y", "a": 1}, ("$.k", "$.a"), (("$.a", "taken"),)
    ),
    "a condition that does not hold": Told(
        "{when: k == 'y', then: $.a, else: $.b}",
        {"k": "x", "b": 1},
        ("$.k", "$.b"),
        (("k == 'y'", "does not hold"), ("$.b", "taken as `else`")),
    ),
    "a lost condition": Told(
        "{when: k == 'y', then: $.a}", {"k": "x"}, ("$.k",), (("k == 'y'", "does not hold"),), "missing"
    ),
    "a condition that fails": Told("{when: k < 1, then: $.a}", {"k": "x"}, ("$.k",), state="M618"),
    "a default that is taken": Told(
        "{path: $.a, default: $.b}", {"b": 1}, ("$.a", "$.b"), (("$.a", "missing"), ("$.b", "default taken"))
    ),
    "a default that is not": Told("{path: $.a, default: $.b}", {"a": 1}, ("$.a",)),
    "a value that is required": Told("{path: $.a, on_missing: reject}", {}, ("$.a",), state="M611"),
    "a cast": Told("{path: $.a, as: integer}", {"a": "7"}, ("$.a",), casts=(("7", 7),)),
    "a cast that fails": Told(
        "{path: $.a, as: integer, on_error: reject}", {"a": "x"}, ("$.a",), state="M613"
    ),
    "a cast that leaves out": Told(
        "{path: $.a, as: integer, on_error: omit}", {"a": "x"}, ("$.a",), state="missing"
    ),
    "a time": Told(
        "{path: $.a, as: timestamp, from: epoch_s}",
        {"a": 0},
        ("$.a",),
        casts=((0, "1970-01-01T00:00:00.000Z"),),
    ),
    "a date in a zone": Told(
        "{path: $.a, as: timestamp, from: date, zone: Europe/Berlin, time_of_day: '02:30', write: epoch_s}",
        {"a": "2026-01-01"},
        ("$.a",),
        casts=(("2026-01-01", 1_767_231_000),),
    ),
    "a time outside of its window": Told(
        "{path: $.a, as: timestamp, from: epoch_s, within: [2020-01-01T00:00:00Z, null]}",
        {"a": 0},
        ("$.a",),
        state="missing",
        casts=((0, MISSING),),
    ),
    "a hash": Told("{hash: [$.a, $.b]}", {"a": 1}, ("$.a", "$.b")),
    "a merge": Told("{merge: [$.a, {n: $.b}]}", {"a": {"x": 1}, "b": 2}, ("$.a", "$.b")),
    "an object": Told("{object: {n: {m: $.a}}}", {"a": 1}, ("$.a",), leaf=".n.m"),
    "a list": Told("[$.b, $.a]", {"a": 1}, ("$.a",), leaf="[0]"),
    "elements of a map": Told("{map: $.c, to: {n: $.n}}", LINES, ("$.c[1].n",), leaf="[1].n"),
    "an element that is a text": Told("{map: $.c, to: {n: $}}", {"c": ["x", "y"]}, ("$.c[1]",), leaf="[1].n"),
    "elements of a filter": Told(
        "{map: '$.c[1:]', to: {n: '{{ item.n }}'}}", LINES, ("$.c[1].n",), leaf="[0].n"
    ),
    "texts of several matches": Told("{map: '$.c[*].k', to: {n: $}}", LINES, ("$.c[1].k",), leaf="[1].n"),
    "a map that reads the body": Told("{map: $.c, to: {n: {envelope: $.k}}}", LINES, ("^.k",), leaf="[0].n"),
    "entries": Told("{entries: $.a}", {"a": {"x": 1}}, ("$.a",)),
    "a map of entries": Told(
        "{map: {entries: $.a}, to: {n: $.value}}", {"a": {"x": 1}}, ("$.a",), leaf="[0].n"
    ),
    "an object of a list": Told(
        "{object_from: $.c, key: $.k, value: $.n}",
        LINES,
        ("$.c", "$.c[0].k", "$.c[0].n", "$.c[1].k", "$.c[1].n"),
    ),
    "chosen keys": Told("{path: $.a, pick: [x]}", {"a": {"x": 1}}, ("$.a",)),
    "dropped keys": Told("{path: $.a, omit: [x]}", {"a": {"x": 1, "y": 2}}, ("$.a",)),
    "renamed keys": Told("{path: $.a, rename: {x: y}}", {"a": {"x": 1}}, ("$.a",)),
    "an object of one level": Told("{path: $.a, flatten: {separator: .}}", {"a": {"x": {"y": 1}}}, ("$.a",)),
    "members left out": Told("{path: $.a, prune: [null]}", {"a": {"x": None}}, ("$.a",)),
}


def trace_of(text: str, item: object) -> ItemTrace:
    (one,) = mapper.trace(mapper.compile(text), item, REQUEST)
    return one


def assert_told(leaf: Leaf, told: Told) -> None:
    assert leaf.state == told.state
    assert leaf.places == told.reads
    assert tuple((choice.span.text, choice.verdict) for choice in leaf.choices) == told.choices
    if told.casts:
        assert tuple((cast.before, cast.after) for cast in leaf.conversions) == told.casts


@pytest.mark.parametrize("idea", CONSTRUCTS)
def test_a_construct_is_explained(idea: str) -> None:
    told = CONSTRUCTS[idea]
    text = f"{FRAME}    v: {told.value}\n".replace("event:\n", f"{told.before}event:\n", 1)
    leaves = {leaf.path: leaf for leaf in trace_of(text, told.item).steps.leaves}
    assert_told(leaves[f".event_properties.v{told.leaf}"], told)


def test_every_operator_and_modifier_is_explained() -> None:
    values = "\n".join(told.value for told in CONSTRUCTS.values())
    assert {word for word in {*OPERATORS, *MODIFIERS} if f"{word}:" not in values} == set()
