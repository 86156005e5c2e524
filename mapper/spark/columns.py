"""Columns: work on the partitions of a DataFrame, as record batches; its schema is known before the data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from mapper.spark.partitions import PartitionWork, ship

Frame: TypeAlias = DataFrame
Session: TypeAlias = SparkSession
Schema: TypeAlias = pa.Schema
Batch: TypeAlias = pa.RecordBatch


class FrameWork(PartitionWork, Protocol):
    """Work on the partitions of a DataFrame."""

    def schema(self, given: Schema) -> Schema:
        """The schema of the result for an input of that schema; raises ColumnError if it does not fit."""
        ...

    def columns(self) -> Iterable[str]:
        """The columns of the input that are read."""
        ...


def work_on(df: Frame, work: FrameWork) -> Frame:
    """The DataFrame that the work makes of each partition; no row moves to another partition."""
    schema = spark_schema(df.sparkSession, work.schema(arrow_schema(df)))
    names = tuple(dict.fromkeys(work.columns()))
    # `mapInArrow` takes names with dots for members of structs, so the columns get others on the way.
    plain = [df[quoted(name)].alias(f"c{number}") for number, name in enumerate(names)]
    return df.select(*plain).mapInArrow(ship(_NamedWork(work, names)), schema)


@dataclass(frozen=True, slots=True)
class _NamedWork:
    """Work on record batches whose columns get their names back."""

    work: PartitionWork
    names: tuple[str, ...]

    def map(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The record batches that a partition becomes."""
        return self.work.map(batch.rename_columns(list(self.names)) for batch in batches)


def arrow_schema(df: Frame) -> Schema:
    """The Arrow schema of the rows of a DataFrame."""
    return df.sparkSession.createDataFrame([], df.schema).toArrow().schema


def spark_schema(session: Session, schema: Schema) -> Any:
    """Spark's schema for Arrow's: moments with a time zone are timestamps, structs are structs."""
    return session.createDataFrame(schema.empty_table()).schema


def quoted(name: str) -> str:
    """The name of a column as SQL writes it; `a.b` would be the member `b` of `a`."""
    return "`" + name.replace("`", "``") + "`"


def check_input(work: PartitionWork, given: Schema) -> None:
    """Raise ColumnError if an input of that schema does not fit the work: a batch without rows is tried."""
    empty = pa.RecordBatch.from_arrays([pa.array([], each.type) for each in given], schema=given)
    for _ in work.map([empty]):
        pass
