"""Languages of patterns: what follows from a regular expression without running it on every text."""

from __future__ import annotations

import re
from functools import lru_cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_SPACES = [chr(code) for code in range(0x3001) if chr(code).isspace()]


@lru_cache(maxsize=1024)
def implies_content(pattern: str) -> bool:
    """Whether a text in which the pattern is found surely holds a character that is no white space."""
    try:
        return any(_needs_content(item) for item in _items(parser.parse(pattern)))
    except (re.error, RecursionError, OverflowError):
        return False


def _items(sequence: Any) -> list[tuple[Any, Any]]:
    return list(sequence)


def _needs_content(item: tuple[Any, Any]) -> bool:
    code, value = item
    match code:
        case codes.LITERAL:
            return not chr(value).isspace()
        case codes.IN | codes.NOT_LITERAL | codes.ANY:
            return not any(_takes(item, space) for space in _SPACES)
        case codes.MAX_REPEAT | codes.MIN_REPEAT | codes.POSSESSIVE_REPEAT:
            return value[0] > 0 and any(_needs_content(inner) for inner in _items(value[2]))
        case codes.SUBPATTERN:
            return any(_needs_content(inner) for inner in _items(value[3]))
        case codes.ATOMIC_GROUP:
            return any(_needs_content(inner) for inner in _items(value))
        case codes.BRANCH:
            return all(any(_needs_content(inner) for inner in _items(branch)) for branch in value[1])
        case _:
            return False


def _takes(item: tuple[Any, Any], character: str) -> bool:
    """Whether a matcher of one character takes this one; in doubt it does."""
    code, value = item
    point = ord(character)
    match code:
        case codes.LITERAL:
            return bool(value == point)
        case codes.NOT_LITERAL:
            return bool(value != point)
        case codes.ANY:
            return character != "\n"
        case codes.IN:
            negated = value[0][0] is codes.NEGATE
            return any(
                _in_class(part, character, point) for part in value if part[0] is not codes.NEGATE
            ) is (not negated)
        case _:
            return True


_CATEGORIES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}


def _in_class(part: tuple[Any, Any], character: str, point: int) -> bool:
    code, value = part
    match code:
        case codes.LITERAL:
            return bool(value == point)
        case codes.RANGE:
            return bool(value[0] <= point <= value[1])
        case codes.CATEGORY:
            return re.fullmatch(_CATEGORIES[value], character) is not None
        case _:
            return True


@lru_cache(maxsize=1024)
def reads_alike(pattern: str, alphabet: str) -> bool:
    """Whether the pattern treats all characters of an alphabet alike, so that one text stands for others."""
    try:
        return _alike(parser.parse(pattern), alphabet)
    except (re.error, RecursionError, OverflowError):
        return False


def _alike(sequence: Any, alphabet: str) -> bool:
    return all(_item_alike(item, alphabet) for item in _items(sequence))


def _item_alike(item: tuple[Any, Any], alphabet: str) -> bool:
    code, value = item
    match code:
        case codes.LITERAL | codes.NOT_LITERAL | codes.IN | codes.ANY:
            return len({_takes(item, character) for character in alphabet}) == 1
        case codes.AT:
            return value not in (codes.AT_BOUNDARY, codes.AT_NON_BOUNDARY) or alphabet.isalnum()
        case codes.MAX_REPEAT | codes.MIN_REPEAT | codes.POSSESSIVE_REPEAT:
            return _alike(value[2], alphabet)
        case codes.SUBPATTERN:
            return not value[1] and not value[2] and _alike(value[3], alphabet)
        case codes.ASSERT | codes.ASSERT_NOT:
            return _alike(value[1], alphabet)
        case codes.BRANCH:
            return all(_alike(branch, alphabet) for branch in value[1])
        case _:
            return False
