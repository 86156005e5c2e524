"""Automaton: the tree of a pattern becomes an automaton whose states are the places of its characters.

The positions (Glushkov) that have read a character are the bits of one number, so all ways through a pattern
are followed side by side. The steps that texts need are remembered: a deterministic automaton, built as far
as it is used and forgotten if it grows too large. So the work is proportional to the length of the text.

The conditions of a place between two characters (`^`, `\\b`, look-arounds) are bits, too. A rule of the
automaton holds if all its bits are set. What looks around is evaluated before, in one pass each; what looks
ahead is read from the end of the text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from mapper.regex.characters import CharacterSet
from mapper.regex.reading import Alternatives, Look, Place, Repetition, Sequence, Tree

MAX_POSITIONS: Final = 1_000  # characters of the pattern, its rounds written out
MAX_SETS: Final = 100  # different ones; each is asked about every new character
MAX_RULES: Final = 300
MAX_LOOKS: Final = 8  # different ones, so that those that hold at a place fit a byte
MAX_REMEMBERED: Final = 2_048  # steps, and characters, that an automaton remembers
MAX_PIECES: Final = 10_000  # parts of the tree, its rounds written out
MAX_WORK: Final = 40_000
_LOOK: Final = 16  # the bit of the first look-around
_WORD = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")

# Kinds of neighbours of a place.
EDGE, OTHER, WORD = 0, 1, 2
HELD = {
    (before, after): Place.BEGIN * (before == EDGE)
    | Place.END * (after == EDGE)
    | (Place.BOUNDARY if (before == WORD) is not (after == WORD) else Place.NO_BOUNDARY)
    for before in (EDGE, OTHER, WORD)
    for after in (EDGE, OTHER, WORD)
}

# The bits of conditions, and the positions or other things that depend on them all.
Conditional: TypeAlias = dict[int, int]


class NoAutomaton(ValueError):
    """The pattern has no automaton within the limits; the message is the reason."""


_TOO_LARGE = "it is too large for an automaton"


@dataclass(slots=True)
class Borders:
    """The positions that a part may begin and end with; `empty` has the conditions of matching nothing."""

    empty: frozenset[int] = frozenset()
    first: Conditional = field(default_factory=dict)
    last: Conditional = field(default_factory=dict)


_EMPTY = Borders(frozenset({0}))


@dataclass(slots=True)
class PositionRules:
    """The positions of a tree, the rules between them, and its borders. Position n has the bit 1 << n + 1.

    A rule maps some positions, under some conditions, to those that may come next.
    """

    sets: list[CharacterSet] = field(default_factory=list)
    rules: dict[tuple[int, int], int] = field(default_factory=dict)
    whole: Borders = field(default_factory=Borders)

    @property
    def conditions(self) -> int:
        """The bits of all conditions that occur."""
        borders = self.whole
        return union((*borders.empty, *borders.first, *borders.last, *(bits for bits, _ in self.rules)))


@dataclass(slots=True)
class LookAround:
    """A look-around: it holds where matches begin (ahead) or end, or everywhere else if `negated`."""

    positions: PositionRules
    is_ahead: bool
    negated: bool


@dataclass(slots=True)
class PositionBuilder:
    """Finds the positions of a tree and of the look-arounds in it, the inner ones first.

    `reverses` makes what looks ahead read from the end of the text.
    """

    reverses: bool
    max_positions: int = MAX_POSITIONS
    looks: list[LookAround] = field(default_factory=list)
    known: dict[Look, int] = field(default_factory=dict)
    count: int = 0
    pieces: int = 0

    def positions(self, tree: Tree, *, backward: bool = False) -> PositionRules:
        """The positions of a tree; `backward`, of the tree of its texts from their ends."""
        found = PositionRules()
        found.whole = self.borders(tree, found, backward)
        if len(set(found.sets)) > MAX_SETS + sum(1 for each in set(found.sets) if each.only):
            raise NoAutomaton(_TOO_LARGE)
        return found

    def borders(self, tree: Tree, into: PositionRules, backward: bool) -> Borders:
        """The borders of a part; adds the positions and rules inside it."""
        self.pieces += 1
        if self.pieces > MAX_PIECES:
            raise NoAutomaton(_TOO_LARGE)
        match tree:
            case CharacterSet():
                self.count += 1
                if self.count > self.max_positions:
                    raise NoAutomaton(_TOO_LARGE)
                into.sets.append(tree)
                bit = 1 << len(into.sets)
                return Borders(first={0: bit}, last={0: bit})
            case Place():
                return Borders(frozenset({int(tree)}))
            case Look():
                return Borders(frozenset({self.look(tree)}))
            case Alternatives(branches):
                return _either([self.borders(branch, into, backward) for branch in branches])
            case Sequence(parts):
                found = [self.borders(part, into, backward) for part in (parts[::-1] if backward else parts)]
                result = _EMPTY
                for part in reversed(found):
                    result = _joined(part, result, into.rules)
                return result
            case Repetition(part, min_rounds, max_rounds):
                count = max(min_rounds, 1) if max_rounds is None else max_rounds
                if count > self.max_positions:
                    raise NoAutomaton(_TOO_LARGE)
                copies = [self.borders(part, into, backward) for _ in range(count)]
                result = _EMPTY
                for number in reversed(range(count)):
                    if max_rounds is None and number == count - 1:
                        _link(copies[number].last, copies[number].first, into.rules)
                    result = _joined(copies[number], result, into.rules)
                    if number >= min_rounds:
                        result.empty = frozenset({0})
                return result

    def look(self, look: Look) -> int:
        """The bit of a look-around."""
        bit = self.known.get(look)
        if bit is None:
            positions = self.positions(look.inner, backward=look.is_ahead and self.reverses)
            if len(self.looks) >= MAX_LOOKS:
                raise NoAutomaton("it has too many look-arounds for an automaton")
            bit = self.known[look] = _LOOK << len(self.looks)
            self.looks.append(LookAround(positions, look.is_ahead, look.negated))
        return bit


def look_bit(number: int) -> int:
    """The bit of the look-around with a number."""
    return _LOOK << number


def _either(branches: list[Borders]) -> Borders:
    result = Borders()
    for branch in branches:
        result.empty = _fewest(result.empty | branch.empty)
        _add(result.first, branch.first, 0)
        _add(result.last, branch.last, 0)
    return result


def _joined(left: Borders, right: Borders, rules: dict[tuple[int, int], int]) -> Borders:
    """The borders of two parts in a row."""
    _link(left.last, right.first, rules)
    result = Borders(
        _fewest(frozenset(a | b for a in left.empty for b in right.empty)), dict(left.first), dict(right.last)
    )
    for bits in left.empty:
        _add(result.first, right.first, bits)
    for bits in right.empty:
        _add(result.last, left.last, bits)
    if max(len(result.empty), len(result.first), len(result.last)) > MAX_RULES:
        raise NoAutomaton(_TOO_LARGE)
    return result


def _add(to: Conditional, given: Conditional, conditions: int) -> None:
    for bits, positions in given.items():
        to[bits | conditions] = to.get(bits | conditions, 0) | positions


def _fewest(found: frozenset[int]) -> frozenset[int]:
    """The conditions without those that demand more than others."""
    return frozenset({0}) if 0 in found else found


def _link(sources: Conditional, targets: Conditional, rules: dict[tuple[int, int], int]) -> None:
    for one, before in sources.items():
        for other, after in targets.items():
            key = (one | other, before)
            rules[key] = rules.get(key, 0) | after
    if len(rules) > 4 * MAX_POSITIONS:
        raise NoAutomaton(_TOO_LARGE)


def union(bits: Iterable[int]) -> int:
    """All bits that are set in any of the numbers."""
    found = 0
    for each in bits:
        found |= each
    return found


class Steps:
    """The rules that hold at places with some conditions. Bit 0 is set if a match ends here."""

    __slots__ = ("last", "next_one", "others", "start")

    def __init__(self, positions: PositionRules, held: int) -> None:
        rules: dict[int, int] = {}
        for (conditions, sources), targets in positions.rules.items():
            if conditions & ~held == 0:
                rules[sources] = rules.get(sources, 0) | targets
        whole = positions.whole
        self.start = union(bits for conditions, bits in whole.first.items() if conditions & ~held == 0)
        self.start |= any(conditions & ~held == 0 for conditions in whole.empty)
        self.last = union(bits for conditions, bits in whole.last.items() if conditions & ~held == 0)
        plain = {a for a, b in rules.items() if a << 1 == b and a & (a - 1) == 0}
        self.next_one = union(plain)  # those that only the position after them follows
        self.others = [(a, b) for a, b in rules.items() if a not in plain]
        if len(self.others) > MAX_RULES:
            raise NoAutomaton(_TOO_LARGE)

    def after(self, read: int) -> int:
        """The positions that may read the next character, from those that have read the last one."""
        following = (read & self.next_one) << 1
        for sources, targets in self.others:
            if read & sources:
                following |= targets
        return following | 1 if read & self.last else following


class Readers(dict[str, int]):
    """The positions that can read a character, as bits. A set is asked once about each character.

    Sets of one character need not be asked.
    """

    def __init__(self, sets: Iterable[CharacterSet]) -> None:
        super().__init__()
        exact: dict[str, int] = {}
        several: dict[CharacterSet, int] = {}
        for number, given in enumerate(sets):
            if given.only:
                exact[given.only] = exact.get(given.only, 0) | 2 << number
            else:
                several[given] = several.get(given, 0) | 2 << number
        self.exact = MappingProxyType(exact)
        self.several = tuple(several.items())

    def __missing__(self, character: str) -> int:
        positions = self.exact.get(character, 0)
        for given, bits in self.several:
            if character in given:
                positions |= bits
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        self[character] = positions
        return positions


class _State(dict["str | tuple[str, int]", "_State"]):
    """A state, and the states that characters lead to; beside a character, the look-arounds that hold.

    `read` are the positions that have read the last character, whose kind is `kind`. `accepted` is true if a
    match ends before that character. A `settled` state is left on no character.
    """

    __slots__ = ("accepted", "end", "kind", "machine", "read", "settled")

    def __init__(
        self, machine: _Machine, read: int, kind: int, accepted: bool, settled: bool = False
    ) -> None:
        super().__init__()
        self.machine, self.read, self.kind = machine, read, kind
        self.accepted, self.settled = accepted, settled
        self.end: bool | None = None

    def __missing__(self, key: str | tuple[str, int]) -> _State:
        return self.machine.step(self, key)


class _Machine:
    """The automaton of one tree, without those of its look-arounds.

    A search may begin at each place, a match of the whole text only at the first one. One that `marks` does
    not end at the first match.
    """

    def __init__(
        self, positions: PositionRules, *, is_search: bool = True, marks: bool = False, backward: bool = False
    ) -> None:
        self.positions = positions
        self.is_search, self.marks, self.backward = is_search, marks, backward
        self.used = positions.conditions
        self.looks = self.used >> 4
        self.has_boundaries = bool(self.used & (Place.BOUNDARY | Place.NO_BOUNDARY))
        self.readers = Readers(positions.sets)
        self.known_steps: dict[int, Steps] = {}
        edge = Place.END if backward else Place.BEGIN
        self.begins_later = is_search and bool(self.steps(self.used & ~edge).start)
        self.rules = len(self.steps(self.used).others)
        self.states: dict[tuple[int, int, bool], _State] = {}
        self.remembered = 0
        self.start = _State(self, 0, EDGE, False)
        self.matched = _State(self, 0, EDGE, True, settled=True)
        self.dead = _State(self, 0, EDGE, False, settled=True)

    def steps(self, held: int) -> Steps:
        held &= self.used
        steps = self.known_steps.get(held)
        if steps is None:
            steps = self.known_steps[held] = Steps(self.positions, held)
        return steps

    def following(self, state: _State, kind: int, looks: int) -> int:
        """The positions that may read a character of a kind."""
        neighbours = (kind, state.kind) if self.backward else (state.kind, kind)
        steps = self.steps(HELD[neighbours] | looks << 4)
        begins = self.is_search or state.kind == EDGE
        return steps.after(state.read) | (steps.start if begins else 0)

    def step(self, state: _State, key: str | tuple[str, int]) -> _State:
        character, looks = (key, 0) if isinstance(key, str) else key
        kind = WORD if self.has_boundaries and character in _WORD else OTHER
        following = self.following(state, kind, looks)
        accepted = bool(following & 1)
        read = following & self.readers[character]
        if self.marks:
            after = self.state(read, kind, accepted)
        elif accepted and self.is_search:
            after = self.matched
        elif not read and not self.begins_later:
            after = self.dead
        else:
            after = self.state(read, kind, False)
        if self.remembered >= MAX_REMEMBERED:
            self.forget()
        self.remembered += 1
        state[key] = after
        return after

    def state(self, read: int, kind: int, accepted: bool) -> _State:
        key = (read, kind, accepted)
        state = self.states.get(key)
        if state is None:
            state = self.states[key] = _State(self, read, kind, accepted)
        return state

    def forget(self) -> None:
        """Forget all steps; a thread that is in one of the states goes on from there."""
        for state in (self.start, *list(self.states.values())):
            state.clear()
        self.states.clear()
        self.remembered = 0

    def ends(self, state: _State, looks: int = 0) -> bool:
        """True if a match ends at the end of the text."""
        if looks or self.looks:
            return bool(self.following(state, EDGE, looks) & 1)
        if state.end is None:
            state.end = bool(self.following(state, EDGE, 0) & 1)
        return state.end

    def finds(self, text: str) -> bool:
        state = self.start
        for character in text:
            state = state[character]
            if state.settled:
                return state.accepted
        return self.ends(state)

    def finds_between(self, text: str, places: bytearray) -> bool:
        """As `finds`; `places` has the bits of the look-arounds that hold at each place."""
        state, used = self.start, self.looks
        for character, held in zip(text, places, strict=False):
            looks = held & used
            state = state[(character, looks) if looks else character]
            if state.settled:
                return state.accepted
        return self.ends(state, places[-1] & used)

    def mark(self, text: str, places: bytearray, bit: int, negated: bool) -> None:
        """Set a bit at the places at which a match ends, or (backward) begins; if negated, at all others."""
        state, used = self.start, self.looks
        size = len(text)
        order: Iterable[int] = range(size, 0, -1) if self.backward else range(size)
        for place in order:
            character = text[place - 1] if self.backward else text[place]
            looks = places[place] & used
            state = state[(character, looks) if looks else character]
            if state.accepted is not negated:
                places[place] |= bit
        last = 0 if self.backward else size
        if self.ends(state, places[last] & used) is not negated:
            places[last] |= bit


@dataclass(slots=True)
class Automaton:
    """A compiled pattern of `size` parts; a look-around comes after those inside it."""

    machine: _Machine
    looks: tuple[tuple[_Machine, bool], ...]
    size: int

    @property
    def rules(self) -> int:
        """The number of rules that a step can have to look at, for each character of a text."""
        return self.machine.rules + sum(machine.rules for machine, _ in self.looks)

    @property
    def remembered(self) -> int:
        """The largest number of steps or characters that one of its machines remembers."""
        machines = (self.machine, *(machine for machine, _ in self.looks))
        return max(max(machine.remembered, len(machine.readers)) for machine in machines)

    def holds(self, text: str) -> bool:
        """True if the text matches: a part of it for a search, else all of it."""
        if not self.looks:
            return self.machine.finds(text)
        places = bytearray(len(text) + 1)
        for number, (machine, negated) in enumerate(self.looks):
            machine.mark(text, places, 1 << number, negated)
        return self.machine.finds_between(text, places)

    def search(self, text: str) -> bool | None:
        """True if the text matches, else None. (`re` returns the match itself.)"""
        return self.holds(text) or None


def compile_automaton(tree: Tree, *, is_search: bool = True, max_positions: int = MAX_POSITIONS) -> Automaton:
    """The automaton of a tree; raises NoAutomaton."""
    builder = PositionBuilder(reverses=True, max_positions=max_positions)
    positions = builder.positions(tree)
    if builder.pieces << len(builder.looks) > MAX_WORK:
        raise NoAutomaton(_TOO_LARGE)
    machine = _Machine(positions, is_search=is_search)
    looks = tuple(
        (_Machine(look.positions, marks=True, backward=look.is_ahead), look.negated) for look in builder.looks
    )
    return Automaton(machine, looks, builder.pieces)
