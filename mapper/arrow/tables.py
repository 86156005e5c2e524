"""Tables: record batches come in, and their columns are found by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from mapper.diagnostics.errors import ColumnError

Array: TypeAlias = pa.Array
Batch: TypeAlias = pa.RecordBatch
Field: TypeAlias = pa.Field
Schema: TypeAlias = pa.Schema
DataType: TypeAlias = pa.DataType

_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)


def is_text(kind: DataType) -> bool:
    """True for the types of texts."""
    return any(test(kind) for test in _TEXTS)


def is_binary(kind: DataType) -> bool:
    """True for the types of bytes of any length."""
    return any(test(kind) for test in _BYTES)


def batches_of(table: Any) -> Iterator[Batch]:
    """The record batches of an iterable of them, or of a table of a library that speaks Arrow.

    Raises ColumnError if it holds something else, or if a batch has other columns than the first.
    """
    given: Iterable[Any] = table
    if hasattr(table, "__arrow_c_stream__"):
        given = pa.RecordBatchReader.from_stream(table)
    elif isinstance(table, pa.RecordBatch):
        given = [table]
    first: Schema | None = None
    for number, batch in enumerate(given, 1):
        if not isinstance(batch, pa.RecordBatch):
            raise ColumnError(
                f"batch {number} is of the type {type(batch).__name__}, not pyarrow.RecordBatch"
            )
        first = batch.schema if first is None else first
        if not batch.schema.equals(first):
            raise ColumnError(f"batch {number} has other columns, or of other types, than the first")
        yield batch


def column_of(schema: Schema, name: str, use: str) -> Field:
    """The one column of a name; `use` says what it is for. Raises ColumnError."""
    found = schema.get_all_field_indices(name)
    if len(found) == 1:
        return schema.field(found[0])
    if found:
        raise ColumnError(f"{len(found)} columns have the name `{name}`, which is to be {use}")
    names = ", ".join(f"`{each}`" for each in schema.names[:20])
    raise ColumnError(f"no column `{name}`, which is to be {use}; the columns are {names or 'none'}")


def check_bodies(schema: Schema, name: str) -> None:
    """Raise ColumnError unless the column `name` can hold bodies."""
    kind = column_of(schema, name, "the body").type
    if not is_text(kind) and not is_binary(kind):
        raise ColumnError(f"the column `{name}` for the body is {kind}; bodies are binary or string")


def bodies_of(batch: Batch, name: str) -> list[bytes | None]:
    """The body of each row; None for null."""
    bodies: list[bytes | None] = as_bytes(batch.column(name)).to_pylist()
    return bodies


def as_bytes(column: Array) -> Array:
    """A column of texts or bytes as one of bytes; only views are copied."""
    return column.cast(pa.large_binary())


def largest_row(batch: Batch, names: Sequence[str]) -> int:
    """The bytes of the largest row in some columns, or more."""
    size = 0
    for column in map(batch.column, names):
        if pa.types.is_primitive(column.type):
            size += 16
        elif is_text(column.type) or is_binary(column.type):
            size += pc.max(pc.binary_length(as_bytes(column))).as_py() or 0
        else:
            size += column.nbytes
    return size
