"""One header for all bodies of a run may give all events the same id: the run warns once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.calls import ORDER, ORDERS, Call, ndjson, write

WORDS = "events have the same `event_id`: it is read from `x-request-id`"
ID = "event_id: {path: $.id, as: string, on_missing: reject}"
GIVEN = ("--header", "X-Request-Id=r1")
READERS = [
    "event_id: {header: X-Request-Id, on_missing: reject}",
    "event_id: \"id-{{ header['x-request-id'] }}\"",
    "event_id: {first_of: [{header: X-Request-Id}, {path: $.id, as: string}], on_missing: reject}",
    "event_id: {var: id, on_missing: reject}",
]


def prepared(project: Path, event_id: str, *bodies: object) -> None:
    text = ORDERS.replace(ID, event_id).replace(
        "event:\n", "vars:\n  id: {header: X-Request-Id}\nevent:\n", 1
    )
    write(project / "mappings/orders.yaml", text)
    write(project / "in", ndjson(*bodies))


@pytest.mark.parametrize("event_id", READERS)
def test_the_same_id_is_told_once(project: Path, call: Call, event_id: str) -> None:
    prepared(project, event_id, *[ORDER] * 5_000)
    ended = call("run", "orders", "in", "-o", "out", *GIVEN)
    assert ended.err.count(f"all 5,000 {WORDS}") == 1, ended.err
    assert "r1" not in ended.err


def test_also_of_several_processes(project: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mapper.streams.inputs.CHUNK", 600)
    prepared(project, READERS[0], *[ORDER] * 20)
    ended = call("run", "orders", "in", "-o", "out", "--jobs", "2", *GIVEN)
    assert ended.err.count(f"all 20 {WORDS}") == 1


@pytest.mark.parametrize(
    ("event_id", "more"),
    [
        (READERS[0], ("--format", "json", *GIVEN)),
        (ID, GIVEN),
        ("event_id: {literal: same}", GIVEN),
        (READERS[2], ()),
        ("event_id: \"{{ header['x-request-id'] }}-{{ item.id }}\"", GIVEN),
    ],
)
def test_other_runs_are_quiet(project: Path, call: Call, event_id: str, more: tuple[str, ...]) -> None:
    prepared(project, event_id, ORDER, {**ORDER, "id": "o2"})
    ended = call("run", "orders", "in", "-o", "out", *more)
    assert (project / "out").read_text().count("\n") == 2
    assert "same `event_id`" not in ended.err


def test_one_event_has_an_id_of_its_own(project: Path, call: Call) -> None:
    prepared(project, READERS[0], ORDER)
    assert "same `event_id`" not in call("run", "orders", "in", *GIVEN).err


def test_lines_with_their_own_headers_are_quiet(project: Path, call: Call) -> None:
    rows = [{"request": {"headers": {"x-request-id": f"r{n}"}, "body": ORDER}} for n in range(2)]
    prepared(project, READERS[0], *rows)
    ended = call("run", "orders", "in", "--input", "requests", *GIVEN)
    assert [json.loads(line)["event_id"] for line in ended.out.splitlines()] == ["r0", "r1"]
    assert "same `event_id`" not in ended.err
