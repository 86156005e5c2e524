"""Liquid properties: random templates and data, any text at all, and texts that would like to be code."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.diagnostics.diagnostic import Report
from mapper.expressions.liquid import parse_condition, parse_template
from mapper.expressions.liquid.dialects import Dialect
from mapper.ir.liquid import LiquidRules
from mapper.runtime.liquid.filters import FILTERS, ROWS
from mapper.runtime.missing import MISSING
from support.examples import examples
from support.lowered import (
    compiled,
    condition,
    expression,
    generated,
    run_generated,
    run_library,
    template,
    text,
)

INJECTIONS = [
    "it's",
    'a"b',
    "{x}",
    "{{",
    "%}",
    '"); import os; (',
    "'''",
    "\\",
    "\\'",
    "line\nline",
    "\r\n",
    "\t\0\x1b",
    "\u2028\u2029",
    "\u202e",
    "\ud800",
    "\U0001f600",
    "None",
    "item",
    "__import__('os')",
]
REQUEST = mapper.Request(
    headers={"X-A": "h"}, query={"a": "q"}, settings={"a": [1]}, received_at="2026-01-15T10:20:30Z"
)
EXTENDED = Dialect(
    "test",
    rules=LiquidRules(abort=True, filters=frozenset({"date_tz"}), now=True, zone="Asia/Kolkata"),
    tags=frozenset({"abort"}),
)

names = st.sampled_from(["a", "b", "x", "item", "header", "forloop", "envelope"])
keys = st.sampled_from(
    ["", ".a", ".b.a", "['a b']", "[0]", "[-1]", ".size", ".first", ".last", "[b]", "[x.a]"]
)
variables = st.builds(lambda name, key: name + key, names, keys)
loop_fields = st.sampled_from(
    [
        "forloop.index",
        "forloop.last",
        "forloop.rindex0",
        "forloop.parentloop.index0",
        "forloop.parentloop.first",
    ]
)
literals = st.sampled_from(
    ["1", "0", "-2", "2.5", "true", "false", "nil", "'x'", "''", '"a b"', "' '", "(1..3)", "(a..b)"]
)
operands = st.one_of(variables, variables, literals, loop_fields)


@st.composite
def filtered(draw: Any) -> str:
    value = draw(operands)
    for name in draw(
        st.lists(st.sampled_from(sorted(name for name in ROWS if not ROWS[name].of_dialects)), max_size=2)
    ):
        places = [p for p in ROWS[name].parameters if p.kind is not p.KEYWORD_ONLY]
        count = draw(st.integers(sum(p.default is p.empty for p in places), len(places)))
        # A constant that is no namespace is an error.
        given = st.sampled_from(["'dns'", "a", "x.a"]) if name == "uuid_v5" else operands
        arguments = [draw(given) for _ in range(count)]
        value += f" | {name}" + (": " + ", ".join(arguments) if arguments else "")
    return value


relations = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "contains"])
special = st.one_of(operands, st.sampled_from(["blank", "empty"]))
comparisons = st.one_of(
    operands,
    st.builds(lambda a, o, b: f"{a} {o} {b}", operands, relations, special),
    st.builds(lambda a, o, b: f"{a} {o} {b}", special, relations, operands),
)
tests = st.builds(
    lambda first, more: first + "".join(f" {word} {test}" for word, test in more),
    comparisons,
    st.lists(st.tuples(st.sampled_from(["and", "or"]), comparisons), max_size=3),
)
leaves = st.one_of(
    st.sampled_from(
        ["text ", " \n", "'\\", "{%- increment n -%}", "{% cycle 'p', a %}", "{% cycle 'q', 'r' %}"]
    ),
    st.builds(lambda value: "{{ " + value + " }}", filtered()),
    st.builds(
        lambda name, value: "{% assign " + name + " = " + value + " %}", st.sampled_from("abxy"), filtered()
    ),
    st.builds(lambda name: "{{ " + name + " }}", st.sampled_from("abxyn")),
)
windows = st.sampled_from(
    ["", " limit: 2", " offset: 1", " limit: b offset: continue", " reversed", " limit: 0"]
)


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.lists(inner, max_size=3).map("".join)
    interrupts = st.sampled_from(["", "", "{% break %}", "{% if a == x %}{% continue %}{% endif %}"])
    return st.one_of(
        st.builds(
            "{{% if {} %}}{}{{% elsif {} %}}{}{{% else %}}{}{{% endif %}}".format,
            tests,
            body,
            tests,
            body,
            body,
        ),
        st.builds("{{% unless {} %}}{}{{% endunless %}}".format, tests, body),
        st.builds(
            "{{% case {} %}}{{% when {}, {} %}}{}{{% when {} %}}{}{{% else %}}{}{{% endcase %}}".format,
            *(operands, special, operands, body, special, body, body),
        ),
        st.builds(
            "{{% for {} in {}{} %}}{}{}{}{{% else %}}{}{{% endfor %}}".format,
            *(st.sampled_from("abx"), operands, windows, body, interrupts, body, body),
        ),
        st.builds("{{% capture {} %}}{}{{% endcapture %}}".format, st.sampled_from("abx"), body),
    )


templates = st.lists(st.recursive(leaves, blocks, max_leaves=8), max_size=4).map("".join)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, -2.5, 1.0, 10**30, 1700000000, 1700000000000]),
    st.sampled_from(
        ["", " ", "a", "b a", "1", "2.5", "now", "March 14, 2016", "<b>x</b>", "é\u2028", "\ud800"]
    ),
)
data = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "a b", "size"]), inner, max_size=3),
    ),
    max_leaves=6,
)
items = st.dictionaries(st.sampled_from(["a", "b", "x", "n", "item"]), data, max_size=5)


@examples(120)
@given(templates, items)
def test_lowered_equals_library(source: str, item: dict[str, object]) -> None:
    parsed = template(source)
    assert parsed is not None
    before = repr(item)
    assert run_generated(parsed, item, REQUEST) == run_library(parsed, item, REQUEST), generated(parsed)
    assert repr(item) == before


@examples(200)
@given(filtered(), items)
def test_expressions_equal_the_library(source: str, item: dict[str, object]) -> None:
    parsed = expression(source)
    assert parsed is not None
    ours = run_generated(parsed, item, REQUEST)
    # Of equal values `repr` tells 1, 1.0 and true apart.
    assert repr(ours) == repr(run_library(parsed, item, REQUEST)), generated(parsed)
    if ours[0] != "fault" and ours[1] is not MISSING:
        json.dumps(ours[1], allow_nan=False)
        assert "range" not in repr(type(ours[1]))


@examples(200)
@given(tests, items)
def test_conditions_equal_the_library(source: str, item: dict[str, object]) -> None:
    parsed = condition(source)
    assert parsed is not None
    assert run_generated(parsed, item, REQUEST) == run_library(parsed, item, REQUEST), generated(parsed)


@pytest.mark.slow
@examples(100)
@given(templates, items)
def test_dialects_equal_the_library(source: str, item: dict[str, object]) -> None:
    source = (
        "{{ 'now' | date: '%F %H' }}{{ a | date_tz: '%F', 'UTC' }}"
        + source
        + "{% if x %}{% abort %}{% endif %}"
    )
    plain = Dialect(EXTENDED.name, rules=EXTENDED.rules, tags=frozenset(TAGS), filters=frozenset(FILTERS))
    parsed = template(source, dialect=plain)
    assert parsed is not None
    assert run_generated(parsed, item, REQUEST) == run_library(parsed, item, REQUEST), generated(parsed)


TAGS = re.findall(r"\w+", "if unless case for assign capture cycle increment break continue abort")


@examples(50)
@given(templates)
def test_the_same_text_gives_the_same_code(source: str) -> None:
    first, second = template(source), template(source)
    assert first == second
    assert first is not None
    assert second is not None
    assert generated(first) == generated(second)


WORDS = re.findall(
    r"\S+", "if for in endif else elsif case when assign capture comment raw liquid doc cycle a 1"
)
pieces = st.sampled_from([*"{}%|:.,'\"[]()=<>-#\n“", "{{", "}}", "{%", "%}", " ", "..", " | upcase", *WORDS])
anything = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=25).map("".join))


@examples(200)
@given(anything)
def test_any_text_is_read_or_diagnosed(source: str) -> None:
    for parse in (parse_template, parse_condition):
        for dialect in (None, EXTENDED):
            report = Report()
            parsed = parse(text(source), report, dialect)
            assert (parsed is None) is report.has_errors
            if parsed is not None:
                assert run_generated(parsed, {"a": [1]}, REQUEST) == run_library(parsed, {"a": [1]}, REQUEST)


DEEP = ["a and ", "a or ", "a or b and ", "a == ", "a[", "(", "not ", "a.b", "{{", "{% raw %}"]


@pytest.mark.parametrize("piece", [*DEEP, "{% if a %}", "{% case a %}"])
@pytest.mark.parametrize("count", [40, 400, 5000])
def test_deep_text_is_read_or_diagnosed(piece: str, count: int) -> None:
    for source in (piece * count, piece * count + "a", "{% if " + piece * count + "a %}{% endif %}"):
        for parse in (parse_template, parse_condition):
            report = Report()
            parsed = parse(text(source), report)
            assert (parsed is None) is report.has_errors
            if parsed is not None:
                assert run_generated(parsed, {"a": 1}) == run_library(parsed, {"a": 1})


@pytest.mark.parametrize("value", INJECTIONS)
def test_literals_come_back_unchanged(value: str) -> None:
    if "'" not in value and "}}" not in value and "%}" not in value:
        parsed = template("{{ '" + value + "' }}|{{ '" + value + "' | default: 1 }}")
        assert parsed is not None
        assert run_generated(parsed, {}) == ("text", f"{value}|{value}") == run_library(parsed, {})
    if "{" not in value:
        parsed = template(value + "{% if true %}" + value + "{% endif %}")
        assert parsed is not None
        assert run_generated(parsed, {})[1] == run_library(parsed, {})[1]
        assert str(run_generated(parsed, {})[1]).startswith(value)


@pytest.mark.parametrize("value", INJECTIONS)
def test_keys_and_values_come_back_unchanged(value: str) -> None:
    quote = "'" if "'" not in value else '"'
    if quote in value or "]" in value or "}}" in value or "%}" in value:
        return
    parsed = template("{{ item[" + quote + value + quote + "] }}{{ a }}")
    assert parsed is not None
    item = {value: f"<{value}>", "a": value}
    assert run_generated(parsed, item) == ("text", f"<{value}>{value}") == run_library(parsed, item)
    found = condition("item[" + quote + value + quote + "] == " + quote + value + quote)
    assert found is not None
    assert run_generated(found, {value: value}) == ("holds", True) == run_library(found, {value: value})


@examples(100)
@given(st.text(max_size=20), st.sampled_from(sorted(FILTERS)))
def test_no_filter_lets_a_raw_error_out(value: str, name: str) -> None:
    places = [p for p in ROWS[name].parameters if p.kind is not p.KEYWORD_ONLY]
    arguments = ", ".join("b" for _ in places)
    parsed = template("{{ a | " + name + (": " + arguments if arguments else "") + " }}", dialect=None)
    if parsed is None:
        assert ROWS[name].of_dialects
        return
    for other in (value, None, [value], {value: value}, 10**40, -1.5, True):
        item = {"a": value, "b": other}
        assert run_generated(parsed, item) == run_library(parsed, item)
        item = {"a": other, "b": value}
        assert run_generated(parsed, item) == run_library(parsed, item)


def test_code_is_ascii() -> None:
    parsed = template("é\u2028\ud800{{ item['\u202e'] }}{% if a == 'é' %}{% endif %}")
    assert parsed is not None
    assert generated(parsed).isascii()
    compiled(parsed)
