"""Logs: each answer is a line of JSON without values of the request; readiness ends before the socket."""

from __future__ import annotations

import json
import logging
import re
import signal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

import httpx

from mapper.cli.serve_messages import serve_messages
from mapper.receiver.web import logs
from mapper.receiver.web.app import Answered
from mapper.receiver.web.logs import (
    LOGGER,
    LibraryHandler,
    json_lines,
    libraries_told,
    log_answer,
    log_fault,
)
from support.calls import ORDERS, write
from support.serving import Served, events_in, serving
from support.spools import order
from support.waiting import PATIENCE, until

CONFIGURATION = """\
receiver: 1
listen: 127.0.0.1:0
spool: {min_free: 1B}
drain: 100ms
sources:
  - {path: /orders, mapping: ./orders.yaml, verify: {header: X-Key, secrets: [{file: key}]}}
"""
HOSTILE = "sp1ed\\n\u202e\x1b[31m::error::<script>"
FIELDS = {"at", "level", "event", "id", "source", "status", "reason", "seconds", "secrets", "received_at"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write(tmp_path / "receiver.yaml", CONFIGURATION)
    write(tmp_path / "orders.yaml", ORDERS)
    write(tmp_path / "key", "s3cret\n")
    return tmp_path


def lines_of(served: Served) -> list[dict[str, Any]]:
    return [json.loads(line) for text in served.errors for line in text.splitlines()]


def test_each_answer_is_a_line_without_values(home: Path) -> None:
    with (
        serving(home, "receiver.yaml", "--log", "json") as served,
        httpx.Client(base_url=served.url, timeout=PATIENCE) as client,
    ):
        taken = client.post(
            "/orders?q=sp1ed", json=order(HOSTILE), headers={"X-Key": "s3cret", "X-O": "sp1ed"}
        )
        refused = client.post("/orders?q=sp1ed%0a", content=b"sp1ed", headers={"X-Key": "sp1ed"})
        client.get("/sp1ed%0a%1b[31m")
        client.request("DELETE", "/orders")
        write(home / "orders.yaml", ORDERS + "\x07\n")
        served.process.send_signal(signal.SIGHUP)
        assert served.process.stderr is not None
        while '"degraded"' not in served.errors[-1]:
            served.errors.append(served.process.stderr.readline())
        assert served.end()[0] == 0
    text = "".join(served.errors)
    assert all(line.isascii() and line.isprintable() for line in text.splitlines())
    assert "sp1ed" not in text.lower()
    assert "s3cret" not in text
    lines = lines_of(served)
    first, second, third = [line for line in lines if line["event"] == "request"]
    assert first.keys() == FIELDS - {"reason"}
    assert (first["source"], first["status"], first["secrets"]) == ("/orders", 200, ["file key"])
    assert (second["status"], second["reason"]) == (401, "wrong")
    assert third["status"] == 405
    ids = [answer.headers["x-request-id"] for answer in (taken, refused)]
    assert ids == [first["id"], second["id"]]
    assert len(set(ids)) == 2
    assert any(
        (line["event"] == "degraded" and line["place"] == "orders.yaml:1") or "code" in line for line in lines
    )


@pytest.mark.slow
def test_readiness_ends_before_the_socket(home: Path) -> None:
    write(home / "receiver.yaml", CONFIGURATION.replace("drain: 100ms", "drain: 1h"))
    with (
        serving(home, "receiver.yaml") as served,
        httpx.Client(base_url=served.url, timeout=PATIENCE) as client,
    ):
        assert client.get("/readyz").status_code == 200
        served.process.send_signal(signal.SIGTERM)
        until(lambda: client.get("/readyz").status_code == 503)
        assert client.get("/readyz").json()["status"] == "stopping"
        assert client.get("/livez").status_code == 200
        assert client.post("/orders", json=order(1), headers={"X-Key": "s3cret"}).status_code == 200
        assert events_in(home / "spool", 1) == ["1"], "what is taken meanwhile is delivered"
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(PATIENCE) == 128 + signal.SIGTERM, "a second signal ends it at once"


def test_a_receiver_ends_after_the_time_for_others_to_see_it(home: Path) -> None:
    with serving(home, "receiver.yaml") as served:
        assert served.end()[0] == 0


def test_texts_of_faults_stay_in_their_line() -> None:
    found: list[str] = []
    with json_lines(found.append):
        log_fault("a\nb\x1b[31m\u202e\udc80")
        log_answer(Answered("/orders", 503, "overloaded", 0.001))
    assert all(line.isascii() and line.isprintable() for line in found)
    fault, answer = map(json.loads, found)
    assert (fault["level"], fault["text"]) == ("error", "a\nb\x1b[31m\u202e\udc80")
    assert (answer["level"], answer["reason"]) == ("warning", "overloaded")


def test_a_line_that_cannot_be_written_fails_no_request() -> None:
    def write_line(line: str) -> None:
        raise BrokenPipeError

    with json_lines(write_line):
        log_fault("x")


def test_the_log_of_a_host_is_left_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    with json_lines(lambda line: None):
        log_fault("x")
    assert not LOGGER.handlers
    assert LOGGER.level == logging.NOTSET
    with caplog.at_level(logging.INFO, "mapper.receiver"):
        log_answer(Answered("/orders", 200, "", 0.001))
    assert [record.getMessage() for record in caplog.records] == ["request"]


def test_what_libraries_log_is_told_without_its_text() -> None:
    found: list[str] = []
    library = logging.getLogger("psycopg.transaction")
    with libraries_told(found.append):
        for _ in range(2):
            library.warning("DETAIL: the key is %s", "sp1ed\x1b[31m")
        library.info("sp1ed")
        try:
            raise ValueError("sp1ed")
        except ValueError:
            library.exception("sp1ed")
    warning, error = found
    assert re.fullmatch(r"`psycopg.transaction` logs a warning \(test_logs.py:[0-9]+\)", warning)
    assert re.fullmatch(r"`psycopg.transaction` logs an error \(test_logs.py:[0-9]+, ValueError\)", error)
    assert not any(isinstance(one, LibraryHandler) for one in logging.getLogger().handlers)


def test_a_library_that_logs_the_same_for_long_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []
    now = 0.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    with libraries_told(found.append):
        for moment in (0, 30, 61):
            now = float(moment)
            logging.getLogger("asyncio").error("x")
    assert len(found) == 2


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_of_a_library_is_printed_as_it_is(form: str, capfd: pytest.CaptureFixture[str]) -> None:
    with serve_messages(form):
        logging.getLogger("asyncio").error("Task exception\nwas sp1ed")
    (line,) = capfd.readouterr().err.splitlines()
    assert "sp1ed" not in line
    text = json.loads(line)["text"] if form == "json" else line
    assert "`asyncio` logs an error (test_logs.py:" in text
