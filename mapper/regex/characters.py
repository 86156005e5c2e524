"""Characters: sets of characters, as ranges of code points and as the classes that patterns name."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import TypeAlias
from unicodedata import category

Ranges: TypeAlias = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
EVERY: Ranges = ((0, LAST),)
BEYOND_ASCII: Ranges = ((0x80, LAST),)
DIGITS: Ranges = ((0x30, 0x39),)
HEX_DIGITS: Ranges = (*DIGITS, (0x41, 0x46), (0x61, 0x66))
WORD: Ranges = (*DIGITS, (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
# `\s` of ECMA-262: WhiteSpace (12.2) and LineTerminator (12.3).
ECMA_SPACE: Ranges = (
    *((0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
_EXCLUDED_FROM_EXAMPLES: Ranges = (
    (0x00, 0x1F),
    (0x7F, 0x9F),
    (0xD800, 0xDFFF),
    (0xFDD0, 0xFDEF),
    (0xFFFE, 0xFFFF),
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
    """The characters of both; both are in order, without overlap."""
    result, left, right = [], 0, 0
    while left < len(one) and right < len(other):
        low, high = max(one[left][0], other[right][0]), min(one[left][1], other[right][1])
        if low <= high:
            result.append((low, high))
        if one[left][1] < other[right][1]:
            left += 1
        else:
            right += 1
    return tuple(result)


def readable(given: Ranges) -> str:
    """One of the characters, a plain one if possible."""
    plain = shared(given[:_FIRST_FEW], _PLAIN_RANGES)
    for character in _PLAIN if plain else "":
        if any(low <= ord(character) <= high for low, high in plain):
            return character
    printable = shared(given, inverse(_EXCLUDED_FROM_EXAMPLES))
    return chr((printable or given)[0][0])


_PLAIN = "a1A0 -"
_PLAIN_RANGES = ranges(_PLAIN)
_FIRST_FEW = 128  # as many ranges can begin in ASCII


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """The characters of the ranges, in order, and those of (perhaps complemented) categories; or all others.

    A category is given by the beginnings of its names, as in `("L",)` or `("Lu", "Ll")`.
    """

    given: Ranges = ()
    categories: tuple[tuple[tuple[str, ...], bool], ...] = ()
    negated: bool = False

    def __contains__(self, character: str) -> bool:
        point = ord(character)
        before = bisect_right(self.given, (point, LAST)) - 1
        found = (before >= 0 and point <= self.given[before][1]) or any(
            category(character).startswith(names) is not complemented
            for names, complemented in self.categories
        )
        return found is not self.negated

    @property
    def ranges(self) -> Ranges:
        """The characters as ranges."""
        return _ranges_of(self)

    @property
    def only(self) -> str:
        """The character of a set that is written as one, else an empty text."""
        one = not self.categories and not self.negated and len(self.given) == 1
        return chr(self.given[0][0]) if one and self.given[0][0] == self.given[0][1] else ""


@cache
def _ranges_of(given: CharacterSet) -> Ranges:
    pairs = list(given.given)
    for names, complemented in given.categories:
        found = joined(
            pair for name, known in _categories().items() if name.startswith(names) for pair in known
        )
        pairs += inverse(found) if complemented else found
    return inverse(joined(pairs)) if given.negated else joined(pairs)


@cache
def _categories() -> Mapping[str, Ranges]:
    """The characters of each general category.

    No version of Unicode has characters in planes 4 to 13, and of plane 14 only the beginning has some.
    """
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for plane, end in ((0, 0x40000), (0xE0000, 0xE1000)):
        start = plane
        for name, points in groupby(map(category, map(chr, range(plane, end)))):
            after = start + sum(1 for _ in points)
            found[name].append((start, after - 1))
            start = after
    found["Cn"] += [(0x40000, 0xDFFFF), (0xE1000, 0xEFFFF), (0xFFFFE, 0xFFFFF), (0x10FFFE, 0x10FFFF)]
    found["Co"] += [(0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)]
    return MappingProxyType({name: joined(pairs) for name, pairs in found.items()})


def partition(sets: Sequence[Ranges]) -> list[tuple[Ranges, int]]:
    """The characters in parts that no set distinguishes; each with the sets that hold it, as bits."""
    changes: dict[int, int] = {0: 0, LAST + 1: 0}
    for number, given in enumerate(sets):
        for low, high in given:
            changes[low] = changes.get(low, 0) ^ 1 << number
            changes[high + 1] = changes.get(high + 1, 0) ^ 1 << number
    parts: dict[int, list[tuple[int, int]]] = {}
    borders = sorted(changes)
    held = 0
    for start, after in pairwise(borders):
        held ^= changes[start]
        parts.setdefault(held, []).append((start, after - 1))
    return [(joined(pairs), bits) for bits, pairs in parts.items()]
