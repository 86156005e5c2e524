"""Delivery under kills, to three places at once: each event is in PostgreSQL and in files exactly once, and
reached the server at least once."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")
pytest.importorskip("aiohttp", reason="the extra `receiver` is not installed")

from support.answering_server import answering
from support.kill_trials import check, events_of, run_trial
from support.postgres import PostgresServer, postgres_server
from support.spools import totals_of

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="servers are forked"),
]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with postgres_server() as found:
        yield found


def lines_in(folder: Path) -> Counter[str]:
    """How often each event is in whole files and in the part that was begun."""
    found: Counter[str] = Counter()
    for path in folder.iterdir():
        assert path.suffix in (".gz", ".part")
        for line in gzip.decompress(path.read_bytes()).splitlines():
            found[json.loads(line)["event_id"]] += 1
    return found


def run(folder: Path, server: PostgresServer, kills: int) -> None:
    with answering() as http:
        clients = run_trial(
            folder, kills, http=http.url, files=str(folder / "files"), postgres=server.dsn, clients=2
        )
    assert len(clients.answered) > kills
    check(folder / "spool", clients)
    expected = events_of(clients)
    rows = Counter(name for (name,) in server.query("SELECT event_id FROM events"))
    assert expected <= set(rows)
    assert set(rows.values()) == {1}
    assert server.query("SELECT count(*) FROM events_conflicts") == [(0,)]
    assert expected <= set(http.taken)
    lines = lines_in(folder / "files")
    assert expected <= set(lines)
    assert set(lines.values()) == {1}
    totals = totals_of(folder / "spool")
    for name in ("http", "files", "postgres"):
        ended = totals.get(f"delivered {name}", 0) + totals.get(f"duplicate {name}", 0)
        assert ended == totals[f"queued {name}"] == len(rows)


def test_each_event_is_delivered_through_kills(tmp_path: Path, server: PostgresServer) -> None:
    run(tmp_path, server, 4)


@pytest.mark.slow
def test_each_event_is_delivered_through_many_kills(tmp_path: Path, server: PostgresServer) -> None:
    run(tmp_path, server, 200)
