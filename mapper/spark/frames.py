"""Frames: a DataFrame of bodies becomes a DataFrame of outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from mapper.api import load
from mapper.arrow import map_batches, outcome_schema
from mapper.arrow.layout import Keep
from mapper.spark.columns import Frame, check_input, work_on
from mapper.transform.transform import Transform

Batch: TypeAlias = pa.RecordBatch
Schema: TypeAlias = pa.Schema


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcomes of bodies, one row for each item, in a DataFrame; and views of it.

    The columns are those of `mapper.arrow`. Spark computes a DataFrame each time that it is used: with two
    views, persist `outcomes` first or the mapping runs twice. A table that holds such rows can be given, too:
    `Outcomes(spark.read.parquet(path)).rejected`.
    """

    outcomes: Frame

    @property
    def events(self) -> Frame:
        """The rows of events."""
        return self._of("event")

    @property
    def skipped(self) -> Frame:
        """The rows of skipped items, with `reason`."""
        return self._of("skipped")

    @property
    def rejected(self) -> Frame:
        """The rows of rejected items, with `codes`, `messages`, `location` and `rejected_item`."""
        return self._of("rejected")

    def _of(self, outcome: str) -> Frame:
        return self.outcomes.where(self.outcomes["outcome"] == outcome)


def transform(
    df: Frame,
    mapping: str | Path | Transform,
    *,
    body: str = "value",
    request: Mapping[str, str] | None = None,
    keep: Keep = (),
    prefix: str = "",
) -> Outcomes:
    """The outcomes of the bodies in a column of a DataFrame, which may be a stream.

    `mapping` is the name of a shipped mapping, the path of a mapping file, or a Transform. `body` is the name
    of a column of bytes or texts; text cannot hold bodies that are not UTF-8. `request`, `keep` and `prefix`
    are those of `mapper.arrow.map_batches`: `request` has a column for each of `received_at`, `headers`,
    `query` and `settings`; the time of receipt comes from its column and never from a clock, so a task that
    is done again gives the same rows.

    No row moves to another partition. Raises CompileError if the mapping does not compile, and ColumnError
    for a column that is missing or of a wrong type, both before a job begins.
    """
    work = MappingWork(opened_mapping(mapping), body, dict(request or {}), keep, prefix)
    return Outcomes(work_on(df, work))


def opened_mapping(mapping: str | Path | Transform) -> Transform:
    """The Transform of a name or path, or that which is given; raises CompileError."""
    return mapping if isinstance(mapping, Transform) else load(mapping)


@dataclass(frozen=True, slots=True)
class MappingWork:
    """The mapping of the bodies of a partition; the fields are the arguments of `map_batches`."""

    transform: Transform
    body: str
    request: dict[str, str]
    keep: Keep
    prefix: str

    def schema(self, given: Schema) -> Schema:
        """The schema of the outcomes; raises ColumnError if the input does not fit."""
        check_input(self, given)
        return outcome_schema(self.transform, given, self.keep, prefix=self.prefix)

    def columns(self) -> Iterable[str]:
        """The columns of bodies and requests, and those that are kept."""
        keep = self.keep.values() if isinstance(self.keep, Mapping) else self.keep
        return (self.body, *self.request.values(), *keep)

    def map(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The outcomes of record batches."""
        return map_batches(self.transform, batches, self.body, self.request, self.keep, prefix=self.prefix)
