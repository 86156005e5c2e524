"""Queue view: the events in the queue of a destination, those that wait and those that were given up."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """An event in a queue: its number, the request that it is from, and the end of its last try.

    `event_id` is a text, the JSON of another value, or None. `answer` is the beginning of that of the
    destination, and may hold values.
    """

    event: int
    source: str
    received_at: str
    mapping: str
    event_id: str | bytes | None = field(repr=False)
    attempts: int
    status: str
    answer: str = field(repr=False)

    @property
    def shown_id(self) -> str:
        """The id as a text; empty if there is none."""
        found = self.event_id
        return found.decode("utf-8", "backslashreplace") if isinstance(found, bytes) else found or ""


def queue_entries(
    db: sqlite3.Connection, destination: str, is_dead: bool, before: int, limit: int
) -> list[QueueEntry]:
    """The last events of a queue, high numbers first; if `before` is not 0, with lower ones alone."""
    query = (
        "SELECT d.event, r.source, r.received_at, e.mapping, e.event_id, d.attempts, d.status, d.answer"
        " FROM deliveries d JOIN events e ON e.id = d.event JOIN requests r ON r.id = e.request"
        f" WHERE d.destination = ? AND {'d.state = 2' if is_dead else 'd.state < 2'}"
        " AND (? = 0 OR d.event < ?) ORDER BY d.event DESC LIMIT ?"
    )
    return [QueueEntry(*row) for row in db.execute(query, (destination, before, before, limit))]
