"""Mapping: record batches of bodies become record batches of outcomes, a bounded part of them at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa

from mapper.arrow.events import EventReader
from mapper.arrow.layout import Keep, Layout, layout_of
from mapper.arrow.outcomes import OutcomeRows
from mapper.arrow.requests import ReadRequest, RequestColumns
from mapper.arrow.tables import as_bytes, batches_of, check_bodies, largest_row
from mapper.diagnostics.diagnostic import Diagnostic
from mapper.transform.request import Request
from mapper.transform.result import JsonResult, Outcome, Rejected
from mapper.transform.stream import Stream, stream_of
from mapper.transform.transform import Transform

Batch: TypeAlias = pa.RecordBatch
Schema: TypeAlias = pa.Schema

MAX_ROWS = 4_096  # of a record batch of outcomes
# Bytes of events, rejected items and kept columns in one; the row that exceeds them is its last.
MAX_BYTES = 8 * 1024 * 1024
_BLOCK, _BLOCK_BYTES = 256, 1 << 20  # rows that are copied at once, and their bytes, about

_NO_BODY = Diagnostic(
    "M601",
    "there is no body: the column holds null",
    hints=("leave rows without a body out before they are mapped, if they are no mistake",),
    location="$",
)


def map_batches(
    transform: Transform,
    batches: Any,
    body: str = "value",
    request: Mapping[str, str] | None = None,
    keep: Keep = (),
    *,
    prefix: str = "",
) -> Iterator[Batch]:
    """The outcomes of all bodies in a column of record batches, as record batches (`outcome_schema`).

    `batches` is an iterable of `pyarrow.RecordBatch`, or a table of any library that speaks Arrow. `body` is
    the name of a column of bytes or texts. `request` has a column for each part of a request: `received_at`,
    `headers`, `query`, `settings`. `keep` are columns to repeat beside the outcomes, or new names with those
    of columns. `prefix` is put before the names of the columns of events.

    A body gives as many rows as it has items, in their order; a body that is rejected as a whole gives one,
    and so does null. Memory is bounded: a batch of outcomes has at most MAX_ROWS rows, and takes about
    MAX_BYTES or one row. Raises ColumnError for a column that is missing or of a wrong type.
    """
    if not isinstance(transform, Transform):
        raise TypeError(f"transform must be a mapper.Transform, not {type(transform).__name__}")
    return _mapped(transform, batches, body, dict(request or {}), keep, prefix)


def outcome_schema(
    transform: Transform, schema: Schema | None = None, keep: Keep = (), *, prefix: str = ""
) -> Schema:
    """The schema of the outcomes, before any data; `schema` is that of the input, if columns of it are kept.

    Raises ColumnError as `map_batches` does.
    """
    return layout_of(transform, pa.schema([]) if schema is None else schema, keep, prefix).schema


def _outcomes_of(found: JsonResult | Stream) -> Iterable[Outcome]:
    """The outcomes of a body in the order of its items."""
    if isinstance(found, Stream):
        return found
    return (*found.events, *found.skipped, *found.rejected) if found.items == 1 else stream_of(found)


def _mapped(
    transform: Transform, batches: Any, body: str, request: Mapping[str, str], keep: Keep, prefix: str
) -> Iterator[Batch]:
    mapper: _BatchMapper | None = None
    for batch in batches_of(batches):
        if mapper is None:
            check_bodies(batch.schema, body)
            columns = RequestColumns.of(batch.schema, request)
            layout = layout_of(transform, batch.schema, keep, prefix)
            mapper = _BatchMapper(transform, body, columns, layout)
        yield from mapper.map(batch)


@dataclass(slots=True)
class _BatchMapper:
    """Maps the batches of one input."""

    transform: Transform
    body: str
    request: RequestColumns
    layout: Layout
    version: str = field(init=False)
    reader: EventReader = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.version = self.transform.version
        self.reader = EventReader(self.layout.members)

    def map(self, batch: Batch) -> Iterator[Batch]:
        """The outcomes of a batch."""
        rows = OutcomeRows(self.reader)
        is_kept_small = largest_row(batch, [name for name, _ in self.layout.kept]) <= MAX_BYTES // MAX_ROWS
        for row, body, request in self._bodies(batch):
            found = self._begin(body, request)
            if isinstance(found, JsonResult):
                events = found.events
                has_room = is_kept_small and len(events) + rows.count <= MAX_ROWS
                if has_room and not (found.skipped or found.rejected):
                    rows.add_events(row, events)
                    if rows.held > MAX_BYTES or rows.count == MAX_ROWS:
                        yield self._finish(rows, batch)
                        rows = OutcomeRows(self.reader)
                    continue
            size = 0 if is_kept_small else self._kept_size(batch, row)
            for item, outcome in enumerate(_outcomes_of(found)):
                rows.add(row, item, found.items, outcome, body)
                rows.held += size
                if rows.held > MAX_BYTES or rows.count == MAX_ROWS:
                    yield self._finish(rows, batch)
                    rows = OutcomeRows(self.reader)
        if rows.count:
            yield self._finish(rows, batch)

    def _bodies(self, batch: Batch) -> Iterator[tuple[int, bytes | None, ReadRequest]]:
        """The number, the body and the request of each row; of few rows at once."""
        column = as_bytes(batch.column(self.body))
        fitting = batch.num_rows * _BLOCK_BYTES // max(1, column.nbytes)
        size = min(max(1, fitting), _BLOCK)
        for start in range(0, batch.num_rows, size):
            block = batch.slice(start, size)
            numbers, bodies = range(start, start + block.num_rows), column.slice(start, size).to_pylist()
            yield from zip(numbers, bodies, self.request.read(block), strict=True)

    def _begin(self, body: bytes | None, request: ReadRequest) -> JsonResult | Stream:
        if body is None:
            return JsonResult(rejected=[Rejected(0, "$", (_NO_BODY,), None)])
        if isinstance(request, Request):
            return self.transform.begin(body, request)
        return JsonResult(rejected=[Rejected(0, "$", (request,), body)])

    def _kept_size(self, batch: Batch, row: int) -> int:
        """The bytes of a row that are repeated beside each of its items."""
        one = batch.slice(row, 1)
        return sum(one.column(name).cast(kept.type).nbytes for name, kept in self.layout.kept)

    def _finish(self, rows: OutcomeRows, batch: Batch) -> Batch:
        return rows.batch(self.layout, batch, self.version)
