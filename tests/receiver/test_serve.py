"""Serve: the command takes requests on a socket, and ends as it should."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

import httpx

from mapper.receiver.hangup import Hangup
from mapper.receiver.spool.reports import open_reader, read_stats, verify
from support.calls import ORDERS, write
from support.places import ROOT
from support.serving import command, events_in, serving
from support.spools import order
from support.waiting import PATIENCE, until

CONFIGURATION = """\
receiver: 1
listen: 127.0.0.1:0
sources:
  - {path: /orders, mapping: ./orders.yaml, verify: {header: X-Key, secrets: [{file: key}]}}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write(tmp_path / "receiver.yaml", CONFIGURATION)
    write(tmp_path / "orders.yaml", ORDERS)
    write(tmp_path / "key", "s3cret\n")
    return tmp_path


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_the_printed_commands_work_as_pasted(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0") as served:
        assert served.process.stdout is not None
        lines = [served.process.stdout.readline() for _ in range(18)]
        commands = [line.rstrip() for line in lines if line.startswith("curl ")]
        assert {shlex.split(line)[-1].split("/")[3].split("?")[0] for line in commands} == {
            path.stem for path in (ROOT / "mappings").glob("*.yaml")
        }
        for command in commands:
            ended = subprocess.run(
                ["sh", "-c", command + " -s -o answer -w '%{http_code}'"],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=True,
            )
            assert ended.stdout == "200", command
        assert len(events_in(tmp_path / "spool", len(commands))) >= len(commands)
        code, _ = served.end()
    assert code == 0
    assert served.errors[-1] == ""
    key = (tmp_path / "spool/key").read_text().strip()
    assert lines[0] == f"The key is {key}\n"
    assert len(key) == 32
    with open_reader(tmp_path / "spool") as db:
        assert verify(db) == []
        assert all(stats.total("rejected") == 0 for stats in read_stats(db))


def test_a_configuration_is_served_until_sigterm(home: Path) -> None:
    with (
        serving(home, "receiver.yaml") as served,
        httpx.Client(base_url=served.url, timeout=PATIENCE) as client,
    ):
        assert client.post("/orders", json=order(1), headers={"X-Key": "wrong"}).status_code == 401
        for number in range(20):
            assert client.post("/orders", json=order(number), headers={"X-Key": "s3cret"}).status_code == 200
        assert client.get("/").status_code == 404
        ended = command(home, "serve", "receiver.yaml")
        assert ended.returncode == 2
        assert "is in use by another receiver" in ended.stderr
        assert "Traceback" not in ended.stderr
        with socket.create_connection(served.place) as stranger, stranger.makefile("rb") as answer:
            stranger.sendall(b"no HTTP\r\n\r\n")
            assert answer.readline().startswith(b"HTTP/1.1 400 ")
        code, out = served.end()
    assert (code, out) == (0, "")
    assert "s3cret" not in "".join(served.errors)
    assert served.errors[-1] == "", "a stranger can write into the log"
    with serving(home, "receiver.yaml") as again:
        assert len(events_in(home / "spool", 20)) == 20
        assert again.end()[0] == 0
    assert b"s3cret" not in b"".join(path.read_bytes() for path in (home / "spool").iterdir())


@pytest.mark.slow
def test_sighup_reads_the_configuration_and_its_secrets_again(home: Path) -> None:
    with (
        serving(home, "receiver.yaml") as served,
        httpx.Client(base_url=served.url, timeout=PATIENCE) as client,
    ):
        assert served.process.stderr is not None

        def post(key: str) -> int:
            return client.post("/orders", json=order(1), headers={"X-Key": key}).status_code

        assert (post("s3cret"), post("0ther")) == (200, 401)
        write(home / "key", "0ther\n")
        served.process.send_signal(signal.SIGHUP)
        assert served.process.stderr.readline() == "the configuration changed and is used from now on\n"
        assert (post("s3cret"), post("0ther")) == (401, 200)
        assert client.get("/readyz").json() == {"status": "ready", "reasons": []}
        write(home / "receiver.yaml", CONFIGURATION.replace("verify", "verfy"))
        served.process.send_signal(signal.SIGHUP)
        lines = iter(served.process.stderr.readline, "what was there before serves until this is mended\n")
        assert next(lines).startswith("error[M")
        assert not [line for line in lines if "0ther" in line or "s3cret" in line]
        assert post("0ther") == 200
        assert client.get("/readyz").json()["status"] == "degraded"
        assert client.get("/livez").json()["status"] == "alive"
        assert served.end()[0] == 0


@pytest.mark.slow
def test_a_sighup_before_there_is_a_receiver_asks_later(tmp_path: Path) -> None:
    homes = (tmp_path / str(number) for number in count())
    until(lambda: hung_up_early(next(homes)))  # again if this process was too slow for the other one


def hung_up_early(home: Path) -> bool:
    """Serve, and send SIGHUP again and again while it starts; True if one came before there was a spool."""
    write(home / "mappings/orders.yaml", ORDERS)
    command = [sys.executable, "-m", "mapper", "serve", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    early = 0
    with subprocess.Popen(command, cwd=home, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            while not (home / "spool/key").exists():  # the first that it makes
                assert process.poll() is None
                time.sleep(0.001)
            while not (home / "spool/spool.db").exists():
                process.send_signal(signal.SIGHUP)
                assert process.poll() is None
                early += not (home / "spool/spool.db").exists()
                time.sleep(0.002)
            assert process.stderr is not None
            assert any("listening on" in line for line in process.stderr)
            process.terminate()
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
    return early > 0


def test_a_sighup_that_came_early_is_kept() -> None:
    asked: list[int] = []
    before = signal.getsignal(signal.SIGHUP)
    hangup = Hangup()
    with hangup.caught():
        signal.raise_signal(signal.SIGHUP)
        assert asked == []
        hangup.then(lambda: asked.append(1))
        assert asked == [1]
        signal.raise_signal(signal.SIGHUP)
        assert asked == [1, 1]
    assert signal.getsignal(signal.SIGHUP) == before
    with Hangup().caught():
        signal.raise_signal(signal.SIGHUP)
