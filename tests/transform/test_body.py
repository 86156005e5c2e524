"""Bodies: bytes become parsed JSON or a rejection, and nothing of a payload is lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from support.examples import examples
from support.frames import PLAIN_BODY, PLAIN_MAPPING
from support.shipped import shipped


@pytest.fixture(scope="module")
def transform() -> mapper.Transform:
    return mapper.compile(PLAIN_MAPPING)


BODIES = {
    "nothing": (b"", ["M601"]),
    "not json": (b"hello", ["M601"]),
    "truncated": (b'{"id": "1", ', ["M601"]),
    "two values": (b"{} {}", ["M601"]),
    "not utf-8": (b'{"id": "\xff"}', ["M602"]),
    "a number": (b"5", ["M604"]),
    "a text": (b'"hello"', ["M604"]),
    "null": (b"null", ["M604"]),
    "nested deep": (b"[" * 100_000 + b"]" * 100_000, ["M606"]),
    "deep object": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, ["M606"]),
    "nan": (b'{"id": NaN}', ["M601"]),
    "infinity": (b'{"id": -Infinity}', ["M601"]),
}


@pytest.mark.parametrize("name", BODIES)
def test_bad_body(name: str) -> None:
    body, codes = BODIES[name]
    result = shipped("server")(body)
    assert [list(r.codes) for r in result.rejected] == [codes]
    assert result.items == 1
    if codes != ["M604"]:
        assert result.rejected[0].item == body


# What JSON text can spell and an event cannot hold.
UNKEEPABLE = {
    "lone surrogate": (b'"\\ud800"', "M623"),
    "lone surrogate in a name": (b'{"\\udc00": 1}', "M623"),
    "huge exponent": (b"-1e999", "M607"),
    "exponent that no Decimal holds": (b"1e99999999999999999999", "M607"),
    "long integer": (b"1" * 10_000, "M607"),
}


@pytest.mark.parametrize("name", UNKEEPABLE)
def test_a_value_no_event_can_hold_spoils_its_item_alone(transform: mapper.Transform, name: str) -> None:
    value, code = UNKEEPABLE[name]
    good = json.dumps(PLAIN_BODY).encode()
    bad = good.replace(b'"p": {}', b'"p": {"x": [' + value + b"]}")
    ignored = good.replace(b'"p": {}', b'"p": {}, "other": ' + value)
    result = transform(b"[" + b", ".join([good, bad, ignored]) + b"]")
    assert [event["event_id"] for event in result.events] == ["1", "1"]
    assert [(r.index, list(r.codes)) for r in result.rejected] == [(1, [code])]


@pytest.mark.parametrize("name", UNKEEPABLE)
def test_a_value_no_event_can_hold_is_no_id(transform: mapper.Transform, name: str) -> None:
    body = json.dumps(PLAIN_BODY).encode().replace(b'"id": "1"', b'"id": ' + UNKEEPABLE[name][0])
    (rejection,) = transform(body).rejected
    assert rejection.codes in (("M607",), ("M613",), ("M623",))


def test_empty_list_has_no_items(transform: mapper.Transform) -> None:
    assert transform(b"[]") == mapper.Result()


def test_last_duplicate_key_wins(transform: mapper.Transform) -> None:
    body = json.dumps(PLAIN_BODY)[:-1] + ', "id": "2"}'
    assert transform(body.encode()).events[0]["event_id"] == "2"


def test_nul_and_controls_survive(transform: mapper.Transform) -> None:
    text = "a\x00b\x1f\u2028\U0001f600"
    body = json.dumps({**PLAIN_BODY, "p": {text: text}}).encode()
    assert transform(body).events[0]["event_properties"] == {text: text}
    assert json.loads(transform.json(body).events[0])["event_properties"] == {text: text}


def test_one_bad_item_never_sinks_its_batch(transform: mapper.Transform) -> None:
    result = transform([PLAIN_BODY, {**PLAIN_BODY, "at": "?"}, 5, None, [], PLAIN_BODY])
    assert len(result.events) == 2
    assert [r.index for r in result.rejected] == [1, 2, 3, 4]


@examples(60)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
        max_leaves=20,
    ).map(lambda v: json.dumps(v).encode("utf-8", "surrogatepass"))
)
def test_any_body_is_accounted_for(body: bytes) -> None:
    for name in ("segment", "moengage", "webengage"):
        result = shipped(name)(body)
        for rejection in result.rejected:
            assert rejection.diagnostics
            assert "M901" not in rejection.codes
