"""Inference: the type found for each value holds whatever the payload, and tells as much as it can."""

from __future__ import annotations

import json
from functools import reduce
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import mapper
from mapper import ir
from mapper.checker.inference.condition_types import divide
from mapper.checker.inference.filter_types import FAILURES, RESULTS, filter_type
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.payload_types import PayloadTypes
from mapper.checker.inference.program_types import infer_program
from mapper.checker.inference.text_filters import OF_EFFECT
from mapper.checker.inference.type_scope import TypeScope, initial_scope
from mapper.checker.inference.value_types import infer_value
from mapper.checker.types import ANYTHING, Type, admits, join, literal_type, read_schema
from mapper.checker.types.facts import Texts
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span, SpannedText
from mapper.expressions.liquid import parse_condition
from mapper.interpreter.value_evaluation import EvaluationContext, evaluate
from mapper.runtime.faults import Fault
from mapper.runtime.liquid.filters import FILTERS, ROWS, apply
from mapper.runtime.liquid.filters.row import Effect, Fails, Gives
from mapper.runtime.missing import MISSING
from support.examples import examples
from support.random_mappings import CONDITIONS, condition, items, requests, values

QUICK = examples(80, *HealthCheck)
LIMITS = ("M608", "M619", "M620")
Json = Any


def program_of(fields: dict[str, Json], **more: Json) -> ir.Program:
    """The program of a mapping with such properties; what the checker says of it does not matter here."""
    event = {
        "event_id": "e",
        "event_name": "n",
        "user_id": "u",
        "timestamp": "2026-11-23T20:00:00.000Z",
        "event_properties": {"object": fields},
    }
    text = json.dumps({"mapping": "random", "version": 1, **more, "event": event})
    program = analyse(SourceFile("<mapping>", text), None, Report()).program
    assert program is not None
    return program


def value_of(program: ir.Program) -> ir.Value:
    """The value of the only property."""
    assert isinstance(program.output, ir.Record)
    properties = program.output.fields[-1].value
    assert isinstance(properties, ir.Record)
    return properties.fields[0].value


def scope_of(samples: list[Json], request: mapper.Request) -> TypeScope:
    """What is known when an item is one of some samples, and so is the body."""
    item = reduce(join, map(literal_type, samples))
    scope = initial_scope(item)
    return TypeScope({**scope.roots, "envelope": item})


def outcome(function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Fault as fault:
        return fault


def plain(value: object) -> object:
    return [plain(v) for v in value] if isinstance(value, list | tuple | range) else value


@QUICK
@given(values, st.lists(items, min_size=1, max_size=3), requests)
def test_every_value_is_of_its_type(expression: Json, samples: list[Json], request: mapper.Request) -> None:
    program = program_of({"p": expression})
    if not program.output.fields[-1].value.fields:  # type: ignore[union-attr]
        return  # what could not be lowered is reported, not inferred
    node = value_of(program)
    for scope in (scope_of(samples, request), initial_scope(ANYTHING)):
        notes = Inference()
        found = infer_value(node, scope, notes)
        for sample in samples:
            value = outcome(evaluate, node, EvaluationContext(sample, sample, request))
            if isinstance(value, Fault):
                assert value.code in {
                    "M611",
                    *LIMITS,
                    *(each.code for each in notes.possible_rejections),
                }
                continue
            assert admits(found, plain(value)), (expression, sample, value, found)


def parsed(text: str) -> ir.Condition:
    file = SourceFile("<condition>", text)
    found = parse_condition(SpannedText(text, Span(file, 0, len(text)), exact=True), Report())
    assert found is not None
    return found


COMPOUND = [
    *CONDITIONS,
    *(
        f"{one} {word} {other}"
        for one in CONDITIONS[:4]
        for other in CONDITIONS[2:8]
        for word in ("and", "or")
    ),
    *("a < 2", "a >= 1", "a != 'x'", "a == b", "a.size == 1", "b contains a", "a == empty", "a <= b"),
]


@QUICK
@given(
    st.lists(st.sampled_from(COMPOUND) | condition, min_size=1, max_size=3),
    st.lists(items, min_size=1, max_size=3),
    requests,
)
def test_a_scope_holds_what_passes_its_conditions(
    texts: list[str], samples: list[Json], request: mapper.Request
) -> None:
    for sample in samples:
        scope = scope_of(samples, request)
        notes = Inference()
        for text in texts:
            found = parsed(text)
            holds = outcome(EvaluationContext(sample, sample, request).holds, found)
            if isinstance(holds, Fault):
                assert holds.code in {each.code for each in _rejections(found, scope)}
                break
            scope = divide(found.test, scope, notes)[not holds]
            assert scope.is_reachable, (texts, sample)
            assert admits(scope.roots["item"], sample), (texts, sample, scope.roots["item"])


def _rejections(found: ir.Condition, scope: TypeScope) -> list[Any]:
    notes = Inference()
    divide(found.test, scope, notes)
    return notes.possible_rejections


def test_the_words_of_filters_have_one_rule_each_and_are_used() -> None:
    rows = ROWS.values()
    assert set(RESULTS) == set(Gives) == {row.gives for row in rows}
    assert set(FAILURES) == set(Fails) == {row.fails for row in rows}
    assert set(OF_EFFECT) == set(Effect) == {row.effect for row in rows if isinstance(row.effect, Effect)}


scalars = st.sampled_from([None, True, False, 0, 1, -2, 2.5, "", " ", "a,b", "12", "x y", MISSING])
inputs = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("a"), inner, max_size=1),
    max_leaves=4,
).map(lambda value: _no_missing(value))


def _no_missing(value: Any) -> Any:
    if isinstance(value, list):
        return [_no_missing(v) for v in value if v is not MISSING]
    if isinstance(value, dict):
        return {k: _no_missing(v) for k, v in value.items() if v is not MISSING}
    return value


def least(name: str) -> int:
    return sum(1 for p in ROWS[name].parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY)


def most(name: str) -> int:
    return sum(1 for p in ROWS[name].parameters if p.kind is not p.KEYWORD_ONLY)


@examples(300, *HealthCheck)
@given(
    st.sampled_from(sorted(FILTERS)), st.lists(inputs, min_size=1, max_size=2), st.lists(scalars, max_size=2)
)
def test_filters_keep_to_their_signatures(name: str, given_values: list[Any], arguments: list[Any]) -> None:
    value_type = reduce(join, (literal_type(v) for v in given_values))
    types = tuple(literal_type(a) for a in arguments)
    for value_known, argument_types in (
        (value_type, types),
        (ANYTHING.with_missing(), (ANYTHING.with_missing(),) * len(types)),
    ):
        found, may_fail = filter_type(name, value_known, argument_types, is_plain=True)
        for value in given_values:
            result = outcome(apply, FILTERS[name], -1, value, *arguments)
            if isinstance(result, Fault):
                # How many arguments a filter takes is checked where it is parsed.
                is_called = least(name) <= len(arguments) <= most(name)
                assert may_fail or not is_called or result.code in LIMITS, (name, value, arguments)
                continue
            assert admits(found, plain(result)), (name, value, arguments, result, found)


SOURCE = {
    "type": "object",
    "required": ["id", "kind"],
    "properties": {
        "id": {"type": "string", "pattern": "\\S"},
        "kind": {"enum": ["page", "track"]},
        "n": {"type": "integer", "minimum": 1},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
        "user": {"type": ["object", "null"], "properties": {"name": {"type": "string"}}},
    },
}
A, B = "a", "b"
TYPES: list[tuple[Json, Type]] = [
    ("$.kind", read_schema({"enum": ["page", "track"]})),
    ("$.n", read_schema({"type": "integer", "minimum": 1}).with_missing()),
    ("$.tags[*]", read_schema({"type": "array", "items": {"enum": ["a", "b"]}})),
    ("$.tags[0]", read_schema({"enum": ["a", "b"]}).with_missing()),
    ("$.tags[0:1]", read_schema({"type": "array", "items": {"enum": ["a", "b"]}})),
    ("$.tags[?@ == 'a']", read_schema({"type": "array", "items": {"const": "a"}})),
    (
        "$.lines[?@.price > 3].price",
        read_schema({"type": "array", "items": {"type": "number", "exclusiveMinimum": 3}}),
    ),
    ("$.lines[?@.price].price", read_schema({"type": "array", "items": {"type": "number"}})),
    ("$.user.name", read_schema({"type": "string"}).with_missing()),
    ("{{ kind }}", read_schema({"enum": ["page", "track"]})),
    ("{{ kind | upcase }}", read_schema({"enum": ["PAGE", "TRACK"]})),
    ("{{ kind }}-1", read_schema({"enum": ["page-1", "track-1"]})),
    ("{% if kind == 'page' %}{{ kind }}{% else %}other{% endif %}", read_schema({"enum": ["page", "other"]})),
    ("{% case kind %}{% when 'page' %}p{% when 'track' %}t{% endcase %}", read_schema({"enum": ["p", "t"]})),
    ("{% unless kind == 'page' %}{{ kind }}{% endunless %}", read_schema({"enum": ["", "track"]})),
    ("{% assign k = kind | append: '!' %}{{ k }}", read_schema({"enum": ["page!", "track!"]})),
    ("{% capture k %}<{{ kind }}>{% endcapture %}{{ k }}", read_schema({"enum": ["<page>", "<track>"]})),
    ({"match": "$.kind", "cases": {"page": 1, "track": 2}}, read_schema({"enum": [1, 2]})),
    ({"match": "$.kind", "cases": {"page": 1}, "else": "$.kind"}, read_schema({"enum": [1, "track"]})),
    ({"when": "kind == 'page'", "then": "$.kind"}, read_schema({"const": "page"}).with_missing()),
    (
        {"first_of": ["$.n", "$.id"]},
        join(
            read_schema({"type": "integer", "minimum": 1}),
            Type(texts=Texts(None, False, 1, patterns=frozenset({"\\S"}))),
        ),
    ),
    ({"path": "$.n", "default": 0}, read_schema({"type": "integer", "minimum": 0})),
    ({"path": "$.n", "on_missing": "reject"}, read_schema({"type": "integer", "minimum": 1})),
    (
        {"map": "$.lines", "to": {"path": "$.price", "default": 0}},
        read_schema({"type": "array", "items": {"type": "number"}}).with_missing(),
    ),
    ({"literal": 5, "as": "string"}, literal_type("5")),
    (
        {"merge": [{"a": 1}, {"b": "$.kind"}]},
        read_schema(
            {
                "type": "object",
                "properties": {"a": {"const": 1}, "b": {"enum": ["page", "track"]}},
                "required": ["a", "b"],
                "additionalProperties": False,
            }
        ),
    ),
    (
        {"path": "$.user", "pick": ["name"]},
        read_schema(
            {
                "type": ["object", "null"],
                "properties": {"name": {"type": "string"}},
                "additionalProperties": False,
            }
        ).with_missing(),
    ),
    (
        [1, "$.kind"],
        read_schema({"type": "array", "items": {"enum": [1, "page", "track"]}, "minItems": 2, "maxItems": 2}),
    ),
]


@pytest.mark.parametrize(
    ("expression", "expected"), TYPES, ids=lambda v: None if isinstance(v, Type) else str(v)
)
def test_types(expression: Json, expected: Type) -> None:
    found = infer_value(
        value_of(program_of({"p": expression})), initial_scope(read_schema(SOURCE)), Inference()
    )
    assert found == expected


def test_rules_narrow_what_follows() -> None:
    program = program_of({"p": "$.user.name"}, skip=[{"when": "user.name == blank", "reason": "none"}])
    found = infer_program(program, PayloadTypes(read_schema(SOURCE))).type_of(value_of(program))
    assert found == Type(texts=Texts(blank=False, shortest=1))


def test_what_is_assumed_is_said() -> None:
    program = program_of({"p": {"envelope": "$.a"}})
    assert "may be anything" in infer_program(program, PayloadTypes()).assumed[0]
