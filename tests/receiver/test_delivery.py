"""Delivery: destinations of every temper beside good ones, which get all; and destinations of a host."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="the extra `receiver` is not installed")

from mapper.receiver.configuration.configuration import Configuration, RequestSource
from mapper.receiver.configuration.settings import (
    DestinationSettings,
    FilesSettings,
    HttpSettings,
    SpoolSettings,
)
from mapper.receiver.delivery import delivery
from mapper.receiver.delivery.delivery import Deliverer
from mapper.receiver.delivery.places import DeliveryPlace
from mapper.receiver.destinations.destination import (
    Delivered,
    DeliveryError,
    EventsRefused,
    QueuedEvent,
    Tried,
    Verdict,
)
from mapper.receiver.receiver import Receiver
from mapper.receiver.spool.queues import Progress
from support.answering_server import BREAK, CUT, DRIP, HANG, Reply, answer, answering
from support.spools import SpoolBench, order, received, rows_of, served
from support.waiting import PATIENCE, until

TEMPERS = {
    "slow": Reply(delay=1.0),
    "failing": Reply(answer(500)),
    "throttling": Reply(answer(429, retry_after="3600")),
    "closed": Reply(answer(401)),
    "refusing": Reply(answer(400)),
    "hanging": HANG,
    "dripping": DRIP,
    "breaking": BREAK,
    "cutting": CUT,
}


def test_no_destination_slows_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All events are with the good ones while the others still have theirs."""
    monkeypatch.setattr(delivery, "STOP", 0.5)
    mapping = served(tmp_path)
    with ExitStack() as stack:
        servers = {name: stack.enter_context(answering(lambda body, r=r: r)) for name, r in TEMPERS.items()}
        good = stack.enter_context(answering())
        settings = [
            DestinationSettings(name, HttpSettings(server.url, concurrency=2, timeout=2 * PATIENCE))
            for name, server in servers.items()
        ]
        settings += [
            DestinationSettings("good", HttpSettings(good.url)),
            DestinationSettings("files", FilesSettings(tmp_path / "files")),
        ]
        source = RequestSource("/orders", (mapping.path,), ())
        spool = SpoolSettings(tmp_path / "spool", min_free=0)
        receiver = Receiver(
            Configuration((source,), spool=spool, destinations=tuple(settings)), {mapping.path: mapping}
        )
        receiver.spool.append([received(order(number)) for number in range(300)])
        receiver.start()
        try:
            until(lambda: len(good.taken) == 300 and _lines(tmp_path / "files") == 300)
            counts = dict(rows_of(tmp_path / "spool", _PENDING))
            assert min(counts[name] for name in TEMPERS if name != "refusing") > 100
            deliverers = {one.destination.name: one for one in receiver.deliverers}
            until(lambda: deliverers["closed"].state.is_failing)
            until(lambda: deliverers["throttling"].state.is_failing)
            assert not deliverers["good"].state.is_failing
        finally:
            begun = time.monotonic()
            receiver.stop()
        assert time.monotonic() - begun < PATIENCE, "the end waits for no answer"
        assert len(good.taken) == len(set(good.taken)) == 300


_PENDING = "SELECT destination, count(*) FROM deliveries WHERE state < 2 GROUP BY destination"


def _lines(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("*"))


@dataclass
class Own:
    """A destination as a host may bring it."""

    name: str = "own"
    batch: int = 3
    concurrency: int = 2
    taken: list[str] = field(default_factory=list)
    act: Callable[[Sequence[QueuedEvent]], Any] = lambda events: None
    threads: set[str] = field(default_factory=set)
    ended: int = 0

    def begin(self, position: str) -> None:
        self.threads.add(threading.current_thread().name)

    async def deliver(self, events: Sequence[QueuedEvent]) -> Delivered:
        await asyncio.sleep(0)
        self.threads.add(threading.current_thread().name)
        found = self.act(events)
        if isinstance(found, Delivered):
            return found
        self.taken += [str(one.event_id) for one in events]
        return Delivered.all(events)

    def tidy(self) -> str | None:
        return None

    async def end(self) -> None:
        self.ended += 1


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SpoolBench]:
    bench = SpoolBench(tmp_path / "spool", served(tmp_path), destinations=("own",))
    bench.take(*(order(number) for number in range(10)))
    yield bench
    bench.check()


def test_a_host_brings_its_own(tmp_path: Path) -> None:
    mapping, own = served(tmp_path), Own()
    source = RequestSource("/orders", (mapping.path,), ())
    settings = Configuration((source,), spool=SpoolSettings(tmp_path / "spool", min_free=0))
    receiver = Receiver(settings, {mapping.path: mapping}, places=(DeliveryPlace(own),))
    receiver.spool.append([received(order(number)) for number in range(10)])
    receiver.start()
    try:
        until(lambda: len(own.taken) == 10)
    finally:
        receiver.stop()
    assert own.threads == {"deliver own"}
    assert own.ended == 1
    assert not (tmp_path / "spool" / "events.ndjson").exists()


def test_results_are_told(bench: SpoolBench) -> None:
    told: list[tuple[str, str]] = []
    deliverer = Deliverer(bench.spool, Own(), observe=lambda name, result: told.append((name, result)))
    while deliverer.deliver_some():
        pass
    deliverer.stop()
    assert told == [("own", "delivered")] * 10


@pytest.mark.parametrize("defect", [KeyError("c-1"), Delivered([Tried(Verdict.DELIVERED)] * 9)])
def test_a_defect_of_a_destination_loses_nothing_and_is_told_without_a_value(
    bench: SpoolBench, defect: Any
) -> None:
    def act(events: Sequence[QueuedEvent]) -> Any:
        if isinstance(defect, Exception):
            raise defect
        return defect

    said: list[str] = []
    own, now = Own(act=act), [time.time()]
    deliverer = Deliverer(bench.spool, own, on_fault=said.append, clock=lambda: now[0])
    assert deliverer.deliver_some() == 0
    assert len(said) == 1
    assert "a defect of the destination" in said[0]
    assert "c-1" not in said[0]
    own.act = lambda events: None
    now[0] += 36_000
    while deliverer.deliver_some():
        pass
    deliverer.stop()
    assert sorted(own.taken) == [str(number) for number in range(10)]


def test_a_fault_amid_halves_keeps_what_was_delivered(bench: SpoolBench) -> None:
    def act(events: Sequence[QueuedEvent]) -> Any:
        if any(one.event_id == "7" for one in events):
            if len(events) > 1:
                raise EventsRefused("no")
            raise DeliveryError("away")
        return None

    own, now = Own(batch=8, concurrency=1, act=act), [time.time()]
    deliverer = Deliverer(bench.spool, own, clock=lambda: now[0])
    deliverer.deliver_some()
    assert own.taken == [str(number) for number in range(7)]
    assert [one.event_id for one in bench.due("own")] == ["7", "8", "9"]
    deliverer.stop()


def test_an_event_under_way_is_not_begun_again(bench: SpoolBench) -> None:
    """Also when its queue is looked at often."""
    own, running = Own(batch=1, concurrency=4), set[int]()

    async def deliver(events: Sequence[QueuedEvent]) -> Delivered:
        assert events[0].id not in running
        running.add(events[0].id)
        await asyncio.sleep(0.05)
        own.taken.append(str(events[0].event_id))
        return Delivered.all(events)

    own.deliver = deliver  # type: ignore[method-assign]
    deliverer = Deliverer(bench.spool, own)
    deliverer.start()
    until(lambda: rows_of(bench.folder, "SELECT count(*) FROM deliveries") == [(0,)])
    deliverer.stop()
    assert sorted(own.taken) == [str(number) for number in range(10)]


def test_retries_and_first_tries_share_the_places(bench: SpoolBench) -> None:
    """Neither waits for the other for ever."""
    now = time.time()
    for event in bench.due("own", 6):
        bench.spool.change(
            lambda db, number=event.id: db.execute(
                "UPDATE deliveries SET attempts = 1, next_at = ? WHERE event = ?", (now - number, number)
            )
        )
    first = [one.event_id for one in bench.spool.due("own", now, 4)]
    assert first == ["5", "4", "6", "7"]
    assert len(bench.spool.due("own", now, 100)) == 10
    assert [one.event_id for one in bench.spool.due("own", now - 1e6, 100)] == ["6", "7", "8", "9"]
    known = [one.id for one in bench.spool.due("own", now, 4)]
    assert not set(known) & {one.id for one in bench.spool.due("own", now, 4, known)}


def test_a_spool_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    from mapper.receiver.spool.reports import open_reader
    from mapper.receiver.spool.spool import DATABASE, Spool
    from mapper.receiver.spool.tables import APPLICATION, TABLES, SpoolError

    folder = tmp_path / "spool"
    folder.mkdir()
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        db.executescript(f"{TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 1;")
        db.execute("INSERT INTO requests VALUES (1, '/orders', '2026', '[\"POST\",\"\",[],[]]', x'', 1)")
        db.execute("INSERT INTO events VALUES (1, 1, 'orders', 'v', 0, 0, 'a', x'00', x'7b7d')")
        db.execute("INSERT INTO deliveries VALUES ('out', 1)")
        db.execute("INSERT INTO progress VALUES ('out', 'here')")
        db.commit()
    with pytest.raises(SpoolError, match="older version"), open_reader(folder):
        pass
    spool = Spool.open(folder)
    assert [one.event for one in spool.due("out", 0.0, 10)] == [b"{}"]
    assert spool.progress("out") == Progress("here")
    spool.close()
    with open_reader(folder) as db:
        assert db.execute("SELECT queued_at > 1e9 FROM deliveries").fetchall() == [(1,)]
