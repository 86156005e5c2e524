"""Admitted: the values that a source schema admits at a place.

This is the only module here that reads schemas. A keyword that it does not follow admits more, never less.
A `format` that it knows counts as a promise, as a `pattern` does, although JSON Schema 2020-12 §7.2.1 makes
it an annotation by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from mapper.budget import remembered
from mapper.checker.templates.value_sets import (
    IMPOSSIBLE,
    MISSING,
    NUMBER,
    Items,
    Members,
    ValueSet,
    constant,
    joined,
    something,
)
from mapper.regex.characters import DIGITS, HEX_DIGITS, ranges
from mapper.regex.characters import joined as joined_ranges
from mapper.regex.expressions import matching
from mapper.regex.languages import (
    ANYTHING,
    Language,
    concatenated,
    intersection,
    many,
    one_of,
    optional,
    repeated,
    union,
    up_to,
    without_empty,
    word,
)
from mapper.runtime.json.types import type_of
from mapper.schemas.questions import (
    Subschema,
    allows_type,
    find_reference,
    items_of,
    property_of,
    required_of,
)

_MAX_DEPTH = 40
_MAX_LENGTH = 40


def _times(language: Language, count: int) -> Language:
    return concatenated(*[language] * count)


@remembered(64)
def _of_format(name: str) -> Language | None:
    digit, two = one_of(DIGITS), _times(one_of(DIGITS), 2)
    day = concatenated(two, two, word("-"), two, word("-"), two)
    offset = union(one_of(ranges("Zz")), concatenated(one_of(ranges("+-")), two, word(":"), two))
    fraction = optional(concatenated(word("."), repeated(digit, min_rounds=1)))
    clock = concatenated(two, word(":"), two, word(":"), two, fraction, offset)
    formats = {
        "date": day,
        "time": clock,
        "date-time": concatenated(day, one_of(ranges("Tt")), clock),
        "uuid": many(joined_ranges((*ranges("-"), *HEX_DIGITS))),
        "ipv4": many(joined_ranges((*ranges("."), *DIGITS))),
        "ipv6": many(joined_ranges((*ranges(".:"), *HEX_DIGITS))),
    }
    return formats.get(name)


def whole_item(document: Subschema | None) -> ValueSet:
    """The item itself; without a schema anything."""
    return something() if document is None else admitted(document, document, 0)


def admitted(document: Subschema, schema: Subschema, depth: int) -> ValueSet:
    """The values that a subschema of the document admits."""
    if schema is True or schema == {} or depth > _MAX_DEPTH:
        return something()
    if schema is False:
        return IMPOSSIBLE
    listed = _listed(schema)
    if listed is not None:
        fitting = [value for value in listed if allows_type(document, schema, type_of(value))]
        return joined(*map(_equal_to, fitting))
    has = partial(allows_type, document, schema)
    return ValueSet(
        null=has("null"),
        true=has("boolean"),
        false=has("boolean"),
        number=NUMBER if has("number") or has("integer") else None,
        text=_text(document, schema, 0) if has("string") else None,
        items=_items(document, schema, depth) if has("array") else None,
        members=_members(document, schema, depth) if has("object") else None,
    )


def _equal_to(value: object) -> ValueSet:
    # JSON Schema takes 1, 1.0 and 1e0 for one number (2020-12 §4.2.2), but they are printed differently.
    if isinstance(value, list):
        return joined(something(), IMPOSSIBLE)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        return constant(value)
    return joined(constant(value), constant(int(value)), _as_float(value))


def _as_float(value: int | float) -> ValueSet:
    try:
        return constant(float(value))
    except OverflowError:
        return IMPOSSIBLE


def _listed(schema: Subschema) -> list[Any] | None:
    if isinstance(schema, bool):
        return None
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _items(document: Subschema, schema: Subschema, depth: int) -> Items:
    element = items_of(document, schema)
    min_items = schema.get("minItems", 0) if isinstance(schema, Mapping) else 0
    max_items = schema.get("maxItems") if isinstance(schema, Mapping) else None
    if element is False:
        max_items = 0

    @cache
    def of_element() -> ValueSet:
        return admitted(document, element, depth + 1)

    return Items(of_element, int(min_items), None if max_items is None else int(max_items))


def _members(document: Subschema, schema: Subschema, depth: int) -> Members:
    required = required_of(document, schema)

    @cache
    def member(name: str) -> ValueSet:
        inner = admitted(document, property_of(document, schema, name), depth + 1)
        return inner if name in required else joined(inner, MISSING)

    return Members(member, tuple(sorted(required)))


def _text(document: Subschema, schema: Subschema, hops: int) -> Language:
    """The texts a subschema admits."""
    if isinstance(schema, bool) or hops > _MAX_DEPTH:
        return ANYTHING
    found = _own_text(schema)
    for reference in ("$ref", "$dynamicRef"):
        target = find_reference(document, schema[reference]) if reference in schema else None
        if target is not None:
            found = intersection(found, _text(document, target, hops + 1))
    for part in schema.get("allOf", ()):
        found = intersection(found, _text(document, part, hops + 1))
    for choices in ("anyOf", "oneOf"):
        branches = [b for b in schema.get(choices, ()) if allows_type(document, b, "string")]
        if branches:
            found = intersection(found, union(*(_text(document, b, hops + 1) for b in branches)))
    return found


def _own_text(schema: Mapping[str, Any]) -> Language:
    found = ANYTHING
    listed = _listed(schema)
    if listed is not None:
        found = union(*(word(value) for value in listed if isinstance(value, str)))
    if "pattern" in schema:
        found = intersection(found, matching(schema["pattern"]))
    form = _of_format(schema["format"]) if "format" in schema else None
    if form is not None:
        found = intersection(found, form)
    if schema.get("minLength", 0) >= 1:
        found = without_empty(found)
    max_length = schema.get("maxLength")
    if max_length is not None and max_length <= _MAX_LENGTH and not found.is_finite:
        found = intersection(found, up_to(int(max_length)))
    return found
