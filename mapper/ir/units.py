"""Units: bounds of work and of sizes that grow with the payload, by the places at which it is read.

A bound is linear: some units for each time, for each byte and for each value of the payload below a place.
The values are counted apart from the bytes because a body may hold far fewer of them (`Limits.values`). What
is read at different places does not add up, as they do not share their bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add, or_
from typing import Final

from mapper import ir
from mapper.ir.growth import ReadPlace, SizeBound, may_overlap, repeated, size_bound
from mapper.runtime.growth import UNBOUNDED
from mapper.runtime.limits import active
from mapper.runtime.work import Work

REQUESTED: Final = (
    10_000  # characters of a header, query parameter or setting: HTTP servers refuse longer ones
)
_SMALL_BODY: Final = 4_000  # bytes
_Numbers = Mapping[ReadPlace, int]


@dataclass(frozen=True, slots=True)
class Units:
    """A bound: `constant` for each time, some for each byte and each value below a place.

    `rounds` are for each round of a loop over values of the item.
    """

    constant: int = 0
    bytes: _Numbers = field(default_factory=dict)
    values: _Numbers = field(default_factory=dict)
    rounds: int = 0

    def __add__(self, other: Units) -> Units:
        if other == NOTHING:
            return self
        return self._with(other, add)

    def __or__(self, other: Units) -> Units:
        """This or the other."""
        return self._with(other, max)

    def _with(self, other: Units, pick: Callable[[int, int], int]) -> Units:
        return Units(
            min(pick(self.constant, other.constant), UNBOUNDED),
            _merged(self.bytes, other.bytes, pick),
            _merged(self.values, other.values, pick),
            min(pick(self.rounds, other.rounds), UNBOUNDED),
        )

    def times(self, factor: int) -> Units:
        """So many times as much."""
        if factor == 1 or self == NOTHING:
            return self
        return Units(
            min(self.constant * factor, UNBOUNDED),
            {place: min(units * factor, UNBOUNDED) for place, units in self.bytes.items()},
            {place: min(units * factor, UNBOUNDED) for place, units in self.values.items()},
            min(self.rounds * factor, UNBOUNDED),
        )

    def parted(self, places: Set[ReadPlace]) -> tuple[Units, Units]:
        """The part that is read at some places, and the rest."""

        def pick(numbers: _Numbers, inside: bool) -> _Numbers:
            return {place: units for place, units in numbers.items() if (place in places) is inside}

        there = Units(0, pick(self.bytes, True), pick(self.values, True))
        return there, replace(self, bytes=pick(self.bytes, False), values=pick(self.values, False))

    @property
    def is_endless(self) -> bool:
        """True if the bound is none."""
        return max(self.constant, self.rounds, *self.bytes.values(), *self.values.values()) >= UNBOUNDED

    def work(self, units: int, each: tuple[ir.Path, ...]) -> Work:
        """The work of items that begin with so many units, and that `each` finds."""
        own, own_values = (repeated(n, ir.Root.ITEM, None) for n in (self.bytes, self.values))
        shared, shared_values = (repeated(n, ir.Root.BODY) for n in (self.bytes, self.values))
        if not may_overlap(each):
            rest = (self.rounds, self._is_apart(each), self._shared)
            return Work(units, self.constant, own, shared, own_values, shared_values, *rest)
        constant = min(self.constant + self.rounds * active().loop_rounds, UNBOUNDED)
        return Work(units, constant, 0, own + shared, 0, own_values + shared_values)

    @property
    def _shared(self) -> tuple[tuple[tuple[str, ...], int, int], ...]:
        """The names of each place in the body, with the units of its bytes and of its values.

        A place that is part of another one counts as all of that.
        """
        read = {**self.bytes, **self.values}
        places = sorted((p for p in read if p[0] is ir.Root.BODY), key=lambda place: place[1])
        found: list[tuple[tuple[str, ...], int, int]] = []
        for place in places:  # parts come next to what holds them
            names, of_bytes, of_values = place[1], self.bytes.get(place, 0), self.values.get(place, 0)
            if found and names[: len(found[-1][0])] == found[-1][0]:
                whole, bytes_before, values_before = found.pop()
                names, of_bytes, of_values = whole, bytes_before + of_bytes, values_before + of_values
            found.append((names, of_bytes, of_values))
        return tuple(found)

    def _is_apart(self, each: tuple[ir.Path, ...]) -> bool:
        """True if no item holds what is read of the body, and the other way round."""
        shared = [names for root, names in (*self.bytes, *self.values) if root is ir.Root.BODY]
        items = [names for path in each for _, names in size_bound(path).reads]
        return not any(names[: len(item)] == item[: len(names)] for names in shared for item in items)

    def at_most(self, size: int) -> int:
        """The most units for one item of a body of so many bytes."""
        return self.work(0, ()).at_most(1, size, active())


def _merged(left: _Numbers, right: _Numbers, pick: Callable[[int, int], int]) -> _Numbers:
    if not right:
        return left
    merged = dict(left)
    for place, units in right.items():
        merged[place] = min(pick(merged.get(place, 0), units), UNBOUNDED)
    return merged


NOTHING: Final = Units()
ENDLESS: Final = Units(UNBOUNDED)  # a product of two sizes, or work whose bound is not worth a rule


def total(parts: Iterable[Units]) -> Units:
    """All parts together."""
    return sum(parts, NOTHING)


def either(parts: Iterable[Units]) -> Units:
    """One of the parts."""
    return reduce(or_, parts, NOTHING)


def least(one: Units, other: Units, *, is_large: bool) -> Units:
    """The smaller of two bounds of the same work: for a small body, or with `is_large` for the largest."""
    size = active().body_bytes if is_large else _SMALL_BODY
    return one if one.at_most(size) <= other.at_most(size) else other


@dataclass(frozen=True, slots=True)
class Size:
    """Bounds of a value: its characters, as a payload writes it, and the values in it, with itself.

    So many of the characters may be `digits` of long integers.
    """

    characters: Units = NOTHING
    nodes: Units = NOTHING
    digits: Units = NOTHING

    def __add__(self, other: Size) -> Size:
        characters, nodes = self.characters + other.characters, self.nodes + other.nodes
        return Size(characters, nodes, self.digits + other.digits)

    def times(self, factor: int) -> Size:
        """So many times as much."""
        return Size(self.characters.times(factor), self.nodes.times(factor), self.digits.times(factor))

    def with_keys(self) -> Size:
        """The same with the keys of objects as values of their own."""
        return replace(self, nodes=self.nodes.times(2))


def size_of(bound: SizeBound) -> Size:
    """The size of a value whose growth is known."""
    if bound.lists:
        return Size(ENDLESS, ENDLESS, ENDLESS)
    built = bound.texts - bound.requested
    constant = bound.constant + built * active().text_length + bound.requested * REQUESTED
    characters = Units(constant, bound.reads)
    if bound.spelt:  # two characters or more for each value
        return Size(characters, characters, characters)
    # A member or element takes two bytes, a text is one value.
    nodes = Units(1 + bound.constant + bound.texts, {}, bound.reads)
    return Size(characters, nodes, Units(bound.constant, bound.reads))


def inside(element: Units, source: Size) -> Units:
    """The work of an element for all parts of a source that it is computed from, apart from its constant.

    What it reads of the body or the mapping's item is left as it is.
    """
    of_bytes, of_values = (repeated(n, ir.Root.ITEM) for n in (element.bytes, element.values))
    rest = Units(
        0,
        {place: units for place, units in element.bytes.items() if place[0] is not ir.Root.ITEM},
        {place: units for place, units in element.values.items() if place[0] is not ir.Root.ITEM},
    )
    return rest + source.characters.times(of_bytes) + source.nodes.times(of_values + element.rounds)
