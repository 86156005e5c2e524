"""A program of the tests: a stream into a table, whose process and Java end at a given point as if killed.

    python dying_stream.py FOLDER POINT

FOLDER has `in/`, one file a micro-batch, and gets `out/` and `checkpoint/`. POINT is one of POINTS or `none`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

POINTS = (
    "inside",  # of the second micro-batch: a worker has mapped some of its rows
    "between",  # the second is in the table, its end not yet in the checkpoint, and the third has not begun
)
SCHEMA = "value binary, n int"


def start(session: Any, folder: Path) -> Any:
    """The stream from `in/` to `out/`, until all files are read."""
    import mapper.spark

    frame = session.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1).parquet(str(folder / "in"))
    outcomes = mapper.spark.transform(frame, "server", keep=["n"])
    # The footer of a parquet file has a set, whose order differs from one Java process to the next.
    writer = mapper.spark.write_stream(
        outcomes, str(folder / "out"), checkpoint=str(folder / "checkpoint"), format="json"
    )
    return writer.trigger(availableNow=True).start()


def die_at(point: str) -> None:
    """Make this process, its Java and their workers end at that point, by SIGKILL to their group."""
    from pyspark.sql import DataFrameWriter

    from mapper.spark import columns

    group = os.getpgid(0)
    save = DataFrameWriter.save

    def dying_save(writer: Any, path: str, **options: Any) -> None:
        number = path.rpartition("batch=")[2]
        save(writer, path, **options)
        if (point, number) == ("between", "1"):
            os.killpg(group, signal.SIGKILL)

    DataFrameWriter.save = dying_save
    if point == "inside":
        ship = columns.ship
        columns.ship = lambda work: _dying(ship(work), group)


def _dying(run: Any, group: int) -> Any:
    def map_partition(batches: Iterable[Any]) -> Iterator[Any]:
        for outcomes in run(batches):
            yield outcomes
            if outcomes.column("n")[0].as_py() == 1:
                os.killpg(group, signal.SIGKILL)

    return map_partition


def main(folder: Path, point: str) -> None:
    """Run the stream until it ends or dies."""
    from support.spark_sessions import start_session

    few_rows = {"spark.sql.execution.arrow.maxRecordsPerBatch": "20"}
    session = start_session(folder / "session", "local-cluster[1,1,1024]", **few_rows)
    die_at(point)
    start(session, folder).awaitTermination()
    session.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
