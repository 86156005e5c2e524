"""Failures of Spark's workers: what is done again gives the same rows."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

import mapper.spark
from mapper.spark import columns
from support.spark_sessions import add_worker_of_another_host

ROWS = 200
EVENT = '{{"event_id": "{0}", "event_name": "E", "user_id": "u", "timestamp": "2026-03-02T08:15:00.000Z"}}'
BODY = f'{{{{"events": [{EVENT}, {{0}}]}}}}'


def bodies(spark: Any) -> Any:
    """Two partitions, and more rows than a record batch holds."""
    rows = [(BODY.format(n).encode(), n) for n in range(ROWS)]
    return spark.createDataFrame(spark.sparkContext.parallelize(rows, 2), "value binary, n int")


def disturbed(monkeypatch: pytest.MonkeyPatch, disturb: Any) -> None:
    """Put a function between the mapping and Spark; it runs in the same Python worker."""
    ship = columns.ship
    monkeypatch.setattr(columns, "ship", lambda work: disturb(ship(work)))


def rows_of(frame: Any) -> list[str]:
    return sorted(map(repr, frame.collect()))


def test_a_worker_that_dies_in_the_middle_of_a_partition(
    spark: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deaths = str(tmp_path)

    def dying(run: Any) -> Any:
        def map_partition(batches: Iterable[Any]) -> Iterator[Any]:
            from pyspark import TaskContext

            task = TaskContext.get()
            for outcomes in run(batches):
                yield outcomes
                # The first attempt that gives something dies; on a slow machine it may be the second one.
                with suppress(FileExistsError), open(os.path.join(deaths, str(task.partitionId())), "x"):
                    os._exit(1)

        return map_partition

    undisturbed = rows_of(mapper.spark.transform(bodies(spark), "server", keep=["n"]).outcomes)
    assert len(undisturbed) == 2 * ROWS
    disturbed(monkeypatch, dying)
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "30")
    try:
        found = rows_of(mapper.spark.transform(bodies(spark), "server", keep=["n"]).outcomes)
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]
    assert found == undisturbed


def test_speculative_attempts_write_each_row_once(
    spark: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first attempt at a partition hangs at its end; Spark starts a second one, on another host."""
    add_worker_of_another_host(spark, tmp_path / "worker")
    attempts = tmp_path / "attempts"
    attempts.mkdir()
    folder = str(attempts)

    def slow(run: Any) -> Any:
        def map_partition(batches: Iterable[Any]) -> Iterator[Any]:
            from pyspark import TaskContext

            task = TaskContext.get()
            name = f"{task.partitionId()}-{task.attemptNumber()}"
            if name == "0-1":  # a first attempt that is slow to start would be stopped before it gave a row
                while not os.path.exists(os.path.join(folder, "0-0")):
                    time.sleep(0.1)
            yield from run(batches)
            with open(os.path.join(folder, name), "x"):
                pass
            if name == "0-0":
                time.sleep(300)

        return map_partition

    undisturbed = rows_of(mapper.spark.transform(bodies(spark), "server", keep=["n"]).outcomes)
    disturbed(monkeypatch, slow)
    frame = mapper.spark.transform(bodies(spark), "server", keep=["n"]).outcomes
    frame.write.partitionBy("outcome").mode("overwrite").parquet(str(tmp_path / "table"))
    assert {path.name for path in attempts.iterdir()} >= {"0-0", "0-1"}
    table = spark.read.parquet(str(tmp_path / "table")).select(*frame.columns)
    assert rows_of(table) == undisturbed


def test_another_python_on_the_workers_is_a_clear_error(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark itself refuses it, before the mapping runs."""
    monkeypatch.setattr(spark.sparkContext, "pythonVer", "3.99")
    outcomes = mapper.spark.transform(bodies(spark), "server").outcomes
    with pytest.raises(Exception, match=r"different version: 3\.\d+ than that in driver: 3\.99"):
        outcomes.collect()
