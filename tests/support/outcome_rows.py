"""Outcome rows: rows of `mapper.arrow` become outcomes again, to be compared with those of `json`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import mapper
from mapper.arrow.columns import ColumnType, ListType, Member, Plain, StructType, columns_of
from mapper.streams.item_lines import encode

Row = dict[str, Any]


def rebuilt(members: Iterable[Member], row: Row, prefix: str = "") -> dict[str, Any]:
    """The event of a row: its columns, and then its other members."""
    event = {}
    for member in members:
        value = row[prefix + member.name]
        if value is not None or (member.is_required and member.allows_null):
            event[member.name] = _value(member.type, value)
    return event | json.loads(row["other_members"] or "{}")


def _value(kind: ColumnType, value: Any) -> Any:
    match kind:
        case _ if value is None:
            return None
        case Plain.JSON:
            return json.loads(value)
        case Plain.MOMENT:
            assert isinstance(value, datetime)
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case ListType():
            return [_value(kind.element, element) for element in value]
        case StructType():
            return {
                member.name: _value(member.type, value[member.name])
                for member in kind.members
                if value[member.name] is not None or (member.is_required and member.allows_null)
            }
        case _:
            return value


def equal_json(left: Any, right: Any) -> bool:
    """Equality of JSON values: 1 is 1.0 and not true, the order of names means nothing."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal_json(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal_json, left, right))
    return bool(left == right)


def check_rows(
    transform: mapper.Transform,
    body: bytes,
    request: mapper.Request | None,
    rows: Sequence[Row],
    prefix: str = "",
) -> None:
    """The rows of a body must be the outcomes of `transform.json`, in the order of its items."""
    result = transform.json(body, request)
    assert [row["item"] for row in rows] == list(range(result.items))
    assert {row["items"] for row in rows} <= {result.items}
    assert {row["mapping"] for row in rows} <= {transform.version}
    members = columns_of(transform._compiled.target)
    events = iter(result.events)
    others: dict[int, Any] = {one.index: one for one in (*result.skipped, *result.rejected)}
    for row in rows:
        other = others.get(row["item"])
        if other is None:
            assert row["outcome"] == "event"
            event = next(events)
            assert equal_json(rebuilt(members, row, prefix), json.loads(event)), event
            assert all(row[name] is None for name in ("reason", "codes", "location", "rejected_item"))
            continue
        assert all(row[prefix + member.name] is None for member in members)
        assert row["other_members"] is None
        if isinstance(other, mapper.Skipped):
            reason = other.reason.encode("utf-8", "backslashreplace").decode()
            assert (row["outcome"], row["reason"], row["codes"]) == ("skipped", reason, None)
        else:
            assert (row["outcome"], row["reason"]) == ("rejected", None)
            assert row["codes"] == list(other.codes)
            assert len(row["messages"]) == len(other.diagnostics)
            assert row["location"] == other.location.encode("utf-8", "backslashreplace").decode()
            assert row["rejected_item"] == written(other, body)
    assert next(events, None) is None


def written(rejected: mapper.Rejected, body: bytes) -> bytes:
    """A rejected item as JSON, or its body if that is the item, or if the item nests too deep."""
    if isinstance(rejected.item, bytes):
        return rejected.item
    try:
        return encode(rejected.item)
    except RecursionError:
        return body
