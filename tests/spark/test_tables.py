"""Tables of a stream: micro-batches that are done again, also after a kill, change nothing."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

import mapper.spark
from mapper.diagnostics.errors import ColumnError
from mapper.spark import example
from support import dying_stream
from support.places import ROOT
from support.shipped import shipped

BATCHES, ROWS = 3, 100
EVENT = '{{"event_id": "{0}", "event_name": "E", "user_id": "u", "timestamp": "2026-03-02T08:15:00.000Z"}}'


def write_input(spark: Any, folder: Path) -> None:
    """One file a micro-batch; their times of change are those of the batches' order."""
    for number in range(BATCHES):
        bodies = [b"{" if n % 7 == 0 else EVENT.format(f"{number}-{n}").encode() for n in range(ROWS)]
        frame = spark.createDataFrame([(body, number) for body in bodies], dying_stream.SCHEMA)
        frame.coalesce(1).write.parquet(str(folder / "written" / str(number)))
        (file,) = (folder / "written" / str(number)).glob("*.parquet")
        (folder / "in").mkdir(exist_ok=True)
        target = folder / "in" / f"{number}.parquet"
        os.utime(file, (1_700_000_000 + number,) * 2)
        file.rename(target)


def files_of(table: Path) -> list[tuple[str, str]]:
    """Place and digest of each file; ids of the stream and of the attempts to write are left out."""
    uuid = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    return sorted(
        (uuid.sub("ID", str(path.relative_to(table))), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in table.rglob("*")
        if path.is_file() and not path.name.startswith((".", "_"))
    )


@pytest.fixture(scope="module")
def undisturbed(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    write_input(spark, folder)
    query = dying_stream.start(spark, folder)
    query.awaitTermination()
    return folder


def test_all_outcomes_are_in_the_table(spark: Any, undisturbed: Path) -> None:
    table = spark.read.json(str(undisturbed / "out"))
    counts = {tuple(row)[:2]: row["count"] for row in table.groupBy("batch", "outcome").count().collect()}
    rejected = len(range(0, ROWS, 7))
    assert counts == {
        (number, outcome): count
        for number in range(BATCHES)
        for outcome, count in (("event", ROWS - rejected), ("rejected", rejected))
    }
    assert mapper.spark.Outcomes(table).events.select("event_id").distinct().count() == BATCHES * (
        ROWS - rejected
    )


def run_until_death(folder: Path, point: str) -> int:
    program = ROOT / "tests" / "support" / "dying_stream.py"
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    with (folder / f"{point}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(program), str(folder), point],
            env={**os.environ, "PYTHONPATH": paths},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            return process.wait(600)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_killed_stream_goes_on_as_if_nothing_had_been(undisturbed: Path, tmp_path: Path) -> None:
    """The process and its Java are killed inside of a micro-batch, then between it and the next one."""
    (tmp_path / "in").symlink_to(undisturbed / "in")
    expected = files_of(undisturbed / "out")
    assert len(expected) == BATCHES * 2
    sizes = []
    for point in dying_stream.POINTS:
        assert run_until_death(tmp_path, point) == -signal.SIGKILL, (tmp_path / f"{point}.log").read_text()
        sizes.append(len(files_of(tmp_path / "out")))
    assert sizes == sorted(sizes)
    assert sizes[-1] < len(expected)
    assert run_until_death(tmp_path, "none") == 0, (tmp_path / "none.log").read_text()
    assert files_of(tmp_path / "out") == expected


def test_a_batch_that_is_done_again_replaces_all_of_it(spark: Any, tmp_path: Path) -> None:
    """Also by a mended mapping that rejects nothing any more."""
    frame = spark.createDataFrame([("event", 1), ("rejected", 2)], "outcome string, item long").coalesce(1)
    write = written_by(frame, str(tmp_path / "out"))
    write(frame, 5)
    write(frame.where("outcome = 'event'"), 5)
    write(frame, 6)
    table = spark.read.parquet(str(tmp_path / "out"))
    assert sorted(map(tuple, table.select("query", "batch", "outcome", "item").collect())) == [
        ("q", 5, "event", 1),
        ("q", 6, "event", 1),
        ("q", 6, "rejected", 2),
    ]


def written_by(frame: Any, path: str, **options: Any) -> Any:
    """The function for micro-batches, as Spark would call it for the stream `q`."""
    caught: list[Any] = []
    writer = SimpleNamespace(option=lambda name, value: writer)
    stream = SimpleNamespace(
        isStreaming=True,
        columns=frame.columns,
        writeStream=SimpleNamespace(foreachBatch=lambda write: caught.append(write) or writer),
    )
    mapper.spark.write_stream(stream, path, checkpoint="c", **options)
    frame.sparkSession.sparkContext.setLocalProperty("sql.streaming.queryId", "q")
    return caught[0]


class Recorder:
    """Stands for a DataFrame and its writer; tells what was asked of it."""

    def __init__(self) -> None:
        self.calls: dict[str, Any] = {}
        context = SimpleNamespace(getLocalProperty=lambda name: "q", setLocalProperty=lambda *pair: None)
        self.sparkSession = SimpleNamespace(sparkContext=context)
        self.columns = ["outcome"]
        self.write = self

    def __getattr__(self, name: str) -> Any:
        def call(*values: Any, **named: Any) -> Recorder:
            self.calls[name] = named or values
            return self

        return call


def test_a_batch_for_delta_is_a_transaction_that_counts_once() -> None:
    frame = Recorder()
    written_by(frame, "/lake/outcomes", format="delta", options={"mergeSchema": "true"})(frame, 17)
    assert frame.calls == {
        "format": ("delta",),
        "mode": ("append",),
        "options": {"mergeSchema": "true", "txnAppId": "q", "txnVersion": "17"},
        "partitionBy": ("outcome",),
        "save": ("/lake/outcomes",),
    }


def test_frames_that_cannot_be_written_are_refused() -> None:
    def stream(*columns: str, is_streaming: bool = True) -> Any:
        return SimpleNamespace(isStreaming=is_streaming, columns=list(columns))

    with pytest.raises(ValueError, match="is no stream"):
        mapper.spark.write_stream(stream("outcome", is_streaming=False), "p", checkpoint="c")
    with pytest.raises(ColumnError, match="no column `outcome`"):
        mapper.spark.write_stream(stream("value"), "p", checkpoint="c")
    with pytest.raises(ColumnError, match="have a column `batch`"):
        mapper.spark.write_stream(stream("outcome", "Batch"), "p", checkpoint="c")


def test_the_example_of_the_documentation_runs(spark: Any, tmp_path: Path) -> None:
    table, again = example.run(spark, tmp_path)
    results = [shipped(example.MAPPING).json(sample.body, sample.request) for sample in example._samples()]
    counts = {row["outcome"]: row["count"] for row in table.groupBy("outcome").count().collect()}
    assert counts["event"] == sum(len(result.events) for result in results) > 10
    assert counts["rejected"] == sum(len(result.rejected) for result in results) > 10
    assert again.rejected.count() == again.outcomes.count() == counts["rejected"]
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    assert "\n$ python -m mapper.spark.example\n" in page


@pytest.mark.slow
def test_the_command_of_the_documentation_runs(spark: Any, tmp_path: Path) -> None:
    """As one types it: nobody has told Spark which Python the workers are to take."""
    told = ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON")
    environment = {name: value for name, value in os.environ.items() if name not in told}
    command = [sys.executable, "-m", "mapper.spark.example"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"\| +event\| +\d+\|\n\|rejected\| +\d+\|", done.stdout)
