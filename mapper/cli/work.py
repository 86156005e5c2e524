"""Work: a batch of bodies becomes the bytes to write and the counts; the same in one process or in many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from mapper.cli.batches import Batch, Files, Position, bodies_of, lines_of
from mapper.cli.envelopes import Keeping
from mapper.cli.lines import move_lines, rejection_line, skip_line
from mapper.cli.replay import read_again
from mapper.cli.tally import First, Tally
from mapper.request import Request
from mapper.result import JsonResult, Rejected
from mapper.transform import Transform

MAX_LINES = 4_096  # mapped before what they gave is handed over


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
    """What a batch, or a part of it, gives: lines for each of the outputs, and the counts.

    `after` is the position behind the part, `size` its bytes.
    """

    events: bytes | memoryview
    skipped: bytes
    rejected: bytes
    tally: Tally
    after: Position
    size: int

    def moved(self, lines: int) -> Outcome:
        """The same, with all numbers of lines larger by so many."""
        after = replace(self.after, line=self.after.line + lines)
        skipped, rejected = move_lines(self.skipped, lines), move_lines(self.rejected, lines)
        return Outcome(self.events, skipped, rejected, self.tally.moved(lines), after, self.size)


@dataclass(slots=True)
class Work:
    """Maps bodies; what it gathers is taken away batch by batch."""

    setup: Setup
    files: Files
    events: list[bytes] = field(default_factory=list)
    skipped: list[bytes] = field(default_factory=list)
    rejected: list[bytes] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    _shown: set[tuple[str, ...]] = field(default_factory=set)

    def __call__(self, batch: Batch) -> Iterator[Outcome]:
        """Map every body of a batch. Where its line is UNKNOWN, numbers of lines count from its beginning."""
        fault = batch.fault
        try:
            data = b"" if fault else self.files.read(batch)
        except OSError as error:
            fault = f"`{batch.name}` cannot be read: {error.strerror or error}"
        if fault:
            self.tally.faults.append(fault)
            yield self.take(Position(batch.start.file + 1), 0)
        elif self.setup.is_replay:
            yield self._replay(batch, data)
        elif batch.is_whole:
            self.tally.bodies += 1
            result = self.setup.transform.json(data, self.setup.request)
            self.events += result.events
            self.enter(batch.name, batch.start.line, data, result)
            yield self.take(Position(batch.start.file + 1), batch.size)
        else:
            yield from self._lines(batch, data)

    def _lines(self, batch: Batch, data: bytes) -> Iterator[Outcome]:
        """Map lines: so many at once, for short lines may each give a long rejection."""
        lines, start, done = lines_of(batch, data), batch.start, 0
        number = start.line
        while done < len(data):
            number = self._map(batch.name, islice(lines, MAX_LINES), number)
            size, done = lines.tell() - done, lines.tell()
            yield self.take(Position(start.file, start.offset + done, number), size)

    def _map(self, name: str, lines: Iterable[bytes], number: int) -> int:
        """Map the bodies of lines, of which the first has that number; returns the number behind them."""
        transform, request = self.setup.transform.json, self.setup.request
        add_events = self.events.extend
        number_of_bodies = 0
        for line in lines:
            if not line.isspace():
                body = line.rstrip(b"\r\n")
                result = transform(body, request)
                add_events(result.events)
                number_of_bodies += 1
                if result.skipped or result.rejected or result.repairs:
                    self.enter(name, number, body, result)
            number += 1
        self.tally.bodies += number_of_bodies
        return number

    def _replay(self, batch: Batch, data: bytes) -> Outcome:
        """Map the items of rejected lines; they keep the place at which they stood in the first input."""
        keeping = self.setup.keeping
        if keeping is not None:
            for again in read_again(batch.name, bodies_of(batch, data), keeping):
                result = again.choose(self.setup.transform.json(again.body, self.setup.request))
                self.events += result.events
                self.tally.bodies += 1
                self.enter(again.file, again.line, again.body, result)
        start = batch.start
        after = Position(start.file, start.offset + batch.size, start.line + data.count(b"\n"))
        return self.take(after, batch.size)

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
            self.count(file, number, one)
        if self.setup.keeping is not None and self.setup.keeps_rejected:
            values = self.setup.show_values
            kept = self.setup.keeping.around(result.rejected, body, is_repaired=bool(repairs))
            for one, around in zip(result.rejected, kept, strict=True):
                self.rejected.append(rejection_line(file, number, one, repairs, body, around, values))

    def count(self, file: str, number: int, rejected: Rejected) -> None:
        """Count a rejected item, and keep the first of its kind to be shown."""
        codes = rejected.codes
        self.tally.codes[codes] += 1
        if codes not in self._shown:
            self._shown.add(codes)
            self.tally.firsts[codes] = First(file, number, rejected.index, rejected.diagnostics)

    def take(self, after: Position, size: int) -> Outcome:
        """Everything gathered since it was taken last."""
        self.tally.events = len(self.events)
        self.tally.items = len(self.events) + self.tally.reasons.total() + self.tally.rejected
        self.events.append(b"")  # so that the last event's line is ended
        events, skipped, rejected = b"\n".join(self.events), b"".join(self.skipped), b"".join(self.rejected)
        outcome = Outcome(events, skipped, rejected, self.tally, after, size)
        self.events, self.skipped, self.rejected, self.tally = [], [], [], Tally()
        return outcome
