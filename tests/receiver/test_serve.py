"""Serve: the command takes requests on a socket, and ends as it should."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

import httpx

from mapper.receiver.spool_reports import open_reader, read_stats, verify
from support.calls import ORDERS, write
from support.places import ROOT
from support.serving import command, events_in, serving
from support.spools import order

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
    with serving(home, "receiver.yaml") as served, httpx.Client(base_url=served.url) as client:
        assert client.post("/orders", json=order(1), headers={"X-Key": "wrong"}).status_code == 401
        for number in range(20):
            assert client.post("/orders", json=order(number), headers={"X-Key": "s3cret"}).status_code == 200
        assert client.get("/").status_code == 404
        code, out = served.end()
    assert (code, out) == (0, "")
    assert "s3cret" not in "".join(served.errors)
    with serving(home, "receiver.yaml") as again:
        assert len(events_in(home / "spool", 20)) == 20
        assert again.end()[0] == 0
    assert b"s3cret" not in b"".join(path.read_bytes() for path in (home / "spool").iterdir())


def test_sighup_reads_the_configuration_and_its_secrets_again(home: Path) -> None:
    with serving(home, "receiver.yaml") as served, httpx.Client(base_url=served.url) as client:
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


def refused(home: Path, *words: str) -> str:
    ended = command(home, "serve", *words)
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_what_cannot_be_served_is_said_and_nothing_is_touched(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        write(home / "receiver.yaml", CONFIGURATION.replace(":0", f":{port}"))
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in refused(home, "receiver.yaml")
    write(home / "receiver.yaml", CONFIGURATION.replace("orders.yaml", "other.yaml"))
    assert "error[M003]" in refused(home, "receiver.yaml")
    write(home / "receiver.yaml", CONFIGURATION)
    assert "leave out `--port`" in refused(home, "receiver.yaml", "--port", "1")
    assert not (home / "spool").exists()
    write(home / "spool", "a file")
    assert "something else has its name" in refused(home, "receiver.yaml")


def test_a_spool_in_use_is_said(home: Path) -> None:
    with serving(home, "receiver.yaml"):
        assert "is in use by another receiver" in refused(home, "receiver.yaml")


def test_heads_have_to_arrive_in_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow loris: many connections that send a head byte by byte, or nothing at all."""
    code = (
        "import sys, mapper.receiver.serving as serving; serving.HEAD_SECONDS = 0.3;"
        "from mapper.cli import main; sys.exit(main(['serve', 'receiver.yaml']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "listening on" in line)
            port = int(line.rpartition(":")[2])
            for sent in (b"", b"POST /orders HT", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /or"):
                with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                    connection.sendall(sent)
                    while connection.recv(65_536):
                        pass
        finally:
            process.terminate()
            process.wait(30)
