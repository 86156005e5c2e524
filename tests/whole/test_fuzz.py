"""Fuzzing, the short run: a few thousand inputs for each target, the same ones each time.

With atheris installed (`pip install '.[fuzz]'`, Linux) the run is guided by coverage; without it inputs are
made from the same seeds and words. CONTRIBUTING tells how to let it run for hours.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.places import TESTS

FUZZ = TESTS / "fuzz"
sys.path.insert(0, str(FUZZ))

import targets  # noqa: E402

RUNS = {"body": 3_000, "mapping": 400}


@pytest.mark.parametrize("name", targets.TARGETS)
def test_every_seed_passes(name: str) -> None:
    seeds = targets.corpus(name)
    assert len(seeds) >= 10
    for seed in seeds:
        targets.TARGETS[name](seed)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_mutated_seeds_pass(name: str) -> None:
    for number, data in enumerate(targets.mutations(name, RUNS[name] // 4, seed=7)):
        try:
            targets.TARGETS[name](data)
        except Exception as error:
            error.add_note(f"mutation {number} of `{name}`: {data!r}")
            raise


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed")
@pytest.mark.parametrize("name", RUNS)
def test_a_short_run_of_the_fuzzer(name: str, tmp_path: Path) -> None:
    found = tmp_path / "found"
    found.mkdir()
    options = [f"-runs={RUNS[name]}", "-seed=7", f"-artifact_prefix={found}/"]
    command = [
        sys.executable,
        str(FUZZ / f"fuzz_{name}.py"),
        *options,
        str(found),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-2000:]
    assert "DONE" in ended.stderr


def test_the_fuzzers_cover_every_target() -> None:
    assert (
        {path.stem.removeprefix("fuzz_") for path in FUZZ.glob("fuzz_*.py")}
        == set(targets.TARGETS)
        == set(RUNS)
    )
