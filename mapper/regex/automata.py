"""Automata: a regular expression becomes a search whose time grows linearly with the text.

Python's `re` tries one path through an expression after the other, so a text made against `\\s+$` or
`a*a*b` costs the square or the cube of its length. Here all paths are followed side by side, and both find a
match in the same texts. Assertions about a place between two characters (`^`, `\\b`, look-arounds) are
evaluated first, in one pass each; a look-ahead is read from the end of the text. Back-references, conditions
and atomic groups have no automaton.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from mapper.regex.positions import (
    MAX_REMEMBERED,
    Alternatives,
    Assertion,
    Character,
    Node,
    Readers,
    Repetition,
    Sequence,
    Steps,
)
from mapper.regex.syntax import atom_source, codes, combined, parse

MAX_POSITIONS: Final = 1_000  # characters of the expression, its rounds written out
MAX_MATCHERS: Final = 100  # different ones; each is asked about every new character
MAX_RULES: Final = 300
MAX_ASSERTIONS: Final = 8  # different ones, so that those that hold at a place fit a byte
MAX_WORK: Final = 40_000  # nodes, times the kinds of places

_SEEN_BY_ATOMS = {"a": re.ASCII, "i": re.IGNORECASE, "s": re.DOTALL}
_ASSERTED = {
    codes.AT_BEGINNING: "^",
    codes.AT_BEGINNING_STRING: r"\A",
    codes.AT_BOUNDARY: r"\b",
    codes.AT_NON_BOUNDARY: r"\B",
    codes.AT_END: "$",
    codes.AT_END_STRING: r"\Z",
}


class NoAutomaton(ValueError):
    """The expression has no automaton, or one that is too large; the message is the reason."""


class _Machine:
    """A node and its positions; finds the places at which a match ends."""

    def __init__(self, node: Node, matchers: dict[str, int], assertions: int) -> None:
        self.node = node
        self.assertions = assertions
        self.readers = Readers((re.compile(source).fullmatch, bits) for source, bits in matchers.items())
        self.steps: dict[int, Steps] = {}
        self.at(0)  # an automaton that is too large fails now, not at the first text

    def at(self, held: int) -> Steps:
        steps = self.steps.get(held)
        if steps is None:
            steps = Steps(self.node, held, max_known=max(64, MAX_REMEMBERED >> self.assertions))
            if len(steps.others) > MAX_RULES:
                raise NoAutomaton("it is too large for an automaton")
            self.steps[held] = steps
        return steps

    def finds(self, text: str, places: bytes) -> bool:
        """True if the text holds a match; `places` has the bits of the assertions that hold at each place."""
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
        """Set the bit at the places at which a match ends, or (ahead) begins; if negated, at all others."""
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
    """A look-around: it holds where matches of the machine begin (ahead) or end, or everywhere else."""

    machine: _Machine
    is_ahead: bool
    negated: bool


@dataclass(slots=True)
class Automaton:
    """A compiled expression of `size` nodes; an assertion comes after those inside it."""

    machine: _Machine
    assertions: tuple[re.Pattern[str] | _Look, ...]
    size: int

    def search(self, text: str) -> bool | None:
        """True if the text holds a match, else None. (`re` returns the match itself.)"""
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
    """Turns the tree of Python's parser into nodes; `matchers` belong to one machine."""

    assertions: list[re.Pattern[str] | _Look] = field(default_factory=list)
    known: dict[tuple[object, ...], int] = field(default_factory=dict)
    matchers: dict[str, int] = field(default_factory=dict)
    positions: int = 0
    pieces: int = 0

    def sequence(self, tree: Any, flags: int, backward: bool) -> Node:
        parts = reversed(list(tree)) if backward else tree
        return Sequence(tuple(self.node(code, value, flags, backward) for code, value in parts))

    def node(self, code: Any, value: Any, flags: int, backward: bool) -> Node:
        self.pieces += 1
        if self.pieces > MAX_WORK:
            raise NoAutomaton("it is too large for an automaton")
        match code:
            case codes.LITERAL | codes.NOT_LITERAL | codes.ANY | codes.IN:
                return self.character(atom_source(code, value), flags)
            case codes.BRANCH:
                return Alternatives(tuple(self.sequence(branch, flags, backward) for branch in value[1]))
            case codes.SUBPATTERN:
                _, added, removed, inner = value
                return self.sequence(inner, combined(flags, added, removed), backward)
            case codes.MAX_REPEAT | codes.MIN_REPEAT:
                min_rounds, max_rounds, inner = value
                return self.rounds(min_rounds, max_rounds, inner, flags, backward)
            case codes.AT:
                return self.place(_ASSERTED[value], flags)
            case codes.ASSERT | codes.ASSERT_NOT:
                direction, inner = value
                return self.look(code is codes.ASSERT_NOT, direction, inner, flags)
            case codes.FAILURE:
                return Alternatives(())
            case _:
                raise NoAutomaton("back-references, conditions and atomic groups have no automaton")

    def character(self, source: str, flags: int) -> Node:
        self.positions += 1
        if self.positions > MAX_POSITIONS:
            raise NoAutomaton("it is too large for an automaton")
        letters = "".join(letter for letter, flag in _SEEN_BY_ATOMS.items() if flags & flag)
        matcher = f"(?{letters}:{source})"
        self.matchers[matcher] = self.matchers.get(matcher, 0) | 1 << self.positions
        return Character(1 << self.positions)

    def rounds(self, min_rounds: int, max_rounds: Any, inner: Any, flags: int, backward: bool) -> Node:
        is_endless = max_rounds is codes.MAXREPEAT
        count = max(min_rounds, 1) if is_endless else max_rounds
        if count > MAX_POSITIONS:
            raise NoAutomaton("it is too large for an automaton")
        copies = tuple(self.sequence(inner, flags, backward) for _ in range(count))
        return Repetition(copies, min_rounds, is_endless)

    def place(self, source: str, flags: int) -> Node:
        flags &= re.MULTILINE | re.ASCII
        return self.asserted((source, flags), lambda: re.compile(source, flags))

    def look(self, negated: bool, direction: int, inner: Any, flags: int) -> Node:
        is_ahead = direction > 0

        def build() -> _Look:
            own = _Building(self.assertions, self.known, positions=self.positions, pieces=self.pieces)
            machine = own.machine(own.sequence(inner, flags, backward=is_ahead))
            self.positions, self.pieces = own.positions, own.pieces
            return _Look(machine, is_ahead, negated)

        return self.asserted((negated, is_ahead, repr(inner), flags), build)

    def asserted(self, key: tuple[object, ...], build: Callable[[], re.Pattern[str] | _Look]) -> Node:
        bit = self.known.get(key)
        if bit is None:
            assertion = build()  # which may add those inside of it
            if len(self.assertions) >= MAX_ASSERTIONS:
                raise NoAutomaton("it asserts too much for an automaton")
            bit = self.known[key] = 1 << len(self.assertions)
            self.assertions.append(assertion)
        return Assertion(bit)

    def machine(self, node: Node) -> _Machine:
        if len(self.matchers) > MAX_MATCHERS:
            raise NoAutomaton("it is too large for an automaton")
        if self.pieces << len(self.assertions) > MAX_WORK:
            raise NoAutomaton("it is too large for an automaton")
        return _Machine(node, self.matchers, len(self.assertions))


def compile_automaton(pattern: str) -> Automaton:
    """The automaton of an expression; raises NoAutomaton, or `re.error` for an invalid expression."""
    tree, flags = parse(pattern)
    building = _Building()
    machine = building.machine(building.sequence(tree, flags, backward=False))
    return Automaton(machine, tuple(building.assertions), building.pieces)
