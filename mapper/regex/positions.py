"""Positions: a regular expression as an automaton whose states are the places of its character matchers.

The positions (Glushkov) that may read the next character are the bits of one number, so all ways through an
expression are followed side by side, and the work is bounded by the length of the text times that of the
expression. Each step is remembered: a deterministic automaton that is built as far as texts need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

MAX_REMEMBERED: Final = 2_048  # steps, and characters, that an automaton remembers


@dataclass(frozen=True, slots=True)
class Character:
    """One position, which reads one character. `bit` is 2 or a higher power of two."""

    bit: int


@dataclass(frozen=True, slots=True)
class Assertion:
    """Matches nothing, at places of the text at which the bit is set."""

    bit: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """Pieces one after the other."""

    pieces: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """One of the branches; without branches it never matches."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    """The copies one after the other; all but the first `min_rounds` may be left out, from the end."""

    copies: tuple[Node, ...]
    min_rounds: int
    is_endless: bool


Node: TypeAlias = Character | Assertion | Sequence | Alternatives | Repetition


@dataclass(slots=True)
class _Borders:
    """The positions that a node may begin and end with, as bits; `is_nullable` if it may match nothing."""

    is_nullable: bool = False
    first: int = 0
    last: int = 0


_EMPTY = _Borders(is_nullable=True)


class Steps(dict[int, int]):
    """From the positions that have read a character to those that may read the next one.

    Bit 0 is not a position: it is set if a match ends here. The steps hold for places at which the bits of
    `held` are set. A search may also begin at each place, a match of a whole text only at its first one.
    """

    def __init__(
        self, node: Node, held: int, *, is_search: bool = True, max_known: int = MAX_REMEMBERED
    ) -> None:
        super().__init__()
        self.max_known = max_known
        self.rules: dict[int, int] = {}
        whole = self.borders(node, held)
        self.start = whole.first | whole.is_nullable
        self.anew = self.start if is_search else 0
        self.last = whole.last
        plain = {a for a, b in self.rules.items() if a << 1 == b and a & (a - 1) == 0}
        self.next_one = union(plain)  # those that only the position after them follows
        self.others = [(a, b) for a, b in self.rules.items() if a not in plain]

    def __missing__(self, read: int) -> int:
        following = self.anew | (read & self.next_one) << 1
        for sources, targets in self.others:
            if read & sources:
                following |= targets
        if read & self.last:
            following |= 1
        if len(self) >= self.max_known:
            self.clear()
        self[read] = following
        return following

    def borders(self, node: Node, held: int) -> _Borders:
        """The borders of a node; adds the rules inside it."""
        match node:
            case Character(bit):
                return _Borders(first=bit, last=bit)
            case Assertion(bit):
                return _Borders(is_nullable=bool(held & bit))
            case Alternatives(branches):
                found = [self.borders(branch, held) for branch in branches]
                return _Borders(
                    any(branch.is_nullable for branch in found),
                    union(branch.first for branch in found),
                    union(branch.last for branch in found),
                )
            case Sequence(pieces):
                result = _EMPTY
                for part in reversed(pieces):
                    result = self.joined(self.borders(part, held), result)
                return result
            case Repetition(copies, min_rounds, is_endless):
                result = _EMPTY
                for number in reversed(range(len(copies))):
                    copy = self.borders(copies[number], held)
                    if is_endless and number == len(copies) - 1:
                        self.link(copy.last, copy.first)
                    result = self.joined(copy, result)
                    result.is_nullable |= number >= min_rounds
                return result

    def joined(self, left: _Borders, right: _Borders) -> _Borders:
        """The borders of two nodes in a row."""
        self.link(left.last, right.first)
        return _Borders(
            left.is_nullable and right.is_nullable,
            left.first | (right.first if left.is_nullable else 0),
            right.last | (left.last if right.is_nullable else 0),
        )

    def link(self, sources: int, targets: int) -> None:
        """Add a rule: each of the targets may follow each of the sources."""
        if sources and targets:
            self.rules[sources] = self.rules.get(sources, 0) | targets


def union(bits: Iterable[int]) -> int:
    """All bits that are set in any of the numbers."""
    found = 0
    for each in bits:
        found |= each
    return found


class Readers(dict[str, int]):
    """The positions that can read a character, as bits. A matcher is asked once about each character.

    `exact` are the positions that read just one character, so that long words need not be asked.
    """

    def __init__(
        self,
        matchers: Iterable[tuple[Callable[[str], object], int]],
        exact: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        self.matchers = tuple(matchers)
        self.exact = exact

    def __missing__(self, character: str) -> int:
        positions = union(bits for matches, bits in self.matchers if matches(character))
        positions |= self.exact.get(character, 0)
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        self[character] = positions
        return positions
