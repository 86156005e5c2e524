"""Batch mapper: a batch of bodies becomes the bytes to write and the counts, in one process or in many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mapper.streams.batches import BYTE_ORDER_MARK, Batch, Files, Position, bodies_of
from mapper.streams.envelopes import EnvelopeNeeds
from mapper.streams.item_lines import move_lines, rejection_lines, skip_line
from mapper.streams.replay import replay_bodies
from mapper.streams.tally import FirstRejection, Tally
from mapper.transform.request import Request
from mapper.transform.result import JsonResult, Rejected
from mapper.transform.transform import Transform

MAX_LINES = 4_096  # mapped before their results are handed over
MAX_BYTES = (
    16 * 1024 * 1024
)  # of events and rejections; beyond them results are handed over before the next line


@dataclass(frozen=True, slots=True)
class RunSetup:
    """Everything a worker needs besides the bodies; it pickles."""

    transform: Transform
    request: Request
    needs: EnvelopeNeeds | None  # None if rejected items are not kept
    keeps_skipped: bool
    keeps_rejected: bool
    show_values: bool
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The result of a batch, or of a part of it: lines for each of the outputs, and the counts.

    `after` is the position behind the part, `size` its bytes of input.
    """

    events: bytes | memoryview
    skipped: bytes
    rejected: bytes
    tally: Tally
    after: Position
    size: int

    def moved(self, lines: int) -> BatchResult:
        """The same, with `lines` added to all numbers of lines."""
        after = replace(self.after, line=self.after.line + lines)
        skipped, rejected = move_lines(self.skipped, lines), move_lines(self.rejected, lines)
        return BatchResult(self.events, skipped, rejected, self.tally.moved(lines), after, self.size)


@dataclass(slots=True)
class BatchMapper:
    """Maps bodies and collects lines and counts until `take` hands them over."""

    setup: RunSetup
    files: Files
    events: list[bytes] = field(default_factory=list)
    skipped: list[bytes] = field(default_factory=list)
    rejected: list[bytes] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    held: int = 0  # bytes of events and rejected lines
    _shown: set[tuple[str, ...]] = field(default_factory=set)

    def __call__(self, batch: Batch) -> Iterator[BatchResult]:
        """Map every body of a batch. If its line is UNKNOWN, numbers of lines count from its beginning."""
        lines = [self.files.read(batch)] if batch.is_whole else self.files.lines(batch)
        if batch.is_whole:
            yield self._whole(batch, lines[0])
        elif self.setup.is_replay:
            yield self._replay(batch, lines)
        else:
            yield from self._lines(batch, lines)

    def _whole(self, batch: Batch, data: bytes) -> BatchResult:
        """Map the one body of an input; a blank input has none."""
        body = data if batch.start.offset else data.removeprefix(BYTE_ORDER_MARK)
        if body.strip():
            self.tally.bodies += 1
            result = self.setup.transform.json(body, self.setup.request)
            self.events += result.events
            self.enter(batch.name, batch.start.line, body, result)
        return self.take(Position(batch.start.file + 1), batch.size)

    def _lines(self, batch: Batch, lines: list[bytes]) -> Iterator[BatchResult]:
        """Map at most MAX_LINES at once: short lines may give large events or long rejections."""
        after, first = batch.start, 0
        while first < len(lines):
            some = lines[first : first + MAX_LINES]
            mark = 0 if after.offset or not some[0].startswith(BYTE_ORDER_MARK) else len(BYTE_ORDER_MARK)
            some[0] = some[0][mark:]
            del some[self._map(batch.name, some, after.line) :]
            size = mark + sum(map(len, some))
            after = Position(after.file, after.offset + size, after.line + len(some))
            first += len(some)
            yield self.take(after, size)

    def _map(self, name: str, lines: list[bytes], number: int) -> int:
        """Map the bodies of lines, the first with that number; return how many were mapped."""
        transform, request = self.setup.transform.json, self.setup.request
        add_events = self.events.extend
        number_of_bodies, next_number = 0, number
        for line in lines:
            if not line.isspace():
                body = line.rstrip(b"\r\n")
                result = transform(body, request)
                add_events(result.events)
                self.held += sum(map(len, result.events))
                number_of_bodies += 1
                if result.skipped or result.rejected or result.repairs:
                    self.enter(name, next_number, body, result)
            next_number += 1
            if self.held > MAX_BYTES:
                break
        self.tally.bodies += number_of_bodies
        return next_number - number

    def _replay(self, batch: Batch, lines: list[bytes]) -> BatchResult:
        """Map the items of rejected lines; they keep the file and line of the first input."""
        start, needs = batch.start, self.setup.needs
        if not start.offset:
            lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
        if needs is not None:
            for replayed in replay_bodies(batch.name, bodies_of(lines, start.line), needs):
                result = replayed.choose(self.setup.transform.json(replayed.body, self.setup.request))
                self.events += result.events
                self.tally.bodies += 1
                self.enter(replayed.file, replayed.line, replayed.body, result)
        after = Position(start.file, start.offset + batch.size, start.line + len(lines))
        return self.take(after, batch.size)

    def enter(self, file: str, number: int, body: bytes, result: JsonResult) -> None:
        """Collect and count the skips and rejections of a body, and the repairs it needed."""
        tally = self.tally
        repairs = [repair.name for repair in result.repairs]
        tally.repairs.update(repairs)
        for skip in result.skipped:
            tally.reasons[skip.reason] += 1
            if self.setup.keeps_skipped:
                self.skipped.append(skip_line(file, number, skip, repairs, body))
        for one in result.rejected:
            self.count(file, number, one)
        needs, show_values = self.setup.needs, self.setup.show_values
        if needs is not None and self.setup.keeps_rejected:
            lines = rejection_lines(file, number, result.rejected, repairs, body, needs, show_values)
            for line in lines:
                self.rejected.append(line)
                self.held += len(line)

    def count(self, file: str, number: int, rejected: Rejected) -> None:
        """Count a rejected item, and keep the first of its kind to be shown."""
        codes = rejected.codes
        self.tally.codes[codes] += 1
        if codes not in self._shown:
            self._shown.add(codes)
            self.tally.firsts[codes] = FirstRejection(file, number, rejected.index, rejected.diagnostics)

    def take(self, after: Position, size: int) -> BatchResult:
        """Everything collected since the last call."""
        self.tally.events = len(self.events)
        self.tally.items = len(self.events) + self.tally.reasons.total() + self.tally.rejected
        self.events.append(b"")  # so that the last event's line is ended
        events, skipped, rejected = b"\n".join(self.events), b"".join(self.skipped), b"".join(self.rejected)
        part = BatchResult(events, skipped, rejected, self.tally, after, size)
        self.events, self.skipped, self.rejected, self.tally, self.held = [], [], [], Tally(), 0
        return part
