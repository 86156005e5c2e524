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

from mapper.runtime.faults import NO_OBJECT, FaultRecord, Misfit
from mapper.runtime.items import Alternative, names_of, select
from mapper.runtime.json.narrow import finder
from mapper.transform.body import read_late
from mapper.transform.rejections import NOT_OBJECT, PASS_BYTES, Places, explain_event, explain_fault, tell
from mapper.transform.result import (
    JsonResult,
    Rejected,
    Result,
    Skipped,
    Work,
    encode,
    reject_late,
    skip_late,
)

# Why the bytes path makes no event of an item: the number of a skip rule, what a fault tells, or what the
# target schema refuses.
Reason: TypeAlias = int | FaultRecord | Misfit
# The outcome of an item on the bytes path; None where the general path has to map it.
Outcome: TypeAlias = bytes | Reason | None
Split: TypeAlias = Callable[[bytes], list[Raw]]
# The number of the alternative of `each` whose items have been found undecoded, if any, and these items.
Taken: TypeAlias = tuple[int, Sequence[Raw]]
# How to read the items that have become no events, by index.
Items: TypeAlias = dict[int, Work]
# The general path, given the indexes of the items it has to map, and how many there are.
Again: TypeAlias = Callable[[list[int], int], Result | None]

_index = attrgetter("index")
_BLANKS = b" \t\n\r"
_LITTLE = 1 << 16  # bytes that may have to be gone through if all items are asked for, one after the other


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What outcomes of a mapping mean.

    For each of the alternatives of `each`, `splits` has what finds its items undecoded where they stand in
    one array, and `rows` the location of that array.
    """

    reasons: tuple[str, ...]
    places: Places = field(repr=False)
    target: str = field(repr=False)
    objects_only: bool
    alternatives: tuple[Alternative, ...] = field(repr=False)
    splits: tuple[Split | None, ...]
    rows: tuple[str, ...]

    def of_body(self, outcome: Reason, body: bytes) -> JsonResult:
        """The result of a body that is one item."""
        item = (read_late, (body,))
        if isinstance(outcome, int):
            return JsonResult([], [skip_late(0, self.reasons[outcome], item)])
        return JsonResult([], [], [self._rejected(0, "$", outcome, item)])

    def of_items(
        self, outcomes: list[Outcome], way: int, body: bytes, known: Taken | Items, again: Again
    ) -> JsonResult | None:
        """The result of items, not all of them events; None where the general path has to map the body."""
        row = self.rows[way]
        items, is_row = (known, True) if isinstance(known, dict) else self._find(outcomes, way, body, known)
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
                skipped.append(skip_late(index, self.reasons[outcome], items[index]))
            else:
                location = f"{row}[{index}]" if is_row else row
                rejected.append(self._rejected(index, location, outcome, items[index]))
        if not left:
            return JsonResult([o for o in outcomes if type(o) is bytes], skipped, rejected)
        result = again(left, len(outcomes))
        return None if result is None else _merged(outcomes, left, result, skipped, rejected)

    def items_of(self, outcomes: list[Outcome], way: int, text: bytes, raws: Sequence[Raw] = ()) -> Items:
        """How to read those elements of an array in a text that have become no events.

        Raises ValueError where the array is not found, or has not one element for each outcome.
        """
        others = [i for i, o in enumerate(outcomes) if type(o) is not bytes and o is not None]
        split = self.splits[way]
        if split is None or not others:
            return {}
        if not raws and len(others) * len(text) <= _LITTLE:
            return {i: (_read_element, (text, split, self.alternatives, i)) for i in others}
        raws = raws or split(text)
        if len(raws) != len(outcomes):
            raise ValueError("other items than those that were mapped")
        return {i: (read_late, (bytes(raws[i]),)) for i in others}

    def _find(
        self, outcomes: list[Outcome], way: int, body: bytes, taken: Taken
    ) -> tuple[Items | None, bool]:
        """How to read the items, and whether they stand in an array; None where that is not known."""
        number, raws = taken
        split = self.splits[way]
        if split is None:
            return None, True
        try:
            if len(outcomes) == 1 and number != way:
                # It may stand in no array.
                if self.rows[way] == "$" and not body.lstrip(_BLANKS).startswith(b"["):
                    return {0: (read_late, (body,))}, False
                number, raws = way, split(body)
            return self.items_of(outcomes, way, body, raws if number == way else ()), True
        except ValueError:
            pass
        if len(outcomes) > 1:
            return None, True
        alone = bytes(finder(names_of(self.alternatives[way]))(body))
        return (None, True) if alone.startswith(b"[") else ({0: (read_late, (alone,))}, False)

    def _rejected(self, index: int, location: str, reason: FaultRecord | Misfit, item: Work) -> Rejected:
        diagnostics: Work
        if reason is NO_OBJECT:
            # A body that is a text was perhaps meant to be read.
            is_text = location == "$" and item[1][0].lstrip(_BLANKS).startswith(b'"')
            diagnostics = tell, ("M604", NOT_OBJECT, PASS_BYTES if is_text else (), location)
        elif isinstance(reason, Misfit):
            diagnostics = explain_event(self.target, reason.event, self.places, location)
        else:
            diagnostics = explain_fault, (reason, self.places, location)
        return reject_late(index, location, diagnostics, item)


def _read_element(text: bytes, split: Split, alternatives: tuple[Alternative, ...], index: int) -> object:
    """One of the items of a text; of equal names that lead to them, the last counts."""
    try:
        return read_late(bytes(split(text)[index]))
    except ValueError:
        items = select(alternatives, read_late(text))
        return None if items is None else items[index]


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
