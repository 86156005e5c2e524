"""Types: the type of a JSON value by JSON Schema 2020-12 (Core §4.2.1), and the words for it in messages."""

from __future__ import annotations

from collections.abc import Iterable

WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
TYPES = tuple(WORDS)


def type_of(value: object) -> str:
    """The JSON type of a parsed value; 1.0 is an integer."""
    return "integer" if isinstance(value, float) and value.is_integer() else written_type_of(value)


def written_type_of(value: object) -> str:
    """The JSON type of a parsed value as its text shows it: 1 is an integer, 1.0 is a number."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def in_words(types: Iterable[str]) -> str:
    """Types as messages name them: `text or a list`; a whole number is not mentioned beside a number."""
    names = set(types)
    if "number" in names:
        names.discard("integer")
    return " or ".join(words for name, words in WORDS.items() if name in names)
