"""Queues: one for each destination, as rows of a spool; a row is there until its event is delivered.

    queued = delivered + duplicate + conflict + pending + dead

Under `order: user_id` events of one user are in a lane, of which only the first is ready; the next one
becomes ready in the transaction in which the first is done. So whatever is ready may be delivered at the
same time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from mapper.receiver.destinations.destination import QueuedEvent, Tried, Verdict
from mapper.receiver.spool.totals import Totals

MAX_FETCH = 16 * 1024 * 1024  # bytes of events that are read at once, or one event


class QueueState(IntEnum):
    """A row of a queue."""

    READY = 0  # from `next_at` on
    HELD = 1  # an event of the same user is before it
    DEAD = 2


@dataclass(frozen=True, slots=True)
class EventQueue:
    """The queue of a destination: its name, and whether the order of each user's events is kept."""

    name: str
    is_ordered: bool = False


@dataclass(frozen=True, slots=True)
class QueuedFresh:
    """An event that is to be queued, with the user it is about; empty if there is none."""

    id: int
    user: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """An event with the end of its last try; one that is to be tried again is so from `next_at` on."""

    event: QueuedEvent
    tried: Tried
    next_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a destination is: its position, and the failures of its circuit."""

    position: str = ""
    failures: int = 0
    until: float = 0.0
    status: str = ""
    answer: str = field(default="", repr=False)


def enqueue(db: sqlite3.Connection, queue: EventQueue, events: Sequence[QueuedFresh], now: float) -> None:
    """Queue events, in their order."""
    if not queue.is_ordered:
        query = "INSERT INTO deliveries (destination, event, queued_at) VALUES (?, ?, ?)"
        db.executemany(query, ((queue.name, event.id, now) for event in events))
        return
    query = (
        "INSERT INTO deliveries (destination, event, queued_at, lane, state) VALUES (?1, ?2, ?3, ?4,"
        " EXISTS (SELECT 1 FROM deliveries"
        " WHERE destination = ?1 AND lane = ?4 AND lane <> '' AND state < 2))"
    )
    db.executemany(query, ((queue.name, event.id, now, event.user) for event in events))


_FETCH = (
    "SELECT d.event, r.source, e.mapping, r.received_at, e.event_id, e.item_hash, e.event, d.attempts,"
    " d.queued_at, d.lane FROM deliveries d JOIN events e ON e.id = d.event"
    " JOIN requests r ON r.id = e.request"
    " WHERE d.destination = ? AND d.state = 0 AND"
)
_AGAIN = f"{_FETCH} d.next_at > 0 AND d.next_at <= ? ORDER BY d.next_at, d.event LIMIT ?"
_FIRST = f"{_FETCH} d.next_at = 0 ORDER BY d.event LIMIT ?"


def due_events(
    db: sqlite3.Connection, destination: str, now: float, limit: int, but: Iterable[int] = ()
) -> list[QueuedEvent]:
    """The next events that may be delivered, but for some; at least one if there are any.

    Up to half of them are those that failed before, so that neither kind waits for the other for ever.
    """
    known = set(but)
    found: list[QueuedEvent] = []
    size = 0
    queries: list[tuple[str, tuple[Any, ...], int]] = [
        (_AGAIN, (destination, now), max(1, limit // 2)),
        (_FIRST, (destination,), limit),
    ]
    for query, values, most in queries:
        for row in db.execute(query, (*values, most + len(known))):
            if size > MAX_FETCH or len(found) >= most:
                break
            event = QueuedEvent(*row)
            if event.id not in known:
                found.append(event)
                size += len(event.event)
    return found


def settle_events(
    db: sqlite3.Connection, destination: str, settled: Iterable[Settled], totals: Totals
) -> None:
    """Enter what became of events, and let those go on that were held behind them."""
    for one in settled:
        verdict, event, key = one.tried.verdict, one.event, (destination, one.event.id)
        texts = (one.tried.status, one.tried.answer)
        values: tuple[object, ...]
        match verdict:
            case Verdict.RETRY:
                query = "UPDATE deliveries SET attempts = ?, next_at = ?, status = ?, answer = ?"
                values = (event.attempts + 1, one.next_at, *texts)
            case Verdict.DEAD:
                query = "UPDATE deliveries SET state = 2, attempts = ?, status = ?, answer = ?"
                values = (event.attempts + 1, *texts)
            case _:
                query, values = "DELETE FROM deliveries", ()
        changed = db.execute(f"{query} WHERE destination = ? AND event = ? AND state < 2", (*values, *key))
        if changed.rowcount and verdict is not Verdict.RETRY:
            totals.add(event.source, verdict.name.lower(), destination)
            _release(db, destination, event.lane)


def _release(db: sqlite3.Connection, destination: str, lane: str) -> None:
    """The first event of a lane becomes ready."""
    if lane:
        db.execute(
            "UPDATE deliveries SET state = 0 WHERE destination = ?1 AND event = (SELECT min(event) FROM"
            " deliveries WHERE destination = ?1 AND lane = ?2 AND lane <> '' AND state < 2)",
            (destination, lane),
        )


def revive(db: sqlite3.Connection, destination: str, event: int, now: float, totals: Totals) -> bool:
    """Queue a dead event again, as if it were new; False if it is dead no more."""
    query = (
        "SELECT r.source, d.lane FROM deliveries d JOIN events e ON e.id = d.event"
        " JOIN requests r ON r.id = e.request WHERE d.destination = ? AND d.event = ? AND d.state = 2"
    )
    found = db.execute(query, (destination, event)).fetchone()
    if found is None:
        return False
    source, lane = found
    db.execute(
        "UPDATE deliveries SET attempts = 0, next_at = 0, queued_at = ?3, status = '', answer = '',"
        " state = EXISTS (SELECT 1 FROM deliveries"
        " WHERE destination = ?1 AND lane = ?4 AND lane <> '' AND state < 2)"
        " WHERE destination = ?1 AND event = ?2",
        (destination, event, now, lane),
    )
    totals.add(source, "dead", destination, -1)
    return True


def write_progress(db: sqlite3.Connection, destination: str, progress: Progress) -> None:
    """Keep how far a destination is."""
    db.execute(
        "REPLACE INTO progress (destination, position, failures, until, status, answer) VALUES (?,?,?,?,?,?)",
        (
            destination,
            progress.position,
            progress.failures,
            progress.until,
            progress.status,
            progress.answer,
        ),
    )


def read_progress(db: sqlite3.Connection, destination: str) -> Progress:
    """How far a destination is; the beginning if it is not known."""
    query = "SELECT position, failures, until, status, answer FROM progress WHERE destination = ?"
    row = db.execute(query, (destination,)).fetchone()
    return Progress() if row is None else Progress(*row)
