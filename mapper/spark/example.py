"""Example: the samples of a shipped mapping go through Spark into a table, and its rejections again.

`python -m mapper.spark.example` runs it on this machine, in a folder that is removed at the end. `run` shows
the steps; each works in the same way on a cluster.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from pyspark.sql import SparkSession

from mapper.catalog import require_mapping
from mapper.diagnostics.diagnostic import Report
from mapper.samples.cases import Sample, find_cases
from mapper.spark.columns import Frame, Session
from mapper.spark.frames import Outcomes, transform
from mapper.spark.replays import replay
from mapper.spark.tables import write_stream

MAPPING = "server"
SCHEMA = "value binary, received_at string"


def main() -> None:
    """Run the example in a session of its own."""
    session = SparkSession.builder.master("local[2]").appName("mapper").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    with TemporaryDirectory() as folder:
        table, again = run(session, Path(folder))
        table.groupBy("outcome").count().orderBy("outcome").show()
        events = Outcomes(table).events
        events.select("received_at", "event_name", "user_id", "timestamp", "event_properties").show(5)
        again.outcomes.select("outcome", "codes", "location", "messages").show(5)
    session.stop()


def run(session: Session, folder: Path) -> tuple[Frame, Outcomes]:
    """The table of all outcomes, and the outcomes of those rejected items that were mapped again."""
    # Bodies lie in files, with the time at which they were received. They could as well come from Kafka.
    rows = [(sample.body, sample.request.received_at) for sample in _samples()]
    session.createDataFrame(rows, SCHEMA).write.parquet(f"{folder}/bodies")

    # A stream: each body gives as many rows as it has items.
    bodies = session.readStream.schema(SCHEMA).parquet(f"{folder}/bodies")
    outcomes = transform(bodies, MAPPING, request={"received_at": "received_at"}, keep=["received_at"])

    # A micro-batch that is done again, after a crash, replaces itself.
    writer = write_stream(outcomes, f"{folder}/outcomes", checkpoint=f"{folder}/checkpoint")
    writer.trigger(availableNow=True).start().awaitTermination()
    table = session.read.parquet(f"{folder}/outcomes")

    # The mapping may be a mended one; the same mapping rejects the same items.
    rejected = Outcomes(table).rejected
    return table, replay(rejected, MAPPING, request={"received_at": "received_at"})


def _samples() -> list[Sample]:
    path = require_mapping(MAPPING, Report())
    assert path is not None  # it is shipped
    loaded = [case.load() for case in find_cases(path)]
    return [sample for sample in loaded if isinstance(sample, Sample)]


if __name__ == "__main__":
    main()
