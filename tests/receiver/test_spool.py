"""Spool: what is appended is on disk, one process writes, and faults of the disk are told from a full one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mapper.receiver.configuration.settings import MIN_MAX_BYTES
from mapper.receiver.outcomes.retention import FULL
from mapper.receiver.spool.reports import open_reader, verify
from mapper.receiver.spool.spool import CHECKPOINT, DATABASE, Spool
from mapper.receiver.spool.tables import SAFE_SQLITE, SpoolBroken, SpoolError, SpoolFull, sqlite_warning
from support.spools import SOURCE, SpoolBench, order, received, rows_of, served


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool.open(tmp_path / "spool", ["out"])
    yield opened
    if opened.broken is None:
        opened.close()


def test_requests_come_back_as_they_went_in(spool: Spool, tmp_path: Path) -> None:
    given = [received(b"\x00\xff"), received(b""), received({"a": "ü"}, source="/other")]
    numbers = spool.append(given)
    assert numbers == [1, 2, 3]
    assert [one.request for one in spool.waiting([SOURCE, "/other"])] == given
    assert [one.id for one in spool.waiting([SOURCE], after=1)] == [2]
    assert spool.request(3) == given[2]
    assert spool.request(4) is None
    assert spool.waiting_count == 3


def test_one_body_beyond_the_size_of_a_fetch_comes_alone(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mapper.receiver.spool.spool.MAX_FETCH", 100)
    spool.append([received(b"x" * size) for size in (10, 200, 10, 60, 60, 60)])
    sizes = [[len(one.request.body) for one in spool.waiting([SOURCE], after)] for after in (0, 2)]
    assert sizes == [[10, 200], [10, 60, 60]]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_only_the_owner_reads_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "spool"
    mask = os.umask(0)
    try:
        spool = Spool.open(folder)
        spool.append([received(b"{}")])
        names = {path.name for path in folder.iterdir()}
        assert names == {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", "lock"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        spool.close()
        (folder / DATABASE).chmod(0o644)
        Spool.open(folder).close()
        assert stat.S_IMODE((folder / DATABASE).stat().st_mode) == 0o600
    finally:
        os.umask(mask)


def test_a_spool_has_one_writer(spool: Spool) -> None:
    with pytest.raises(SpoolError, match="in use by another receiver; each needs a folder of its own"):
        Spool.open(spool.folder)
    code = "import sys, pathlib; from mapper.receiver.spool.spool import Spool; "
    code += "Spool.open(pathlib.Path(sys.argv[1]))"
    ended = subprocess.run(
        [sys.executable, "-c", code, str(spool.folder)], capture_output=True, text=True, check=False
    )
    assert "in use by another receiver" in ended.stderr
    spool.close()
    Spool.open(spool.folder).close()


def test_a_link_in_the_place_of_the_database_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / DATABASE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SpoolError, match="cannot be used"):
        Spool.open(tmp_path / "spool")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("PRAGMA user_version = 3", "is of version 3, and this mapper knows 2: use the newer mapper"),
        ("PRAGMA application_id = 7", "is a database of another program; choose another folder"),
    ],
)
def test_a_foreign_database_stays_as_it_is(tmp_path: Path, statements: str, expected: str) -> None:
    folder = tmp_path / "spool"
    Spool.open(folder).close()
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        db.execute(statements)
    before = (folder / DATABASE).read_bytes()
    with pytest.raises(SpoolError, match=expected):
        Spool.open(folder)
    with pytest.raises(SpoolError, match=expected), open_reader(folder):
        pass
    assert (folder / DATABASE).read_bytes() == before


def test_a_file_that_is_no_database_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"notes" * 1000)
    with pytest.raises(SpoolError, match="cannot be read as a spool"):
        Spool.open(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == b"notes" * 1000


def test_a_file_in_the_place_of_the_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("")
    with pytest.raises(SpoolError, match="something else has its name"):
        Spool.open(tmp_path / "spool")
    with pytest.raises(SpoolError, match="no spool in"), open_reader(tmp_path):
        pass


def test_the_version_of_sqlite_is_said_if_it_has_the_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", SAFE_SQLITE)
    assert not sqlite_warning()
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 2))
    assert "is older than 3.51.3" in sqlite_warning()


def test_commits_are_synced_and_checkpoints_are_asked_for(spool: Spool) -> None:
    found = spool.read(
        lambda db: [
            db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "wal_autocheckpoint")
        ]
    )
    assert found == ["wal", 2, 0]


def test_the_log_is_bounded(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mapper.receiver.spool.spool.CHECKPOINT", 256 * 1024)
    log = spool.folder / f"{DATABASE}-wal"
    for _ in range(40):
        spool.append([received(b"x" * 10_000)] * 10)
    assert log.stat().st_size < 2 * 1024 * 1024
    monkeypatch.setattr("mapper.receiver.spool.spool.CHECKPOINT", 10**12)
    for _ in range(40):
        spool.append([received(b"x" * 10_000)] * 10)
    assert log.stat().st_size > 3 * 1024 * 1024


class Failing:
    """A connection that fails at some statement as the system would."""

    def __init__(self, real: sqlite3.Connection, statement: str, code: int, name: str) -> None:
        self.real, self.statement = real, statement
        self.error = sqlite3.OperationalError("disk I/O error")
        self.error.sqlite_errorcode, self.error.sqlite_errorname = code, name
        self.seen: list[str] = []

    def execute(self, statement: str, *values: Any) -> Any:
        self.seen.append(statement)
        if statement.startswith(self.statement):
            raise self.error
        return self.real.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@pytest.mark.parametrize("statement", ["COMMIT", "PRAGMA wal_checkpoint"])
def test_a_failed_sync_ends_the_spool(spool: Spool, monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    """After one, nobody knows which bytes are on disk: neither commit nor checkpoint is tried again."""
    monkeypatch.setattr("mapper.receiver.spool.spool.CHECKPOINT", 1)
    failing: Any = Failing(
        spool._connection, statement, sqlite3.SQLITE_IOERR | (4 << 8), "SQLITE_IOERR_FSYNC"
    )
    spool._connection = failing
    with pytest.raises(SpoolBroken, match=r"disk I/O error \(SQLITE_IOERR_FSYNC\); look after the disk"):
        spool.append([received(b"{}")])
    assert failing.seen.count("COMMIT") == 1
    count = len(failing.seen)
    with pytest.raises(SpoolBroken):
        spool.append([received(b"{}")])
    with pytest.raises(SpoolBroken):
        spool.waiting([SOURCE])
    spool.close()
    assert len(failing.seen) == count
    with pytest.raises(SpoolError, match="in use"):
        Spool.open(spool.folder)


def test_a_failed_sync_at_the_end_is_not_repeated(spool: Spool) -> None:
    """The log keeps what was answered; closing the connection would sync the database once more."""
    failing: Any = Failing(
        spool._connection, "PRAGMA wal_checkpoint", sqlite3.SQLITE_IOERR | (4 << 8), "SQLITE_IOERR_FSYNC"
    )
    spool.append([received(b"{}")])
    spool._connection = failing
    spool.close()
    assert spool.broken is not None
    failing.real.execute("SELECT 1")  # it is open
    spool.close()
    assert len(failing.seen) == 1


@pytest.mark.parametrize("kind", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_CORRUPT])
def test_a_spool_that_cannot_begin_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: int
) -> None:
    def fail(db: sqlite3.Connection) -> None:
        error = sqlite3.DatabaseError("a fault")
        error.sqlite_errorcode, error.sqlite_errorname = kind, "FAULT"
        raise error

    monkeypatch.setattr("mapper.receiver.spool.spool.discard_unfinished", fail)
    with pytest.raises(SpoolError):
        Spool.open(tmp_path / "spool")
    monkeypatch.undo()
    if kind == sqlite3.SQLITE_FULL:
        Spool.open(tmp_path / "spool").close()


def test_a_full_disk_is_not_the_end(spool: Spool) -> None:
    spool.append([received(b"first")])
    real = spool._connection
    spool._connection = Failing(real, "COMMIT", sqlite3.SQLITE_FULL, "SQLITE_FULL")  # type: ignore[assignment]
    with pytest.raises(SpoolFull, match="is full; make room"):
        spool.append([received(b"second")])
    assert spool.waiting_count == 1
    spool._connection = real
    spool.append([received(b"third")])
    assert [one.request.body for one in spool.waiting([SOURCE])] == [b"first", b"third"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("only root can make a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(spool: Spool) -> int:
    """Append requests until the disk is full; how many there was room for."""
    for number in range(500):
        try:
            spool.append([received(order(f"f{number}", details={"text": "x" * 20_000}))])
        except SpoolFull:
            return number
    raise AssertionError("the disk did not get full")


@pytest.mark.skipif(shutil.which("mount") is None, reason="no `mount`")
def test_a_spool_on_a_disk_that_gets_full(small_disk: Path, tmp_path: Path) -> None:
    bench = SpoolBench(small_disk / "spool", served(tmp_path))
    bench.take(order(1))
    taken = 1 + fill(bench.spool)
    assert taken > 20
    bench.spool.close()
    assert len(rows_of(bench.folder, "SELECT id FROM requests")) == taken
    bench.check()
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    bench.open()
    bench.map_all()
    assert bench.totals()["fresh"] == taken
    bench.check()
    bench.spool.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(SpoolError, match="choose a folder on a disk that can be written"):
        Spool.open(bench.folder)
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    (small_disk / "ballast").write_bytes(bytes(os.statvfs(small_disk).f_bavail * 4096))
    with pytest.raises(SpoolError, match="full"):
        Spool.open(small_disk / "another")


def cut_places(size: int) -> list[int]:
    """Places in a log: its head, heads and middles of frames (32 + 24 and 4096 bytes), and the ends."""
    frame = 24 + 4096
    frames = (size - 32) // frame
    chosen = {0, 1, 2, frames // 2, frames - 2, frames - 1, frames}
    ends = [32 + number * frame for number in sorted(chosen) if 0 <= number <= frames]
    places = {0, 1, 16, 31, 32, size - 1}
    for end in ends:
        places |= {end, end + 1, end + 12, end + 24, end + 25, end + 2000, end + frame - 1}
    return sorted(place for place in places if place < size)


@pytest.mark.parametrize("damage", ["cut", "garbage"])
def test_a_log_that_is_cut_loses_whole_groups_from_its_end(tmp_path: Path, damage: str) -> None:
    spool = Spool.open(tmp_path / "spool")
    groups = [[received(f"{group}-{number}".encode()) for number in range(3)] for group in range(12)]
    ends = [0]
    for group in groups:
        spool.append(group)
        ends.append((tmp_path / f"spool/{DATABASE}-wal").stat().st_size)
    data = {name: (tmp_path / "spool" / name).read_bytes() for name in (DATABASE, f"{DATABASE}-wal")}
    log = data[f"{DATABASE}-wal"]
    spool.close()
    for place in cut_places(len(log)):
        folder = tmp_path / f"at{place}"
        folder.mkdir()
        (folder / DATABASE).write_bytes(data[DATABASE])
        rest = b"" if damage == "cut" else bytes(len(log) - place)
        (folder / f"{DATABASE}-wal").write_bytes(log[:place] + rest)
        opened = Spool.open(folder)
        found = [one.request.body for one in opened.waiting([SOURCE])]
        whole = sum(1 for end in ends[1:] if end <= place)
        assert found == [one.body for group in groups[:whole] for one in group], place
        assert opened.read(verify) == []
        opened.close()
        shutil.rmtree(folder)


def test_the_smallest_size_of_a_spool_holds_its_log() -> None:
    """A log that passed the bound alone would refuse all requests, and nothing would make it smaller."""
    assert 8 * CHECKPOINT < FULL * MIN_MAX_BYTES
