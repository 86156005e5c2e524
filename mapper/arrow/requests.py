"""Requests: columns beside the bodies become the Request of each row.

A column for headers or query parameters is a map of texts, a struct of texts, a list of structs of `key` and
`value` (as Kafka's headers), or the text of a JSON object. Names and values may be binary: then they are
UTF-8. A column for settings may be these, too, with any JSON as values. The time of receipt is a timestamp
with a time zone or a text of RFC 3339: it comes from a column and never from a clock. Null is no value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa

from mapper.arrow.tables import column_of, is_binary, is_text
from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.errors import ColumnError
from mapper.transform.request import Request

PARTS = ("received_at", "headers", "query", "settings")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_A_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_NO_REQUEST = Request()

Batch: TypeAlias = pa.RecordBatch
DataType: TypeAlias = pa.DataType
# A request, or the reason why the columns of the row hold none.
ReadRequest: TypeAlias = Request | Diagnostic


class _RowError(Exception):
    """A row holds no request; the message is the reason, without a value."""


@dataclass(frozen=True, slots=True)
class RequestColumns:
    """The columns of a table that hold the parts of a request: the part, the column, its type."""

    parts: tuple[tuple[str, str, DataType], ...] = field(default=())

    @classmethod
    def of(cls, schema: pa.Schema, request: Mapping[str, str]) -> RequestColumns:
        """The columns of a schema that `request` names; raises ColumnError."""
        found = []
        for part, name in request.items():
            if part not in PARTS:
                raise ColumnError(f"a request has no `{part}`; its parts are {', '.join(PARTS)}")
            kind = column_of(schema, name, f"`{part}` of the request").type
            _check(part, name, kind)
            found.append((part, name, kind))
        return cls(tuple(found))

    def read(self, batch: Batch) -> list[ReadRequest]:
        """The request of each row of a batch."""
        if not self.parts:
            return [_NO_REQUEST] * batch.num_rows
        columns = [_values(batch.column(name), kind) for _, name, kind in self.parts]
        return [self._request(values) for values in zip(*columns, strict=True)]

    def _request(self, values: tuple[Any, ...]) -> ReadRequest:
        given: dict[str, Any] = {}
        part = ""
        try:
            for (part, _, kind), value in zip(self.parts, values, strict=True):
                if value is not None:
                    given[part] = _part(part, kind, value)
            return Request(**given)
        except _RowError as error:
            reason = f"`{part}` {error}"
        except (TypeError, ValueError) as error:
            reason = str(error)
        return Diagnostic("M011", f"the request of the row cannot be read: {reason}", location="$")


def _check(part: str, name: str, kind: DataType) -> None:
    """Raise ColumnError if a part of a request cannot be read from a column of this type."""
    if part == "received_at":
        if pa.types.is_timestamp(kind) and kind.tz is None:
            raise ColumnError(
                f"the column `{name}` for `received_at` is {kind}, without a time zone: nobody knows which "
                "moments it holds; cast it to a timestamp with one"
            )
        fits, wanted = is_text(kind) or pa.types.is_timestamp(kind), "a timestamp with a time zone, or text"
    elif part == "settings":
        fits = is_text(kind) or _is_pairs(kind) or pa.types.is_struct(kind)
        wanted = "a struct, a map, or the text of a JSON object"
    else:
        fits = is_text(kind) or _holds_texts(kind)
        wanted = (
            "a map or struct of texts, a list of structs of `key` and `value`, or the text of a JSON object"
        )
    if not fits and not pa.types.is_null(kind):
        raise ColumnError(f"the column `{name}` for `{part}` is {kind}; it must be {wanted}")


def _is_pairs(kind: DataType) -> bool:
    """True for maps, and for lists of structs of `key` and `value`."""
    if pa.types.is_map(kind):
        return True
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return (
        is_list
        and pa.types.is_struct(kind.value_type)
        and {each.name for each in kind.value_type}
        == {
            "key",
            "value",
        }
    )


def _holds_texts(kind: DataType) -> bool:
    if pa.types.is_map(kind):
        inner = [kind.key_type, kind.item_type]
    elif _is_pairs(kind):
        inner = [each.type for each in kind.value_type]
    elif pa.types.is_struct(kind):
        inner = [each.type for each in kind]
    else:
        return False
    return all(is_text(one) or is_binary(one) or pa.types.is_null(one) for one in inner)


def _values(column: Any, kind: DataType) -> list[Any]:
    values: list[Any] = (column.cast(pa.int64()) if pa.types.is_timestamp(kind) else column).to_pylist()
    return values


def _part(part: str, kind: DataType, value: Any) -> object:
    """A part of a request, of a value that is not null; raises _RowError, TypeError or ValueError."""
    if part == "received_at":
        return _moment(value, kind.unit) if pa.types.is_timestamp(kind) else value
    if isinstance(value, str):
        return _json_object(value)
    pairs = value.items() if isinstance(value, dict) else map(_pair, value)
    if part == "settings":
        return {_text(name): member for name, member in pairs}
    texts = ((_text(name), _text(member)) for name, member in pairs if member is not None)
    return _joined(texts) if part == "headers" else dict(texts)


def _moment(count: int, unit: str) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=count * 1_000_000 // _A_SECOND[unit])
    except OverflowError:
        raise _RowError("is no moment of the years 1 to 9999") from None


def _json_object(text: str) -> dict[str, object]:
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        raise _RowError("is not JSON") from None
    if not isinstance(value, dict):
        raise _RowError("is JSON but no object")
    return value


def _pair(entry: Any) -> tuple[Any, Any]:
    """The name and the value of an entry of a map, or of a struct of both."""
    if entry is None:
        raise _RowError("has an entry that is null")
    return (entry["key"], entry["value"]) if isinstance(entry, dict) else entry


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Texts by name; lines of the same name are one list (RFC 9110 §5.3)."""
    found: dict[str, str] = {}
    for name, text in pairs:
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _text(value: Any) -> Any:
    if value is None:
        raise _RowError("has a name that is null")
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise _RowError("has a name or a value that is not UTF-8") from None
    return value
