"""Backtracking: decides if Python's `re` searches every text for an expression in linear time.

`re` tries one path through an expression after the other, from each place of the text. The work is at most
the number of paths that are open side by side, summed over the text. So an expression is linear if no text
has more than a few of them. All texts are tried at once: the paths that are open after each possible
character are counted, then those after the next one, until no new case turns up (linear), or the paths or the
cases are too many. The answer no may be wrong: long repetitions and look-arounds are judged on the safe side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from mapper.regex.syntax import codes, combined, parse

_MAX_PATHS: Final = 16
_MAX_CASES: Final = 300
_MAX_POSITIONS: Final = 400
_MAX_TESTS: Final = 100_000
_MAX_COPIES: Final = 12  # a longer repetition counts as endless
_MAX_REFERENCE: Final = 8
_ATOMS = (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN)
_AT_FIRST = (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING)
_ANY_CHARACTER = (codes.ANY, re.DOTALL, None)

# A kind of characters: one of its code points, and if they are white space.
_CharacterKind = tuple[int, bool]
_ASCII_SPACE = " \t\n\r\f\v"
_PLAIN = 256  # characters that are looked at one by one

_PathCounts = dict[int, int]  # positions, and the number of paths that reach each


class _TooManyPaths(Exception):
    """There may be too many paths."""


@dataclass(slots=True)
class _PiecePaths:
    """The number of paths on which a part matches nothing, and on which it reaches its first and last
    positions.

    `early` is `first` at the beginning of the text. A match that reaches a position in `sure` is complete.
    """

    empty: int = 0
    early_empty: int = 0
    sure_empty: bool = False
    first: _PathCounts = field(default_factory=dict)
    early: _PathCounts = field(default_factory=dict)
    last: _PathCounts = field(default_factory=dict)
    sure: frozenset[int] = frozenset()


def is_linear(pattern: str) -> bool:
    """True if the work of `re.search` is a small multiple of the text's length, for every text.

    Raises `re.error`, and RecursionError if the pattern nests too deep.
    """
    try:
        tree, flags = parse(pattern)
        if flags & re.IGNORECASE:
            return False
        reading = _Reading(tree.state.groupwidths)
        whole = reading.sequence(tree, flags)
        _try_all(reading, whole)
    except (_TooManyPaths, OverflowError):
        return False
    return True


@dataclass(slots=True)
class _Reading:
    """Finds the positions of an expression and the paths from each to the next ones."""

    widths: Any
    atoms: list[tuple[Any, int, Any]] = field(default_factory=list)
    following: list[_PathCounts] = field(default_factory=list)
    is_plain: bool = True  # a path to the end of the expression is always a match

    def sequence(self, tree: Iterable[tuple[Any, Any]], flags: int) -> _PiecePaths:
        result = _nothing()
        for code, value in tree:
            result = self.joined(result, self.piece(code, value, flags))
        return result

    def piece(self, code: Any, value: Any, flags: int) -> _PiecePaths:
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
                    raise _TooManyPaths
                return self.sequence(inner, combined(flags, added, removed))
            case codes.MAX_REPEAT | codes.MIN_REPEAT:
                return self.rounds(value, flags)
            case codes.ASSERT | codes.ASSERT_NOT:
                _check_look(value[1])
                return _place(is_first=False)
            case codes.FAILURE:
                return _PiecePaths()
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
        raise _TooManyPaths

    def atom(self, atom: tuple[Any, int, Any]) -> _PiecePaths:
        if len(self.atoms) >= _MAX_POSITIONS:
            raise _TooManyPaths
        here = {len(self.atoms): 1}
        self.atoms.append(atom)
        self.following.append({})
        return _PiecePaths(first=here, early=here, last=here, sure=frozenset(here))

    def rounds(self, value: Any, flags: int) -> _PiecePaths:
        min_rounds, max_rounds, inner = value
        is_endless = max_rounds > _MAX_COPIES
        copies = 1 if is_endless else max(max_rounds, 1)
        result = _nothing()
        for number in reversed(range(copies)):
            copy = self.sequence(inner, flags)
            if max_rounds != 1 and (copy.empty or copy.early_empty):
                raise _TooManyPaths  # rounds that read nothing can be anywhere among the others
            if is_endless:
                self.link(copy.last, copy.first)
            result = self.joined(copy, result)
            if number >= min_rounds:
                result = _choice([result, _nothing()])
        if is_endless and min_rounds > 1:
            result.sure = frozenset()  # one round is not enough
        return result if max_rounds else _nothing()

    def reference(self, group: int) -> _PiecePaths:
        """A back-reference: any text that is not longer than the group, read on one path."""
        width = self.widths[group]
        if width is None or width[1] > _MAX_REFERENCE:
            raise _TooManyPaths
        result = _nothing()
        for _ in range(width[1]):
            result = _choice([self.joined(self.atom(_ANY_CHARACTER), result), _nothing()])
        return result

    def joined(self, left: _PiecePaths, right: _PiecePaths) -> _PiecePaths:
        self.link(left.last, right.first)
        return _PiecePaths(
            _few(left.empty * right.empty),
            _few(left.early_empty * right.early_empty),
            left.sure_empty and right.sure_empty,
            _sum(left.first, right.first, left.empty),
            _sum(left.early, right.early, left.early_empty),
            _sum(right.last, left.last, right.empty),
            right.sure | left.sure if right.sure_empty else right.sure,
        )

    def link(self, sources: Mapping[int, int], targets: _PathCounts) -> None:
        for source, paths in sources.items():
            self.following[source] = _sum(self.following[source], targets, paths)


def _nothing() -> _PiecePaths:
    return _PiecePaths(1, 1, True)


def _place(is_first: bool) -> _PiecePaths:
    """An assertion. One that holds at the beginning alone never matches after it."""
    return _PiecePaths(0 if is_first else 1, 1)


def _choice(branches: list[_PiecePaths]) -> _PiecePaths:
    result = _PiecePaths()
    for branch in branches:
        result = _PiecePaths(
            _few(result.empty + branch.empty),
            _few(result.early_empty + branch.early_empty),
            result.sure_empty or branch.sure_empty,
            _sum(result.first, branch.first),
            _sum(result.early, branch.early),
            _sum(result.last, branch.last),
            result.sure | branch.sure,
        )
    return result


def _few(paths: int) -> int:
    if paths > _MAX_PATHS:
        raise _TooManyPaths
    return paths


def _sum(left: _PathCounts, right: _PathCounts, times: int = 1) -> _PathCounts:
    if not times or not right:
        return left
    if not left and times == 1:
        return right
    found = dict(left)
    for position, paths in right.items():
        found[position] = _few(found.get(position, 0) + times * paths)
    return found


def _check_look(content: Any) -> None:
    """Refuse a look-around unless it reads one character after the other: then it costs its own length."""
    if len(content) > _MAX_PATHS or any(code not in (*_ATOMS, codes.AT) for code, _ in content):
        raise _TooManyPaths


def _try_all(reading: _Reading, whole: _PiecePaths) -> None:
    """Count the paths that are open after every text; raises _TooManyPaths."""
    readers = _readers(reading.atoms)
    ends = whole.sure if reading.is_plain else frozenset()
    # While no match is sure, all paths begin once more at each place of the text.
    begins_anew = not (reading.is_plain and whole.sure_empty)
    start = _case(whole.early, begins_anew)
    seen, waiting = {start}, [start]
    while waiting:
        paths, begins_anew = waiting.pop()
        mask = sum(1 << position for position, _ in paths)
        for reader in {reader & mask for reader in readers}:
            following: _PathCounts = {}
            has_ended = False
            for position, count in paths:
                if reader >> position & 1:
                    following = _sum(following, reading.following[position], count)
                    has_ended = has_ended or position in ends
            goes_on = begins_anew and not has_ended
            case = _case(_sum(following, whole.first) if goes_on else following, goes_on)
            if case not in seen:
                if len(seen) >= _MAX_CASES:
                    raise _TooManyPaths
                seen.add(case)
                waiting.append(case)


def _case(paths: _PathCounts, begins_anew: bool) -> tuple[frozenset[tuple[int, int]], bool]:
    return frozenset(paths.items()), begins_anew


def _readers(atoms: list[tuple[Any, int, Any]]) -> set[int]:
    """The positions that read a character of each kind, as bits."""
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
    if len(kinds) * parts > _MAX_TESTS:
        raise _TooManyPaths
    groups = list(zip(different, known.values(), strict=True))
    return {sum(bits for atom, bits in groups if _reads(atom, kind)) for kind in kinds}


def _kinds(atoms: list[tuple[Any, int, Any]]) -> list[_CharacterKind]:
    """Kinds of characters; no atom distinguishes those of one kind. Some may have no character."""
    borders = {_PLAIN, 0x110000}
    for code, _, value in atoms:
        for kind, given in value if code is codes.IN else [(code, value)]:
            match kind:
                case codes.LITERAL | codes.NOT_LITERAL:
                    borders |= {given, given + 1}
                case codes.RANGE:
                    borders |= {given[0], given[1] + 1}
    later = sorted(border for border in borders if border >= _PLAIN)
    kinds = [(point, chr(point).isspace()) for point in range(_PLAIN)]
    for low, high in pairwise(later):
        kinds += [(low, c) for c in ((chr(low).isspace(),) if high == low + 1 else (False, True))]
    return kinds


def _reads(atom: tuple[Any, int, Any], kind: _CharacterKind) -> bool:
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


def _is_in(part: tuple[Any, Any], kind: _CharacterKind, flags: int) -> bool:
    name, given = part
    point, is_space = kind
    match name:
        case codes.LITERAL:
            return bool(point == given)
        case codes.RANGE:
            return bool(given[0] <= point <= given[1])
    if flags & re.ASCII:
        is_space = chr(point) in _ASCII_SPACE
    return is_space is (given is codes.CATEGORY_SPACE)
