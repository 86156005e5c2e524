"""Work: the units that are counted, the same by generated code and by the library, and their limits."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

import mapper
from mapper.catalog import find_mappings
from mapper.codegen.work_code import work_of
from mapper.ir.work import item_units, work
from mapper.runtime.items import UnmatchedElement, select
from mapper.runtime.json.exact import encode
from mapper.runtime.json.nesting import holds_more
from mapper.runtime.limits import DEFAULT, Limits, within
from mapper.runtime.missing import MISSING
from mapper.runtime.work import (
    CALL,
    DATE,
    DATE_PATTERN,
    ENTERED,
    FREE_DATE,
    FREE_DATE_CHARACTER,
    LISTED,
    NUMBER,
    PAIR,
    PATTERN,
    PRINTED,
    VALUE,
    Work,
)
from mapper.runtime.work import FEW as UNCOUNTED
from mapper.transform.narrow_path import NarrowPath
from support.examples import examples, slow_but
from support.frames import FRAME, compiled, text_of
from support.json_values import JSON
from support.metered import by_generated_code, by_interpreter, event_of, program_of, units_of_event
from support.random_mappings import bodies, mappings, requests

NONE = mapper.Request()
TEXT = "abcdefghij" * 100
SIZE = len(TEXT)
FEW = list(range(50))
COMPACT = json.dumps(FEW, separators=(",", ":"))
BODY: dict[str, Any] = {
    "s": TEXT,
    "t": TEXT[:-1] + "z",
    "x": FEW,
    "o": {f"k{n}": n for n in FEW},
    "d": [{"a": [1, 2, [3, 4]]} for _ in FEW],
    "e": [{"key": f"k{n}", "value": n} for n in FEW],
    "w": " " * SIZE,
    "n": 10**500,
    "j": json.dumps(FEW),
    "p": "(a|b)*c",
    "m": {"k": FEW},
    "r": {f"r{n}": n for n in FEW},
}


def rounds(text: str, number: int) -> int:
    return 8 * len(text) * number


LOOP = "{% for i in (1..50) %}x{% endfor %}"
NESTED = "{% for i in x %}{% for k in x %}{% endfor %}{% endfor %}"
LOOKS = "$.d[?@.a[?@ == $.x[0]]]"

# Each row of what is counted: properties, and the units beside those that an item begins with.
COUNTED: dict[str, tuple[str, int]] = {
    "lookups": ("{a: $.s, b: $.o.k1, c: '{{ s }}', d: {path: $.x, as: array}}", 0),
    "a text filter": (text_of("{{ s | upcase }}"), 2 * SIZE),
    "a text filter with an argument": (
        text_of("{{ s | remove: 'ab' }}"),
        CALL + SIZE + 2 + SIZE * 2 // 32 + SIZE - 200,
    ),
    "a filter of a container": (text_of("{{ x | append: '' }}"), PRINTED * 50 + 90 + CALL + 90 + 0 + 90),
    "a list filter": (text_of("{{ x | reverse | size }}"), CALL + 2 * LISTED * 50 + VALUE * 50),
    "a split": (text_of("{{ s | split: '' | size }}"), CALL + SIZE + VALUE * SIZE),
    "a sort": (
        text_of("{{ x | sort | size }}"),
        CALL + 2 * LISTED * 50 + (6 * VALUE + LISTED) * 50 + VALUE * 50,
    ),
    "a digest": (text_of("{{ s | md5 }}"), CALL + SIZE),
    "a date": (text_of("{{ 1764000000 | date: '%Y' }}"), DATE + 2 * DATE_PATTERN),
    "a date in words": (
        text_of("{{ '23 November 2026' | date: '%Y' }}"),
        DATE + 16 + 2 * DATE_PATTERN + FREE_DATE + 16 * FREE_DATE_CHARACTER,
    ),
    "a filter of fractions": (text_of("{{ x[1] | plus: 0.5 | times: 0.5 }}"), 3 * NUMBER),
    "a filter of long integers": (
        text_of("{{ n | plus: n | modulo: 7 }}"),
        2 * ((10**500).bit_length() ** 2 >> 14) + ((2 * 10**500).bit_length() ** 2 >> 14),
    ),
    "characters taken apart": (text_of("{{ s | url_decode }}"), CALL + 12 * SIZE),
    "a search of a long part": (
        text_of("{{ s | remove_last: t }}"),
        CALL + 3 * SIZE + SIZE * 800 // 32,
    ),
    "uniq": (text_of("{{ d | uniq | size }}"), CALL + 2 * LISTED * 50 + VALUE + 50 * 13 * PAIR),
    "a sum": (text_of("{{ x | sum }}"), CALL + 3 * LISTED * 50 + 4 * VALUE * 50),
    "json": (text_of("{{ x | json }}"), CALL + 2 * len(COMPACT) + PRINTED * 50),
    "filters of numbers": (text_of("{{ x[1] | plus: 1 | times: 2 | round }}"), 0),
    "default, first, last, size": (text_of("{{ s | default: 'x' | size }}{{ x | first }}{{ x | last }}"), 0),
    "rounds": (text_of(LOOP), rounds(LOOP, 50)),
    "rounds inside each other": (text_of(NESTED), rounds(NESTED, 50 + 50 * 50)),
    "rounds of the library": (
        text_of("{% tablerow i in (1..9) %}{% endtablerow %}"),
        VALUE * len(BODY) + 8 * rounds("{% tablerow i in (1..9) %}{% endtablerow %}", 9),
    ),
    "the members of a loop": (
        text_of("{% for p in o limit: 0 %}{% endfor %}"),
        VALUE * 50,
    ),
    "a capture": (text_of("{% capture c %}{{ s }}{% endcapture %}"), SIZE),
    "contains in a text": (text_of("{% if s contains 'zz' %}{% endif %}"), SIZE + 2 + SIZE * 2 // 32),
    "contains in a list": (text_of("{% if x contains 99 %}{% endif %}"), 2 * VALUE * 50),
    "equal texts": (text_of("{% if s == t %}{% endif %}"), SIZE // 16),
    "equal to a constant": (text_of("{% if s == 'x' %}{% endif %}{% if x == 1 %}{% endif %}"), 0),
    "equal lists": (text_of("{% if x == item.x %}{% endif %}"), PAIR * 50 + ENTERED),
    "equal objects": (
        text_of("{% if o == envelope.o %}{% endif %}"),
        ENTERED + (VALUE + PAIR) * 50 + sum(map(len, BODY["o"])) // 16,
    ),
    "objects with other names": (
        text_of("{% if o == r %}{% endif %}"),
        ENTERED + VALUE * 50 + sum(map(len, BODY["o"])) // 16,
    ),
    "equal members": (
        text_of("{% if m.first == item.m.first %}{% endif %}"),
        2 * ENTERED + PAIR * 51,
    ),
    "an element and a constant": (text_of("{% if d contains 'x' %}{% endif %}"), 2 * VALUE * 50),
    "an element that is an object": (
        text_of("{% if d contains o %}{% endif %}"),
        (2 * VALUE + ENTERED) * 50,
    ),
    "blank texts": (text_of("{% if w == blank %}{% endif %}{% if s == blank %}{% endif %}"), SIZE),
    "printed lists": (text_of("{{ x }}"), PRINTED * 50 + 90),
    "long integers": (text_of("{{ n }}"), (10**500).bit_length() ** 2 >> 14),
    "computed ranges": ("{a: {compute: (1..50)}}", VALUE * 50),
    "a wildcard": ("{a: '$.x[*]'}", VALUE * 50),
    "wildcards": ("{a: '$.d[*].a[*]'}", VALUE * (50 + 50 + 50 + 150)),
    "a slice": ("{a: '$.x[10:20]'}", VALUE * 10),
    "descendants": ("{a: $.d..b}", 2 * VALUE * (1 + 50 * 7)),
    "selectors": ("{a: \"$.o['k1','k2']\"}", 0),
    "a filter of a path": ("{a: \"$.o[?match(@, 'a')]\"}", 50 * 4 * VALUE),
    "a filter of members": ("{a: \"$['s','t'][?@ == 1]\"}", VALUE * 2),
    "a map": ("{a: {map: $.x, to: $}}", 50 * VALUE),
    "an object taken apart": ("{a: {entries: $.o}}", VALUE * 50),
    "a merge": ("{merge: [$.o, $.o]}", VALUE * 150),
    "pick": ("{path: $.o, pick: [k1]}", VALUE * 50 + VALUE),
    "omit": ("{path: $.o, omit: [k1]}", VALUE * 50 + VALUE * 49),
    "prune": ("{a: {path: $.d, prune: [empty]}}", PRINTED * (51 + 50 * 2 + 50 * 4 + 50 * 3)),
    "flatten": ("{a: {path: $.o, flatten: {separator: .}}}", PAIR * 50),
    "a hash": ("{a: {hash: [$.x]}}", PRINTED * 52 + len(COMPACT) + 4),
    "a JSON text": ("{a: {path: $.j, as: json}}", 2 * CALL + len(json.dumps(FEW))),
    "a cast of a number": ("{a: {path: $.n, as: string}}", (10**500).bit_length() ** 2 >> 14),
    "nonblank": ("{a: {first_nonblank: [$.w, x]}}", SIZE),
}


@pytest.mark.parametrize("name", COUNTED)
def test_what_is_counted(name: str) -> None:
    properties, wanted = COUNTED[name]
    program = program_of(FRAME.replace("PROPERTIES", properties))
    code, units = by_generated_code(program, BODY, BODY, NONE)
    assert (code, units) == by_interpreter(program, BODY, BODY, NONE)
    assert (code, units - item_units(program)) == ("", wanted)


# Neighbours without a number: the two must agree, and their work must grow with the payload.
AGREED = {
    "sort by a key": text_of("{{ e | sort: 'key' | map: 'key' | join }}"),
    "uniq and where": text_of("{{ e | uniq | where: 'value', 3 | size }}{{ d | uniq: 'a' | size }}"),
    "filters in a loop": text_of("{% for i in x %}{{ s | replace: 'a', i | size }}{% endfor %}"),
    "captures in a loop": text_of(
        "{% for i in x %}{% capture c %}{{ c }}{{ i }}{% endcapture %}{% endfor %}"
    ),
    "cycles": text_of("{% for i in x %}{% cycle s, t, i %}{% endfor %}"),
    "a case": text_of("{% case s %}{% when t, s %}a{% when 'x' %}b{% endcase %}"),
    "changes": text_of("{% for i in x %}{% ifchanged %}{{ s }}{% endifchanged %}{% endfor %}"),
    "nested filters": f"{{a: '{LOOKS}'}}",
    "queries of the body": "{a: '$.d[?count($..a) > 3 || $..b]', b: '$.d[?@.a && count($..a) > 3]'}",
    "parts that do not decide": "{a: \"$.x[?@ > 3 && (search($.s, $.p) || match($.t, 'a.*'))]\"}",
    "patterns of the payload": "{a: \"$['s','t'][?search(@, $.p)]\"}",
    "several selectors": "{a: \"$.d[*]['a','b',*,0:1]\"}",
    "a map in a map": "{a: {map: $.d, to: {b: {map: $.a, to: {hash: [$, {envelope: $.x}]}}}}}",
    "an object of entries": "{a: {object_from: $.e, key: $.key, value: $.value}}",
    "a conditional value": "{a: {when: s contains 'z', then: {hash: [$.s]}, else: {hash: [$.x]}}}",
}


@pytest.mark.parametrize("name", AGREED)
def test_work_is_agreed_on_and_grows(name: str) -> None:
    program = program_of(FRAME.replace("PROPERTIES", AGREED[name]))
    found = by_generated_code(program, BODY, BODY, NONE)
    assert found == by_interpreter(program, BODY, BODY, NONE)
    small = {key: value[:2] if isinstance(value, str | list) else value for key, value in BODY.items()}
    code, units = by_generated_code(program, small, small, NONE)
    assert (code, found[0]) == ("", "")
    assert found[1] >= units >= item_units(program)
    assert found[1] > item_units(program)


def test_a_pattern_of_the_payload_counts_its_compilation() -> None:
    shared = "{a: \"$['p'][?search(@, PATTERN)]\"}"
    texts = [FRAME.replace("PROPERTIES", shared.replace("PATTERN", p)) for p in ("$.p", "'(a|b)*c'")]
    body = {"p": {"x": "(a|b)*c"}}
    given, constant = (by_generated_code(program_of(text), {**body, "q": 1}, body, NONE)[1] for text in texts)
    assert given < constant, "what is no text is no pattern"
    body = {"p": ["aab"], "r": "(a|b)*c"}
    texts = [text.replace("$.p)", "$.r)") for text in texts]
    given, constant = (by_generated_code(program_of(text), body, body, NONE)[1] for text in texts)
    assert given - constant == PATTERN * len("(a|b)*c") + 2 * VALUE, "a query has more nodes"


@pytest.mark.parametrize("name", slow_but([*COUNTED, *AGREED][::3], [*COUNTED, *AGREED]))
def test_the_smallest_limit_is_the_number_of_units(name: str) -> None:
    properties = COUNTED[name][0] if name in COUNTED else AGREED[name]
    program = program_of(FRAME.replace("PROPERTIES", properties))
    raw = json.dumps(BODY).encode()
    free = compiled(properties)
    # The units of the checks by the target schema are the same in all of these.
    least = _least(properties, raw)
    assert least >= by_interpreter(program, BODY, BODY, NONE)[1]
    for limits, code in (({"item_work": least}, ()), ({"item_work": least - 1}, ("M629",))):
        transform = compiled(properties, **limits)
        for result in (transform(BODY), transform(raw), transform.json(raw)):
            assert [r.codes for r in result.rejected] == ([code] if code else [])
        assert [r.codes for r in transform.stream(raw) if isinstance(r, mapper.Rejected)] == (
            [code] if code else []
        )
    assert transform_events(free.json(raw)) == [json.loads(json.dumps(event)) for event in free(BODY).events]


def transform_events(result: mapper.JsonResult) -> list[object]:
    return [json.loads(event) for event in result.events]


def _least(properties: str, raw: bytes) -> int:
    """The units of an item with the checks of its event: the smallest `item_work` with which it passes."""
    transform = compiled(properties, body_work=1)  # so that it counts
    item = json.loads(raw)
    return units_of_event(transform, item)


def test_the_items_of_a_body_share_its_work() -> None:
    properties = "{a: {hash: [$.x]}}"
    least = _least(properties, json.dumps({"x": FEW}).encode())
    body = {"events": [{"x": FEW}] * 5}
    raw = json.dumps(body).encode()
    transform = compiled(properties, body_work=3 * least)
    for result in (transform(body), transform(raw), transform.json(raw)):
        assert len(result.events) == 3
        assert [(r.index, r.codes, r.location) for r in result.rejected] == [
            (3, ("M630",), "$.events[3]"),
            (4, ("M630",), "$.events[4]"),
        ]
        assert all(r.item == {"x": FEW} for r in result.rejected)
    kinds = [type(outcome).__name__ for outcome in transform.stream(raw)]
    assert kinds == ["bytes"] * 3 + ["Rejected"] * 2
    assert [r.codes for r in compiled(properties, body_work=5 * least)(raw).rejected] == []


def test_an_item_that_takes_too_much_counts_as_much_as_it_may() -> None:
    least = _least("{a: {hash: [$.x]}}", b'{"x": []}')
    limits = {"item_work": least, "body_work": 3 * least}
    result = compiled("{a: {hash: [$.x]}}", **limits)(
        {"events": [{"x": []}, {"x": FEW}, {"x": []}, {"x": []}]}
    )
    assert [(r.index, r.codes) for r in result.rejected] == [(1, ("M629",)), (3, ("M630",))]


def test_the_items_themselves_are_found_within_the_limits() -> None:
    text = FRAME.replace("PROPERTIES", "{}").replace("[$.events, $]", '"$.x[?@.a == $.y]"')
    body = {"x": [{"a": FEW}] * 50, "y": FEW}
    assert mapper.compile(text)(body).items == 50
    result = mapper.compile(text, limits=Limits(body_work=20_000))(body)
    assert [(r.index, r.codes, r.location) for r in result.rejected] == [(0, ("M630",), "$")]


ROUGH = examples(60, *HealthCheck)


@ROUGH
@given(mappings, st.lists(bodies, min_size=1, max_size=2), requests)
def test_generated_code_and_interpreter_count_the_same(
    mapping: Any, payloads: list[Any], request: mapper.Request
) -> None:
    text = json.dumps(mapping)
    if any(d.severity is mapper.Severity.ERROR for d in mapper.check(text)):
        return
    program, transform = program_of(text), mapper.compile(text)
    event, bound = event_of(program), work(program)
    for payload in payloads:
        items = select(transform._decoded.alternatives, payload, 10_000) or []
        size = _bytes_of(payload)
        for item in items:
            if isinstance(item, UnmatchedElement):
                continue
            found = by_generated_code(program, item, payload, request, event)
            wanted = by_interpreter(program, item, payload, request)
            if "" in (found[0], wanted[0]):
                assert found == wanted
            assert found[1] <= bound.at_most(1, size, DEFAULT), "a bound is never too low"


def _bytes_of(payload: object) -> int:
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8", "surrogatepass"))


# Values with much work for their size.
DENSE: dict[str, Any] = {
    "digits": [0] * 99,
    "empty lists": [[]] * 99,
    "lists": [[0]] * 99,
    "empty objects": [{}] * 99,
    "objects": [{"a": 0, "key": "", "value": 0}] * 30,
    "members": {str(n): 0 for n in range(99)},
    "nested": json.loads("[" * 50 + "]" * 50),
    "long floats": [1e15] * 99,
    "large floats": [1e20] * 99,
    "words": [True, None] * 50,
    "long integers": [10**400, -(10**4000)],
    "blanks": " " * 3_000,
    "quotes": '"' * 3_000,
    "control characters": "\x01" * 3_000,
    "characters of three bytes": "\u20ac" * 3_000,
    "letters that grow": "\u0390" * 3_000,
    "lists in a text": json.dumps([[0]] * 400, separators=(",", ":")),
    "texts of lists": ["[" + "[]," * 100 + "0]"] * 30,
    "digits in a text": "1" * 4_000,
    "entities": "&lt" * 1_000,
}
OR_NULL = "on_error: 'null'"
# Texts and values beside those above, whose work is bounded in their own ways.
BOUNDED: dict[str, str] = {
    "loops": text_of("{% for i in x %}{{ i }}{{ i.a | upcase }}{{ forloop.index }}{% endfor %}"),
    "plain loops": text_of("{% for i in x %}{% endfor %}"),
    "windows": text_of("{% for i in x limit: 3 offset: s %}{{ i.a }}{% else %}{{ x }}{% endfor %}"),
    "loops in loops": text_of(
        "{% for i in x %}{% for k in i %}{{ k }}{% if k == i %}{% endif %}{% endfor %}{% endfor %}"
    ),
    "repeated": text_of("{% for i in (1..20) %}{{ x }}{% endfor %}"),
    "captured": text_of("{% capture c %}{{ s }}-{{ x }}{% endcapture %}{{ c | size }}{{ c | upcase }}"),
    "captured in a loop": text_of(
        "{% for i in x %}{% capture c %}{{ i }}{% endcapture %}{{ c }}{% endfor %}"
    ),
    "assigned": text_of(
        "{% assign a = s | append: t %}{% assign b = a | append: x %}{{ b | downcase | strip }}"
    ),
    "grown in a loop": text_of(
        "{% for i in (1..9) %}{% assign a = a | append: s %}{% endfor %}{{ a | md5 }}"
    ),
    "branches": text_of(
        "{% if s == t %}{{ x | json }}{% elsif x contains s %}{{ s | escape }}{% else %}{{ o }}{% endif %}"
    ),
    "choices": text_of("{% case x %}{% when s, t, o %}{{ s }}{% else %}{{ t }}{% endcase %}"),
    "splits": text_of("{{ s | split: '' | join: '--' }}{{ s | split: ',' | first }}{{ x | join }}"),
    "sorted": text_of("{{ x | sort | size }}{{ x | uniq | size }}{{ x | reverse | concat: d | size }}"),
    "properties": text_of("{{ x | map: 'a' | compact | size }}{{ d | where: 'a', x | size }}"),
    "codes": text_of("{{ s | url_encode }}{{ s | base64_encode }}{{ s | escape_once }}{{ t | escapejs }}"),
    "breaks": text_of("{{ s | newline_to_br }}{{ s | squish }}{{ x | strip_html }}"),
    "parts": text_of("{{ s | truncate: 10 }}{{ x | slice: 1, 5 | size }}{{ s | remove: 't' }}"),
    "replaced": text_of("{{ s | replace: 'a', 'bb' | replace_first: t, s | size }}"),
    "dates": text_of("{{ s | date: t }}{{ s | date: '%d.%m.%Y' | upcase }}"),
    "sums": text_of("{{ s | plus: t | times: 2 }}{{ x | sum }}"),
    "comparisons": text_of("{% if s < t or s >= t or x == d or o == blank or s contains t %}{% endif %}"),
    "computed": "{a: {compute: x}, b: {compute: x | reverse}, c: {compute: \"s | split: ''\"}}",
    "vars": "{merge: [{a: {hash: [{var: v}]}}, {b: {liquid: '{{ vars.v }}{{ vars.v.a }}'}}, {var: v}]}",
    "casts": f"{{a: {{path: $.s, as: integer, {OR_NULL}}}, b: {{path: $.x, as: string, {OR_NULL}}}}}",
    "parsed": f"{{a: {{path: $.s, as: json, {OR_NULL}, prune: [empty, blank]}}}}",
    "parsed texts": f"{{a: {{map: $.x, to: {{path: $, as: json, {OR_NULL}, prune: [empty]}}}}}}",
    "parsed and hashed": f"{{b: {{hash: [{{path: $.t, as: json, {OR_NULL}}}]}}}}",
    "one of values": "{match: $.s, cases: {a: {hash: [$.x]}, b: {path: $.x, prune: [blank]}}, else: $.o}",
    "renamed": "{path: $.o, omit: [k1], rename: {k2: k3}, flatten: {separator: .}}",
}
_ROWS = {**{row: text for row, (text, _) in COUNTED.items()}, **AGREED, **BOUNDED}


# With the limits of texts and loops far below their defaults, no part of a bound hides others.
NARROW = Limits(text_length=4_000, loop_rounds=200, values=300)


@pytest.mark.parametrize("name", _ROWS)
def test_a_bound_is_never_too_low(name: str) -> None:
    text = FRAME.replace("PROPERTIES", _ROWS[name]).replace("event:", "vars: {v: $.x}\nevent:", 1)
    program = program_of(text)
    read = [key for key in BODY if re.search(rf"\b{key}\b", _ROWS[name])] or [*BODY]
    with within(NARROW):
        event, bound = event_of(program), work(program)
        for value in DENSE.values():
            for body in (dict.fromkeys(read, value), {**dict.fromkeys(read, 0), read[0]: [value]}):
                if holds_more(json.dumps(body).encode(), NARROW.values):
                    continue
                units = by_generated_code(program, body, body, NONE, event)[1]
                assert units <= bound.at_most(1, _bytes_of(body), NARROW)


def test_programs_without_repeated_work_do_not_count() -> None:
    plain = compiled("{a: $.a, b: '{{ c }}', d: {path: $.d, as: string}}")
    assert "spend" not in plain.python
    assert "spend" in compiled("{a: {map: $.a, to: {hash: [{envelope: $.b}]}}}").python


def test_the_work_of_shipped_mappings_is_proven() -> None:
    for path in find_mappings():
        transform = mapper.load(path)
        decoded, narrow = transform._decoded, transform._load_narrow()
        # Items of a parsed payload, whatever they hold; and bodies of ten items as they are sent.
        least = 10_000 if path.stem in {"amplitude", "moengage", "segment", "server"} else 2
        assert decoded._max_uncounted_items >= least, path.stem
        assert decoded.work.is_harmless(DEFAULT) == (least > 2), path.stem
        assert isinstance(narrow, NarrowPath)
        assert narrow._max_of_few >= 6_000, path.stem


def test_a_parsed_payload_is_taken_for_a_body_within_the_limits() -> None:
    properties, size = "{a: {hash: [$.x]}}", 1000
    bound = compiled(properties)._decoded.work
    most = bound.at_most(1, size, Limits(body_bytes=size))
    free = compiled(properties, body_bytes=size, items=1, item_work=most, body_work=most)
    counting = compiled(properties, body_bytes=size, items=1, item_work=most - 1, body_work=most)
    body = {"x": "a" * 200 * size}
    raw = json.dumps(body).encode()
    assert (len(free(body).events), free(raw).rejected[0].codes) == (1, ("M608",))
    assert counting(body).rejected[0].codes == ("M629",)
    body = {"x": "a" * (size - 10)}
    for transform in (free, counting):
        assert len(transform(body).events) == len(transform(json.dumps(body).encode()).events) == 1


# Each element counts as much as the constant that no element becomes.
HEAVY = "{a: {map: $.x, to: {match: $, cases: {none: {literal: [" + "0, " * 300 + "0]}}, else: 1}}}"
A_FEW, SOME, MANY = UNCOUNTED - 1_000, UNCOUNTED + 1_000, 3 * UNCOUNTED


def test_an_item_is_counted_as_soon_as_one_of_its_lists_is_long() -> None:
    most = 5_000 * (UNCOUNTED + 5_000)
    transform = compiled(HEAVY, item_work=most, body_work=4 * most)
    assert "raise Uncounted" in transform.python
    assert 3 <= transform._decoded._max_uncounted_items < 10
    for lengths, wanted in (
        ([A_FEW], []),
        ([SOME], []),
        ([MANY], [(0, "M629")]),
        ([A_FEW, SOME, A_FEW], []),
        ([A_FEW, MANY, A_FEW], [(1, "M629")]),
        ([MANY] * 3 + [A_FEW, SOME, 0], [(0, "M629"), (1, "M629"), (2, "M629"), (4, "M630"), (5, "M630")]),
    ):
        body = {"events": [{"x": [0] * length} for length in lengths]}
        raw = json.dumps(body).encode()
        for result in (transform(body), transform(body, trusted=True), transform(raw), transform.json(raw)):
            assert [(r.index, r.codes[0]) for r in result.rejected] == wanted
            assert len(result.events) + len(wanted) == len(lengths)
        for payload in (body, raw):
            outcomes = enumerate(transform.stream(payload))
            assert [(n, r.codes[0]) for n, r in outcomes if isinstance(r, mapper.Rejected)] == wanted


def test_types_of_a_host_are_counted_like_others() -> None:
    class Odd(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            raise ValueError

    most = 5_000 * (UNCOUNTED + 5_000)
    transform = compiled(HEAVY, item_work=most, body_work=4 * most)
    body = {"events": [{"x": [0]}, Odd(x=[0] * SOME), Odd(x=[0] * MANY), {"x": [0]}]}
    result = transform(body)
    assert [(r.index, r.codes) for r in result.rejected] == [(2, ("M629",))]
    assert result.rejected[0].item is body["events"][2]


SHARED = "{a: {hash: [{envelope: $.s}, {envelope: $.o.t}]}}"


def test_what_items_share_counts_as_it_is_in_a_body() -> None:
    transform = compiled(SHARED)
    few, limits = transform._decoded._work_of_few, transform._decoded._limits
    for names, length in ((("s",), 1_000), (("o", "t"), 1_000), (("other",), 2_000_000)):
        value: object = "a" * length
        for name in reversed(names):
            value = {name: value}
        assert isinstance(value, dict)
        items = 1_000
        body = {**value, "events": [{}] * items}
        size = DEFAULT.body_bytes
        assert not few.fits(items, size, limits)
        found = few.in_body(body)
        assert found.fits(items, size, limits)
        assert (found.shared, found.constant > few.constant + length) == (0, names != ("other",))
        assert len(transform(body).events) == items
    held: dict[str, Any] = {}
    held["o"] = held
    held["s"] = held
    assert few.in_body(held) is few


_PARTS = st.dictionaries(st.sampled_from("ab"), st.dictionaries(st.sampled_from("ab"), JSON) | JSON)


@given(_PARTS)
@example({"a": [1] * 50})
@example({"b": {"a": [1] * 50}})
def test_what_items_share_counts_at_least_as_each_part_takes(body: object) -> None:
    places: tuple[tuple[tuple[str, ...], int, int], ...]
    places = ((("a",), 3, 7), (("b", "a"), 0, 1), (("b", "b"), 5, 0), ((), 2, 8))
    found = Work(0, 0, 0, 9, 0, 9, places=places).in_body(body)
    wanted = 0
    for names, of_bytes, of_values in places:
        part: Any = body
        for name in names:
            part = part.get(name, MISSING) if isinstance(part, dict) else MISSING
        raw = b"" if part is MISSING else encode(part)
        values = len(re.findall(rb"[,:\[{]", raw)) + 1  # too many, rather than too few
        values = min(values, len(raw) // 2 + 1)
        wanted += len(raw) * of_bytes + values * of_values
    assert found.constant >= wanted
    assert (found.shared, found.shared_values) == (0, 0)


def test_units_next_to_each_other_share_a_test() -> None:
    transform = compiled("{a: '$.x[*].b', c: {merge: [{path: $.y, as: object}]}}", body_work=1)
    lines = [line.strip().partition("(")[0] for line in transform.python.splitlines()]
    kinds = [line if line in ("if ", "counting.spend") else "" for line in lines]
    assert "counting.spend counting.spend" in " ".join(kinds)
    assert "counting.spend if " not in " ".join(kinds)
    body = {"x": [{"b": 1}] * 5}
    program = program_of(FRAME.replace("PROPERTIES", "{a: '$.x[*].b'}"))
    assert by_generated_code(program, body, body, NONE) == by_interpreter(program, body, body, NONE)


def test_a_shared_part_that_is_large_is_counted() -> None:
    transform = compiled(SHARED, body_work=10_000_000)
    body = {"s": "a" * 20_000, "events": [{}] * 600}
    for payload in (body, json.dumps(body).encode()):
        codes = {r.codes[0] for r in transform(payload).rejected}
        assert codes == {"M630"}


def test_checks_by_the_library_are_never_proven() -> None:
    program = program_of(FRAME.replace("PROPERTIES", "{a: $.x}"))
    inner = {"type": "object", "properties": {"a": {"$id": "urn:a", "items": {"type": "integer"}}}}
    for properties, is_bounded in ((inner, False), ({"type": "object"}, True)):
        schema = {"type": "object", "properties": {"event_properties": properties}}
        assert work_of(program, schema).is_harmless(DEFAULT) is is_bounded
