"""Bounds of work: how they add up, and large bodies of one kind, so that no constant hides a part."""

from __future__ import annotations

import json

import pytest

import mapper
from mapper.ir.work import bounds_of, item_units
from mapper.runtime.json.nesting import count_values
from mapper.runtime.limits import DEFAULT, Limits
from mapper.runtime.work import Work
from support.frames import FRAME, text_of
from support.metered import by_generated_code, program_of

CHAIN = " | ".join(["escape"] * 3)
STEEP: dict[str, tuple[str, object]] = {
    "escaped again and again": (text_of("{{ s | " + CHAIN + " }}"), '"' * 20_000),
    "sorted": (text_of("{{ s | sort | size }}"), [0] * 60_000),
    "sorted texts": (text_of("{{ s | sort | size }}"), [""] * 60_000),
    "alike": (text_of("{{ s | uniq | size }}"), [[n] for n in range(10_000)]),
    "turned": (text_of("{{ s | " + " | ".join(["reverse"] * 8) + " | size }}"), [0] * 20_000),
    "short texts": (
        text_of("{% for i in s %}{{ i | append: 'a' | append: 'b' | append: 'c' }}{% endfor %}"),
        [""] * 9_000,
    ),
    "captured and read": (
        text_of("{% capture c %}{{ s }}{{ s }}{{ s }}{{ s }}{{ s }}{{ s }}{{ s }}{{ s }}{% endcapture %}"),
        "a" * 100_000,
    ),
    "captured in rounds": (
        text_of("{% for i in s %}{% capture c %}{{ s[0] }}{% endcapture %}{% endfor %}"),
        ["a" * 500] + [0] * 5_000,
    ),
    "read again in each round": (
        text_of("{% for i in s %}{{ s[0] | md5 }}{% endfor %}"),
        ["a" * 10_000] + [0] * 5_000,
    ),
    "read again in inner rounds": (
        text_of("{% for i in s %}{% for k in (1..50) %}{{ i | md5 }}{% endfor %}{% endfor %}"),
        ["a" * 50_000] + [0] * 100,
    ),
    "objects that are printed": (text_of("{{ s }}"), [{}] * 20_000),
    "members that are joined": (
        text_of("{% for i in s %}{{ i | join }}{% endfor %}"),
        {str(n): 0 for n in range(100)},
    ),
    "elements that are hashed": ("{a: {map: $.s, to: {hash: [$, $, $, $]}}}", [[0] * 20] * 1_000),
    "elements with loops": (
        "{a: {map: $.s, to: '{% for i in item %}{% endfor %}'}}",
        [[0] * 100] * 200,
    ),
    "entries that are hashed": (
        "{a: {map: {entries: $.s}, to: {hash: [$.key, $.value]}}}",
        {str(n): 10**600 for n in range(100)},
    ),
    "long integers that are hashed": ("{a: {hash: [$.s]}}", [10**4_200] * 20),
    "long integers as texts": ("{a: {map: $.s, to: {path: $, as: string}}}", [10**4_299] * 20),
}


@pytest.mark.parametrize("name", STEEP)
def test_a_bound_is_never_too_low_for_much_of_the_same(name: str) -> None:
    text, value = STEEP[name]
    program = program_of(FRAME.replace("PROPERTIES", text))
    body = {"s": value}
    code, units = by_generated_code(program, body, body, mapper.Request())
    assert code == ""
    raw = json.dumps(body, separators=(",", ":")).encode()
    limits = Limits(values=count_values(raw))  # no more than there are
    for is_large in (True, False):
        bound = bounds_of(program, is_large=is_large).work(item_units(program), program.each)
        assert units <= bound.at_most(1, len(raw), limits)


def test_a_bound_adds_up() -> None:
    bound = Work(units=10, constant=5, own=3, shared=2, own_values=7, shared_values=1, rounds=100)
    values, elements = 67, 50
    assert bound.at_most(4, 100, DEFAULT) == 4 * (15 + 200 + values) + 300 + 7 * values + 100 * elements
    limits = Limits(body_bytes=1000, values=20, loop_rounds=2)
    assert bound.at_most(4, 100, limits) == 4 * (15 + 200 + 21) + 300 + 7 * 21 + 100 * 4 * 2
    for units in (1, 100, 1_000, 10_000, 1_000_000):
        size = bound.max_bytes(units, 1, limits)
        assert size == 0 or bound.at_most(1, size, limits) <= units
        assert size == 1000 or bound.at_most(1, size + 1, limits) > units


def test_work_is_left_uncounted_only_if_it_fits_both_limits() -> None:
    bound = Work(units=100, constant=0, own=1, shared=0)
    assert bound.fits(10, 1000, Limits(item_work=1100, body_work=2000))
    assert not bound.fits(10, 1000, Limits(item_work=1099, body_work=2000))
    assert not bound.fits(10, 1000, Limits(item_work=1100, body_work=1999))
