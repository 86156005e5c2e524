"""The budget of steps: schemas and mappings that would take hours to check are refused, or checked fast."""

from __future__ import annotations

import json
from collections.abc import Callable
from inspect import unwrap
from pathlib import Path
from typing import Any

import pytest

import mapper
from mapper import budget
from mapper.budget import MAX_STEPS, limited
from mapper.checker.types import ANYTHING, is_subtype, join, meet
from mapper.checker.types.from_schema import read_schema
from mapper.diagnostics.diagnostic import Report
from mapper.runtime.schema.validation import violations
from mapper.schemas import schema
from mapper.schemas.positions import TooManyValues, locate_json
from mapper.schemas.questions import property_of
from mapper.schemas.schema import load_schema
from support.places import ROOT

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


@pytest.fixture(params=[40, pytest.param(1, marks=pytest.mark.slow)], ids=["a fortieth", "whole"])
def divisor(request: pytest.FixtureRequest) -> int:
    """Divides the budget, or the sizes of what is checked within it; undivided they take long."""
    return int(request.param)


def divide_budget(divisor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = budget.MAX_STEPS // divisor
    monkeypatch.setattr(budget, "MAX_STEPS", steps)
    monkeypatch.setattr(unwrap(budget.limited), "__defaults__", (steps,))


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


@pytest.mark.slow
@pytest.mark.parametrize("count", [40, 190])
@pytest.mark.parametrize("name", DOUBLED)
def test_definitions_that_double_are_checked_or_refused(
    name: str, count: int, divisor: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written out, each of these has at least 2 to the power of 39 subschemas."""
    divide_budget(divisor, monkeypatch)
    part = doubled(DOUBLED[name], count)
    compiled(tmp_path, part, None, READING)
    compiled(tmp_path, None, part, EVENT_FIELDS.replace("PROPERTIES", "{path: $.p, default: {}}"))
    compiled(tmp_path, part, part, TEMPLATE.replace("PROPERTIES", "{{ p | json }}"))


def test_what_shares_its_parts_is_checked_exactly(tmp_path: Path) -> None:
    part = doubled(DOUBLED["properties"], 25)
    text = EVENT_FIELDS.replace("PROPERTIES", "{path: $.p, default: {x: {}}}")
    codes, _ = compiled(tmp_path, part, part, text)
    assert "M415" not in codes


def test_what_takes_too_many_steps_is_refused(
    divisor: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    divide_budget(divisor, monkeypatch)
    part = doubled(DOUBLED["allOf"], 40)
    text = EVENT_FIELDS.replace("PROPERTIES", "{path: $.p, default: {}}")
    codes, count = compiled(tmp_path, None, part, text)
    assert (codes, count) == ({"M415"}, 1)
    with pytest.raises(mapper.CompileError, match="M415"):
        mapper.load(tmp_path / "m.yaml")
    codes, _ = compiled(tmp_path, None, doubled(DOUBLED["allOf"], 8), text)
    assert "M415" not in codes


def test_steps_are_counted_inside_of_a_block_alone() -> None:
    budget.spend(10**12)
    with budget.limited(10):
        budget.spend(9)
        with budget.limited(2), pytest.raises(budget.TooComplex):
            budget.spend(3)
        budget.spend(1)
        with pytest.raises(budget.TooComplex):
            budget.spend()


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
            with budget.limited():
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
    with pytest.raises(TooManyValues):
        locate_json("[1, 2, 3]", 2)
    assert len(locate_json("[1, 2]", 3).values) == 3


def test_nesting_of_a_schema_is_found_before_it_takes_memory(tmp_path: Path) -> None:
    deep = '{"const": ' + "[" * 900 + "1," * 500_000 + "1" + "]" * 900 + "}"
    assert load(tmp_path, deep) == ["M007"]


@pytest.mark.slow
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
def test_every_keyword_may_stand_often(part: dict[str, Any], divisor: int, tmp_path: Path) -> None:
    """The metaschema would take a minute for these, and a search for each reference an hour."""
    document = {"allOf": [part] * (20_000 // divisor), "$defs": {"a": {"$anchor": "a", "type": "string"}}}
    assert load(tmp_path, document) == []
    many = {f"t{number}": {"$anchor": f"a{number}"} for number in range(8_000 // divisor)}
    references = [{"$ref": f"#a{number}"} for number in range(8_000 // divisor)]
    assert load(tmp_path, {"allOf": references, "$defs": many}) == []


def test_what_is_unusual_is_left_to_the_metaschema(divisor: int, tmp_path: Path) -> None:
    assert load(tmp_path, {"$vocabulary": {"https://example.com/x": True}, "minLength": 1.0}) == []
    assert load(tmp_path, {"items": {"$vocabulary": 1}}) == ["M007"]
    assert load(tmp_path, {"dependentSchemas": {"a": {"b": 1}}}) == []
    assert load(tmp_path, {"required": ["a", 1, *map(str, range(100_000))]}) == ["M007"]
    assert load(tmp_path, {"allOf": [{"minLength": -1}] * 3}) == ["M007"] * 3
    assert len(load(tmp_path, {"allOf": [{"minLength": -1}] * (50_000 // divisor)})) == 10
    assert load(tmp_path, {"allOf": [{"minLength": 1.0}] * (50_000 // divisor)}) == ["M007"]


def test_references_that_lead_on_and_on_are_refused(tmp_path: Path) -> None:
    for count, expected in ((100, []), (500, ["M007"])):
        chain: dict[str, Any] = {f"t{n}": {"$ref": f"#/$defs/t{n + 1}"} for n in range(count)}
        chain[f"t{count}"] = {"type": "object"}
        assert load(tmp_path, {"$ref": "#/$defs/t0", "$defs": chain}) == expected


# --- schemas and mappings that are large, and nothing else

LARGE: dict[str, Callable[[int], Any]] = {
    "texts left out": lambda d: {"allOf": [{"not": {"const": f"v{n}"}} for n in range(8_000 // d)]},
    "texts left out at once": lambda d: {
        "type": "string",
        "not": {"enum": [f"v{n}" for n in range(40_000 // d)]},
    },
    "formats": lambda d: {"allOf": [{"type": "string", "format": f"f{n}"} for n in range(8_000 // d)]},
    "names": lambda d: {"allOf": [{"properties": {f"a{n}": {"type": "string"}}} for n in range(3_000 // d)]},
    "required": lambda d: {"type": "object", "required": [f"a{n}" for n in range(40_000 // d)]},
    "large numbers": lambda d: {"enum": [10**n for n in range(1, 600)], "minimum": 10**400},
    "alternatives": lambda d: {
        "oneOf": [{"type": "object", "properties": {"k": {"const": n}}} for n in range(4_000 // d)]
    },
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_schema(name: str, divisor: int, tmp_path: Path) -> None:
    part = LARGE[name](divisor), {}
    compiled(tmp_path, part, None, READING)
    compiled(tmp_path, None, part, EVENT_FIELDS.replace("PROPERTIES", "{path: $.p, default: {}}"))


LARGE_MAPPINGS: dict[str, Callable[[int], str]] = {
    "merges": lambda d: "{merge: [" + ", ".join(f"$.a{n}" for n in range(6_000 // d)) + "]}",
    "merged objects": lambda d: "{merge: [" + ", ".join(f"{{k{n}: $.a}}" for n in range(2_000 // d)) + "]}",
    "alternatives": lambda d: "{a: {first_of: [" + ", ".join(f"$.a{n}" for n in range(12_000 // d)) + "]}}",
    "tests": lambda d: (
        "{a: '" + "".join(f"{{% if b{n} == {n} %}}{n}{{% endif %}}" for n in range(900 // d)) + "'}"
    ),
    "filters": lambda d: "{" + ", ".join(f"k{n}: '{'{{ c | upcase }}' * 20}'" for n in range(200 // d)) + "}",
}


@pytest.mark.parametrize("name", LARGE_MAPPINGS)
def test_a_large_mapping(name: str, divisor: int, tmp_path: Path) -> None:
    text = EVENT_FIELDS.replace("PROPERTIES", LARGE_MAPPINGS[name](divisor))
    codes, _ = compiled(tmp_path, None, None, text)
    assert codes <= {"M415"}


def test_a_template_with_many_holes(divisor: int, tmp_path: Path) -> None:
    members = "{" + ", ".join(f'"k{n}": "{{{{ p.a{n} }}}}"' for n in range(700 // divisor)) + "}"
    codes, _ = compiled(tmp_path, None, None, TEMPLATE.replace("PROPERTIES", members))
    assert "M411" in codes


def test_what_is_required_of_many_objects_is_explained_briefly() -> None:
    document = {"items": {"required": [f"a{number:05}" for number in range(50_000)]}}
    found = violations(json.dumps(document), [{}] * 300)
    assert [violation.location for violation in found[:2]] == ["$[0].a00000", "$[0].a00001"]
    assert len(found) == 20


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf", "allOf"])
def test_models_that_refer_to_all_of_them_are_asked_about_once(keyword: str) -> None:
    spent = []
    for count in (50, 100):
        models: dict[str, object] = {
            f"M{number}": {"properties": {"next": {"$ref": "#/$defs/All"}}} for number in range(count)
        }
        models["All"] = {keyword: [{"$ref": f"#/$defs/{name}"} for name in models]}
        document = {"$ref": "#/$defs/All", "$defs": models}
        with limited() as given:
            found = property_of(document, property_of(document, document, "next"), "next")
        assert found == {"$ref": "#/$defs/All"}
        spent.append(MAX_STEPS - given.left)
    assert spent[1] < 3 * spent[0]
