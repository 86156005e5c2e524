"""Disks that fail at any call: a name appears only over whole content, and `--resume` goes on."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from mapper.cli import main
from support.calls import ORDER, ndjson, write
from support.runs import OUTPUTS, REJECTED, UNREAD, Runs
from support.watched_disk import READS, BrittleRequest, DiskCall, FailsOnce

SOON = {**ORDER, "at": "soon"}
TEST = {**ORDER, "test": True}
BODIES = ndjson(ORDER, SOON, {"orders": [ORDER, TEST, SOON]}, TEST) + b"broken\n\n"


def plain(home: Path) -> Runs:
    inputs = {"a": BODIES * 5, "b": BODIES * 8}
    return Runs(home, inputs=inputs, options=["a", "b"])


def packed(home: Path) -> Runs:
    inputs = {"a.gz": gzip.compress(BODIES * 5) + gzip.compress(BODIES), "b.gz": gzip.compress(BODIES * 8)}
    return Runs(home, inputs=inputs, options=["a.gz", "b.gz"], suffix=".gz")


def replay(home: Path) -> Runs:
    write(home / "in", BODIES * 12)
    main(["run", str(home / "mappings/orders.yaml"), "in", "-o", "out", "--rejected", "no"])
    return Runs(home, inputs={"no": (home / "no").read_bytes()}, options=["--replay", "no"])


def document(home: Path) -> Runs:
    text = json.dumps({"orders": [ORDER, SOON, TEST] * 5}, indent=1).encode()
    return Runs(
        home, inputs={"a": text, "b": BODIES, "c.gz": gzip.compress(text)}, options=["a", "b", "c.gz"]
    )


KINDS = {"plain": plain, "packed": packed, "replay": replay, "document": document}


def fail_at(
    runs: Runs, number: int, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> list[DiskCall]:
    """A run in which one call fails, and a run that resumes it: the calls of the first."""
    runs.fresh(monkeypatch)
    report = FailsOnce(number)
    code = runs.watched(report)
    files = runs.files()
    for name, data in whole.items():
        assert files.get(name, data) == data, (number, name)
    if len(report.seen) < number:
        assert (code, files) == (REJECTED, whole)
        return []
    failed = report.seen[number - 1]
    if files != whole:  # a file that cannot be closed is whole nevertheless
        assert code == (UNREAD if failed.name in READS else 1) or not files, failed
        assert runs.run("--resume") == REJECTED, failed
        assert runs.files() == whole, failed
    return report.seen


@pytest.mark.parametrize("number", [5, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 9, 12))])
def test_a_read_fails_in_a_worker(quick: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    runs = plain(quick)
    runs.fresh(monkeypatch)
    assert runs.run() == REJECTED
    whole = runs.files()
    runs.fresh(monkeypatch)
    with monkeypatch.context() as patched:
        patched.setattr(BrittleRequest, "number", number)
        patched.setattr("mapper.cli.run.read_scopes", lambda _: BrittleRequest())
        assert runs.run("--jobs=2") == UNREAD
    files = runs.files()
    assert not files.keys() & whole.keys()
    assert "events-of/events.progress" in files
    assert runs.run("--resume") == REJECTED
    assert runs.files() == whole


@pytest.mark.slow
def test_any_call_fails_beside_workers(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = plain(quick)
    runs.arguments.append("--jobs=2")
    runs.fresh(monkeypatch)
    assert runs.run() == REJECTED
    whole = runs.files()
    number = 2
    while fail_at(runs, number, whole, monkeypatch):
        number += 19
    assert number > 100


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("plain", 13),
        ("packed", 23),
        *[pytest.param(kind, 1, marks=pytest.mark.slow) for kind in KINDS],
    ],
)
def test_any_call_fails(quick: Path, monkeypatch: pytest.MonkeyPatch, kind: str, step: int) -> None:
    runs = KINDS[kind](quick)
    runs.fresh(monkeypatch)
    assert runs.run() == REJECTED
    whole = runs.files()
    assert len(whole) == len(OUTPUTS)
    failed = Counter[str]()
    number = 1
    while seen := fail_at(runs, number, whole, monkeypatch):
        failed[seen[number - 1].name] += 1
        shutil.rmtree(runs.folder)
        number += step
    if step == 1:
        assert failed.keys() >= {"open", "write", "fsync", "replace", "unlink", "ftruncate", "close", "read"}
    assert failed.total() > 5
