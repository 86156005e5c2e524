"""Questions about a schema: its members, types, items and references."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mapper.schemas.questions import (
    TYPES,
    allows_null,
    allows_type,
    find_reference,
    is_closed,
    items_of,
    names_property,
    properties_of,
    property_of,
    required_of,
    subschemas,
)
from support.places import ROOT


def test_a_name_is_one_of_the_properties() -> None:
    documents = [json.loads(path.read_text("utf-8")) for path in (ROOT / "schemas").glob("*.json")]
    documents += [
        {"properties": {"a": False, "b": True}, "allOf": [{"properties": {"c": {}, "b": False}}]},
        {"anyOf": [{"properties": {"a": False}}, {"properties": {"a": {}, "b": False}}]},
        {"$ref": "#/$defs/x", "$defs": {"x": {"properties": {"a": {}}, "additionalProperties": False}}},
        {"properties": {"a": {}}, "allOf": [{"additionalProperties": False}]},
    ]
    seen = set()
    for document in documents:
        # One that stands in many places is asked once.
        for schema in {repr(schema): schema for _, schema in subschemas(document)}.values():
            known = properties_of(document, schema)
            names = {"a", "b", "c", "nowhere", *known}
            assert {name for name in names if names_property(document, schema, name)} == set(known)
            seen |= {name in known for name in names}
    assert seen == {True, False}


DEFS: dict[str, Any] = {
    "name": {"type": "string"},
    "closed": {"properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False},
    "open": {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
}


def ask(schema: Any) -> Any:
    return schema | {"$defs": DEFS} if isinstance(schema, dict) else schema


@pytest.mark.parametrize(
    ("schema", "names", "required", "closed"),
    [
        (True, set(), set(), False),
        (False, set(), set(), True),
        ({}, set(), set(), False),
        ({"$ref": "#/$defs/closed"}, {"a"}, {"a"}, True),
        ({"allOf": [{"$ref": "#/$defs/open"}, {"required": ["c"]}]}, {"b"}, {"b", "c"}, False),
        ({"allOf": [{"$ref": "#/$defs/open"}, {"$ref": "#/$defs/closed"}]}, {"a"}, {"a", "b"}, True),
        ({"anyOf": [{"$ref": "#/$defs/open"}, {"$ref": "#/$defs/closed"}]}, {"a", "b"}, set(), False),
        ({"oneOf": [{"$ref": "#/$defs/closed"}, {"$ref": "#/$defs/closed"}]}, {"a"}, {"a"}, True),
        ({"$ref": "#/$defs/open", "unevaluatedProperties": False}, {"b"}, {"b"}, True),
        ({"properties": {"a": False, "b": True}}, {"b"}, set(), False),
        ({"patternProperties": {"^x": {}}, "additionalProperties": False}, set(), set(), False),
        ({"if": {}, "then": {"required": ["a"]}, "else": {"required": ["a", "b"]}}, set(), {"a"}, False),
        ({"if": {}, "then": {"required": ["a"]}}, set(), set(), False),
    ],
)
def test_members(schema: Any, names: set[str], required: set[str], closed: bool) -> None:
    document = ask(schema)
    assert set(properties_of(document, document)) == names
    assert required_of(document, document) == required
    assert is_closed(document, document) is closed


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        (True, {"object", "array", "string", "number", "integer", "boolean", "null"}),
        (False, set()),
        ({"type": "string"}, {"string"}),
        ({"type": ["string", "null"]}, {"string", "null"}),
        ({"type": "integer"}, {"integer", "number"}),
        ({"const": None}, {"null"}),
        ({"enum": ["a", 1.5]}, {"string", "number", "integer"}),
        ({"type": "string", "enum": [1, None]}, set()),
        ({"$ref": "#/$defs/name"}, {"string"}),
        ({"anyOf": [{"$ref": "#/$defs/name"}, {"type": "null"}]}, {"string", "null"}),
        ({"allOf": [{"type": ["string", "null"]}, {"type": ["null", "array"]}]}, {"null"}),
        ({"type": ["string", "null"], "not": {"type": "null"}}, {"string"}),
        ({"type": ["string", "null"], "not": {"const": None}}, {"string", "null"}),
        ({"type": "number", "not": {"type": "integer"}}, {"number"}),
        ({"if": {}, "then": {"type": "string"}, "else": {"type": "null"}}, {"string", "null"}),
    ],
)
def test_types(schema: Any, types: set[str]) -> None:
    document = ask(schema)
    assert {name for name in TYPES if allows_type(document, document, name)} == types
    assert allows_null(document, document) is ("null" in types)


def test_property_and_items() -> None:
    document = ask(
        {
            "properties": {
                "a": {"$ref": "#/$defs/name"},
                "xs": {"prefixItems": [{"type": "null"}], "items": DEFS},
            },
            "patternProperties": {"^x": {"type": "array"}},
            "additionalProperties": {"type": "number"},
            "anyOf": [{"properties": {"a": {"minLength": 1}}}, {"additionalProperties": False}],
        }
    )
    xs = property_of(document, document, "xs")
    assert allows_type(document, xs, "array")
    assert not allows_type(document, xs, "string")
    assert items_of(document, xs) == {"anyOf": [{"type": "null"}, DEFS]}
    assert property_of(document, document, "other") == {"type": "number"}
    assert property_of(document, document, "a") == {"allOf": [{"$ref": "#/$defs/name"}, {"minLength": 1}]}


def test_references_within_a_document() -> None:
    document = {
        "$defs": {"a/b~c d": {"type": "null"}, "n": {"$anchor": "here"}},
        "allOf": [{"minimum": 1}, "no"],
    }
    assert find_reference(document, "#/$defs/a~1b~0c%20d") == {"type": "null"}
    assert find_reference(document, "#here") is document["$defs"]["n"]  # type: ignore[index]
    assert find_reference(document, "#/allOf/0") == {"minimum": 1}
    assert find_reference(document, "#") is document
    for reference in ("#/allOf/1", "#/allOf/2", "#/allOf/-1", "#gone", "other", ""):
        assert find_reference(document, reference) is None


def test_subschemas_come_with_pointers() -> None:
    document = {"properties": {"a": {"items": True}}, "allOf": [{"not": {}}], "const": {"items": {}}}
    assert [pointer for pointer, _ in subschemas(document)] == [
        (),
        ("properties", "a"),
        ("properties", "a", "items"),
        ("allOf", 0),
        ("allOf", 0, "not"),
    ]
