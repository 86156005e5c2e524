"""Syntax: a regular expression as the tree that Python's own parser makes of it.

No other module imports the parser: it is private to CPython, and so are the names of its nodes (`codes`).
"""

from __future__ import annotations

import re
import warnings
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["OPPOSITES", "atom_source", "codes", "combined", "parse"]

_TYPES = re.ASCII | re.LOCALE | re.UNICODE
_ESCAPES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}
_PAIRS = (
    (codes.CATEGORY_DIGIT, codes.CATEGORY_NOT_DIGIT),
    (codes.CATEGORY_SPACE, codes.CATEGORY_NOT_SPACE),
    (codes.CATEGORY_WORD, codes.CATEGORY_NOT_WORD),
)
# `\d` and `\D`, `\s` and `\S`, `\w` and `\W`: each is the other's complement.
OPPOSITES: dict[Any, Any] = {**dict(_PAIRS), **{b: a for a, b in _PAIRS}}


def parse(pattern: str) -> tuple[Any, int]:
    """The tree of an expression, and the flags that it sets for itself.

    Raises `re.error`, and RecursionError or OverflowError for what the parser cannot hold.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about set operations, which are refused when a schema is loaded
        tree = parser.parse(pattern)
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
