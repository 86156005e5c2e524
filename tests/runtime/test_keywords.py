"""Keywords: those that look at one value several times ask once, and mean what jsonschema makes of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.runtime.growth import UNBOUNDED
from mapper.runtime.schema.validation import delegate, violations
from mapper.runtime.work import PAIR, Meter, metering
from support.examples import examples
from support.places import ROOT
from support.validators import compiled, reference

SELF = {"$ref": "#/$defs/t"}
INSIDE = {"properties": {"x": SELF}}
ITEMS = {"items": SELF}

# Schemas that ask for the part below `x` (or the items) more than once at each level: 2 to the depth in all.
TWICE: dict[str, dict[str, Any]] = {
    "anyOf": {"anyOf": [INSIDE | {"required": ["y"]}, INSIDE | {"required": ["z"]}]},
    "oneOf": {"oneOf": [INSIDE, INSIDE | {"required": ["z"]}]},
    "allOf": {"allOf": [INSIDE, INSIDE]},
    "not": {"not": INSIDE | {"not": INSIDE}},
    "if": {"if": INSIDE, "then": INSIDE, "else": INSIDE},
    "dependentSchemas": INSIDE | {"dependentSchemas": {"x": INSIDE}},
    "patternProperties": INSIDE | {"patternProperties": {"x": SELF, "^x": SELF}},
    "additionalProperties": {"patternProperties": {"x": SELF}, "allOf": [{"additionalProperties": SELF}]},
    "unevaluatedProperties": {"allOf": [INSIDE], "unevaluatedProperties": SELF},
    "items": {"allOf": [ITEMS, ITEMS]},
    "contains": ITEMS | {"contains": SELF},
    "unevaluatedItems": {"allOf": [{"prefixItems": [SELF]}], "contains": SELF, "unevaluatedItems": SELF},
}


def nested(name: str, depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value] if "tem" in name or name == "contains" else {"x": value}
    return value


def document(name: str) -> dict[str, Any]:
    return {"$ref": "#/$defs/t", "$defs": {"t": TWICE[name]}}


@pytest.mark.parametrize("name", TWICE)
def test_a_schema_may_ask_for_itself_twice(name: str) -> None:
    """At a depth of 195 the plain way through would take 2 to the power of 195 steps."""
    valid = compiled(document(name))
    explained = json.dumps(document(name))
    for depth in (0, 1, 2, 5, 6):
        expected = reference(document(name)).is_valid(nested(name, depth))
        assert valid(nested(name, depth)) is expected
        assert (violations(explained, nested(name, depth)) == []) is expected
    deep = nested(name, 194 + depth % 2)
    assert valid(deep) is expected, "each of these is valid or not whatever the depth, or by even and odd"
    assert (violations(explained, deep) == []) is expected


@pytest.mark.parametrize("name", TWICE)
def test_what_is_remembered_is_of_one_value(name: str) -> None:
    valid = compiled(document(name))
    for value in ({"x": {"y": 1}, "y": 1}, {"x": 1, "y": 1}, {"x": 1, "z": 1}, [1, [1]], {"x": 1}, 1):
        for _ in range(2):
            assert valid(value) is reference(document(name)).is_valid(value)


def test_threads_remember_nothing_of_each_other() -> None:
    valid = compiled(document("anyOf"))
    values = [nested("anyOf", depth) for depth in range(40)] + [{"x": {"y": 1}, "z": 1}] * 40
    expected = [valid(value) for value in values]
    assert len(set(expected)) == 2
    found: list[list[bool]] = []
    threads = [threading.Thread(target=lambda: found.append([valid(v) for v in values])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


def test_alternatives_inside_alternatives_cost_no_more_than_their_number() -> None:
    schema: dict[str, Any] = {"properties": {"a": True}}
    for _ in range(45):
        schema = {"allOf": [schema], "unevaluatedProperties": {"type": "string"}}
    valid = compiled(schema)
    assert valid({"a": 1, "b": "x"})
    assert not valid({"a": 1, "b": 2})
    assert violations(json.dumps(schema), {"a": 1, "b": 2})


def test_many_members_and_items_are_unevaluated_in_linear_time() -> None:
    schema = {"allOf": [{"patternProperties": {"^a": True}}], "unevaluatedProperties": False}
    members = {f"a{number}": number for number in range(20_000)}
    assert compiled(schema)(members)
    assert not compiled(schema)({**members, "b": 1})
    items = {"allOf": [{"contains": {"type": "integer"}}], "unevaluatedItems": False}
    assert compiled(items)([*range(20_000)])
    assert not compiled(items)([*range(20_000), "b"])


def test_many_anchors_are_found_in_linear_time() -> None:
    parts = {f"t{number}": {"$anchor": f"a{number}", "minLength": 1} for number in range(6_000)}
    schema = {"allOf": [{"$ref": f"#a{number}"} for number in range(6_000)], "$defs": parts}
    assert compiled(schema)("x")
    assert not compiled(schema)("")
    assert len(violations(json.dumps(schema), "")) == 1
    assert delegate(json.dumps(schema), "/allOf/5999")("x")


def test_a_schema_that_names_its_draft_is_judged_alike() -> None:
    """jsonschema changes to its own validator at a `$schema`, which would not bound anything."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "anyOf": [
            {"properties": {"x": {"$ref": "#"}}, "required": ["y"]},
            {"properties": {"x": {"$ref": "#"}}},
        ],
    }
    assert not compiled(schema)(nested("anyOf", 190))
    assert compiled(schema)({"x": {"x": {}}})


@pytest.mark.parametrize("name", TWICE)
def test_mappings_compile_and_map_with_such_schemas(name: str, tmp_path: Path) -> None:
    """Neither what the checker asks of such schemas nor what it tries takes longer for what they repeat."""
    schema = json.loads((ROOT / "schemas/event.schema.json").read_text("utf-8"))
    schema["properties"]["event_properties"] = {"properties": {"x": SELF, "p": SELF}}
    schema["$defs"] = {**schema.get("$defs", {}), "t": TWICE[name]}
    (tmp_path / "own.schema.json").write_text(json.dumps(schema), "utf-8")
    source = {"type": "object", "properties": {"p": SELF}, "$defs": {"t": TWICE[name]}}
    (tmp_path / "source.schema.json").write_text(json.dumps(source), "utf-8")
    path = tmp_path / "m.yaml"
    path.write_text(
        "mapping: m\nsource: source.schema.json\ntarget: own.schema.json\nevent:\n  event_id: e\n"
        "  event_name: Seen\n  user_id: u\n  timestamp: '2026-11-23T20:00:00.000Z'\n"
        "  event_properties: {p: $.p, y: $..x, z: {first_of: [$.p.x.x, $.p.z]}}\n",
        "utf-8",
    )
    transform = mapper.load(path)
    result = transform([{"p": nested(name, 190)}, {"p": nested(name, 1)}])
    assert result.items == 2
    body = json.dumps({"p": nested(name, 190)}).encode()
    assert transform(body).items == transform.json(body).items == 1


# --- agreement with jsonschema

_NAMES = st.sampled_from(["a", "b", "x"])
_LEAVES = st.sampled_from(
    [
        True,
        False,
        {},
        {"type": "integer"},
        {"const": 1},
        {"required": ["a"]},
        {"type": "object"},
        {"minItems": 1},
    ]
)


def _schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    below = inner | st.just(SELF)
    parts = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(["allOf", "anyOf", "oneOf"], parts),
            **dict.fromkeys(["not", "if", "then", "else"], inner),
            **dict.fromkeys(["unevaluatedProperties", "unevaluatedItems", "items", "contains"], below),
            "additionalProperties": below,
            "properties": st.dictionaries(_NAMES, below, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["", "a|b", "x$"]), below, max_size=2),
            "dependentSchemas": st.dictionaries(_NAMES, inner, max_size=1),
            "prefixItems": st.lists(below, min_size=1, max_size=2),
            "$ref": st.just("#/$defs/u"),
            "$dynamicRef": st.just("#/$defs/u"),
        },
    )


_VALUES = st.recursive(
    st.sampled_from([1, "a", None, {}, []]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)


@examples(200)
@given(
    st.recursive(_LEAVES, _schemas, max_leaves=6),
    _schemas(_LEAVES),
    st.lists(_VALUES, min_size=3, max_size=3),
)
def test_keywords_mean_what_jsonschema_makes_of_them(
    schema: Any, other: dict[str, Any], values: list[Any]
) -> None:
    other = {keyword: rule for keyword, rule in other.items() if keyword not in ("$ref", "$dynamicRef")}
    whole = {"$ref": "#/$defs/t", "$defs": {"t": schema, "u": other}}
    judge: Callable[[object], bool] = delegate(json.dumps(whole))
    for value in values:
        try:
            expected = reference(whole).is_valid(value)
        except RecursionError:  # `t` refers to itself for the same value, which the loader refuses
            continue
        assert judge(value) is expected
        assert (violations(json.dumps(whole), value) == []) is expected


# Each judges a list of objects; N is one more of what a schema can repeat for one element.
REPEATED: dict[str, Callable[[int], dict[str, Any]]] = {
    "anyOf": lambda n: {"anyOf": [{"required": [f"k{i}"]} for i in range(n)] + [True]},
    "allOf": lambda n: {"allOf": [{"minProperties": 1, "x-n": i} for i in range(n)]},
    "oneOf": lambda n: {"oneOf": [{"required": [f"k{i}"]} for i in range(n)] + [True]},
    "not": lambda n: {"not": {"anyOf": [{"required": [f"k{i}"]} for i in range(n)]}},
    "if": lambda n: {"allOf": [{"if": {"required": [f"k{i}"]}, "then": False} for i in range(n)]},
    "dependentSchemas": lambda n: {"allOf": [{"dependentSchemas": {"a": {"minProperties": 1}}}] * n},
    "patternProperties": lambda n: {
        "patternProperties": {f"^a?b{{0,{i}}}": {"minLength": 1} for i in range(n)}
    },
    "$ref": lambda n: {"allOf": [{"$ref": f"#/$defs/r{i}"} for i in range(n)]},
    "a chain of $ref": lambda n: {"$ref": "#/$defs/c0"},
    "enum": lambda n: {"not": {"properties": {"a": {"enum": [[i] for i in range(30 * n)]}}}},
}


def _list_units(name: str, repeated: int, elements: int) -> int:
    """The units of checking a list of objects by a schema that repeats something for each of them."""
    chain = {f"c{i}": {"allOf": [{"$ref": f"#/$defs/c{i + 1}"}]} for i in range(repeated)}
    definitions = {f"r{i}": {"minProperties": 1, "x-n": i} for i in range(repeated)}
    ends = {f"c{repeated}": {"minProperties": 1}}
    schema = {"items": REPEATED[name](repeated), "$defs": chain | definitions | ends}
    meter = Meter(UNBOUNDED, UNBOUNDED)
    meter.begin(0)
    token = metering.set(meter)
    try:
        delegate(json.dumps(schema))([{"a": f"{n}"} for n in range(elements)])
    finally:
        metering.reset(token)
    return meter.used


@pytest.mark.parametrize("name", REPEATED)
def test_each_keyword_and_reference_counts_for_each_element(name: str) -> None:
    """A schema and a list both count: twice the elements are twice the work, as are twice the keywords."""
    base = _list_units(name, 20, 10)
    assert base >= 20 * 10 * PAIR, "something is counted for each keyword and element"
    more_elements = (_list_units(name, 20, 40) - base) / base
    more_keywords = (_list_units(name, 80, 10) - base) / base
    assert 2.5 < more_elements <= 3.1
    assert more_keywords > 2
