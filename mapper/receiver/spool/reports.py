"""Spool reports: the totals of a spool, its law, and all that it holds, read by one connection.

Other processes read a spool that is in use by a connection of their own, which writes nothing.
"""

from __future__ import annotations

import base64
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from mapper.receiver.spool.spool import DATABASE, check_version
from mapper.receiver.spool.tables import VERSION, EventKind, SpoolError

_encode = msgspec.json.encode


@contextmanager
def open_reader(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection that reads one state of a spool, also while a receiver writes; raises SpoolError."""
    path = folder / DATABASE
    if not path.is_file():
        raise SpoolError(f"no spool in `{folder}`; name the folder of one with `--spool`")
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            check_version(db, path)
            if db.execute("PRAGMA user_version").fetchone()[0] < VERSION:
                raise SpoolError(f"the spool `{folder}` is of an older version; start its receiver once")
            db.execute("BEGIN")
            yield db
        finally:
            db.close()
    except sqlite3.Error as error:
        raise SpoolError(f"the spool `{folder}` cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class SourceStats:
    """The totals of a source since its first request, and the numbers of rows that are there now.

    `totals` are by name, those of a queue (`queued`, `delivered`, ..) and `removed` also by detail. `rows`
    has `requests`, `waiting`, `events`, `skips`, `rejections`, and `pending` and `dead` by destination.
    """

    source: str
    totals: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)

    def total(self, name: str) -> int:
        """A total of what became of requests and items, of all reasons together."""
        by_destination = name in ("duplicate", "conflict")
        return sum(
            count
            for (key, detail), count in self.totals.items()
            if key == name and not (by_destination and detail)
        )

    def destinations(self) -> list[str]:
        """All destinations that events of the source were queued for."""
        return sorted({detail for name, detail in self.totals if name == "queued"})


def read_stats(db: sqlite3.Connection) -> list[SourceStats]:
    """The totals of each source, by name."""
    found: dict[str, SourceStats] = {}

    def of(source: str) -> SourceStats:
        return found.setdefault(source, SourceStats(source))

    for source, name, detail, count in db.execute("SELECT * FROM totals"):
        of(source).totals[name, detail] += count
    query = "SELECT source, is_mapped, count(*) FROM requests GROUP BY source, is_mapped"
    for source, is_mapped, count in db.execute(query):
        of(source).rows["requests", ""] += count
        of(source).rows["waiting", ""] += 0 if is_mapped else count
    # The rows of a request that is not mapped yet count for nothing.
    for table in ("events", "skips", "rejections"):
        query = (
            f"SELECT r.source, count(*) FROM {table} t JOIN requests r ON r.id = t.request"
            " WHERE r.is_mapped = 1 GROUP BY r.source"
        )
        for source, count in db.execute(query):
            of(source).rows[table, ""] += count
    query = (
        "SELECT r.source, d.destination, d.state = 2, count(*) FROM deliveries d"
        " JOIN events e ON e.id = d.event JOIN requests r ON r.id = e.request"
        " GROUP BY r.source, d.destination, d.state"
    )
    for source, destination, is_dead, count in db.execute(query):
        of(source).rows["dead" if is_dead else "pending", destination] += count
    return [found[source] for source in sorted(found)]


def failing_destinations(db: sqlite3.Connection) -> Iterator[str]:
    """A sentence for each destination that takes no events."""
    query = (
        "SELECT destination, failures, status, until FROM progress WHERE failures > 0 ORDER BY destination"
    )
    for name, failures, status, until in db.execute(query):
        at = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        times = "once" if failures == 1 else f"{failures:,} times"
        yield f"`{name}` takes nothing: {status}, {times} in a row; the next try is at {at}"


def verify(db: sqlite3.Connection) -> list[str]:
    """The faults of a spool, each in a sentence; none if its law holds and its pages are whole."""
    faults = [f"{text}" for (text,) in db.execute("PRAGMA integrity_check(20)") if text != "ok"]
    for stats in read_stats(db):
        faults += _check_law(stats)
    for sentence, query in _STRAYS.items():
        (count,) = db.execute(query).fetchone()
        if count:
            faults.append(f"{count} {sentence}")
    return faults


# The ends of events in a queue, by the names of their totals.
QUEUE_ENDS = ("delivered", "duplicate", "conflict", "dead")
_STRAYS = {
    "deliveries have no event": "SELECT count(*) FROM deliveries WHERE event NOT IN (SELECT id FROM events)",
    "events have no request": "SELECT count(*) FROM events WHERE request NOT IN (SELECT id FROM requests)",
    "rejections have no request": (
        "SELECT count(*) FROM rejections WHERE request NOT IN (SELECT id FROM requests)"
    ),
    "events of other kinds than fresh ones are queued": (
        "SELECT count(*) FROM deliveries d JOIN events e ON e.id = d.event"
        f" WHERE e.kind <> {EventKind.FRESH.value}"
    ),
    "events are held behind no other one of their user": (
        "SELECT count(*) FROM deliveries d WHERE d.state = 1 AND NOT EXISTS (SELECT 1 FROM deliveries b"
        " WHERE b.destination = d.destination AND b.lane = d.lane AND b.lane <> '' AND b.state = 0)"
    ),
}


def _check_law(stats: SourceStats) -> Iterator[str]:
    total, rows = stats.total, stats.rows

    def removed(table: str) -> int:
        return stats.totals["removed", table]

    sums = [
        ("accepted = mapped + waiting", total("accepted"), total("mapped") + rows["waiting", ""]),
        ("accepted = rows + removed", total("accepted"), rows["requests", ""] + removed("requests")),
        (
            "items = events + skipped + rejected",
            total("items"),
            total("events") + total("skipped") + total("rejected"),
        ),
        (
            "events = fresh + duplicate + conflict",
            total("events"),
            total("fresh") + total("duplicate") + total("conflict"),
        ),
        (
            "fresh + conflict = rows + removed",
            total("fresh") + total("conflict"),
            rows["events", ""] + removed("events"),
        ),
        ("skipped = rows + removed", total("skipped"), rows["skips", ""] + removed("skips")),
        ("rejected = rows + removed", total("rejected"), rows["rejections", ""] + removed("rejections")),
    ]
    for name in stats.destinations():
        ended = sum(stats.totals[end, name] for end in QUEUE_ENDS)
        law = f"queued = delivered + duplicate + conflict + pending + dead ({name})"
        sums.append((law, stats.totals["queued", name], ended + rows["pending", name]))
        dead = rows["dead", name] + stats.totals["removed dead", name]
        sums.append((f"dead = rows + removed ({name})", stats.totals["dead", name], dead))
    for law, left, right in sums:
        if left != right:
            yield f"source `{stats.source}`: {law} does not hold: {left} and {right}"


def export_lines(db: sqlite3.Connection) -> Iterator[bytes]:
    """All requests as lines of JSON, with their number, source, time of receipt, head and body."""
    query = "SELECT id, source, received_at, is_mapped, head, body FROM requests ORDER BY id"
    for number, source, received_at, is_mapped, head, body in db.execute(query):
        method, path, headers, parameters = msgspec.json.decode(head)
        line = {
            "request": number,
            "source": source,
            "received_at": received_at,
            "is_mapped": bool(is_mapped),
            "method": method,
            "path": path,
            "headers": headers,
            "query": parameters,
        }
        try:
            line["body_text"] = body.decode("utf-8")
        except UnicodeDecodeError:
            line["body_base64"] = base64.b64encode(body).decode("ascii")
        yield _encode(line) + b"\n"
