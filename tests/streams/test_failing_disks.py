"""Disks that fail at any call: a name appears only over whole content, and `--resume` goes on."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from mapper.api import load
from mapper.cli import main
from mapper.transform.transform import Transform
from support.calls import ORDER, ndjson, write
from support.watched_disk import READS, DiskCall, FailsOnce, WatchedDisk

SOON = {**ORDER, "at": "soon"}
TEST = {**ORDER, "test": True}
BODIES = ndjson(ORDER, SOON, {"orders": [ORDER, TEST, SOON]}, TEST) + b"broken\n\n"
CHUNK, CHECKPOINT = 600, 2_500
REJECTED, UNREAD = 1, 3  # exit codes
OUTPUTS = ("events", "skipped", "rejected")


class Runs:
    """Runs of one command in folders of their own, each with the same inputs."""

    def __init__(self, home: Path, *, inputs: dict[str, bytes], options: list[str], suffix: str = "") -> None:
        self.home, self.inputs, self.suffix = home, inputs, suffix
        self.arguments = ["run", str(home / "mappings/orders.yaml"), *options]
        # Each output has a folder of its own, as its name has to be brought to disk, too.
        for option, name in zip(("-o", "--skipped", "--rejected"), OUTPUTS, strict=True):
            self.arguments += [option, f"{name}-of/{name}{suffix}"]
        self.folder = home
        self.count = 0

    def fresh(self, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A new folder with the inputs, the working directory from now on."""
        self.count += 1
        self.folder = self.home / f"run{self.count}"
        for name, data in self.inputs.items():
            write(self.folder / name, data)
        for name in OUTPUTS:
            (self.folder / f"{name}-of").mkdir()
        monkeypatch.chdir(self.folder)
        return self.folder

    def run(self, *more: str) -> int:
        return main([*self.arguments, *more])

    def watched(self, report: Callable[[DiskCall], None], *more: str) -> int:
        with WatchedDisk(self.folder, report).watch():
            return self.run(*more)

    def files(self) -> dict[str, bytes]:
        """All files of the folder but the inputs, by name."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        files = {str(path.relative_to(self.folder)): path.read_bytes() for path in found}
        return {name: data for name, data in files.items() if name not in self.inputs}


@pytest.fixture
def fast(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, with small parts and checkpoints; its mapping is compiled once."""
    transforms: dict[Path, Transform] = {}

    def load_once(path: Path, **named: object) -> Transform:
        if path not in transforms:
            transforms[path] = load(path)
        return transforms[path]

    monkeypatch.setattr("mapper.streams.inputs.CHUNK", CHUNK)
    monkeypatch.setattr("mapper.streams.recording.CHECKPOINT", CHECKPOINT)
    monkeypatch.setattr("mapper.cli.run.load", load_once)
    return project


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


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("plain", 13),
        ("packed", 23),
        *[pytest.param(kind, 1, marks=pytest.mark.slow) for kind in KINDS],
    ],
)
def test_any_call_fails(fast: Path, monkeypatch: pytest.MonkeyPatch, kind: str, step: int) -> None:
    runs = KINDS[kind](fast)
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
