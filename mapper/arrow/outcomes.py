"""Outcomes: the outcomes of bodies are collected, and become one record batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa

from mapper.arrow.arrays import NotCanonicalError, columns_of_records
from mapper.arrow.events import MISFITS, EventReader, Record
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
        """The columns of a rejected item of a body, or of null in its place."""
        data = None if body is None else _item_bytes(rejected.item, body)
        messages = tuple(_text(found.message) for found in rejected.diagnostics)
        return cls(rejected.codes, messages, _text(rejected.location), data)

    @property
    def size(self) -> int:
        """Its bytes, about."""
        return len(self.item or b"") + len(self.location) + sum(map(len, self.messages))


@dataclass(slots=True)
class OutcomeRows:
    """The rows of one record batch in the making.

    A run is a number of items in a row of one body: the row of the input, the index of the first of them, the
    number of them, the number of items of the body. `others` has the outcomes that are no events, by row; the
    events of these rows are empty. `other_members` has the JSON of members that are in no column, by row.
    """

    reader: EventReader
    runs: list[tuple[int, int, int, int]] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)
    other_members: dict[int, bytes] = field(default_factory=dict)
    others: dict[int, str | RejectedRow] = field(default_factory=dict)
    held: int = 0  # bytes of the events and the others

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.events)

    def add_events(self, row: int, events: Sequence[bytes]) -> None:
        """Add the events of a body that has no other items."""
        count = len(events)
        self.runs.append((row, 0, count, count))
        self.events += events
        self.held += sum(map(len, events))

    def add(
        self, row: int, item: int, items: int, outcome: bytes | Skipped | Rejected, body: bytes | None
    ) -> None:
        """Add the outcome of one item of a body."""
        self.runs.append((row, item, 1, items))
        if isinstance(outcome, bytes):
            self.events.append(outcome)
            self.held += len(outcome)
            return
        if isinstance(outcome, Skipped):
            self.others[len(self.events)] = reason = _text(outcome.reason)
            self.held += len(reason)
        else:
            self.others[len(self.events)] = rejected = RejectedRow.of(outcome, body)
            self.held += rejected.size
        self.events.append(b"")

    def batch(self, layout: Layout, given: Batch, version: str) -> Batch:
        """The record batch of all rows; `given` is the batch of the input."""
        count = len(self.events)
        rows, item, items = (pa.array(numbers, pa.int64()) for numbers in self._numbers())
        return pa.RecordBatch.from_arrays(
            [
                self._outcomes(count),
                *(given.column(name).cast(each.type).take(rows) for name, each in layout.kept),
                item,
                items,
                *self.event_columns(),
                self.other_column(),
                *self._explanations(layout, count),
                pa.repeat(pa.scalar(version), count),
            ],
            schema=layout.schema,
        )

    def event_columns(self) -> list[Array]:
        """An array for each member of the events; `other_members` is filled."""
        members, decode = self.reader.members, self.reader.decode
        records: list[Record] = []
        for row, event in enumerate(self.events):
            try:
                record = decode(event) if event else self.reader.blank
            except MISFITS:
                record = self._read(row, event)
            records.append(record)
        try:
            return columns_of_records(members, records, settled=False)
        except NotCanonicalError:
            pass
        records = [
            self._read(row, event) if event else self.reader.blank for row, event in enumerate(self.events)
        ]
        return columns_of_records(members, records, settled=True)

    def _read(self, row: int, event: bytes) -> Record:
        record, others = self.reader.read(event)
        if others:
            self.other_members[row] = others
        return record

    def other_column(self) -> Array:
        """The JSON of the other members of the events."""
        count = len(self.events)
        if not self.other_members:
            return pa.nulls(count, pa.string())
        return pa.array([self.other_members.get(row) for row in range(count)], pa.string())

    def _numbers(self) -> tuple[list[int], list[int], list[int]]:
        """For each row that of the input, the index of the item, and the number of items of the body."""
        rows: list[int] = []
        item: list[int] = []
        items: list[int] = []
        for row, first, count, all_items in self.runs:
            if count == 1:
                rows.append(row)
                item.append(first)
                items.append(all_items)
            else:
                rows += [row] * count
                item += range(first, first + count)
                items += [all_items] * count
        return rows, item, items

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


def _text(text: str) -> str:
    """A text that UTF-8 can hold: halves of surrogate pairs are escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _item_bytes(item: object, body: bytes) -> bytes:
    """An item as JSON, or the body if that is the item, or if the item nests too deep to be written."""
    if isinstance(item, bytes):
        return item
    try:
        return encode(item)
    except RecursionError:
        return body
