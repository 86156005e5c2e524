"""Objects with a name twice: the last counts, on every path, and no event has a name twice."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

import mapper
from mapper.runtime.limits import DEFAULT
from mapper.transform import narrow_path
from support.both_paths import assert_same
from support.calls import ORDER, Call, write
from support.examples import slow_but

MAPPING = """\
mapping: names
version: 1
each: {each}
vars:
  object: $.p.o
skip:
  - when: kind == "test"
    reason: a test
event:
  event_id: {{path: $.id, as: string, on_missing: reject}}
  event_name: {{path: $.name, as: string, default: Seen}}
  user_id: u-1
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {properties}
"""

SHAPES = {
    "path": "{path: $.p, as: object, default: {}}",
    "path inside": "{path: $.p.o, as: object, default: {}}",
    "whole item": "{path: $, omit: [z], default: {}}",
    "whole item inside": "{all: $}",
    "body": "{all: {envelope: $}}",
    "merge": "{merge: [{path: $.p, as: object}, {a: $.q.b, total: 1}]}",
    "merge before": "{merge: [{a: $.q.b, b: 1}, {path: $.p, as: object}]}",
    "merge around": "{merge: [{a: 1}, {path: $.p, as: object}, {b: $.q.a}]}",
    "merge of two": "{merge: [{path: $.p, as: object}, {path: $.q, as: object}]}",
    "merge of the same": "{merge: [{path: $.p, as: object}, {path: $.p.o, as: object}]}",
    "omit": "{path: $.p, as: object, omit: [a], default: {}}",
    "pick": "{path: $.p, as: object, pick: [a, o], default: {}}",
    "rename": "{path: $.p, as: object, rename: {a: z, o: y}, default: {}}",
    "flatten": "{path: $.p, as: object, flatten: {separator: '/', lists: index}, default: {}}",
    "prune": "{path: $.p, as: object, prune: ['null', empty], default: {}}",
    "map": "{x: {map: $.l, to: {a: $.a, b: $.o}}, y: {map: $.l, to: $}}",
    "elements": "{x: '$.l[*].o', y: '$.l[0].a'}",
    "descendants": "{x: $..a, y: $.p..o}",
    "branch": "{when: p.a != blank, then: $.p, else: $.q, as: object, default: {}}",
    "options": "{first_of: [$.q, $.p], as: object, default: {}}",
    "var": "{var: object, as: object, default: {}}",
    "entries": "{x: {entries: {path: $.p, as: object}}, y: {object_from: $.q, key: $.key, value: $.value}}",
    "text": "{x: '{{ p | json }}{{ l }}', y: {path: $.p, as: string, on_error: keep}, h: {hash: [$.p, $.l]}}",
    "compute": "{x: {compute: p.o}, y: {compute: l.first}}",
}

# They read the item or the body as a whole: there is no narrow path.
DECODED = ("whole item", "whole item inside", "body", "descendants")

TEMPLATE = """\
mapping: names
version: 1
template: |
  {"event_id": {{ id | append: "" | json }}, "event_name": "Seen", "user_id": "u",
   "timestamp": "2026-11-23T20:00:00.000Z", "event_properties": {"p": {{ p | json }}, "l": {{ l | json }}}}
"""


@cache
def job(shape: str, each: str = "$") -> mapper.Transform:
    if shape == "template":
        return mapper.compile(TEMPLATE)
    return mapper.compile(MAPPING.format(each=each, properties=SHAPES[shape]))


def spelled(chance: random.Random, name: str) -> str:
    """A name as JSON, some of its characters as escapes."""
    return '"' + "".join(f"\\u{ord(c):04x}" if chance.random() < 0.3 else c for c in name) + '"'


def space(chance: random.Random) -> str:
    return chance.choice(("", "", "", "", " ", "\t", "\n ", "\r\n"))


def written_value(chance: random.Random, depth: int) -> str:
    kinds = ("object", "object", "list", "scalar") if depth < 4 else ("scalar",)
    match chance.choice(kinds):
        case "object":
            return written_object(chance, depth + 1)
        case "list":
            inner = (written_value(chance, depth + 1) for _ in range(chance.randrange(4)))
            return "[" + f"{space(chance)},".join(inner) + "]"
        case _:
            return chance.choice(("null", "true", "0", "1.50", "-2e3", '""', '"x"', '"\\u00e9"', "[]", "{}"))


def written_object(
    chance: random.Random, depth: int, names: str = "abokz", first: Sequence[tuple[str, str]] = ()
) -> str:
    """An object of JSON with few different names, and the `first` members before the others."""
    more = [(chance.choice(names), written_value(chance, depth)) for _ in range(chance.randrange(6))]
    if more and chance.random() < 0.7:
        more.append((chance.choice(more)[0], written_value(chance, depth)))
    members = [*first, *((spelled(chance, name), value) for name, value in more)]
    parts = (f"{name}{space(chance)}:{space(chance)}{value}{space(chance)}" for name, value in members)
    return "{" + f",{space(chance)}".join(parts) + "}"


def written_item(chance: random.Random) -> str:
    """An item whose own members may be there twice too. `"id"` comes first, and always in the same way."""
    objects = [(spelled(chance, name), written_object(chance, 1)) for name in "pqp"]
    elements = ",".join(written_object(chance, 2) for _ in range(chance.randrange(3)))
    first = [('"id"', "1"), *objects, (spelled(chance, "l"), f"[{elements}]")]
    if chance.random() < 0.3:
        first.append(('"\\u0069d"', chance.choice(("2", '"x"', "{}"))))
    return written_object(chance, 1, "pqabln", first)


def twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of pairs, none of which has the name of another."""
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def assert_single(transform: mapper.Transform, body: bytes) -> mapper.JsonResult:
    """All paths agree to the byte; in an event a name is there once."""
    assert_same(transform, body)
    made = transform.json(body)
    for event in made.events:
        json.loads(event, object_pairs_hook=twice)
    assert made.events == [msgspec.json.encode(event) for event in transform(body).events]
    # The parser of Python knows no other rule: of equal names, the last counts.
    parsed = transform(json.loads(body))
    assert [json.loads(event) for event in made.events] == parsed.events
    assert [(r.index, r.codes, r.item) for r in made.rejected] == [
        (r.index, r.codes, r.item) for r in parsed.rejected
    ]
    return made


@pytest.mark.parametrize("shape", slow_but([*SHAPES][::2], [*SHAPES, "template"]))
def test_the_last_of_a_name_counts(shape: str) -> None:
    chance = random.Random(shape)
    transform = job(shape)
    assert bool(transform._compiled.narrow) == (shape not in DECODED)
    made = doubled = 0
    for _ in range(60):
        item = written_item(chance)
        made += len(assert_single(transform, item.encode()).events)
        doubled += len(json.loads(item, object_pairs_hook=list)) > len(json.loads(item))
    assert made > 10
    assert doubled > 10


@pytest.mark.parametrize(
    ("properties", "event"),
    [
        ('{"a":1,"a":2}', b'{"a":2}'),
        ('{"a":1,"\\u0061":2}', b'{"a":2}'),
        ('{"a" :1,"a"\\n:2}', b'{"a":2}'),
        ('{"b":{"a":1,"a":[{"c":1,"c":{}}]}}', b'{"b":{"a":[{"c":{}}]}}'),
        ('{"b":[{"\\u00e9":1,"é":2}]}', '{"b":[{"é":2}]}'.encode()),
        ('{"b":1},"properties":{"a":1,"a":3}', b'{"a":3}'),
    ],
)
def test_objects_that_reach_the_event_unchanged(properties: str, event: bytes) -> None:
    transform = mapper.compile(
        MAPPING.format(each="$", properties="{path: $.properties, as: object, default: {}}")
    )
    body = f'{{"id":1,"properties":{properties}}}'.replace("\\n", "\n").encode()
    (made,) = assert_single(transform, body).events
    assert b'"event_properties":' + event in made


@cache
def small_items() -> list[str]:
    """Items of which several fit into a chunk; most are larger."""
    chance, found = random.Random("small"), list[str]()
    while len(found) < 120:
        item = written_item(chance)
        if item.count("{") + item.count("[") < DEFAULT.nesting // 4:
            found.append(item)
    return found


@pytest.mark.parametrize("shape", ["path", "merge", "omit", "rename", "map", "elements", "var"])
@pytest.mark.parametrize("each", ["$", "$.a.items", "['$.other[:].b', $.a.items]"])
def test_batches(shape: str, each: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[int] = []

    def map_chunks(*arguments: Any) -> Any:
        found = chunked(*arguments)
        cut.append(len(found[0]))
        return found

    chunked = narrow_path.map_chunks
    monkeypatch.setattr(narrow_path, "map_chunks", map_chunks)
    chance = random.Random(f"{shape} {each}")
    items = chance.sample(small_items(), 100)
    items[5] = '{"id":3,"kind":"x","\\u006bind":"test"}'
    items[50] = '{"id":3,"id":[]}'
    array = "[" + ",".join(items) + "]"
    body = array if each == "$" else f'{{"a":{{"items":[]}},"a":{{"items":7,"items":{array}}}}}'
    assert body.count("{") + body.count("[") > DEFAULT.nesting
    made = assert_single(job(shape, each), body.encode())
    assert (len(made.events) > 10, made.skipped[0].index, 50 in {r.index for r in made.rejected}) == (
        True,
        5,
        True,
    )
    assert set(cut) == ({100} if each == "$" else set())


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_runs(jobs: int, project: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mapper.streams.inputs.CHUNK", 10_000)
    good, broken = json.dumps(ORDER)[:-1], '{"id": 1, "id": 2'
    lines = [
        f'{good}, "details": {{"total": 1, "t\\u006ftal": {{"n":{n}, "n" : [{n}]}}}}}}' for n in range(400)
    ]
    rejected = f'{good}, "at": 1, "a\\u0074": "soon"}}'
    write(project / "in", "\n".join((*lines, rejected, broken, '{"orders":[7],"orders":[8]}')).encode())
    ended = call("run", "orders", "in", "-o", "events", "--rejected", "rejected", "--jobs", jobs)
    assert ended.code == 1
    events = (project / "events").read_bytes().splitlines()
    found = [json.loads(event, object_pairs_hook=twice)["event_properties"] for event in events]
    assert found == [{"total": {"n": [n]}} for n in range(400)]
    left = (project / "rejected").read_bytes().splitlines()
    payloads = [json.loads(line, object_pairs_hook=twice) for line in left]
    assert payloads[0]["payload"] == {**ORDER, "at": "soon"}
    assert payloads[1]["payload_text"] == broken
    assert payloads[2]["payload"] == 8
