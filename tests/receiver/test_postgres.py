"""PostgreSQL destinations, with a real server: each event once, conflicts kept, bad rows apart."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mapper.receiver.configuration.keys import Secret
from mapper.receiver.configuration.settings import PostgresSettings
from mapper.receiver.delivery.delivery import Deliverer
from mapper.receiver.destinations.destination import QueuedEvent, Verdict
from support.calls import ORDERS
from support.postgres import PostgresServer, postgres_server
from support.spools import SpoolBench, order, rows_of, served
from support.waiting import until

_numbers = count()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as found:
        yield found


@pytest.fixture
def table(server: PostgresServer) -> str:
    """A name that no other test uses."""
    return f"events_{next(_numbers)}"


def destination(server: PostgresServer, table: str, dsn: str = "") -> Any:
    from mapper.receiver.destinations.postgres import PostgresDestination

    schema, _, name = table.rpartition(".")
    secret = Secret("env DSN", (dsn or server.dsn).encode())
    return PostgresDestination("out", PostgresSettings(secret, name, schema))


class Bench(SpoolBench):
    """A spool whose events are delivered into a table."""

    def deliverer(self, server: PostgresServer, table: str, dsn: str = "") -> Deliverer:
        return Deliverer(self.spool, destination(server, table, dsn), clock=lambda: self.now)

    now = time.time()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "spool", served(tmp_path))


def deliver(deliverer: Deliverer) -> None:
    while deliverer.deliver_some():
        pass
    deliverer.stop()


def ids(server: PostgresServer, table: str) -> list[str]:
    return sorted((name for (name,) in server.query(f"SELECT event_id FROM {table}")), key=int)


def test_events_become_rows_of_a_table_that_is_made(server: PostgresServer, table: str, bench: Bench) -> None:
    bench.take({"orders": [order(number, details={"n": 1.50, "t": "ü\U0001f600"}) for number in range(1200)]})
    deliver(bench.deliverer(server, table))
    assert ids(server, table) == [str(number) for number in range(1200)]
    ((source, mapping, digest, at, event),) = server.query(
        f"SELECT source, mapping, item_hash, received_at, event FROM {table} WHERE event_id = '7'"
    )
    ((kept, known),) = rows_of(bench.folder, "SELECT event, item_hash FROM events WHERE event_id = '7'")
    assert (source, mapping, bytes(digest)) == ("/orders", "orders", known)
    assert at.isoformat() == "2026-11-23T20:00:00+00:00"
    assert event == json.loads(kept)
    assert bench.totals()["delivered out"] == 1200
    bench.check()


def test_the_same_item_again_is_a_duplicate_and_another_one_a_conflict(
    server: PostgresServer, table: str, bench: Bench, tmp_path: Path
) -> None:
    bench.take(order(1), order(2))
    deliver(bench.deliverer(server, table))
    other = Bench(tmp_path / "other", bench.mapping)
    other.take(order(1), order(2, type="changed"), order(3))
    deliver(other.deliverer(server, table))
    totals = other.totals()
    assert [totals[f"{name} out"] for name in ("delivered", "duplicate", "conflict")] == [1, 1, 1]
    assert ids(server, table) == ["1", "2", "3"]
    rows = server.query(f"SELECT event_id, event ->> 'event_name' FROM {table}_conflicts")
    assert rows == [("2", "changed")]
    other.check()


def test_a_delivery_that_was_not_marked_is_found_and_not_repeated(
    server: PostgresServer, table: str, bench: Bench
) -> None:
    bench.take(*(order(number) for number in range(10)))
    deliverer = bench.deliverer(server, table)
    real = bench.spool.settle
    bench.spool.settle = lambda *arguments: None  # type: ignore[method-assign]
    deliverer.deliver_some()  # the process ends before the marks are written
    deliverer.stop()
    bench.spool.settle = real  # type: ignore[method-assign]
    deliver(bench.deliverer(server, table))
    assert ids(server, table) == [str(number) for number in range(10)]
    assert server.query(f"SELECT count(*) FROM {table}_conflicts") == [(0,)]
    assert bench.totals()["duplicate out"] == 10
    bench.check()


BAD: list[tuple[str, Any]] = [
    ("a zero in a text", "a\0b"),
    ("a zero in a key", {"a\0": 1}),
]


@pytest.mark.parametrize(("idea", "details"), BAD)
def test_a_row_that_is_refused_leaves_its_batch(
    server: PostgresServer, table: str, bench: Bench, idea: str, details: Any
) -> None:
    items = [order(number) for number in range(100)]
    items[37] = order(37, details=details if isinstance(details, dict) else {"text": details})
    bench.take({"orders": items})
    deliver(bench.deliverer(server, table))
    assert ids(server, table) == [str(number) for number in range(100) if number != 37]
    dead = rows_of(bench.folder, "SELECT event, status, answer FROM deliveries WHERE state = 2")
    assert dead == [(38, "22P05", "unsupported Unicode escape sequence")]
    assert (bench.totals()["delivered out"], bench.totals()["dead out"]) == (99, 1)
    bench.check()


@pytest.mark.parametrize("number", ["a\0b", "long"])
def test_an_id_that_cannot_be_a_key_is_dead(
    server: PostgresServer, table: str, bench: Bench, number: str
) -> None:
    # Long texts without repetition: others are packed before they become a key.
    if number == "long":
        number = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(99))
    bench.take(order(1), order(number), order(2))
    deliver(bench.deliverer(server, table))
    assert ids(server, table) == ["1", "2"]
    assert bench.totals()["dead out"] == 1
    bench.check()


def test_an_event_without_an_id_is_dead(server: PostgresServer, table: str, bench: Bench) -> None:
    import asyncio

    from mapper.receiver.destinations.destination import EventsRefused

    place = destination(server, table)
    event = QueuedEvent(1, "/s", "m", "2026-11-23T20:00:00Z", None, b"h", b"{}")
    with pytest.raises(EventsRefused, match="no id"):
        asyncio.run(place.deliver([event]))


def test_two_events_of_one_id_in_one_delivery(server: PostgresServer, table: str) -> None:
    import asyncio

    async def both() -> Any:
        place = destination(server, table)
        try:
            return await place.deliver(events)
        finally:
            await place.end()

    at = "2026-11-23T20:00:00Z"
    events = [
        QueuedEvent(number, "/s", "m", at, "1", digest, b"{}")
        for number, digest in enumerate((b"a", b"a", b"b"))
    ]
    tries = asyncio.run(both()).tries
    assert [tried.verdict for tried in tries] == [Verdict.DELIVERED, Verdict.DUPLICATE, Verdict.CONFLICT]
    assert server.query(f"SELECT count(*) FROM {table}") == [(1,)]


def test_parts_of_a_key_are_kept_apart(
    server: PostgresServer, table: str, bench: Bench, tmp_path: Path
) -> None:
    """Two mappings of one item make two events with one id."""
    more = served(tmp_path, ORDERS.replace("mapping: orders", "mapping: others"), "others.yaml")
    both = Bench(tmp_path / "both", bench.mapping, more=(more,))
    both.take(order(1))
    deliver(both.deliverer(server, table))
    assert server.query(f"SELECT mapping FROM {table} ORDER BY 1") == [("orders",), ("others",)]
    assert both.totals()["delivered out"] == 2


def test_a_connection_that_is_lost_is_made_again(server: PostgresServer, table: str, bench: Bench) -> None:
    bench.take(order(1))
    deliverer = bench.deliverer(server, table)
    assert deliverer.deliver_some() == 1
    others = "FROM pg_stat_activity WHERE application_name = 'mapper' AND pid <> pg_backend_pid()"
    server.query(f"SELECT pg_terminate_backend(pid) {others}")
    until(lambda: server.query(f"SELECT count(*) {others}") == [(0,)])
    bench.take(order(2))
    deliverer.deliver_some()
    assert deliverer.state.is_failing
    bench.now += 36_000
    assert deliverer.deliver_some() == 1
    assert not deliverer.state.is_failing
    deliverer.stop()
    assert ids(server, table) == ["1", "2"]
    assert rows_of(bench.folder, "SELECT count(*) FROM deliveries") == [(0,)]
    bench.check()


def test_a_server_that_is_away_is_waited_for(table: str, bench: Bench) -> None:
    with postgres_server() as other:
        deliverer = bench.deliverer(other, table)
        bench.take(order(1))
        assert deliverer.deliver_some() == 1
        other.stop()
        bench.take(order(2))
        for _ in range(3):
            assert deliverer.deliver_some() == 0
            bench.now += 36_000
        assert deliverer.state.failures == 3
        assert rows_of(bench.folder, "SELECT attempts FROM deliveries") == [(0,)]
        other.start()
        assert deliverer.deliver_some() == 1
        deliverer.stop()
        assert ids(other, table) == ["1", "2"]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("CREATE TABLE {} (a int)", "`source` is missing, and must be text"),
        (
            "CREATE TABLE {} (source text, mapping text, event_id int, item_hash bytea,"
            " received_at timestamptz, event jsonb)",
            "`event_id` is of type integer, and must be text",
        ),
        (
            "CREATE TABLE {} (source text, mapping text, event_id text, item_hash bytea,"
            " received_at timestamptz, event jsonb)",
            "it needs a unique key over source, mapping, event_id",
        ),
    ],
)
def test_a_table_of_others_is_not_written(
    server: PostgresServer, table: str, bench: Bench, statement: str, expected: str
) -> None:
    server.query(statement.format(table))
    bench.take(order(1))
    deliverer = bench.deliverer(server, table)
    said: list[str] = []
    deliverer.on_fault = said.append
    deliver(deliverer)
    assert expected in said[0]
    assert server.query(f"SELECT count(*) FROM {table}") == [(0,)]
    assert rows_of(bench.folder, "SELECT state, attempts FROM deliveries") == [(0, 0)]


def test_a_table_with_more_columns_and_one_of_a_schema_are_used(
    server: PostgresServer, table: str, bench: Bench
) -> None:
    server.query(f"CREATE SCHEMA s_{table}")
    deliverer = bench.deliverer(server, f"s_{table}.events")
    bench.take(order(1))
    deliver(deliverer)
    server.query(f"ALTER TABLE s_{table}.events ADD COLUMN note text")
    bench.take(order(2))
    deliver(bench.deliverer(server, f"s_{table}.events"))
    assert ids(server, f"s_{table}.events") == ["1", "2"]


def test_a_constraint_of_the_table_makes_a_dead_letter(
    server: PostgresServer, table: str, bench: Bench
) -> None:
    deliver(bench.deliverer(server, table))
    bench.take(order(0))
    deliver(bench.deliverer(server, table))
    server.query(f"ALTER TABLE {table} ADD CHECK (event_id <> '5')")
    bench.take(*(order(number) for number in range(1, 10)))
    deliver(bench.deliverer(server, table))
    assert ids(server, table) == [str(number) for number in range(10) if number != 5]
    ((status, answer),) = rows_of(bench.folder, "SELECT status, answer FROM deliveries")
    assert status == "23514"
    assert "violates check constraint" in answer


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:hunter2@127.0.0.1:1/events?connect_timeout=2",
        "host=127.0.0.1 port=1 user=u password=hunter2",
        "hunter2",
        "host=127.0.0.1 password=hunter2 nonsense",
        "password='hunter2",
    ],
)
def test_no_password_is_said(server: PostgresServer, table: str, bench: Bench, dsn: str) -> None:
    bench.take(order(1))
    deliverer = bench.deliverer(server, table, dsn)
    said: list[str] = []
    deliverer.on_fault = said.append
    deliver(deliverer)
    assert said
    assert "hunter2" not in said[0]
    assert "hunter2" not in repr(deliverer.state)
    assert "hunter2" not in repr(deliverer)
    assert "hunter2" not in repr(rows_of(bench.folder, "SELECT * FROM progress"))
