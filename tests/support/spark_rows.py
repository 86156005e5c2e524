"""Spark rows: those that a table must hold for the bodies that were mapped, from `transform.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import mapper
from mapper.catalog import require_mapping
from mapper.diagnostics.diagnostic import Report
from mapper.samples.cases import Sample, find_cases
from mapper.streams.item_lines import encode

HOSTILE = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b"\xff\xfe{",
    b"\xef\xbb\xbf{}",
    b'{"a": NaN}',
    b"[" * 5_000,
    b'{"events": []}',
    b'{"events": [1, null, {}, "x"]}',
    b'{"batch": [[], {"type": "track"}]}',
    b'{"type": "track", "event": "\\ud800", "userId": "u", "messageId": "m"}',
    b'{"type": "track", "userId": 1e400, "messageId": 12345678901234567890123}',
    b"\x1f\x8b\x08\x00",
    b"a=1&b=2",
)


def samples_of(name: str) -> list[Sample]:
    """The samples of a shipped mapping."""
    path = require_mapping(name, Report())
    assert path is not None
    loaded = [case.load() for case in find_cases(path)]
    return [sample for sample in loaded if isinstance(sample, Sample)]


def expected_rows(transform: mapper.Transform, body: bytes, request: mapper.Request) -> list[tuple[Any, ...]]:
    """Outcome, index and content for each item of a body."""
    rows: list[tuple[Any, ...]] = []
    for index, outcome in enumerate(transform.stream(body, request)):
        match outcome:
            case bytes():
                rows.append(("event", index, json.loads(outcome)))
            case mapper.Skipped():
                rows.append(("skipped", index, outcome.reason))
            case _:
                item = outcome.item
                if not isinstance(item, bytes):
                    try:
                        item = encode(item)
                    except RecursionError:
                        item = body
                rows.append(("rejected", index, (list(outcome.codes), outcome.location, item)))
    result = transform.json(body, request)
    assert len(rows) == result.items
    assert [row[2] for row in rows if row[0] == "event"] == [json.loads(event) for event in result.events]
    return rows


def found_row(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """The same of a row of a table."""
    match row["outcome"]:
        case "event":
            return "event", row["item"], event_of(row)
        case "skipped":
            return "skipped", row["item"], row["reason"]
        case _:
            item = row["rejected_item"]
            content = (list(row["codes"]), row["location"], None if item is None else bytes(item))
            return "rejected", row["item"], content


def event_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The event of a row, for the schema of events that is shipped."""
    event = {name: row[name] for name in ("event_id", "event_name", "user_id")}
    moment: datetime = row["timestamp"]
    aware = moment.astimezone() if moment.tzinfo is None else moment  # Spark gives local times
    event["timestamp"] = aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event["event_properties"] = json.loads(row["event_properties"])
    return event | json.loads(row["other_members"] or "{}")


def by_body(rows: Iterable[Mapping[str, Any]]) -> dict[int, list[tuple[Any, ...]]]:
    """The rows of each body, whose number is in the column `n`, in the order of the table."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row["n"], []).append(found_row(row))
    return found
