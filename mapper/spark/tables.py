"""Tables: the outcomes of a stream are written so that a micro-batch that is done again changes nothing.

A stream that was interrupted begins again with the micro-batch that it had not finished: with the same number
and the same rows, but perhaps with a mended mapping. So the number decides where its outcomes are:

    PATH/query=ID/batch=17/outcome=event/part-...

ID is that of the stream, which its checkpoint keeps; another stream never overwrites this one. All outcomes
of a micro-batch are written by one job that replaces the folder of the batch as a whole. Spark's dynamic
overwrite would replace only those partitions that now have rows: rejections of the attempt before would stay
beside the events that a mended mapping makes of the same items.

A task may run twice, at once (speculation) or after a failure. Spark lets one attempt of each commit, and
with version 1 of Hadoop's algorithm its files leave the temporary folder only when the whole job commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mapper.diagnostics.errors import ColumnError
from mapper.spark.columns import Frame
from mapper.spark.frames import Outcomes

_QUERY = "sql.streaming.queryId"  # the local property in which Spark tells the id of the stream
_PARTITIONS = ("query", "batch")
_FILES = {
    "partitionOverwriteMode": "static",
    "mapreduce.fileoutputcommitter.algorithm.version": "1",
}


def write_stream(
    outcomes: Outcomes | Frame,
    path: str,
    *,
    checkpoint: str,
    format: str = "parquet",
    options: Mapping[str, str] | None = None,
) -> Any:
    """A writer of a stream of outcomes, to be started: `.trigger(..)`, `.queryName(..)`, `.start()`.

    `path` and `checkpoint` are folders that all workers reach; the checkpoint belongs to the table. `format`
    is `parquet` or another format of files, or `delta`: then a micro-batch is one transaction, which Delta
    Lake ignores if it has seen it (`txnAppId`, `txnVersion`). `options` are those of the format.

    The table is partitioned by `outcome`, files also by `query` and `batch`. Raises ColumnError if `outcomes`
    are none, and ValueError if they are no stream.
    """
    df = outcomes.outcomes if isinstance(outcomes, Outcomes) else outcomes
    _check(df, format)
    given = dict(options or {})

    def write_batch(batch: Frame, number: int) -> None:
        query = batch.sparkSession.sparkContext.getLocalProperty(_QUERY)
        if not query:
            raise RuntimeError("Spark does not tell the id of this stream, so its batches have no place")
        if format == "delta":
            once = {"txnAppId": query, "txnVersion": str(number)}
            mode, place = "append", path
        else:
            once, mode = _FILES, "overwrite"
            place = f"{path.rstrip('/')}/query={query}/batch={number}"
        writer = batch.write.format(format).mode(mode).options(**{**given, **once})
        writer.partitionBy("outcome").save(place)

    return df.writeStream.foreachBatch(write_batch).option("checkpointLocation", checkpoint)


def _check(df: Frame, format: str) -> None:
    if not df.isStreaming:
        raise ValueError("the DataFrame is no stream: write it with outcomes.write")
    names = [name.lower() for name in df.columns]
    if "outcome" not in names:
        raise ColumnError("no column `outcome`: give what mapper.spark.transform makes")
    for name in _PARTITIONS:
        if name in names and format != "delta":
            raise ColumnError(
                f"the outcomes have a column `{name}`, and so has the table: keep it under another name"
            )
