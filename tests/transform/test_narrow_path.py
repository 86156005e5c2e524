"""The narrow path gives what the decoded path gives: on samples, cases of the language, hostile bodies."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.catalog import find_mappings
from mapper.runtime.faults import InvalidEvent
from mapper.samples.cases import Sample, find_cases, request_of
from mapper.transform.narrow_path import NarrowPath
from support.both_paths import assert_same, mutated_bytes, mutated_value
from support.examples import tries
from support.language_cases import CASES, read_case, write_mapping
from support.random_mappings import bodies, mappings, requests
from support.shipped import SHIPPED, shipped

ROUNDS = tries(150)  # bodies of each mapping


def samples(name: str) -> list[Sample]:
    path = next(path for path in find_mappings() if path.stem == name)
    return [sample for sample in (case.load() for case in find_cases(path)) if isinstance(sample, Sample)]


@pytest.mark.parametrize("name", SHIPPED)
def test_samples(name: str) -> None:
    for sample in samples(name):
        assert_same(shipped(name), sample.body, sample.request)


@pytest.mark.parametrize("name", SHIPPED)
def test_hostile_bodies(name: str) -> None:
    chance = random.Random(name)
    given = samples(name)
    for _ in range(ROUNDS):
        sample = chance.choice(given)
        body, request = sample.body, sample.request
        if chance.random() < 0.5:
            try:
                value = json.loads(body)
            except ValueError:
                continue
            ascii_only, spaced = chance.random() < 0.5, chance.random() < 0.3
            separators = (" , ", " : ") if spaced else (",", ":")
            body = json.dumps(
                mutated_value(chance, value), ensure_ascii=ascii_only, separators=separators
            ).encode()
        if chance.random() < 0.7:
            body = mutated_bytes(chance, body)
        assert_same(shipped(name), body, request)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(CASES.rglob("*.yaml")), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_language(path: Path, tmp_path: Path) -> None:
    case = read_case(path)
    if "errors" in case:
        return
    transform = mapper.load(str(write_mapping(case, tmp_path)))
    body = case["body"].encode() if "body" in case else json.dumps(case["payload"]).encode()
    request = request_of(case.get("request", {}))
    assert_same(transform, body, request)
    chance = random.Random(path.stem)
    for _ in range(10):
        value = mutated_value(chance, case.get("payload", {}))
        assert_same(transform, json.dumps(value, ensure_ascii=False).encode(), request)


@given(mappings, st.lists(bodies, min_size=1, max_size=4), requests, st.randoms(use_true_random=False))
def test_random_mappings(
    mapping: dict[str, Any], payloads: list[Any], request: mapper.Request, chance: random.Random
) -> None:
    try:
        transform = mapper.compile(json.dumps(mapping))
    except mapper.CompileError:
        return
    for payload in payloads:
        body = json.dumps(payload).encode()
        assert_same(transform, body, request)
        assert_same(transform, mutated_bytes(chance, body), request)


WHOLE = ["$", "$[*]", "$..a", "$[?@.a]"]
BESIDE_EACH = [*WHOLE, "$[*].a", "$[1:]", "$[0]", "$[0].a", "$.a[*].b", "$.a.b", "$.items", "$.items[*].a"]


@pytest.mark.parametrize("each", ["$", "$[*]", "$.items", "$.items[*].a"])
@pytest.mark.parametrize("root", ["path", "envelope"])
def test_a_path_that_goes_where_each_goes(each: str, root: str) -> None:
    """The items, and what is around them, are decoded in part: no path may take one for a whole value."""
    item = {"id": 1, "a": {"b": 5, "id": 3}, "k": [1], "items": [{"a": 7, "c": 8}]}
    other = {"id": 2, "a": [{"b": 6, "c": 9}], "k": None}
    payloads: list[Any] = [item, [item, other], {"items": [item, other], "a": item}, [[item], 1, other]]
    values = [f"{{{root}: '{path}'}}" for path in BESIDE_EACH]
    values += [f"{{when: k, then: {{{root}: '{path}'}}, else: 0}}" for path in WHOLE]
    for value in values:
        transform = mapper.compile(
            f"mapping: m\neach: {each}\nevent:\n  event_id: e\n  event_name: n\n  user_id: u\n"
            f"  timestamp: 2026-11-23T20:00:00.000Z\n  event_properties: {{v: {value}}}\n"
        )
        for payload in payloads:
            assert_same(transform, json.dumps(payload).encode())


def outcomes(transform: mapper.Transform, body: bytes, request: mapper.Request) -> list[Any]:
    """What the narrow path itself gives for each item of a body."""
    transform.json(body, request)
    assert isinstance(transform._narrow, NarrowPath)
    read: Any = transform._narrow._read(body, request)
    return list(transform._narrow._outcomes(*read[:2], request, None)) if isinstance(read, tuple) else [read]


@pytest.mark.parametrize("name", SHIPPED)
def test_samples_take_the_narrow_path(name: str) -> None:
    mapped = events = 0
    for sample in samples(name):
        events += len(shipped(name)(sample.body, sample.request).events)
        try:
            found = outcomes(shipped(name), sample.body, sample.request)
        except Exception:  # left to the decoded path
            continue
        mapped += sum(isinstance(outcome, bytes) for outcome in found)
    assert mapped >= 0.75 * events > 0


JOB = """\
mapping: job
version: 1
each: {each}
skip:
  - when: kind == "test"
    reason: a test
event:
  event_id: {{path: $.id, as: string, on_missing: reject}}
  event_name: Seen
  user_id: u-1
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {properties}
"""


@cache
def job(properties: str, each: str = "$") -> mapper.Transform:
    return mapper.compile(JOB.format(each=each, properties=properties))


OBJECTS = [
    ("{path: $.properties, as: object, default: {}}", b'{"id":1,"properties":{"a":[1,{"b":null}]}}'),
    (
        "{merge: [$.properties, {a: $.page.url}]}",
        b'{"id":1,"properties":{"b":1.50},"page":{"url":"u","x":[]}}',
    ),
    ("{merge: [{a: $.page.url}, $.properties]}", b'{"id":1,"properties":{"b" : 2},"page":{"url":"u"}}'),
    ("{merge: [{path: $.properties, omit: [c]}, {a: 1}]}", b'{"id":1,"properties":{"b":[1 , 2]}}'),
    (
        "{when: properties != blank, then: $.properties, as: object, default: {}}",
        b'{"id":1,"properties":{ }}',
    ),
    (
        "{merge: [{path: $.properties, as: object}, {total: $.properties.sum, b: 1}]}",
        b'{"id":1,"properties":{"sum" : 1.50}}',
    ),
    (
        "{merge: [$.properties, {a: '$.properties.list[*].sku', first: '$.properties.list[0]'}]}",
        b'{"id":1,"properties":{"list":[{"sku":1},{"sku":null}, 7],"x":1.0}}',
    ),
    (
        "{when: properties.kind == 'x', then: {path: $.properties, omit: [c]}, else: {a: $.properties.b}}",
        b'{"id":1,"properties":{"kind":"x", "b":2}}',
    ),
    (
        "{merge: [{text: '{{ properties.a.b | default: properties.b }}'}, $.properties]}",
        b'{"id":1,"properties":{"a":{ },"b":"\\u00e9"}}',
    ),
]


@pytest.mark.parametrize(("properties", "body"), OBJECTS)
def test_objects_in_the_event_are_decoded_once(properties: str, body: bytes) -> None:
    transform = job(properties)
    assert "  $.properties\n" in transform.plan
    assert "decode(" not in transform._compiled.narrow
    (event,) = outcomes(transform, body, mapper.Request())
    assert isinstance(event, bytes)
    assert json.loads(body)["properties"].items() <= json.loads(event)["event_properties"].items()
    assert_same(transform, body)


@pytest.mark.parametrize("properties", [properties for properties, _ in OBJECTS])
@pytest.mark.parametrize(
    "value",
    [
        *(
            b"null",
            b"1",
            b'""',
            b'"x"',
            b"[]",
            b"[1]",
            b"{}",
            b"{\n}",
            b'{"a":1}',
            b'{"c":1}',
            b'{"\\u0061":1,"b":2}',
        ),
        *(b'{"b":1,"b":2}', b'{"b":1e999}', b'{"b":[-1E+400]}', b'{"b":' + b"7" * 400 + b"}"),
        *(b'{"b":' + b"7" * 4301 + b"}", b'{"b":' + b"7" * 310 + b".5}", b'{"b":"\\ud800"}', b'{"b":"\xff"}'),
        *(b'{"b":' + b"[" * 700 + b"]" * 700 + b"}", b'{"b":' + b"[" * 2000 + b"]" * 2000 + b"}"),
    ],
)
def test_odd_objects(properties: str, value: bytes) -> None:
    transform = job(properties)
    assert_same(transform, b'{"id":"e-1","properties":' + value + b',"page":{"url":"u"}}')
    assert_same(transform, b'{"id":"e-1","properties":' + value + b"}")


@pytest.mark.parametrize(
    "each", ["$", "$.a.items", "'$.a.items[*]'", "['$.a.items[:]', $]", "['$.other[:].b', $.a.items]"]
)
def test_batches(each: str) -> None:
    transform = job("{path: $.p, as: object, default: {}}", each)
    items = [
        b'{"id":1}',
        b'{"id":2,"kind":"test"}',
        b'{"id":[]}',
        b"7",
        b'{"id":3,"p":{"x":1e999}}',
        b'{"id":4,"p":{}}',
    ]
    for taken in ([0, 5], [0, 1, 5], [0, 1, 2, 5], [1, 1], [3], [0, 4, 1], [0, 1, 2, 3, 4, 5], []):
        array = b"[" + b",".join(items[index] for index in taken) + b"]"
        for body in (array, b'{"a":{"items":' + array + b"}}", b'{"a":{"items":' + array + b',"items":3}}'):
            assert_same(transform, body)


ODD = [
    *(b'{"id":1,"p":{"x":1e999}}', b'{"id":1,"x":-1e999}', b'{"id":1,"x":"\\ud800"}', b'{"id":"\\ud800"}'),
    *(b"7", b"[]", b"[{}]", b"null", b"{}", b'{"id":[]}', b'{"id":2,"kind":"test"}', b'{"id":1,"p":[1]}'),
    *(b'{"id":1,"x":' + b"[" * 250 + b"]" * 250 + b"}", b'{"id":1,"x":"' + b"[" * 250 + b'"}'),
]


@pytest.mark.parametrize(
    "each", ["$", "$.a.items", "['$.other[:]', $.a.items]", "['$[:].b', '$.a.items[:]', $]", "['$[*].b', $]"]
)
def test_large_batches(each: str) -> None:
    transform = job("{path: $.p, as: object, default: {}}", each)
    good = b'{"id":1,"p":{"b":[{},[]]},"x":[[[]]]}'
    for odd in (good, b'{"id":1,"b":{"id":2}}', *ODD, good[:-1], b'{"id":"\xff"}', b'{"id":1,"x":"\xff"}'):
        array = b"[" + b",".join([good] * 40 + [odd] + [good] * 20 + [odd]) + b"]"
        for body in (array, b'{"a":{"items":' + array + b"}}", b'{"a":{"items":' + array + b'},"other":3}'):
            assert_same(transform, body)


ORDERED = (
    "{merge: [{a: {path: $.x, as: integer}}, {path: $.p, as: object, on_missing: reject}, "
    "{b: {path: $.y, as: integer}}]}"
)


@pytest.mark.parametrize("x", ["", '"x":1,', '"x":"bad",', '"x":{},'])
@pytest.mark.parametrize(
    "p", ["", '"p":{"c":1},', '"p":{},', '"p":[1],', '"p":"",', '"p":null,', '"p":[{}],']
)
@pytest.mark.parametrize("y", ["", '"y":1,', '"y":"bad",'])
def test_of_several_faults_the_first_is_told(x: str, p: str, y: str) -> None:
    plain = "{path: $.p, as: object, on_missing: reject}"
    for properties in (ORDERED, "{merge: [$.p, {b: {path: $.y, as: integer}}]}", plain):
        assert_same(job(properties), f'{{{x}{p}{y}"id":1}}'.encode())


REFUSED = """\
mapping: refused
each: [$.a, $]
event:
  event_id: {path: $.id, on_missing: reject}
  event_name: {path: $.name, default: n}
  user_id: u
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {path: $.p, default: {}}
"""


@pytest.mark.parametrize("item", ["1", '"x"', "null", "[]", "[{}]", "{}", '{"id":1}', '{"id":"e","p":[1]}'])
def test_every_rejection_is_the_same(item: str) -> None:
    transform = mapper.compile(REFUSED)
    good = '{"id":"e","p":{"b":1}}'
    for body in (item, f"[{item}]", f"[{good},{item},{item},{good}]", f'{{"a":{item}}}', f'{{"a":[{item}]}}'):
        assert_same(transform, body.encode())
        assert_same(transform, b" \n" + body.encode() + b" ")


def test_an_event_that_does_not_fit_is_an_outcome() -> None:
    """It is reported as the narrow path made it: the decoded path does not map the item again."""
    transform, request = mapper.compile(REFUSED), mapper.Request()
    invalid, other = outcomes(transform, b'[{"id":"e","p":[1]},{"id":2}]', request)
    assert isinstance(invalid, InvalidEvent)
    assert isinstance(other, InvalidEvent)
    assert (invalid.__traceback__, invalid.event["event_properties"]) == (None, [1])
    with pytest.raises(InvalidEvent):
        outcomes(transform, b'{"id":"e","p":[1]}', request)


def test_an_event_is_one_line_however_its_body_is_written() -> None:
    text = '{"id": "1",\r\n "p": {\n  "a": [1,\n 2.50],\r  "b": "x\\ny"\n}}'
    mapping = """\
mapping: lines
event:
  event_id: {path: $.id, on_missing: reject, as: string}
  event_name: Lines
  user_id: u
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {path: $.p, as: object, default: {}}
"""
    transform = mapper.compile(mapping)
    (event,) = transform.json(text.encode()).events
    assert b"\n" not in event
    assert b"\r" not in event
    assert msgspec.json.decode(event) == transform(text.encode()).events[0]
