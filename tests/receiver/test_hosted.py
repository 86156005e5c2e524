"""Hosted: the receiver inside another application, as docs/receiver.md shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

import httpx

from mapper.diagnostics.errors import CompileError
from mapper.receiver import Receiver
from mapper.receiver.spool.tables import SpoolError
from support.calls import ORDERS, write
from support.listening import listening
from support.markdown import Block, Page
from support.places import ROOT
from support.serving import events_in
from support.spools import order
from support.waiting import PATIENCE

CONFIGURATION = """\
receiver: 1
spool: {min_free: 1B}
sources:
  - {path: /orders, mapping: ./orders.yaml, verify: {header: X-Key, secrets: [{file: key}]}}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "receiver.yaml", CONFIGURATION)
    write(tmp_path / "orders.yaml", ORDERS)
    write(tmp_path / "key", "s3cret\n")
    return tmp_path


def test_the_example_takes_requests(home: Path) -> None:
    parts = Page(ROOT / "docs/receiver.md").parts()
    (block,) = [part for part in parts if isinstance(part, Block) and part.info == "hosted"]
    names: dict[str, Any] = {}
    exec(compile(block.text, "receiver.md", "exec"), names)
    with (
        listening(names["app"], lifespan="on") as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}/hooks", timeout=PATIENCE) as client,
    ):
        assert client.post("/orders", json=order(1)).status_code == 401
        assert client.post("/orders", json=order(1), headers={"X-Key": "s3cret"}).status_code == 200
        assert client.get("/readyz").json()["status"] == "ready"
        assert client.get("/orders").headers["allow"] == "PATCH, POST, PUT"
        url = f"http://127.0.0.1:{port}/orders"
        assert httpx.post(url, json=order(1), timeout=PATIENCE).status_code == 404
        with pytest.raises(SpoolError, match="in use by another receiver"):
            Receiver.read("receiver.yaml")
    assert events_in(home / "spool", 1) == ["1"]
    Receiver.read(home / "receiver.yaml").spool.close()


def test_faults_of_the_configuration_are_raised(home: Path) -> None:
    write(home / "orders.yaml", "mapping: orders\n")
    write(home / "key", "")
    with pytest.raises(CompileError, match=r"receiver\.yaml") as raised:
        Receiver.read("receiver.yaml")
    codes = {diagnostic.code for diagnostic in raised.value.diagnostics}
    assert "M703" in codes
    assert len(codes) > 1, "those of mappings are told, too"
    assert not (home / "spool").exists()
    with pytest.raises(CompileError, match=r"none\.yaml"):
        Receiver.read("none.yaml")


def test_a_server_takes_the_application_alone(home: Path) -> None:
    receiver = Receiver.read("receiver.yaml")
    receiver.start()
    with listening(receiver.app()) as port:
        url = f"http://127.0.0.1:{port}/orders"
        headers = {"X-Key": "s3cret"}
        assert httpx.post(url, json=order(7), headers=headers, timeout=PATIENCE).status_code == 200
        assert events_in(home / "spool", 1) == ["7"]
    receiver.stop()
