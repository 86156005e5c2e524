"""Smoke runs of the benchmarks, so that they cannot rot; only figures that are counts are looked at."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.places import ROOT
from support.spark_sessions import require_java


@pytest.mark.slow
def test_benchmark_runs(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "tests/benchmarks/bench.py", "--quick", "--json", str(figures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "differ from the hand-written ones" not in done.stdout
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert set(found) >= {"events", "parsed", "batches", "shipped", "traffic", "start", "run"}
    assert "mapper: bytes to bytes" in found["events"]
    assert {"bare transform.json loop", "mapper run", "mapper run --jobs 2"} <= set(found["run"])


@pytest.mark.slow
def test_benchmark_of_counting_runs() -> None:
    command = [sys.executable, "tests/benchmarks/bench_work.py", "--rounds", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "trusted" in done.stdout


def test_counting_costs_two_percent_at_most() -> None:
    """The two mappings of which counting is the largest part, in instructions of Python."""
    command = [sys.executable, "tests/benchmarks/bench_work.py", "--opcodes", "clevertap", "order_completed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    shares = [float(share) for share in re.findall(r"([+-][0-9.]+)%", done.stdout)]
    assert len(shares) == 7
    assert 0 < min(shares) <= max(shares) <= 2


@pytest.mark.slow
def test_benchmark_of_the_receiver_runs(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")
    few = ["--rounds", "1", "--requests", "40", "--connections", "4", "--folder", str(tmp_path)]
    command = [sys.executable, "tests/benchmarks/bench_receiver.py", *few]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "bare loop" in run.stdout


@pytest.mark.slow
def test_benchmark_of_arrow_runs(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra `arrow` is not installed")
    figures = tmp_path / "figures.json"
    command = [sys.executable, "tests/benchmarks/bench_scale.py", "--quick", "--json", str(figures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert {"transform.json", "map_batches", "ratio"} <= set(json.loads(figures.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_benchmark_of_spark_runs(tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
    require_java()
    figures = tmp_path / "figures.json"
    command = [sys.executable, "tests/benchmarks/bench_spark.py", "--events", "2000", "--rounds", "1"]
    done = subprocess.run(
        [*command, "--json", str(figures)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert set(found) == {"clock", "processor", "memory"}
