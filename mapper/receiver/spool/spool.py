"""Spool: requests on disk until they are delivered, in SQLite with a write-ahead log (sqlite.org/wal.html).

One connection writes and checkpoints, under one lock. A commit returns after the log is synced
(`synchronous=FULL`). Checkpoints are asked for, as SQLite ignores the errors of those that it makes itself:
a sync that failed must never be tried again, because the system may have dropped the bytes meanwhile.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from mapper.receiver.destinations.destination import QueuedEvent
from mapper.receiver.request import ReceivedRequest
from mapper.receiver.spool.folder import FolderLock, prepare_folder, private_file
from mapper.receiver.spool.outcome_writer import Entered, discard_unfinished, enter_portion, settle
from mapper.receiver.spool.queues import (
    EventQueue,
    Progress,
    Settled,
    due_events,
    read_progress,
    revive,
    settle_events,
    write_progress,
)
from mapper.receiver.spool.tables import (
    APPLICATION,
    QUEUES,
    TABLES,
    VERSION,
    Portion,
    SpoolBroken,
    SpoolError,
    SpoolFull,
    StoredRequest,
    read_request,
    write_head,
)
from mapper.receiver.spool.totals import Totals, add_total
from mapper.transform.whole_file import sync_folder

DATABASE = "spool.db"
CHECKPOINT = 8 * 1024 * 1024  # bytes of the log, about, after which it is copied into the database
MAX_FETCH = 16 * 1024 * 1024  # bytes of bodies that are read at once, or one body
_COMMIT = 16 * 1024
Found = TypeVar("Found")
_ABANDONED: list[sqlite3.Connection] = []


class _DryRun(Exception):
    """Takes a transaction back."""


class Spool:
    """A folder of requests and their outcomes; threads may share it. `open` makes one.

    Each method that changes it is one transaction that is on disk when it returns. They raise SpoolFull if
    the disk has no room, and SpoolBroken from the first failed sync on.
    """

    def __init__(
        self, connection: sqlite3.Connection, folder: Path, lock: FolderLock, queues: Sequence[EventQueue]
    ) -> None:
        self.folder = folder
        self.queues = tuple(queues)
        self.used = 0
        self.waiting_count = 0
        self.broken: str | None = None
        self._connection = connection
        self._folder_lock = lock
        self._lock = threading.Lock()
        self._is_closed = False
        self._unfinished: dict[int, Entered] = {}
        self._logged = 0  # bytes written since the last checkpoint, about

    @classmethod
    def open(cls, folder: Path, queues: Sequence[EventQueue] = ()) -> Spool:
        """Open the spool in a folder, or make one; raises SpoolError that says why it cannot be used.

        Events are put into each of the `queues`.
        """
        prepare_folder(folder)
        lock = FolderLock.take(folder)
        try:
            connection = _connect(folder / DATABASE)
        except BaseException:
            lock.release()
            raise
        spool = cls(connection, folder, lock, queues)
        try:
            spool._begin()
        except BaseException:
            spool.close()
            raise
        return spool

    def _begin(self) -> None:
        with self._transaction() as db:
            discard_unfinished(db)
            (self.waiting_count,) = db.execute("SELECT count(*) FROM requests WHERE is_mapped = 0").fetchone()
        self.measure()

    def append(self, requests: Sequence[ReceivedRequest]) -> list[int]:
        """Make requests durable; their numbers."""
        rows = [(one.head.source, one.received_at, write_head(one.head), one.body) for one in requests]
        with self._transaction() as db:
            db.executemany("INSERT INTO requests (source, received_at, head, body) VALUES (?,?,?,?)", rows)
            (last,) = db.execute("SELECT last_insert_rowid()").fetchone()
            for source, count in Counter(one.head.source for one in requests).items():
                add_total(db, source, "accepted", count=count)
            self.waiting_count += len(requests)
            self._grow(sum(len(one.body) for one in requests))
        return list(range(last - len(requests) + 1, last + 1))

    def waiting(self, sources: Iterable[str], after: int = 0, limit: int = 256) -> list[StoredRequest]:
        """The next requests of some sources that are not mapped, by number; at least one if there are any."""
        names = list(sources)
        marks = ",".join("?" * len(names))
        found: list[StoredRequest] = []
        size = 0
        with self._reading() as db:
            rows = db.execute(
                "SELECT id, source, received_at, head, body FROM requests"
                f" WHERE is_mapped = 0 AND id > ? AND source IN ({marks}) ORDER BY id LIMIT ?",
                (after, *names, limit),
            )
            for number, *row in rows:
                found.append(StoredRequest(number, read_request(*row)))
                size += len(found[-1].request.body)
                if size > MAX_FETCH:
                    break
        return found

    def request(self, number: int) -> ReceivedRequest | None:
        """A request by its number; None if it is gone."""
        with self._reading() as db:
            return stored_request(db, number)

    def enter(self, portions: Iterable[Portion], finished: Sequence[StoredRequest] = ()) -> None:
        """Enter outcomes, and mark requests whose outcomes are all entered: now their events are queued.

        Outcomes of a request that is not marked are dropped when the spool is opened again.
        """
        entered: dict[int, Entered] = {}
        totals = Totals()
        with self._transaction() as db:
            for portion in portions:
                entered.setdefault(portion.request, Entered()).add(enter_portion(db, portion))
            for one in finished:
                whole = Entered()
                for part in (self._unfinished.get(one.id), entered.get(one.id)):
                    whole.add(part or Entered())
                settle(db, one.request.head.source, whole, self.queues, totals, time.time())
                totals.add(one.request.head.source, "mapped")
            query = "UPDATE requests SET is_mapped = 1 WHERE id = ?"
            db.executemany(query, ((one.id,) for one in finished))
            totals.write(db)
            self._grow(sum(part.size for part in entered.values()))
            self.waiting_count -= len(finished)
        for one in finished:
            self._unfinished.pop(one.id, None)
            entered.pop(one.id, None)
        for number, part in entered.items():
            self._unfinished.setdefault(number, Entered()).add(part)

    def enter_replayed(self, portion: Portion, dry_run: bool = False) -> Entered:
        """Enter outcomes that replace rejections of a request that is mapped; their counts.

        A dry run gives the same counts and changes nothing.
        """
        entered = Entered()
        with suppress(_DryRun), self._transaction() as db:
            entered = enter_portion(db, portion)
            if dry_run:
                raise _DryRun
            totals = Totals()
            settle(db, portion.source, entered, self.queues, totals, time.time())
            totals.write(db)
            self._grow(entered.size)
        return entered

    def forget_unfinished(self) -> None:
        """Drop the outcomes of requests that are not finished; they will be mapped again."""
        if self._unfinished:
            with self._transaction() as db:
                discard_unfinished(db)
            self._unfinished.clear()

    def due(self, destination: str, now: float, limit: int, but: Iterable[int] = ()) -> list[QueuedEvent]:
        """The next events for a destination, but for some; at least one if any may be delivered."""
        with self._reading() as db:
            return due_events(db, destination, now, limit, but)

    def settle(self, destination: str, settled: Sequence[Settled], progress: Progress) -> None:
        """Enter what became of events, and how far their destination is."""
        totals = Totals()
        with self._transaction() as db:
            settle_events(db, destination, settled, totals)
            totals.write(db)
            write_progress(db, destination, progress)

    def progress(self, destination: str) -> Progress:
        """How far a destination was when its last events were settled."""
        with self._reading() as db:
            return read_progress(db, destination)

    def revive(self, letters: Iterable[tuple[str, int]]) -> int:
        """Queue dead events again, each given by its destination and number; how many were dead."""
        totals = Totals()
        with self._transaction() as db:
            count = sum(revive(db, *letter, time.time(), totals) for letter in letters)
            totals.write(db)
        return count

    def change(self, work: Callable[[sqlite3.Connection], Found]) -> Found:
        """Do other work in one transaction."""
        with self._transaction() as db:
            return work(db)

    def read(self, work: Callable[[sqlite3.Connection], Found]) -> Found:
        """Do work that changes nothing."""
        with self._reading() as db:
            return work(db)

    def measure(self) -> int:
        """The bytes in use: pages of the database that are not free, and the log; also kept in `used`."""
        with self._reading() as db:
            pages, free, size = (
                db.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        self.used = (pages - free) * size + self._log_size()
        return self.used

    def close(self) -> None:
        """Bring all into the database and close it; once more does nothing."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            if self.broken is None:
                try:
                    self._checkpoint("TRUNCATE")
                except sqlite3.Error as error:
                    self._fault(error)  # that of a full disk is none: the log keeps it all
            if self.broken is not None:
                # SQLite syncs when a connection is closed, and a sync that failed must not be repeated. The
                # lock stays, too, until the process ends.
                _ABANDONED.append(self._connection)
                return
            self._connection.close()
            self._folder_lock.release()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._refuse_broken()
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise self._fault(error) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._refuse_broken()
            db, before = self._connection, self.waiting_count
            try:
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
            except BaseException as error:
                self.waiting_count = before
                fault = self._fault(error) if isinstance(error, sqlite3.Error) else None
                if self.broken is None and db.in_transaction:
                    db.execute("ROLLBACK")
                if fault is not None:
                    raise fault from error
                raise
            self._checkpoint_if_due()

    def _grow(self, size: int) -> None:
        self.used += size
        self._logged += size

    def _checkpoint_if_due(self) -> None:
        # Each commit writes some whole pages to the log, however little it changes.
        self._logged += _COMMIT
        if self._logged > CHECKPOINT:
            try:
                self._checkpoint("PASSIVE" if self._log_size() < 8 * CHECKPOINT else "TRUNCATE")
            except sqlite3.Error as error:
                fault = self._fault(error)
                if isinstance(fault, SpoolBroken):
                    raise fault from error

    def _checkpoint(self, mode: str) -> None:
        self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        self._logged = 0

    def _log_size(self) -> int:
        try:
            return os.stat(self.folder / f"{DATABASE}-wal").st_size
        except FileNotFoundError:
            return 0

    def _refuse_broken(self) -> None:
        if self.broken is not None:
            raise SpoolBroken(self.broken)

    def _fault(self, error: sqlite3.Error) -> SpoolError:
        code = getattr(error, "sqlite_errorcode", 0) or 0
        if code & 0xFF == sqlite3.SQLITE_FULL:
            return SpoolFull(f"the disk of the spool `{self.folder}` is full; make room")
        name = getattr(error, "sqlite_errorname", "") or type(error).__name__
        self.broken = (
            f"the spool `{self.folder}` cannot be used any more: {error} ({name}); look after the disk, "
            "and start the receiver again"
        )
        return SpoolBroken(self.broken)


def _connect(path: Path) -> sqlite3.Connection:
    """The connection to a database, new or of our version; raises SpoolError."""
    is_new = not path.exists() or not path.stat().st_size
    private_file(path)
    sync_folder(path)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        if not is_new:
            check_version(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA cache_size = -16000")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version < VERSION:
            connection.executescript(
                f"BEGIN; {'' if version else TABLES} {QUEUES} PRAGMA application_id = {APPLICATION};"
                f"PRAGMA user_version = {VERSION}; COMMIT;"
            )
    except sqlite3.Error as error:
        connection.close()
        raise SpoolError(f"the spool `{path.parent}` cannot be used: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Raise SpoolError for a database that is no spool, or one of a newer version."""
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise SpoolError(f"`{path}` cannot be read as a spool: {error}; move it away") from error
    if version > VERSION and application == APPLICATION:
        raise SpoolError(
            f"the spool `{path.parent}` is of version {version}, and this mapper knows {VERSION}: "
            "use the newer mapper"
        )
    if tables and application != APPLICATION:
        raise SpoolError(f"`{path}` is a database of another program; choose another folder for the spool")


def stored_request(db: sqlite3.Connection, number: int) -> ReceivedRequest | None:
    """A request of a spool by its number; None if it is gone."""
    query = "SELECT source, received_at, head, body FROM requests WHERE id = ?"
    row = db.execute(query, (number,)).fetchone()
    return None if row is None else read_request(*row)
