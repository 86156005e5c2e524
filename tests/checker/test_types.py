"""Types: the lattice's laws, and that no schema is read more narrowly than it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st

from mapper.catalog import shipped_schemas
from mapper.checker.types import (
    ANYTHING,
    NEVER,
    Type,
    admits,
    is_subtype,
    join,
    literal_type,
    meet,
    read_schema,
    text_type,
    without_nothing,
)
from mapper.checker.types.lattice import of_member
from mapper.checker.types.named import DIGEST, TIME
from mapper.diagnostics.diagnostic import Report
from mapper.runtime.missing import MISSING
from mapper.schemas.schema import load_schema
from support.examples import examples
from support.places import PAYLOAD_SCHEMAS
from support.validators import reference

QUICK = examples(60, *HealthCheck)
NAMES = ["a", "b", "kind", "x_1"]
TEXTS = ["", " ", "x", "abc", "1", "ab cd", "2026-11-23T20:00:00Z", "track"]
NUMBERS = [0, 1, -1, 2, 7, 1.0, 0.5, -2.5, 100]

scalars = st.sampled_from([None, True, False, *NUMBERS, *TEXTS])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
KINDS = ["null", "boolean", "integer", "number", "string", "array", "object"]


def keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(NAMES)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(KINDS)
            | st.lists(st.sampled_from(KINDS), min_size=1, max_size=4, unique=True),
            "properties": st.dictionaries(names, inner, max_size=3),
            "required": st.lists(names, max_size=2, unique=True),
            "additionalProperties": inner,
            "patternProperties": st.dictionaries(st.sampled_from(["^x_", "a|b"]), inner, max_size=1),
            "minProperties": st.integers(0, 2),
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "contains": inner,
            "minItems": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "minimum": st.sampled_from([-1, 0, 1, 0.5]),
            "exclusiveMinimum": st.sampled_from([-1, 0]),
            "maximum": st.sampled_from([1, 2, 7.5]),
            "exclusiveMaximum": st.sampled_from([7, 100]),
            "multipleOf": st.sampled_from([1, 0.5, 2]),
            "minLength": st.integers(0, 3),
            "maxLength": st.integers(0, 4),
            "pattern": st.sampled_from([r"\S", "^[a-z]+$", "^x?$", r"\d", "^ *$", "a|b "]),
            "format": st.just("date-time"),
        },
    )


def combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "allOf": several,
            "anyOf": several,
            "oneOf": several,
            "if": inner,
            "then": inner,
            "else": inner,
            "not": inner,
            "$ref": st.sampled_from(["#/$defs/one", "#/$defs/two"]),
        },
    )


def both(parts: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return {**parts[0], **parts[1]}


literals = values.map(lambda v: {"const": v}) | st.lists(values, min_size=1, max_size=3).map(
    lambda v: {"enum": v}
)
schemas = st.recursive(
    st.booleans() | literals | keywords(st.just(True)),
    lambda inner: st.tuples(keywords(inner), combined(inner)).map(both) | keywords(inner),
    max_leaves=8,
)


@QUICK
@given(schemas, schemas, schemas, st.lists(values, min_size=1, max_size=12))
def test_a_schema_is_never_read_more_narrowly(schema: Any, one: Any, two: Any, candidates: list[Any]) -> None:
    # References inside the definitions lead back into them, also to themselves below an array or object.
    definitions = {"one": {"items": one, "additionalProperties": two}, "two": {"type": ["object", "string"]}}
    document = {"allOf": [schema], "$defs": definitions}
    given_type = read_schema(document)
    valid = reference(document).is_valid
    for value in candidates:
        try:
            fits = valid(value)
        except RecursionError:
            continue
        if fits:
            assert admits(given_type, value), (value, document, given_type)


@QUICK
@given(schemas.filter(lambda s: "$ref" not in str(s)), schemas.filter(lambda s: "$ref" not in str(s)), values)
def test_join_meet_and_order(left: Any, right: Any, value: Any) -> None:
    one, two = read_schema(left), read_schema(right)
    in_one, in_two = admits(one, value), admits(two, value)
    assert admits(join(one, two), value) or not (in_one or in_two)
    assert admits(meet(one, two), value) or not (in_one and in_two)
    if is_subtype(one, two):
        assert in_two or not in_one
    assert is_subtype(one, one)
    assert is_subtype(one, join(one, two)) or one.objects or one.texts
    assert is_subtype(NEVER, one)
    assert not one.is_present or is_subtype(one, ANYTHING)


@QUICK
@given(values, values)
def test_the_type_of_a_literal(value: Any, other: Any) -> None:
    assert admits(literal_type(value), value)
    assert not admits(literal_type(value), MISSING)
    assume(not isinstance(value, list | dict))
    same = reference({"const": value}).is_valid(other)
    assert admits(literal_type(value), other) is same


@pytest.mark.parametrize("path", PAYLOAD_SCHEMAS, ids=lambda path: path.stem)
def test_shipped_schemas_are_read(path: Any) -> None:
    schema = load_schema(path, Report(), None)
    assert schema is not None
    found = read_schema(schema.document)
    assert found.kinds == {"object"}
    time = "2026-11-23T20:00:00Z"
    example = {
        name: {} if name.endswith("properties") else time for name in schema.document.get("required", [])
    }
    assert admits(found, example)


def read(**schema: Any) -> Type:
    return read_schema(schema)


EXACT = [
    (read(type="string", pattern=r"\S"), False),
    (read(type="string", minLength=1), True),
    (read(type="string", maxLength=0), True),
    (read(type="string", pattern="^[A-Za-z0-9]+$"), False),
    (read(type="string", pattern="^[A-Za-z0-9]*$"), True),
    (read(type="string", pattern="a|b"), False),
    (read(type="string", pattern="a|b?"), True),
    (read(type="string", format="date-time"), False),
    (read(enum=["a", " "]), True),
    (read(enum=["a", 5]), False),
    (read(type=["integer", "null"]), False),
]


@pytest.mark.parametrize(("found", "blank"), EXACT)
def test_blankness(found: Type, blank: bool) -> None:
    assert found.may_be_blank is blank


def test_members() -> None:
    found = read(
        type="object",
        properties={"a": {"type": "string"}, "b": {"type": "integer", "minimum": 3}},
        patternProperties={"^x_": {"type": "boolean"}},
        required=["a", "x_1"],
        additionalProperties=False,
    )
    assert of_member(found, "a").kinds == {"string"}
    assert not of_member(found, "a").missing
    assert of_member(found, "b").missing
    assert of_member(found, "x_1").kinds == {"boolean"}
    assert not of_member(found, "x_1").missing
    assert of_member(found, "x_2").kinds == {"boolean"}  # widened: what any pattern allows
    assert of_member(found, "x_2").missing


def test_alternatives_stay_apart() -> None:
    page = {"properties": {"kind": {"const": "page"}, "a": {"type": "string"}}, "required": ["kind", "a"]}
    track = {"properties": {"kind": {"const": "track"}}, "required": ["kind"]}
    found = read(type="object", oneOf=[page, track])
    assert len(found.objects) == 2
    pages = meet(found, read_schema({"properties": {"kind": {"const": "page"}}}))
    assert not of_member(pages, "a").missing
    assert of_member(found, "a").missing


def test_if_then_narrows_by_a_constant() -> None:
    found = read(
        type="object",
        properties={"kind": {"enum": ["page", "track"]}},
        required=["kind"],
        **{
            "if": {"properties": {"kind": {"const": "page"}}},
            "then": {"required": ["a"]},
            "else": {"required": ["b"]},
        },
    )
    tracks = meet(found, read_schema({"properties": {"kind": {"const": "track"}}}))
    assert not of_member(tracks, "b").missing
    assert of_member(tracks, "a").missing


def test_a_schema_that_refers_to_itself_is_read() -> None:
    document = {
        "$ref": "#/$defs/tree",
        "$defs": {
            "tree": {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"$ref": "#/$defs/tree"}},
                "required": ["a"],
            }
        },
    }
    found = read_schema(document)
    assert of_member(found, "a").kinds == {"string"}
    assert of_member(of_member(found, "b"), "a").missing  # below, everything is permitted


def test_what_we_write_satisfies_the_event() -> None:
    schema = load_schema(shipped_schemas() / "event.schema.json", Report(), None)
    assert schema is not None
    event = read_schema(schema.document)
    time = without_nothing(of_member(event, "timestamp"))
    assert is_subtype(TIME, time)
    assert not is_subtype(text_type(blank=False), time)
    assert is_subtype(DIGEST, of_member(event, "event_id"))
    assert not is_subtype(read(type="string", minLength=1), of_member(event, "user_id"))
