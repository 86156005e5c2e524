"""Bounds of schemas: each value of the lower type fits, and each value that fits is of the upper type."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from mapper.budget import TooComplex, limited
from mapper.checker.types import admits, is_subtype, literal_type, read_types
from mapper.checker.types.bounds import Bounds
from mapper.checker.types.facts import Bound
from mapper.checker.types.from_schema import SchemaReading
from mapper.checker.types.lattice import facts_of, overlaps
from mapper.runtime.missing import MISSING
from mapper.runtime.schema.keywords import is_stack_used_up
from mapper.runtime.schema.validation import delegate
from support.examples import examples
from support.keyword_schemas import changed, object_schema, schema_of
from support.random_schemas import DOCUMENTS, NAMES, VALUES
from support.schema_values import values_of_schema
from support.validators import reference

QUICK = examples(30, *HealthCheck)


def read(document: Any) -> tuple[Bounds, SchemaReading]:
    reading = SchemaReading(document)
    return reading.read(document), reading


def verdict(document: Any, value: Any) -> bool | None:
    """The verdict of jsonschema; None if a reference leads back to itself."""
    try:
        return reference(document).is_valid(value)
    except BaseException as error:
        if is_stack_used_up(error):
            return None
        raise


@QUICK
@given(DOCUMENTS, st.lists(VALUES, min_size=4, max_size=12))
def test_a_schema_lies_between_its_bounds(document: dict[str, Any], values: list[Any]) -> None:
    found, reading = read(document)
    for value in values:
        fits = verdict(document, value)
        if fits is None:
            continue
        if fits:
            assert admits(found.upper, value), (value, document, found)
        else:
            assert not admits(found.lower, value, Bound.LOWER), (value, document, found)
    assert is_subtype(found.upper, found.lower) or reading.obstacles


@QUICK
@given(DOCUMENTS, st.lists(st.dictionaries(NAMES, VALUES, max_size=3), min_size=4, max_size=12))
def test_members_of_the_lower_types_make_an_object_that_fits(
    document: dict[str, Any], values: list[dict[str, Any]]
) -> None:
    # Each member is judged alone, as the checker judges the fields of an event.
    types = read_types(document)
    for value in values:
        names = {
            *value,
            *(name for part in facts_of(types.lower, Bound.LOWER).objects for name in part.members),
        }
        try:
            with limited():  # choices that lead back to themselves multiply
                places = {name: types.of_member(name) for name in names}
        except TooComplex:
            return
        if not all(
            admits(place.lower, value.get(name, MISSING), Bound.LOWER) for name, place in places.items()
        ):
            continue
        counts = [(part.fewest, part.most) for part in facts_of(types.lower, Bound.LOWER).objects]
        if counts and all(
            least <= len(value) <= (len(value) if most is None else most) for least, most in counts
        ):
            assert verdict(document, value), (value, document, types)


@pytest.mark.parametrize("seed", range(4))
def test_values_made_for_a_schema_and_for_one_near_it_lie_between_the_bounds(seed: int) -> None:
    chance = Random(seed)
    counts = Counter[str]()
    for _ in range(40):
        schema = schema_of(chance) if chance.random() < 0.5 else object_schema(chance, ["a", "b", "c"])
        found, reading = read(schema)
        fits = delegate(json.dumps(schema))
        assert found.is_exact or reading.obstacles, schema
        near = values_of_schema(changed(chance, schema), chance, 4)
        for value in (*values_of_schema(schema, chance, 4), *near):
            is_sure, may_fit = admits(found.lower, value, Bound.LOWER), admits(found.upper, value)
            assert is_sure <= fits(value) <= may_fit, (value, schema, found)
            counts.update({"fits": fits(value), "is_sure": is_sure})
    assert counts["is_sure"] > 0.8 * counts["fits"] > 100  # the lower bounds are worth something


def test_obstacles_are_named_by_place() -> None:
    document = {
        "properties": {
            "a": {"type": "array", "prefixItems": [{"type": "string"}]},
            "b": {"$ref": "#/$defs/one"},
            "c": {"type": "string"},
        },
        "additionalProperties": {"type": "array", "contains": {"type": "string"}},
        "$defs": {"one": {"not": {"format": "hostname"}}},
    }
    types = read_types(document)
    assert [(o.pointer, o.keyword) for o in types.of_member("a").obstacles] == [
        (("properties", "a", "prefixItems"), "prefixItems")
    ]
    assert [o.pointer for o in types.of_member("b").obstacles] == [("$defs", "one", "not")]
    assert types.of_member("c").obstacles == ()
    assert [o.keyword for o in types.of_member("d").obstacles] == ["contains"]
    assert len(types.obstacles) == 3


def test_a_member_that_depends_on_another_names_the_choice() -> None:
    types = read_types({"oneOf": [_kind("page", "string"), _kind("track", "number")]})
    place = types.of_member("value")
    assert place.lower.is_never
    assert place.upper.kinds == {"string", "number"}
    assert [o.pointer for o in place.obstacles] == [("oneOf",)]


def test_rules_for_names_are_exact() -> None:
    document = {
        "patternProperties": {"^x-": {"type": "string"}, "-n$": {"maxLength": 2}},
        "additionalProperties": {"type": "number"},
        "propertyNames": {"maxLength": 3},
    }
    event = literal_type({"x-a": "long", "x-n": "ab", "b": 1})
    types = read_types(document)
    assert types.upper is types.lower
    assert is_subtype(event, types.lower)
    for wrong in ({"x-a": 1}, {"x-n": "abc"}, {"b": "x"}, {"long": 1}):
        assert not overlaps(literal_type(wrong), types.upper)


def _kind(name: str, kind: str) -> dict[str, Any]:
    members = {"kind": {"const": name}, "value": {"type": kind}}
    return {"type": "object", "properties": members, "required": ["kind", "value"]}
