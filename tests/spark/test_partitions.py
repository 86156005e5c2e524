"""The function that is shipped to Spark's Python workers; these tests need no Java."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

import pyarrow as pa
from pyspark import cloudpickle

import mapper
from mapper.spark import partitions
from mapper.spark.frames import MappingWork
from mapper.transform import saved
from support.shipped import shipped

BATCH = pa.RecordBatch.from_pydict({"value": [b"{"]})


def work() -> MappingWork:
    return MappingWork(shipped("server"), "value", {}, (), "")


def test_a_shipped_transform_is_opened_once_in_a_worker() -> None:
    partitions._opened.cache_clear()
    shipped_twice = cloudpickle.dumps(partitions.ship(work()))
    for _ in range(3):  # three tasks
        (found,) = pickle.loads(shipped_twice)([BATCH])
        assert found.column("outcome").to_pylist() == ["rejected"]
    assert (partitions._opened.cache_info().misses, partitions._opened.cache_info().hits) == (1, 2)


def test_another_python_compiles_the_transform_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as driver:
        driver.setattr(saved, "PYTHON", "cpython-399 00000000 0")
        run = partitions.ship(work())
    partitions._opened.cache_clear()
    compiled: list[str] = []
    compile_module = mapper.transform.compiled.compile_module

    def watched(python: str, mapping: str) -> Any:
        compiled.append(mapping)
        return compile_module(python, mapping)

    monkeypatch.setattr(mapper.transform.compiled, "compile_module", watched)
    (found,) = run([BATCH])
    assert found.column("codes").to_pylist() == [["M601"]]
    assert compiled
    compiled.clear()
    list(run([BATCH]))
    assert not compiled


def test_another_mapper_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    run = partitions.ship(work())
    monkeypatch.setattr(partitions, "__version__", "99.0")
    with pytest.raises(mapper.TransformError, match=r"has mapper .*, this worker has 99\.0: .* install one"):
        list(run([BATCH]))


def test_a_worker_without_mapper_says_so(tmp_path: Path) -> None:
    path = tmp_path / "function"
    path.write_bytes(cloudpickle.dumps(partitions.ship(work())))
    program = (
        "import pickle, sys\n"
        "sys.modules['mapper'] = None\n"
        "run = pickle.loads(open(sys.argv[1], 'rb').read())\n"
        "try:\n    run([])\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "this Python worker of Spark cannot import mapper.spark" in done.stdout
    assert f"Install mapper {mapper.__version__}" in done.stdout
    assert sys.executable in done.stdout
