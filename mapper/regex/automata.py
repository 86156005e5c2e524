"""Automata: a regular expression in, a search of it out whose time grows with the text and no faster.

Python's `re` tries one way through an expression after the other, so a text made against `\\s+$` or
`a*a*b` costs the square or the cube of its length. Here all ways are followed side by side: the positions
of the expression (Glushkov) that may read the next character are the bits of one number. Whether a text
holds a match is the same. What holds at a place between two characters (`^`, `\\b`, look-arounds) is
found first, in one pass each; a look-ahead is read from the end of the text. Back-references, conditions
and atomic groups have no automaton.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final, TypeAlias

MAX_POSITIONS: Final = 1_000  # characters of the expression, its rounds written out
MAX_MATCHERS: Final = 100  # different ones, each of which is asked about a character that is new
MAX_RULES: Final = 300
MAX_ASSERTIONS: Final = 8  # different ones, so that what holds at a place fits a byte
MAX_WORK: Final = 40_000  # nodes, times the kinds of places
_MAX_REMEMBERED: Final = 2_048

_SEEN_BY_ATOMS = {"a": re.ASCII, "i": re.IGNORECASE, "s": re.DOTALL}
_TYPES = re.ASCII | re.LOCALE | re.UNICODE
_ASSERTED = {
    codes.AT_BEGINNING: "^",
    codes.AT_BEGINNING_STRING: r"\A",
    codes.AT_BOUNDARY: r"\b",
    codes.AT_NON_BOUNDARY: r"\B",
    codes.AT_END: "$",
    codes.AT_END_STRING: r"\Z",
}
_ESCAPED = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}


class NoAutomaton(ValueError):
    """The expression has no automaton, or too large a one; the text says why."""


@dataclass(frozen=True, slots=True)
class _Character:
    """One position, which reads one character."""

    bit: int


@dataclass(frozen=True, slots=True)
class _Assertion:
    """Matches nothing, at places where the bit is set."""

    bit: int


@dataclass(frozen=True, slots=True)
class _Sequence:
    """Pieces one after the other."""

    pieces: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of the branches; none of no branches."""

    branches: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Rounds:
    """The copies one after the other, of which all but the first `least` may be left out from the end."""

    copies: tuple[_Node, ...]
    least: int
    is_endless: bool


_Node: TypeAlias = _Character | _Assertion | _Sequence | _Choice | _Rounds


@dataclass(slots=True)
class _Piece:
    """Whether a node matches nothing at a place, and the positions it may begin and end with, as bits."""

    is_nullable: bool = False
    first: int = 0
    last: int = 0


_EMPTY = _Piece(is_nullable=True)


class _Steps(dict[int, int]):
    """From the positions that have read a character to those that may read the next one.

    Bit 0 is no position: it says that a match ends here. Holds for places of one kind.
    """

    def __init__(self, node: _Node, held: int, most: int) -> None:
        super().__init__()
        self.most = most
        self.rules: dict[int, int] = {}
        whole = self.piece(node, held)
        self.start = whole.first | whole.is_nullable
        self.last = whole.last
        plain = {a for a, b in self.rules.items() if a << 1 == b and a & (a - 1) == 0}
        self.next_one = _union(plain)  # those that only the position after them follows
        self.others = [(a, b) for a, b in self.rules.items() if a not in plain]
        if len(self.others) > MAX_RULES:
            raise NoAutomaton("it is too large for an automaton")

    def __missing__(self, read: int) -> int:
        following = self.start | (read & self.next_one) << 1
        for sources, targets in self.others:
            if read & sources:
                following |= targets
        if read & self.last:
            following |= 1
        if len(self) >= self.most:
            self.clear()
        self[read] = following
        return following

    def piece(self, node: _Node, held: int) -> _Piece:
        match node:
            case _Character(bit):
                return _Piece(first=bit, last=bit)
            case _Assertion(bit):
                return _Piece(is_nullable=bool(held & bit))
            case _Choice(branches):
                found = [self.piece(branch, held) for branch in branches]
                return _Piece(
                    any(piece.is_nullable for piece in found),
                    _union(piece.first for piece in found),
                    _union(piece.last for piece in found),
                )
            case _Sequence(pieces):
                result = _EMPTY
                for part in reversed(pieces):
                    result = self.joined(self.piece(part, held), result)
                return result
            case _Rounds(copies, least, is_endless):
                result = _EMPTY
                for number in reversed(range(len(copies))):
                    copy = self.piece(copies[number], held)
                    if is_endless and number == len(copies) - 1:
                        self.link(copy.last, copy.first)
                    result = self.joined(copy, result)
                    result.is_nullable |= number >= least
                return result

    def joined(self, left: _Piece, right: _Piece) -> _Piece:
        self.link(left.last, right.first)
        return _Piece(
            left.is_nullable and right.is_nullable,
            left.first | (right.first if left.is_nullable else 0),
            right.last | (left.last if right.is_nullable else 0),
        )

    def link(self, sources: int, targets: int) -> None:
        if sources and targets:
            self.rules[sources] = self.rules.get(sources, 0) | targets


def _union(bits: Iterable[int]) -> int:
    found = 0
    for each in bits:
        found |= each
    return found


class _Readers(dict[str, int]):
    """The positions that can read a character, as bits."""

    def __init__(self, matchers: Iterable[tuple[Callable[[str], object], int]]) -> None:
        super().__init__()
        self.matchers = tuple(matchers)

    def __missing__(self, character: str) -> int:
        positions = _union(bits for matches, bits in self.matchers if matches(character))
        if len(self) >= _MAX_REMEMBERED:
            self.clear()
        self[character] = positions
        return positions


class _Machine:
    """A node with the positions in it: finds the places where a match of it ends."""

    def __init__(self, node: _Node, matchers: dict[str, int], assertions: int) -> None:
        self.node = node
        self.assertions = assertions
        self.readers = _Readers((re.compile(source).fullmatch, bits) for source, bits in matchers.items())
        self.steps: dict[int, _Steps] = {}
        self.at(0)  # fails now rather than at the first text where it is too large

    def at(self, held: int) -> _Steps:
        steps = self.steps.get(held)
        if steps is None:
            steps = self.steps[held] = _Steps(self.node, held, max(64, _MAX_REMEMBERED >> self.assertions))
        return steps

    def finds(self, text: str, places: bytes) -> bool:
        """Whether the text holds a match; `places` says what holds at each of its places."""
        readers = self.readers
        if not any(places):
            steps = self.at(0)
            alive = steps.start
            for character in text:
                if alive & 1:
                    return True
                alive = steps[alive & readers[character]]
            return bool(alive & 1)
        known = {held: self.at(held) for held in set(places)}
        alive = known[places[0]].start
        for character, held in zip(text, places[1:], strict=True):
            if alive & 1:
                return True
            alive = known[held][alive & readers[character]]
        return bool(alive & 1)

    def mark(self, text: str, places: bytearray, bit: int, *, is_ahead: bool, negated: bool) -> None:
        """Set the bit at the places where a match ends, or (ahead) begins, or at all others."""
        known = {held: self.at(held) for held in set(places)}
        order = range(len(text), -1, -1) if is_ahead else range(len(text) + 1)
        alive = 0
        for place in order:
            held = known[places[place]]
            if place == order[0]:
                alive = held.start
            else:
                character = text[place if is_ahead else place - 1]
                alive = held[alive & self.readers[character]]
            if bool(alive & 1) is not negated:
                places[place] |= bit


@dataclass(slots=True)
class _Look:
    """A look-around: where the machine's matches begin (ahead) or end, or everywhere else."""

    machine: _Machine
    is_ahead: bool
    negated: bool


@dataclass(slots=True)
class Automaton:
    """A compiled expression of `size` nodes; `assertions` stand behind those inside of them."""

    machine: _Machine
    assertions: tuple[re.Pattern[str] | _Look, ...]
    size: int

    def search(self, text: str) -> bool | None:
        """True where the text holds a match, else None, as of `re` (which gives the match)."""
        places = bytearray(len(text) + 1)
        for number, assertion in enumerate(self.assertions):
            if isinstance(assertion, _Look):
                assertion.machine.mark(
                    text, places, 1 << number, is_ahead=assertion.is_ahead, negated=assertion.negated
                )
            else:
                for found in assertion.finditer(text):
                    places[found.start()] |= 1 << number
        return self.machine.finds(text, bytes(places)) or None


@dataclass(slots=True)
class _Building:
    """Turns the tree of Python's own parser into nodes; `matchers` belong to one machine."""

    assertions: list[re.Pattern[str] | _Look] = field(default_factory=list)
    known: dict[tuple[object, ...], int] = field(default_factory=dict)
    matchers: dict[str, int] = field(default_factory=dict)
    positions: int = 0
    pieces: int = 0

    def sequence(self, tree: Any, flags: int, backward: bool) -> _Node:
        parts = reversed(list(tree)) if backward else tree
        return _Sequence(tuple(self.node(code, value, flags, backward) for code, value in parts))

    def node(self, code: Any, value: Any, flags: int, backward: bool) -> _Node:
        self.pieces += 1
        if self.pieces > MAX_WORK:
            raise NoAutomaton("it is too large for an automaton")
        match code:
            case codes.LITERAL | codes.NOT_LITERAL | codes.ANY | codes.IN:
                return self.character(atom_source(code, value), flags)
            case codes.BRANCH:
                return _Choice(tuple(self.sequence(branch, flags, backward) for branch in value[1]))
            case codes.SUBPATTERN:
                _, added, removed, inner = value
                return self.sequence(inner, combined(flags, added, removed), backward)
            case codes.MAX_REPEAT | codes.MIN_REPEAT:
                least, most, inner = value
                return self.rounds(least, most, inner, flags, backward)
            case codes.AT:
                return self.place(_ASSERTED[value], flags)
            case codes.ASSERT | codes.ASSERT_NOT:
                direction, inner = value
                return self.look(code is codes.ASSERT_NOT, direction, inner, flags)
            case codes.FAILURE:
                return _Choice(())
            case _:
                raise NoAutomaton("back-references, conditions and atomic groups have no automaton")

    def character(self, source: str, flags: int) -> _Node:
        self.positions += 1
        if self.positions > MAX_POSITIONS:
            raise NoAutomaton("it is too large for an automaton")
        letters = "".join(letter for letter, flag in _SEEN_BY_ATOMS.items() if flags & flag)
        matcher = f"(?{letters}:{source})"
        self.matchers[matcher] = self.matchers.get(matcher, 0) | 1 << self.positions
        return _Character(1 << self.positions)

    def rounds(self, least: int, most: Any, inner: Any, flags: int, backward: bool) -> _Node:
        is_endless = most is codes.MAXREPEAT
        count = max(least, 1) if is_endless else most
        if count > MAX_POSITIONS:
            raise NoAutomaton("it is too large for an automaton")
        copies = tuple(self.sequence(inner, flags, backward) for _ in range(count))
        return _Rounds(copies, least, is_endless)

    def place(self, source: str, flags: int) -> _Node:
        flags &= re.MULTILINE | re.ASCII
        return self.asserted((source, flags), lambda: re.compile(source, flags))

    def look(self, negated: bool, direction: int, inner: Any, flags: int) -> _Node:
        is_ahead = direction > 0

        def build() -> _Look:
            own = _Building(self.assertions, self.known, positions=self.positions, pieces=self.pieces)
            machine = own.machine(own.sequence(inner, flags, backward=is_ahead))
            self.positions, self.pieces = own.positions, own.pieces
            return _Look(machine, is_ahead, negated)

        return self.asserted((negated, is_ahead, repr(inner), flags), build)

    def asserted(self, key: tuple[object, ...], build: Callable[[], re.Pattern[str] | _Look]) -> _Node:
        bit = self.known.get(key)
        if bit is None:
            assertion = build()  # which may add those inside of it
            if len(self.assertions) >= MAX_ASSERTIONS:
                raise NoAutomaton("it asserts too much for an automaton")
            bit = self.known[key] = 1 << len(self.assertions)
            self.assertions.append(assertion)
        return _Assertion(bit)

    def machine(self, node: _Node) -> _Machine:
        if len(self.matchers) > MAX_MATCHERS:
            raise NoAutomaton("it is too large for an automaton")
        if self.pieces << len(self.assertions) > MAX_WORK:
            raise NoAutomaton("it is too large for an automaton")
        return _Machine(node, self.matchers, len(self.assertions))


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
                parts.append(_ESCAPED[given])
    return f"[{''.join(parts)}]"


def _literal(code_point: int) -> str:
    return f"\\U{code_point:08x}"


def combined(flags: int, added: int, removed: int) -> int:
    """The flags inside a group that adds and removes some."""
    if added & _TYPES:
        flags &= ~_TYPES
    return (flags | added) & ~removed


def parse(pattern: str) -> tuple[Any, int]:
    """The tree of Python's parser, and the flags the expression sets for itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about set operations, which are refused where schemas are loaded
        tree = parser.parse(pattern)
    return tree, tree.state.flags


def compile_automaton(pattern: str) -> Automaton:
    """The automaton of an expression; raises NoAutomaton, or `re.error` for what is no expression."""
    tree, flags = parse(pattern)
    building = _Building()
    machine = building.machine(building.sequence(tree, flags, backward=False))
    return Automaton(machine, tuple(building.assertions), building.pieces)
