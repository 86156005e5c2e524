"""Random schemas over all keywords of 2020-12 that say something of a value, and values near them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

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
        "pattern": st.sampled_from([r"\S", "^a", "a$", r"^\d+", r"^\W+$", "😀", "[^a]", ""]),
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
        "$dynamicRef": st.sampled_from(["#word", "#/$defs/word"]),
        "allOf": lists,
        "anyOf": lists,
        "oneOf": lists,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b|c", "1"]), inner, max_size=2),
        "prefixItems": lists,
        "exclusiveMinimum": NUMBERS,
        "exclusiveMaximum": NUMBERS,
        "multipleOf": st.sampled_from([1, 2, 3, 0.5, 2.0, 0.1]),
        "uniqueItems": st.booleans(),
        "contains": inner,
        "minContains": COUNTS,
        "maxContains": COUNTS,
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
        "dependentSchemas": maps,
        "minProperties": COUNTS,
        "maxProperties": COUNTS,
        "propertyNames": inner,
        "unevaluatedProperties": inner,
        "unevaluatedItems": inner,
        "contentEncoding": st.just("base64"),
        "contentMediaType": st.just("application/json"),
        "contentSchema": inner,
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
    lambda schema, a, b: {**schema, "$defs": {"word": {"$dynamicAnchor": "word", **a}, "a/b c": b}},
    SCHEMAS.filter(lambda schema: isinstance(schema, dict)),
    SCHEMAS.filter(lambda schema: isinstance(schema, dict)),
    SCHEMAS,
)
