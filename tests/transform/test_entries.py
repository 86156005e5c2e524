"""Entries: hostile payloads for `entries`, `object_from`, `of` and `take`, on both paths."""

from __future__ import annotations

import json
from typing import Any

import pytest

import mapper
from mapper.runtime.limits import Limits
from support.both_paths import assert_same
from support.growth import assert_linear

FRAME = """\
mapping: entries
event:
  event_id: {path: $.id, as: string, default: e-1}
  event_name: Seen
  user_id: u
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {p: VALUE}
"""
COPY = "{object_from: {entries: $.o}, key: $.key, value: $.value}"


def job(value: str, limits: Limits | None = None) -> mapper.Transform:
    return mapper.compile(FRAME.replace("VALUE", value), limits=limits)


def outcome(transform: mapper.Transform, payload: object) -> Any:
    """The value, or the codes of the rejection."""
    result = transform(payload)
    if result.rejected:
        return result.rejected[0].codes
    return result.events[0]["event_properties"].get("p", "missing")


KEYS = ["__proto__", "__class__", "constructor", "", " ", "\0", "a.b", "$", "é\u2028", "😀", "k" * 1_000_000]


def test_keys_of_any_spelling_stay_data() -> None:
    members = {key: {key: index} for index, key in enumerate(KEYS)}
    transform = job(COPY)
    for payload in ({"o": members}, {"o": dict(reversed(members.items()))}):
        body = json.dumps(payload).encode()
        assert outcome(transform, body) == payload["o"]
        assert list(outcome(transform, body)) == list(payload["o"])
        assert outcome(transform, payload) == payload["o"]
        assert_same(transform, body)


@pytest.mark.parametrize("name", [1, None, True, 1.5, float("nan"), b"k", (1, 2), frozenset()])
def test_a_dict_with_names_that_are_not_texts_is_no_object(name: object) -> None:
    payload = {"o": {"a": 1, name: 2}}
    assert outcome(job("{entries: $.o}"), payload) == ("M615",)
    assert outcome(job("{object_from: $.o, key: $.key, value: 1}"), payload) == ("M616",)
    assert outcome(job("{object_from: [$.o], key: $.a, value: 1}"), payload) == {"1": 1}


class Name(str):
    """A text of the host's own."""


class Members(dict[str, object]):
    """An object of the host's own."""


def test_types_of_the_host_that_build_on_those_of_json() -> None:
    payload = {"o": Members({Name("a"): Name("x")})}
    assert outcome(job("{entries: $.o}"), payload) == [{"key": "a", "value": "x"}]
    assert outcome(job("{object_from: $.o, key: $.value, value: $.key}"), payload) == {"x": "a"}
    assert outcome(job("{path: $.a, of: $.o}"), payload) == "x"
    assert outcome(job("{path: '$[*]', of: $.o, take: only}"), payload) == "x"


@pytest.mark.parametrize(
    "value", ["{entries: $.o}", COPY, "{object_from: $.l, key: $.k, value: 1}", "{path: '$[*]', of: $.l}"]
)
def test_half_of_a_surrogate_pair(value: str) -> None:
    half = {"o": {"\ud800": 1}, "l": [{"k": "\ud800"}]}
    assert outcome(job(value), half) == ("M623",)
    assert outcome(job(value), json.dumps(half).encode()) == ("M623",)
    assert_same(job(value), json.dumps(half).encode())


def test_a_payload_that_contains_itself() -> None:
    own: dict[str, Any] = {}
    own["o"] = own
    for value in ("{entries: $.o}", COPY, "{path: $.o.o, of: $.o}"):
        assert outcome(job(value), own) == ("M606",)
    assert outcome(job("{object_from: $.o, key: $.key, value: 1}"), own) == {"o": 1}


def test_many_entries() -> None:
    for value in ("{entries: $.o}", COPY, "{object_from: $.l, key: $.k, value: $.v, on_duplicate: list}"):
        transform = job(value)
        bodies = [
            json.dumps({"o": {f"k{i}": i for i in range(n)}, "l": [{"k": i % 7, "v": i} for i in range(n)]})
            for n in (2_000, 16_000)
        ]
        assert len(outcome(transform, bodies[1].encode())) in (7, 16_000)
        assert_linear(transform, *(body.encode() for body in bodies))


def test_entries_inside_each_other() -> None:
    value = "$.o"
    for _ in range(40):
        value = f"{{object_from: {{entries: {value}}}, key: $.key, value: $.value}}"
    body = json.dumps({"o": {"b": 1, "a": [2]}}).encode()
    assert outcome(job(value), body) == {"b": 1, "a": [2]}
    assert_same(job(value), body)


def test_paths_on_the_values_of_paths() -> None:
    value, payload = "$.o", 7
    for depth in range(80):
        value = f"{{path: $.k{depth}, of: {value}}}"
    for depth in reversed(range(80)):
        payload = {f"k{depth}": payload}  # type: ignore[assignment]
    body = json.dumps({"o": payload}).encode()
    assert outcome(job(value), body) == 7
    assert_same(job(value), body)


DOUBLING = {
    "object_from": "{object_from: ~, key: $.key, value: {a: $.value, b: $.value}}",
    "entries": "{map: {entries: {object: {a: ~, b: 1}}}, to: [$.value, $.value]}",
    "of": "{path: '$[0, 0]', of: [~]}",
    "a list of each key": "{object_from: [~], key: '{{ a | size }}', value: [$, $], on_duplicate: list}",
}


@pytest.mark.parametrize("name", DOUBLING)
def test_what_doubles_at_each_level_ends_at_the_limit_of_events(name: str) -> None:
    value = "$.o"
    for _ in range(16):
        value = DOUBLING[name].replace("~", value)
    transform = job(value, Limits(event_bytes=100_000))
    body = json.dumps({"o": {"a": "x" * 1_000}}).encode()
    assert outcome(transform, body) == ("M624",)
    assert outcome(transform, json.loads(body)) == ("M624",)
    assert [one.codes for one in transform.json(body).rejected] == [("M624",)]


def test_the_levels_that_entries_add_are_allowed() -> None:
    """An event may be deeper than its payload by what the mapping builds around it."""
    deep: Any = {"a": 1}
    for _ in range(197):
        deep = {"a": deep}
    for value in ("{entries: $.o}", COPY, "{object_from: $.o, key: $.key, value: $, on_duplicate: list}"):
        transform = job(value)
        for payload in ({"o": deep}, json.dumps({"o": deep}).encode()):
            assert outcome(transform, payload) not in (("M606",), ("M612",)), value
        too_deep = {"o": deep}
        for _ in range(10):
            too_deep = {"o": {"a": too_deep["o"]}}
        assert outcome(transform, too_deep) == ("M606",)
        assert outcome(transform, json.dumps(too_deep).encode()) == ("M606",)
