"""Conservation: whatever comes in, every item of it comes out as exactly one event, skip or rejection."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

import mapper
from mapper.catalog import find_mappings
from mapper.samples.cases import find_cases
from support.agreement import same
from support.conservation import assert_conserved
from support.examples import examples
from support.random_mappings import bodies, mappings, requests

Json = Any
ROUGH = examples(60, *HealthCheck)
SHIPPED = [path.stem for path in find_mappings()]
REQUEST = mapper.Request(received_at="2026-11-23T20:00:00Z", settings={"event_name": "Seen"})


@cache
def shipped(name: str) -> mapper.Transform:
    return mapper.load(name)


@cache
def samples(name: str) -> tuple[bytes, ...]:
    """The bodies of a shipped mapping's own samples."""
    path = next(p for p in find_mappings() if p.stem == name)
    loaded = [case.load() for case in find_cases(path)]
    return tuple(sample.body for sample in loaded if not isinstance(sample, mapper.Diagnostic))


BREAKS = b"""{ } [ ] " \\ , : \\ud800 1e999 NaN - null true {} [] [[]] \\u0000""".split()
ODD = st.sampled_from(
    [*BREAKS, b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"9" * 5000, b"[" * 300]
)


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A sample with a few bytes cut, repeated or replaced."""
    body = draw(st.sampled_from(samples(name)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + draw(st.integers(0, 40)))))
        body = body[:start] + draw(ODD | st.binary(max_size=3) | st.just(body[start:end] * 2)) + body[end:]
    return body


@pytest.mark.parametrize("name", SHIPPED)
@ROUGH
@given(data=st.data())
def test_any_bytes_in_a_shipped_mapping(name: str, data: st.DataObject) -> None:
    body = data.draw(damaged(name) | st.binary(max_size=60))
    assert_conserved(shipped(name), body, data.draw(st.sampled_from([None, REQUEST])))


def leaves(node: Json) -> list[tuple[Json, Json]]:
    """Every container of a body with each of its keys."""
    found = []
    for key, child in node.items() if isinstance(node, dict) else enumerate(node):
        found.append((node, key))
        if isinstance(child, dict | list):
            found += leaves(child)
    return found


NUMBERS = [0, -1, 2**70, 1e308, float("nan"), float("inf"), 253402300800]
TEXTS = ["", " ", "x" * 500, "\x00", "\ud800", "2026-11-23T20:00:00Z", "0001-01-01T00:00:00+23:59"]
VALUES = st.sampled_from([None, True, False, [], {}, [[]], [None], {"a": {}}, *NUMBERS, *TEXTS]).map(
    copy.deepcopy
)


@pytest.mark.parametrize("name", SHIPPED)
@ROUGH
@given(data=st.data())
def test_any_value_in_a_sample(name: str, data: st.DataObject) -> None:
    body = data.draw(st.sampled_from([b for b in samples(name) if parsed(b) not in (None, [], {})]))
    payload = parsed(body)
    for _ in range(data.draw(st.integers(1, 3))):
        places = leaves(payload)
        if not places:
            break
        container, key = data.draw(st.sampled_from(places))
        container[key] = data.draw(VALUES)
    before = repr(payload)
    assert_conserved(shipped(name), payload, REQUEST)
    assert repr(payload) == before


def parsed(body: bytes) -> Json:
    try:
        payload = json.loads(body)
    except ValueError:
        return None
    return payload if isinstance(payload, dict | list) else None


@ROUGH
@given(mappings, st.lists(bodies, min_size=1, max_size=2), requests, st.binary(max_size=30))
def test_any_payload_in_any_mapping(
    mapping: Json, payloads: list[Json], request: mapper.Request, raw: bytes
) -> None:
    text = json.dumps(mapping)
    if any(d.severity is mapper.Severity.ERROR for d in mapper.check(text)):
        return
    transform = mapper.compile(text)
    assert_conserved(transform, raw, request)
    for payload in payloads:
        assert_conserved(transform, payload, request)
        assert_conserved(transform, json.dumps(payload).encode(), request)


# --- one bad item never sinks its batch

BATCH = """\
mapping: batch
each: $.events
skip:
  - when: kind == "test"
    reason: a test
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: "{{ name | default: 'Seen' }}"
  user_id: {path: $.user, as: string, on_missing: reject}
  timestamp: {path: $.at, as: timestamp, from: [iso8601, epoch_s], on_missing: reject}
  event_properties:
    merge:
      - {path: $.p, as: object, default: {}}
      - all: "$.list[?@.a > 1].b"
        digest: {hash: [$.id, $.p]}
        text: "{% for x in list %}{{ x.a | plus: 1 }}{% endfor %}"
"""
GOOD = {"id": "1", "user": "u", "at": "2026-11-23T20:00:00Z", "p": {"n": 1}, "list": [{"a": 2, "b": "x"}]}
BAD = [
    *(b"null", b"5", b'"text"', b"[]", b"{}", b'[{"id": 1}]', b'{"id": {}}'),
    *(b'{"p": ' + b"[" * depth + b"]" * depth + b"}" for depth in (199, 250, 2_000)),
    b'{"id": 1e999, "user": "u", "at": 0}',
    b'{"id": "\\ud800", "user": "u", "at": 0}',
    b'{"id": ' + b"7" * 9_000 + b', "user": "u", "at": 0}',
    b'{"id": 1, "user": "u", "at": 1e300}',
    b'{"id": 1, "user": "u", "at": 0, "list": {"a": 1}}',
    b'{"id": 1, "user": "u", "at": 0, "list": [' + b"{}," * 10_001 + b"{}]}",
    b'{"id": 1, "user": "u", "at": 0, "name": [' + b'"x",' * 10 + b"[]]}",
    b'{"id": 1, "user": "u", "at": 0, "p": {"\\udc00": 1}}',
    b'{"kind": "test"}',
]


@cache
def batch() -> mapper.Transform:
    return mapper.compile(BATCH)


def events_of(items: list[bytes]) -> bytes:
    return b'{"events": [' + b", ".join(items) + b"]}"


@examples(80)
@given(st.lists(st.sampled_from(BAD), max_size=3), st.data())
@example(BAD[:3], None)
@example(BAD[7:], None)
def test_bad_items_leave_the_others_alone(bad: list[bytes], data: st.DataObject | None) -> None:
    good = [json.dumps({**GOOD, "id": f"g{number}"}).encode() for number in range(6)]
    alone = batch()(events_of(good))
    assert len(alone.events) == len(good)
    items = list(good)
    for item in bad:
        items.insert(data.draw(st.integers(0, len(items))) if data else 2, item)
    result = assert_conserved(batch(), events_of(items), None)
    assert result.items == len(items)
    ids = {event["event_id"] for event in alone.events}
    assert same([e for e in result.events if e["event_id"] in ids], alone.events)
    for other in (*result.skipped, *result.rejected):
        assert items[other.index] in bad
    for rejection in result.rejected:
        assert rejection.location == f"$.events[{rejection.index}]"
        if isinstance(rejection.item, bytes):
            assert rejection.item == items[rejection.index]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_mapping_loses_no_neighbour(name: str) -> None:
    """Where a sample is a batch, an odd element beside its items changes none of their outcomes."""
    for body in samples(name):
        payload = parsed(body)
        for array in [payload] if isinstance(payload, list) else list((payload or {}).values()):
            if not isinstance(array, list) or not all(isinstance(item, dict) for item in array) or not array:
                continue
            before = shipped(name)(payload, REQUEST)
            array.append(array[-1])
            holds_items = shipped(name)(payload, REQUEST).items == before.items + 1
            array.pop()
            if not holds_items:
                continue
            for odd in (None, 5, "x", [], {"deep": nested(300)}):
                array.append(odd)
                after = assert_conserved(shipped(name), payload, REQUEST)
                array.pop()
                assert after.items == before.items + 1
                assert same(after.events[: len(before.events)], before.events)
                assert after.skipped[: len(before.skipped)] == before.skipped
                assert after.rejected[: len(before.rejected)] == before.rejected


def nested(depth: int) -> Json:
    value: Json = []
    for _ in range(depth):
        value = [value]
    return value


def test_the_payload_is_never_changed() -> None:
    payload = {"events": [GOOD, {"id": {}}, {**GOOD, "list": [{"a": "x"}]}]}
    before = copy.deepcopy(payload)
    batch()(payload)
    assert same(payload, before)


# --- misuse, the only thing that raises


@pytest.mark.parametrize("body", ["{}", None, {}, 5])
def test_json_takes_bytes(body: object) -> None:
    with pytest.raises(TypeError):
        batch().json(body)  # type: ignore[arg-type]


@pytest.mark.parametrize("request_", [{}, "x", 5])
def test_a_request_is_a_request(request_: object) -> None:
    with pytest.raises(TypeError):
        batch()(b"{}", request_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "payload", [None, 5, "x", (), {1: 2}, {"events": {1}}, object(), [object()], Path("x")]
)
def test_any_python_value_is_accounted_for(payload: object) -> None:
    result = batch()(payload)
    assert result.items == len(result.rejected) == 1
