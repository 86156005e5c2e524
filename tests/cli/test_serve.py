"""`mapper serve --check`: every fault of a configuration, its mappings and its profiles in one run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.calls import UNSET, Call, Ended, write

CLEAN = """
receiver: 1
sources:
  - {path: /orders, mapping: mappings/orders.yaml, verify: {header: X-API-KEY, secrets: [{env: KEY}]}}
"""
FAULTY = """
receiver: 1
spool: {kept: 30d}
sources:
  - {path: /orders, mapping: mappings/orders.yaml, verify: {header: X-API-KEY, secrets: [{env: NO_KEY}]}}
  - {path: /unset, mapping: mappings/unset.yaml, profile: segmant, verify: none}
  - {path: /orders, mapping: mappings/absent.yaml, verify: none}
"""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "s3cret")
    monkeypatch.delenv("NO_KEY", raising=False)


def test_a_clean_configuration(project: Path, call: Call) -> None:
    write(project / "receiver.yaml", CLEAN)
    assert call("serve", "--check", "receiver.yaml") == Ended(0, "no problems in 1 configuration\n", "")


def test_all_faults_in_one_run(project: Path, call: Call) -> None:
    write(project / "receiver.yaml", FAULTY)
    write(project / "mappings/unset.yaml", UNSET)
    before = sorted(project.rglob("*"))
    ended = call("serve", "--check", "receiver.yaml", "--format", "json")
    assert ended.code == 2
    codes = [json.loads(line)["code"] for line in ended.out.splitlines()]
    assert codes == ["M501"] * 4 + ["M105", "M703", "M014", "M701", "M003"]
    assert ended.err == "9 errors in 1 configuration\n"
    assert sorted(project.rglob("*")) == before, "nothing is written"


def test_places_are_shown(project: Path, call: Call) -> None:
    write(project / "receiver.yaml", FAULTY)
    ended = call("serve", "--check", "receiver.yaml")
    assert "--> receiver.yaml:3:9\n" in ended.out
    assert "error[M703]: the environment variable `NO_KEY` holds no secret" in ended.out


def test_files_are_looked_up_beside_the_configuration(
    project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project / "receiver.yaml", CLEAN)
    monkeypatch.chdir("/")
    assert call("serve", "--check", project / "receiver.yaml").code == 0


@pytest.mark.parametrize("name", ["absent.yaml", "mappings"])
def test_a_configuration_that_cannot_be_read(project: Path, call: Call, name: str) -> None:
    ended = call("serve", "--check", name)
    assert ended.code == 2
    assert "error[M001]" in ended.out
