"""Effort: schemas and mappings within their limits of size that would take hours to check, and do not."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import mapper
from mapper.checker.types import ANYTHING, is_subtype, join, meet
from mapper.checker.types.from_schema import read_schema
from mapper.diagnostics.diagnostic import Report
from mapper.runtime.schema.formats import MAX_SYNTAX, format_checker
from mapper.runtime.schema.validation import violations
from mapper.schemas import budget as effort
from mapper.schemas import schema
from mapper.schemas.positions import TooMany, locate_json
from mapper.schemas.schema import load_schema

ROOT = Path(__file__).resolve().parents[1]
EVENT = json.loads((ROOT / "schemas/event.schema.json").read_text("utf-8"))
EVENT_FIELDS = """\
event:
  event_id: {path: $.id, default: e}
  event_name: Seen
  user_id: {path: $.u, default: u}
  timestamp: "2026-11-23T20:00:00.000Z"
  event_properties: PROPERTIES
"""
TEMPLATE = (
    'template: |\n  {"event_id": "e", "event_name": "Seen", "user_id": "u",'
    ' "timestamp": "2026-11-23T20:00:00.000Z", "event_properties": PROPERTIES}\n'
)


def compiled(tmp_path: Path, source: Any, target: Any, text: str) -> tuple[set[str], int]:
    """The codes of a mapping with these schemas for `p` and for the properties, and how many they are."""
    lines = ["mapping: m"]
    if source is not None:
        part, definitions = source
        document = {"type": "object", "properties": {"p": part}, "$defs": definitions}
        (tmp_path / "source.schema.json").write_text(json.dumps(document), "utf-8")
        lines.append("source: source.schema.json")
    if target is not None:
        part, definitions = target
        document = json.loads(json.dumps(EVENT))
        document["properties"]["event_properties"] = part
        document["$defs"] = {**document.get("$defs", {}), **definitions}
        (tmp_path / "own.schema.json").write_text(json.dumps(document), "utf-8")
        lines.append("target: own.schema.json")
    path = tmp_path / "m.yaml"
    path.write_text("\n".join([*lines, text]), "utf-8")
    found = mapper.check(path.read_text("utf-8"), filename=str(path))
    return {d.code for d in found}, len(found)


def doubled(step: Callable[[dict[str, str], int], Any], count: int) -> tuple[Any, dict[str, Any]]:
    """Definitions that refer to the one before, each of them more than once."""
    first: Any = {"type": "object", "properties": {"x": {"type": "string"}}}
    parts = {"d0": first}
    for number in range(1, count):
        parts[f"d{number}"] = step({"$ref": f"#/$defs/d{number - 1}"}, number)
    return {"$ref": f"#/$defs/d{count - 1}"}, parts


DOUBLED: dict[str, Callable[[dict[str, str], int], Any]] = {
    "properties": lambda r, n: {"type": "object", "properties": {"x": r, "y": r}, "required": ["x"]},
    "items": lambda r, n: {"type": "array", "items": r, "prefixItems": [r, r], "minItems": 1},
    "allOf": lambda r, n: {"allOf": [r, r]},
    "anyOf": lambda r, n: {"anyOf": [r, r]},
    "oneOf": lambda r, n: {"oneOf": [r, {"type": "array", "items": r}]},
    "if": lambda r, n: {"if": r, "then": r, "else": r},
    "not": lambda r, n: {"not": {"not": r, "allOf": [r]}},
    "alternatives of one name": lambda r, n: {
        "anyOf": [{"type": "object", "properties": {"x": r}, "required": [k]} for k in "ab"]
    },
    "alternatives of all": lambda r, n: {
        "allOf": [{"anyOf": [r, {"type": "object", "required": [f"{k}{n}"]}]} for k in "ab"]
    },
}
READING = EVENT_FIELDS.replace(
    "PROPERTIES", "{x: $.p.x.x, y: $.p..y, z: {first_of: [$.p.z, $.p.x]}, w: '{{ p.x.x | json }}'}"
)


@pytest.mark.parametrize("count", [40, 190])
@pytest.mark.parametrize("name", DOUBLED)
def test_definitions_that_double_are_checked_or_refused(name: str, count: int, tmp_path: Path) -> None:
    """Written out, each of these has at least 2 to the power of 39 subschemas."""
    part = doubled(DOUBLED[name], count)
    compiled(tmp_path, part, None, READING)
    compiled(tmp_path, None, part, EVENT_FIELDS.replace("PROPERTIES", "{path: $.p, default: {}}"))
    compiled(tmp_path, part, part, TEMPLATE.replace("PROPERTIES", "{{ p | json }}"))


def test_what_shares_its_parts_is_checked_exactly(tmp_path: Path) -> None:
    part = doubled(DOUBLED["properties"], 25)
    text = EVENT_FIELDS.replace("PROPERTIES", "{path: $.p, default: {x: {}}}")
    codes, _ = compiled(tmp_path, part, part, text)
    assert "M415" not in codes


def test_what_takes_too_many_steps_is_refused(tmp_path: Path) -> None:
    part = doubled(DOUBLED["allOf"], 40)
    text = EVENT_FIELDS.replace("PROPERTIES", "{path: $.p, default: {}}")
    codes, count = compiled(tmp_path, None, part, text)
    assert (codes, count) == ({"M415"}, 1)
    with pytest.raises(mapper.CompileError, match="M415"):
        mapper.load(tmp_path / "m.yaml")
    codes, _ = compiled(tmp_path, None, doubled(DOUBLED["allOf"], 8), text)
    assert "M415" not in codes


def test_steps_are_counted_inside_of_a_block_alone() -> None:
    effort.spend(10**12)
    with effort.limited(10):
        effort.spend(9)
        with effort.limited(2), pytest.raises(effort.TooComplex):
            effort.spend(3)
        effort.spend(1)
        with pytest.raises(effort.TooComplex):
            effort.spend()


def test_what_is_remembered_changes_no_type() -> None:
    schemas = [
        {"type": "object", "properties": {"a": {"type": "string"}, "b": {"items": {"type": "integer"}}}},
        {"type": "object", "properties": {"a": {"enum": ["x", "y"]}}, "required": ["a"]},
        {"type": ["array", "null"], "items": {"type": "object", "properties": {"a": {"type": "null"}}}},
        {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        True,
    ]
    types = [read_schema(each) for each in schemas]
    for left in [*types, ANYTHING]:
        for right in [*types, ANYTHING.with_missing()]:
            plain = (meet(left, right), join(left, right), is_subtype(left, right))
            with effort.limited():
                for _ in range(2):
                    assert (meet(left, right), join(left, right), is_subtype(left, right)) == plain


# --- schema files


def load(tmp_path: Path, document: Any) -> list[str]:
    path = tmp_path / "s.schema.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    report = Report()
    load_schema(path, report, None)
    return [d.code for d in report.diagnostics]


def test_values_of_a_schema_have_a_limit(tmp_path: Path) -> None:
    assert load(tmp_path, {"enum": [*range(schema.MAX_VALUES - 10)]}) == []
    assert load(tmp_path, {"enum": [*range(schema.MAX_VALUES + 10)]}) == ["M010"]
    with pytest.raises(TooMany):
        locate_json("[1, 2, 3]", 2)
    assert len(locate_json("[1, 2]", 3).values) == 3


def test_nesting_of_a_schema_is_found_before_it_takes_memory(tmp_path: Path) -> None:
    deep = '{"const": ' + "[" * 900 + "1," * 500_000 + "1" + "]" * 900 + "}"
    assert load(tmp_path, deep) == ["M007"]


def test_patterns_of_a_schema_have_a_limit_together(tmp_path: Path) -> None:
    several = [{"pattern": f"^{'a' * 20}{number}"} for number in range(1_000)]
    assert load(tmp_path, {"allOf": several}) == []
    assert load(tmp_path, {"allOf": several * 4}) == [], "one that stands again costs nothing"
    many = [{"pattern": f"^{'a' * 20}{number}"} for number in range(4_000)]
    assert load(tmp_path, {"allOf": many}) == ["M203"]
    assert load(tmp_path, {"allOf": [{"pattern": "("}] * 3}) == ["M203"] * 3


@pytest.mark.parametrize(
    "part",
    [
        {"multipleOf": 3},
        {"contentSchema": {"multipleOf": 1}},
        {"dependentRequired": {"a": ["b"]}},
        {"contains": {"minContains": 2}, "maxContains": 3},
        {"unknown": {"of": "no meaning"}},
        {"$ref": "#/$defs/a"},
        {"$ref": "#a"},
        {"$dynamicRef": "#a"},
    ],
)
def test_every_keyword_may_stand_often(part: dict[str, Any], tmp_path: Path) -> None:
    """The metaschema would take a minute for these, and a search for each reference an hour."""
    document = {"allOf": [part] * 20_000, "$defs": {"a": {"$anchor": "a", "type": "string"}}}
    assert load(tmp_path, document) == []
    many = {f"t{number}": {"$anchor": f"a{number}"} for number in range(8_000)}
    references = [{"$ref": f"#a{number}"} for number in range(8_000)]
    assert load(tmp_path, {"allOf": references, "$defs": many}) == []


def test_what_is_unusual_is_left_to_the_metaschema(tmp_path: Path) -> None:
    assert load(tmp_path, {"$vocabulary": {"https://example.com/x": True}, "minLength": 1.0}) == []
    assert load(tmp_path, {"items": {"$vocabulary": 1}}) == ["M007"]
    assert load(tmp_path, {"dependencies": {"a": {"b": 1}}}) == []
    assert load(tmp_path, {"required": ["a", 1, *map(str, range(100_000))]}) == ["M007"]
    assert load(tmp_path, {"allOf": [{"minLength": -1}] * 3}) == ["M007"] * 3
    assert len(load(tmp_path, {"allOf": [{"minLength": -1}] * 50_000})) == 10
    assert load(tmp_path, {"allOf": [{"minLength": 1.0}] * 50_000}) == ["M007"]


def test_references_that_lead_on_and_on_are_refused(tmp_path: Path) -> None:
    for count, expected in ((100, []), (500, ["M007"])):
        chain: dict[str, Any] = {f"t{n}": {"$ref": f"#/$defs/t{n + 1}"} for n in range(count)}
        chain[f"t{count}"] = {"type": "object"}
        assert load(tmp_path, {"$ref": "#/$defs/t0", "$defs": chain}) == expected


# --- schemas and mappings that are large, and nothing else

LARGE: dict[str, Any] = {
    "texts left out": {"allOf": [{"not": {"const": f"v{n}"}} for n in range(8_000)]},
    "texts left out at once": {"type": "string", "not": {"enum": [f"v{n}" for n in range(40_000)]}},
    "formats": {"allOf": [{"type": "string", "format": f"f{n}"} for n in range(8_000)]},
    "names": {"allOf": [{"properties": {f"a{n}": {"type": "string"}}} for n in range(3_000)]},
    "required": {"type": "object", "required": [f"a{n}" for n in range(40_000)]},
    "large numbers": {"enum": [10**n for n in range(1, 600)], "minimum": 10**400},
    "alternatives": {"oneOf": [{"type": "object", "properties": {"k": {"const": n}}} for n in range(4_000)]},
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_schema(name: str, tmp_path: Path) -> None:
    part = LARGE[name], {}
    compiled(tmp_path, part, None, READING)
    compiled(tmp_path, None, part, EVENT_FIELDS.replace("PROPERTIES", "{path: $.p, default: {}}"))


LARGE_MAPPINGS = {
    "merges": "{merge: [" + ", ".join(f"$.a{n}" for n in range(6_000)) + "]}",
    "merged objects": "{merge: [" + ", ".join(f"{{k{n}: $.a}}" for n in range(2_000)) + "]}",
    "alternatives": "{a: {first_of: [" + ", ".join(f"$.a{n}" for n in range(12_000)) + "]}}",
    "tests": "{a: '" + "".join(f"{{% if b{n} == {n} %}}{n}{{% endif %}}" for n in range(900)) + "'}",
    "filters": "{" + ", ".join(f"k{n}: '{'{{ c | upcase }}' * 20}'" for n in range(200)) + "}",
}


@pytest.mark.parametrize("name", LARGE_MAPPINGS)
def test_a_large_mapping(name: str, tmp_path: Path) -> None:
    codes, _ = compiled(tmp_path, None, None, EVENT_FIELDS.replace("PROPERTIES", LARGE_MAPPINGS[name]))
    assert codes <= {"M415"}


def test_a_template_with_many_holes(tmp_path: Path) -> None:
    members = "{" + ", ".join(f'"k{n}": "{{{{ p.a{n} }}}}"' for n in range(700)) + "}"
    codes, _ = compiled(tmp_path, None, None, TEMPLATE.replace("PROPERTIES", members))
    assert "M411" in codes


def test_what_is_required_of_many_objects_is_explained_briefly() -> None:
    document = {"items": {"required": [f"a{number:05}" for number in range(50_000)]}}
    found = violations(json.dumps(document), [{}] * 300)
    assert [violation.location for violation in found[:2]] == ["$[0].a00000", "$[0].a00001"]
    assert len(found) == 20


# --- formats

SLOW_FORMATS = {
    ("iri", "http://" + "a" * 1_000_000): True,
    ("iri", "http://" + "a" * 1_000_000 + "^"): False,
    ("iri-reference", "/\u00e9" * 500_000): True,
    ("iri-reference", "a" * 1_000_000): True,
    ("regex", "(?i)" + r"[\x00-\uffff]" * 700): True,
    ("regex", "a" * (MAX_SYNTAX + 1)): False,
    ("uri-template", "{" * 1_000_000): False,
    ("uri-template", "/{a}" * 2_500): True,
    ("uri-template", "/{a}" * 250_000): False,
}


@pytest.mark.parametrize("case", SLOW_FORMATS, ids=lambda case: f"{case[0]} {case[1][:12]}")
def test_formats_that_the_library_takes_long_to_check(case: tuple[str, str]) -> None:
    assert format_checker().conforms(case[1], case[0]) is SLOW_FORMATS[case]


@pytest.mark.parametrize(
    ("text", "is_absolute", "is_reference"),
    [
        ("http://example.com/\u00e9?\ue000#\u00e9", True, True),
        ("http://example.com/\ue000", False, False),
        ("http://ex\u00e4mple.com:80", True, True),
        ("http://example.com:8\u00e9", False, False),
        ("\u00e9:b", False, False),
        ("h\u00e9:b", False, False),
        ("b/\u00e9:b", False, True),
        ("\u00e9", False, True),
        ("a\n", False, False),
        ("a:\x85", False, False),
        ("a:\ufffe", False, False),
        ("", False, True),
    ],
)
def test_iris_are_those_of_rfc_3987(text: str, is_absolute: bool, is_reference: bool) -> None:
    assert format_checker().conforms(text, "iri") is is_absolute
    assert format_checker().conforms(text, "iri-reference") is is_reference


@settings(deadline=None, max_examples=500)
@given(st.text(r"ab()|*+?{}1,[]^$\.dw:=!<P>#i-", max_size=14))
def test_a_regex_is_what_re_compiles(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = Draft202012Validator.FORMAT_CHECKER.conforms(text, "regex")
    assert format_checker().conforms(text, "regex") is expected


@pytest.mark.parametrize("text", ["(?<=a|bc)d", "(?<=a|b)d", "((?<!a*)b)*", "(?>(?<=a+)b)", "(?(1)a|b)"])
def test_a_regex_looks_behind_one_width(text: str) -> None:
    expected = Draft202012Validator.FORMAT_CHECKER.conforms(text, "regex")
    assert format_checker().conforms(text, "regex") is expected
