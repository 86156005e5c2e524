"""Generated validators judge as jsonschema does: the official suite, a table of events, hostile texts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from jsonschema import Draft202012Validator, SchemaError

from mapper.regex.searches import searcher
from mapper.runtime.schema.validation import is_json, violations
from support.places import ROOT, SHARED, TESTS
from support.validators import compiled, generated, reference

SUITE = SHARED / "suites" / "json-schema-2020-12.json"
EVENT_SCHEMA = (ROOT / "schemas" / "event.schema.json").read_text()


def assert_agrees(schema: Any, value: object) -> bool:
    """The generated verdict, after comparing it and the explanation with jsonschema's verdict."""
    verdict = compiled(schema)(value)
    assert verdict is reference(schema).is_valid(value), f"{value!r} under\n{generated(schema)}"
    assert bool(violations(json.dumps(schema), value)) is not verdict
    return verdict


# Groups of the suite that jsonschema cannot read, and why.
UNKNOWN_TO_JSONSCHEMA = {
    "pattern with Unicode property escape requires unicode mode": "Python's `re` knows no `\\p`",
}

# Format tests whose verdict jsonschema, and so the generated code, does not share.
UNLIKE_SUITE = {
    "a valid date-time with a leap second, UTC": "rfc3339-validator knows no leap seconds",
    "leading zero in an embedded IPv4 address is invalid": "rfc3986-validator has a looser grammar there",
    "dot before local part is not valid": "jsonschema only looks for `@` in an e-mail address",
    "an invalid domain": "the same",
    "two email addresses is not valid": "the same",
    "local part is required": "the same",
    "unquoted space in local part is invalid": "the same",
}


def expected(group: Any, test: Any) -> bool:
    """The verdict of the suite, or its opposite where we argue for that."""
    is_unlike = group["keyword"].startswith("format") and test["description"] in UNLIKE_SUITE
    return bool(test["valid"]) is not is_unlike


def suite_cases() -> list[Any]:
    if not SUITE.exists():
        return [pytest.param(None, None, None, marks=pytest.mark.skip(reason="the shared suites are absent"))]
    groups = json.loads(SUITE.read_text())["groups"]
    return [
        pytest.param(
            group, test["data"], expected(group, test), id=f"{group['description']}: {test['description']}"
        )
        for group in groups
        for test in group["tests"]
    ]


@pytest.mark.parametrize(("group", "data", "valid"), suite_cases())
def test_official_suite(group: Any, data: Any, valid: bool) -> None:
    if group["description"] in UNKNOWN_TO_JSONSCHEMA:
        with pytest.raises(SchemaError):
            Draft202012Validator.check_schema(group["schema"])
        assert compiled(group["schema"])(data) is valid
        assert bool(violations(json.dumps(group["schema"]), data)) is not valid
    else:
        assert assert_agrees(group["schema"], data) is valid


def event(**changes: object) -> dict[str, object]:
    whole: dict[str, object] = {
        "event_id": "e-1",
        "event_name": "Order Completed",
        "user_id": "4000052183",
        "timestamp": "2026-11-23T20:00:00.000Z",
        "event_properties": {},
    }
    return {name: value for name, value in (whole | changes).items() if value is not ...}


GOOD_EVENTS = [
    event(),
    event(event_properties={"a": None, "b": [1, {"c": 0}], "": False}),
    event(event_id="0", user_id=" x ", event_name="\u2028x"),
    event(timestamp="2026-11-23T20:00:00+05:30"),
    event(timestamp="2024-02-29t23:59:59.123456789z"),
]
BAD_EVENTS: list[tuple[Any, str, str]] = [
    (None, "$", "type"),
    ([], "$", "type"),
    ("{}", "$", "type"),
    ({}, "$.event_id", "required"),
    (event(extra=1), "$.extra", "additionalProperties"),
    *((event(**{name: ...}), f"$.{name}", "required") for name in event()),
    *((event(**{name: None}), f"$.{name}", "type") for name in event()),
    *((event(**{name: ""}), f"$.{name}", "minLength") for name in ("event_id", "event_name", "user_id")),
    *(
        (event(**{name: " \t\u00a0"}), f"$.{name}", "pattern")
        for name in ("event_id", "event_name", "user_id")
    ),
    *((event(**{name: 7}), f"$.{name}", "type") for name in event()),
    (event(user_id=True), "$.user_id", "type"),
    (event(timestamp=""), "$.timestamp", "format"),
    (event(timestamp="2026-11-23"), "$.timestamp", "format"),
    (event(timestamp="2026-11-23 20:00:00Z"), "$.timestamp", "format"),
    (event(timestamp="2026-11-23T20:00:00"), "$.timestamp", "format"),
    (event(timestamp="2026-02-29T20:00:00Z"), "$.timestamp", "format"),
    (event(timestamp="2026-11-23T24:00:00Z"), "$.timestamp", "format"),
    (event(timestamp="2026-11-23T20:00:00Z\n"), "$.timestamp", "pattern"),
    (event(event_properties=[]), "$.event_properties", "type"),
]


@pytest.mark.parametrize("value", GOOD_EVENTS)
def test_good_events(value: object) -> None:
    assert assert_agrees(json.loads(EVENT_SCHEMA), value)


@pytest.mark.parametrize(("value", "location", "keyword"), BAD_EVENTS)
def test_bad_events(value: object, location: str, keyword: str) -> None:
    assert not assert_agrees(json.loads(EVENT_SCHEMA), value)
    assert (location, keyword) in {(v.location, v.keyword) for v in violations(EVENT_SCHEMA, value)}


def test_event_validator_never_needs_jsonschema() -> None:
    source = generated(json.loads(EVENT_SCHEMA))
    assert "delegate" not in source
    code = f"{source}\nassert valid({event()!r})\nassert not valid({{}})"
    code += "\nimport sys\nprint('jsonschema' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.slow
def test_generated_source_is_deterministic() -> None:
    schema = {
        "enum": ["b", "a", 1, None],
        "required": ["z", "y", "x"],
        "properties": {"a": {"type": "string"}},
    }
    code = f"from support.validators import generated; print(generated({schema!r}))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(TESTS)},
        ).stdout
        for seed in (1, 2)
    }
    assert len(runs) == 1
    assert "frozenset(('b', 'a'))" in runs.pop()


HOSTILE = [
    "it's",
    'a"b',
    "{x}",
    "{0}",
    "%s",
    "\n",
    "\\",
    "\\n",
    "\u2028",
    "\u202e",
    "\x00",
    "\ud800",
    "'); raise SystemExit('",
    '"""',
    "'''",
    "# comment",
    "def valid(event): return True",
    "__class__",
    "event",
    "MISSING",
    " is None",
    "x and y",
    "~1",
    "a/b",
    "é",
    "",
    "None",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_data(text: str) -> None:
    other = f"{text}!"
    schema = {
        "type": "object",
        "title": text,
        f"x-{text}": text,
        "properties": {
            text: {"const": text},
            f"{text}-enum": {"enum": [text, f"{text}?"]},
            f"{text}-deep": {"const": {text: [text]}},
            f"{text}-pattern": {"type": "string", "pattern": re.escape(text) + "x$"},
            f"{text}-delegated": {"not": {"const": text}},
            f"{text}-optional": {"type": "integer"},
        },
        "required": [text, f"{text}-enum"],
        "additionalProperties": False,
    }
    good = {
        text: text,
        f"{text}-enum": text,
        f"{text}-deep": {text: [text]},
        f"{text}-pattern": f"{text}x",
        f"{text}-delegated": other,
        f"{text}-optional": 1,
    }
    valid, oracle = compiled(schema), reference(schema)
    assert valid(good)
    wrong = [good | {name: object()} for name in good if name != f"{text}-delegated"]
    wrong += [good | {text: other}, good | {f"{text}-delegated": text}, good | {f"{text}-optional": "1"}]
    wrong += [
        good | {f"{text}-pattern": other},
        {k: v for k, v in good.items() if k != text},
        good | {other: 1},
    ]
    for value in wrong:
        assert not valid(value)
        assert not oracle.is_valid(value)


@pytest.mark.parametrize("name", HOSTILE)
def test_references_resolve_from_any_place(name: str) -> None:
    schema = {
        "$id": "https://example.com/schema.json",
        "properties": {name: {"items": {"$ref": "#/$defs/word"}}, "next": {"$ref": "#"}},
        "$defs": {"word": {"type": "string", "minLength": 2}},
    }
    valid = compiled(schema)
    assert valid({name: ["ab"], "next": {name: ["ab"]}})
    assert not valid({name: ["a"]})
    assert not valid({"next": {name: ["a"]}})
    keyword = "minLength" if is_json(name) else "json"
    assert violations(json.dumps(schema), {"next": {name: ["a"]}})[0].keyword == keyword


@pytest.mark.parametrize(
    ("schema", "accepted", "refused"),
    [
        (True, [None, 1, {}], []),
        (False, [], [None, 1, {}]),
        ({"type": "integer"}, [1, 1.0, -0.0, 10**400, 1e300], [True, 1.5, "1", float("nan"), float("inf")]),
        ({"type": "number"}, [0, 0.5, 10**400], [False, "0", float("nan"), float("-inf"), 1j]),
        ({"type": ["null", "boolean"]}, [None, True, False], [0, "", []]),
        ({"enum": [1]}, [1, 1.0], [True, "1", [1]]),
        ({"enum": [False, 2]}, [False, 2, 2.0], [0, True]),
        (
            {"const": [True, {"a": 0}]},
            [[True, {"a": 0.0}]],
            [[1, {"a": 0}], [True, {"a": False}], [True], ()],
        ),
        ({"const": None}, [None], [False, 0, ""]),
        ({"enum": []}, [], [None, 1]),
        ({"minLength": 2, "maxLength": 2}, ["ab", "😀😀", 1, None], ["😀", "abc"]),
        ({"type": "string", "pattern": "^a"}, ["ab"], ["ba", 1]),
        ({"pattern": r"\S"}, ["a", " a", 5], ["", " ", "\u3000\n"]),
        ({"minimum": 1, "maximum": 2.5}, [1, 2.5, "0", True, None], [0.99, 3, 10**400, float("nan")]),
        (
            {"minItems": 1, "maxItems": 2, "items": {"type": "string"}},
            [["a"], "abc", {}],
            [[], [1], ["a"] * 3],
        ),
        ({"items": False}, [[], {}], [[1]]),
        ({"properties": {"a": False}}, [{}, {"b": 1}, []], [{"a": 1}]),
        (
            {"additionalProperties": {"type": "null"}, "properties": {"a": True}},
            [{"a": 1, "b": None}],
            [{"b": 1}],
        ),
        ({"additionalProperties": False}, [{}, []], [{"a": 1}, {1: 1}]),
        ({"required": ["a"], "additionalProperties": False}, [[]], [{}, {"a": 1}]),
        ({"format": "email"}, ["a@b", 1], ["ab"]),
        ({"format": "uri"}, ["https://a.b/c", "urn:x:y", 1], ["/a", "a b", ""]),
        ({"format": "ipv4"}, ["1.2.3.4", 1], ["1.2.3"]),
        ({"format": "no such format"}, ["x"], []),
        ({"oneOf": [{"type": "string"}, {"minLength": 2}]}, ["a", 1], ["ab"]),
        ({"exclusiveMinimum": 1}, [2], [1]),
    ],
)
def test_keywords(schema: Any, accepted: list[object], refused: list[object]) -> None:
    valid = compiled(schema)
    assert [value for value in accepted if not valid(value)] == []
    assert [value for value in refused if valid(value)] == []
    for value in accepted + refused:
        if is_json(value):
            assert_agrees(schema, value)


@pytest.mark.parametrize("depth", [1, 7, 8, 9, 30, 70])
@pytest.mark.parametrize("wrap", ["properties", "required", "items", "additionalProperties"])
def test_deep_schemas_become_functions(depth: int, wrap: str) -> None:
    schema: Any = {"type": "string"}
    good: Any = "x"
    bad: Any = 1
    for _ in range(depth):
        match wrap:
            case "items":
                schema, good, bad = {"items": schema}, [good], [bad]
            case "additionalProperties":
                schema, good, bad = {wrap: schema, "properties": {"b": True}}, {"a": good}, {"a": bad}
            case _:
                schema = {
                    "type": "object",
                    "properties": {"a": schema},
                    "required": ["a"][: wrap == "required"],
                }
                good, bad = {"a": good}, {"a": bad}
    assert compiled(schema)(good)
    assert not compiled(schema)(bad)
    assert "delegate" not in generated(schema)


def test_values_that_no_json_text_holds_are_refused_without_raising() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    odd = [b"x", Odd(), {1, 2}, (1,), object, float("nan"), 1j]
    schemas: list[Any] = [{"type": t} for t in ("string", "object", "array", "integer", "number", "null")]
    schemas += [
        {"enum": ["x", 1, None, [1]]},
        {"const": 1},
        {"const": {"a": 1}},
        {"$ref": "#/$defs/a", "$defs": {}},
    ]
    schemas += [{"type": "string", "not": {}}, {"minimum": 1, "type": "integer", "multipleOf": 2}]
    for schema in schemas:
        for value in odd:
            assert compiled(schema)(value) is False
    assert compiled({"patternProperties": {"a": False}})({1: 1}) is False


def test_deep_and_cyclic_values() -> None:
    deep: Any = []
    for _ in range(20_000):
        deep = [deep]
    recursive = {"items": {"$ref": "#"}, "type": "array"}
    assert compiled(recursive)(deep) is False
    assert compiled(json.loads(EVENT_SCHEMA))(event(event_properties={"a": deep})) is True
    assert violations(json.dumps(recursive), deep)[0].message == "nests too deep"
    loop: dict[str, Any] = {}
    loop["self"] = loop
    assert violations("true", loop)[0].message == "nests too deep"
    shared: Any = [0]
    for _ in range(100):
        shared = [shared, shared]
    assert violations("true", shared)[0].message == "holds too many values"
    assert not any(map(is_json, (deep, loop, shared)))
    while deep:
        deep = deep.pop()


def test_content_test_agrees_with_the_expression() -> None:
    valid, search = compiled({"pattern": r"\S"}), searcher(r"(?:\S)")
    assert [hex(c) for c in range(0x110000) if valid(chr(c)) is not bool(search(chr(c)))] == []
