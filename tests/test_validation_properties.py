"""Properties of generated validators: on random schemas and values they say what jsonschema says."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mapper.regex.danger import find_danger
from mapper.runtime.schema.keywords import is_stack_used_up
from mapper.runtime.schema.validation import is_json, same, violations
from mapper.schemas.form import is_plainly_valid
from mapper.schemas.positions import locate_json
from mapper.schemas.questions import (
    allows_type,
    is_closed,
    items_of,
    properties_of,
    property_of,
    required_of,
    type_of,
)
from tests.generated import compiled, reference

FORMATS = {
    "date-time": [
        "2026-11-23T20:00:00Z",
        "2024-02-29T00:00:00.5+05:30",
        "2023-02-29T00:00:00Z",
        "2026-11-23",
    ],
    "uuid": ["2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08aa9811eab4aa73b441d16380"],
    "uri": ["https://example.com/a?b#c", "/a"],
    "email": ["a@b", "ab"],
    "ipv4": ["127.0.0.1", "127.0.0"],
    "unknown": ["x"],
}
NAMES = st.sampled_from(["a", "b", "c", "", "1", "é", "a'b"])
TEXTS = st.one_of(
    st.sampled_from(
        ["", " ", "a", "ab", "aa1", "😀", *(text for texts in FORMATS.values() for text in texts)]
    ),
    st.text(max_size=4),
)
NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 2, 1.0, 2.0, 0.5, 10**20, 1e20]),
    st.integers(-4, 4),
    st.floats(-4, 4, width=16),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=8,
)
TYPES = st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])
COUNTS = st.one_of(st.integers(0, 3), st.sampled_from([1.0, 2.0]))


KEYWORDS = """
    $schema $id $ref $anchor $comment $defs title description format pattern minimum maximum
    exclusiveMinimum minLength maxLength minItems maxItems minProperties deprecated readOnly uniqueItems const
    default enum examples properties patternProperties dependentSchemas allOf anyOf prefixItems items contains
    additionalProperties not if unevaluatedProperties required type x-unknown
""".split()  # noqa: SIM905


def schemas_over(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas that hold some of the keywords, the subschemas being drawn from `inner`."""
    maps = st.dictionaries(NAMES, inner, max_size=3)
    lists = st.lists(inner, min_size=1, max_size=2)
    inlined = {
        "type": st.one_of(TYPES, st.lists(TYPES, min_size=1, max_size=3, unique=True)),
        "enum": st.lists(VALUES, max_size=4),
        "const": VALUES,
        "minLength": COUNTS,
        "maxLength": COUNTS,
        "pattern": st.sampled_from([r"\S", "^a", "a$", r"^\d+", "😀", "[^a]", ""]),
        "format": st.sampled_from(list(FORMATS)),
        "minimum": NUMBERS,
        "maximum": NUMBERS,
        "minItems": COUNTS,
        "maxItems": COUNTS,
        "items": inner,
        "properties": maps,
        "required": st.lists(NAMES, max_size=3, unique=True),
        "additionalProperties": st.one_of(st.booleans(), inner),
        "title": TEXTS,
        "default": VALUES,
    }
    others = {
        "$ref": st.sampled_from(["#", "#/$defs/word", "#/$defs/a~1b%20c"]),
        "allOf": lists,
        "anyOf": lists,
        "oneOf": lists,
        "not": inner,
        "if": inner,
        "then": inner,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b|c", "1"]), inner, max_size=2),
        "prefixItems": lists,
        "exclusiveMinimum": NUMBERS,
        "multipleOf": st.sampled_from([1, 2, 0.5]),
        "uniqueItems": st.booleans(),
        "contains": inner,
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
        "minProperties": COUNTS,
        "unevaluatedProperties": st.booleans(),
        "unknown-keyword": VALUES,
    }
    plain = st.fixed_dictionaries({}, optional=inlined)
    mixed = st.builds(lambda a, b: a | b, plain, some_of(others))
    return st.one_of(plain, plain, mixed)


def some_of(keywords: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """One or two of the keywords, with values."""
    chosen = st.lists(st.sampled_from(sorted(keywords)), min_size=1, max_size=2, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: keywords[name] for name in names}))


SCHEMAS = st.recursive(st.one_of(st.booleans(), schemas_over(st.booleans())), schemas_over, max_leaves=5)
DOCUMENTS = st.builds(
    lambda schema, a, b: {**schema, "$defs": {"word": a, "a/b c": b}},
    SCHEMAS.filter(lambda schema: isinstance(schema, dict)),
    SCHEMAS,
    SCHEMAS,
)
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def reference_verdict(schema: Any, value: object) -> bool | None:
    """What jsonschema says; None where a reference leads back to itself and it cannot tell."""
    try:
        return bool(reference(schema).is_valid(value))
    except BaseException as error:
        if is_stack_used_up(error):
            return None
        raise


@SLOW
@given(st.one_of(SCHEMAS, DOCUMENTS), st.lists(VALUES, min_size=1, max_size=6))
def test_verdict_is_that_of_jsonschema(schema: Any, values: list[Any]) -> None:
    if isinstance(schema, dict) and "$defs" not in schema:
        schema = {**schema, "$defs": {"word": {"type": "string"}, "a/b c": True}}
    Draft202012Validator.check_schema(schema)
    valid = compiled(schema)
    for value in values:
        verdict = reference_verdict(schema, value)
        if verdict is None:
            continue  # `load_schema` refuses references that lead back to themselves (M007)
        assert valid(value) is verdict
        with suppress(RecursionError):  # to explain goes further into alternatives than to judge
            assert bool(violations(json.dumps(schema), value)) is not verdict


@SLOW
@given(schemas_over(st.fixed_dictionaries({"type": TYPES})), st.data())
def test_verdict_on_objects_near_the_schema(schema: Any, data: st.DataObject) -> None:
    document = {"type": "object", "properties": {"a": schema, "b": schema}, "required": ["a"]} | schema
    document["$defs"] = {"word": {"maxLength": 2}, "a/b c": {"type": "string"}}
    value = data.draw(st.dictionaries(NAMES, VALUES, max_size=4))
    verdict = reference_verdict(document, value)
    assert verdict is None or compiled(document)(value) is verdict


@SLOW
@given(DOCUMENTS, VALUES)
def test_shapes_are_sound(document: Any, value: Any) -> None:
    if "$ref" in json.dumps(document) or reference_verdict(document, value) is not True:
        return
    assert allows_type(document, document, type_of(value))
    if isinstance(value, dict):
        assert required_of(document, document) <= set(value)
        known = properties_of(document, document)
        assert not is_closed(document, document) or set(value) <= set(known)
        for name, member in value.items():
            assert allows_type(document, property_of(document, document, name), type_of(member))
    if isinstance(value, list):
        assert all(allows_type(document, items_of(document, document), type_of(item)) for item in value)


DAMAGED = schemas_over(st.one_of(VALUES, schemas_over(VALUES)))


@SLOW
@given(st.one_of(DAMAGED, st.dictionaries(st.sampled_from(KEYWORDS), VALUES)))
def test_what_is_plainly_valid_is_valid(schema: Any) -> None:
    if is_plainly_valid(schema):
        Draft202012Validator.check_schema(schema)


@given(DOCUMENTS)
def test_plain_validity_is_often_told(schema: Any) -> None:
    strange = {
        "unknown-keyword",
        "multipleOf",
        "dependentRequired",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
    }
    if not any(f'"{keyword}"' in json.dumps(schema) for keyword in strange | {"minProperties", "$ref"}):
        assert is_plainly_valid(schema)


@given(VALUES, VALUES)
def test_same_is_equality_of_enum(value: Any, constant: Any) -> None:
    assert same(value, constant) is Draft202012Validator({"const": constant}).is_valid(value)
    assert same(value, json.loads(json.dumps(value)))


@given(
    st.recursive(
        st.one_of(SCALARS, st.text(), st.floats()), lambda i: st.dictionaries(st.text(), i) | st.lists(i)
    )
)
def test_is_json_is_what_strict_json_can_write(value: Any) -> None:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        expected = True
    except ValueError:
        expected = False
    assert is_json(value) is expected


@given(
    st.recursive(SCALARS, lambda i: st.dictionaries(st.text(), i) | st.lists(i)), st.sampled_from([None, 2])
)
def test_positions_cut_out_the_values(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=indent is None)
    found = locate_json(text)
    assert not found.duplicates
    for pointer, (start, end) in found.values.items():
        node = value
        for step in pointer:
            node = node[step]
        assert json.loads(text[start:end]) == node
    for pointer, (start, end) in found.names.items():
        assert json.loads(text[start:end]) == pointer[-1]


@given(st.text(alphabet="ab(|)*+?{},1[]^$\\.dw:=!<P>#i", max_size=14))
def test_find_danger_judges_any_text(pattern: str) -> None:
    danger = find_danger(pattern)
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError, FutureWarning):
        assert danger is not None
