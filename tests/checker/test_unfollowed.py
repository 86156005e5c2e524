"""Unfollowed keywords: a value that fits them fits wherever they are written again, and only there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given

from mapper.checker.types import Type, is_subtype, join, meet, read_types
from mapper.checker.types.complements import complement
from mapper.checker.types.facts import Bound
from mapper.checker.types.written_schemas import MAX_TARGETS, MAX_WRITTEN, SchemaTexts
from mapper.runtime.schema.validation import delegate
from support.examples import examples
from support.keyword_schemas import changed, object_schema, schema_of
from support.random_schemas import DOCUMENTS
from support.schema_values import values_of_schema

QUICK = examples(30, *HealthCheck)
TEXT = {"type": "string"}
TREE = {"properties": {"next": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}, "type": "object"}


def upper(schema: Any) -> Type:
    return read_types(schema).upper


def lower(schema: Any) -> Type:
    return read_types(schema).lower


def retold(node: Any, *, is_schema: bool = True) -> Any:
    """The same schema with other names for its definitions, with notes, and its keywords in another order."""
    if isinstance(node, list):
        return [retold(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {}
    for keyword, value in reversed(node.items()):
        if is_schema and keyword in ("$ref", "$dynamicRef") and isinstance(value, str):
            found[keyword] = value.replace("#/$defs/", "#/$defs/new_")
        elif is_schema and keyword == "$defs":
            found[keyword] = {f"new_{name}": retold(part) for name, part in value.items()}
        elif is_schema and keyword in ("properties", "patternProperties", "dependentSchemas"):
            found[keyword] = retold(value, is_schema=False)
        elif is_schema and keyword in ("const", "enum", "required", "dependentRequired"):
            found[keyword] = value
        else:
            found[keyword] = retold(value)
    return {**found, "title": "told again", "default": 1} if is_schema else found


@QUICK
@given(DOCUMENTS)
def test_the_values_of_a_schema_fit_one_that_is_written_alike(document: dict[str, Any]) -> None:
    found, other = read_types(document), read_types(retold(document))
    assert is_subtype(found.upper, other.lower), document


@pytest.mark.parametrize("seed", range(2))
def test_each_keyword_is_passed_on_as_it_is_written(seed: int) -> None:
    chance = Random(seed)
    counts = Counter[bool]()
    for _ in range(60):
        schema = object_schema(chance, ["a", "b", "c"])
        source, target = read_types(schema), read_types(retold(schema))
        assert is_subtype(source.upper, target.lower), schema
        for name, part in schema["properties"].items():
            member = source.of_member(name).upper.with_missing(False)
            assert is_subtype(member, lower(retold(part))), (name, schema)
            counts[bool(upper(part).unfollowed)] += 1
    assert counts[True] > 2  # of 180; most are facts


@pytest.mark.parametrize("seed", range(2))
def test_a_conclusion_holds_for_the_values_of_a_schema(seed: int) -> None:
    chance = Random(seed)
    counts = Counter[str]()
    for _ in range(60):
        one = schema_of(chance) if chance.random() < 0.5 else object_schema(chance, ["a", "b"])
        other, third = changed(chance, one), changed(chance, one)
        fits = [delegate(json.dumps(each)) for each in (one, other, third)]
        values = [value for each in (one, other, third) for value in values_of_schema(each, chance, 4)]
        fitting = [[each(value) for each in fits] for value in values]
        first, second = upper(one), upper(other)
        claims = {
            "within": (first, lambda one, *_: one),
            "either": (join(first, second), lambda one, other, _: one or other),
            "both": (meet(first, second), lambda one, other, _: one and other),
            "outside": (complement(lower(one), Bound.UPPER), lambda one, *_: not one),
        }
        lowers = {
            "third": (lower(third), lambda _, __, third: third),
            "any": (
                join(lower(other), lower(third), Bound.LOWER),
                lambda _, other, third: other or third,
            ),
            "all": (
                meet(lower(other), lower(third), bound=Bound.LOWER),
                lambda _, other, third: other and third,
            ),
            "none": (complement(second, Bound.LOWER), lambda _, other, __: not other),
        }
        for title, (found, is_found) in claims.items():
            for wanted, (sure, is_wanted) in lowers.items():
                if is_subtype(found, sure):
                    counts[f"{title} {wanted}"] += 1
                    assert all(is_wanted(*fit) for fit in fitting if is_found(*fit)), (one, other, third)
            for text in texts_of(found):
                fits_part = delegate(text)
                found_values = [value for value, fit in zip(values, fitting, strict=True) if is_found(*fit)]
                assert all(map(fits_part, found_values)), (title, text, one, other)
    assert (
        min(counts[f"{title} {wanted}"] for title in ("within", "either") for wanted in ("third", "any")) > 10
    )


def texts_of(given: Type) -> Iterator[str]:
    """The parts of schemas that facts do not follow, as schemas; none that refer to others or list values."""
    for part in given.unfollowed:
        whole, *others = json.loads(part.text)
        if not others and not any(keyword in part.text for keyword in _SORTED):
            yield json.dumps(whole)


_SORTED = ('"required"', '"type": [', '"enum"')  # written as sorted texts
TREES = {"$ref": "#/$defs/tree", "$defs": {"tree": TREE}}
STRICTER: dict[str, tuple[Any, Any]] = {
    "more keywords": ({"contains": TEXT, "minItems": 2}, {"contains": TEXT}),
    "both of two": ({"allOf": [{"contains": TEXT}, {"contains": {"type": "null"}}]}, {"contains": TEXT}),
    "one of the kinds": (
        {"type": "array", "contains": TEXT},
        {"type": ["array", "null"], "contains": TEXT},
    ),
    "behind a name": ({"$ref": "#/$defs/x", "$defs": {"x": {"contains": TEXT}}}, {"contains": TEXT}),
    "a tree": (
        TREES,
        retold(TREES),
    ),
    "a format that is a note": ({"contains": {**TEXT, "format": "color"}}, {"contains": TEXT}),
    "in any order": ({"contains": {"required": ["a", "b"]}}, {"contains": {"required": ["b", "a"]}}),
}
WEAKER: dict[str, tuple[Any, Any]] = {
    "another number": ({"contains": TEXT}, {"contains": TEXT, "minContains": 2}),
    "another place": ({"prefixItems": [TEXT, True]}, {"prefixItems": [True, TEXT]}),
    "other elements": ({"prefixItems": [TEXT]}, {"prefixItems": [TEXT], "items": {"type": "null"}}),
    "another definition": (
        {"$defs": {"x": TEXT}, "contains": {"$ref": "#/$defs/x"}},
        {"$defs": {"x": {"type": "null"}}, "contains": {"$ref": "#/$defs/x"}},
    ),
    "a tree of another kind": (
        TREES,
        {"$ref": "#/$defs/tree", "$defs": {"tree": {**TREE, "maxProperties": 1}}},
    ),
    "a format that is checked": ({"contains": TEXT}, {"contains": {**TEXT, "format": "date"}}),
    "another depth": (
        {"unevaluatedItems": TEXT, "prefixItems": [{"type": "null"}]},
        {"allOf": [{"unevaluatedItems": TEXT}], "prefixItems": [{"type": "null"}]},
    ),
}


@pytest.mark.parametrize("name", STRICTER)
def test_a_stricter_schema_fits(name: str) -> None:
    source, target = STRICTER[name]
    assert is_subtype(upper(source), lower(target))


@pytest.mark.parametrize("name", WEAKER)
def test_a_schema_that_means_something_else_does_not_fit(name: str) -> None:
    source, target = WEAKER[name]
    assert not is_subtype(upper(source), lower(target))


def test_a_long_schema_has_no_text() -> None:
    assert text_of({}, {"allOf": [{}] * (MAX_WRITTEN - 1)})
    assert text_of({}, {"allOf": [{}] * MAX_WRITTEN}) is None
    assert text_of({}, {"$ref": "#/$defs/nowhere"}) is None
    many: Any = {f"d{each}": {"not": {"$ref": f"#/$defs/d{each + 1}"}} for each in range(MAX_TARGETS)}
    many[f"d{MAX_TARGETS}"] = {}
    assert text_of({"$defs": many}, {"$ref": "#/$defs/d1"})
    assert text_of({"$defs": many}, {"$ref": "#/$defs/d0"}) is None


def text_of(document: Any, schema: Any) -> str | None:
    return SchemaTexts(document).text_of(schema, schema)
