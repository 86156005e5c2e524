"""HTTP destinations: each answer, and each way not to answer, has the end that is promised."""

from __future__ import annotations

import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="the extra `receiver` is not installed")

from mapper.receiver.configuration.keys import Secret
from mapper.receiver.configuration.settings import GiveUp, HttpSettings
from mapper.receiver.delivery.delivery import Deliverer
from mapper.receiver.destinations.backoff import IN_A_ROW, LONGEST, pause, read_retry_after
from mapper.receiver.destinations.http import HttpDestination
from support.answering_server import (
    BREAK,
    CUT,
    DRIP,
    HANG,
    AnsweringServer,
    Reply,
    answer,
    answering,
)
from support.spools import SpoolBench, order, rows_of, served

GOOD = Reply()
KEY = Secret("env OUT_KEY", b"0ut-k3y")


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class Bench:
    """A spool with events, and a deliverer that is asked to deliver them to a server."""

    def __init__(self, folder: Path, server: AnsweringServer, give_up: GiveUp | None = None, **settings: Any):
        self.clock = Clock()
        ordered = ("out",) if settings.get("is_ordered") else ()
        self.spool = SpoolBench(folder / "spool", served(folder), ordered=ordered)
        self.said: list[str] = []
        url = settings.pop("url", server.url)
        # Long, so that a slow machine times out in no test but those of timeouts.
        self.settings = HttpSettings(url, (("X-API-KEY", KEY),), **{"timeout": 20.0, **settings})
        self.deliverer = Deliverer(
            self.spool.spool,
            HttpDestination("out", self.settings, self.clock),
            give_up or GiveUp(),
            on_fault=self.said.append,
            clock=self.clock,
            chance=lambda: 1.0,
        )

    def take(self, *numbers: int, **more: Any) -> None:
        self.spool.take(*(order(number, **more) for number in numbers))

    def deliver(self) -> None:
        """Deliver until nothing is due."""
        while self.deliverer.deliver_some():
            pass

    def rows(self, columns: str = "event, state, attempts, status, answer") -> list[tuple[Any, ...]]:
        return rows_of(self.spool.folder, f"SELECT {columns} FROM deliveries ORDER BY event")

    @property
    def waits(self) -> float:
        """Seconds until the next try of the only event."""
        ((next_at,),) = self.rows("next_at")
        return round(float(next_at) - self.clock.now, 3)


@contextmanager
def bench(folder: Path, reply: Any = GOOD, **options: Any) -> Iterator[tuple[Bench, AnsweringServer]]:
    with answering(reply if callable(reply) else lambda body: reply) as server:
        made = Bench(folder, server, **options)
        try:
            yield made, server
        finally:
            made.deliverer.stop()
        made.spool.check()


def test_events_are_posted_with_their_key_over_connections_that_stay(tmp_path: Path) -> None:
    with bench(tmp_path, concurrency=2) as (made, server):
        made.take(*range(20))
        made.deliver()
        assert sorted(server.ids(), key=int) == [str(number) for number in range(20)]
        headers = server.requests[0][0]
        assert (headers["x-api-key"], headers["content-type"]) == ("0ut-k3y", "application/json")
        assert made.spool.totals()["delivered out"] == 20
        assert made.rows() == []
        assert server.connections <= 2
        assert server.busiest <= 2


def test_several_events_are_an_array(tmp_path: Path) -> None:
    with bench(tmp_path, events_per_request=8, concurrency=1) as (made, server):
        made.take(*range(10))
        made.deliver()
        assert [body[:1] for _, body in server.requests] == [b"[", b"["]
        assert server.ids() == [str(number) for number in range(10)]


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        *((Reply(answer(status, b"later")), str(status)) for status in (408, 425, 429, 500, 501, 503, 599)),
        pytest.param(HANG, "timeout", id="hanging"),
        pytest.param(DRIP, "timeout", id="dripping"),
        pytest.param(BREAK, "connection broken", id="breaking"),
        pytest.param(CUT, "answer cannot be read", id="cutting"),
        pytest.param(Reply(b"nonsense\r\n\r\n", end="close"), "answer cannot be read", id="nonsense"),
    ],
)
def test_what_may_pass_is_tried_again(tmp_path: Path, reply: Reply, status: str) -> None:
    with bench(tmp_path, reply, timeout=0.3 if status == "timeout" else 20.0) as (made, server):
        made.take(1)
        made.deliver()
        text = "later" if status.isdigit() else ""
        assert made.rows() == [(1, 0, 1, status, text)]
        assert made.waits == 5.0
        made.clock.now += 4.9
        made.deliver()
        assert len(server.requests) == 1
        server.reply = lambda body: Reply()
        made.deliverer.destination.settings = replace(made.settings, timeout=20.0)  # type: ignore[attr-defined]
        made.clock.now += 0.2
        made.deliver()
        assert server.taken == ["1"]
        assert made.spool.totals()["delivered out"] == 1


def test_no_server_is_tried_again(tmp_path: Path) -> None:
    with answering() as server:
        pass
    made = Bench(tmp_path, server)
    made.take(1)
    made.deliver()
    assert made.rows() == [(1, 0, 1, "no connection", "")]
    made.deliverer.stop()


def test_pauses_double_up_to_ten_hours_and_are_drawn_at_random() -> None:
    assert [pause(failures, lambda: 1.0) for failures in (1, 2, 3, 13, 14, 1_000)] == [
        *(5, 10, 20, 20_480, 36_000, 36_000)
    ]
    assert pause(3, lambda: 0.25) == 5
    assert pause(1, lambda: 0.0, retry_after=7) == 7
    assert pause(1, lambda: 1.0, retry_after=1e9) == LONGEST


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("9" * 400, LONGEST),
        (formatdate(1_000_060, usegmt=True), 60),
        (formatdate(999_000, usegmt=True), 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST),
        *((text, None) for text in (None, "", "-1", "1.5", "soon", "٣", "Fri, 99 Dec 2026 00:00:00 GMT")),
    ],
)
def test_retry_after_is_read_and_bounded(text: str | None, seconds: float | None) -> None:
    assert read_retry_after(text, 1_000_000.0) == seconds


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_for_all_events(tmp_path: Path, status: int) -> None:
    with bench(tmp_path, Reply(answer(status, retry_after="90")), concurrency=1) as (made, server):
        made.take(1, 2)
        made.deliver()
        assert len(server.requests) == 1
        server.reply = lambda body: Reply()
        made.clock.now += 89
        made.deliver()
        assert len(server.requests) == 1
        made.clock.now += 2
        made.deliver()
        assert sorted(server.taken) == ["1", "2"]


@pytest.mark.parametrize("status", [401, 403, 301, 307])
def test_a_wrong_key_burns_no_event(tmp_path: Path, status: int) -> None:
    reply = Reply(answer(status, b"key 0ut-k3y?", location="http://127.0.0.1:9/"))
    with bench(tmp_path, reply, give_up=GiveUp(2, 1.0), concurrency=3) as (made, server):
        made.take(*range(30))
        made.deliver()
        assert len(server.requests) == 3
        for tries in range(4, 9):
            made.clock.now = made.deliverer.circuit.until
            made.deliver()
            assert len(server.requests) == tries
        assert {row[1:3] for row in made.rows()} == {(0, 0)}
        state = made.deliverer.state
        assert (state.is_failing, state.status) == (True, str(status))
        kept = rows_of(made.spool.folder, "SELECT destination, failures, status FROM progress")
        assert kept == [("out", 6, str(status))]
        assert len(made.said) == 1
        server.reply = lambda body: Reply()
        made.clock.now += LONGEST
        made.deliver()
        assert sorted(server.taken, key=int) == [str(number) for number in range(30)]
        assert not made.deliverer.state.is_failing


def test_after_a_restart_one_delivery_is_tried_before_the_others(tmp_path: Path) -> None:
    with bench(tmp_path, Reply(answer(401)), concurrency=3) as (made, server):
        made.take(*range(9))
        made.deliver()
        made.deliverer.stop()
        made.deliverer = replace(
            Deliverer(made.spool.spool, HttpDestination("out", made.settings), clock=made.clock)
        )
        made.deliver()
        assert len(server.requests) == 4


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422])
def test_what_is_refused_is_dead_with_the_beginning_of_the_answer(tmp_path: Path, status: int) -> None:
    with bench(tmp_path, Reply(answer(status, b"no: " + b"x" * 5000))) as (made, server):
        made.take(1)
        made.deliver()
        assert made.rows() == [(1, 2, 1, str(status), "no: " + "x" * 1020)]
        assert made.spool.totals()["dead out"] == 1
        made.clock.now += 1e6
        made.deliver()
        assert len(server.requests) == 1
        assert "1 (" in made.said[0]


def test_one_event_that_is_refused_leaves_its_array(tmp_path: Path) -> None:
    def reply(body: bytes) -> Reply:
        return Reply(answer(422, b"bad") if b'"event_id":"5"' in body else answer(200))

    with bench(tmp_path, reply, events_per_request=16, concurrency=1) as (made, server):
        made.take(*range(16))
        made.deliver()
        assert sorted(server.taken, key=int) == [str(number) for number in range(16) if number != 5]
        assert [row[1:4] for row in made.rows()] == [(2, 1, "422")]


def test_one_event_that_breaks_the_server_does_not_take_others_along(tmp_path: Path) -> None:
    def reply(body: bytes) -> Reply:
        return BREAK if b'"event_id":"5"' in body else Reply()

    give_up = GiveUp(attempts=4)
    with bench(tmp_path, reply, give_up=give_up, events_per_request=16, concurrency=1) as (made, server):
        made.take(*range(16))
        for _ in range(12):
            made.deliver()
            made.clock.now += 1_000
        assert sorted(server.taken, key=int) == [str(number) for number in range(16) if number != 5]
        assert [row[1:4] for row in made.rows()] == [(2, 4, "connection broken, given up")]


def test_a_server_that_fails_again_and_again_is_called_seldom(tmp_path: Path) -> None:
    with bench(tmp_path, Reply(answer(500)), concurrency=1) as (made, server):
        made.take(*range(100))
        made.deliver()
        assert len(server.requests) == IN_A_ROW
        assert len(made.said) == 1
        made.clock.now += 6
        made.deliver()
        assert len(server.requests) == IN_A_ROW + 1
        server.reply = lambda body: Reply()
        made.clock.now += 100
        made.deliver()
        assert len(set(server.taken)) == 100


def test_how_long_is_tried_is_bounded(tmp_path: Path) -> None:
    with bench(tmp_path, Reply(answer(500)), give_up=GiveUp(50, 60.0)) as (made, server):
        made.take(1)
        for _ in range(20):
            made.deliver()
            made.clock.now += 25
        ((_, state, attempts, status, _),) = made.rows()
        assert (state, attempts) == (2, 4)
        assert status == "500, given up"
        assert len(server.requests) == 4


def test_the_order_of_a_user_is_kept_and_a_dead_event_is_passed(tmp_path: Path) -> None:
    bad = {"1": 500, "2": 400}

    def reply(body: bytes) -> Reply:
        number = body.split(b'"')[3].decode()
        return Reply(answer(bad.get(number, 200)))

    with bench(tmp_path, reply, give_up=GiveUp(attempts=3), is_ordered=True) as (made, server):
        made.take(0, 1, 2, 3, 4)
        made.take(*range(10, 14), customer="c-2")
        made.deliver()
        assert sorted(server.taken) == ["0", "10", "11", "12", "13"]
        for _ in range(3):
            made.spool.check()
            made.clock.now += 100
            made.deliver()
        mine = [number for number in server.ids() if int(number) < 10]
        assert mine == ["0", "1", "1", "1", "2", "3", "4"]
        assert [number for number in server.ids() if int(number) >= 10] == ["10", "11", "12", "13"]
        assert [row[:2] for row in made.rows()] == [(2, 2), (3, 2)]
        assert "later events of their users go on" in made.said[-1]


def test_without_an_order_one_event_holds_no_other(tmp_path: Path) -> None:
    def reply(body: bytes) -> Reply:
        return HANG if b'"event_id":"0"' in body else Reply()

    with bench(tmp_path, reply, concurrency=2, timeout=1.0) as (made, server):
        made.take(*range(50))
        made.deliverer.clock = time.time
        made.deliverer.start()
        deadline = time.monotonic() + 10
        while len(server.taken) < 49 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(server.taken) == 49


def test_a_certificate_that_is_not_trusted_gets_no_event(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    more = ["-days", "1", "-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run([*words, *more], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with answering(tls=context) as server:
        made = Bench(tmp_path, server, url=server.url.replace("http:", "https:"))
        made.take(1)
        made.deliver()
        assert made.rows() == [(1, 0, 1, "certificate not trusted", "")]
        assert server.requests == []
        made.deliverer.stop()


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with answering() as other:
        with bench(tmp_path, Reply(answer(307, location=other.url))) as (made, _):
            made.take(1)
            made.deliver()
        assert other.requests == []


def test_no_secret_and_no_value_is_said(tmp_path: Path) -> None:
    for number, reply in enumerate((BREAK, Reply(answer(401, b"0ut-k3y")), Reply(answer(400, b"c-1")))):
        folder = tmp_path / str(number)
        folder.mkdir()
        with bench(folder, reply) as (made, _):
            made.take(*range(10))
            made.deliver()
            assert made.said
            for text in (*made.said, repr(made.deliverer), repr(made.settings)):
                assert "0ut-k3y" not in text
                assert "c-1" not in text
                assert "127.0.0.1" not in text


def test_the_queue_is_settled_later_if_the_disk_is_full(tmp_path: Path) -> None:
    from mapper.receiver.spool.tables import SpoolFull

    with bench(tmp_path) as (made, server):
        made.take(1)
        real, full = made.spool.spool.settle, [True]

        def settle(*arguments: Any) -> None:
            if full.pop():
                raise SpoolFull("no room")
            real(*arguments)

        made.spool.spool.settle = settle  # type: ignore[method-assign]
        with pytest.raises(SpoolFull):
            made.deliverer.deliver_some()
        full.append(False)
        full.append(False)
        made.deliver()
        assert made.spool.totals()["delivered out"] == 1
        assert server.ids() == ["1"]
