"""Nesting: deep and endless values do not depend on the stack, and one of them does not sink a batch."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.runtime.json import nesting
from mapper.runtime.json.deep import DeepReader
from mapper.runtime.json.nesting import is_deeper, nests_deeper
from mapper.runtime.limits import MAX_BODY_DEPTH
from support.examples import examples
from support.frames import compiled, text_of
from support.json_values import JSON, height, nested, parts

# --- nesting does not depend on the stack, and does not sink a batch

BATCH = b'[{"p": {"n": 1}}, {"p": DEEP}, {"p": {"n": 3}}]'


@pytest.mark.parametrize("depth", [200, 201, 990, 5_000, MAX_BODY_DEPTH - 2])
def test_a_deep_item_is_rejected_alone(depth: int) -> None:
    body = BATCH.replace(b"DEEP", nested(depth))
    result = compiled()(body)
    assert [e["event_properties"] for e in result.events] == [{"n": 1}, {"n": 3}]
    (rejection,) = result.rejected
    assert (rejection.index, rejection.location, rejection.codes) == (1, "$[1]", ("M606",))
    assert rejection.item == b'{"p": ' + nested(depth) + b"}"


def test_a_body_deeper_than_all_limits_is_not_read() -> None:
    body = BATCH.replace(b"DEEP", nested(MAX_BODY_DEPTH))
    (rejection,) = compiled()(body).rejected
    assert (rejection.codes, rejection.location, rejection.item) == (("M606",), "$", body)


def deep_list(depth: int) -> list[object]:
    deep: list[object] = []
    for _ in range(depth - 1):
        deep = [deep]
    return deep


def endless_object() -> dict[str, object]:
    endless: dict[str, object] = {}
    endless["p"] = endless
    return endless


def endless_list() -> list[object]:
    endless: list[object] = []
    endless.append(endless)
    return endless


def test_of_parsed_json_counts_what_an_event_holds() -> None:
    wide: list[object] = []
    for _ in range(150):
        wide = [wide, wide]
    deep = deep_list(5_000)
    unread = [{"x": deep_list(100_000)}, {"x": endless_object()}, {"x": wide}, {"x": {1: float("nan")}}]
    held = [{"p": {"a": deep}}, endless_object(), {"p": {"a": endless_list()}}, {"p": {"a": float("nan")}}]
    result = compiled()([{"p": {}}, *unread, *held, {"p": {}}])
    assert [event["event_properties"] for event in result.events] == [{}] * 6
    assert [(r.index, r.codes) for r in result.rejected] == [
        (5, ("M606",)),
        (6, ("M606",)),
        (7, ("M606",)),
        (8, ("M607",)),
    ]
    assert result.rejected[0].diagnostics[0].message == "the item nests deeper than 200 levels"


# What a mapping makes around a value of the payload does not count, so the same value passes as in a body.
AROUND = {
    "{path: $.p}": 0,
    "{a: {b: {c: $.p.a}}}": -1,
    "{a: {map: '$.p[*]', to: {b: $}}}": -1,
    "{a: '$.p.*'}": -1,
    "{a: [$.p.a, {c: $.p.a}]}": -1,
}


@pytest.mark.parametrize("properties", AROUND)
def test_parsed_json_nests_as_deep_as_a_body_may(properties: str) -> None:
    transform = compiled(properties, nesting=20)
    for depth in (19, 20, 21, 30):
        payload = {"p": {"a": deep_list(depth - 2)}}
        as_body, as_json = transform(json.dumps(payload).encode()), transform(payload)
        assert [r.codes for r in as_body.rejected] == [("M606",)] * (depth > 20)
        if depth <= 20:
            assert as_json == as_body
        if depth == 30:
            assert [r.codes for r in as_json.rejected] == [("M606",)]


# More levels than any version of Python has room for: since 3.12 what recurses in C has a limit of its own.
BEYOND_THE_STACK = 50_000

# How values are read that nest without end, the code for deep ones and for those that contain themselves:
# what recurses ends as M606, what does not tells the truth.
READ = {
    "hash": ("{n: {hash: [$.x]}}", "M606", "M606"),
    "hash as a part": ("{n: {hash: [a, {b: $.x}]}}", "M606", "M606"),
    "filter json": (text_of("{{ x | json }}"), "M606", "M606"),
    "text": (text_of("{{ x }}"), "M606", "M606"),
    "filter join": (text_of("{{ x | join }}"), "M606", "M606"),
    "filter uniq": (text_of("{{ x | uniq | size }}"), "M606", "M606"),
    "Liquid's ==": (text_of("{% if x == y %}same{% endif %}"), "", ""),
    "Liquid's contains": (text_of("{% if w contains y %}in{% endif %}"), "", ""),
    "the library": (text_of("{% tablerow v in z %}{{ x }}{% endtablerow %}"), "M606", "M606"),
    "passed through": ("{n: $.x}", "M606", "M606"),
    "passed through in a list": ("{n: ['$.x']}", "M606", "M606"),
    "..": ("{n: $.x..none}", "", "M608"),
    "comparison": ("{n: '$.z[?$.x == $.y]'}", "", ""),
    "unread": ("{n: $.z}", "", ""),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", READ)
def test_reading_what_nests_without_end(name: str) -> None:
    properties, deep, endless = READ[name]
    transform = compiled(properties)
    good = {"x": [{"k": 1}], "y": 2, "w": [3], "z": [1]}
    for x, y, code in (
        (deep_list(BEYOND_THE_STACK), deep_list(BEYOND_THE_STACK), deep),
        ({"k": deep_list(BEYOND_THE_STACK)}, {"k": deep_list(BEYOND_THE_STACK)}, deep),
        (endless_list(), endless_list(), endless),
        (endless_object(), endless_object(), endless),
    ):
        result = transform([good, {"x": x, "y": y, "w": [x], "z": [1]}, good])
        assert [r.codes for r in result.rejected] == [(code,)] * bool(code)
        assert len(result.events) == 3 - bool(code)
        assert result.events[0] == result.events[-1]


@pytest.mark.parametrize("depth", [150, 199, 200, 300])
@pytest.mark.parametrize("parsed", [False, True])
def test_nesting_does_not_depend_on_the_stack(depth: int, parsed: bool) -> None:
    body = BATCH.replace(b"DEEP", b'{"d": ' + nested(depth - 2) + b"}")
    payload = json.loads(body) if parsed else body
    transform = compiled("{path: $.p, as: object}, {t: '{{ p | json }}'}")
    expected = transform(payload)
    assert len(expected.events) == (3 if depth <= 200 else 2)
    for left in range(40, 400, 9):
        assert at_depth(sys.getrecursionlimit() - left, lambda: transform(payload)) == expected, left
        assert len(at_depth(sys.getrecursionlimit() - left, lambda: transform.json(body)).events) == len(
            expected.events
        )


def at_depth(depth: int, call: Callable[[], mapper.Result]) -> mapper.Result:
    frame, used = sys._getframe(), 0
    while frame is not None:
        frame, used = frame.f_back, used + 1  # type: ignore[assignment]

    def down(more: int) -> mapper.Result:
        return call() if more <= 0 else down(more - 1)

    return down(depth - used)


@examples(300)
@given(JSON, st.booleans(), st.sampled_from([None, 1]))
def test_depth_is_found_without_parsing(value: object, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    deeper = [height(value) > levels for levels in range(30)]
    assert [is_deeper(text.encode(), levels) for levels in range(30)] == deeper
    assert [nests_deeper(value, levels) for levels in range(30)] == deeper


@examples(300)
@given(JSON, st.integers(0, 50), st.sampled_from(["", ",", "[", "}", '"', ":", "1", " "]))
def test_reading_without_recursion_is_reading(value: object, at: int, other: str) -> None:
    text = json.dumps(value)
    reader = DeepReader(text, 2, int, float)
    assert repr(reader.read()) == repr(value)
    assert {json.dumps(json.loads(text[a:b])) for a, b in reader.spans.values()} == {
        json.dumps(part) for part in parts(value) if height(part) > 2
    }
    broken = text[:at] + other + text[at + 1 :]
    assert outcome(lambda: DeepReader(broken, 2, int, float).read()) == outcome(lambda: json.loads(broken))


def outcome(read: Callable[[], object]) -> str:
    try:
        return repr(read())
    except ValueError:
        return "not JSON"


@given(JSON, st.sampled_from([1, 3, 7, 1 << 20]))
def test_values_are_counted_outside_of_texts(value: object, at_once: int) -> None:
    raw = json.dumps(value, ensure_ascii=False).encode()
    count = _counted(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nesting, "_AT_ONCE", at_once)
        assert not nesting.holds_more(raw, count)
        assert count == 0 or nesting.holds_more(raw, count - 1)


def _counted(value: object) -> int:
    """The commas and opening brackets of a value."""
    if not isinstance(value, dict | list):
        return 0
    inner = [*value.values()] if isinstance(value, dict) else value
    return 1 + max(len(inner) - 1, 0) + sum(map(_counted, inner))
