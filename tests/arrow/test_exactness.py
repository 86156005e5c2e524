"""Members at the edge of their columns: the value of the column, and that `other_members` has the rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

pa = pytest.importorskip("pyarrow", reason="the extra `arrow` is not installed")

from mapper.arrow.columns import columns_of  # noqa: E402
from mapper.arrow.events import EventReader  # noqa: E402
from mapper.arrow.outcomes import OutcomeRows  # noqa: E402

MOMENT = {"type": "string", "format": "date-time"}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
# The schema of a member, its JSON, the value of its column, and True if the column holds all of it.
EDGES: dict[str, tuple[Any, str, Any, bool]] = {
    "a moment as mapper writes it": (MOMENT, '"2026-11-23T12:00:00.000Z"', NOON, True),
    "the first moment": (MOMENT, '"0001-01-01T00:00:00.000Z"', datetime(1, 1, 1, tzinfo=UTC), True),
    "the last moment": (
        MOMENT,
        '"9999-12-31T23:59:59.999Z"',
        datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
        True,
    ),
    "a moment of the year 0": (MOMENT, '"0000-12-31T23:59:59.999Z"', None, False),
    "a moment before the year 1": (MOMENT, '"0001-01-01T00:00:00.000+01:00"', None, False),
    "a moment after the year 9999": (MOMENT, '"9999-12-31T23:59:59.999-01:00"', None, False),
    "a leap second": (MOMENT, '"2016-12-31T23:59:60.000Z"', None, False),
    "a moment without milliseconds": (MOMENT, '"2026-11-23T12:00:00Z"', NOON, False),
    "a moment of another zone": (MOMENT, '"2026-11-23T14:00:00.000+02:00"', NOON, False),
    "a moment in small letters": (MOMENT, '"2026-11-23t12:00:00.000z"', NOON, False),
    "a moment in nanoseconds": (
        MOMENT,
        '"2026-11-23T12:00:00.123456789Z"',
        NOON.replace(microsecond=123_456),
        False,
    ),
    "the largest integer": ({"type": "integer"}, str(2**63 - 1), 2**63 - 1, True),
    "the smallest integer": ({"type": "integer"}, str(-(2**63)), -(2**63), True),
    "an integer beyond 64 bits": ({"type": "integer"}, str(2**63), None, False),
    "an integer with decimals": ({"type": "integer"}, "5.0", 5, True),
    "an integer with an exponent": ({"type": "integer"}, "1e30", None, False),
    "a number without decimals": ({"type": "number"}, str(2**53), float(2**53), True),
    "a number beyond 53 bits": ({"type": "number"}, str(2**53 + 1), None, False),
    "a large number": ({"type": "number"}, "1e300", 1e300, True),
    "null of a member that may be absent": ({"type": ["string", "null"]}, "null", None, False),
    "a member of another type": ({"type": "string"}, "1", None, False),
    "open objects": ({"type": "object"}, '{"a": 1.50, "a": 2}', '{"a": 1.50, "a": 2}', True),
    "a union": ({"type": ["string", "integer"]}, '"1"', '"1"', True),
}


# A list of JSON is JSON as a whole, and an element is never absent.
ALONE = {"null of a member that may be absent", "open objects", "a union"}
CASES = [(kind, False) for kind in EDGES] + [(kind, True) for kind in EDGES if kind not in ALONE]


@pytest.mark.parametrize(("kind", "is_inside"), CASES)
def test_a_column_holds_a_member_or_other_members_do(kind: str, is_inside: bool) -> None:
    schema, text, wanted, is_exact = EDGES[kind]
    if is_inside:
        schema, text = {"type": "array", "items": schema}, f"[{text}]"
        wanted = None if wanted is None else [wanted]
    members = columns_of(json.dumps({"type": "object", "properties": {"x": schema}}))
    for beside in ("{}", '{"y": 1}'):  # alone, and with an event that is read member by member
        rows = OutcomeRows(EventReader(members))
        rows.add_events(0, [b'{"x":%b}' % text.encode(), beside.encode()])
        (column,) = rows.event_columns()
        assert column.to_pylist() == [wanted, None]
        others = rows.other_column().to_pylist()
        assert others == [None if is_exact else f'{{"x":{text}}}', None if beside == "{}" else '{"y":1}']
