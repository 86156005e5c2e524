"""Stream: the outcomes of one body, one after the other, so that few of them are held at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mapper.runtime.repair.policy import Repair
from mapper.transform.result import JsonResult, Outcome, Rejected, Skipped

PORTION = 1024 * 1024  # bytes of events that may be made before the first is asked for


@dataclass(frozen=True, slots=True)
class OpenedBody:
    """A parsed body: its items, and their outcomes in the same order, each made when it is asked for.

    A body that is rejected as a whole has one outcome and no items.
    """

    items: Sequence[object] = field(repr=False)
    outcomes: Iterator[Outcome] = field(repr=False)
    repairs: tuple[Repair, ...] = ()


class Stream(Iterator[Outcome]):
    """The outcomes of a body in the order of its items: an event as JSON bytes, a Skipped or a Rejected.

    They are those of `Transform.json`. Each is made when it is asked for, or a few at once if they are small.
    A stream that nobody uses any more leaves nothing behind. `items` is the number of items of the body, and
    `repairs` lists the repairs without which it could not have been read; both are known from the start.
    A body that is rejected as a whole counts as one item. `events`, `skipped` and `rejected` count the
    outcomes so far. Threads may share a transform, and each have streams of their own.
    """

    __slots__ = ("_outcomes", "events", "items", "rejected", "repairs", "skipped")

    def __init__(self, outcomes: Iterator[Outcome], items: int, repairs: tuple[Repair, ...] = ()) -> None:
        self._outcomes = outcomes
        self.items = items
        self.repairs = repairs
        self.events = 0
        self.skipped = 0
        self.rejected = 0

    @property
    def is_finished(self) -> bool:
        """True after the last outcome: then `items == events + skipped + rejected`."""
        return self.items == self.events + self.skipped + self.rejected

    def __next__(self) -> Outcome:
        outcome = next(self._outcomes)
        if type(outcome) is bytes:
            self.events += 1
        elif type(outcome) is Skipped:
            self.skipped += 1
        else:
            self.rejected += 1
        return outcome

    def collect(self) -> JsonResult:
        """The result of all outcomes; only before the first of them was asked for."""
        result = collect(self._outcomes)
        return JsonResult(result.events, result.skipped, result.rejected, self.repairs)

    def __repr__(self) -> str:
        counts = f"events={self.events}, skipped={self.skipped}, rejected={self.rejected}"
        return f"Stream(items={self.items}, {counts})"


def collect(outcomes: Iterator[Outcome]) -> JsonResult:
    """The result of all outcomes of a body."""
    events: list[bytes] = []
    skipped: list[Skipped] = []
    rejected: list[Rejected] = []
    for outcome in outcomes:
        if type(outcome) is bytes:
            events.append(outcome)
        elif type(outcome) is Skipped:
            skipped.append(outcome)
        elif type(outcome) is Rejected:
            rejected.append(outcome)
    return JsonResult(events, skipped, rejected)


def stream_of(result: JsonResult) -> Stream:
    """The outcomes of a result, in the order of the items."""
    return Stream(_in_order(result), result.items, result.repairs)


def _in_order(result: JsonResult) -> Iterator[Outcome]:
    others: dict[int, Skipped | Rejected] = {skip.index: skip for skip in result.skipped}
    others |= {one.index: one for one in result.rejected}
    events = iter(result.events)
    for index in range(result.items):
        yield others[index] if index in others else next(events)
