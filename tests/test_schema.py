"""Schema files: loading, what is refused and where, positions, and what schemas admit."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import mapper
from mapper.catalog import find_mappings
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span
from mapper.regex.danger import find_danger
from mapper.runtime.limits import DEFAULT
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
from mapper.schemas.schema import Schema, load_schema

ROOT = Path(__file__).resolve().parents[1]
MAPPING = SourceFile("mapping.yaml", "target: x.json\n")
NAMED = Span(MAPPING, 8, 14)


def load(folder: Path, text: str | bytes) -> tuple[Schema | None, Report]:
    path = folder / "x.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    report = Report()
    return load_schema(path, report, NAMED), report


@pytest.mark.parametrize("path", sorted((ROOT / "schemas").glob("*.json")), ids=lambda path: path.name)
def test_shipped_schemas_load(path: Path) -> None:
    report = Report()
    schema = load_schema(path, report, None)
    assert report.diagnostics == []
    assert schema is not None
    assert schema.name == path.name


def test_mappings_share_a_sound_schema_and_leave_it_as_it_is(tmp_path: Path) -> None:
    first, _ = load(tmp_path, '{"type": "object"}')
    again, _ = load(tmp_path, '{"type": "object"}')
    changed, _ = load(tmp_path, '{"type": "array"}')
    assert first is again
    assert changed is not None
    assert changed.document == {"type": "array"}
    for path in find_mappings():
        mapper.load(path)
    for path in (ROOT / "schemas").glob("*.json"):
        schema = load_schema(path, Report(), None)
        assert schema is not None
        assert schema.document == json.loads(schema.json) == json.loads(path.read_text("utf-8"))


def test_a_wrong_schema_is_reported_wherever_it_is_named(tmp_path: Path) -> None:
    for _ in range(2):
        schema, report = load(tmp_path, '{"type": "objet"}')
        assert schema is None
        assert [d.code for d in report.diagnostics] == ["M007"]
        assert report.diagnostics[0].labels[-1].span == NAMED


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
        for _, schema in subschemas(document):
            known = properties_of(document, schema)
            names = {"a", "b", "c", "nowhere", *known}
            assert {name for name in names if names_property(document, schema, name)} == set(known)
            seen |= {name in known for name in names}
    assert seen == {True, False}


REFUSED = [
    ("", "M006", 1, 1),
    ('{"a": 1,}', "M006", 1, 9),
    ('{\n  "minimum": NaN\n}', "M006", 1, 1),
    ('{"minimum": 1e999}', "M006", 1, 1),
    ("[" * 100_000, "M006", 1, 1),
    ("[]", "M007", 1, 1),
    ('{\n  "type": "strnig"\n}', "M007", 2, 11),
    ('{\n  "properties": {"a": {"minLength": -1}}\n}', "M007", 2, 37),
    ('{"$schema": "http://json-schema.org/draft-07/schema#"}', "M007", 1, 13),
    ('{\n  "properties": {"a": {"$id": "other"}}\n}', "M007", 2, 31),
    ('{\n  "$ref": "other.json"\n}', "M008", 2, 11),
    ('{"properties": {"a": {"$ref": "https://example.com/a"}}}', "M008", 1, 31),
    ('{"x-parts": {"a": {"$ref": "b.json"}}, "$ref": "#/x-parts/a"}', "M007", 1, 48),
    ('{"$dynamicRef": "other#a"}', "M008", 1, 17),
    ('{"$ref": "#/$defs/gone"}', "M007", 1, 10),
    ('{"$ref": "#"}', "M007", 1, 10),
    ('{"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}}', "M007", 1, 10),
    ('{"properties": {"a": {}, "a": {}}}', "M104", 1, 26),
    ('{"pattern": "("}', "M203", 1, 13),
    ('{"pattern": "\\\\p{L}"}', "M203", 1, 13),
    ('{"items": {"pattern": "^(a+)+$"}}', "M203", 1, 23),
    ('{\n  "patternProperties": {"(a|a)*": true}\n}', "M203", 2, 25),
    (
        json.dumps({"properties": {"a": {}}}).replace("{}", '{"items": ' * 101 + "{}" + "}" * 101),
        "M007",
        1,
        None,
    ),
    (b'{"title": "\xff"}', "M002", 1, 12),
    (b" " * (DEFAULT.schema_bytes + 1), "M010", 1, 9),
]


@pytest.mark.parametrize(("text", "code", "line", "column"), REFUSED)
def test_refused_schemas(tmp_path: Path, text: str | bytes, code: str, line: int, column: int | None) -> None:
    schema, report = load(tmp_path, text)
    assert schema is None
    assert [diagnostic.code for diagnostic in report.diagnostics] == [code]
    span = report.diagnostics[0].span
    assert span is not None
    assert span.line == line
    assert column in (None, span.column)


def test_a_missing_file_points_at_its_name(tmp_path: Path) -> None:
    report = Report()
    assert load_schema(tmp_path / "gone.json", report, NAMED) is None
    assert load_schema(tmp_path, report, NAMED) is None
    assert [(d.code, d.span) for d in report.diagnostics] == [("M004", NAMED), ("M001", NAMED)]


def test_a_fault_inside_a_schema_also_shows_where_it_is_named(tmp_path: Path) -> None:
    _, report = load(tmp_path, '{"type": "strnig"}')
    assert [label.span.file.name for label in report.diagnostics[0].labels][1:] == ["mapping.yaml"]


def test_data_and_names_are_not_taken_for_references(tmp_path: Path) -> None:
    document = {
        "properties": {"$ref": {"const": {"$ref": "other.json", "$id": "x", "pattern": "("}}},
        "enum": [{"$ref": "other.json"}],
        "examples": [{"$dynamicRef": "x"}],
    }
    schema, report = load(tmp_path, json.dumps(document))
    assert report.diagnostics == []
    assert schema is not None
    assert schema.document == document


def test_recursive_schemas_are_welcome(tmp_path: Path) -> None:
    tree = '{"properties": {"next": {"$ref": "#"}, "list": {"items": {"$ref": "#node"}}}, "$defs": {"n": %s}}'
    schema, report = load(tmp_path, tree % '{"$anchor": "node", "$ref": "#"}')
    assert report.diagnostics == []
    assert schema is not None


def test_spans(tmp_path: Path) -> None:
    text = textwrap.dedent("""\
        {
          "type": "object",
          "properties": {
            "a\\u00e9\\"b": {"type": "string"},
            "two": {
              "enum": [1, [2, "three"]]
            }
          }
        }
        """)
    schema, _ = load(tmp_path, text)
    assert schema is not None

    def shown(span: Span | None) -> str | None:
        return None if span is None else span.text

    assert shown(schema.span_of(("properties", 'aé"b'))) == '{"type": "string"}'
    assert shown(schema.span_of(("properties", "two"))) == '"two"'
    assert shown(schema.span_of(("properties", "two", "enum", 1, 1))) == '"three"'
    assert shown(schema.span_of_name(("properties", 'aé"b'))) == '"a\\u00e9\\"b"'
    assert shown(schema.span_of(())) == "{"
    assert schema.span_of(("properties", "three")) is None
    assert schema.span_of_name(()) is None
    assert shown(schema.definition_of(properties_of(schema.document, schema.document)["two"])) == '"two"'
    both = {"allOf": [{"elsewhere": 1}, schema.document["properties"]["two"]]}
    assert shown(schema.definition_of(both)) == '"two"'
    assert schema.definition_of({"type": "object"}) is None
    assert schema.definition_of(True) is None


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


DANGEROUS = [
    "(a+)+",
    "(a*)*",
    "(a|a)*",
    r"(\w+\s?)*",
    "(a|b|ab)*c",
    "(.*)*",
    "(a{1,20}){1,20}",
    "(x+x+)+y",
    r"(?:a|\w)+$",
    "(a|aa)+",
    "(.*a){12}",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(?=(a+)+)b",
    "(?i:(a|A))*",
    "(?i)(é|É)*",
    r"(中|\w)+",
    r"(\u4e00|\w)+",
    r"(?:\s|\u3000)*x",
    "(a+?)+b",
    "(?P<n>a+)+",
    r'([^"]|\\.)*"',
    r"(a\1|b)(\1|c)*",
    "(((a|b)?)*)*",
]
HARMLESS = [
    r"\S",
    r"^\S+(?!\s)$",
    r"^(\w+\.)*\w+$",
    "^[a-z]+(-[a-z]+)*$",
    "(a|b)*",
    r"^\d{4}-\d{2}-\d{2}$",
    "x*x*x*",
    "((a|b)*c)*",
    "[^]]+]",
    "[]a]+",
    "^([^,]*,)*[^,]*$",
    "(?P<n>a)(?P=n)",
    r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$",
    r'"([^"\\]|\\.)*"',
    "(?#c)a+",
    "(?<=a)b+",
    "a{2,3}?b",
    "(é|É)*",
    r"^(?:[01]\d|2[0-3]):[0-5]\d$",
    "(a{1,3}){1,3}",
]


@pytest.mark.parametrize("pattern", DANGEROUS)
def test_dangerous_patterns(pattern: str) -> None:
    assert find_danger(pattern)


@pytest.mark.parametrize("pattern", ["", *HARMLESS])
def test_harmless_patterns(pattern: str) -> None:
    re.compile(pattern)
    assert find_danger(pattern) is None


@pytest.mark.parametrize(
    "pattern", ["(", r"\p{L}", "[[a]", "[a--b]", "[^a&&b]", "(?x) a", "a" * 1000, "(" * 5000 + ")" * 5000]
)
def test_patterns_that_cannot_be_judged(pattern: str) -> None:
    assert find_danger(pattern)


def test_jsonschema_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys, mapper.schemas.schema, mapper.runtime.schema.validation, mapper.runtime.schema.formats;"
        "import mapper.codegen.validator_code, pathlib, mapper.diagnostics.diagnostic;"
        "report = mapper.diagnostics.diagnostic.Report();"
        "assert mapper.schemas.schema.load_schema(pathlib.Path('schemas/event.schema.json'), report, None);"
        "print('jsonschema' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.strip() == "False"
