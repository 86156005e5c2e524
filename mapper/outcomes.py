"""Outcomes: what the bytes path finds of the items of a body becomes a result.

Of items that are skipped or rejected only the bytes are taken; what they hold, and why they are rejected, is
worked out when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeAlias

from mapper.body import read_late
from mapper.faults import NOT_OBJECT, Places, explain_event, explain_fault, tell
from mapper.result import JsonResult, Rejected, Result, Skipped, Work, encode, reject_late, skip_late
from mapper.runtime.faults import NO_OBJECT, Misfit, Told

# Why the bytes path makes no event of an item: the number of a skip rule, what a fault tells, or what the
# target schema refuses.
Reason: TypeAlias = int | Told | Misfit
# The outcome of an item on the bytes path; None where the general path has to map it.
Outcome: TypeAlias = bytes | Reason | None
Split: TypeAlias = Callable[[bytes], list[bytes]]
# The general path, given the indexes of the items it has to map, and how many there are.
Again: TypeAlias = Callable[[list[int], int], Result | None]

_index = attrgetter("index")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What outcomes of a mapping mean.

    For each alternative of `each`, `splits` has what finds its items undecoded where they stand in one array,
    and `rows` the location of that array.
    """

    reasons: tuple[str, ...]
    places: Places = field(repr=False)
    target: str = field(repr=False)
    objects_only: bool
    splits: tuple[Split | None, ...]
    rows: tuple[str, ...]

    def of_body(self, outcome: Reason, body: bytes) -> JsonResult:
        """The result of a body that is one item."""
        item = (read_late, (body,))
        if isinstance(outcome, int):
            return JsonResult([], [skip_late(0, self.reasons[outcome], item)])
        return JsonResult([], [], [self._rejected(0, "$", outcome, item)])

    def of_items(self, outcomes: list[Outcome], way: int, body: bytes, again: Again) -> JsonResult | None:
        """The result of the items of a body; None where the general path has to map all of it."""
        events = [outcome for outcome in outcomes if type(outcome) is bytes]
        if len(events) == len(outcomes):
            return JsonResult(events)
        items = self._items(outcomes, way, body)
        skipped: list[Skipped] = []
        rejected: list[Rejected] = []
        left: list[int] = []
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, bytes):
                continue
            if outcome is None or items is None or (outcome is NO_OBJECT and not self.objects_only):
                left.append(index)
                continue
            item = (read_late, (bytes(items[index]),))
            if isinstance(outcome, int):
                skipped.append(skip_late(index, self.reasons[outcome], item))
            else:
                rejected.append(self._rejected(index, f"{self.rows[way]}[{index}]", outcome, item))
        if not left:
            return JsonResult(events, skipped, rejected)
        result = again(left, len(outcomes))
        return None if result is None else _merged(outcomes, left, result, skipped, rejected)

    def _items(self, outcomes: list[Outcome], way: int, body: bytes) -> Sequence[bytes] | None:
        """The items undecoded, where some are to be kept; None where they do not stand side by side."""
        split = self.splits[way]
        if split is None or all(type(outcome) is bytes or outcome is None for outcome in outcomes):
            return None
        try:
            items = split(body)
        except ValueError:  # there is one item, in no array
            return None
        return items if len(items) == len(outcomes) else None

    def _rejected(self, index: int, location: str, reason: Told | Misfit, item: Work) -> Rejected:
        if isinstance(reason, Misfit):
            diagnostics = explain_event(self.target, reason.event, self.places, location)
        elif reason is NO_OBJECT:
            diagnostics = tell, (reason[0], NOT_OBJECT, (), location)
        else:
            diagnostics = explain_fault, (reason, self.places, location)
        return reject_late(index, location, diagnostics, item)


def _merged(
    outcomes: list[Outcome], left: list[int], result: Result, skipped: list[Skipped], rejected: list[Rejected]
) -> JsonResult:
    """What the bytes path found, and the result of the items that were left, in the order of the items."""
    others = {other.index for other in (*result.skipped, *result.rejected)}
    mapped = dict(zip((index for index in left if index not in others), result.events, strict=True))
    events = [
        outcome if type(outcome) is bytes else encode(mapped[index])
        for index, outcome in enumerate(outcomes)
        if type(outcome) is bytes or index in mapped
    ]
    skipped = sorted([*skipped, *result.skipped], key=_index)
    return JsonResult(events, skipped, sorted([*rejected, *result.rejected], key=_index))
