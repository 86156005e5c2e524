"""Worker: requests of a spool are mapped, and their outcomes are entered in the order of receipt.

A mapping is pure, so a request whose outcomes were lost in a crash is mapped to the same outcomes again. The
outcomes of small requests are entered together with the mark that they are mapped, in one transaction; those
of a large one in portions, which count for nothing before the mark.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from mapper.receiver.configuration.configuration import RequestSource
from mapper.receiver.outcomes.served_mapping import ServedMapping
from mapper.receiver.request import ReceivedRequest
from mapper.receiver.spool.spool import Spool
from mapper.receiver.spool.tables import (
    EventRow,
    OutcomeRow,
    Portion,
    RejectionRow,
    SkipRow,
    SpoolBroken,
    SpoolFull,
    StoredRequest,
)
from mapper.runtime.json.exact import write
from mapper.streams.item_lines import is_whole_body
from mapper.transform.result import Outcome, Rejected, Skipped

MAX_PORTION = 4 * 1024 * 1024  # bytes of events that are held before they are entered
MAX_ROWS = 2_000
FETCH = 256  # requests that are mapped together
GATHER = 0.02  # seconds in which more requests gather, so that the intake has the disk meanwhile
IDLE = 1.0  # seconds between looks at a spool that nobody reports to have new requests
_encode = msgspec.json.Encoder(decimal_format="number", order="sorted").encode
_FIELD = re.compile(r"`([^`]{1,200})`")


class _Ids(msgspec.Struct):
    event_id: Any = None
    user_id: Any = None


_read_ids = msgspec.json.Decoder(_Ids).decode


@dataclass(frozen=True, slots=True)
class SourceMappings:
    """The mappings that the requests of a source pass, and their settings."""

    mappings: tuple[ServedMapping, ...]
    settings: Mapping[str, object] = field(default_factory=dict, repr=False)


def source_mappings(
    sources: Sequence[RequestSource], mappings: Mapping[Any, ServedMapping]
) -> dict[str, SourceMappings]:
    """The mappings of each source by its name."""
    return {
        source.name: SourceMappings(tuple(mappings[path] for path in source.mappings), source.settings)
        for source in sources
    }


def outcome_rows(
    mapping: ServedMapping, request: ReceivedRequest, settings: Mapping[str, object]
) -> Iterator[OutcomeRow]:
    """The outcomes of a request as rows, one after the other."""
    opened = mapping.transform.open_items(request.body, request.scopes(settings))
    for index, outcome in enumerate(opened.outcomes):
        yield outcome_row(index, outcome, request.body, opened.items, mapping)


def outcome_row(
    index: int, outcome: Outcome, body: bytes, items: Sequence[object], mapping: ServedMapping
) -> OutcomeRow:
    """The row of one outcome of a body."""
    match outcome:
        case Skipped():
            return SkipRow(index, outcome.reason)
        case Rejected():
            found = outcome.diagnostics
            names = dict.fromkeys(filter(None, (field_of(diagnostic.message) for diagnostic in found)))
            return RejectionRow(
                index,
                # A name may hold half of a surrogate pair, which cannot be written.
                outcome.location.encode("utf-8", "backslashreplace").decode(),
                is_whole_body(outcome, body, mapping.needs),
                tuple(diagnostic.code for diagnostic in found),
                tuple(names),
                tuple(diagnostic.message for diagnostic in found),
            )
        case _:
            ids = _read_ids(outcome)
            user = "" if ids.user_id is None else _encode(ids.user_id).decode()
            return EventRow(index, _id(ids.event_id), item_hash(items[index], body), outcome, user)


def event_id(event: bytes) -> str | bytes | None:
    """The id of an event: a text, the JSON of another value, or None if it has none."""
    return _id(_read_ids(event).event_id)


def _id(found: Any) -> str | bytes | None:
    return found if found is None or isinstance(found, str) else _encode(found)


def item_hash(item: object, body: bytes) -> bytes:
    """A digest of an item as it came; the order of its keys and its white space are no part of it."""
    try:
        written = item if isinstance(item, bytes) else _encode(item)
    except (ValueError, TypeError, RecursionError):  # half of a surrogate pair, or it nests too deep
        try:
            written = write(item, is_ascii=True, is_strict=False).encode("ascii")
        except (ValueError, TypeError, RecursionError):
            written = body
    return hashlib.sha256(written).digest()


def field_of(message: str) -> str | None:
    """The field of the event that a message begins with."""
    found = _FIELD.match(message)
    return None if found is None else found[1].replace(" ", "")


def seen_since(received_at: str, window: float) -> str:
    """The time of receipt before which ids are forgotten, for a request."""
    try:
        moment = datetime.fromisoformat(received_at) - timedelta(seconds=window)
    except (ValueError, OverflowError):
        return ""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_portion(number: int, request: ReceivedRequest, mapping: ServedMapping, since: str) -> Portion:
    """A portion without rows yet."""
    name, version, each = mapping.name, mapping.version, mapping.needs.each
    source, at, written = request.head.source, request.received_at, mapping.written
    return Portion(number, source, at, name, version, since, each, written)


@dataclass(slots=True)
class Worker:
    """Maps what waits in a spool, in a thread between `start` and `stop`, or by `map_some`.

    `mappings` has those of each source by its name, and may be replaced between two requests; requests of
    other sources wait. `window` is the time in seconds for which ids of events are remembered. `on_entered`
    is called with outcomes that were entered, `on_mapped` after that, `on_broken` once if the spool fails for
    good, or the worker itself.
    """

    spool: Spool
    mappings: Mapping[str, SourceMappings]
    window: float
    on_entered: Callable[[Sequence[Portion]], None] = lambda portions: None
    on_mapped: Callable[[], None] = lambda: None
    on_broken: Callable[[Exception], None] = lambda error: None
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to map."""
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there are new requests, or new mappings."""
        self._wake.set()

    def stop(self) -> None:
        """Return when the requests at hand are mapped; others wait in the spool."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def map_some(self) -> int:
        """Map the next requests that wait; how many they were. Raises SpoolError."""
        self.spool.forget_unfinished()  # of a time before, which found the disk full
        mappings = self.mappings
        requests = self.spool.waiting(mappings, limit=FETCH)
        batch = _Batch(self.spool, self.on_entered)
        for one in requests:
            source = mappings[one.request.head.source]
            since = seen_since(one.request.received_at, self.window)
            for mapping in source.mappings:
                batch.begin(one, mapping, since)
                for row in outcome_rows(mapping, one.request, source.settings):
                    batch.add(row)
            batch.finish(one)
        batch.flush()
        return len(requests)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                found = self.map_some()
            except SpoolFull:
                self._stopping.wait(IDLE)
                continue
            except SpoolBroken as error:
                self.on_broken(error)
                return
            except Exception as error:
                # A worker that ends without a word would leave all requests waiting. The text of the error
                # may hold values.
                name = type(error).__name__
                self.on_broken(RuntimeError(f"a request cannot be mapped: {name}, a defect of mapper"))
                return
            if found:
                self.on_mapped()
                if found < FETCH:
                    self._stopping.wait(GATHER)
            else:
                self._wake.wait(IDLE)


@dataclass(slots=True)
class _Batch:
    """Outcomes that are held until they are many, and then entered in one transaction."""

    spool: Spool
    on_entered: Callable[[Sequence[Portion]], None]
    portions: list[Portion] = field(default_factory=list)
    finished: list[StoredRequest] = field(default_factory=list)
    rows: int = 0
    size: int = 0

    def begin(self, one: StoredRequest, mapping: ServedMapping, since: str) -> None:
        self.portions.append(new_portion(one.id, one.request, mapping, since))

    def add(self, row: OutcomeRow) -> None:
        current = self.portions[-1]
        current.rows.append(row)
        self.rows += 1
        self.size += len(row.event) if isinstance(row, EventRow) else 0
        if self.rows >= MAX_ROWS or self.size >= MAX_PORTION:
            self.flush()
            self.portions.append(replace(current, rows=[]))

    def finish(self, one: StoredRequest) -> None:
        self.finished.append(one)

    def flush(self) -> None:
        if self.portions or self.finished:
            self.spool.enter(self.portions, self.finished)
            self.on_entered(self.portions)
        self.portions, self.finished, self.rows, self.size = [], [], 0, 0
