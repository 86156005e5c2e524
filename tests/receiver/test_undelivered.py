"""Undelivered events: listed by destination, status and time, written as lines, and queued again once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mapper.cli import main
from mapper.receiver.delivery.undelivered import (
    UndeliveredEvent,
    UndeliveredFilter,
    all_undelivered,
    queue_again,
)
from mapper.receiver.destinations.destination import QueuedEvent, Tried, Verdict
from mapper.receiver.spool.queues import Progress, Settled
from support.spools import SpoolBench, order, rows_of, served

ALL = UndeliveredFilter()
NO_USER = {"id": "r", "type": "placed", "at": "2026-11-23T19:00:00Z"}


def kill(bench: SpoolBench, destination: str, ends: dict[str, str]) -> None:
    """The events with these ids are dead, with a status."""
    found = [event for event in bench.due(destination) if event.event_id in ends]
    settled = [Settled(one, Tried(Verdict.DEAD, ends[str(one.event_id)], "no: c-1\x1b[31m")) for one in found]
    bench.spool.settle(destination, settled, Progress())


@pytest.fixture
def bench(tmp_path: Path) -> SpoolBench:
    bench = SpoolBench(tmp_path / "spool", served(tmp_path), destinations=("api", "files"), ordered=("api",))
    bench.take({"orders": [order(1), NO_USER, order(2, customer="c-2")]})
    bench.take(order(3, customer="c-3"), at="2026-11-24T20:00:00.000Z")
    kill(bench, "api", {"1": "400", "2": "500, given up", "3": "422"})
    kill(bench, "files", {"3": "text"})
    bench.check()
    return bench


def dead(bench: SpoolBench, **chosen: str) -> list[UndeliveredEvent]:
    return bench.spool.read(lambda db: list(all_undelivered(db, UndeliveredFilter(**chosen))))


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, [(1, "api"), (2, "api"), (3, "api"), (3, "files")]),
        ({"destination": "files"}, [(3, "files")]),
        ({"status": "4"}, [(1, "api"), (3, "api")]),
        ({"status": "500"}, [(2, "api")]),
        ({"since": "2026-11-24T00:00:00.000Z", "destination": "api"}, [(3, "api")]),
        ({"source": "/other"}, []),
        ({"mapping": "orders", "version": "zz"}, []),
    ],
)
def test_events_are_found_by(bench: SpoolBench, chosen: dict[str, str], expected: list[Any]) -> None:
    assert [(one.id, one.destination) for one in dead(bench, **chosen)] == expected
    assert dead(bench, version=bench.mapping.version[:8]) == dead(bench)


def test_they_are_queued_again_once(bench: SpoolBench) -> None:
    assert queue_again(bench.spool, UndeliveredFilter(destination="api", status="4"), dry_run=True) == 2
    assert bench.totals()["dead api"] == 3
    assert queue_again(bench.spool, UndeliveredFilter(destination="api", status="4")) == 2
    assert queue_again(bench.spool, UndeliveredFilter(destination="api", status="4")) == 0
    bench.check()
    assert [(one.event_id, one.attempts) for one in bench.due("api")] == [("1", 0), ("3", 0)]
    assert bench.totals()["dead api"] == 1
    bench.settle(5, destination="api")
    bench.check()
    assert bench.totals()["delivered api"] == 2


def test_one_that_is_queued_again_waits_for_others_of_its_user(bench: SpoolBench) -> None:
    bench.take(order(4), order(5))
    assert [one.event_id for one in bench.due("api")] == ["4"]
    queue_again(bench.spool, UndeliveredFilter(destination="api", status="400"))
    bench.check()
    assert [one.event_id for one in bench.due("api")] == ["4"]
    for expected in ("4", "1", "5"):
        ready = bench.due("api")
        assert [one.event_id for one in ready] == [expected]
        bench.settle(1, destination="api")
        bench.check()


def test_many_pages_are_queued_again(bench: SpoolBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.take({"orders": [order(number, customer=f"u-{number}") for number in range(10, 2_310)]})
    bench.settle(5_000, Verdict.DEAD, "api")
    assert queue_again(bench.spool, UndeliveredFilter(destination="api")) == 2_303
    bench.check()


def test_the_command_lists_both_kinds(
    bench: SpoolBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spool = ["--spool", str(bench.folder)]
    assert main(["dead", *spool]) == 1
    text = capsys.readouterr().out
    assert "#1 " in text
    assert "`api` 500, given up, after 1 try: no: c-1" in text
    assert "\x1b" not in text
    assert text.endswith("5 dead letters\n")
    assert main(["dead", *spool, "--destination", "files"]) == 1
    assert capsys.readouterr().out.endswith("1 dead letter\n")
    assert main(["dead", *spool, "--code", "M611"]) == 1
    assert capsys.readouterr().out.endswith("1 dead letter\n")
    assert main(["dead", *spool, "--code", "M611", "--status", "400"]) == 2


def test_lines_have_the_event_and_are_replayed_by_a_run(
    bench: SpoolBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["dead", "--lines", "--spool", str(bench.folder), "--destination", "api"])
    lines = capsys.readouterr().out
    found = [json.loads(line) for line in lines.splitlines()]
    assert [line["event"]["event_id"] for line in found] == ["1", "2", "3"]
    assert (found[0]["destination"], found[0]["status"], found[0]["answer"]) == (
        "api",
        "400",
        "no: c-1\x1b[31m",
    )
    (tmp_path / "lines").write_text(lines)
    assert main(["run", str(bench.mapping.path), "--replay", str(tmp_path / "lines")]) == 0
    events = [json.loads(line)["event_id"] for line in capsys.readouterr().out.splitlines()]
    assert events == ["1", "2", "3"]


def test_the_command_queues_them_again(
    bench: SpoolBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.close()
    (tmp_path / "receiver.yaml").write_text(
        "receiver: 1\nsources: [{path: /orders, mapping: ./orders.yaml, verify: none}]\n"
        "destinations:\n  - {name: files, files: {folder: out}}\n  - {name: api, files: {folder: api}}\n"
    )
    words = ["replay", "--spool", str(bench.folder), "--configuration", str(tmp_path / "receiver.yaml")]
    assert main([*words, "--destination", "api", "--dry-run"]) == 0
    assert capsys.readouterr().out == "3 undelivered events would be queued again\n"
    assert main([*words, "--status", "text"]) == 0
    assert capsys.readouterr().out == "1 undelivered event is queued again\n"
    assert rows_of(bench.folder, "SELECT destination FROM deliveries WHERE state = 0 AND event = 3") == [
        ("files",)
    ]
    assert main([*words, "--status", "4", "--mapping", str(tmp_path / "orders.yaml")]) == 2
    assert main(words) == 1
    assert "3 undelivered events are queued again\n1 dead letter replayed" in capsys.readouterr().out
    bench.check()


def test_no_event_and_no_answer_is_in_a_repr(bench: SpoolBench) -> None:
    assert "c-1" not in repr(dead(bench))
    assert "c-1" not in repr(QueuedEvent(1, "s", "m", "", "1", b"", b"c-1", lane="c-1"))
