"""Files of events: lines are on disk before events are marked; names are over whole files."""

from __future__ import annotations

import asyncio
import errno
import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mapper.receiver.configuration.settings import DestinationSettings, FilesSettings, SpoolSettings
from mapper.receiver.delivery.delivery import Deliverer
from mapper.receiver.delivery.places import DEFAULT_FILE, places_of
from mapper.receiver.destinations.destination import DeliveryBroken, QueuedEvent
from mapper.receiver.destinations.files import EventsFile, RotatedFiles
from mapper.receiver.spool.queues import Progress
from mapper.receiver.spool.tables import SpoolBroken
from support.spools import SpoolBench, order, served
from support.waiting import PATIENCE, until


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SpoolBench]:
    bench = SpoolBench(tmp_path / "spool", served(tmp_path))
    bench.take(*(order(number) for number in range(5)))
    yield bench
    if bench.spool.broken is None:
        bench.spool.close()


class Clock:
    """A time that a test moves."""

    now = 1_764_300_000.0

    def __call__(self) -> float:
        return self.now


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ids(data: bytes) -> list[bytes]:
    return [line.split(b'"')[3] for line in data.splitlines()]


def test_each_event_is_a_line(bench: SpoolBench, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    deliverer = Deliverer(bench.spool, EventsFile("out", file))
    assert [deliverer.deliver_some() for _ in range(2)] == [5, 0]
    assert ids(file.read_bytes()) == [b"0", b"1", b"2", b"3", b"4"]
    assert bench.totals()["delivered out"] == 5
    bench.check()
    bench.take(order(6))
    os.rename(file, tmp_path / "moved")
    assert deliverer.deliver_some() == 1
    assert ids(file.read_bytes()) == [b"6"]
    deliverer.stop()


@pytest.mark.parametrize("kind", ["events", "rotated", "packed"])
def test_events_that_were_not_marked_are_cut_off_and_come_again(
    bench: SpoolBench, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def destination() -> Any:
        if kind == "events":
            return EventsFile("out", tmp_path / "out" / "events.ndjson")
        return RotatedFiles("out", tmp_path / "out", 3600, kind == "packed")

    (tmp_path / "out").mkdir()
    bench.spool.settle("out", [], Progress())
    first = Deliverer(bench.spool, destination())
    monkeypatch.setattr("mapper.receiver.spool.queues.MAX_FETCH", 1)
    assert first.deliver_some() == 1
    (name,) = names(tmp_path / "out")
    # Killed between the sync and the mark.
    asyncio.run(first.destination.deliver(bench.due(limit=2)))
    first.stop()
    with (tmp_path / "out" / name).open("ab") as stream:
        stream.write(b"{half a line")
    second = Deliverer(bench.spool, destination())
    while second.deliver_some():
        pass
    second.stop()
    data = (tmp_path / "out" / name).read_bytes()
    assert ids(gzip.decompress(data) if kind == "packed" else data) == [b"0", b"1", b"2", b"3", b"4"]
    bench.check()


def test_lines_of_another_file_stay(bench: SpoolBench, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(b'{"own": "line"}\n{"half')
    deliverer = Deliverer(bench.spool, EventsFile("out", file))
    deliverer.deliver_some()
    deliverer.stop()
    assert ids(file.read_bytes())[:2] == [b"line", b"0"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_name_is_over_a_whole_file(bench: SpoolBench, tmp_path: Path, packed: bool) -> None:
    clock, folder = Clock(), tmp_path / "out"
    deliverer = Deliverer(bench.spool, RotatedFiles("out", folder, 60, packed, clock=clock))
    suffix = ".ndjson.gz" if packed else ".ndjson"
    deliverer.deliver_some()
    assert names(folder) == [f"events-20251128T032000Z{suffix}.part"]
    clock.now += 59
    deliverer.deliver_some()
    bench.take(order(7))
    deliverer.deliver_some()
    clock.now += 1
    deliverer.deliver_some()
    assert names(folder) == [f"events-20251128T032000Z{suffix}"]
    data = (folder / names(folder)[0]).read_bytes()
    assert ids(gzip.decompress(data) if packed else data) == [b"0", b"1", b"2", b"3", b"4", b"7"]
    clock.now -= 60  # a clock that is set back, or a file of a time before
    bench.take(order(8))
    deliverer.deliver_some()
    assert names(folder)[0] == f"events-20251128T032000Z-2{suffix}.part"
    deliverer.stop()
    bench.check()


def test_a_file_ends_with_the_group_that_makes_it_large(
    bench: SpoolBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mapper.receiver.spool.queues.MAX_FETCH", 1)
    size = len(bench.due(limit=1)[0].event) + 1
    folder = tmp_path / "out"
    files = RotatedFiles("out", folder, 3600, max_bytes=2 * size - 1, clock=Clock())
    deliverer = Deliverer(bench.spool, files)
    while deliverer.deliver_some():
        pass
    deliverer.stop()
    found = {path.name: ids(path.read_bytes()) for path in folder.iterdir()}
    assert sorted(found.values()) == [[b"0", b"1"], [b"2", b"3"], [b"4"]]
    assert [name.endswith(".part") for name, lines in sorted(found.items(), key=lambda one: one[1])] == [
        *(False, False, True)
    ]
    bench.check()


async def _write(files: RotatedFiles) -> None:
    await files.deliver([QueuedEvent(1, "/s", "m", "", "1", b"", b"{}")])
    await files.end()


def test_parts_without_marked_events_are_removed(bench: SpoolBench, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    killed = RotatedFiles("out", folder, 60)
    killed.begin("")
    asyncio.run(_write(killed))
    (folder / "other.part").write_bytes(b"")
    deliverer = Deliverer(bench.spool, RotatedFiles("out", folder, 60))
    deliverer.deliver_some()
    deliverer.stop()
    parts = [name for name in names(folder) if name.startswith("events-")]
    assert len(parts) == 1
    assert len((folder / parts[0]).read_bytes().splitlines()) == 5
    assert (folder / "other.part").exists()


def test_a_full_disk_is_tried_again(
    bench: SpoolBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, data: bytes) -> None:
        os.write(descriptor, data[:30])
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "events.ndjson"
    clock = Clock()
    deliverer = Deliverer(bench.spool, EventsFile("out", file), clock=clock)
    with monkeypatch.context() as patched:
        patched.setattr("mapper.receiver.destinations.files.write_all", full)
        assert deliverer.deliver_some() == 0
    assert "cannot be written: No space left" in deliverer.state.status
    clock.now += 36_000
    assert deliverer.deliver_some() == 5
    assert not deliverer.state.is_failing
    assert len(file.read_bytes().splitlines()) == 5
    deliverer.stop()


def test_a_failed_sync_is_the_end(bench: SpoolBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Exception] = []
    deliverer = Deliverer(bench.spool, EventsFile("out", tmp_path / "events.ndjson"), on_broken=told.append)
    monkeypatch.setattr("mapper.receiver.destinations.files.os.fsync", _failing)
    deliverer.start()
    assert deliverer._thread is not None
    deliverer._thread.join(PATIENCE)
    assert [type(error) for error in told] == [DeliveryBroken]
    assert len(bench.due()) == 5
    deliverer.stop()


def _failing(descriptor: int) -> None:
    raise OSError(errno.EIO, "Input/output error")


def test_a_destination_that_fails_is_reported_once_and_none_waits_for_it(
    tmp_path: Path,
) -> None:
    bench = SpoolBench(tmp_path / "spool", served(tmp_path), destinations=("good", "bad"))
    bench.take(order(1))
    (tmp_path / "file").write_text("")
    told: list[str] = []
    bad = Deliverer(
        bench.spool, EventsFile("bad", tmp_path / "file" / "x"), on_fault=told.append, chance=lambda: 0.002
    )
    good = Deliverer(bench.spool, EventsFile("good", tmp_path / "good"))
    bad.start()
    assert good.deliver_some() == 1
    good.stop()
    until(lambda: bad.circuit.failures > 1)
    bad.stop()
    assert len(told) == 1
    assert told[0].startswith("destination `bad`: ")
    assert len(bench.due("bad")) == 1
    bench.check()
    bench.spool.close()


def test_a_broken_spool_ends_the_delivery(bench: SpoolBench, tmp_path: Path) -> None:
    told: list[Exception] = []
    deliverer = Deliverer(bench.spool, EventsFile("out", tmp_path / "x"), on_broken=told.append)
    bench.spool.broken = "broken"
    deliverer.start()
    assert deliverer._thread is not None
    deliverer._thread.join(PATIENCE)
    deliverer.stop()
    assert [type(error) for error in told] == [SpoolBroken]


def test_destinations_of_a_configuration(tmp_path: Path) -> None:
    spool = SpoolSettings(tmp_path)
    default = places_of((), spool)[0].destination
    assert isinstance(default, EventsFile)
    assert (default.name, default.place) == ("events", tmp_path / DEFAULT_FILE)
    settings = DestinationSettings("archive", FilesSettings(tmp_path / "out", 60, gzip=True))
    files = places_of((settings,), spool)[0].destination
    assert isinstance(files, RotatedFiles)
    assert (files.name, files.place, files.rotate, files.gzip) == ("archive", tmp_path / "out", 60, True)
