"""Spark: a mapping on DataFrames of bodies, batch and streaming.

>>> import mapper.spark
>>> outcomes = mapper.spark.transform(df, "segment", body="value", request={"received_at": "timestamp"})
>>> outcomes.events, outcomes.skipped, outcomes.rejected

It needs the extra `spark`, `pip install 'mapper[spark]'`, and a Java runtime for Spark itself. The workers of
Spark need mapper, too.
"""

from __future__ import annotations

from mapper.diagnostics.errors import MissingPackageError

try:
    import pyspark  # noqa: F401
except ImportError as error:
    raise MissingPackageError("mapper.spark needs pyspark: pip install 'mapper[spark]'") from error

from mapper.spark.frames import Outcomes, transform
from mapper.spark.replays import replay
from mapper.spark.tables import write_stream

__all__ = ["Outcomes", "replay", "transform", "write_stream"]
