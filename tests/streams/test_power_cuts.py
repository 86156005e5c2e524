"""The order of steps on the disk: after a power cut at any of them `--resume` gives the whole files."""

from __future__ import annotations

import gzip
import random
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.calls import ORDER, ndjson, write
from support.power_cuts import PowerCuts
from support.runs import OUTPUTS, REFUSED, REJECTED, Runs
from support.watched_disk import DiskCall

SOON = {**ORDER, "at": "soon"}
TEST = {**ORDER, "test": True}
BODIES = ndjson(ORDER, SOON, TEST)
STEPS = ("write", "fsync", "replace", "unlink", "ftruncate")


def runs_of(quick: Path, suffix: str) -> Runs:
    inputs = {"a": BODIES * 12, "b.gz": gzip.compress(BODIES * 4)}
    return Runs(quick, inputs=inputs, options=["a", "b.gz"], suffix=suffix)


def all_states(runs: Runs, step: int, *more: str) -> list[dict[Path, bytes]]:
    """What may be on disk if the power fails during a run, at each `step`th call."""
    folders = tuple(runs.folder / f"{name}-of" for name in OUTPUTS)
    found: list[dict[Path, bytes]] = []
    chance, count = random.Random(9), 0
    with ExitStack() as opened:
        cuts = PowerCuts(folders, opened)
        cuts.look()
        for folder in folders:  # what an earlier run left is on disk
            cuts.enter(DiskCall("fsync", folder))
            for path in folder.iterdir():
                cuts.enter(DiskCall("fsync", path))

        def report(call: DiskCall) -> None:
            nonlocal count
            if call.name in STEPS:
                cuts.look()
                count += 1
                if count % step == 0:
                    found.extend(cuts.states(chance))
                cuts.enter(call)

        assert runs.watched(report, *more) == REJECTED
        cuts.look()
        found.extend(cuts.states(chance))
    return found


def assert_resumed(runs: Runs, state: dict[Path, bytes], whole: dict[str, bytes]) -> int:
    """The exit code of a run that resumes; afterwards the files are whole."""
    for name in OUTPUTS:
        shutil.rmtree(runs.folder / f"{name}-of")
        (runs.folder / f"{name}-of").mkdir()
    for path, data in state.items():
        write(path, data)
        if path.suffix not in (".part", ".progress", ".new"):
            assert data == whole[str(path.relative_to(runs.folder))]
    code = runs.run("--resume")
    assert runs.files() == whole, (code, sorted(path.name for path in state))
    return code


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    "step", [9, pytest.param(1, marks=pytest.mark.slow)], ids=["some steps", "all steps"]
)
def test_the_power_fails(quick: Path, monkeypatch: pytest.MonkeyPatch, step: int, suffix: str) -> None:
    runs = runs_of(quick, suffix)
    runs.fresh(monkeypatch)
    states = all_states(runs, step)
    whole = runs.files()
    codes = [assert_resumed(runs, state, whole) for state in states]
    assert len(codes) > 40 / step
    assert {*codes} <= {REJECTED, REFUSED}
    # Refused is only a run that had ended: nothing is left to be resumed.
    assert codes.count(REFUSED) <= 2 * len(OUTPUTS)


def test_the_power_fails_twice(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while a run is resumed."""
    runs = runs_of(quick, "")
    runs.fresh(monkeypatch)
    states = all_states(runs, 11)
    whole = runs.files()
    for state in states[::5]:
        for name in OUTPUTS:
            shutil.rmtree(runs.folder / f"{name}-of")
            (runs.folder / f"{name}-of").mkdir()
        if any(path.name in OUTPUTS for path in state):
            continue
        for path, data in state.items():
            write(path, data)
        for later in all_states(runs, 13, "--resume"):
            assert_resumed(runs, later, whole)


def test_the_order_of_steps(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps of a short run, as docs/command-line.md has them; writes that follow each other are one."""
    monkeypatch.setattr("mapper.streams.recording.CHECKPOINT", 10_000)
    runs = Runs(quick, inputs={"a": BODIES * 2}, options=["a"])
    runs.fresh(monkeypatch)
    steps: list[str] = []

    def report(call: DiskCall) -> None:
        step = f"{call.name} {call.path.name}"
        if call.name in STEPS and step not in steps[-3:]:
            steps.append(step)

    assert runs.watched(report) == REJECTED
    part = [f"{name}.part" for name in OUTPUTS]
    journal = [
        "ftruncate events.progress.new",
        "write events.progress.new",
        "fsync events.progress.new",
        "replace events.progress.new",
        "fsync events-of",
    ]
    assert steps == [
        *(f"fsync {name}-of" for name in OUTPUTS),
        *journal,
        *(f"ftruncate {name}" for name in part),
        *(f"write {name}" for name in part),
        *(f"fsync {name}" for name in part),
        *journal,
        *(f"replace {name}" for name in reversed(part)),
        *(f"fsync {name}-of" for name in OUTPUTS),
        "unlink events.progress",
    ]
