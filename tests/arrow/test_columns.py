"""The types of the columns of events, by the target schema."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.shipped import SHIPPED, shipped

pa = pytest.importorskip("pyarrow", reason="the extra `arrow` is not installed")

import mapper.arrow  # noqa: E402
from mapper.arrow.arrays import MOMENT, arrow_type  # noqa: E402
from mapper.arrow.columns import MAX_LEVELS, MAX_MEMBERS, columns_of  # noqa: E402

STRING = {"type": "string"}
CLOSED = {"type": "object", "properties": {"a": STRING}, "additionalProperties": False}
A = pa.struct([pa.field("a", pa.string())])

TYPES: dict[str, tuple[Any, Any]] = {
    "text": (STRING, pa.string()),
    "texts of an enumeration": ({"enum": ["a", "b"]}, pa.string()),
    "a constant text": ({"const": "a"}, pa.string()),
    "text or null": ({"type": ["string", "null"]}, pa.string()),
    "text or null, by choice": ({"anyOf": [STRING, {"type": "null"}]}, pa.string()),
    "a date": ({"type": "string", "format": "date"}, pa.string()),
    "a moment": ({"type": "string", "format": "date-time"}, MOMENT),
    "a moment, by reference": ({"$ref": "#/$defs/moment"}, MOMENT),
    "a moment, by two references": ({"allOf": [{"$ref": "#/$defs/moment"}, {"minLength": 3}]}, MOMENT),
    "a moment or null": (
        {"anyOf": [{"$ref": "#/$defs/moment"}, {"type": "null"}]},
        MOMENT,
    ),
    "a moment or another text": ({"anyOf": [{"$ref": "#/$defs/moment"}, STRING]}, pa.string()),
    "an integer": ({"type": "integer"}, pa.int64()),
    "an integer or null": ({"type": ["null", "integer"]}, pa.int64()),
    "an integer in all parts": ({"allOf": [{"type": "number"}, {"type": "integer"}]}, pa.int64()),
    "an integer or a number": ({"type": ["integer", "number"]}, pa.float64()),
    "a number": ({"type": "number", "minimum": 0}, pa.float64()),
    "a truth value": ({"type": "boolean"}, pa.bool_()),
    "a union": ({"type": ["string", "integer"]}, pa.string()),
    "anything": (True, pa.string()),
    "an open object": ({"type": "object"}, pa.string()),
    "an object that allows others": ({**CLOSED, "additionalProperties": STRING}, pa.string()),
    "an object of patterns": ({**CLOSED, "patternProperties": {"^x": STRING}}, pa.string()),
    "an empty object": ({"type": "object", "additionalProperties": False}, pa.string()),
    "a closed object": (CLOSED, A),
    "a closed object or null": ({"anyOf": [CLOSED, {"type": "null"}]}, A),
    "a closed object of two parts": (
        {"allOf": [{"type": "object", "properties": {"a": STRING}}], "unevaluatedProperties": False},
        A,
    ),
    "a closed object without a type": (
        {"properties": {"a": STRING}, "additionalProperties": False},
        pa.string(),
    ),
    "names that differ in case": (
        {"type": "object", "properties": {"a": STRING, "A": STRING}, "additionalProperties": False},
        pa.string(),
    ),
    "a list of texts": ({"type": "array", "items": STRING}, pa.list_(pa.string())),
    "a list of objects": ({"type": "array", "items": CLOSED}, pa.list_(A)),
    "a list of lists": (
        {"type": "array", "items": {"type": "array", "items": {"type": ["integer", "null"]}}},
        pa.list_(pa.list_(pa.int64())),
    ),
    "a list of anything": ({"type": "array"}, pa.string()),
    "a list of two types": ({"type": "array", "prefixItems": [STRING], "items": CLOSED}, pa.string()),
    "a tree": ({"$ref": "#/$defs/tree"}, None),
}
DEFINITIONS = {
    "moment": {"type": "string", "format": "date-time"},
    "tree": {
        "type": "object",
        "properties": {"left": {"$ref": "#/$defs/tree"}, "name": STRING},
        "additionalProperties": False,
    },
}


def target(**properties: Any) -> str:
    return json.dumps({"type": "object", "properties": properties, "$defs": DEFINITIONS})


@pytest.mark.parametrize("kind", TYPES)
def test_the_type_of_a_member(kind: str) -> None:
    schema, wanted = TYPES[kind]
    (member,) = columns_of(target(x=schema))
    if wanted is not None:
        assert arrow_type(member.type) == wanted


def test_a_tree_ends_in_json() -> None:
    (member,) = columns_of(target(x={"$ref": "#/$defs/tree"}))
    found, levels = arrow_type(member.type), 0
    while pa.types.is_struct(found):
        found, levels = found.field("left").type, levels + 1
    assert (levels, found) == (MAX_LEVELS, pa.string())


def test_a_schema_that_multiplies_has_bounded_columns() -> None:
    definitions: dict[str, Any] = {"d0": STRING}
    for level in range(1, 40):
        both = {side: {"$ref": f"#/$defs/d{level - 1}"} for side in "ab"}
        definitions[f"d{level}"] = {"type": "object", "properties": both, "additionalProperties": False}
    schema = {"type": "object", "properties": {"x": {"$ref": "#/$defs/d39"}}, "$defs": definitions}
    fields = sum(1 for _ in leaves(arrow_type(columns_of(json.dumps(schema))[0].type)))
    assert 0 < fields <= MAX_MEMBERS
    wide = {f"p{number}": STRING for number in range(2 * MAX_MEMBERS)}
    assert len(columns_of(target(**wide))) == MAX_MEMBERS


def leaves(kind: Any) -> Any:
    if pa.types.is_struct(kind):
        for field in kind:
            yield from leaves(field.type)
    else:
        yield kind


def test_names_that_no_engine_can_tell_apart_have_one_column() -> None:
    names = [member.name for member in columns_of(target(userId=STRING, userid=STRING, x=STRING))]
    assert names == ["userId", "x"]
    assert columns_of(json.dumps({"properties": {"": STRING, "a\0": STRING, "\ud800": STRING}})) == ()


def test_a_schema_that_is_too_complex_gives_no_columns() -> None:
    parts: dict[str, Any] = {"p0": {"properties": {"a": STRING}}}
    for level in range(1, 30):
        parts[f"p{level}"] = {"allOf": [{"$ref": f"#/$defs/p{level - 1}"}] * 2}
    assert columns_of(json.dumps({"$ref": "#/$defs/p29", "$defs": parts})) == ()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_columns_of_shipped_mappings(name: str) -> None:
    schema = mapper.arrow.outcome_schema(shipped(name))
    found = {field.name: field.type for field in schema}
    assert list(found) == [
        *("outcome", "item", "items", "event_id", "event_name", "user_id", "timestamp", "event_properties"),
        *("other_members", "reason", "codes", "messages", "location", "rejected_item", "mapping"),
    ]
    assert found["timestamp"] == MOMENT
    assert found["event_properties"] == pa.string()
