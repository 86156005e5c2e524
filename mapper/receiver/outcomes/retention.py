"""Retention: requests that are mapped and delivered are removed by age, and before that by size.

What is to be delivered is never removed. By age, rejections and dead events go with their request; by size
they stay.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from mapper.receiver.configuration.settings import SpoolSettings
from mapper.receiver.outcomes.worker import seen_since
from mapper.receiver.spool.outcome_writer import remove_requests
from mapper.receiver.spool.spool import Spool

CHUNK = 500  # requests that are looked at, or removed, in one transaction
# The part of the largest size that may be used before delivered requests are removed by size.
FULL = 0.8
_DELIVERED = (
    "r.is_mapped = 1 AND NOT EXISTS"
    " (SELECT 1 FROM events e JOIN deliveries d ON d.event = e.id WHERE e.request = r.id AND d.state < 2)"
)
_NO_LETTERS = (
    "NOT EXISTS (SELECT 1 FROM rejections j WHERE j.request = r.id) AND NOT EXISTS"
    " (SELECT 1 FROM events e JOIN deliveries d ON d.event = e.id WHERE e.request = r.id)"
)


@dataclass(slots=True)
class Retention:
    """Removes old requests of a spool, a few in each `step`."""

    spool: Spool
    settings: SpoolSettings
    _after: int = 0

    def step(self, now: str) -> int:
        """Look at some requests, at a time as in requests (RFC 3339, UTC); how many were removed."""
        removed = self.spool.change(lambda db: self._by_age(db, seen_since(now, self.settings.keep)))
        if self.spool.measure() > FULL * self.settings.max_bytes:
            removed += self.spool.change(self._by_size)
            self.spool.measure()
        return removed

    def _by_age(self, db: sqlite3.Connection, before: str) -> int:
        query = f"SELECT id, received_at, {_DELIVERED} FROM requests r WHERE id > ? ORDER BY id LIMIT ?"
        rows = db.execute(query, (self._after, CHUNK)).fetchall()
        old = [number for number, received_at, is_done in rows if received_at < before and is_done]
        # Requests come in the order of time: behind a young one there are no old ones.
        at_end = len(rows) < CHUNK or rows[-1][1] >= before
        self._after = 0 if at_end else rows[-1][0]
        self._forget_keys(db, before)
        return remove_requests(db, old)

    def _forget_keys(self, db: sqlite3.Connection, before: str) -> None:
        # A request that has waited for long may still ask for ids of its own time.
        query = "SELECT received_at FROM requests WHERE is_mapped = 0 ORDER BY id LIMIT 1"
        waiting = db.execute(query).fetchone()
        if waiting is not None:
            before = min(before, seen_since(waiting[0], self.settings.keep))
        db.execute("DELETE FROM keys WHERE seen_at < ?", (before,))

    @staticmethod
    def _by_size(db: sqlite3.Connection) -> int:
        query = f"SELECT id FROM requests r WHERE {_DELIVERED} AND {_NO_LETTERS} ORDER BY id LIMIT ?"
        return remove_requests(db, [number for (number,) in db.execute(query, (CHUNK,))])
