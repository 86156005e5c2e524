"""Work: a batch of bodies becomes the bytes to write and the counts; the same in one process or in many."""

from __future__ import annotations

from dataclasses import dataclass, field

from mapper.cli.bodies import Batch
from mapper.cli.envelopes import Keeping
from mapper.cli.lines import rejection_line, skip_line
from mapper.cli.replay import read_again
from mapper.cli.tally import First, Tally
from mapper.request import Request
from mapper.result import JsonResult, Rejected
from mapper.transform import Transform


@dataclass(frozen=True, slots=True)
class Setup:
    """What the work needs besides the bodies; it pickles."""

    transform: Transform
    request: Request
    keeping: Keeping | None  # None where rejected items are not kept
    keeps_skipped: bool
    keeps_rejected: bool
    show_values: bool
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch gives: lines for each of the outputs, and the counts."""

    events: bytes
    skipped: bytes
    rejected: bytes
    tally: Tally


@dataclass(slots=True)
class Work:
    """Maps bodies; what it gathers is taken away batch by batch."""

    setup: Setup
    events: list[bytes] = field(default_factory=list)
    skipped: list[bytes] = field(default_factory=list)
    rejected: list[bytes] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    _shown: set[tuple[str, ...]] = field(default_factory=set)

    def __call__(self, batch: Batch) -> Outcome:
        """Map every body of a batch."""
        if self.setup.is_replay:
            return self._replay(batch)
        transform, request = self.setup.transform.json, self.setup.request
        add_events = self.events.extend
        number_of_bodies = 0
        for number, body in batch.bodies():
            result = transform(body, request)
            add_events(result.events)
            number_of_bodies += 1
            if result.skipped or result.rejected or result.repairs:
                self.enter(batch.name, number, body, result)
        self.tally.bodies += number_of_bodies
        return self.take(batch.fault)

    def _replay(self, batch: Batch) -> Outcome:
        """Map the items of rejected lines; they keep the place at which they stood in the first input."""
        keeping = self.setup.keeping
        if keeping is not None:
            for again in read_again(batch.name, batch.bodies(), keeping):
                result = again.choose(self.setup.transform.json(again.body, self.setup.request))
                self.events += result.events
                self.tally.bodies += 1
                self.enter(again.file, again.line, again.body, result)
        return self.take(batch.fault)

    def enter(self, file: str, number: int, body: bytes, result: JsonResult) -> None:
        """Gather and count what did not become an event, and what had to be repaired before."""
        tally = self.tally
        repairs = [repair.name for repair in result.repairs]
        tally.repairs.update(repairs)
        for skip in result.skipped:
            tally.reasons[skip.reason] += 1
            if self.setup.keeps_skipped:
                self.skipped.append(skip_line(file, number, skip, repairs, body))
        for one in result.rejected:
            self.count(f"{file}:{number}, item {one.index}", one)
        if self.setup.keeping is not None and self.setup.keeps_rejected:
            values = self.setup.show_values
            kept = self.setup.keeping.around(result.rejected, body, is_repaired=bool(repairs))
            for one, around in zip(result.rejected, kept, strict=True):
                self.rejected.append(rejection_line(file, number, one, repairs, body, around, values))

    def count(self, place: str, rejected: Rejected) -> None:
        """Count a rejected item, and keep the first of its kind to be shown."""
        codes = rejected.codes
        self.tally.codes[codes] += 1
        if codes not in self._shown:
            self._shown.add(codes)
            self.tally.firsts[codes] = First(place, rejected.diagnostics)

    def take(self, fault: str) -> Outcome:
        """Everything gathered since it was taken last."""
        self.tally.faults += [fault] if fault else []
        self.tally.events = len(self.events)
        self.tally.items = len(self.events) + self.tally.reasons.total() + self.tally.rejected
        self.events.append(b"")  # so that the last event's line is ended
        outcome = Outcome(
            b"\n".join(self.events), b"".join(self.skipped), b"".join(self.rejected), self.tally
        )
        self.events, self.skipped, self.rejected, self.tally = [], [], [], Tally()
        return outcome
