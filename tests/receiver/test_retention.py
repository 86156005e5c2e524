"""Retention: what is delivered goes by age and size, what is not stays, and the law holds through it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mapper.receiver.configuration.settings import SpoolSettings
from mapper.receiver.destinations.destination import Verdict
from mapper.receiver.outcomes import retention
from mapper.receiver.outcomes.retention import Retention
from mapper.receiver.spool.totals import add_total
from support.spools import DAY, SpoolBench, order, received, rows_of, served

REJECTED = {"id": "r", "type": "placed", "at": "2026-11-23T19:00:00Z"}
LATER = "2026-11-27T20:00:00.000Z"


@pytest.fixture
def bench(tmp_path: Path) -> SpoolBench:
    bench = SpoolBench(tmp_path / "spool", served(tmp_path))
    bench.take(order(1), order(2, test=True), REJECTED, order(3))
    bench.take(order(4), at="2026-11-27T19:00:00.000Z")
    return bench


def settings(bench: SpoolBench) -> SpoolSettings:
    return SpoolSettings(bench.folder, keep=2 * DAY)


def left(bench: SpoolBench) -> list[int]:
    return [number for (number,) in rows_of(bench.folder, "SELECT id FROM requests ORDER BY id")]


def deliver(bench: SpoolBench, count: int) -> None:
    bench.settle(count)


def test_old_requests_go_when_they_are_delivered(bench: SpoolBench) -> None:
    keep = Retention(bench.spool, settings(bench))
    deliver(bench, 1)
    assert keep.step(LATER) == 3
    assert left(bench) == [4, 5]
    bench.check()
    deliver(bench, 5)
    bench.spool.append([received(order(9))])
    assert keep.step(LATER) == 1
    assert left(bench) == [5, 6]
    bench.map_all()
    bench.check()
    totals = bench.totals()
    assert (totals["removed requests"], totals["removed events"], totals["removed rejections"]) == (4, 2, 1)
    assert (totals["accepted"], totals["delivered out"], totals["rejected"]) == (6, 3, 1)


def test_dead_events_go_by_age_and_not_by_size(bench: SpoolBench) -> None:
    bench.settle(2, Verdict.DEAD)
    bench.check()
    small = Retention(bench.spool, replace(settings(bench), max_bytes=1000))
    assert small.step("2026-11-23T20:00:01.000Z") == 1
    assert left(bench) == [1, 3, 4, 5]
    bench.check()
    assert Retention(bench.spool, settings(bench)).step(LATER) == 3
    assert left(bench) == [5]
    assert bench.totals()["removed dead out"] == 2
    bench.check()


def test_a_spool_that_fills_gives_up_delivered_requests_without_rejections(bench: SpoolBench) -> None:
    keep = Retention(bench.spool, replace(settings(bench), max_bytes=1000))
    early = "2026-11-23T20:00:01.000Z"
    deliver(bench, 1)
    assert keep.step(early) == 2
    assert left(bench) == [3, 4, 5]
    assert keep.step(early) == 0
    bench.check()


def test_all_old_requests_are_looked_at_however_many(
    bench: SpoolBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    deliver(bench, 5)
    keep = Retention(bench.spool, settings(bench))
    assert [keep.step(LATER) for _ in range(4)] == [2, 2, 0, 0]
    assert left(bench) == [5]
    bench.check()


def test_ids_are_kept_as_long_as_a_waiting_request_may_ask(bench: SpoolBench) -> None:
    keep = Retention(bench.spool, settings(bench))
    bench.spool.append([received(order(1), at="2026-11-24T20:00:00.000Z")])
    keep.step(LATER)
    bench.map_all()
    assert bench.totals()["duplicate"] == 1
    keep.step(LATER)
    assert rows_of(bench.folder, "SELECT event_id FROM keys") == [("4",)]


@pytest.mark.parametrize(
    "name",
    ["accepted", "mapped", "items", "events", "fresh", "rejected", "skipped", "delivered out", "dead out"],
)
def test_a_total_that_is_wrong_breaks_the_law(bench: SpoolBench, name: str) -> None:
    deliver(bench, 1)
    bench.check()
    word, _, detail = name.partition(" ")
    bench.spool.change(lambda db: add_total(db, "/orders", word, detail))
    with pytest.raises(AssertionError):
        bench.check()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events WHERE id = 1",
        "DELETE FROM requests WHERE id = 1",
        "DELETE FROM rejections",
        "DELETE FROM skips",
        "DELETE FROM deliveries WHERE event = 2",
        "UPDATE events SET kind = 1",
        "INSERT INTO deliveries (destination, event) VALUES ('out', 99)",
        "UPDATE deliveries SET state = 1",
        "UPDATE deliveries SET state = 2",
    ],
)
def test_rows_that_are_lost_break_the_law(bench: SpoolBench, statement: str) -> None:
    bench.spool.change(lambda db: db.execute(statement))
    with pytest.raises(AssertionError):
        bench.check()
