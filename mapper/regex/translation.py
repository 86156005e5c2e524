"""Translation: a pattern as Python's `re` writes it, if `re` searches every text for it in linear time.

`re` tries one way through a pattern after the other, from each place of the text. Its work is at most the
number of ways that are open side by side, summed over the text. So `re` may search if no text has more than a
few of them. All texts are tried at once: the ways that are open after each possible character are counted,
then those after the next one, until no new case turns up, or the ways or the cases are too many.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mapper.regex.characters import LAST, CharacterSet, Ranges, inverse, partition
from mapper.regex.reading import Alternatives, Look, Place, Repetition, Sequence, Tree

_MAX_WAYS: Final = 16
_MAX_CASES: Final = 300
_MAX_WORK: Final = 20_000  # positions that are looked at
_MAX_POSITIONS: Final = 400
_MAX_COPIES: Final = 12  # a longer repetition counts as endless
_MAX_RANGES: Final = 40  # of a class that `re` is given

_Counts = dict[int, int]  # positions, and the number of ways that reach each


def translated(tree: Tree) -> Callable[[str], object] | None:
    """The search of `re` for a tree; None if it is not certain to be linear."""
    if not is_linear(tree):
        return None
    compiled = re.compile(as_python(tree))
    return compiled.match if _is_tied(tree) else compiled.search


def reduced(tree: Tree) -> Tree:
    """A tree that is found in the same texts, without what a search may always leave out at both ends."""
    return _cut(_cut(tree, at_end=True), at_end=False)


def _cut(tree: Tree, *, at_end: bool) -> Tree:
    match tree:
        case Alternatives(branches):
            found = tuple(_cut(branch, at_end=at_end) for branch in branches)
            return _NOTHING if _NOTHING in found else Alternatives(found)
        case Repetition(part, min_rounds, _):
            if not min_rounds:
                return _NOTHING
            return _cut(part, at_end=at_end) if min_rounds == 1 else Repetition(part, min_rounds, min_rounds)
        case Sequence(parts):
            while parts:
                end = parts[-1] if at_end else parts[0]
                rest = parts[:-1] if at_end else parts[1:]
                kept = _cut(end, at_end=at_end)
                if kept != _NOTHING:
                    return Sequence((*rest, kept) if at_end else (kept, *rest))
                parts = rest
            return _NOTHING
    return tree


_NOTHING: Final = Sequence(())


def _is_tied(tree: Tree) -> bool:
    """True if each match begins at the beginning of the text."""
    match tree:
        case Place():
            return tree is Place.BEGIN
        case Sequence(parts):
            return bool(parts) and _is_tied(parts[0])
        case Alternatives(branches):
            return all(map(_is_tied, branches))
    return False


# --- the pattern as Python writes it

_PLACES = {
    Place.BEGIN: r"\A",
    Place.END: r"\Z",
    Place.BOUNDARY: r"(?a:\b)",
    Place.NO_BOUNDARY: r"(?!(?a:\b))",  # `\B` of Python is not found in an empty text
}


def as_python(tree: Tree) -> str:
    """The tree as an expression of Python's `re`; what looks behind must have one width there."""
    match tree:
        case CharacterSet():
            return _class(tree)
        case Place():
            return _PLACES[tree]
        case Look(inner, is_ahead, negated):
            return f"(?{'' if is_ahead else '<'}{'!' if negated else '='}{as_python(inner)})"
        case Sequence(parts):
            return "".join(
                _grouped(part) if isinstance(part, Alternatives) else as_python(part) for part in parts
            )
        case Alternatives(branches):
            return "|".join(map(as_python, branches)) if branches else "(?!)"
        case Repetition(part, min_rounds, max_rounds):
            source = as_python(part) if isinstance(part, CharacterSet) else _grouped(part)
            return source + _rounds(min_rounds, max_rounds)


def _grouped(tree: Tree) -> str:
    return f"(?:{as_python(tree)})"


def _rounds(min_rounds: int, max_rounds: int | None) -> str:
    known = {(0, None): "*", (1, None): "+", (0, 1): "?", (1, 1): ""}
    given = f"{{{min_rounds},{'' if max_rounds is None else max_rounds}}}"
    return known.get((min_rounds, max_rounds), given)


def _class(given: CharacterSet) -> str:
    if given.only:
        return _literal(ord(given.only))
    found = given.ranges
    if not found:
        return "(?!)"
    other = inverse(found)
    if not other:
        return "(?s:.)"
    sign, shorter = ("^", other) if len(other) < len(found) or found[-1][1] == LAST else ("", found)
    return f"[{sign}{''.join(_range(low, high) for low, high in shorter)}]"


def _range(low: int, high: int) -> str:
    if high - low < 2:
        return "".join(map(_literal, range(low, high + 1)))
    return f"{_literal(low)}-{_literal(high)}"


def _literal(point: int) -> str:
    character = chr(point)
    return character if character.isascii() and character.isalnum() else f"\\U{point:08x}"


# --- the number of ways


class _TooManyWays(Exception):
    """There may be too many ways."""


@dataclass(slots=True)
class _Ways:
    """The number of ways to match nothing, and to reach the first and last positions of a part.

    `early` is `first` at the beginning of the text.
    """

    empty: int = 0
    early_empty: int = 0
    first: _Counts = field(default_factory=dict)
    early: _Counts = field(default_factory=dict)
    last: _Counts = field(default_factory=dict)


def is_linear(tree: Tree) -> bool:
    """True if the work of Python's `re` is a small multiple of the text's length, for every text."""
    counting = _Counting()
    try:
        _try_all(counting, counting.ways(tree))
    except _TooManyWays:
        return False
    return True


@dataclass(slots=True)
class _Counting:
    """Finds the positions of a tree and the ways from each to the next ones."""

    sets: list[CharacterSet] = field(default_factory=list)
    following: list[_Counts] = field(default_factory=list)

    def ways(self, tree: Tree) -> _Ways:
        match tree:
            case CharacterSet():
                if len(self.sets) >= _MAX_POSITIONS or tree.categories:
                    raise _TooManyWays
                here = {len(self.sets): 1}
                self.sets.append(tree)
                self.following.append({})
                return _Ways(first=here, early=here, last=here)
            case Place():
                return _Ways(0 if tree is Place.BEGIN else 1, 1)
            case Look(inner):
                _check_look(inner)
                return _Ways(1, 1)
            case Sequence(parts):
                result = _Ways(1, 1)
                for part in parts:
                    result = self.joined(result, self.ways(part))
                return result
            case Alternatives(branches):
                return _choice([self.ways(branch) for branch in branches])
            case Repetition(part, min_rounds, max_rounds):
                return self.rounds(part, min_rounds, max_rounds)

    def rounds(self, part: Tree, min_rounds: int, max_rounds: int | None) -> _Ways:
        is_endless = max_rounds is None or max_rounds > _MAX_COPIES
        copies = 1 if is_endless or not max_rounds else max_rounds
        result = _Ways(1, 1)
        for number in reversed(range(copies)):
            copy = self.ways(part)
            if max_rounds != 1 and (copy.empty or copy.early_empty):
                raise _TooManyWays  # rounds that read nothing can be anywhere among the others
            if is_endless:
                self.link(copy.last, copy.first)
            result = self.joined(copy, result)
            if number >= min_rounds:
                result = _choice([result, _Ways(1, 1)])
        return _Ways(1, 1) if max_rounds == 0 else result

    def joined(self, left: _Ways, right: _Ways) -> _Ways:
        self.link(left.last, right.first)
        return _Ways(
            _few(left.empty * right.empty),
            _few(left.early_empty * right.early_empty),
            _sum(left.first, right.first, left.empty),
            _sum(left.early, right.early, left.early_empty),
            _sum(right.last, left.last, right.empty),
        )

    def link(self, sources: Mapping[int, int], targets: _Counts) -> None:
        for source, ways in sources.items():
            self.following[source] = _sum(self.following[source], targets, ways)


def _choice(branches: list[_Ways]) -> _Ways:
    result = _Ways()
    for branch in branches:
        result = _Ways(
            _few(result.empty + branch.empty),
            _few(result.early_empty + branch.early_empty),
            _sum(result.first, branch.first),
            _sum(result.early, branch.early),
            _sum(result.last, branch.last),
        )
    return result


def _few(ways: int) -> int:
    if ways > _MAX_WAYS:
        raise _TooManyWays
    return ways


def _sum(left: _Counts, right: _Counts, times: int = 1) -> _Counts:
    if not times or not right:
        return left
    if not left and times == 1:
        return right
    found = dict(left)
    for position, ways in right.items():
        found[position] = _few(found.get(position, 0) + times * ways)
    return found


def _check_look(inner: Tree) -> None:
    """Refuse a look-around unless it reads one character after the other: then it costs its own length."""
    parts = inner.parts if isinstance(inner, Sequence) else (inner,)
    if len(parts) > _MAX_WAYS or not all(isinstance(part, CharacterSet | Place) for part in parts):
        raise _TooManyWays
    if any(isinstance(part, CharacterSet) and part.categories for part in parts):
        raise _TooManyWays


def _try_all(counting: _Counting, whole: _Ways) -> None:
    """Count the ways that are open after every text; raises _TooManyWays."""
    found: list[Ranges] = [given.ranges for given in counting.sets]
    if max(map(len, found), default=0) > _MAX_RANGES:
        raise _TooManyWays
    readers = {bits for _, bits in partition(found)}
    if len(readers) > _MAX_CASES:
        raise _TooManyWays
    start = frozenset(whole.early.items())
    seen, waiting, work = {start}, [start], 0
    while waiting:
        ways = waiting.pop()
        mask = sum(1 << position for position, _ in ways)
        for reader in {reader & mask for reader in readers}:
            following: _Counts = {}
            work += 1 + len(ways)
            if work > _MAX_WORK:
                raise _TooManyWays
            for position, count in ways:
                if reader >> position & 1:
                    following = _sum(following, counting.following[position], count)
            case = frozenset(_sum(following, whole.first).items())
            if case not in seen:
                if len(seen) >= _MAX_CASES:
                    raise _TooManyWays
                seen.add(case)
                waiting.append(case)
