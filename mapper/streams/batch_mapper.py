"""Batch mapper: a batch of bodies becomes the bytes to write and the counts, in one process or in many."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.render.visible import shorten
from mapper.runtime.repair.policy import Repair
from mapper.samples.cases import read_request
from mapper.streams.batches import BYTE_ORDER_MARK, Batch, Files, Position, bodies_of
from mapper.streams.envelopes import EnvelopeNeeds
from mapper.streams.item_lines import move_lines, rejection_lines, skip_line
from mapper.streams.replay import replay_bodies, under
from mapper.streams.shared_ids import ids_of
from mapper.streams.tally import FirstRejection, Tally, faults_of
from mapper.transform.request import Request
from mapper.transform.result import JsonResult, Outcome, Rejected, Skipped
from mapper.transform.transform import Transform

MAX_LINES = 4_096  # mapped before their results are handed over
# Bytes of lines; beyond them they are handed over before the next line is mapped, or the next item of a large
# body.
MAX_BYTES = 4 * 1024 * 1024
MAX_REASON = 200  # characters of the reason why a line is not a request; it may name a member

_WRAPPED = re.compile(rb'\s*\{\s*"request"\s*:\s*\{\s*"')


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
    reads_requests: bool = False
    compares_ids: bool = False


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The result of a batch, or of a part of it: lines for each of the outputs, and the counts.

    `after` is the position behind the part, `size` its bytes of input. A part that `is_amid` ends inside a
    body: `after` is a position before this body, and a run cannot be resumed from there.
    """

    events: bytes | memoryview
    skipped: bytes
    rejected: bytes
    tally: Tally
    after: Position
    size: int
    is_amid: bool = False

    def moved(self, lines: int) -> BatchResult:
        """The same, with `lines` added to all numbers of lines."""
        after = replace(self.after, line=self.after.line + lines)
        skipped, rejected = move_lines(self.skipped, lines), move_lines(self.rejected, lines)
        tally = self.tally.moved(lines)
        return BatchResult(self.events, skipped, rejected, tally, after, self.size, self.is_amid)


@dataclass(frozen=True, slots=True)
class Source:
    """A body, the file and line that it is from, and what the line itself holds of its request."""

    file: str
    line: int
    body: bytes = field(repr=False)
    request: Request | None = None


@dataclass(slots=True)
class BatchMapper:
    """Maps bodies and collects lines and counts until `take` hands them over."""

    setup: RunSetup
    files: Files
    events: list[bytes] = field(default_factory=list)
    skipped: list[bytes] = field(default_factory=list)
    rejected: list[bytes] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    held: int = 0  # bytes of all these lines
    _shown: set[tuple[str, ...]] = field(default_factory=set)

    def __call__(self, batch: Batch) -> Iterator[BatchResult]:
        """Map every body of a batch. If its line is UNKNOWN, numbers of lines count from its beginning."""
        lines = [self.files.read(batch)] if batch.is_whole else self.files.lines(batch)
        if batch.is_whole:
            yield from self._whole(batch, lines[0])
        elif self.setup.is_replay:
            yield from self._replay(batch, lines)
        else:
            yield from self._lines(batch, lines)

    def _whole(self, batch: Batch, data: bytes) -> Iterator[BatchResult]:
        """Map the one body of an input; a blank input has none."""
        body = data if batch.start.offset else data.removeprefix(BYTE_ORDER_MARK)
        if body.strip():
            self.tally.bodies += 1
            self._notice(body)
            source = Source(batch.name, batch.start.line, body)
            stream = self.setup.transform.stream(body, self.setup.request)
            yield from self._stream(source, stream, stream.repairs, batch.start)
        yield self.take(Position(batch.start.file + 1), batch.size)

    def _lines(self, batch: Batch, lines: list[bytes]) -> Iterator[BatchResult]:
        """Map at most MAX_LINES at once: short lines may give large events or long rejections."""
        after, first = batch.start, 0
        while first < len(lines):
            some = lines[first : first + MAX_LINES]
            mark = 0 if after.offset or not some[0].startswith(BYTE_ORDER_MARK) else len(BYTE_ORDER_MARK)
            some[0] = some[0][mark:]
            map_some = self._map_requests if self.setup.reads_requests else self._map
            done = yield from map_some(batch.name, some, after)
            del some[done:]
            size = mark + sum(map(len, some))
            after = Position(after.file, after.offset + size, after.line + len(some))
            first += len(some)
            yield self.take(after, size)

    def _map(self, name: str, lines: list[bytes], start: Position) -> Generator[BatchResult, None, int]:
        """Map the bodies of lines, the first of them at `start`; return how many lines were mapped."""
        transform, request = self.setup.transform.begin, self.setup.request
        add_events = self.events.extend
        number_of_bodies, next_number = 0, start.line
        self._notice(lines[0])
        for line in lines:
            if not line.isspace():
                body = line.rstrip(b"\r\n")
                result = transform(body, request)
                number_of_bodies += 1
                if isinstance(result, JsonResult):
                    add_events(result.events)
                    self.held += sum(map(len, result.events))
                    if result.skipped or result.rejected or result.repairs:
                        self.enter(Source(name, next_number, body), result)
                else:
                    source, repairs = Source(name, next_number, body), result.repairs
                    yield from self._stream(source, result, repairs, start)
                    add_events = self.events.extend
            next_number += 1
            if self.held > MAX_BYTES:
                break
        self.tally.bodies += number_of_bodies
        return next_number - start.line

    def _map_requests(
        self, name: str, lines: list[bytes], start: Position
    ) -> Generator[BatchResult, None, int]:
        """As `_map`, for lines that hold a request each."""
        for number, line in bodies_of(lines, start.line):
            yield from self._map_request(name, number, line, start)
            if self.held > MAX_BYTES:
                return number + 1 - start.line
        return len(lines)

    def _map_request(self, name: str, number: int, line: bytes, start: Position) -> Iterator[BatchResult]:
        self.tally.bodies += 1
        try:
            read = read_request(line)
        except ValueError as error:
            hint = 'a line is `{"request": {"headers": .., "query": .., "received_at": .., "body": ..}}`'
            message = f"the line is not a request: {shorten(str(error), MAX_REASON)}"
            fault = Diagnostic("M011", message, hints=(hint,), location="$")
            refused = Rejected(0, "$", (fault,), line)
            yield from self._stream(Source(name, number, line), (refused,), (), start)
            return
        stream = self.setup.transform.stream(read.body, under(self.setup.request, read.request))
        yield from self._stream(Source(name, number, read.body, read.request), stream, stream.repairs, start)

    def _replay(self, batch: Batch, lines: list[bytes]) -> Iterator[BatchResult]:
        """Map the items of rejected lines; they keep the file and line of the first input."""
        start, needs = batch.start, self.setup.needs
        if not start.offset:
            lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
        if needs is not None:
            for replayed in replay_bodies(batch.name, bodies_of(lines, start.line), needs):
                if replayed.is_line:
                    yield from self._map_request(replayed.file, replayed.line, replayed.body, start)
                    continue
                request = under(self.setup.request, replayed.request)
                stream = self.setup.transform.stream(replayed.body, request)
                self.tally.bodies += 1
                source = Source(replayed.file, replayed.line, replayed.body, replayed.request)
                yield from self._stream(source, replayed.chosen(stream), stream.repairs, start)
        after = Position(start.file, start.offset + batch.size, start.line + len(lines))
        yield self.take(after, batch.size)

    def _stream(
        self, source: Source, outcomes: Iterable[Outcome], repairs: Sequence[Repair], before: Position
    ) -> Iterator[BatchResult]:
        """Collect the outcomes of a body; parts of them are handed over whenever they take MAX_BYTES.

        Its rejected items come last, as their lines depend on each other. `before` is a position before it.
        """
        names = self._count_repairs(repairs)
        rejected: list[Rejected] = []
        for outcome in outcomes:
            if type(outcome) is bytes:
                self.events.append(outcome)
                self.held += len(outcome)
            elif type(outcome) is Skipped:
                self._skip(source, outcome, names)
            elif type(outcome) is Rejected:
                self.count(source, outcome)
                if self.setup.keeps_rejected:
                    rejected.append(outcome)
            if self.held > MAX_BYTES:
                yield self.take(before, 0, is_amid=True)
        for line in self._rejection_lines(source, rejected, names):
            self.rejected.append(line)
            self.held += len(line)
            if self.held > MAX_BYTES:
                yield self.take(before, 0, is_amid=True)

    def enter(self, source: Source, result: JsonResult) -> None:
        """Collect and count the skips and rejections of a body, and the repairs it needed."""
        names = self._count_repairs(result.repairs)
        for skip in result.skipped:
            self._skip(source, skip, names)
        for one in result.rejected:
            self.count(source, one)
        for line in self._rejection_lines(source, result.rejected, names):
            self.rejected.append(line)
            self.held += len(line)

    def _count_repairs(self, repairs: Sequence[Repair]) -> list[str]:
        names = [repair.name for repair in repairs]
        self.tally.repairs.update(names)
        return names

    def _skip(self, source: Source, skip: Skipped, repairs: Sequence[str]) -> None:
        self.tally.reasons[skip.reason] += 1
        if self.setup.keeps_skipped:
            line = skip_line(source.file, source.line, skip, repairs, source.body)
            self.skipped.append(line)
            self.held += len(line)

    def _rejection_lines(
        self, source: Source, rejected: Sequence[Rejected], repairs: Sequence[str]
    ) -> Iterable[bytes]:
        needs, show_values = self.setup.needs, self.setup.show_values
        if needs is None or not self.setup.keeps_rejected:
            return ()
        file, line, body, request = source.file, source.line, source.body, source.request
        return rejection_lines(file, line, rejected, repairs, body, needs, show_values, request)

    def count(self, source: Source, rejected: Rejected) -> None:
        """Count a rejected item, and keep the first of its kind to be shown."""
        faults = faults_of(rejected.diagnostics)
        self.tally.faults[faults] += 1
        self._notice(source.body)
        if faults not in self._shown:
            self._shown.add(faults)
            first = FirstRejection(source.file, source.line, rejected.index, rejected.diagnostics)
            self.tally.firsts[faults] = first

    def _notice(self, body: bytes) -> None:
        """Note that a body is a request with what came beside it, as samples are."""
        if self.tally.has_requests or self.setup.reads_requests or not _WRAPPED.match(body):
            return
        with suppress(ValueError):
            read_request(body)
            self.tally.has_requests = True

    def take(self, after: Position, size: int, *, is_amid: bool = False) -> BatchResult:
        """Everything collected since the last call."""
        self.tally.events = len(self.events)
        if self.setup.compares_ids:
            self.tally.ids = ids_of(self.events, self.tally.ids)
        self.tally.items = len(self.events) + self.tally.reasons.total() + self.tally.rejected
        self.events.append(b"")  # so that the last event's line is ended
        events, skipped, rejected = b"\n".join(self.events), b"".join(self.skipped), b"".join(self.rejected)
        part = BatchResult(events, skipped, rejected, self.tally, after, size, is_amid)
        self.events, self.skipped, self.rejected, self.tally, self.held = [], [], [], Tally(), 0
        return part
