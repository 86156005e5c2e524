"""Implications: facts about all texts in which a regular expression is found."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from mapper.regex.characters import WHITE_SPACE
from mapper.regex.syntax import atom_source, codes, parse

_SPACES = "".join(chr(point) for low, high in WHITE_SPACE for point in range(low, high + 1))


@lru_cache(maxsize=1024)
def implies_content(pattern: str) -> bool:
    """True if each text in which the pattern is found holds a character that is not white space.

    False if that is not certain, or if the pattern is invalid.
    """
    try:
        return any(_needs_content(item) for item in parse(pattern)[0])
    except (re.error, RecursionError, OverflowError):
        return False


def _needs_content(item: tuple[Any, Any]) -> bool:
    code, value = item
    match code:
        case codes.LITERAL | codes.NOT_LITERAL | codes.ANY | codes.IN:
            return not any(map(re.compile(atom_source(code, value)).fullmatch, _SPACES))
        case codes.MAX_REPEAT | codes.MIN_REPEAT | codes.POSSESSIVE_REPEAT:
            return value[0] > 0 and any(_needs_content(inner) for inner in value[2])
        case codes.SUBPATTERN:
            return any(_needs_content(inner) for inner in value[3])
        case codes.ATOMIC_GROUP:
            return any(_needs_content(inner) for inner in value)
        case codes.BRANCH:
            return all(any(_needs_content(inner) for inner in branch) for branch in value[1])
        case _:
            return False


@lru_cache(maxsize=1024)
def reads_alike(pattern: str, alphabet: str) -> bool:
    """True if the pattern treats all characters of an alphabet alike, so that one text represents others.

    False if that is not certain, or if the pattern is invalid.
    """
    try:
        return _alike(parse(pattern)[0], alphabet)
    except (re.error, RecursionError, OverflowError):
        return False


def _alike(sequence: Any, alphabet: str) -> bool:
    return all(_item_alike(item, alphabet) for item in sequence)


def _item_alike(item: tuple[Any, Any], alphabet: str) -> bool:
    code, value = item
    match code:
        case codes.LITERAL | codes.NOT_LITERAL | codes.IN | codes.ANY:
            matches = re.compile(atom_source(code, value)).fullmatch
            return len({matches(character) is None for character in alphabet}) == 1
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
