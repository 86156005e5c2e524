"""Schema files: which are loaded, which are refused and at what place, and the spans of their parts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import mapper
from mapper.catalog import find_mappings
from mapper.checker.inference.payload_types import type_of_schema
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span
from mapper.runtime.limits import DEFAULT
from mapper.schemas.questions import allows_type, properties_of
from mapper.schemas.schema import Schema, load_schema
from support.built_schemas import schema_from
from support.places import ROOT, TESTS

MAPPING = SourceFile("mapping.yaml", "target: x.json\n")
NAMED = Span(MAPPING, 8, 14)


def load(folder: Path, text: str | bytes) -> tuple[Schema | None, Report]:
    path = folder / "x.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    report = Report()
    return load_schema(path, report, NAMED), report


@pytest.mark.parametrize("path", sorted((ROOT / "schemas").rglob("*.json")), ids=lambda path: path.name)
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
    for path in (ROOT / "schemas").rglob("*.json"):
        schema = load_schema(path, Report(), None)
        assert schema is not None
        assert schema.document == json.loads(schema.json) == json.loads(path.read_text("utf-8"))


def test_a_wrong_schema_is_reported_wherever_it_is_named(tmp_path: Path) -> None:
    for _ in range(2):
        schema, report = load(tmp_path, '{"type": "objet"}')
        assert schema is None
        assert [d.code for d in report.diagnostics] == ["M007"]
        assert report.diagnostics[0].labels[-1].span == NAMED


@pytest.mark.parametrize(
    ("base", "reference"),
    [
        ("https://a.example/s/order.json", "https://a.example/s/order.json#/$defs/id"),
        ("https://a.example/s/order.json", "order.json#/$defs/id"),
        ("https://a.example/s/order.json", "/s/order.json#/$defs/id"),
        ("https://a.example/s/order.json#", "https://a.example/s/order.json#id"),
        ("urn:example:order", "urn:example:order#/$defs/id"),
        ("order.json", "order.json#/$defs/id"),
    ],
)
def test_a_reference_by_the_schemas_own_id_stays_inside(base: str, reference: str, tmp_path: Path) -> None:
    document = {
        "$id": base,
        "properties": {"id": {"$ref": reference}, "dependencies": {"type": "string"}},
        "$defs": {"id": {"$anchor": "id", "type": "string"}},
    }
    schema, report = load(tmp_path, json.dumps(document))
    assert not report.diagnostics
    assert schema is not None
    assert schema.document["properties"]["id"]["$ref"] == "#" + reference.partition("#")[2]
    assert not allows_type(schema.document, schema.document["properties"]["id"], "integer")


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        (r"\A[a-z]+\Z", r"unknown escape `\A`; write `^`"),
        ("(?P<year>[0-9]+)", "ECMA-262 has no `(?P`; a named group is"),
        ("(?i)abc", "ECMA-262 has no `(?i`; flags are not part of a pattern"),
        ("(?>a+)b", "write `(?:...)`"),
        ("a{,3}", "a repetition is written `{2}`, `{2,}` or `{2,5}`"),
        ("[^]]+]", r"`]` must be written `\]`"),
        (r"(a)\1", "a back-reference cannot be matched in time proportional to the text"),
        (r"\p{Script=Greek}", "only general categories are known"),
        ("a++", "`+` repeats nothing"),
    ],
)
def test_a_pattern_that_cannot_be_read_has_a_reason(pattern: str, hint: str, tmp_path: Path) -> None:
    _, report = load(tmp_path, json.dumps({"pattern": pattern}))
    (found,) = report.diagnostics
    assert found.code == "M203"
    assert hint in found.labels[0].text


@pytest.mark.parametrize(
    "pattern", [r"^\p{L}+$", r"\P{Lu}", "(?<year>[0-9]+)", r"\cJ", "[^]*", "^(a+)+$", r"\u{1F600}", "a$|b"]
)
def test_all_other_patterns_of_ecma_262_are_read(pattern: str, tmp_path: Path) -> None:
    _, report = load(tmp_path, json.dumps({"pattern": pattern}))
    assert not report.diagnostics


REFUSED = [
    ("", "M006", 1, 1),
    ('{"a": 1,}', "M006", 1, 8),
    ('{"a": [1, 2, \n ]}', "M006", 1, 12),
    ('{"a": ]}', "M006", 1, 7),
    ('{\n  "minimum": NaN\n}', "M006", 1, 1),
    ('{"minimum": 1e999}', "M006", 1, 1),
    ("[" * 100_000, "M006", 1, 1),
    ("[]", "M007", 1, 1),
    ('{\n  "type": "strnig"\n}', "M007", 2, 11),
    ('{\n  "properties": {"a": {"minLength": -1}}\n}', "M007", 2, 37),
    ('{"$schema": "http://json-schema.org/draft-03/schema#"}', "M007", 1, 13),
    ('{\n  "properties": {"a": {"$id": "other"}}\n}', "M007", 2, 31),
    ('{\n  "$ref": "other.json"\n}', "M008", 2, 11),
    ('{"properties": {"a": {"$ref": "https://example.com/a"}}}', "M008", 1, 31),
    ('{"x-parts": {"a": {"$ref": "b.json"}}, "$ref": "#/x-parts/a"}', "M007", 1, 48),
    ('{"$dynamicRef": "other#a"}', "M008", 1, 17),
    ('{"$id": "https://a.example/x/y.json", "$ref": "z.json#/$defs/a"}', "M008", 1, 47),
    ('{"$id": "https://a.example/y.json", "$ref": "https://b.example/y.json"}', "M008", 1, 45),
    ('{"$id": "https://a.example/y.json", "$ref": "y.json#/$defs/gone"}', "M007", 1, 45),
    ('{\n  "dependencies": {"a": ["b"]}\n}', "M007", 2, 3),
    ('{"properties": {"a": {"prefixItems": [true], "additionalItems": false}}}', "M007", 1, 46),
    ('{"properties": {"a": {"$recursiveRef": "#"}}}', "M007", 1, 23),
    (r'{"pattern": "^\\p{Latin}+$"}', "M203", 1, 18),
    (r'{"pattern": "\u0061\ud83d\ude00\"]"}', "M203", 1, 34),
    (r'{"pattern": "(?:a|["}', "M203", 1, 19),
    (r'{"pattern": "a\\"}', "M203", 1, 17),
    ('{"$ref": "#/$defs/gone"}', "M007", 1, 10),
    ('{"$ref": "#"}', "M007", 1, 10),
    ('{"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}}', "M007", 1, 10),
    ('{"properties": {"a": {}, "a": {}}}', "M104", 1, 26),
    ('{"pattern": "("}', "M203", 1, 14),
    ('{"items": {"pattern": "^(a)\\\\1$"}}', "M203", 1, 30),
    ('{\n  "patternProperties": {"(?i)a": true}\n}', "M203", 2, 27),
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


def test_schemas_of_one_name_are_told_apart_by_their_texts() -> None:
    one, other = (schema_from({"type": kind}) for kind in ("string", "number"))
    assert one != other
    assert [type_of_schema(each).kinds for each in (one, other)] == [{"string"}, {"number"}]


def test_tests_build_schemas_in_one_place() -> None:
    # One whose text is not its document gets the types of another: results are cached by name and text.
    paths = [path for path in TESTS.rglob("*.py") if re.search(r"\bSchema\(", path.read_text("utf-8"))]
    assert [path.name for path in paths] == ["built_schemas.py"]


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
