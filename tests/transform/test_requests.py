"""Requests: all that a host passes beside a body is JSON, or refused with its place and without its value."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

import mapper
from mapper.runtime.limits import MAX_NESTING
from support.frames import compiled

SECRET = "s3cr3t"
CYCLE: list[object] = []
CYCLE.append(CYCLE)


def _deep(levels: int) -> object:
    value: object = []
    for _ in range(levels - 1):
        value = [value]
    return value


# Values that JSON does not have, each with the error and its words.
ODD: dict[str, tuple[Any, type[Exception], str]] = {
    "NaN": (math.nan, ValueError, "a number out of range"),
    "an infinity": (-math.inf, ValueError, "a number out of range"),
    "too many digits": (10**5000, ValueError, "a number out of range"),
    "a set": ({SECRET}, TypeError, "of the type set"),
    "a tuple": ((SECRET,), TypeError, "of the type tuple"),
    "bytes": (SECRET.encode(), TypeError, "of the type bytes"),
    "a date": (date(2026, 1, 1), TypeError, "of the type date"),
    "a decimal": (Decimal(1), TypeError, "of the type Decimal"),
    "an object": (object(), TypeError, "of the type object"),
    "half of a pair": (SECRET + "\ud800", ValueError, "half of a surrogate pair"),
    "a name that is a number": ({1: SECRET}, TypeError, "a name that is not text"),
    "a name with half of a pair": ({"\ud800": SECRET}, ValueError, "a name that is not Unicode"),
}
AROUND = {
    "alone": (lambda value: value, r"\$\.team "),
    "in an object": (lambda value: {"a": 1, "b c": value}, r"\$\.team\['b c'\] "),
    "in a list": (lambda value: ["a", [value]], r"\$\.team\[1\]\[0\] "),
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", ODD)
def test_settings_are_json(name: str, around: str) -> None:
    value, error, words = ODD[name]
    put, place = AROUND[around]
    with pytest.raises(error, match=place + ".*" + words) as raised:
        mapper.Request(settings={"other": "x", "team": put(value)})
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("value", [CYCLE, _deep(MAX_NESTING)])
def test_settings_that_nest_too_deep(value: object) -> None:
    with pytest.raises(ValueError, match="deeper than 400 levels"):
        mapper.Request(settings={"team": value})


def test_settings_that_repeat_a_part_are_looked_at_once() -> None:
    value: object = ["x"]
    for _ in range(60):
        value = [value, value]
    assert mapper.Request(settings={"team": value}).settings["team"] is value


@pytest.mark.parametrize("name", ["headers", "query"])
@pytest.mark.parametrize("value", [5, None, ["x"], {SECRET}, math.nan, SECRET.encode()])
def test_headers_and_query_hold_texts(name: str, value: object) -> None:
    with pytest.raises(TypeError, match=f"Request.{name} must hold texts"):
        mapper.Request(**{name: {"a": "x", "b": value}})  # type: ignore[arg-type]


def test_any_json_reaches_the_event_on_both_paths() -> None:
    transform = compiled("{a: {setting: a}, t: '{{ setting.a }}'}")
    for value in (None, True, 0, -1.5, "", "\u00e4\U0001f600", [], {}, {"a": [{"b": None}]}, 2**70):
        request = mapper.Request(settings={"a": value})
        event, *_ = transform({}, request).events
        assert event["event_properties"].get("a") == value  # type: ignore[union-attr]
        made, *_ = transform.json(b"{}", request).events
        assert made == transform.json(b"{ }", request).events[0]


def test_half_of_a_pair_in_a_header_is_rejected() -> None:
    """A client may send it, so it is no error of the host."""
    transform = compiled("{a: {header: h}, b: {query: h}}")
    for request in (mapper.Request(headers={"h": "\ud800"}), mapper.Request(query={"h": "\ud800"})):
        for result in (transform({}, request), transform.json(b"{}", request)):
            assert [rejected.codes for rejected in result.rejected] == [("M623",)]
