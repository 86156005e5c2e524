"""Soak: a short run of the soak's command, and its verdict about figures that grow."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")
pytest.importorskip("aiohttp", reason="the extra `receiver` is not installed")

from benchmarks.soak_figures import BOUNDS, judge
from support.places import ROOT
from support.postgres import absent, find_programs

NAMES = ("second", "third", "pid", "spool_used", *(name for name in BOUNDS if name != "spool_used"))


def samples(minutes: float, growing: str = "", by: float = 0.0) -> list[dict[str, float]]:
    """Some samples, of which one figure is larger in the last third."""
    rows = []
    for number in range(30):
        row = dict.fromkeys(NAMES, 1e6)
        row |= {"second": 60 * minutes * number / 29, "third": number // 10}
        if growing and row["third"] == 2:
            row[growing] += by
        rows.append(row)
    return rows


@pytest.mark.parametrize("name", BOUNDS)
def test_what_grows_is_a_problem(name: str) -> None:
    assert judge(samples(30)) == []
    assert judge(samples(30, name, BOUNDS[name])) == []
    (problem,) = judge(samples(30, name, BOUNDS[name] + 1))
    assert re.match(rf"{name} grows: [0-9,]+ more, [0-9,]+ a minute", problem)
    assert judge(samples(5, name, BOUNDS[name] + 1)) == [], "caches fill at first"


def test_moments_without_an_answer_do_not_count() -> None:
    rows = samples(30)
    for row in rows:
        if row["third"] == 2:
            row["spool_used"] = 0.0
    assert judge(rows) == ["there are too few samples"]


@pytest.mark.slow
def test_all_is_accounted_for_after_a_short_soak(tmp_path: Path) -> None:
    if find_programs() is None:
        absent("PostgreSQL is not installed")
    words = ["--minutes", "0.5", "--folder", str(tmp_path / "soak")]
    command = [sys.executable, "tests/benchmarks/soak_receiver.py", *words]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "flat, and all is accounted for" in ended.stdout
