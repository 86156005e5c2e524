"""Spool figures: the state of a spool in numbers, read in little time whatever it holds."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mapper.receiver.spool.queues import read_progress
from mapper.receiver.spool.reports import QUEUE_ENDS

# Totals of sources and destinations that the configuration does not name any more.
FORMER = "(former)"


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """Totals of a source since its first request, by name; `dead_letters` is the number of those now."""

    totals: Counter[str] = field(default_factory=Counter)
    dead_letters: int = 0


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """The queue of a destination: totals by name, and the seconds for which the first event has waited.

    `is_open` if the destination takes no events, as its `status` says.
    """

    totals: Counter[str] = field(default_factory=Counter)
    age: float = 0.0
    is_open: bool = False
    status: str = ""

    @property
    def pending(self) -> int:
        """The events that wait."""
        return self.totals["queued"] - sum(self.totals[name] for name in QUEUE_ENDS)

    @property
    def dead(self) -> int:
        """The events that were given up and are in the spool."""
        return self.totals["dead"] - self.totals["removed dead"]


@dataclass(frozen=True, slots=True)
class SpoolFigures:
    """The sources and the queues of a spool by name, and the time of receipt of the first one unmapped."""

    sources: dict[str, SourceFigures]
    queues: dict[str, QueueFigures]
    oldest_waiting: str = ""


def read_figures(db: sqlite3.Connection, sources: Iterable[str], destinations: Iterable[str]) -> SpoolFigures:
    """The figures of these sources and destinations; all others are together in `FORMER`."""
    totals: dict[str, Counter[str]] = {name: Counter() for name in sources}
    queues: dict[str, Counter[str]] = {name: Counter() for name in destinations}
    for source, name, detail, count in db.execute("SELECT * FROM totals"):
        if detail and name in ("queued", "removed dead", *QUEUE_ENDS):
            queues.setdefault(detail if detail in queues else FORMER, Counter())[name] += count
            continue
        key = f"removed {detail}" if name == "removed" else name
        totals.setdefault(source if source in totals else FORMER, Counter())[key] += count
    return SpoolFigures(
        {
            name: SourceFigures(each, each["rejected"] - each["removed rejections"])
            for name, each in totals.items()
        },
        {name: _queue(db, name, counts) for name, counts in queues.items()},
        _first(db, "SELECT received_at FROM requests WHERE is_mapped = 0 ORDER BY id LIMIT 1"),
    )


# An event that waits for its user's turn is younger than one that is ready.
_OLDEST = (
    "SELECT min(queued_at) FROM ("
    " SELECT queued_at FROM (SELECT queued_at FROM deliveries"
    "  WHERE destination = ?1 AND state = 0 AND next_at = 0 ORDER BY event LIMIT 1)"
    " UNION ALL SELECT queued_at FROM (SELECT queued_at FROM deliveries"
    "  WHERE destination = ?1 AND state = 0 AND next_at > 0 ORDER BY next_at LIMIT 1000))"
)


def _queue(db: sqlite3.Connection, name: str, counts: Counter[str]) -> QueueFigures:
    (queued_at,) = db.execute(_OLDEST, (name,)).fetchone()
    progress = read_progress(db, name)
    passed = 0.0 if queued_at is None else max(time.time() - queued_at, 0.0)
    return QueueFigures(counts, passed, progress.failures > 0, progress.status)


def _first(db: sqlite3.Connection, query: str, *values: object) -> str:
    row = db.execute(query, values).fetchone()
    return "" if row is None else str(row[0])


def age(moment: str, now: datetime | None = None) -> float:
    """The seconds since a time of receipt; 0 for the empty text."""
    try:
        passed = (now or datetime.now(UTC)) - datetime.fromisoformat(moment)
    except ValueError:
        return 0.0
    return max(passed.total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class DiskFigures:
    """The bytes that are free on a disk for us, and its size; both 0 if it cannot be read."""

    free: int = 0
    size: int = 0

    @classmethod
    def of(cls, folder: Path) -> DiskFigures:
        """Those of the disk of a folder."""
        try:
            disk = os.statvfs(folder)
        except OSError:
            return cls()
        return cls(disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)
