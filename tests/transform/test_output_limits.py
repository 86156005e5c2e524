"""Limits of events and results: measured before they are made, with the same outcome on every path."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from mapper.ir.growth import growth
from mapper.runtime import growth as runtime
from mapper.runtime.limits import DEFAULT, Limits
from mapper.transform import narrow_path
from support.conservation import assert_conserved, in_full
from support.examples import examples, slow_but, thinned
from support.places import ROOT

HEAD = """\
mapping: m
version: 1
each: EACH
event:
  event_id: {path: $.id, as: string, default: e}
  event_name: Seen
  user_id: u
  timestamp: "2026-11-23T20:00:00.000Z"
  event_properties: {merge: [PROPERTIES]}
"""
SHOP = {"name": 'Zoë\'s "shop"', "tags": [1, 2.5, 1e15, None, True], "note": "x" * 40}
ITEM = {"id": "o", "p": {"a": 1, "n": {"k": "v" * 30}}, "x": [{"s": i, "t": "ab"} for i in range(6)], "n": 3}


def same(count: int) -> str:
    """Properties that pass on one and the same value."""
    return "{" + ", ".join(f"k{i}: $.p" for i in range(count)) + "}"


# What the properties of an event repeat, or make out of little.
PROPERTIES = {
    "passed on": "$.p",
    "an envelope": "{shop: {envelope: $.shop}}",
    "an envelope's text": "{shop: {envelope: $.shop.name}, again: {envelope: $.shop.name}}",
    "the same path": same(50),
    "the same operand": "$.p, $.p, {a: $.p, b: {merge: [$.p, {z: $.p}]}}",
    "map and envelope": "{m: {map: $.x, to: {envelope: $}}}",
    "map in map": "{m: {map: $.x, to: {map: {envelope: $.orders}, to: $.p}}}",
    "map in map of the element": "{m: {map: $.y, to: {map: $, to: {s: $}}}}",
    "maps side by side": "{m: {map: $.x, to: {envelope: $.shop}}, n: {map: $.x, to: {envelope: $.shop}}}",
    "map and merge": "{m: {map: $.x, to: {merge: [$, {envelope: $.shop}]}}}",
    "map and missing": "{m: {map: $.x, to: {first_of: [$.none, {envelope: $.none}]}}}",
    "map and hash": "{m: {map: $.x, to: {hash: [$, {envelope: $.shop}]}}}",
    "map and constants": "{m: {map: $.x, to: {c: " + "c" * 300 + ", s: $.s}}}",
    "map and text": "{m: {map: $.x, to: '{{ t }}{{ t | append: t }}'}}",
    "a list of lists": "{l: [$.x, $.x, [$.p, {envelope: $.shop}]]}",
    "many of one path": "{l: '$..*'}",
    "selectors": "{l: \"$['p', 'p', 'x', 'x']\"}",
    "a printed object": "{t: '{{ envelope.shop }}{{ p }}'}",
    "a loop": "{t: '{% for v in (1..n) %}{{ envelope.shop.name }}{% endfor %}'}",
    "a growing text": '{t: \'{{ p.n.k | replace: "v", "wwww" }}\'}',
    "a JSON text": "{j: {liquid: '{{ x | json }}', as: json}}",
    "a number's text": "{n: {path: $.big, as: string}, m: {path: $.big, as: integer}}",
    "renamed": "{path: $.p, as: object, rename: {a: a_much_longer_name}}, {path: $.p, omit: [n]}",
    "pruned": "{path: $.p, prune: [null, blank]}, {a: {envelope: $.shop, prune: [null]}}",
    "flattened": "{path: $.p, flatten: {}}, {a: {path: $, flatten: {lists: index, separator: __}}}",
    "map and flattened": "{m: {map: $.x, to: {object: {a: {b: $}, c: {d: $}}, flatten: {}}}}",
    "alternatives": "{a: {first_of: [$.none, {envelope: $.shop}]}, b: {when: p, then: $.p, else: $.x}}",
    "a case": "{a: {match: $.n, cases: {3: $.p}, else: $.x}, b: {path: $.none, default: many words}}",
    "entries": "{e: {entries: $.p}, f: {map: {entries: $.p}, to: {k: $.key, v: [$.value, $.value]}}}",
    "an object of a list": "{o: {object_from: $.x, key: $.s, value: [$, $], on_duplicate: list}}",
    "an object of the same key": "{o: {object_from: $.x, key: $.t, value: $.s, on_duplicate: list}}",
    "an object of entries": "{o: {object_from: $.p, key: '{{ key }}-{{ key }}', value: {envelope: $.shop}}}",
    "a path on others": "{o: {path: $..k, of: [$.p, $.p, {envelope: $.shop}]}, n: {path: $.n, of: $.p}}",
    "one of several": "{t: {path: '$..*', take: last}, u: {envelope: '$.orders[*]', take: first}}",
    "objects of lists, in part": "{o: {path: '$[0, 1]', of: [OBJECT, {a: OBJECT}]}, e: OBJECT}",
    "a list that is kept, and parts of others": "{m: LIST, h: {hash: [LIST]}, t: {path: '$[0]', of: LIST}, "
    "k: {match: LIST, cases: {null: a}, else: b}, n: {map: LIST, to: $.name}}",
    "a header": "{h: {header: X-Long}, t: {received_at: true}}",
}
PARTS = {
    "OBJECT": "{object_from: $.x, key: $.s, value: {envelope: $.shop.name}}",
    "LIST": "{map: $.x, to: {envelope: $.shop}}",
}
for part, text in PARTS.items():
    PROPERTIES = {name: value.replace(part, text) for name, value in PROPERTIES.items()}
EACH = {
    "one": "$",
    "orders": "$.orders[*]",
    "nested": "['$.orders[*].o', '$.orders[*]']",
    "overlapping": "$..p",
}
REQUEST = mapper.Request({"X-Long": "h" * 100}, received_at="2026-11-23T20:00:00Z")


def body_of(each: str, count: int = 4) -> dict[str, Any]:
    item = ITEM | {"y": [[1, 2], [3]], "big": 9e15}
    if each == "$":
        return item | {"shop": SHOP, "orders": [item] * 2}
    return {"shop": SHOP, "orders": [item | {"id": f"o{i}", "p": ITEM["p"] | {"a": i}} for i in range(count)]}


@lru_cache(maxsize=4)
def compiled(each: str, properties: str) -> mapper.Transform:
    return mapper.compile(HEAD.replace("EACH", each).replace("PROPERTIES", properties))


def limited(each: str, properties: str, limits: Limits) -> mapper.Transform:
    """What `mapper.compile` gives with these limits: those of an event and of a result change no code."""
    return mapper.Transform(replace(compiled(each, properties)._compiled, limits=limits))


def test_limits_of_bytes_change_no_code() -> None:
    properties = PROPERTIES["map and envelope"]
    limits = Limits(event_bytes=100, result_bytes=150)
    expected = mapper.compile(mapping_of("$", properties), limits=limits)
    assert limited("$", properties, limits)._compiled == expected._compiled


Outcome = tuple[list[object], list[tuple[int, str, tuple[str, ...]]]]


def outcome(result: mapper.Result | mapper.JsonResult) -> Outcome:
    events = [json.loads(event) if isinstance(event, bytes) else event for event in result.events]
    assert result.items == len(result.events) + len(result.skipped) + len(result.rejected)
    return events, [(one.index, one.location, one.codes) for one in result.rejected]


def outcomes(transform: mapper.Transform, payload: object) -> dict[str, Outcome]:
    """What every way of calling a transform gives."""
    body = json.dumps(payload).encode()
    again = pickle.loads(pickle.dumps(transform))
    ways: dict[str, Callable[[], mapper.Result | mapper.JsonResult]] = {
        "bytes": lambda: transform(body, REQUEST),
        "parsed": lambda: transform(json.loads(body), REQUEST),
        "trusted": lambda: transform(json.loads(body), REQUEST, trusted=True),
        "json": lambda: transform.json(body, REQUEST),
        "json of indented text": lambda: transform.json(json.dumps(payload, indent=1).encode(), REQUEST),
        "pickled": lambda: again.json(body, REQUEST),
        "stream": lambda: in_full(transform.stream(body, REQUEST)),
        "stream of what is parsed": lambda: in_full(transform.stream(json.loads(body), REQUEST)),
    }
    return {name: outcome(way()) for name, way in ways.items()}


def assert_same(transform: mapper.Transform, payload: object) -> Outcome:
    found = outcomes(transform, payload)
    for name, one in found.items():
        assert one == found["bytes"], name
    assert_conserved(transform, json.dumps(payload).encode(), REQUEST)
    return found["bytes"]


@contextmanager
def defaults(event_bytes: int, result_bytes: int) -> Iterator[None]:
    """Other default limits, so that the narrow path, which knows no others, meets small ones."""
    before, room = (DEFAULT.event_bytes, DEFAULT.result_bytes), runtime.ROOM
    try:
        object.__setattr__(DEFAULT, "event_bytes", event_bytes)
        object.__setattr__(DEFAULT, "result_bytes", result_bytes)
        for module in (runtime, narrow_path):
            module.ROOM = min(event_bytes, result_bytes) // 8  # type: ignore[attr-defined]
        yield
    finally:
        object.__setattr__(DEFAULT, "event_bytes", before[0])
        object.__setattr__(DEFAULT, "result_bytes", before[1])
        for module in (runtime, narrow_path):
            module.ROOM = room  # type: ignore[attr-defined]


def expected(sizes: list[int], event_bytes: int, result_bytes: int) -> list[str]:
    """What becomes of events of these sizes, by the words of docs/language.md."""
    found, total = [], 0
    for size in sizes:
        if total > result_bytes:
            found.append("M625")
        elif size > event_bytes:
            found.append("M624")
        else:
            total += size
            found.append("M625" if total > result_bytes else "event")
    return found


def as_words(found: Outcome, count: int) -> list[str]:
    rejected = {index: codes[0] for index, _, codes in found[1]}
    return [rejected.get(index, "event") for index in range(count)]


def assert_limited(each: str, properties: str, payload: object, *, by_default: bool) -> None:
    """Just below, at and just above the size of each event, and of each sum of them."""
    free = compiled(each, properties)(json.dumps(payload).encode(), REQUEST)
    assert not free.rejected
    sizes = [len(msgspec.json.encode(event)) for event in free.events]
    assert sizes
    most = sum(sizes)
    pairs = [(max(sizes) + more, most) for more in (-1, 0, 1)]
    sums = list(accumulate(sizes))
    pairs += [(most, part + more) for part in {sums[0], sums[len(sums) // 2], most} for more in (-1, 0, 1)]
    pairs += [(most * 8, most * 8)]
    for event_bytes, result_bytes in dict.fromkeys(pairs):
        if by_default:
            with defaults(event_bytes, result_bytes):
                found = assert_same(limited(each, properties, DEFAULT), payload)
        else:
            limits = Limits(event_bytes=event_bytes, result_bytes=result_bytes)
            found = assert_same(limited(each, properties, limits), payload)
        words = as_words(found, len(sizes))
        assert words == expected(sizes, event_bytes, result_bytes), (sizes, event_bytes, result_bytes)
        assert found[0] == [e for e, word in zip(free.events, words, strict=True) if word == "event"]


@pytest.mark.parametrize(("name", "each"), thinned(3, PROPERTIES, EACH))
def test_an_event_and_a_result_end_at_their_limits(name: str, each: str) -> None:
    assert_limited(EACH[each], PROPERTIES[name], body_of(EACH[each]), by_default=False)


@pytest.mark.slow
@pytest.mark.parametrize("each", EACH)
@pytest.mark.parametrize("name", PROPERTIES)
def test_the_narrow_path_ends_at_the_same_limits(name: str, each: str) -> None:
    assert_limited(EACH[each], PROPERTIES[name], body_of(EACH[each]), by_default=True)


@pytest.mark.parametrize("each", ["$", "$.orders[*]"])
def test_a_large_event_of_a_tiny_body_ends_at_the_same_limits(each: str) -> None:
    properties = "{t: '{% for v in (1..n) %}some words{% endfor %}'}"
    for payload in ({"n": 200}, [{"n": 200}, {"n": 1}]) if each == "$" else ({"orders": [{"n": 200}]},):
        assert_limited(each, properties, payload, by_default=True)


SHIPPED = {
    "amplitude-cohort": {
        "cohort_name": "A long name " * 30,
        "cohort_id": "c",
        "in_cohort": True,
        "computed_time": "1777890030",
        "message_id": "m",
        "users": [{"user_id": f"u{i}"} for i in range(40)],
    },
    "moengage": {
        "moe_request_id": "r" * 300,
        "events": [
            {"event_uuid": f"e{i}", "uid": "u", "event_name": "Seen", "event_time": 1777890030}
            | {"event_attributes": {"n": i}}
            for i in range(40)
        ],
    },
}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_mappings_end_at_their_limits(name: str) -> None:
    payload, free = SHIPPED[name], mapper.load(name)(SHIPPED[name], REQUEST)
    sizes = [len(msgspec.json.encode(event)) for event in free.events]
    assert len(sizes) == 40
    for event_bytes, result_bytes in ((10_000, sum(sizes)), (10_000, sum(sizes) - 1), (10_000, 5_000)):
        limits = Limits(event_bytes=event_bytes, result_bytes=result_bytes)
        set_by_host = assert_same(mapper.load(name, limits=limits), payload)
        with defaults(event_bytes, result_bytes):
            assert assert_same(mapper.load(name), payload) == set_by_host
        assert as_words(set_by_host, 40) == expected(sizes, event_bytes, result_bytes)


# --- random mappings

LEAVES = [
    "$.p",
    "$.n",
    "$.x",
    "{envelope: $.shop}",
    "{envelope: '$.shop.name'}",
    "{envelope: '$.orders[*].n'}",
    "'{{ p | json }}'",
    "'{{ envelope.shop.name }}-{{ n }}'",
    "{hash: [$.p, $.n]}",
    "{path: $.n, as: string}",
    "a constant",
]


def larger(value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(value, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda some: "{object: {" + ", ".join(f"k{i}: {v}" for i, v in enumerate(some)) + "}}"),
        several.map(lambda some: "[" + ", ".join(some) + "]"),
        value.map(lambda one: f"{{map: $.x, to: {one}}}"),
        value.map(lambda one: f"{{map: {{envelope: $.orders}}, to: {one}}}"),
        several.map(lambda some: "{first_of: [" + ", ".join(some) + "]}"),
        value.map(lambda one: f"{{object_from: $.p, key: $.key, value: {one}}}"),
        value.map(lambda one: f"{{object_from: $.x, key: $.s, value: {one}, on_duplicate: list}}"),
        value.map(lambda one: f"{{entries: {{object: {{a: {one}, b: {one}}}}}}}"),
        value.map(lambda one: f"{{path: '$[0, 1, \"a\"]', of: [{one}, {{a: {one}}}]}}"),
        value.map(lambda one: f"{{merge: [{{a: {one}}}, $.none]}}"),
        value.map(lambda one: f"{{when: n == 3, then: {one}, else: $.p}}"),
    )


VALUES = st.recursive(st.sampled_from(LEAVES), larger, max_leaves=8)


@examples(30)
@given(VALUES, st.sampled_from(["nested", "one", "orders"]), st.booleans())
def test_random_mappings_end_at_their_limits(value: str, each: str, by_default: bool) -> None:
    properties = "{v: " + value + "}"
    if any(d.severity is mapper.Severity.ERROR for d in mapper.check(mapping_of(EACH[each], properties))):
        return
    assert_limited(EACH[each], properties, body_of(EACH[each], 2), by_default=by_default)


def mapping_of(each: str, properties: str) -> str:
    return HEAD.replace("EACH", each).replace("PROPERTIES", properties)


@pytest.mark.slow
@examples(100)
@given(VALUES, st.sampled_from(sorted(EACH)), st.integers(0, 8))
def test_events_stay_within_the_bound_of_their_mapping(value: str, each: str, count: int) -> None:
    assert_bound_holds(EACH[each], "{v: " + value + "}", body_of(EACH[each], count))


@pytest.mark.parametrize(("name", "each"), thinned(3, PROPERTIES, EACH))
def test_the_bound_of_a_mapping_holds(name: str, each: str) -> None:
    assert_bound_holds(EACH[each], PROPERTIES[name], body_of(EACH[each]))


def assert_bound_holds(each: str, properties: str, payload: object) -> None:
    """What is not measured because it cannot be too large is not."""
    report = Report()
    program = analyse(SourceFile("m", mapping_of(each, properties)), None, report).program
    if report.has_errors or program is None:
        return
    body = json.dumps(payload, separators=(",", ":")).encode()
    # A number may be shorter in the body than in an event.
    size = runtime.INFLATION * len(body)
    result = compiled(each, properties)(body, REQUEST)
    sizes = [len(msgspec.json.encode(event)) for event in result.events]
    bound = growth(program)
    tight = Limits(text_length=2_000, event_bytes=2_000_000)  # more than any list of these bodies takes
    assert sum(sizes) <= bound.max_bytes(len(sizes), size, tight)
    assert all(one <= bound.max_bytes(1, size, tight) for one in sizes)


# --- what is not measured, and what is not made


@pytest.mark.parametrize("name", ["segment", "server", "webengage"])
def test_what_a_mapping_of_few_repetitions_makes_of_one_item_is_not_measured(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise AssertionError("measured")

    monkeypatch.setattr("mapper.transform.room.size_of", refuse)
    case = json.loads(next((ROOT / "mappings" / name).glob("*.json")).read_text("utf-8"))
    transform = mapper.load(name)
    for parsed in (case, case[0] if isinstance(case, list) else case):
        transform(parsed)
        transform.json(json.dumps(parsed).encode())


def test_sizes_are_those_of_compact_json() -> None:
    for value in (
        {},
        [],
        {"a": {}},
        [[], {"é": "\u2028\x01"}],
        SHOP,
        ITEM,
        [1e15, 1e-7, 10**40, -0.0],
        "a",
        None,
    ):
        size = len(msgspec.json.encode(value))
        for levels in range(4):
            assert runtime.size_of(value, levels, size) == size
            assert runtime.size_of(value, levels, size - 1) > size - 1


ORDERS = """\
mapping: m
version: 1
each: $.orders[*]
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Seen
  user_id: u
  timestamp: "2026-11-23T20:00:00.000Z"
  event_properties: {shop: {envelope: $.shop}}
"""
# Mapping, and a body of less than 600 kB that would become hundreds of megabytes or more.
BOMBS = {
    "an envelope in each event": (
        ORDERS,
        '{"shop": "x" * 500_000, "orders": [{"id": i} for i in range(4_000)]}',
    ),
    "map and envelope": (
        mapping_of("$", "{m: {map: $.x, to: {envelope: $}}}"),
        '{"x": [1] * 10_000, "s": "x" * 400_000}',
    ),
    "map in map": (
        mapping_of("$", "{m: {map: $.x, to: {map: {envelope: $.x}, to: {map: {envelope: $.x}, to: $}}}}"),
        '{"x": ["some text"] * 30_000}',
    ),
    "map and merge": (
        mapping_of("$", "{m: {map: $.x, to: {merge: [{envelope: $.o}]}}}"),
        '{"x": [1] * 20_000, "o": {str(i): i for i in range(20_000)}}',
    ),
    "one path a thousand times": (mapping_of("$", same(1_000)), '{"p": "x" * 500_000}'),
    "the shipped cohort mapping": (
        (ROOT / "mappings/amplitude-cohort.yaml").read_text("utf-8"),
        '{"cohort_name": "x" * 400_000, "cohort_id": "c", "in_cohort": True, "computed_time": "1777890030", '
        '"message_id": "m", "users": [{"user_id": f"u{i}"} for i in range(2_000)]}',
    ),
}
# Not ru_maxrss: after exec that still counts the memory of the process that started this one.
PEAK = """\
def peak():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) // 1024
"""
RUN = (
    PEAK
    + """\
import json, os, resource, sys
import mapper
mapping, payload = sys.argv[1:]
transform = mapper.compile(mapping, filename="mappings/m.yaml")
payload = eval(payload)
body = json.dumps(payload).encode()
assert len(body) < 600_000
resource.setrlimit(resource.RLIMIT_AS, (1_600 << 20, 1_600 << 20))
ways = (lambda: transform.json(body), lambda: transform(body), lambda: transform(payload))
for way in ways:
    if child := os.fork():  # the peak of a process counts from its fork
        if os.waitpid(child, 0)[1]:
            sys.exit(1)
        continue
    before = peak()
    result = way()
    events = sum(len(e) if isinstance(e, bytes) else len(json.dumps(e)) for e in result.events)
    codes = sorted({code for one in result.rejected for code in one.codes})
    grown = peak() - before
    print(json.dumps([len(result.events), len(result.rejected), events, codes, grown]))
    sys.exit()
"""
)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited and measured as Linux does")
@pytest.mark.parametrize("name", slow_but(["an envelope in each event"], BOMBS))
def test_a_small_body_does_not_become_gigabytes(name: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", RUN, *BOMBS[name]], capture_output=True, text=True, cwd=ROOT, timeout=600
    )
    assert ended.returncode == 0, ended.stderr[-1000:]
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(found) == 3
    for events, rejected, size, codes, grown in found:
        assert events + rejected in ((2_000, 4_000) if codes == ["M625"] else (1,))
        assert codes in (["M624"], ["M625"])
        assert size < 1.1 * DEFAULT.result_bytes
        assert grown < 900, "megabytes"


@pytest.mark.slow
def test_what_runs_says_the_same_with_any_number_of_jobs(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(ORDERS, "utf-8")
    bodies = [
        {"shop": "x" * size, "orders": [{"id": str(i)} for i in range(9)]} for size in (10, 100, 300, 20)
    ]
    (tmp_path / "in.ndjson").write_text("".join(json.dumps(body) + "\n" for body in bodies), "utf-8")
    written = []
    for jobs in ("1", "2"):
        command = [
            sys.executable,
            "-m",
            "mapper",
            "run",
            str(tmp_path / "m.yaml"),
            str(tmp_path / "in.ndjson"),
        ]
        options = ["-o", f"{tmp_path}/out", "--rejected", f"{tmp_path}/no", "--jobs", jobs]
        limits = ["--limit", "result_bytes=1800", "--limit", "event_bytes=400"]
        ended = subprocess.run([*command, *options, *limits], capture_output=True, text=True, cwd=ROOT)
        assert ended.returncode == 1, ended.stderr
        written.append(((tmp_path / "out").read_text("utf-8"), (tmp_path / "no").read_text("utf-8")))
    assert written[0] == written[1]
    lines = [json.loads(line) for line in written[0][1].splitlines()]
    events = len(written[0][0].splitlines())
    assert events + len(lines) == 36
    assert {(line["line"], *line["codes"]) for line in lines} == {(2, "M625"), (3, "M624")}


RUN_COMMAND = (
    PEAK
    + """\
import sys
from mapper.cli.dispatch import main
code = main(sys.argv[1:])
print(code, peak())
"""
)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux does")
def test_what_runs_stays_small(tmp_path: Path) -> None:
    """Five bodies that would become 4 GB, and as much in the lines of what is rejected."""
    (tmp_path / "m.yaml").write_text(ORDERS, "utf-8")
    body = json.dumps({"shop": "x" * 400_000, "orders": [{"id": str(i)} for i in range(2_000)]})
    (tmp_path / "in.ndjson").write_text(f"{body}\n" * 5, "utf-8")
    command = ["run", f"{tmp_path}/m.yaml", f"{tmp_path}/in.ndjson", "-o", f"{tmp_path}/out", "--rejected"]
    ended = subprocess.run(
        [sys.executable, "-c", RUN_COMMAND, *command, f"{tmp_path}/no", "--limit", "result_bytes=100000000"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
    )
    code, peak = map(int, ended.stdout.split())
    assert code == 1, ended.stderr
    # A result twice, as events and as what is written, beside the body and Python itself.
    assert peak < 340, "megabytes"
    assert (tmp_path / "no").stat().st_size < 10_000_000
    with (tmp_path / "out").open("rb") as events, (tmp_path / "no").open("rb") as rejected:
        assert sum(1 for _ in events) + sum(1 for _ in rejected) == 10_000
