"""Neighbours: the outcome of an item is the same alone as among others, however odd those are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import mapper
from mapper import ir
from mapper.catalog import find_mappings
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import read_source
from mapper.samples.cases import Sample, find_cases
from support.examples import examples
from support.random_mappings import mappings
from support.shipped import SHIPPED, shipped

# Texts of values: numbers beyond doubles, halves of surrogate pairs, nesting, names that occur twice.
VALUES = [
    *("1", "-0", "1.0", "1e16", "0.1e1", "9007199254740993", "9007199254740993.0", "18446744073709551616"),
    *("9" * 25, "9" * 308, "9" * 309, "9" * 310, "9" * 4300, "9" * 4301, "-" + "9" * 400, "9" * 309 + ".5"),
    *("1e400", "-1e999", "1e-400", "0.1e400", "9" * 200 + "e200", "1e99999999999999999999", "5e-324"),
    *(
        '"x"',
        '""',
        '"\\ud800"',
        '"a\\udc00b"',
        '"\\ud83d\\ude00"',
        '"\\u0000"',
        '"é"',
        '"2026-11-23T20:00:00Z"',
    ),
    *("null", "true", "[]", "{}", "[1, [2]]", '{"a": 1, "a": 2}', '{"a": {"b": 1}, "b": 2, "a": 3}'),
    *('{"\\ud800": 1}', '{"\\u0061": 1, "a": 2}', '[{"a": "x"}, {"a": "\\udfff"}]', "[" * 30 + "]" * 30),
    *("[" * 198 + "]" * 198, "[" * 250 + "]" * 250, '{"a":' * 220 + "1e400" + "}" * 220, '"1795464000.25"'),
]
# Texts that are JSON only after a repair.
BROKEN = [
    "",
    "[1, ]",
    '{"a": }',
    "1 // c\n",
    '"a\tb"',
    '"x "y" z"',
    '"\udcff"',
    '"\udcc3"',
    "“x”",
    '{"b": 1, }',
]
NAMES = ['"a"', '"b"', '"c"', '"n"', '"id"', '"\\u0061"', '"odd key"', '"x"']
# A fault of the body as a whole, of which no item is read; of limits for all items together.
OF_ALL = {"M601", "M602", "M608", "M609", "M625", "M630"}


def item_texts(values: list[str]) -> st.SearchStrategy[str]:
    member = st.builds("{}: {}".format, st.sampled_from(NAMES), st.sampled_from(values))
    return st.one_of(
        st.lists(member, max_size=4).map(lambda members: "{" + ", ".join(members) + "}"),
        st.lists(member, max_size=4).map(lambda members: "{" + ", ".join(members) + "}"),
        st.sampled_from(values),
    )


def batch(around: str, items: list[str]) -> bytes:
    text = around.replace('"@@"', "[" + ", ".join(items) + "]")
    return text.encode("utf-8", "surrogateescape")  # half of a pair here is a byte that begins no character


def outcomes(transform: mapper.Transform, body: Any, call: str) -> list[Any] | None:
    """The outcome of each item in a form that compares; None if something is wrong with all of them."""
    if call == "stream":
        found = list(transform.stream(body))
    else:
        result = transform.json(body) if call == "json" else transform(body)
        other = {each.index: each for each in (*result.skipped, *result.rejected)}
        events: Iterator[Any] = iter(result.events)
        found = [other[index] if index in other else next(events) for index in range(result.items)]
    codes = {code for each in found if isinstance(each, mapper.Rejected) for code in each.codes}
    return None if codes & OF_ALL else [plain(each, index) for index, each in enumerate(found)]


def plain(outcome: Any, index: int) -> Any:
    if isinstance(outcome, mapper.Skipped):
        return outcome.reason, repr(outcome.item)
    if isinstance(outcome, mapper.Rejected):
        told = [(d.code, d.message, located(d.location, index), d.span, d.value) for d in outcome.diagnostics]
        return told, located(outcome.location, index), repr(outcome.item)
    return outcome if isinstance(outcome, bytes) else repr(outcome)


def located(location: str | None, index: int) -> str:
    """The location, as that of a first item."""
    return re.sub(rf"^(\$[.\w]*)\[{index}\]", r"\1[0]", location or "")


CALLS = ("call", "json", "stream", "parsed")


def assert_alone_as_among_others(
    transform: mapper.Transform, around: str, items: list[str], plainly: str | None = None
) -> None:
    """The outcome of each item is that of the item alone, in a body `plainly` around it."""
    plainly = plainly or around
    for call in CALLS:
        read = json.loads if call == "parsed" else bytes
        try:
            among = outcomes(transform, read(batch(around, items)), call)
            alone = [outcomes(transform, read(batch(plainly, [item])), call) for item in items]
        except (ValueError, RecursionError):  # `json` reads less than the transform does
            assert call == "parsed"
            continue
        if among is None or None in alone:
            continue
        for index, (item, one) in enumerate(zip(items, alone, strict=True)):
            assert [among[index]] == one, (call, item, items, around)
        assert len(among) == len(items)


READING = """\
mapping: reading
each: $.items
{body}event:
  event_id: {{hash: [$.n, $.a], on_missing: reject}}
  event_name: "E {{{{ b }}}}"
  user_id: {{path: $.id, as: string, default: u}}
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {properties}
"""
PROPERTIES = {
    "nothing": "{}",
    "all": "{all: $}",
    "some": "{a: $.a, c: $.c}",
    "numbers": "{n: {path: $.n, as: integer, on_error: omit}, x: {compute: 'x | plus: 1'}}",
    "texts": "{n: {path: $.n, as: string, on_error: omit}, x: '{{ x | json }}'}",
    "nested": "{x: '$..a', y: {path: $.a, as: object, on_error: omit, flatten: {lists: index}}}",
}
AROUND = [
    *('{"items": "@@"}', '{"a": 1, "items": "@@", "b": [1]}', '{"a": 1e400, "items": "@@"}'),
    *('{"items": "@@", "b": "\\ud800"}', '{"items": [1e400, {"id": "\\udfff"}], "items": "@@"}'),
    '{"c": ' + "9" * 4301 + ', "items": "@@", "d": ' + "[" * 300 + "]" * 300 + "}",
]


@cache
def reading(properties: str, body: str = "") -> mapper.Transform:
    return mapper.compile(READING.format(properties=PROPERTIES[properties], body=body))


@pytest.mark.parametrize("properties", PROPERTIES)
@examples(30, *HealthCheck)
@given(st.data())
def test_items_with_odd_neighbours(properties: str, data: st.DataObject) -> None:
    items = data.draw(st.lists(item_texts(VALUES), min_size=2, max_size=4))
    around = data.draw(st.sampled_from(AROUND))
    assert_alone_as_among_others(reading(properties), around, items, AROUND[0])


def test_each_value_beside_each_other() -> None:
    """Each pair of values once, in chunks: what one of them does to the reading of a body concerns all."""
    transform = reading("all")
    members = [f'{{"id": "i", "n": {value}}}' for value in VALUES]
    alone = {
        call: [outcomes(transform, batch(AROUND[0], [each]), call) for each in members] for call in CALLS[:3]
    }
    for odd in members:
        for call in CALLS[:3]:
            among = outcomes(transform, batch(AROUND[0], [odd, *members]), call)
            assert among is not None
            for index, one in enumerate(alone[call], 1):
                assert [among[index]] == one, (call, odd, members[index - 1])


REPAIRS = """\
encoding_errors: replace
repair: [missing_values, trailing_commas, control_characters, comments, curly_quotes, inner_quotes]
"""


@examples(30, *HealthCheck)
@given(st.data())
def test_items_with_broken_neighbours(data: st.DataObject) -> None:
    # A last item without text is no item: its comma is repaired away.
    texts = item_texts([*VALUES, *BROKEN * 2]).filter(str.strip)
    items = data.draw(st.lists(texts, min_size=2, max_size=3))
    assert_alone_as_among_others(reading("all", REPAIRS), AROUND[0], items)


# --- random and shipped mappings


def of_its_item(mapping: Any) -> str:
    """The mapping without a value from around the item: that may be a neighbour."""
    return json.dumps(mapping).replace('"envelope":', '"path":').replace("envelope.", "item.")


@examples(40, *HealthCheck)
@given(mappings, st.lists(item_texts(VALUES), min_size=2, max_size=3), st.data())
def test_random_mappings(mapping: Any, items: list[str], data: st.DataObject) -> None:
    text = of_its_item(mapping | {"each": "$.items"})
    if not any(each.severity is mapper.Severity.ERROR for each in mapper.check(text)):
        around = data.draw(st.sampled_from(AROUND))
        assert_alone_as_among_others(mapper.compile(text), around, items, AROUND[0])


@cache
def places(name: str) -> list[tuple[str, str]]:
    """The bodies around a list of items of a shipped mapping, and what is around an item in it: `@@`."""
    (path,) = [path for path in find_mappings() if path.stem == name]
    file = read_source(path, Report())
    assert file is not None
    program = analyse(file, path.parent, Report()).program
    assert program is not None
    found = []
    for each in program.each:
        names = [step[1] if step[0] == "name" else None for step in ir.plain_steps(each) or ()]
        at = names.index(None) if None in names else len(names)
        found.append((nested(names[:at]), nested(names[at + 1 :])))
    return found


def nested(names: list[Any]) -> str:
    body: Any = "@@"
    for name in reversed(names):
        body = {name: body}
    return json.dumps(body)


@cache
def sample_items(name: str) -> list[Any]:
    """The items of the samples of a shipped mapping, as far as they are in a list or are the body."""
    (path,) = [path for path in find_mappings() if path.stem == name]
    found: list[Any] = []
    for case in find_cases(path):
        sample = case.load()
        try:
            body = json.loads(sample.body) if isinstance(sample, Sample) else None
        except ValueError:
            continue
        if isinstance(body, dict):
            lists = [value for value in body.values() if isinstance(value, list) and value]
            found += lists[0][:3] if lists and isinstance(lists[0][0], dict) else [body]
        elif isinstance(body, list):
            # Which path of `each` is used, the body decides as a whole: that is the place, not the item.
            found += [item.get("json", item) for item in body[:3] if isinstance(item, dict)]
    return found


@st.composite
def changed(draw: st.DrawFn, item: Any) -> str:
    """A sample item as text, one or two of its values replaced by odd ones."""
    text = json.dumps(item)
    values = list(re.finditer(r'(?<=: )(?:"(?:[^"\\\\]|\\\\.)*"|-?[0-9.]+|null|true|false)', text))
    for _ in range(draw(st.integers(0, 2))):
        if values:
            match = draw(st.sampled_from(values))
            text = text.replace(match[0], draw(st.sampled_from(VALUES)), 1)
    return text


@pytest.mark.parametrize("name", SHIPPED)
@examples(15, *HealthCheck)
@given(st.data())
def test_shipped_mappings(name: str, data: st.DataObject) -> None:
    items = sample_items(name)
    texts = data.draw(st.lists(st.sampled_from(items).flatmap(changed), min_size=2, max_size=3))
    around, inside = data.draw(st.sampled_from(places(name)))
    texts = [inside.replace('"@@"', text) for text in texts]
    assert_alone_as_among_others(shipped(name), around, texts)


def test_a_slow_reader_that_reads_otherwise_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault of an earlier version: beside an odd item, a long integer was read as a float."""
    monkeypatch.setattr("mapper.transform.json_text._integer", float)
    with pytest.raises(AssertionError):
        assert_alone_as_among_others(
            reading("all"), AROUND[0], ['{"x": "\\ud800"}', '{"n": ' + "9" * 308 + "}"]
        )
