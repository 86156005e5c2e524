"""Replays: rejected items of an earlier run are mapped again, perhaps by a mended mapping.

A rejected item is enough if the mapping reads nothing else of its body: then it is put back into its place,
in a body that has no other items. If the mapping reads more, the bodies must have been kept beside the
outcomes. Each is mapped again as a whole, and the outcomes of those items count that were rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from mapper import catalog
from mapper.arrow import map_batches, outcome_schema
from mapper.arrow.layout import OWN
from mapper.arrow.tables import bodies_of, column_of
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.errors import ColumnError
from mapper.diagnostics.source import SourceFile
from mapper.runtime.limits import within
from mapper.spark.columns import Frame, arrow_schema, check_input, work_on
from mapper.spark.frames import Outcomes, opened_mapping
from mapper.spark.reruns import RejectedItem, Rerun, reruns_of
from mapper.streams.envelope_needs import needs_of
from mapper.streams.envelopes import EnvelopeNeeds
from mapper.transform.transform import Transform

Batch: TypeAlias = pa.RecordBatch
Schema: TypeAlias = pa.Schema

# The column that leads from an outcome to the run of its body; no member of an event has this name.
_RUN = "run of the replay"
# Columns of a part of a body that stay as they were: always, and if it is rejected again.
_PLACE, _REJECTED = ("item", "items"), ("location", "rejected_item")


def replay(
    rejected: Frame,
    mapping: str | Path | Transform,
    *,
    body: str | None = None,
    request: Mapping[str, str] | None = None,
    keep: Iterable[str] | None = None,
    prefix: str = "",
) -> Outcomes:
    """The outcomes of rejected items that are mapped again, with the `item` and `items` that they had.

    `rejected` are rows of outcomes; those of events and skips are left out. `request` names columns that were
    kept, and `keep` those to keep again: all that are not of the outcomes unless it is given.

    `body` is the column of whole bodies, if that was kept. It must be there if the mapping reads more of a
    body than the item (`envelope`), or finds its items by more than names and `[*]`. Without it, and for
    items that the `each` of the mapping does not lead to any more, the row stays as it was, also its
    `mapping`. Raises CompileError and ColumnError as `transform` does.
    """
    opened = opened_mapping(mapping)
    needs = _needs(opened)
    if body is None and (needs.alternatives is None or needs.reads is None or needs.reads):
        raise ColumnError(
            f"the mapping `{opened.name}` needs more of a body than the rejected item: keep the bodies when "
            "you map them, as transform(.., keep=['value']), and name their column here, as body='value'"
        )
    if keep is None:
        own = outcome_schema(opened, prefix=prefix).names
        keep = [name for name in rejected.columns if name not in own]
    needs = replace(needs, reads=frozenset())  # nothing else is read, or the bodies are here
    work = ReplayWork(opened, needs, body, dict(request or {}), tuple(keep), prefix)
    column_of(arrow_schema(rejected), "outcome", "the outcome of each row")
    return Outcomes(work_on(Outcomes(rejected).rejected, work))


def _needs(transform: Transform) -> EnvelopeNeeds:
    compiled = transform._compiled
    file, folder = SourceFile(compiled.filename, compiled.text), catalog.folder_of(compiled.filename)
    with within(compiled.limits):
        return needs_of(analyse(file, folder, Report()))


@dataclass(frozen=True, slots=True)
class ReplayWork:
    """The mapping of the rejected items of a partition."""

    transform: Transform
    needs: EnvelopeNeeds
    body: str | None
    request: dict[str, str]
    keep: tuple[str, ...]
    prefix: str

    def schema(self, given: Schema) -> Schema:
        """The schema of the outcomes; raises ColumnError if the input does not fit."""
        for name in OWN:
            column_of(given, name, "of the outcomes")
        check_input(self, given)
        return self._schema(given)

    def columns(self) -> Iterable[str]:
        """The columns of outcomes, of bodies and requests, and those that are kept."""
        return (*OWN, *([] if self.body is None else [self.body]), *self.request.values(), *self.keep)

    def map(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The outcomes of record batches."""
        for batch in batches:
            schema = self._schema(batch.schema)
            runs, unmapped = reruns_of(self._items(batch), self.needs, has_bodies=self.body is not None)
            missing = {row for run in runs for row in (run.wanted or {}).values()}
            for outcomes in self._map(batch, runs):
                chosen = _Chosen.of(outcomes, runs)
                missing.difference_update(chosen.rows)
                yield chosen.batch(outcomes, batch, schema, self.keep)
            if left := sorted(missing.union(unmapped)):
                yield _unchanged(batch.take(pa.array(left, pa.int64())), schema)

    def _schema(self, given: Schema) -> Schema:
        return outcome_schema(self.transform, given, self.keep, prefix=self.prefix)

    def _items(self, batch: Batch) -> Iterator[RejectedItem]:
        rows = batch.num_rows
        datas = bodies_of(batch, "rejected_item")
        bodies = repeat(None, rows) if self.body is None else bodies_of(batch, self.body)
        item, location, codes = (batch.column(name).to_pylist() for name in ("item", "location", "codes"))
        names = dict.fromkeys((*self.request.values(), *self.keep))
        columns = [batch.column(name).to_pylist() for name in names if self.body not in (None, name)]
        beside = zip(*columns, strict=True) if columns else repeat((), rows)
        for row, (data, body, same) in enumerate(zip(datas, bodies, beside, strict=True)):
            yield RejectedItem(row, item[row], location[row], tuple(codes[row]), data, body, same)

    def _map(self, batch: Batch, runs: list[Rerun]) -> Iterator[Batch]:
        """The outcomes of all bodies; the column _RUN has the index of each."""
        rows = pa.array([run.row for run in runs], pa.int64())
        columns = {part: batch.column(name).take(rows) for part, name in self.request.items()}
        columns["body"] = pa.array([run.body for run in runs], pa.large_binary())
        columns[_RUN] = pa.array(range(len(runs)), pa.int64())
        again = pa.RecordBatch.from_pydict(columns)
        request = {part: part for part in self.request}
        return map_batches(self.transform, [again], "body", request, [_RUN], prefix=self.prefix)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The outcomes that count: their indexes, for each the row that was rejected, and if that was a part."""

    indexes: list[int]
    rows: list[int]
    are_parts: list[bool]

    @classmethod
    def of(cls, outcomes: Batch, runs: list[Rerun]) -> _Chosen:
        """Those of a batch of outcomes."""
        chosen = cls([], [], [])
        numbers, items = outcomes.column(_RUN).to_pylist(), outcomes.column("item").to_pylist()
        for index, (number, item) in enumerate(zip(numbers, items, strict=True)):
            wanted = runs[number].wanted
            row = runs[number].row if wanted is None else wanted.get(item)
            if row is not None:
                chosen.indexes.append(index)
                chosen.rows.append(row)
                chosen.are_parts.append(wanted is not None)
        return chosen

    def batch(self, outcomes: Batch, before: Batch, schema: Schema, keep: tuple[str, ...]) -> Batch:
        """These outcomes beside the columns of the rows that were rejected."""
        found = outcomes.take(pa.array(self.indexes, pa.int64()))
        rows = pa.array(self.rows, pa.int64())
        is_part = pa.array(self.are_parts, pa.bool_())
        is_rejected = pc.and_(is_part, pc.equal(found.column("outcome"), "rejected"))
        columns = []
        for name in schema.names:
            if name in keep:
                column = before.column(name).take(rows)
            elif name in _PLACE or name in _REJECTED:
                stays = is_part if name in _PLACE else is_rejected
                old = before.column(name).take(rows).cast(schema.field(name).type)
                column = pc.if_else(stays, old, found.column(name))
            else:
                column = found.column(name)
            columns.append(column)
        return pa.RecordBatch.from_arrays(columns, schema=schema)


def _unchanged(left: Batch, schema: Schema) -> Batch:
    """Rows that stay as they were; the columns of events are null in each."""
    columns = [
        left.column(each.name).cast(each.type)
        if each.name in left.schema.names
        else pa.nulls(left.num_rows, each.type)
        for each in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
