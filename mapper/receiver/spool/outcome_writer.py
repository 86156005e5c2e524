"""Outcome writer: outcomes become rows of a spool and changes of its totals, inside one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mapper.receiver.spool.queues import EventQueue, QueuedFresh, enqueue
from mapper.receiver.spool.tables import EventKind, EventRow, OutcomeRow, Portion, RejectionRow, SkipRow
from mapper.receiver.spool.totals import Totals, add_total

_ROW = 200  # bytes that a row takes beside its texts, about
_OUTCOMES = ("events", "skips", "rejections")


@dataclass(slots=True)
class Entered:
    """The outcomes of a request that have been entered: their counts by name and detail, and fresh events.

    Totals are changed when the request is finished, so that rows that are dropped are never counted.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    fresh: list[QueuedFresh] = field(default_factory=list)
    size: int = 0

    def add(self, other: Entered) -> None:
        """Add those of another portion of the request."""
        self.counts.update(other.counts)
        self.fresh += other.fresh
        self.size += other.size


def enter_portion(db: sqlite3.Connection, portion: Portion) -> Entered:
    """Enter the outcomes of a portion as rows."""
    entered = Entered()
    each = json.dumps(portion.each)
    db.execute("INSERT OR IGNORE INTO mappings VALUES (?,?,?)", (portion.version, portion.mapping, each))
    for row in portion.rows:
        entered.counts["items", ""] += 1
        entered.size += _ROW + _enter_row(db, portion, row, entered)
    for number in portion.replayed:
        gone = db.execute("DELETE FROM rejections WHERE id = ?", (number,)).rowcount
        entered.counts["items", ""] -= gone
        entered.counts["rejected", ""] -= gone
    return entered


def _enter_row(db: sqlite3.Connection, portion: Portion, row: OutcomeRow, entered: Entered) -> int:
    """The bytes of a row's texts, after entering it."""
    here = (portion.request, portion.mapping, portion.version, row.item)
    match row:
        case EventRow():
            kind = _kind(db, portion, row)
            entered.counts["events", ""] += 1
            entered.counts[kind.name.lower(), ""] += 1
            if kind is EventKind.DUPLICATE:
                return 0
            added = db.execute(
                "INSERT INTO events (request, mapping, version, item, kind, event_id, item_hash, event)"
                " VALUES (?,?,?,?,?,?,?,?)",
                (*here, kind, row.event_id, row.item_hash, row.event),
            )
            if kind is EventKind.FRESH:
                entered.fresh.append(QueuedFresh(added.lastrowid or 0, row.user))
            return len(row.event)
        case SkipRow():
            entered.counts["skipped", row.reason] += 1
            query = "INSERT INTO skips (request, mapping, version, item, reason) VALUES (?,?,?,?,?)"
            db.execute(query, (*here, row.reason))
            return len(row.reason)
        case RejectionRow():
            entered.counts["rejected", ""] += 1
            texts = (" ".join(row.codes), " ".join(row.fields), json.dumps(row.messages))
            db.execute(
                "INSERT INTO rejections"
                " (request, mapping, version, item, location, is_body, codes, fields, messages)"
                " VALUES (?,?,?,?,?,?,?,?,?)",
                (*here, row.location, row.is_body, *texts),
            )
            return sum(map(len, texts))


def _kind(db: sqlite3.Connection, portion: Portion, row: EventRow) -> EventKind:
    """The kind of an event, by the item that had its id before; a fresh one takes the id."""
    if row.event_id is None:
        return EventKind.FRESH
    key = (portion.source, portion.mapping, row.event_id)
    query = "SELECT item_hash, seen_at FROM keys WHERE source = ? AND mapping = ? AND event_id = ?"
    known = db.execute(query, key).fetchone()
    if known is not None and known[1] >= portion.since:
        return EventKind.DUPLICATE if known[0] == row.item_hash else EventKind.CONFLICT
    db.execute(
        "REPLACE INTO keys VALUES (?,?,?,?,?,?)",
        (*key, row.item_hash, portion.request, portion.received_at),
    )
    return EventKind.FRESH


def settle(
    db: sqlite3.Connection,
    source: str,
    entered: Entered,
    queues: Sequence[EventQueue],
    totals: Totals,
    now: float,
) -> None:
    """Count the outcomes of a request, and queue its fresh events for each destination."""
    for (name, detail), count in entered.counts.items():
        totals.add(source, name, detail, count)
    for queue in queues:
        enqueue(db, queue, entered.fresh, now)
        totals.add(source, "queued", queue.name, len(entered.fresh))


def discard_unfinished(db: sqlite3.Connection) -> None:
    """Drop the outcomes of requests that are not finished; they will be mapped again."""
    unfinished = "request IN (SELECT id FROM requests WHERE is_mapped = 0)"
    for table in (*_OUTCOMES, "keys"):
        db.execute(f"DELETE FROM {table} WHERE {unfinished}")


def remove_requests(db: sqlite3.Connection, numbers: Iterable[int]) -> int:
    """Remove mapped requests with all of their outcomes, and count what is removed; how many they are.

    Their events must have been delivered, or are dead.
    """
    removed = 0
    for number in numbers:
        (source,) = db.execute("SELECT source FROM requests WHERE id = ?", (number,)).fetchone()
        query = (
            "SELECT d.destination, count(*) FROM deliveries d JOIN events e ON e.id = d.event"
            " WHERE e.request = ? GROUP BY d.destination"
        )
        for destination, dead in db.execute(query, (number,)).fetchall():
            add_total(db, source, "removed dead", destination, dead)
        query = "DELETE FROM deliveries WHERE event IN (SELECT id FROM events WHERE request = ?)"
        db.execute(query, (number,))
        for table in _OUTCOMES:
            gone = db.execute(f"DELETE FROM {table} WHERE request = ?", (number,)).rowcount
            if gone:
                add_total(db, source, "removed", table, gone)
        db.execute("DELETE FROM requests WHERE id = ?", (number,))
        add_total(db, source, "removed", "requests")
        removed += 1
    return removed
