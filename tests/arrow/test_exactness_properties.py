"""Random target schemas and events: the rows, written as JSON again, are the events."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples
from support.random_schemas import FORMATS
from support.schema_values import values_of_schema

pa = pytest.importorskip("pyarrow", reason="the extra `arrow` is not installed")

from mapper.arrow.arrays import arrow_type  # noqa: E402
from mapper.arrow.columns import columns_of  # noqa: E402
from mapper.arrow.events import EventReader  # noqa: E402
from mapper.arrow.outcomes import OutcomeRows  # noqa: E402
from support.outcome_rows import equal_json, rebuilt  # noqa: E402

NAMES = st.sampled_from(["a", "b", "A", "x-1", "é", "", "a.b", "item"])
MOMENTS = [
    *FORMATS["date-time"][:2],
    *("2026-11-23T20:00:00.000Z", "2026-11-23T20:00:00.123Z", "1969-12-31T23:59:59.999Z"),
    *(
        "2016-12-31T23:59:60.000Z",
        "2016-12-31T23:59:60Z",
        "0000-01-01T00:00:00.000Z",
        "0001-01-01T00:00:00.000Z",
    ),
    *("0001-01-01T00:00:00.000+01:00", "9999-12-31T23:59:59.999-01:00", "9999-12-31T23:59:59.999Z"),
    *("2026-11-23T20:00:00.1234567Z", "2026-11-23t20:00:00.123z", "2026-11-23T20:00:00.123+00:00"),
    *("2026-11-23T20:00:00.123-00:00", "2026-11-23T20:00:00.123456Z", "0001-01-01T00:00:00.000001Z"),
]
NUMBERS = st.sampled_from(
    [
        0,
        -1,
        5.0,
        2.5,
        1e300,
        5e-324,
        -0.0,
        2**53,
        2**53 + 1,
        -(2**53) - 1,
        2**63 - 1,
        2**63,
        -(2**63),
        10**40,
        1e20,
    ]
)
DEFINITIONS = {"moment": {"type": "string", "format": "date-time"}}
PLAIN = st.sampled_from(
    [
        *({"type": name} for name in ("string", "integer", "number", "boolean", "null")),
        {"$ref": "#/$defs/moment"},
        {"enum": ["a", "b", None]},
        {"type": ["string", "integer"]},
        {"type": "object"},
        True,
    ]
)


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Any], *, closed: bool) -> dict[str, Any]:
    members = draw(st.dictionaries(NAMES, inner, min_size=1, max_size=4))
    required = draw(st.lists(st.sampled_from(sorted(members)), unique=True))
    schema = {"type": "object", "properties": members, "required": required, "$defs": DEFINITIONS}
    return schema | ({"additionalProperties": False} if closed else {})


PARTS = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        objects(inner, closed=True),
        inner.map(lambda schema: {"type": "array", "items": schema}),
        inner.map(lambda schema: {"anyOf": [schema, {"type": "null"}]}),
        st.tuples(st.sampled_from(["anyOf", "allOf"]), inner, inner).map(lambda parts: {parts[0]: parts[1:]}),
    ),
    max_leaves=6,
)
TARGETS = st.booleans().flatmap(lambda closed: objects(PARTS, closed=closed))


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """A value in which some texts are moments, and some numbers are large."""
    match value:
        case dict():
            return {name: draw(changed(member)) for name, member in value.items()}
        case list():
            return [draw(changed(element)) for element in value]
        case str():
            return draw(st.sampled_from([value, *MOMENTS]))
        case int() | float() if not isinstance(value, bool):
            return draw(st.just(value) | NUMBERS)
        case _:
            return value


def check(schema: Any, events: list[dict[str, Any]]) -> None:
    members = columns_of(json.dumps(schema))
    rows = OutcomeRows(EventReader(members))
    for event in events:
        rows.add_events(0, [json.dumps(event, ensure_ascii=False).encode()])
    names = [f"m{number}" for number in range(len(members))]
    columns = rows.event_columns()
    assert [column.type for column in columns] == [arrow_type(member.type) for member in members]
    for column in columns:
        column.validate(full=True)
    table = pa.table([*columns, rows.other_column()], names=[*names, "other_members"])
    for event, row in zip(events, table.to_pylist(), strict=True):
        found = {member.name: row[name] for name, member in zip(names, members, strict=True)}
        assert equal_json(rebuilt(members, found | {"other_members": row["other_members"]}), event)


@examples(60)
@given(schema=TARGETS, seed=st.integers(0, 2**32), data=st.data())
def test_rows_are_the_events_of_a_target(schema: Any, seed: int, data: st.DataObject) -> None:
    check(schema, [data.draw(changed(event)) for event in values_of_schema(schema, Random(seed), 4)])
