"""Backtracking: a regular expression in, whether Python's `re` searches every text with it in few steps out.

`re` tries one way through an expression after the other, from each place of the text. What it can spend
is the number of ways that are open side by side, summed over the text, so an expression is cheap where no
text has more than a few of them. All texts are tried at once: the ways open after each possible character
are counted, and counted again for what may follow, until nothing new turns up (cheap), or the ways or the
cases are too many. What is not cheap here need not be dear: long rounds and look-arounds are judged on
the safe side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from mapper.regex.syntax import OPPOSITES, codes, combined, parse

_MOST_WAYS: Final = 16
_MOST_CASES: Final = 300
_MOST_POSITIONS: Final = 400
_MOST_TESTS: Final = 100_000
_MOST_COPIES: Final = 12  # of longer rounds any number counts as possible
_LONGEST_REFERENCE: Final = 8
_ATOMS = (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN)
_AT_FIRST = (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING)
_ANY_CHARACTER = (codes.ANY, re.DOTALL, None)

# A kind of characters: one of its code points, and whether they are digits, word characters, white space.
_Kind = tuple[int, str]
_CATEGORIES = {
    codes.CATEGORY_DIGIT: ("d",),
    codes.CATEGORY_WORD: ("d", "w"),
    codes.CATEGORY_SPACE: ("s",),
}
_PLAIN = 256  # characters that are looked at one by one

_Ways = dict[int, int]  # positions, and in how many ways each is come to


class _Dear(Exception):
    """There may be too many ways."""


@dataclass(slots=True)
class _PieceWays:
    """In how many ways a part matches nothing, and comes to the positions it begins and ends with.

    `early` is `first` where the text begins; `sure` are the positions a match ends with whatever follows.
    """

    empty: int = 0
    early_empty: int = 0
    sure_empty: bool = False
    first: _Ways = field(default_factory=dict)
    early: _Ways = field(default_factory=dict)
    last: _Ways = field(default_factory=dict)
    sure: frozenset[int] = frozenset()


def is_cheap(pattern: str) -> bool:
    """Whether the work of `re.search` is a small multiple of the text's length, for every text."""
    try:
        tree, flags = parse(pattern)
        if flags & re.IGNORECASE:
            return False
        reading = _Reading(tree.state.groupwidths)
        whole = reading.sequence(tree, flags)
        _try_all(reading, whole)
    except (_Dear, OverflowError):
        return False
    return True


@dataclass(slots=True)
class _Reading:
    """Finds the positions of an expression and the ways from each to the next ones."""

    widths: Any
    atoms: list[tuple[Any, int, Any]] = field(default_factory=list)
    following: list[_Ways] = field(default_factory=list)
    is_plain: bool = True  # a way to the end of the expression is always a match

    def sequence(self, tree: Iterable[tuple[Any, Any]], flags: int) -> _PieceWays:
        result = _nothing()
        for code, value in tree:
            result = self.joined(result, self.piece(code, value, flags))
        return result

    def piece(self, code: Any, value: Any, flags: int) -> _PieceWays:
        match code:
            case codes.LITERAL | codes.NOT_LITERAL | codes.ANY | codes.IN:
                return self.atom((code, flags & (re.ASCII | re.DOTALL), value))
            case codes.AT:
                return _place(value in _AT_FIRST and not flags & re.MULTILINE)
            case codes.BRANCH:
                return _choice([self.sequence(branch, flags) for branch in value[1]])
            case codes.SUBPATTERN:
                _, added, removed, inner = value
                if added & re.IGNORECASE:
                    raise _Dear
                return self.sequence(inner, combined(flags, added, removed))
            case codes.MAX_REPEAT | codes.MIN_REPEAT:
                return self.rounds(value, flags)
            case codes.ASSERT | codes.ASSERT_NOT:
                _check_look(value[1])
                return _place(is_first=False)
            case codes.FAILURE:
                return _PieceWays()
        self.is_plain = False
        match code:
            case codes.POSSESSIVE_REPEAT:
                return self.rounds(value, flags)
            case codes.ATOMIC_GROUP:
                return self.sequence(value, flags)
            case codes.GROUPREF:
                return self.reference(value)
            case codes.GROUPREF_EXISTS:
                _, then, otherwise = value
                return _choice([self.sequence(then, flags), self.sequence(otherwise or (), flags)])
        raise _Dear

    def atom(self, atom: tuple[Any, int, Any]) -> _PieceWays:
        if len(self.atoms) >= _MOST_POSITIONS:
            raise _Dear
        here = {len(self.atoms): 1}
        self.atoms.append(atom)
        self.following.append({})
        return _PieceWays(first=here, early=here, last=here, sure=frozenset(here))

    def rounds(self, value: Any, flags: int) -> _PieceWays:
        least, most, inner = value
        is_endless = most > _MOST_COPIES
        copies = 1 if is_endless else max(most, 1)
        result = _nothing()
        for number in reversed(range(copies)):
            copy = self.sequence(inner, flags)
            if most != 1 and (copy.empty or copy.early_empty):
                raise _Dear  # rounds that read nothing can stand anywhere among the others
            if is_endless:
                self.link(copy.last, copy.first)
            result = self.joined(copy, result)
            if number >= least:
                result = _choice([result, _nothing()])
        if is_endless and least > 1:
            result.sure = frozenset()  # one round is not enough
        return result if most else _nothing()

    def reference(self, group: int) -> _PieceWays:
        """What a group has read, again: any text that is not longer, read in one way."""
        width = self.widths[group]
        if width is None or width[1] > _LONGEST_REFERENCE:
            raise _Dear
        result = _nothing()
        for _ in range(width[1]):
            result = _choice([self.joined(self.atom(_ANY_CHARACTER), result), _nothing()])
        return result

    def joined(self, left: _PieceWays, right: _PieceWays) -> _PieceWays:
        self.link(left.last, right.first)
        return _PieceWays(
            _few(left.empty * right.empty),
            _few(left.early_empty * right.early_empty),
            left.sure_empty and right.sure_empty,
            _sum(left.first, right.first, left.empty),
            _sum(left.early, right.early, left.early_empty),
            _sum(right.last, left.last, right.empty),
            right.sure | left.sure if right.sure_empty else right.sure,
        )

    def link(self, sources: Mapping[int, int], targets: _Ways) -> None:
        for source, ways in sources.items():
            self.following[source] = _sum(self.following[source], targets, ways)


def _nothing() -> _PieceWays:
    return _PieceWays(1, 1, True)


def _place(is_first: bool) -> _PieceWays:
    """What holds at some places; never, where it holds at the beginning alone and the text has begun."""
    return _PieceWays(0 if is_first else 1, 1)


def _choice(branches: list[_PieceWays]) -> _PieceWays:
    result = _PieceWays()
    for branch in branches:
        result = _PieceWays(
            _few(result.empty + branch.empty),
            _few(result.early_empty + branch.early_empty),
            result.sure_empty or branch.sure_empty,
            _sum(result.first, branch.first),
            _sum(result.early, branch.early),
            _sum(result.last, branch.last),
            result.sure | branch.sure,
        )
    return result


def _few(ways: int) -> int:
    if ways > _MOST_WAYS:
        raise _Dear
    return ways


def _sum(left: _Ways, right: _Ways, times: int = 1) -> _Ways:
    if not times or not right:
        return left
    if not left and times == 1:
        return right
    found = dict(left)
    for position, ways in right.items():
        found[position] = _few(found.get(position, 0) + times * ways)
    return found


def _check_look(content: Any) -> None:
    """A look-around costs no more than its own length where it reads one character after the other."""
    if len(content) > _MOST_WAYS or any(code not in (*_ATOMS, codes.AT) for code, _ in content):
        raise _Dear


def _try_all(reading: _Reading, whole: _PieceWays) -> None:
    """Count the ways open after every text; raises where they are too many."""
    readers = _readers(reading.atoms)
    ends = whole.sure if reading.is_plain else frozenset()
    # While no match is sure, each place of the text begins all ways once more.
    begins_anew = not (reading.is_plain and whole.sure_empty)
    start = _case(whole.early, begins_anew)
    seen, waiting = {start}, [start]
    while waiting:
        ways, begins_anew = waiting.pop()
        mask = sum(1 << position for position, _ in ways)
        for reader in {reader & mask for reader in readers}:
            following: _Ways = {}
            has_ended = False
            for position, count in ways:
                if reader >> position & 1:
                    following = _sum(following, reading.following[position], count)
                    has_ended = has_ended or position in ends
            goes_on = begins_anew and not has_ended
            case = _case(_sum(following, whole.first) if goes_on else following, goes_on)
            if case not in seen:
                if len(seen) >= _MOST_CASES:
                    raise _Dear
                seen.add(case)
                waiting.append(case)


def _case(ways: _Ways, begins_anew: bool) -> tuple[frozenset[tuple[int, int]], bool]:
    return frozenset(ways.items()), begins_anew


def _readers(atoms: list[tuple[Any, int, Any]]) -> set[int]:
    """For every kind of characters, the positions that read them, as bits."""
    known: dict[str, int] = {}
    different: list[tuple[Any, int, Any]] = []
    for position, atom in enumerate(atoms):
        key = repr(atom)
        if key not in known:
            known[key] = 0
            different.append(atom)
        known[key] |= 1 << position
    kinds = _kinds(different)
    parts = sum(len(value) if isinstance(value, list) else 1 for _, _, value in different)
    if len(kinds) * parts > _MOST_TESTS:
        raise _Dear
    groups = list(zip(different, known.values(), strict=True))
    return {sum(bits for atom, bits in groups if _reads(atom, kind)) for kind in kinds}


def _kinds(atoms: list[tuple[Any, int, Any]]) -> list[_Kind]:
    """Kinds of characters that no atom tells apart; some may have no character."""
    borders = {_PLAIN, 0x110000}
    for code, _, value in atoms:
        for kind, given in value if code is codes.IN else [(code, value)]:
            match kind:
                case codes.LITERAL | codes.NOT_LITERAL:
                    borders |= {given, given + 1}
                case codes.RANGE:
                    borders |= {given[0], given[1] + 1}
    later = sorted(border for border in borders if border >= _PLAIN)
    kinds = [(point, _category(chr(point))) for point in range(_PLAIN)]
    for low, high in pairwise(later):
        kinds += [(low, c) for c in (_category(chr(low)) if high == low + 1 else "dws-")]
    return kinds


def _category(character: str) -> str:
    if character.isdecimal():
        return "d"
    if character.isalnum() or character == "_":
        return "w"
    return "s" if character.isspace() else "-"


def _reads(atom: tuple[Any, int, Any], kind: _Kind) -> bool:
    code, flags, value = atom
    match code:
        case codes.LITERAL:
            return bool(kind[0] == value)
        case codes.NOT_LITERAL:
            return bool(kind[0] != value)
        case codes.ANY:
            return bool(flags & re.DOTALL) or kind[0] != ord("\n")
    negated = value[0][0] is codes.NEGATE
    return any(_is_in(part, kind, flags) for part in value[negated:]) is not negated


def _is_in(part: tuple[Any, Any], kind: _Kind, flags: int) -> bool:
    name, given = part
    point, category = kind
    match name:
        case codes.LITERAL:
            return bool(point == given)
        case codes.RANGE:
            return bool(given[0] <= point <= given[1])
    if flags & re.ASCII and point > 127:
        category = "-"
    if given in _CATEGORIES:
        return category in _CATEGORIES[given]
    return category not in _CATEGORIES[OPPOSITES[given]]
