"""Intake: success means that a request is on disk; overload is said before a request is taken."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from mapper.receiver.configuration.settings import SpoolSettings
from mapper.receiver.request import ReceivedRequest
from mapper.receiver.spool.acceptance import Overloaded
from mapper.receiver.spool.intake import MAX_GROUP, SpoolIntake
from mapper.receiver.spool.spool import Spool
from mapper.receiver.spool.tables import SpoolBroken, SpoolError, SpoolFull
from support.spools import SOURCE, received, rows_of
from support.waiting import PATIENCE


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool.open(tmp_path / "spool")
    yield opened
    opened.close()


def intake_of(spool: Spool, **bounds: Any) -> SpoolIntake:
    """An intake whose clock stands still."""
    settings = SpoolSettings(spool.folder, **{"min_free": 0, **bounds})
    return SpoolIntake(spool, settings, clock=lambda: 0.0)


def take(intake: SpoolIntake, number: int = 0) -> Future[None]:
    taken = intake.accept(received({"number": number}))
    assert isinstance(taken, Future)
    return taken


def reason(answer: object) -> str:
    assert isinstance(answer, Overloaded)
    return answer.reason


class Gate:
    """Holds commits until it is opened; keeps the groups."""

    def __init__(self, spool: Spool, fault: SpoolError | None = None) -> None:
        self.spool, self.fault, self.real = spool, fault, spool.append
        self.groups: list[int] = []
        self.entered, self.opened = threading.Event(), threading.Event()

    def append(self, requests: Sequence[ReceivedRequest]) -> list[int]:
        self.groups.append(len(requests))
        self.entered.set()
        assert self.opened.wait(PATIENCE)
        if self.fault is not None:
            raise self.fault
        return self.real(requests)


@pytest.fixture
def gate(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate(spool)
    monkeypatch.setattr(spool, "append", gate.append)
    return gate


def test_a_future_is_done_when_the_request_is_on_disk(spool: Spool, gate: Gate) -> None:
    intake = intake_of(spool)
    intake.start()
    done = take(intake)
    assert gate.entered.wait(PATIENCE)
    assert not done.done()
    assert not done.cancel()
    gate.opened.set()
    done.result(PATIENCE)
    assert len(rows_of(spool.folder, "SELECT id FROM requests")) == 1
    intake.stop()


def test_requests_that_come_while_a_group_is_written_are_the_next_group(spool: Spool, gate: Gate) -> None:
    intake = intake_of(spool)
    intake.start()
    first = take(intake)
    assert gate.entered.wait(PATIENCE)
    more = [take(intake, number) for number in range(MAX_GROUP + 10)]
    gate.opened.set()
    intake.stop()
    assert gate.groups == [1, MAX_GROUP, 10]
    assert all(done.done() and done.exception() is None for done in (first, *more))
    assert [one.id for one in spool.waiting([SOURCE], limit=1000)] == list(range(1, MAX_GROUP + 12))


def test_each_bound_is_said_and_left_again(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    intake = intake_of(spool, max_waiting=2, max_bytes=10**7, min_free=1)
    intake.clock = lambda: now[0]
    assert intake.overloaded() is None
    take(intake)
    assert intake.overloaded() is None
    take(intake)
    assert reason(intake.overloaded()) == "too many requests wait to be mapped"
    assert reason(intake.accept(received(b""))) == "too many requests wait to be mapped"
    intake._queue.clear()
    intake._count = 0
    spool.used, now[0] = 10**7, 1.0
    assert reason(intake.overloaded()) == "the spool has its largest size"
    spool.used, now[0] = 0, 2.0
    assert intake.overloaded() is None
    intake.settings = SpoolSettings(spool.folder, min_free=10**18)
    now[0] = 3.0
    assert reason(intake.overloaded()) == "the disk of the spool is nearly full"


def test_a_slow_disk_is_said(spool: Spool, gate: Gate) -> None:
    now = [0.0]
    intake = intake_of(spool, max_delay=1.0)
    intake.clock = lambda: now[0]
    intake.start()
    done = take(intake)
    assert gate.entered.wait(PATIENCE)
    now[0] = 1.0
    assert intake.overloaded() is None
    now[0] = 1.1
    assert reason(intake.accept(received(b""))) == "the disk is slow"
    gate.opened.set()
    done.result(PATIENCE)
    assert intake.overloaded() is None
    intake.stop()
    assert reason(intake.overloaded()) == "the receiver is stopping"


def test_a_full_disk_fails_a_group_and_no_other(spool: Spool, gate: Gate) -> None:
    gate.fault = SpoolFull("full")
    gate.opened.set()
    intake = intake_of(spool)
    intake.start()
    assert isinstance(take(intake).exception(PATIENCE), SpoolFull)
    gate.fault = None
    take(intake).result(PATIENCE)
    intake.stop()


def test_a_broken_spool_fails_all_that_wait(spool: Spool, gate: Gate) -> None:
    gate.fault = SpoolBroken("broken")
    told: list[SpoolBroken] = []
    intake = intake_of(spool)
    intake.on_broken = told.append
    intake.start()
    first = take(intake)
    assert gate.entered.wait(PATIENCE)
    second = take(intake)
    gate.opened.set()
    assert {str(done.exception(PATIENCE)) for done in (first, second)} == {"broken"}
    intake.stop()
    assert told == [gate.fault]
    assert gate.groups == [1]
    assert isinstance(intake.accept(received(b"")), Overloaded)


def test_requests_that_are_written_together_have_one_future(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mapper.receiver.spool.intake.MAX_GROUP", 3)
    intake = intake_of(spool)
    taken = [take(intake, number) for number in range(7)]
    assert [taken.index(one) for one in taken] == [0, 0, 0, 3, 3, 3, 6]
    groups: list[int] = []
    intake.on_written = lambda seconds: groups.append(spool.waiting_count)
    intake.start()
    for one in taken:
        one.result(PATIENCE)
    intake.stop()
    assert groups == [3, 6, 7]
