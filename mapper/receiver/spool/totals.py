"""Totals: numbers of a spool that outlast the rows that they count, by source, name and detail."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Totals:
    """Changes of totals that one transaction makes, by source, name and detail."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, source: str, name: str, detail: str = "", count: int = 1) -> None:
        """Change a total."""
        self.counts[source, name, detail] += count

    def write(self, db: sqlite3.Connection) -> None:
        """Write the changes."""
        for (source, name, detail), count in self.counts.items():
            if count:
                add_total(db, source, name, detail, count)


def add_total(db: sqlite3.Connection, source: str, name: str, detail: str = "", count: int = 1) -> None:
    """Change a total."""
    db.execute(
        "INSERT INTO totals VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        (source, name, detail, count),
    )
