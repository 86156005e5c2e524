"""`transform.stream`: the outcomes of `json` one by one, in bounded memory; nothing outlives them."""

from __future__ import annotations

import gc
import json
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from itertools import zip_longest
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.runtime.limits import DEFAULT, active
from support.both_paths import assert_same, marks, mutated_bytes
from support.conservation import in_full
from support.examples import examples
from support.processes import run_measured

MAPPING = """\
mapping: m
version: 1
each: $.orders[*]
skip: [{when: kind == "test", reason: a test}]
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Seen
  user_id: u
  timestamp: "2026-11-23T20:00:00.000Z"
  event_properties: PROPERTIES
"""
SMALL = mapper.Limits(text_length=50, nesting=30)
TEXT = "{text: '{{ note }}{{ note }}'}"
ITEMS: list[Any] = [
    {"id": 1, "note": "n"},
    {"id": 2, "kind": "test"},
    {"id": None},
    {"id": 4, "note": "n" * 40},
    7,
    {"id": 6, "note": [[[]]] * 3},
    *({"id": number, "note": "ok"} for number in range(7, 60)),
]


def compiled(properties: str = TEXT, limits: mapper.Limits | None = None) -> mapper.Transform:
    return mapper.compile(MAPPING.replace("PROPERTIES", properties), limits=limits)


def body_of(items: list[Any] = ITEMS, **more: Any) -> bytes:
    return json.dumps({"orders": items, **more}).encode()


def told(result: mapper.JsonResult | mapper.Result) -> list[Any]:
    """All of a result in a form that compares."""
    events = [json.loads(event) if isinstance(event, bytes) else event for event in result.events]
    rejected = [(marks(one), one.codes, one.diagnostics) for one in result.rejected]
    return [events, [marks(one) for one in result.skipped], rejected, result.repairs]


@pytest.mark.parametrize("limits", [None, SMALL], ids=["usual limits", "other limits"])
def test_the_outcomes_are_those_of_json(limits: mapper.Limits | None) -> None:
    transform = compiled(limits=limits)
    stream = transform.stream(body_of())
    assert (stream.items, stream.repairs, stream.is_finished) == (59, (), False)
    kinds = [type(outcome) for outcome in stream]
    assert kinds[:5] == [
        bytes,
        mapper.Skipped,
        mapper.Rejected,
        *[mapper.Rejected, bytes][limits is None :][:1],
        mapper.Rejected,
    ]
    assert (stream.events + stream.skipped + stream.rejected, stream.is_finished) == (59, True)
    assert told(in_full(transform.stream(body_of()))) == told(transform.json(body_of()))
    assert told(in_full(transform.stream(json.loads(body_of())))) == told(transform(json.loads(body_of())))


WHOLE = {
    "no JSON": b'{"orders": [',
    "no items": b'{"order": []}',
    "another type": b"7",
    "too deep": b"[" * 20_000,
    "too many": body_of([{"id": 1}] * 10_001),
    "broken behind its items": body_of() + b"}",
    "no UTF-8 behind its items": body_of(z="Z").replace(b'"Z"', b'"\xff"'),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_body_that_is_rejected_as_a_whole_is_one_rejection(name: str) -> None:
    stream = compiled().stream(WHOLE[name])
    (rejected,) = stream
    assert isinstance(rejected, mapper.Rejected)
    assert (stream.items, stream.rejected, stream.is_finished) == (1, 1, True)
    assert told(in_full(compiled().stream(WHOLE[name]))) == told(compiled().json(WHOLE[name]))


def test_a_body_without_items_has_no_outcomes() -> None:
    stream = compiled().stream(b'{"orders": []}')
    assert (list(stream), stream.items, stream.is_finished) == ([], 0, True)


def test_repairs_are_known_before_the_first_outcome() -> None:
    text = MAPPING.replace("event:\n", "repair: [trailing_commas]\nevent:\n").replace("PROPERTIES", TEXT)
    transform = mapper.compile(text)
    body = b'{"orders": [{"id": 1},]}'
    stream = transform.stream(body)
    assert [repair.name for repair in stream.repairs] == ["trailing_commas"]
    assert told(in_full(transform.stream(body))) == told(transform.json(body))


# What the narrow path finds late: an item that only the decoded path can map, or even read.
LATE = [
    {"id": 1, "x": 10**400},
    {"id": "\ud800"},
    {"id": 1, "note": {"a": [{}] * 9}},
    {"id": 5, "note": "n" * 600_000},
    {"x": [[]] * 300},
    {"x": json.loads("[" * 250 + "]" * 250)},
]


@pytest.mark.parametrize("number", range(len(LATE)))
@pytest.mark.parametrize("place", [0, 30, 58])
def test_what_is_found_late_changes_nothing_before_and_after_it(number: int, place: int) -> None:
    items = [*ITEMS[:place], LATE[number], *ITEMS[place + 1 :]]
    for properties in (TEXT, "{a: $.note, b: {envelope: $.shop}}"):
        assert_same(compiled(properties), body_of(items, shop="s"))
        parsed = {"orders": items, "shop": "s"}
        assert told(in_full(compiled(properties).stream(parsed))) == told(compiled(properties)(parsed))


@examples(60)
@given(st.randoms(use_true_random=False))
def test_damaged_bodies(chance: Any) -> None:
    assert_same(compiled(), mutated_bytes(chance, body_of(ITEMS[:12])))


FORMS = {
    "a form": ("{format: form}", "{path: $.id, as: string, on_missing: reject}", b"id=1", b"id=%ff&note"),
    "JSON in a form": (
        "{format: form, field: payload}",
        "{path: $.payload.id, as: string, on_missing: reject}",
        b'payload={"id": 1}',
        b"payload=[1",
    ),
    "not read": ("{format: none}", "one", b"\x00\xff", b""),
}


@pytest.mark.parametrize("name", FORMS)
def test_other_bodies(name: str) -> None:
    form, event_id, *bodies = FORMS[name]
    head, _, tail = MAPPING.partition("each:")
    text = f"{head}body: {form}\n{tail[tail.index('event:') :]}".replace("PROPERTIES", "{a: b}")
    transform = mapper.compile(text.replace("{path: $.id, as: string, on_missing: reject}", event_id))
    for body in (*bodies, {"id": "1", "note": ["a"]}, "id=1"):
        streamed = in_full(transform.stream(body))
        assert told(streamed) == told(transform(body))
        assert streamed.items == 1


# --- nothing outlives a stream


def test_limits_are_in_force_only_while_an_outcome_is_made() -> None:
    stream = compiled(limits=SMALL).stream(body_of())
    assert active() is DEFAULT
    for _ in stream:
        assert active() is DEFAULT
    with suppress(KeyError):
        for outcome in compiled(limits=SMALL).stream(body_of()):
            raise KeyError(outcome)
    assert active() is DEFAULT


def test_streams_side_by_side_give_what_they_give_alone() -> None:
    transforms = [compiled(), compiled(limits=SMALL), compiled("{a: {envelope: $.shop}}")]
    bodies = [body_of(shop="s"), body_of(ITEMS[::-1], shop=[1])]
    alone = [told(in_full(t.stream(body))) for t in transforms for body in bodies]
    streams = [t.stream(body) for t in transforms for body in bodies]
    found: list[list[Any]] = [[] for _ in streams]
    for row in zip_longest(*streams):
        for outcomes, outcome in zip(found, row, strict=True):
            outcomes.append(outcome)
    again = [told(in_full(mapper.Stream(iter(outcomes), len(outcomes)))) for outcomes in found]
    assert again == alone


class Payload(dict[str, Any]):
    """A payload whose end can be seen."""


@pytest.mark.parametrize("steps", [0, 1, 59, 60])
def test_a_stream_that_is_left_keeps_nothing(steps: int) -> None:
    payload = Payload(json.loads(body_of()))
    end = weakref.ref(payload)
    stream = compiled(limits=SMALL).stream(payload)
    del payload
    for _ in range(steps):
        next(stream, None)
    if steps < 60:
        assert end() is not None
        del stream
    if end() is not None:  # a collection looks at everything that the tests before this one have left
        gc.collect()
    assert end() is None  # also if the stream is still there, but at its end


def test_threads_have_streams_of_one_transform() -> None:
    transform, found = compiled(limits=SMALL), []
    streams = [transform.stream(body_of(ITEMS * 5)) for _ in range(8)]
    threads = [threading.Thread(target=lambda s=stream: found.append(told(in_full(s)))) for stream in streams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [told(transform.json(body_of(ITEMS * 5)))] * 8


def at_the_end_of_the_stack(call: Callable[[], Any], left: int) -> Any:
    """The result of a call that has so many frames left."""
    frames, frame = 0, sys._getframe()
    while frame is not None:
        frames, frame = frames + 1, frame.f_back  # type: ignore[assignment]

    def deeper(levels: int) -> Any:
        return deeper(levels - 1) if levels else call()

    return deeper(sys.getrecursionlimit() - frames - left)


@pytest.mark.parametrize("limits", [None, SMALL], ids=["usual limits", "other limits"])
def test_the_outcomes_do_not_depend_on_the_stack_of_who_asks(limits: mapper.Limits | None) -> None:
    transform = compiled("{a: $.x, text: '{{ note }}'}", limits)
    items = [*ITEMS[:5], {"id": 1, "x": json.loads("[" * 25 + "]" * 25)}]
    expected = told(transform.json(body_of(items)))
    for left in (45, 60, 90, 150):
        stream = at_the_end_of_the_stack(lambda: transform.stream(body_of(items)), left)
        outcomes = [at_the_end_of_the_stack(lambda s=stream: next(s), left) for _ in items]
        assert told(in_full(mapper.Stream(iter(outcomes), len(outcomes)))) == expected, left


def test_misuse_raises_at_once() -> None:
    with pytest.raises(TypeError, match=r"mapper\.Request"):
        compiled().stream(b"{}", {})  # type: ignore[arg-type]


# --- memory

COPIES = """\
import json, mapper, sys
from support.processes import peak
mapping, way, limited = sys.argv[1:]
limits = mapper.Limits(items=20_000) if limited else None
transform = mapper.compile(mapping, limits=limits)
kinds = [{"id": "one"}, {"kind": "test"}, {"id": None}]
items = [{**kinds[n % 3], "n": n} for n in range(10_000)]
payload = {"shop": "x" * 18_000, "orders": items}
body = json.dumps(payload).encode()
given = body if way == "bytes" else payload
for outcome in transform.stream(json.dumps({"shop": "", "orders": items[:9]}).encode()):
    pass
before, size = peak(), 0
stream = transform.stream(given)
for outcome in stream:
    size += len(outcome) if isinstance(outcome, bytes) else 0
assert stream.is_finished and stream.items == 10_000, stream
print(json.dumps([stream.events, stream.skipped, stream.rejected, size, peak() - before]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux does")
@pytest.mark.parametrize(
    ("way", "limited"),
    [
        ("bytes", ""),
        *(
            pytest.param(*each, marks=pytest.mark.slow)
            for each in (("parsed", ""), ("bytes", "other limits"), ("parsed", "other limits"))
        ),
    ],
)
def test_ten_thousand_copies_of_the_envelope_take_the_memory_of_one(way: str, limited: str) -> None:
    mapping = MAPPING.replace("PROPERTIES", "{shop: {envelope: $.shop}}")
    events, skipped, rejected, size, grown = run_measured(COPIES, mapping, way, limited)
    assert (events, skipped, rejected) == (3_334, 3_333, 3_333)
    assert size > 60_000_000
    assert grown < 20, "megabytes"
