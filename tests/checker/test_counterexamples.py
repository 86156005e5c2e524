"""Counterexamples: bodies around one item, and the payloads that a search finds; each of them is run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import mapper
from mapper.checker.search.counterexamples import CounterexampleSearch
from mapper.checker.search.drafts import item_places, unwrapped, wrapped
from mapper.checker.search.runner import Payload
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from mapper.runtime.missing import MISSING
from mapper.transform.runner import ProgramRunner
from support.claims import checked
from support.shown_payloads import whole_payload
from support.validators import reference

ITEM = {"n": "x"}
SOURCE = {"type": "object", "properties": {"n": {"type": "string"}}}
TARGET = {"type": "object", "properties": {"f": {"type": "integer"}}, "additionalProperties": False}
VALUE = {"when": "envelope.kind == 'x'", "then": {"path": "$.n", "as": "integer"}, "else": 1}


def text_of(*each: str) -> str:
    names = {"source": "source.schema.json", "target": "target.schema.json"}
    return json.dumps({"mapping": "case", "version": 1, **names, "each": list(each), "event": {"f": VALUE}})


def places_of(*each: str) -> tuple[tuple[str | int, ...], ...]:
    program = analyse(SourceFile("case.yaml", text_of(*each)), None, Report()).program
    assert program is not None
    return tuple(item_places(program.each, None))


@pytest.mark.parametrize(
    ("each", "around", "body"),
    [
        (["$"], MISSING, ITEM),
        (["$.items[*]"], MISSING, {"items": [ITEM]}),
        (["$.items[:]"], {"kind": "x"}, {"kind": "x", "items": [ITEM]}),
        (["$.items[*]", "$"], MISSING, ITEM),
        (["$.a[*].b[*]"], {"a": [{"kind": "x"}]}, {"a": [{"kind": "x", "b": [ITEM]}]}),
    ],
)
def test_a_body_around_one_item(each: list[str], around: object, body: object) -> None:
    places = places_of(*each)
    assert wrapped(places, ITEM, around) == body
    assert unwrapped(places, body) == ITEM


def test_an_item_at_the_root_joins_the_body() -> None:
    assert wrapped(places_of("$"), ITEM, {"kind": "x"}) == {"kind": "x", "n": "x"}


def test_a_filter_has_no_body_around_one_item() -> None:
    assert wrapped(places_of("$.items[?@.n]"), ITEM, MISSING) is MISSING


def test_a_body_with_two_elements_holds_no_single_item() -> None:
    places = places_of("$.items[*]")
    assert unwrapped(places, wrapped(places, ITEM, {"items": [None, {"n": 1}]})) is MISSING


def test_a_payload_keeps_the_values_around_its_item(tmp_path: Path) -> None:
    (tmp_path / "source.schema.json").write_text(json.dumps(SOURCE), "utf-8")
    (tmp_path / "target.schema.json").write_text(json.dumps(TARGET), "utf-8")
    (tmp_path / "case.yaml").touch()
    (found,) = mapper.check(text_of("$.batch[:].items[:]"), filename=str(tmp_path / "case.yaml"))
    assert (found.code, found.severity) == ("M405", mapper.Severity.WARNING)
    assert found.hints[-1] == (
        'smallest payload that fails: `{"kind": "x", "batch": [{"items": [{"n": ""}]}]}`'
    )


# --- payloads that a search finds: schemas of one kind, and what is shown for each

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
SHOWN = re.compile(r"smallest payload that fails: `(.*)`$")
TEXT_OR_NUMBER = {"type": ["string", "number"]}


def record(members: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    """An object with these members, of which some are required."""
    return {"type": "object", "properties": members, "required": [*required], **more}


# Members that a payload cannot leave out, and for which no fixed list of examples suffices.
UNUSUAL: dict[str, Any] = {
    **{
        name: {"type": "string", "format": name}
        for name in (
            *("date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname"),
            *("ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference", "uuid", "uri-template"),
            *("json-pointer", "relative-json-pointer", "regex"),
        )
    },
    "a currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
    "an object id": {"type": "string", "pattern": "^[0-9a-f]{24}$"},
    "an alternative of two patterns": {"type": "string", "pattern": "^(aa|bb)-[0-9]{4,}$"},
    "two patterns and a length": {
        "allOf": [{"pattern": "^ab"}, {"pattern": "yz$"}],
        "type": "string",
        "minLength": 30,
        "maxLength": 31,
    },
    "a pattern that looks ahead": {"type": "string", "pattern": "^(?=.*[0-9])[a-z0-9]{8}$"},
    "a format and a pattern": {"type": "string", "format": "email", "pattern": "@shop\\.example$"},
    "a format and a length": {"type": "string", "format": "uri", "minLength": 40, "maxLength": 42},
    "a date of one year": {"type": "string", "format": "date", "pattern": "^2031-"},
    "a long text": {"type": "string", "minLength": 200},
    "a text that is excluded": {
        "type": "string",
        "minLength": 1,
        "not": {"enum": ["x", "0", "1", "abc", " "]},
    },
    "a pattern that is excluded": {"type": "string", "not": {"pattern": "^[a-z0-9 ]*$"}},
    "a step": {"type": "integer", "multipleOf": 7, "minimum": 10, "maximum": 20},
    "two steps": {"allOf": [{"multipleOf": 4}, {"multipleOf": 6}], "type": "integer", "minimum": 1},
    "cents": {"type": "number", "multipleOf": 0.01, "exclusiveMinimum": 3, "exclusiveMaximum": 3.05},
    "a narrow range": {"type": "number", "exclusiveMinimum": 41.25, "exclusiveMaximum": 42},
    "a constant": {"const": {"a": [1, {"b": None}]}},
    "an element that is wanted": {"type": "array", "contains": {"const": "vip"}, "minItems": 2},
    "two elements that are wanted": {"type": "array", "contains": {"minimum": 5}, "minContains": 2},
    "few of a kind": {"type": "array", "contains": {"type": "null"}, "maxContains": 1, "minItems": 3},
    "different elements": {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 3, "uniqueItems": True},
    "different texts": {"type": "array", "items": TEXT, "minItems": 4, "uniqueItems": True},
    "first elements": {
        "type": "array",
        "prefixItems": [{"const": "v"}, NUMBER],
        "items": False,
        "minItems": 2,
    },
    "some members": {"type": "object", "minProperties": 3},
    "members of a pattern": {
        "type": "object",
        "patternProperties": {"^x-[0-9]{2}$": NUMBER},
        "additionalProperties": False,
        "minProperties": 2,
    },
    "names of a pattern": {"type": "object", "propertyNames": {"pattern": "^[A-Z]{4}$"}, "minProperties": 1},
    "a member for a member": record({"a": TEXT}, "a", dependentRequired={"a": ["b", "c"]}),
    "a schema for a member": record({"a": TEXT}, "a", dependentSchemas={"a": {"required": ["b"]}}),
    "a condition": record(
        {"country": {"enum": ["US", "DE"]}},
        "country",
        **{"if": {"properties": {"country": {"const": "US"}}}, "then": {"required": ["zip"]}},
    ),
    "one of two": {
        "oneOf": [
            record(
                {"kind": {"const": "card"}, "number": {"type": "string", "pattern": "^[0-9]{16}$"}},
                "kind",
                "number",
            ),
            record({"kind": {"const": "bank"}, "iban": TEXT}, "kind", "iban"),
        ]
    },
    "exactly one of two": {"type": "integer", "oneOf": [{"minimum": 0}, {"maximum": 100}]},
    "any of two": {"anyOf": [{"type": "string", "pattern": "^#[0-9]+$"}, {"type": "array", "minItems": 3}]},
    "a negation": {"type": "object", "not": {"maxProperties": 1}},
    "nothing but named members": record(
        {"a": TEXT}, "a", "b", allOf=[{"properties": {"b": NUMBER}}], unevaluatedProperties=False
    ),
    "a reference to itself": {
        "$ref": "#/$defs/tree",
    },
}
TREE = {"tree": record({"left": {"$ref": "#/$defs/tree"}, "size": {"type": "integer", "minimum": 1}}, "size")}


def found(folder: Path, source: Any, value: Any, target: Any, **more: Any) -> list[tuple[str, str | None]]:
    """The codes of a mapping with one field `f`, each with the payload shown for it, which is run."""
    wanted = {"type": "object", "properties": {"f": target}}
    (folder / "source.schema.json").write_text(json.dumps(source), "utf-8")
    (folder / "target.schema.json").write_text(json.dumps(wanted), "utf-8")
    mapping = {
        "mapping": "case",
        "version": 1,
        "source": "source.schema.json",
        "target": "target.schema.json",
    }
    text = json.dumps({**mapping, **more, "event": {"f": value}})
    (folder / "case.yaml").write_text(text, "utf-8")
    analysis = analyse(SourceFile(str(folder / "case.yaml"), text), folder, Report())
    assert analysis.program is not None
    runner = ProgramRunner(analysis.file, analysis.references.source, objects_only=True)
    run = runner.prepare(analysis.program, wanted)
    results: list[tuple[str, str | None]] = []
    for diagnostic in analysis.report.ordered():
        shown = [match[1] for hint in diagnostic.hints if (match := SHOWN.search(hint))]
        results.append((diagnostic.code, shown[0] if shown else None))
        if shown:
            payload, _ = whole_payload(shown[0], source)
            assert reference(source).is_valid(payload), shown
            result = run(Payload(payload, {}, {}, {}))
            assert result.faults, shown
            assert not result.skipped, shown
    return results


@pytest.mark.parametrize("name", UNUSUAL)
def test_a_required_member_does_not_blind_the_search(name: str, tmp_path: Path) -> None:
    source = record({"id": UNUSUAL[name], "u": TEXT_OR_NUMBER}, "id", "u", **{"$defs": TREE})
    ((code, shown),) = found(tmp_path, source, "$.u", TEXT)
    assert (code, shown is not None) == ("M401", True)
    lines = record({"lines": {"type": "array", "items": source}}, "lines", **{"$defs": TREE})
    ((code, shown),) = found(tmp_path, lines, "$.lines[0].u", TEXT)
    assert (code, shown is not None) == ("M401", True)


LINE = record({"price": TEXT_OR_NUMBER, "sku": {"type": "string", "format": "uuid"}}, "price", "sku")
LINES = record({"lines": {"type": "array", "items": LINE}}, "lines")
PRICES = {"type": "array", "items": {"type": "object", "properties": {"price": NUMBER}}}
# Values inside of lists that stray: source, value, target, code.
INSIDE: dict[str, tuple[Any, Any, Any, str]] = {
    "a member of an element": (LINES, "$.lines", PRICES, "M404"),
    "an element of an element": (
        record({"lines": {"type": "array", "items": {"type": "array", "items": TEXT_OR_NUMBER}}}, "lines"),
        "$.lines",
        {"type": "array", "items": {"type": "array", "items": NUMBER}},
        "M404",
    ),
    "a member deep inside": (
        record(
            {
                "order": record(
                    {"lines": {"type": "array", "minItems": 1, "items": record({"x": LINE}, "x")}}, "lines"
                )
            },
            "order",
        ),
        "$.order.lines",
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"x": {"type": "object", "properties": {"price": NUMBER}}},
            },
        },
        "M404",
    ),
    "a member that `map` reads": (
        LINES,
        {"map": "$.lines", "to": {"price": "$.price"}},
        PRICES,
        "M404",
    ),
    "a cast inside `map`": (
        LINES,
        {"map": "$.lines", "to": {"price": {"path": "$.price", "as": "number"}}},
        PRICES,
        "M405",
    ),
    "a cast inside `map` of the matches of a path": (
        LINES,
        {"map": "$.lines[*]", "to": {"price": {"path": "$.price", "as": "number"}}},
        PRICES,
        "M405",
    ),
    "a cast behind a condition about the element": (
        record(
            {
                "lines": {
                    "type": "array",
                    "items": record({"kind": TEXT, "price": TEXT_OR_NUMBER}, "kind", "price"),
                }
            },
            "lines",
        ),
        {
            "map": "$.lines",
            "to": {"when": "kind == 'sale'", "then": {"path": "$.price", "as": "number"}, "else": 1},
        },
        {"type": "array"},
        "M405",
    ),
    "a filter in a loop": (
        LINES,
        "{% for line in lines %}{{ 10 | divided_by: line.price }}{% endfor %}",
        TEXT,
        "M405",
    ),
    "too many elements": (LINES, "$.lines", {"type": "array", "maxItems": 20}, "M404"),
    "too few elements": (LINES, "$.lines", {"type": "array", "minItems": 1}, "M404"),
}


@pytest.mark.parametrize("name", INSIDE)
def test_a_value_inside_a_list_is_found(name: str, tmp_path: Path) -> None:
    source, value, target, code = INSIDE[name]
    assert (code, True) in [
        (each, shown is not None) for each, shown in found(tmp_path, source, value, target)
    ]


ENUM = [f"v{number}" for number in range(40)]
# Values beside the edge of the target: what the source has at `a`, the value, the target, the payload.
EDGES: dict[str, tuple[Any, Any, Any, str | None]] = {
    "a maximum": (NUMBER, "$.a", {"type": "number", "maximum": 100}, '{"a": 101}'),
    "a minimum": (NUMBER, "$.a", {"type": "number", "minimum": -1000}, '{"a": -1001}'),
    "an open bound": (
        {"type": "integer", "maximum": 9},
        "$.a",
        {"type": "integer", "exclusiveMaximum": 9},
        '{"a": 9}',
    ),
    "a whole number": (
        {"type": "number", "minimum": 5, "maximum": 6},
        "$.a",
        {"type": "integer"},
        '{"a": 5.5}',
    ),
    "a length": (TEXT, "$.a", {"type": "string", "maxLength": 40}, json.dumps({"a": "x" * 41})),
    "a length of a column": (TEXT, "$.a", {"type": "string", "maxLength": 255}, json.dumps({"a": "x" * 256})),
    "a length and a pattern": (
        {"type": "string", "pattern": "^[A-Z]+$"},
        "$.a",
        {"type": "string", "maxLength": 5},
        '{"a": "AAAAAA"}',
    ),
    "a narrower pattern": (
        {"type": "string", "pattern": "^[A-Z]{3,4}$"},
        "$.a",
        {"type": "string", "pattern": "^[A-Z]{3}$"},
        '{"a": "AAAA"}',
    ),
    "one value of six": ({"enum": [*"abcdef"]}, "$.a", {"enum": [*"abcdf"]}, '{"a": "e"}'),
    "one value of forty": ({"enum": ENUM}, "$.a", {"enum": ENUM[:-1]}, '{"a": "v39"}'),
    "a number of many": ({"enum": [*range(50)]}, "$.a", {"enum": [*range(49)]}, '{"a": 49}'),
    "a comma for a point": (
        {"type": "string", "pattern": r"^\d+,\d{2}$"},
        {"path": "$.a", "as": "number"},
        NUMBER,
        '{"a": "1,11"}',
    ),
    "a number as text": (
        {"type": "integer", "maximum": 10**7},
        {"path": "$.a", "as": "string"},
        {"type": "string", "maxLength": 5},
        None,
    ),
    "a text as number": (
        {"type": "string", "pattern": "^[1-9][0-9]{0,5}$"},
        {"path": "$.a", "as": "number"},
        {"type": "number", "maximum": 99999},
        None,
    ),
    "a member": (
        {"type": "object"},
        "$.a",
        {"type": "object", "properties": {"url": TEXT}},
        '{"a": {"url": 0}}',
    ),
    "a member that is not allowed": (
        record({"x": NUMBER, "y": NUMBER}),
        "$.a",
        {"type": "object", "properties": {"x": NUMBER}, "additionalProperties": False},
        None,
    ),
}


@pytest.mark.parametrize("name", EDGES)
def test_a_value_beside_the_edge_is_found(name: str, tmp_path: Path) -> None:
    given, value, target, payload = EDGES[name]
    shown = [shown for _, shown in found(tmp_path, record({"a": given}, "a"), value, target) if shown]
    assert shown
    assert payload is None or payload in shown


ABC = record(dict.fromkeys([*"abcdeft"], TEXT) | {"n": NUMBER, "l": {"type": "array", "items": TEXT}})
CAST = {"path": "$.t", "as": "number"}
CASES: Any = {
    "match": "$.a",
    "cases": {"k": {"match": "$.b", "cases": {"l": {"when": "c == 'm' and d == 'n'", "then": CAST}}}},
}
# Conditions that must hold together before a cast of `t` is reached: the value, and skip rules.
TOGETHER: dict[str, tuple[Any, list[str]]] = {
    "four": ({"when": "a == 'x' and b == 'y' and n > 3 and d != blank", "then": CAST}, []),
    "six": (
        {
            "when": "a == 'x' and b == 'y' and c contains 'q' and d != blank and e == '5' and f == 'z'",
            "then": CAST,
        },
        [],
    ),
    "one inside the other": (
        {
            "when": "a == 'x'",
            "then": {
                "when": "b == 'y'",
                "then": {"when": "c == 'z'", "then": {"when": "d == 'w'", "then": CAST}},
            },
        },
        [],
    ),
    "cases in cases": (CASES, []),
    "alternatives": (
        {"when": "a == 'x' or a == 'y' and b == 'z'", "then": {"when": "c == d and n < -7", "then": CAST}},
        [],
    ),
    "a size": ({"when": "l.size > 2 and a == 'x' and b == 'y'", "then": CAST}, []),
    "rules": (CAST, [f"{name} != '{name}1'" for name in "abcdef"]),
    "rules and conditions": (
        {"when": "d == 'd1' and e == 'e1' and f == 'f1'", "then": CAST},
        [f"{name} != '{name}1'" for name in "abc"],
    ),
    "a template": (
        "{% if a == 'x' %}{% if b == 'y' %}{% if c == 'z' and d == 'w' %}{{ t | divided_by: n }}"
        "{% endif %}{% endif %}{% endif %}",
        [],
    ),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_conditions_are_solved_together(name: str, tmp_path: Path) -> None:
    value, rules = TOGETHER[name]
    skip = {"skip": [{"when": rule, "reason": rule} for rule in rules]} if rules else {}
    target = TEXT if isinstance(value, str) else NUMBER
    shown = [shown for code, shown in found(tmp_path, ABC, value, target, **skip) if code == "M405"]
    assert shown
    assert all(shown)


@pytest.mark.parametrize(("members", "casts"), [(600, 90), pytest.param(2_000, 300, marks=pytest.mark.slow)])
def test_of_many_questions_each_has_its_steps(members: int, casts: int, tmp_path: Path) -> None:
    """Each of many casts of a wide source is reported, whether its members are required or not."""
    names = [f"p{number}" for number in range(members)]
    fields = {f"f{number}": {"path": f"$.p{number}", "as": "number"} for number in range(casts)}
    for required in ([], names):
        source = record(dict.fromkeys(names, TEXT), *required)
        target = {"type": "object", "properties": dict.fromkeys(fields, NUMBER)}
        (tmp_path / "source.schema.json").write_text(json.dumps(source), "utf-8")
        (tmp_path / "target.schema.json").write_text(json.dumps(target), "utf-8")
        mapping = {
            "mapping": "case",
            "version": 1,
            "source": "source.schema.json",
            "target": "target.schema.json",
        }
        text = json.dumps({**mapping, "event": fields})
        (tmp_path / "case.yaml").write_text(text, "utf-8")
        reported = mapper.check(text, filename=str(tmp_path / "case.yaml"))
        assert {each.code for each in reported} == {"M405"}
        assert len(reported) == len(fields)
        assert all("p" in each.hints[-1] for each in reported)


def test_a_long_payload_is_shown_in_part(tmp_path: Path) -> None:
    names = [f"name{number}" for number in range(40)]
    source = record({**dict.fromkeys(names, TEXT), "u": TEXT_OR_NUMBER, "v": TEXT}, *names, "u")
    assert found(tmp_path, source, "$.u", TEXT) == [("M401", '{"u": 0, …}')]
    ((_, shown),) = found(tmp_path, source, {"first_of": ["$.v", "$.u"]}, TEXT)
    assert shown == '{"u": 0, …} (without v)'


@pytest.mark.parametrize("root", ["setting", "header", "query"])
@pytest.mark.parametrize("test", ["!= 'x'", "== blank", "contains 'x'", "> 3"])
@pytest.mark.parametrize("value", [True, "$.n"])
def test_a_part_of_the_request_can_be_absent(root: str, test: str, value: object, tmp_path: Path) -> None:
    field = {"when": f"{root}.kind {test}", "then": value, "else": "$.m"}
    text = json.dumps({"mapping": "case", "version": 1, "event": {"event_name": field}})
    codes = {each.code for each in mapper.check(text, filename=str(tmp_path / "case.yaml"))}
    assert codes & {"M401", "M404", "M405", "M502"}


def test_no_payload_is_run_twice_for_a_question(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ranked: dict[int, list[str]] = {}
    kept: list[object] = []
    rank = CounterexampleSearch._rank

    def noted(self: CounterexampleSearch, question: Any, payload: Payload) -> int:
        kept.append(question)  # so that no other one takes its identity
        ranked.setdefault(id(question), []).append(repr(payload))
        return rank(self, question, payload)

    monkeypatch.setattr(CounterexampleSearch, "_rank", noted)
    source = {
        "type": "object",
        "properties": {"a": True, "b": {"oneOf": [{"type": "array"}, {"type": "number", "minimum": 0}]}},
        "required": ["a"],
        "patternProperties": {"^x-": {"type": "array", "items": {"type": "number"}}},
    }
    choice = {"when": "a contains 'x'", "then": {"literal": "2026-11-23"}, "else": "$.a"}
    cases = [{"in": ["x", "paid", 1], "then": choice}, {"in": [None, "open"], "then": "$.a"}]
    pair = {"b": {"map": "$.b", "to": "$"}, "x": {"match": "$.b", "cases": cases}}
    inside = {"type": "object", "properties": {"b": {"uniqueItems": True}, "x": True}, "required": ["b", "x"]}
    target = {"type": "object", "properties": {"f": {"type": "array", "items": inside}}}
    names = {"source": "source.schema.json", "target": "target.schema.json"}
    rule = {"when": "a and a", "reason": "rejected"}
    mapping = {"mapping": "m", "version": 1, **names, "reject": [rule], "event": {"f": [pair, pair]}}
    checked(tmp_path, {"mapping": mapping, "source": source, "target": target})
    long = [payloads for payloads in ranked.values() if len(payloads) > 100]
    assert long
    for payloads in long:
        assert len(set(payloads)) > 0.9 * len(payloads)  # those that are made smaller may be tried again
