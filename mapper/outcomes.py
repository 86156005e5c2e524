"""Outcomes: what the bytes path finds of the items of a body becomes a result.

Of items that are skipped or rejected only the bytes are taken; what they hold, and why they are rejected, is
worked out when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeAlias

from msgspec import Raw

from mapper.body import read_late
from mapper.faults import NOT_OBJECT, PASS_BYTES, Places, explain_event, explain_fault, tell
from mapper.result import JsonResult, Rejected, Result, Skipped, Work, encode, reject_late, skip_late
from mapper.runtime.faults import NO_OBJECT, Misfit, Told
from mapper.runtime.narrow import finder

# Why the bytes path makes no event of an item: the number of a skip rule, what a fault tells, or what the
# target schema refuses.
Reason: TypeAlias = int | Told | Misfit
# The outcome of an item on the bytes path; None where the general path has to map it.
Outcome: TypeAlias = bytes | Reason | None
Split: TypeAlias = Callable[[bytes], list[Raw]]
# The number of the alternative of `each` whose items have been found undecoded, if any, and these items.
Taken: TypeAlias = tuple[int, Sequence[Raw]]
# The general path, given the indexes of the items it has to map, and how many there are.
Again: TypeAlias = Callable[[list[int], int], Result | None]

_index = attrgetter("index")
_BLANKS = b" \t\n\r"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What outcomes of a mapping mean.

    For each alternative of `each`, `splits` has what finds its items undecoded where they stand in one array,
    `names` the names that lead to it, and `rows` its location.
    """

    reasons: tuple[str, ...]
    places: Places = field(repr=False)
    target: str = field(repr=False)
    objects_only: bool
    splits: tuple[Split | None, ...]
    names: tuple[tuple[str, ...], ...]
    rows: tuple[str, ...]

    def of_item(self, outcome: Reason, location: str, raw: bytes) -> JsonResult:
        """The result of a body with one item, which stands in no array."""
        if isinstance(outcome, int):
            return JsonResult([], [skip_late(0, self.reasons[outcome], (read_late, (raw,)))])
        return JsonResult([], [], [self._rejected(0, location, outcome, raw)])

    def of_items(
        self, outcomes: list[Outcome], way: int, body: bytes, taken: Taken, again: Again
    ) -> JsonResult | None:
        """The result of the items of a body; None where the general path has to map all of it."""
        events = [outcome for outcome in outcomes if type(outcome) is bytes]
        if len(events) == len(outcomes):
            return JsonResult(events)
        if len(outcomes) == 1:
            result = self._of_one(way, outcomes[0], body)
            if result is not None:
                return result
        items, row = self._items(outcomes, way, body, taken), self.rows[way]
        unknown = None if self.objects_only else NO_OBJECT  # the general path has to map it
        skipped: list[Skipped] = []
        rejected: list[Rejected] = []
        left: list[int] = []
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, bytes):
                continue
            if items is None or outcome is None or outcome is unknown:
                left.append(index)
            elif isinstance(outcome, int):
                skipped.append(skip_late(index, self.reasons[outcome], (read_late, (bytes(items[index]),))))
            else:
                rejected.append(self._rejected(index, f"{row}[{index}]", outcome, bytes(items[index])))
        if not left:
            return JsonResult(events, skipped, rejected)
        others = again(left, len(outcomes))
        return None if others is None else _merged(outcomes, left, others, skipped, rejected)

    def _of_one(self, way: int, outcome: Outcome, body: bytes) -> JsonResult | None:
        """The result of the only item; None where it stands in an array or the general path has to map it."""
        names = self.names[way]
        if isinstance(outcome, bytes | None) or (outcome is NO_OBJECT and not self.objects_only):
            return None
        if self.splits[way] is None:
            return None
        raw = bytes(finder(names)(body)) if names else body
        return None if raw.lstrip(_BLANKS).startswith(b"[") else self.of_item(outcome, self.rows[way], raw)

    def _items(
        self, outcomes: list[Outcome], way: int, body: bytes, taken: Taken
    ) -> Sequence[bytes | Raw] | None:
        """The items undecoded, where some are to be kept; None where they do not stand side by side."""
        number, items = taken
        split = self.splits[way]
        if split is None or all(outcome is None or isinstance(outcome, bytes) for outcome in outcomes):
            return None
        if number != way:
            try:
                items = split(body)
            except ValueError:
                return None
        return items if len(items) == len(outcomes) else None

    def _rejected(self, index: int, location: str, reason: Told | Misfit, raw: bytes) -> Rejected:
        diagnostics: Work
        if reason is NO_OBJECT:
            # A body that is a text was perhaps meant to be read.
            hints = PASS_BYTES if location == "$" and raw.lstrip(_BLANKS).startswith(b'"') else ()
            diagnostics = tell, ("M604", NOT_OBJECT, hints, location)
        elif isinstance(reason, Misfit):
            diagnostics = explain_event(self.target, reason.event, self.places, location)
        else:
            diagnostics = explain_fault, (reason, self.places, location)
        return reject_late(index, location, diagnostics, (read_late, (raw,)))


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
