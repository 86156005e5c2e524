"""Syntax: a regular expression as the tree that Python's own parser makes of it.

Patterns of schemas are those of ECMA-262 (JSON Schema 2020-12 §6.4). They are written as Python's before
anything else reads them: `\\d`, `\\w` and `\\b` know ASCII alone, and `$` is the end of the text. `\\s` is
all of Unicode's white space; as in `blank`, U+001C to U+001F and U+0085 count, and U+FEFF does not.

No other module imports the parser: it is private to CPython, and so are the names of its nodes (`codes`).
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["as_python", "atom_source", "codes", "combined", "parse"]

_TYPES = re.ASCII | re.LOCALE | re.UNICODE
# The only categories in a tree: `as_python` writes the others as classes.
_ESCAPES = {codes.CATEGORY_SPACE: r"\s", codes.CATEGORY_NOT_SPACE: r"\S"}
_IN_CLASS = {
    r"\d": "0-9",
    r"\D": r"\x00-\x2f\x3a-\U0010ffff",
    r"\w": "0-9A-Za-z_",
    r"\W": r"\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\U0010ffff",
}
_OUTSIDE = {
    r"\d": "[0-9]",
    r"\D": "[^0-9]",
    r"\w": "[0-9A-Za-z_]",
    r"\W": "[^0-9A-Za-z_]",
    r"\b": r"(?a:\b)",
    r"\B": r"(?a:\B)",
}
_TOKEN = re.compile(r"\\[\s\S]|\[\^?\]?|[\s\S]")
_MULTILINE = re.compile(r"\(\?[a-zA-Z]*m")


@lru_cache(maxsize=16_384)
def as_python(pattern: str) -> str:
    """The pattern with the meaning of ECMA-262, as Python writes it; an invalid one stays invalid.

    In a pattern with the flag `m`, which ECMA-262 has not, `$` stays as it is.
    """
    end = "$" if _MULTILINE.search(pattern) else r"\Z"
    pieces, in_class = [], False
    for token in _TOKEN.findall(pattern):
        if token[0] == "\\":
            pieces.append((_IN_CLASS if in_class else _OUTSIDE).get(token, token))
            continue
        if in_class:
            in_class = token[-1] != "]"  # inside a class, `[` is a character like others: `[a[]`
        elif token[0] == "[":
            in_class = True
        elif token == "$":
            token = end
        pieces.append(token)
    return "".join(pieces)


def parse(pattern: str) -> tuple[Any, int]:
    """The tree of a schema's expression, and the flags that it sets for itself.

    Raises `re.error`, and RecursionError or OverflowError for what the parser cannot hold.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about set operations, which are refused when a schema is loaded
        tree = parser.parse(as_python(pattern))
    return tree, tree.state.flags


def combined(flags: int, added: int, removed: int) -> int:
    """The flags inside a group that adds and removes some."""
    if added & _TYPES:
        flags &= ~_TYPES
    return (flags | added) & ~removed


def atom_source(code: Any, value: Any) -> str:
    """A matcher of one character, written as an expression that means the same under the same flags."""
    match code:
        case codes.LITERAL:
            return _literal(value)
        case codes.NOT_LITERAL:
            return f"[^{_literal(value)}]"
        case codes.ANY:
            return "."
    parts = []
    for kind, given in value:
        match kind:
            case codes.NEGATE:
                parts.append("^")
            case codes.LITERAL:
                parts.append(_literal(given))
            case codes.RANGE:
                parts.append(f"{_literal(given[0])}-{_literal(given[1])}")
            case _:
                parts.append(_ESCAPES[given])
    return f"[{''.join(parts)}]"


def _literal(code_point: int) -> str:
    return f"\\U{code_point:08x}"
