"""Arrays: column types become Arrow's, and the values of records become Arrow arrays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import attrgetter
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from mapper.arrow.columns import ColumnType, ListType, Member, Plain, StructType
from mapper.arrow.events import attribute

Array: TypeAlias = pa.Array
DataType: TypeAlias = pa.DataType

MOMENT = pa.timestamp("us", tz="UTC")
_PLAIN: dict[Plain, DataType] = {
    Plain.TEXT: pa.string(),
    Plain.MOMENT: MOMENT,
    Plain.INTEGER: pa.int64(),
    Plain.NUMBER: pa.float64(),
    Plain.BOOLEAN: pa.bool_(),
    Plain.JSON: pa.string(),
}
_FIRST_YEAR = pa.scalar(-62_135_596_800_000, pa.int64()).cast(pa.timestamp("ms", tz="UTC"))  # 0001-01-01
_T, _ZONE = (10, 11), (23, 24)  # the places of the letter between day and time, and of `Z`


class NotCanonicalError(Exception):
    """A date-time is not written as mapper writes it."""


def arrow_type(kind: ColumnType) -> DataType:
    """The Arrow type of a column. All parts may be null, as skipped and rejected items have none."""
    match kind:
        case ListType():
            return pa.list_(arrow_type(kind.element))
        case StructType():
            return pa.struct([pa.field(member.name, arrow_type(member.type)) for member in kind.members])
        case _:
            return _PLAIN[kind]


def columns_of_records(members: Sequence[Member], records: Sequence[Any], *, settled: bool) -> list[Array]:
    """An array for each member.

    Raises NotCanonicalError for date-times in other forms than `events.is_canonical` allows, unless they are
    `settled`, which means that they are readable.
    """
    return [
        _array(member.type, list(map(attrgetter(attribute(index)), records)), settled)
        for index, member in enumerate(members)
    ]


def _array(kind: ColumnType, values: list[Any], settled: bool) -> Array:
    match kind:
        case Plain.JSON:
            return _json_array(values)
        case Plain.MOMENT:
            texts = pa.array(values, pa.string())
            return texts.cast(MOMENT) if settled else _canonical_moments(texts)
        case ListType():
            return _list_array(kind, values, settled)
        case StructType():
            return _struct_array(kind, values, settled)
        case _:
            return pa.array(values, _PLAIN[kind])


def _json_array(values: list[Any]) -> Array:
    """The texts of parts of events, which are UTF-8; they are joined, which takes a third of the time."""
    are_present: Array = None
    texts = values
    if any(raw is None for raw in values):
        are_present = pa.array([raw is not None for raw in values], pa.bool_()).buffers()[1]
        texts = [b"" if raw is None else raw for raw in values]
    ends = pa.array([0, *accumulate(map(len, texts))], pa.int32())
    buffers = [are_present, ends.buffers()[1], pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(pa.string(), len(texts), buffers)


def _canonical_moments(texts: Array) -> Array:
    """The moments of texts that are all canonical: written again, they are the same.

    They are written without a time zone, which takes a tenth of the time. A text that can be read has one,
    and without the first letter of it nothing else is left of `Z`.
    """
    try:
        moments = texts.cast(pa.timestamp("ms", tz="UTC"))
    except pa.ArrowInvalid:
        raise NotCanonicalError from None
    written = pc.binary_replace_slice(moments.cast(pa.timestamp("ms")).cast(pa.string()), *_T, "T")
    if not pc.all(pc.equal(written, pc.binary_replace_slice(texts, *_ZONE, "")), min_count=0).as_py():
        raise NotCanonicalError
    if pc.any(pc.less(moments, _FIRST_YEAR)).as_py():
        raise NotCanonicalError
    return moments.cast(MOMENT)


def _list_array(kind: ListType, values: list[Any], settled: bool) -> Array:
    ends: list[int | None] = []
    elements: list[Any] = []
    for value in values:
        ends.append(None if value is None else len(elements))
        elements += value or ()
    ends.append(len(elements))
    offsets = pa.array(ends, pa.int32())
    return pa.ListArray.from_arrays(offsets, _array(kind.element, elements, settled))


def _struct_array(kind: StructType, values: list[Any], settled: bool) -> Array:
    missing = [value is None for value in values]
    parts: list[Array] = []
    for index, member in enumerate(kind.members):
        get = attrgetter(attribute(index))
        parts.append(_array(member.type, [None if v is None else get(v) for v in values], settled))
    fields = list(arrow_type(kind))
    return pa.StructArray.from_arrays(parts, fields=fields, mask=pa.array(missing, pa.bool_()))
