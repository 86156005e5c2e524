"""Worker: each request ends in events, skips and rejections, once; duplicates are told from conflicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mapper.receiver.outcomes import worker
from mapper.receiver.outcomes.worker import item_hash
from mapper.receiver.spool import outcome_writer
from mapper.receiver.spool.spool import Spool
from mapper.receiver.spool.tables import EventKind, SpoolFull
from support.calls import ORDERS
from support.spools import SOURCE, SpoolBench, content_of, order, received, rows_of, served
from support.waiting import PATIENCE

REJECTED = {"id": "r", "type": "placed", "at": "2026-11-23T19:00:00Z"}


@pytest.fixture
def bench(tmp_path: Path) -> SpoolBench:
    return SpoolBench(tmp_path / "spool", served(tmp_path))


def kinds(bench: SpoolBench) -> list[tuple[int, str]]:
    rows = rows_of(bench.folder, "SELECT kind, event FROM events ORDER BY id")
    return [(kind, json.loads(event)["event_id"]) for kind, event in rows]


def test_each_item_has_one_outcome_with_the_version_of_its_mapping(bench: SpoolBench) -> None:
    bench.take({"orders": [order(1), order(2, test=True), REJECTED, order(3)]}, b"no json", order(4))
    version = bench.mapping.version
    rows = rows_of(bench.folder, "SELECT request, mapping, version, item FROM events ORDER BY id")
    assert rows == [(1, "orders", version, 0), (1, "orders", version, 3), (3, "orders", version, 0)]
    assert rows_of(bench.folder, "SELECT request, version, item, reason FROM skips") == [
        (1, version, 1, "test order")
    ]
    query = "SELECT request, version, item, location, is_body, codes, fields FROM rejections ORDER BY id"
    assert rows_of(bench.folder, query) == [
        (1, version, 2, "$.orders[2]", 0, "M611", "user_id"),
        (2, version, 0, "$", 1, "M601", ""),
    ]
    expected = {"accepted": 3, "mapped": 3, "items": 6, "events": 3, "fresh": 3, "rejected": 2}
    assert bench.totals() == {**expected, "skipped test order": 1, "queued out": 3}
    bench.check()


def test_several_mappings_have_their_own_outcomes(tmp_path: Path) -> None:
    other = served(tmp_path, ORDERS.replace("mapping: orders", "mapping: copies"), "copies.yaml")
    bench = SpoolBench(tmp_path / "spool", served(tmp_path), (other,), destinations=("a", "b"))
    bench.take(order(1), order(1))
    totals = bench.totals()
    assert (totals["items"], totals["fresh"], totals["duplicate"]) == (4, 2, 2)
    assert (totals["queued a"], totals["queued b"]) == (2, 2)
    assert {row[0] for row in rows_of(bench.folder, "SELECT mapping FROM events")} == {"orders", "copies"}
    bench.check()


def test_the_same_item_again_is_a_duplicate_and_another_one_is_a_conflict(bench: SpoolBench) -> None:
    bench.take(order(1), at="2026-11-23T20:00:00.000Z")
    bench.take({"orders": [dict(reversed(order(1).items()))]}, at="2026-11-23T21:00:00.000Z")
    bench.take(order(1, details={"total": 2}))
    assert kinds(bench) == [(EventKind.FRESH, "1"), (EventKind.CONFLICT, "1")]
    totals = bench.totals()
    assert (totals["fresh"], totals["duplicate"], totals["conflict"]) == (1, 1, 1)
    assert totals["queued out"] == 1
    assert [event.event for event in bench.due()] == [rows_of(bench.folder, "SELECT event FROM events")[0][0]]
    bench.check()


def test_without_the_table_of_ids_events_come_twice(
    bench: SpoolBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of duplicates fails if the promise is taken out."""
    monkeypatch.setattr(outcome_writer, "_kind", lambda db, portion, row: EventKind.FRESH)
    bench.take(order(1), order(1))
    assert bench.totals()["queued out"] == 2


def test_the_time_of_receipt_is_no_part_of_what_is_compared(tmp_path: Path) -> None:
    text = ORDERS.replace(
        "{path: $.at, as: timestamp, on_missing: reject}", "{received_at: true, on_missing: reject}"
    )
    bench = SpoolBench(tmp_path / "spool", served(tmp_path, text))
    bench.take(order(1), at="2026-11-23T20:00:00.000Z")
    bench.take(order(1), at="2026-11-23T20:00:01.000Z")
    assert bench.totals()["duplicate"] == 1


def test_ids_are_forgotten_after_the_window(tmp_path: Path) -> None:
    bench = SpoolBench(tmp_path / "spool", served(tmp_path), window=3600)
    for at in ("20:00:00.000Z", "21:00:00.000Z", "21:00:00.001Z", "22:00:00.001Z"):
        bench.take(order(1), at=f"2026-11-23T{at}")
    assert (bench.totals()["fresh"], bench.totals()["duplicate"]) == (2, 2)


def test_the_parts_of_an_id_are_kept_apart(bench: SpoolBench) -> None:
    bench.spool.append([received(order("c"), source="ab"), received(order("bc"), source="a")])
    bench.worker.mappings = dict.fromkeys(("a", "ab"), bench.worker.mappings[SOURCE])
    bench.map_all()
    assert bench.totals()["fresh"] == 2


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": None}, {}, False),
        ({"a": [1, 2]}, {"a": [2, 1]}, False),
        ({"a": "\ud800"}, {"a": "\ud800"}, True),
        ({"a": "\ud800"}, {"a": "\ud801"}, False),
    ],
)
def test_items_are_compared_as_values(first: Any, second: Any, is_same: bool) -> None:
    assert (item_hash(first, b"") == item_hash(second, b"")) == is_same


class Cut(Exception):
    """The process ends here."""


@pytest.mark.parametrize("name", ["enter_portion", "settle", "add_total"])
def test_a_crash_anywhere_gives_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A large request is entered in several transactions; none of them counts before the last."""
    monkeypatch.setattr(worker, "MAX_ROWS", 3)
    bodies = [
        {"orders": [order(number) for number in range(8)] + [REJECTED, order(3), order(4, details={"a": 1})]},
        order(1),
        {"orders": [order(50, test=True), order(51)]},
    ]
    whole = SpoolBench(tmp_path / "whole", served(tmp_path))
    whole.take(*bodies)
    whole.check()
    expected = content_of(whole.folder)
    from mapper.receiver.spool import spool as module

    real = getattr(module, name)
    for last in range(1, 30):
        bench = SpoolBench(tmp_path / f"{name}{last}", whole.mapping)
        bench.spool.append([received(body) for body in bodies])
        left = [last]

        def cut(*arguments: Any, left: list[int] = left) -> Any:
            left[0] -= 1
            if not left[0]:
                raise Cut
            return real(*arguments)

        monkeypatch.setattr(module, name, cut)
        ended = False
        try:
            bench.map_all()
        except Cut:
            ended = True
        monkeypatch.setattr(module, name, real)
        # Without being closed, as a process that was killed.
        bench.spool._connection.close()
        bench.spool._folder_lock.release()
        bench.open()
        bench.check()
        bench.map_all()
        bench.check()
        found = content_of(bench.folder)
        for table in expected:
            assert found[table] == expected[table], (last, table)
        bench.spool.close()
        if not ended:
            return
    raise AssertionError("it was cut at each of the steps")


def test_outcomes_that_count_before_the_last_transaction_break_the_law(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of crashes fails if rows of unfinished requests are kept."""
    monkeypatch.setattr(worker, "MAX_ROWS", 3)
    monkeypatch.setattr("mapper.receiver.spool.spool.discard_unfinished", lambda db: None)
    bench = SpoolBench(tmp_path / "spool", served(tmp_path))
    bench.spool.append([received({"orders": [order(number) for number in range(8)]})])
    with monkeypatch.context() as patched:
        patched.setattr("mapper.receiver.spool.spool.settle", lambda *arguments: (_ for _ in ()).throw(Cut))
        with pytest.raises(Cut):
            bench.map_all()
    bench.spool.close()
    bench.open()
    bench.map_all()
    with pytest.raises(AssertionError):
        bench.check()


def test_a_disk_that_is_full_amid_a_request_leaves_nothing_twice(
    bench: SpoolBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MAX_ROWS", 3)
    bench.spool.append([received({"orders": [order(number) for number in range(8)]})])
    with monkeypatch.context() as patched:
        patched.setattr(
            "mapper.receiver.spool.spool.settle", lambda *arguments: (_ for _ in ()).throw(SpoolFull("full"))
        )
        with pytest.raises(SpoolFull):
            bench.worker.map_some()
    bench.map_all()
    assert bench.totals()["fresh"] == 8
    bench.check()


def test_a_large_body_is_held_in_portions(bench: SpoolBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is that of rows; the limit of items of a body is 10,000."""
    held: list[int] = []
    real = Spool.enter

    def enter(spool: Spool, portions: Any, finished: Any = ()) -> None:
        held.append(sum(len(portion.rows) for portion in portions))
        real(spool, portions, finished)

    monkeypatch.setattr(Spool, "enter", enter)
    bench.take({"orders": [order(number) for number in range(9_999)]})
    assert sum(held) == 9_999
    assert max(held) <= worker.MAX_ROWS
    bench.check()


@pytest.mark.parametrize("name", ["a b", "\\u0000", "\\ud800", "\\u001b", "'", "\U0001f600"])
def test_names_in_the_body_may_be_anything(tmp_path: Path, name: str) -> None:
    mapping = served(tmp_path, ORDERS.replace("each: [$.orders, $]", "each: $[*]"))
    bench = SpoolBench(tmp_path / "spool", mapping)
    bench.take(f'{{"{name}": {{"id": "1", "{name}": "{name}"}}}}'.encode())
    assert bench.totals()["rejected"] == 1
    bench.check()


def test_a_worker_that_fails_is_reported(bench: SpoolBench, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Exception] = []
    bench.worker.on_broken = told.append
    monkeypatch.setattr(worker, "outcome_rows", lambda *arguments: 1 / 0)
    bench.spool.append([received(order(1))])
    bench.worker.start()
    assert bench.worker._thread is not None
    bench.worker._thread.join(PATIENCE)
    assert [str(error) for error in told] == [
        "a request cannot be mapped: ZeroDivisionError, a defect of mapper"
    ]


def test_requests_of_a_source_that_is_not_served_wait(bench: SpoolBench) -> None:
    bench.spool.append([received(order(1), source="gone")])
    bench.take(order(2))
    assert bench.spool.waiting_count == 1
    bench.check()


def test_a_broken_spool_is_reported_once(bench: SpoolBench) -> None:
    told: list[Exception] = []
    bench.worker.on_broken = told.append
    bench.spool.broken = "broken"
    bench.worker.start()
    assert bench.worker._thread is not None
    bench.worker._thread.join(PATIENCE)
    bench.worker.stop()
    assert [str(error) for error in told] == ["broken"]
