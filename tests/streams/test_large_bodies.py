"""`mapper run` on bodies with large results: their lines are written before they end, and are the same."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mapper
from mapper.streams import batch_mapper
from mapper.streams.batch_mapper import BatchMapper, BatchResult, RunSetup
from mapper.streams.batches import Batch, Files, Position
from mapper.streams.recording import Recording
from mapper.transform import transform as transforms
from support.calls import Call, lines, ndjson, write
from support.processes import run_measured

MAPPING = """\
mapping: shop
version: 1
each: $.orders[*]
skip: [{when: kind == "test", reason: a test}]
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Seen
  user_id: u
  timestamp: "2026-11-23T20:00:00.000Z"
  event_properties: {shop: {envelope: $.shop}, n: $.n}
"""
KINDS: list[dict[str, object]] = [
    {"id": 1},
    {"id": 2},
    {"kind": "test"},
    {"id": None},
    {"id": 5, "n": "n" * 50},
]
WAYS: dict[str, tuple[Callable[[list[object]], bytes], list[str]]] = {
    "lines": (lambda bodies: ndjson(*bodies), []),
    "a document": (lambda bodies: json.dumps(bodies[0], indent=1).encode(), []),
    "one body": (lambda bodies: ndjson(bodies[0]), ["--input", "json"]),
    "no body": (lambda bodies: b"", ["--input", "json"]),
    "broken": (lambda bodies: ndjson(*bodies)[:-9] + b"\n" + ndjson(bodies[1]), []),
}


def body(count: int, shop: str = "s") -> dict[str, object]:
    return {"shop": shop, "orders": [{**KINDS[n % len(KINDS)], "x": n} for n in range(count)]}


BODIES: list[object] = [body(40), body(3), {"orders": []}, body(23, "long " * 9), 7, body(1)]


@pytest.fixture
def piecemeal(monkeypatch: pytest.MonkeyPatch) -> list[BatchResult]:
    """All parts that are written from now on, of which each has few lines."""
    parts: list[BatchResult] = []
    write_part = Recording.write

    def write(recording: Recording, part: BatchResult) -> None:
        parts.append(part)
        write_part(recording, part)

    monkeypatch.setattr(Recording, "write", write)
    monkeypatch.setattr(transforms, "PORTION", 1)
    monkeypatch.setattr(batch_mapper, "MAX_BYTES", 300)
    return parts


def run(call: Call, name: str, *arguments: str) -> tuple[Any, ...]:
    outputs = [f"{name}.{kind}" for kind in ("out", "skip", "no")]
    options = ("-o", outputs[0], "--skipped", outputs[1], "--rejected", outputs[2])
    ended = call("run", "shop", *arguments, *options)
    return ended, *(Path(output).read_bytes() for output in outputs)


@pytest.mark.parametrize("way", WAYS)
def test_lines_that_are_written_early_are_the_same(
    way: str, project: Path, call: Call, request: pytest.FixtureRequest
) -> None:
    make, options = WAYS[way]
    write(project / "mappings/shop.yaml", MAPPING)
    write(project / "in", make(BODIES))
    whole = run(call, "whole", "in", *options)
    parts: list[BatchResult] = request.getfixturevalue("piecemeal")
    assert run(call, "parts", "in", *options) == whole
    assert sum(part.is_amid for part in parts) > (5 if whole[1] else -1)
    assert all(len(part.events) + len(part.rejected) < 2_500 for part in parts)
    # No part but the last of a body moves the position.
    assert all(part.size == 0 for part in parts if part.is_amid)


def test_what_is_replayed_is_written_early_too(
    project: Path, call: Call, request: pytest.FixtureRequest
) -> None:
    write(project / "mappings/shop.yaml", MAPPING.replace("$.orders[*]", "'$.orders[?@.x >= 0]'"))
    write(project / "in", ndjson(*BODIES))
    run(call, "first", "in")
    mended = MAPPING.replace("on_missing: reject", "default: none").replace(
        "$.orders[*]", "'$.orders[?@.x >= 0]'"
    )
    write(project / "mappings/shop.yaml", mended)
    whole = run(call, "whole", "--replay", "first.no")
    assert len(whole[1].splitlines()) > 10
    parts: list[BatchResult] = request.getfixturevalue("piecemeal")
    assert run(call, "parts", "--replay", "first.no") == whole
    assert any(part.is_amid for part in parts)


@pytest.mark.parametrize(
    ("more", "ends"),
    [
        (["--limit", "body_bytes=100"], "M608"),
        (["--limit", "items=3"], "M608"),
    ],
)
def test_a_replayed_body_that_is_rejected_as_a_whole_is_not_lost(
    project: Path, call: Call, more: list[str], ends: str
) -> None:
    write(project / "mappings/shop.yaml", MAPPING.replace("$.orders[*]", "'$.orders[?@.x >= 0]'"))
    write(project / "in", ndjson(body(9)))
    run(call, "first", "in")
    assert [line["item"] for line in lines(project / "first.no")] == [3, 8]
    run(call, "again", "--replay", "first.no", *more)
    (line,) = lines(project / "again.no")
    assert line["codes"] == [ends]


def parts_of(data: bytes, *, is_whole: bool = False) -> Iterator[BatchResult]:
    """The parts of a batch, as a worker makes them."""
    transform = mapper.compile(MAPPING)
    setup = RunSetup(transform, mapper.Request(), None, True, False, False)
    batch = Batch("in", Position(), len(data), data, is_whole=is_whole)
    return BatchMapper(setup, Files())(batch)


@pytest.mark.parametrize("is_whole", [False, True])
def test_counts_of_parts_add_up(piecemeal: list[BatchResult], is_whole: bool) -> None:
    data = ndjson(body(40)) if is_whole else ndjson(body(40), body(7))
    parts = list(parts_of(data, is_whole=is_whole))
    counts: Counter[str] = Counter()
    for part in parts:
        tally = part.tally
        assert tally.events == bytes(part.events).count(b"\n")
        counts.update(items=tally.items, events=tally.events, bodies=tally.bodies)
        counts.update(others=tally.reasons.total() + tally.rejected)
    assert counts["items"] == counts["events"] + counts["others"] == (40 if is_whole else 47)
    assert counts["bodies"] == (1 if is_whole else 2)
    assert [part.is_amid for part in parts][-1] is False


def test_parts_of_bodies_come_from_workers_too(project: Path, call: Call) -> None:
    write(project / "mappings/shop.yaml", MAPPING)
    write(project / "in", ndjson(body(3), body(300, "x" * 60_000), body(4)))
    written = []
    for jobs in ("1", "2"):
        ended = run(call, f"jobs{jobs}", "in", "--jobs", jobs)
        assert len(ended[1]) > batch_mapper.MAX_BYTES
        written.append(ended)
    assert written[0] == written[1]


# A body that becomes 60 MB of events.
LARGE = """\
import json, os, sys
from mapper.cli.dispatch import main
from support.processes import peak
os.chdir(sys.argv[1])
code = main(["run", "m.yaml", "in", "-o", "out", "--rejected", "no", "--skipped", "skip", *sys.argv[2:]])
print(json.dumps([code, peak()]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux does")
@pytest.mark.parametrize("form", ["lines", pytest.param("a document", marks=pytest.mark.slow)])
def test_a_large_result_takes_little_memory(tmp_path: Path, form: str) -> None:
    write(tmp_path / "m.yaml", MAPPING)
    large = json.dumps(body(5_000, "x" * 20_000), indent=1 if form == "a document" else None)
    write(tmp_path / "in", large + "\n")
    code, peak = run_measured(LARGE, str(tmp_path))
    assert code == 1
    assert peak < 90, "megabytes"
    with (tmp_path / "out").open("rb") as events:
        assert sum(1 for _ in events) == 3_000
