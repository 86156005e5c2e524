"""Spool schema: the tables of a spool, their version, and the rows as data.

Totals are changed in the same transaction as the rows that they count, so that the law of a spool can be
checked after old rows are gone:

    accepted = mapped + waiting
    items = events + skipped + rejected
    events = fresh + duplicate + conflict
    queued = delivered + duplicate + conflict + pending + dead, for each destination

A fresh event is queued for each destination; those that it finds to be duplicates or conflicts are others.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from enum import IntEnum

import msgspec

from mapper.receiver.request import Pairs, ReceivedRequest, RequestHead

VERSION = 2
_encode, _decode = msgspec.json.encode, msgspec.json.decode
# "MaPr", so that other files with tables are never taken for a spool.
APPLICATION = 0x4D615072
# Before this version two connections that write and checkpoint can damage a log (sqlite.org/wal.html).
SAFE_SQLITE = (3, 51, 3)

TABLES = """
CREATE TABLE requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, received_at TEXT NOT NULL, head TEXT NOT NULL,
    body BLOB NOT NULL, is_mapped INTEGER NOT NULL DEFAULT 0);
CREATE INDEX waiting ON requests (id) WHERE is_mapped = 0;
CREATE TABLE events (
    id INTEGER PRIMARY KEY, request INTEGER NOT NULL, mapping TEXT NOT NULL,
    version TEXT NOT NULL, item INTEGER NOT NULL,
    kind INTEGER NOT NULL, event_id, item_hash BLOB NOT NULL, event BLOB NOT NULL);
CREATE INDEX events_of_request ON events (request);
CREATE TABLE skips (
    id INTEGER PRIMARY KEY, request INTEGER NOT NULL, mapping TEXT NOT NULL, version TEXT NOT NULL,
    item INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE INDEX skips_of_request ON skips (request);
CREATE TABLE rejections (
    id INTEGER PRIMARY KEY, request INTEGER NOT NULL, mapping TEXT NOT NULL,
    version TEXT NOT NULL, item INTEGER NOT NULL,
    location TEXT NOT NULL, is_body INTEGER NOT NULL, codes TEXT NOT NULL,
    fields TEXT NOT NULL, messages TEXT NOT NULL);
CREATE INDEX rejections_of_request ON rejections (request);
CREATE TABLE deliveries (
    destination TEXT NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (destination, event)) WITHOUT ROWID;
CREATE INDEX deliveries_of_event ON deliveries (event);
CREATE TABLE mappings (version TEXT PRIMARY KEY, name TEXT NOT NULL, each TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE progress (destination TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE keys (
    source TEXT NOT NULL, mapping TEXT NOT NULL, event_id NOT NULL, item_hash BLOB NOT NULL,
    request INTEGER NOT NULL, seen_at TEXT NOT NULL,
    PRIMARY KEY (source, mapping, event_id)) WITHOUT ROWID;
CREATE INDEX keys_by_age ON keys (seen_at);
CREATE INDEX keys_of_request ON keys (request);
CREATE TABLE totals (
    source TEXT NOT NULL, name TEXT NOT NULL, detail TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (source, name, detail)) WITHOUT ROWID;
"""
# Brings tables of version 1 to version 2. `state` is a QueueState; times are in seconds since 1970.
QUEUES = """
ALTER TABLE deliveries ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN next_at REAL NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN queued_at REAL NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN lane TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN status TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN answer TEXT NOT NULL DEFAULT '';
UPDATE deliveries SET queued_at = unixepoch();
CREATE INDEX ready_deliveries ON deliveries (destination, next_at, event) WHERE state = 0;
CREATE INDEX lanes ON deliveries (destination, lane, event) WHERE lane <> '' AND state < 2;
CREATE INDEX dead_deliveries ON deliveries (event, destination) WHERE state = 2;
ALTER TABLE progress ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE progress ADD COLUMN until REAL NOT NULL DEFAULT 0;
ALTER TABLE progress ADD COLUMN status TEXT NOT NULL DEFAULT '';
ALTER TABLE progress ADD COLUMN answer TEXT NOT NULL DEFAULT '';
"""


class SpoolError(Exception):
    """A spool that cannot be used: its place, the reason, and the remedy. Nothing was changed."""


class SpoolFull(SpoolError):
    """The disk has no room; nothing of the last transaction was written, and there may be room later."""


class SpoolBroken(SpoolError):
    """The disk failed amid a transaction. What it holds is not known: the process has to end."""


class EventKind(IntEnum):
    """An event with an id of its own, or one whose id another item has already."""

    FRESH = 0
    CONFLICT = 1
    DUPLICATE = 2  # the same item again: it is counted, and has no row


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request with its number in the spool, from 1 on."""

    id: int
    request: ReceivedRequest


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event that a mapping made of an item; `event_id` is None if the event has none.

    `user` tells the user that it is about from others; it is empty if there is none.
    """

    item: int
    event_id: str | bytes | None
    item_hash: bytes
    event: bytes = field(repr=False)
    user: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SkipRow:
    """An item that a mapping skipped."""

    item: int
    reason: str


@dataclass(frozen=True, slots=True)
class RejectionRow:
    """An item that a mapping rejected; `is_body` if it is the body as a whole. No value of it is here.

    `codes` and `messages` have one text for each diagnostic.
    """

    item: int
    location: str
    is_body: bool
    codes: tuple[str, ...]
    fields: tuple[str, ...]
    messages: tuple[str, ...]


OutcomeRow = EventRow | SkipRow | RejectionRow


@dataclass(slots=True)
class Portion:
    """Outcomes of one request by one mapping. `replayed` are the numbers of rejections that they replace.

    Ids of events that were seen before the time of receipt `since` are forgotten. `each` are the paths of
    the mapping's items, `written` the fields that it writes.
    """

    request: int
    source: str
    received_at: str
    mapping: str
    version: str
    since: str = ""
    each: tuple[str, ...] = ()
    written: frozenset[str] = frozenset()
    rows: list[OutcomeRow] = field(default_factory=list)
    replayed: tuple[int, ...] = ()


def write_head(head: RequestHead) -> str:
    """The head as JSON for its column."""
    return _encode([head.method, head.path, head.headers, head.query]).decode()


def read_request(source: str, received_at: str, head: str, body: bytes) -> ReceivedRequest:
    """The request of a row."""
    method, path, headers, query = _decode(head)
    return ReceivedRequest(
        RequestHead(method, path, _pairs(headers), _pairs(query), source), body, received_at
    )


def _pairs(written: list[list[str]]) -> Pairs:
    return tuple((name, value) for name, value in written)


def sqlite_warning() -> str:
    """A sentence about a version of SQLite with a known fault; empty for others."""
    if sqlite3.sqlite_version_info >= SAFE_SQLITE:
        return ""
    safe = ".".join(map(str, SAFE_SQLITE))
    return (
        f"SQLite {sqlite3.sqlite_version} is older than {safe}: a spool that a second program writes to can "
        "be damaged. The receiver writes by one connection; let no other program write to its spool."
    )
