"""Undelivered: the events of a spool that wait for a destination."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UndeliveredEvent:
    """An event in the queue of a destination: its number, and the request that it is from.

    `event_id` is a text, the JSON of another value, or None.
    """

    destination: str
    event: int
    source: str
    received_at: str
    mapping: str
    event_id: str | bytes | None

    @property
    def shown_id(self) -> str:
        """The id as a text; empty if there is none."""
        found = self.event_id
        return found.decode("utf-8", "backslashreplace") if isinstance(found, bytes) else found or ""


def undelivered_events(
    db: sqlite3.Connection, destination: str, before: int, limit: int
) -> list[UndeliveredEvent]:
    """The last events in a queue, those with high numbers first.

    If `before` is not 0, only those with lower numbers.
    """
    query = (
        "SELECT d.destination, d.event, r.source, r.received_at, e.mapping, e.event_id FROM deliveries d"
        " JOIN events e ON e.id = d.event JOIN requests r ON r.id = e.request"
        " WHERE d.destination = ? AND (? = 0 OR d.event < ?) ORDER BY d.event DESC LIMIT ?"
    )
    return [UndeliveredEvent(*row) for row in db.execute(query, (destination, before, before, limit))]
