"""Characters: sets of characters as ranges of code points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
EVERY: Ranges = ((0, LAST),)
BEYOND_ASCII: Ranges = ((0x80, LAST),)
DIGITS: Ranges = ((0x30, 0x39),)
HEX_DIGITS: Ranges = (*DIGITS, (0x41, 0x46), (0x61, 0x66))
# The characters that Python's `str.isspace`, `str.strip` and `\s` agree on.
WHITE_SPACE: Ranges = (
    *((0x09, 0x0D), (0x1C, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
)


def ranges(characters: str) -> Ranges:
    """The ranges of single characters."""
    return joined((ord(c), ord(c)) for c in characters)


def span(first: str, last: str) -> Ranges:
    """One range of characters, both ends included."""
    return ((ord(first), ord(last)),)


def joined(pairs: Iterable[tuple[int, int]]) -> Ranges:
    """Ranges in order, without overlap."""
    result: list[tuple[int, int]] = []
    for low, high in sorted(pairs):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return tuple(result)


def inverse(given: Ranges) -> Ranges:
    """All characters but these."""
    result, start = [], 0
    for low, high in given:
        if start < low:
            result.append((start, low - 1))
        start = high + 1
    return (*result, (start, LAST)) if start <= LAST else tuple(result)


def shared(one: Ranges, other: Ranges) -> Ranges:
    """The characters of both."""
    return tuple((max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) <= min(b, d))


def readable(given: Ranges) -> str:
    """One of the characters, a plain one if possible."""
    for character in _PLAIN:
        if any(low <= ord(character) <= high for low, high in given):
            return character
    return chr(given[0][0])


_PLAIN = "a1A0 -"
