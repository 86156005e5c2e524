"""Expressions: a pattern of a schema becomes the language of the texts in which it is found.

The states of the language are the positions of the pattern's automaton. The neighbours of a place decide
`^`, `$` and `\\b`. For look-arounds a state also holds what is still to be shown: the ways through those that
look ahead of which one must end well, those of which none may, and the ways through those that look behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from mapper.budget import remembered, spend
from mapper.regex.automaton import (
    EDGE,
    HELD,
    MAX_POSITIONS,
    OTHER,
    WORD,
    LookAround,
    NoAutomaton,
    PositionBuilder,
    PositionRules,
    Steps,
    look_bit,
    union,
)
from mapper.regex.characters import EVERY, CharacterSet, Ranges, joined, partition
from mapper.regex.characters import WORD as WORD_RANGES
from mapper.regex.languages import (
    EDGES_A_STEP,
    MAX_EDGES,
    MAX_STATES,
    UNKNOWN,
    Language,
    TooLarge,
    trimmed,
)
from mapper.regex.reading import PatternFault, Place, Repetition, Sequence, Tree, read_ecma

_RULES_A_STEP = 16
_LOOK_WORK = 4
_MAX_PARTS = 500  # kinds of characters
_SIMPLE = 15  # the bits of conditions that are no look-arounds
_REST: Tree = Repetition(CharacterSet(EVERY), 0, None)


@remembered(256)
def matching(pattern: str) -> Language:
    """The texts in which a pattern of ECMA-262 is found; UNKNOWN if it cannot be followed."""
    try:
        return _Following.of(read_ecma(pattern)).language()
    except (PatternFault, NoAutomaton, TooLarge):
        return UNKNOWN


@dataclass(frozen=True, slots=True)
class _Situation:
    """A position that has read the last character (0: none has), the kind of that character, and for each
    look-around the positions in it.

    Of a look-around ahead, each number in `owed` needs one way that ends well, and none may of those in
    `barred`. `behind` has the ways of those that look behind.
    """

    read: int = 0
    kind: int = EDGE
    owed: frozenset[tuple[int, int]] = frozenset()
    barred: tuple[int, ...] = ()
    behind: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Guess:
    """A decision about the look-arounds at a place: the conditions that hold, and what begins there.

    `owed` and `barred` are the positions that may read next in the look-arounds ahead that begin.
    """

    held: int
    owed: tuple[tuple[int, int], ...] = ()
    barred: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Onward:
    """The positions that may read the next character, as in a situation."""

    following: int
    owed: tuple[tuple[int, int], ...]
    barred: tuple[int, ...]
    behind: tuple[int, ...]


_Readers: TypeAlias = tuple[int, ...]  # positions that can read a character: of the pattern, of each look


@dataclass(slots=True)
class _Following:
    """Follows all texts through a pattern at once."""

    positions: tuple[PositionRules, ...]  # of the pattern, and of each look-around
    looks: list[LookAround]
    parts: list[tuple[Ranges, int, _Readers]] = field(default_factory=list)
    steps: dict[tuple[int, int], Steps] = field(default_factory=dict)
    known: dict[tuple[int, int, bool, int], int] = field(default_factory=dict)
    count: int = 0  # of the work so far

    @classmethod
    def of(cls, tree: Tree) -> _Following:
        builder = PositionBuilder(reverses=False, max_positions=MAX_POSITIONS + 2)
        positions = builder.positions(Sequence((_REST, tree, _REST)))
        found = cls((positions, *(look.positions for look in builder.looks)), builder.looks)
        found.parts = found.partition()
        return found

    def partition(self) -> list[tuple[Ranges, int, _Readers]]:
        """Kinds of characters that no position distinguishes: their ranges, their kind, and the readers."""
        sets: dict[CharacterSet, int] = {}
        for positions in self.positions:
            for given in positions.sets:
                sets.setdefault(given, len(sets))
        found = [*(given.ranges for given in sets), WORD_RANGES]
        if union(positions.conditions for positions in self.positions) & (Place.BOUNDARY | Place.NO_BOUNDARY):
            word = 1 << len(sets)
        else:
            word = 0
            found.pop()
        parts = []
        for part, bits in partition(found):
            readers = tuple(
                union(2 << number for number, given in enumerate(each.sets) if bits >> sets[given] & 1)
                for each in self.positions
            )
            parts.append((part, WORD if bits & word else OTHER, readers))
        if len(parts) > _MAX_PARTS:
            raise TooLarge
        return parts

    def language(self) -> Language:
        nothing = (0,) * len(self.looks)
        start = _Situation(barred=nothing, behind=nothing)
        numbers, queue = {start: 0}, [start]
        edges: list[tuple[tuple[Ranges, int], ...]] = []
        finals = set[int]()
        rules = sum(len(positions.rules) for positions in self.positions)
        kinds = {kind for _, kind, _ in self.parts}
        for state in queue:
            out: dict[int, list[tuple[int, int]]] = {}
            onward = {kind: list(self.onward(state, kind)) for kind in kinds}
            for part, kind, readers in self.parts:
                for each in onward[kind]:
                    for after in self.after(each, kind, readers):
                        if after not in numbers:
                            numbers[after] = len(numbers)
                            queue.append(after)
                        out.setdefault(numbers[after], []).extend(part)
                        self.count += 1
                self.count += 1
            self.count += rules // _RULES_A_STEP
            if self.may_end(state):
                finals.add(numbers[state])
            edges.append(tuple((joined(pairs), target) for target, pairs in out.items()))
            if len(numbers) > MAX_STATES or self.count > 4 * MAX_EDGES:
                spend(1 + self.count // EDGES_A_STEP)
                raise TooLarge
        spend(1 + self.count // EDGES_A_STEP)
        return trimmed(edges, {0}, finals)

    # --- one place

    def step(self, number: int, held: int) -> Steps:
        """The rules of the pattern (-1) or of a look-around, under some conditions."""
        key = (number, held)
        if key not in self.steps:
            self.steps[key] = Steps(self.positions[number + 1], held)
        return self.steps[key]

    def onward(self, state: _Situation, kind: int) -> Iterator[_Onward]:
        """The positions that may follow a place before a character of a kind, for each possible decision."""
        held = HELD[state.kind, kind]
        needed = self.needed(state, held) if self.looks else 0
        for guess in self.guesses(state, needed, 0, _Guess(held)):
            found = self.followed(state, guess)
            if found is not None:
                yield found

    def needed(self, state: _Situation, held: int) -> int:
        """The look-arounds that make a difference at a place, as bits."""
        found = self.conditions(-1, state.read, state.kind == EDGE, held)
        for number, read in state.owed:
            found |= self.conditions(number, read, False, held)
        for number, look in enumerate(self.looks):
            if look.is_ahead:
                found |= self.conditions(number, state.barred[number], False, held)
            else:
                found |= self.conditions(number, state.behind[number], True, held)
        for number in reversed(range(len(self.looks))):
            if self.looks[number].is_ahead and found & look_bit(number):
                found |= self.conditions(number, 0, True, held)
        return found

    def conditions(self, number: int, read: int, starts: bool, held: int) -> int:
        """The look-arounds on which it depends what follows some positions, or what may begin."""
        key = (number, read, starts, held)
        if key not in self.known:
            self.known[key] = self._conditions(self.positions[number + 1], read, starts, held)
        return self.known[key]

    def _conditions(self, positions: PositionRules, read: int, starts: bool, held: int) -> int:
        whole = positions.whole
        found = [bits for (bits, sources) in positions.rules if sources & read]
        found += [bits for bits, last in whole.last.items() if last & read]
        if starts:
            found += [*whole.first, *whole.empty]
        return union(bits & ~_SIMPLE for bits in found if bits & _SIMPLE & ~held == 0)

    def guesses(self, state: _Situation, needed: int, number: int, guess: _Guess) -> Iterator[_Guess]:
        """All decisions about the look-arounds from a number on; those inside others come first."""
        if number == len(self.looks):
            yield guess
            return
        look, bit = self.looks[number], look_bit(number)
        outcomes: list[tuple[bool, _Guess]] = []
        if not needed & bit:
            outcomes = [(look.negated, guess)]  # its bit stays unset
        elif not look.is_ahead:
            steps = self.step(number, guess.held)
            ends = (steps.after(state.behind[number]) | steps.start) & 1
            outcomes = [(bool(ends), guess)]
        else:
            start = self.step(number, guess.held).start
            if start:
                outcomes.append(
                    (True, guess if start & 1 else replace(guess, owed=(*guess.owed, (number, start))))
                )
            if not start & 1:
                barred = (*guess.barred, (number, start)) if start else guess.barred
                outcomes.append((False, replace(guess, barred=barred)))
        for matches, decided in outcomes:
            holds = matches is not look.negated
            then = replace(decided, held=decided.held | bit) if holds else decided
            yield from self.guesses(state, needed, number + 1, then)

    def followed(self, state: _Situation, guess: _Guess) -> _Onward | None:
        """The positions that may follow under a decision; None if it contradicts what is to be shown."""
        held = guess.held
        self.count += _LOOK_WORK * len(self.looks) + len(state.owed)
        steps = self.step(-1, held)
        following = steps.after(state.read) | (steps.start if state.kind == EDGE else 0)
        owed = list(guess.owed)
        for number, read in state.owed:
            after = self.step(number, held).after(read)
            if not after & 1:
                owed.append((number, after))
        barred = [0] * len(self.looks)
        behind = [0] * len(self.looks)
        for number, look in enumerate(self.looks):
            if look.is_ahead:
                barred[number] = (
                    self.step(number, held).after(state.barred[number]) if state.barred[number] else 0
                )
                if barred[number] & 1:
                    return None
            else:
                of_look = self.step(number, held)
                behind[number] = of_look.after(state.behind[number]) | of_look.start
        for number, start in guess.barred:
            barred[number] |= start
        return _Onward(following, tuple(owed), tuple(barred), tuple(behind))

    def after(self, onward: _Onward, kind: int, readers: _Readers) -> Iterator[_Situation]:
        """The situations after a character."""
        following = onward.following & readers[0]
        if not following:
            return
        owed = frozenset((number, bits & readers[number + 1]) for number, bits in onward.owed)
        if not all(bits for _, bits in owed):
            return
        barred = tuple(bits & reading for bits, reading in zip(onward.barred, readers[1:], strict=True))
        behind = tuple(bits & reading for bits, reading in zip(onward.behind, readers[1:], strict=True))
        while following:
            bit = following & -following
            following ^= bit
            yield _Situation(bit, kind, owed, barred, behind)

    def may_end(self, state: _Situation) -> bool:
        """True if the text may end in a situation."""
        return any(found.following & 1 and not found.owed for found in self.onward(state, EDGE))
