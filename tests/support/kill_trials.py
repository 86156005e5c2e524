"""Kill trials: clients count successes while servers are killed; at the end the promises must hold."""

from __future__ import annotations

import http.client
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mapper.receiver.spool.reports import open_reader, verify
from support.calls import ORDERS, write
from support.places import ROOT, TESTS
from support.spools import order, rows_of
from support.waiting import PATIENCE, until


def body_of(number: int) -> dict[str, Any]:
    """Most become events, some are skipped, some rejected; each has a number."""
    if number % 10 == 3:
        return order(number, test=True)
    return order(number) if number % 10 else {**order(number), "customer": None}


@dataclass
class Clients:
    """Threads that post until they are told to end, each with a connection; `answered` has each success."""

    port: int
    answered: list[int] = field(default_factory=list)
    other: Counter[int] = field(default_factory=Counter)
    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)

    def run(self, threads: int, until: Any) -> None:
        started = [threading.Thread(target=self._post_all) for _ in range(threads)]
        for thread in started:
            thread.start()
        until()
        self._ended.set()
        for thread in started:
            thread.join()

    def _post_all(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        while not self._ended.is_set():
            with self._lock:
                number = self._next
                self._next += 1
            try:
                connection.request("POST", "/orders", json.dumps(body_of(number)))
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.01)
                continue
            if answer.status == 200:
                self.answered.append(number)
            else:
                self.other[answer.status] += 1
        connection.close()


def run_trial(tmp_path: Path, kills: int, *, shim: Path | None = None, **more: Any) -> Clients:
    """Post while servers are killed; the successes. All is mapped and delivered at the end."""
    folder = tmp_path / "spool"
    folder.mkdir()
    write(tmp_path / "orders.yaml", ORDERS)
    trial = {
        "folder": str(folder),
        "mapping": str(tmp_path / "orders.yaml"),
        "kills": kills,
        "seed": kills,
        "longest": 0.2,
        **more,
    }
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(TESTS)))}
    if shim is not None:
        synced = tmp_path / "synced"
        synced.mkdir()
        trial["synced"] = str(synced)
        environment |= {"LD_PRELOAD": str(shim), "SYNCED_OF": str(folder), "SYNCED_TO": str(synced)}
    script = [sys.executable, str(TESTS / "support/killable_receiver.py"), json.dumps(trial)]
    pipe = subprocess.PIPE
    with subprocess.Popen(script, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        clients = Clients(int(process.stdout.readline()))
        clients.run(more.get("clients", 4), process.stdout.readline)
        until(lambda: is_quiet(folder))
        process.stdin.close()
        assert process.stdout.read().strip() == "0"
    return clients


def is_quiet(folder: Path) -> bool:
    """All is mapped and delivered."""
    query = "SELECT (SELECT count(*) FROM requests WHERE is_mapped = 0), (SELECT count(*) FROM deliveries)"
    try:
        return rows_of(folder, query) == [(0, 0)]
    except sqlite3.OperationalError:  # the last server begins
        return False


def outcomes_of(folder: Path) -> Counter[int]:
    """How many outcomes each number has."""
    counts: Counter[int] = Counter()
    for table in ("events", "skips", "rejections"):
        query = f"SELECT r.body FROM {table} t JOIN requests r ON r.id = t.request"
        counts.update(int(json.loads(body)["id"]) for (body,) in rows_of(folder, query))
    return counts


def check(folder: Path, clients: Clients) -> None:
    """Each success is on disk and has one outcome, and the law holds."""
    assert set(clients.other) <= {503}
    counts = outcomes_of(folder)
    lost = [number for number in clients.answered if not counts[number]]
    assert not lost
    assert set(counts.values()) == {1}
    with open_reader(folder) as db:
        assert verify(db) == []


def check_file(folder: Path, clients: Clients) -> None:
    """All events of successes are in the file of a receiver without destinations."""
    check(folder, clients)
    lines = (folder / "events.ndjson").read_text("utf-8").splitlines()
    assert events_of(clients) <= {json.loads(line)["event_id"] for line in lines}


def events_of(clients: Clients) -> set[str]:
    """The ids of the events of all successes."""
    return {str(number) for number in clients.answered if number % 10 not in (0, 3)}
