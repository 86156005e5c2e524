"""Element counts: the possible numbers of elements of an array that is being written, also by a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TypeAlias

from mapper.checker.templates.json_grammar import ElementCount, JsonFrame, JsonPlace

# The count of the array at each depth; None if it is not known.
Counts: TypeAlias = list[ElementCount | None]

_NONE_YET = ElementCount(0, 0, is_rest=True)


def is_counted(place: JsonPlace) -> bool:
    """True if the elements of an open array are counted."""
    return any(frame.count is not None for frame in place.frames)


def counts_of(places: Iterable[JsonPlace]) -> Counts:
    """The counts that hold for all of the places."""
    return reduce(_either, ([frame.count for frame in place.frames] for place in places), [])


def _either(one: Counts, other: Counts) -> Counts:
    # A depth that only some places reach is known from those.
    common = [None if a is None or b is None else a.joined(b) for a, b in zip(one, other, strict=False)]
    return [*common, *one[len(common) :], *other[len(common) :]]


def with_counts(place: JsonPlace, count_at: Callable[[int, JsonFrame], ElementCount | None]) -> JsonPlace:
    """The place with another count of each open array, given its depth."""
    if all(frame.is_object for frame in place.frames):
        return place
    frames = (
        frame if frame.is_object else replace(frame, count=count_at(depth, frame))
        for depth, frame in enumerate(place.frames)
    )
    return replace(place, frames=tuple(frames))


def uncounted(place: JsonPlace) -> JsonPlace:
    """The place without any counts."""
    return with_counts(place, lambda depth, frame: None)


def with_one_count(places: Sequence[JsonPlace]) -> list[JsonPlace]:
    """The places, those that differ in nothing but counts with the counts of all of them."""
    groups: dict[JsonPlace, list[JsonPlace]] = {}
    for place in places:
        groups.setdefault(uncounted(place), []).append(place)
    common = {bare: counts_of(group) for bare, group in groups.items()}
    return [_with(bare, common[bare]) for bare in map(uncounted, places)]


def _with(place: JsonPlace, counts: Counts) -> JsonPlace:
    return with_counts(place, lambda depth, frame: counts[depth])


@dataclass(slots=True)
class LoopCounts:
    """The counts of a loop: those after its first round, and those that a further one adds."""

    first: Counts
    added: Counts = field(default_factory=list)

    def begin(self, place: JsonPlace) -> JsonPlace:
        """The place before a further round, which counts from zero."""
        return with_counts(place, lambda depth, frame: _NONE_YET if frame.count is not None else None)

    def end(self, places: Iterable[JsonPlace]) -> None:
        """Note the places after a further round."""
        given = [*places]
        if given:
            self.added = _either(self.added, counts_of(given)) if self.added else counts_of(given)

    def after(self, place: JsonPlace, fewest: int, most: int | None) -> JsonPlace:
        """The place after as many further rounds."""

        def count_at(depth: int, frame: JsonFrame) -> ElementCount | None:
            before = self.first[depth] if depth < len(self.first) else None
            if before is None or frame.count is None or not frame.count.is_rest:
                return None  # another array than the one before
            if depth >= len(self.added):
                return before
            added = self.added[depth]
            if added is None or not added.is_rest:
                return None
            return before.plus(added.times(fewest, most))

        return with_counts(place, count_at)
