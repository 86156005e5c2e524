"""Outcomes: the outcomes of bodies are collected, and become one record batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa

from mapper.arrow.arrays import NotCanonicalError, columns_of_records
from mapper.arrow.events import EventReader
from mapper.arrow.layout import Layout
from mapper.streams.item_lines import encode
from mapper.transform.result import Rejected, Skipped

Batch: TypeAlias = pa.RecordBatch
Array: TypeAlias = pa.Array


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """The columns of a rejected item."""

    codes: tuple[str, ...]
    messages: tuple[str, ...]
    location: str
    item: bytes | None = field(repr=False)

    @classmethod
    def of(cls, rejected: Rejected, body: bytes | None) -> RejectedRow:
        """The columns of a rejected item; the body is kept if the item nests too deep to be written."""
        item = rejected.item
        try:
            data = item if item is None or isinstance(item, bytes) else encode(item)
        except RecursionError:
            data = body
        messages = tuple(_text(found.message) for found in rejected.diagnostics)
        return cls(rejected.codes, messages, _text(rejected.location), data)

    @property
    def size(self) -> int:
        """Its bytes, about."""
        return len(self.item or b"") + len(self.location) + sum(map(len, self.messages))


@dataclass(slots=True)
class OutcomeRows:
    """The rows of one record batch in the making.

    `rows` has for each the row of the input that its body is in. `others` has the outcomes that are no
    events, by row.
    """

    rows: list[int] = field(default_factory=list)
    item: list[int] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)
    others: dict[int, str | RejectedRow] = field(default_factory=dict)
    held: int = 0  # bytes of the events and the others

    def add_events(self, row: int, events: Sequence[bytes]) -> None:
        """Add the events of a body that has no other items."""
        count = len(events)
        self.rows += [row] * count
        self.item += range(count)
        self.items += [count] * count
        self.events += events
        self.held += sum(map(len, events))

    def add(
        self, row: int, item: int, items: int, outcome: bytes | Skipped | Rejected, body: bytes | None
    ) -> None:
        """Add the outcome of one item of a body."""
        if isinstance(outcome, bytes):
            self.events.append(outcome)
            self.held += len(outcome)
        elif isinstance(outcome, Skipped):
            self.others[len(self.rows)] = reason = _text(outcome.reason)
            self.held += len(reason)
        else:
            self.others[len(self.rows)] = rejected = RejectedRow.of(outcome, body)
            self.held += rejected.size
        self.rows.append(row)
        self.item.append(item)
        self.items.append(items)

    def batch(self, layout: Layout, reader: EventReader, given: Batch, version: str) -> Batch:
        """The record batch of all rows; `given` is the batch of the input."""
        count = len(self.rows)
        rows = pa.array(self.rows, pa.int64())
        kept = [given.column(name).cast(each.type).take(rows) for name, each in layout.kept]
        columns, others = event_columns(reader, self.events)
        columns.append(others)
        if self.others:
            places = iter(range(len(self.events)))
            order = [None if row in self.others else next(places) for row in range(count)]
            taken = pa.array(order, pa.int64())
            columns = [column.take(taken) for column in columns]
        return pa.RecordBatch.from_arrays(
            [
                self._outcomes(count),
                *kept,
                pa.array(self.item, pa.int64()),
                pa.array(self.items, pa.int64()),
                *columns,
                *self._explanations(layout, count),
                pa.repeat(pa.scalar(version), count),
            ],
            schema=layout.schema,
        )

    def _outcomes(self, count: int) -> Array:
        if not self.others:
            return pa.repeat(pa.scalar("event"), count)
        names = ["event"] * count
        for row, other in self.others.items():
            names[row] = "skipped" if isinstance(other, str) else "rejected"
        return pa.array(names, pa.string())

    def _explanations(self, layout: Layout, count: int) -> list[Array]:
        """The columns of skipped and rejected items."""
        names = ("reason", "codes", "messages", "location", "rejected_item")
        kinds = [layout.schema.field(layout.schema.names.index(name)).type for name in names]
        if not self.others:
            return [pa.nulls(count, kind) for kind in kinds]
        values: list[list[Any]] = [[None] * count for _ in names]
        for row, other in self.others.items():
            if isinstance(other, str):
                values[0][row] = other
            else:
                parts = (other.codes, other.messages, other.location, other.item)
                for column, part in zip(values[1:], parts, strict=True):
                    column[row] = part
        return [pa.array(column, kind) for column, kind in zip(values, kinds, strict=True)]


def event_columns(reader: EventReader, events: Sequence[bytes]) -> tuple[list[Array], Array]:
    """An array for each member of events, and the JSON of their other members."""
    records = reader.read(events)
    if records is not None:
        try:
            columns = columns_of_records(reader.members, records, settled=False)
            return columns, pa.nulls(len(events), pa.string())
        except NotCanonicalError:
            pass
    records, others = reader.read_each(events)
    columns = columns_of_records(reader.members, records, settled=True)
    return columns, pa.array([others.get(index) for index in range(len(events))], pa.string())


def _text(text: str) -> str:
    """A text that UTF-8 can hold: halves of surrogate pairs are escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
