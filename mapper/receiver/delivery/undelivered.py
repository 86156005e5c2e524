"""Undelivered events: those that a destination refused or that were given up are listed and queued again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec

from mapper.receiver.request import ReceivedRequest
from mapper.receiver.spool.conditions import begins_with, condition_of
from mapper.receiver.spool.spool import Spool
from mapper.streams.item_lines import body_members, encode

PAGE = 1000


@dataclass(frozen=True, slots=True)
class UndeliveredFilter:
    """The undelivered events that are meant; an empty text means all.

    `status` is the beginning of the status. `since` is a time of receipt (RFC 3339, UTC), `version` the first
    characters of a mapping's version.
    """

    source: str = ""
    destination: str = ""
    status: str = ""
    mapping: str = ""
    version: str = ""
    since: str = ""

    def query(self) -> tuple[str, list[object]]:
        """The condition of SQL with its values."""
        return condition_of(
            "d.state = 2",
            ("r.source = ?", self.source),
            ("d.destination = ?", self.destination),
            (begins_with("d.status"), self.status),
            ("e.mapping = ?", self.mapping),
            (begins_with("e.version"), self.version),
            ("r.received_at >= ?", self.since),
        )


@dataclass(frozen=True, slots=True)
class UndeliveredEvent:
    """An event that is dead for a destination: its number, the item of a request, and why it was given up.

    `each` are the paths of the mapping's items. The answer is that of the destination, and may hold values.
    """

    id: int
    destination: str
    status: str
    attempts: int
    answer: str = field(repr=False)
    request: int
    source: str
    received_at: str
    mapping: str
    version: str
    each: tuple[str, ...]
    item: int
    event: bytes = field(repr=False)

    @property
    def reason(self) -> str:
        """Why it was given up, in a line."""
        tries = "1 try" if self.attempts == 1 else f"{self.attempts:,} tries"
        return f"{self.status}, after {tries}"

    def line(self, request: ReceivedRequest) -> bytes:
        """A line as `mapper run --rejected` writes it, which `--replay` reads, with the event and the answer.

        The file is the source, and the line the number of the request.
        """
        line: dict[str, object] = {
            "file": self.source,
            "line": self.request,
            "item": self.item,
            "codes": [],
            "location": "",
            "messages": [f"not delivered to `{self.destination}`: {self.reason}"],
            "destination": self.destination,
            "status": self.status,
            "answer": self.answer,
            "event": msgspec.Raw(self.event),
        }
        return encode(line | body_members(self.each, request.body, False)) + b"\n"


# The columns of a query, in the order of the fields.
_COLUMNS = tuple(one.name for one in fields(UndeliveredEvent))


def undelivered_events(
    db: sqlite3.Connection, chosen: UndeliveredFilter, after: tuple[int, str] = (0, ""), limit: int = PAGE
) -> list[UndeliveredEvent]:
    """The next undelivered events behind a number and a destination, in the order of these."""
    condition, values = chosen.query()
    query = (
        "SELECT d.event, d.destination, d.status, d.attempts, d.answer, e.request, r.source, r.received_at,"
        " e.mapping, e.version, m.each, e.item, e.event FROM deliveries d JOIN events e ON e.id = d.event"
        " JOIN requests r ON r.id = e.request JOIN mappings m ON m.version = e.version"
        f" WHERE (d.event, d.destination) > (?, ?) AND {condition} ORDER BY d.event, d.destination LIMIT ?"
    )
    return [_read(row) for row in db.execute(query, (*after, *values, limit))]


def _read(row: tuple[Any, ...]) -> UndeliveredEvent:
    values = dict(zip(_COLUMNS, row, strict=True))
    return UndeliveredEvent(**{**values, "each": tuple(json.loads(values["each"]))})


def all_undelivered(db: sqlite3.Connection, chosen: UndeliveredFilter) -> Iterator[UndeliveredEvent]:
    """All undelivered events, some at a time."""
    after = (0, "")
    while found := undelivered_events(db, chosen, after):
        yield from found
        after = found[-1].id, found[-1].destination


def queue_again(spool: Spool, chosen: UndeliveredFilter, dry_run: bool = False) -> int:
    """Queue undelivered events again, as if they were new; how many. A dry run changes nothing.

    Raises SpoolError.
    """
    count, after = 0, (0, "")
    while found := spool.read(lambda db, behind=after: undelivered_events(db, chosen, behind)):  # type: ignore[misc]
        after = found[-1].id, found[-1].destination
        letters = [(one.destination, one.id) for one in found]
        count += len(letters) if dry_run else spool.revive(letters)
    return count
