"""Spools: receivers of tests without a socket, their requests, and the state that a spool is in."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.render import render_text
from mapper.receiver.destinations.destination import QueuedEvent, Tried, Verdict
from mapper.receiver.outcomes.served_mapping import ServedMapping, load_mapping
from mapper.receiver.outcomes.worker import SourceMappings, Worker
from mapper.receiver.request import ReceivedRequest, RequestHead
from mapper.receiver.spool import spool
from mapper.receiver.spool.queues import EventQueue, Progress, Settled
from mapper.receiver.spool.reports import open_reader, verify
from mapper.receiver.spool.spool import DATABASE, Spool
from mapper.receiver.spool.tables import Portion
from support.calls import ORDERS, write

if TYPE_CHECKING:
    from mapper.receiver.receiver import Receiver

_BENCHES: list[SpoolBench] = []
SOURCE = "/orders"
DAY = 86_400.0
AT = "2026-11-23T20:00:00.000Z"


def served(folder: Path, text: str = ORDERS, name: str = "orders.yaml") -> ServedMapping:
    """A mapping that is written to a folder and compiled."""
    write(folder / name, text)
    report = Report()
    found = load_mapping(folder / name, report)
    assert found is not None, render_text(report.ordered())
    return found


def received(body: Any, at: str = AT, source: str = SOURCE) -> ReceivedRequest:
    """A request with a body, given as bytes or as a value."""
    head = RequestHead("POST", source, (("content-type", "application/json"),), (), source)
    return ReceivedRequest(head, body if isinstance(body, bytes) else json.dumps(body).encode(), at)


def order(number: int | str, **more: Any) -> dict[str, Any]:
    """An item of `ORDERS`."""
    return {"id": str(number), "type": "placed", "customer": "c-1", "at": "2026-11-23T19:00:00Z", **more}


@dataclass
class SpoolBench:
    """A spool in a folder with a worker that is asked to map."""

    folder: Path
    mapping: ServedMapping
    more: tuple[ServedMapping, ...] = ()
    destinations: tuple[str, ...] = ("out",)
    ordered: tuple[str, ...] = ()
    window: float = 30 * DAY
    spool: Spool = field(init=False)
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        self.open()
        _BENCHES.append(self)

    def open(self) -> None:
        queues = [EventQueue(name, name in self.ordered) for name in self.destinations]
        self.spool = Spool.open(self.folder, queues)
        mappings = {SOURCE: SourceMappings((self.mapping, *self.more))}
        self.worker = Worker(self.spool, mappings, self.window)

    def take(self, *bodies: Any, at: str = AT) -> None:
        """Make requests durable and map them."""
        self.spool.append([received(body, at) for body in bodies])
        self.map_all()

    def map_all(self) -> None:
        while self.worker.map_some():
            pass

    def due(self, destination: str = "out", limit: int = 1000) -> list[QueuedEvent]:
        return self.spool.due(destination, time.time(), limit)

    def settle(self, count: int, verdict: Verdict = Verdict.DELIVERED, destination: str = "out") -> None:
        """Enter the same end for the next events."""
        settled = [Settled(event, Tried(verdict, "test")) for event in self.due(destination, count)]
        self.spool.settle(destination, settled, Progress())

    def close(self) -> None:
        self.spool.close()

    def totals(self) -> dict[str, int]:
        return totals_of(self.folder)

    def check(self) -> None:
        """The law holds."""
        with open_reader(self.folder) as db:
            assert verify(db) == []


class CountedRequests:
    """The requests whose outcomes a receiver has counted; made before it is started."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver, self.found = receiver, set[int]()
        self._entered, receiver.worker.on_entered = receiver.worker.on_entered, self._enter

    def _enter(self, portions: Sequence[Portion]) -> None:
        self._entered(portions)
        self.found.update(portion.request for portion in portions)

    def are_all(self) -> bool:
        """True if no request waits, and all outcomes are counted, which is done after they are entered."""
        query = "SELECT id, is_mapped FROM requests"
        known = self.receiver.spool.read(lambda db: db.execute(query).fetchall())
        return all(is_mapped and number in self.found for number, is_mapped in known)


class Watched(sqlite3.Connection):
    """A connection that is known until it is closed."""

    open: ClassVar[set[Watched]] = set()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.open.add(self)

    def close(self) -> None:
        super().close()
        self.open.discard(self)


@contextmanager
def all_closed() -> Iterator[None]:
    """Close the benches of a test at its end; then no connection is open, but those of broken spools.

    A broken spool leaves its connection to the end of the process; here the next tests would find it.
    """
    before = sqlite3.connect
    sqlite3.connect = partial(before, factory=Watched)  # type: ignore[assignment]
    try:
        yield
    finally:
        sqlite3.connect = before
        while _BENCHES:
            _BENCHES.pop().close()
        while spool._ABANDONED:
            spool._ABANDONED.pop().close()
        left = [*Watched.open]
        while Watched.open:
            Watched.open.pop().close()
    assert not left, "a connection is open at the end of the test"


def rows_of(folder: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows that a reader beside the spool finds."""
    with closing(sqlite3.connect(f"{(folder / DATABASE).as_uri()}?mode=ro", uri=True)) as db:
        return db.execute(query, values).fetchall()


def totals_of(folder: Path) -> dict[str, int]:
    """All totals, by name and detail, of all sources together."""
    query = "SELECT name, detail, sum(count) FROM totals GROUP BY name, detail"
    return {f"{name} {detail}".strip(): count for name, detail, count in rows_of(folder, query) if count}


def content_of(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of a spool, without the times at which events were queued."""
    tables = ("requests", "events", "skips", "rejections", "keys", "totals", "mappings")
    found = {table: sorted(rows_of(folder, f"SELECT * FROM {table}"), key=repr) for table in tables}
    query = "SELECT destination, event, state, attempts, lane FROM deliveries ORDER BY destination, event"
    return {**found, "deliveries": rows_of(folder, query)}
