"""Limits: each is hit here, gives its code, and can be set; nothing passes one as an exception."""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mapper
from mapper.runtime.json.deep import DeepReader
from mapper.runtime.json.nesting import DEEPEST, depth_of, nests_deeper
from mapper.runtime.limits import MAX_NESTING, Limits

FRAME = """\
mapping: m
each: [$.events, $]
event:
  event_id: e
  event_name: Seen
  user_id: u
  timestamp: "2026-11-23T20:00:00.000Z"
  event_properties: {merge: [PROPERTIES]}
"""


def compiled(properties: str = "{path: $.p}", **limits: int) -> mapper.Transform:
    return mapper.compile(FRAME.replace("PROPERTIES", properties), limits=Limits(**limits))


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def text_of(template: str) -> str:
    return "{t: '" + template.replace("'", "''") + "'}"


# A limit, a value of it, properties, a body within the limit, one beyond it, and the code of the second.
ITEM = b'{"p": {"a": 1}}'
EVENT = len(
    b'{"event_id":"e","event_name":"Seen","user_id":"u","timestamp":"2026-11-23T20:00:00.000Z",'
) + len(b'"event_properties":{"a":1}}')
RUN_TIME: dict[str, tuple[str, int, str, bytes, bytes, str]] = {
    "an event": ("event_bytes", EVENT, "{path: $.p}", ITEM, b'{"p": {"a": 12}}', "M624"),
    "a list of an event": (
        "event_bytes",
        EVENT,
        "{a: {map: $.x, to: {envelope: $.n}}}",
        b'{"n": 1}',
        b'{"x": [1, 2, 3, 4, 5, 6, 7, 8, 9], "n": 1234567890123456}',
        "M624",
    ),
    "a result": ("result_bytes", EVENT, "{path: $.p}", ITEM, b'{"p": {"a": 12}}', "M625"),
    "bytes": ("body_bytes", 16, "{path: $.p}", ITEM, ITEM + b"  ", "M608"),
    "items": ("items", 2, "{path: $.p}", b"[{}, {}]", b"[{}, {}, {}]", "M608"),
    "nesting": (
        "nesting",
        5,
        "{path: $.p}",
        b'{"x": ' + nested(4) + b"}",
        b'{"x": ' + nested(5) + b"}",
        "M606",
    ),
    "matches": ("path_matches", 3, "{n: '$.x..*'}", b'{"x": [1, 2, 3]}', b'{"x": [1, 2, 3, 4]}', "M608"),
    "visits": ("path_visits", 4, "{n: $.x..a}", b'{"x": [1, 2, 3]}', b'{"x": [1, 2, 3, 4]}', "M608"),
    "rounds": (
        "loop_rounds",
        3,
        text_of("{% for v in x %}{{ v }}{% endfor %}"),
        b'{"x": [1, 2, 3]}',
        b'{"x": [1, 2, 3, 4]}',
        "M619",
    ),
    "rounds inside each other": (
        "loop_rounds",
        9,
        text_of("{% for v in x %}{% for w in x %}{{ w }}{% endfor %}{% endfor %}"),
        b'{"x": [1, 2, 3]}',
        b'{"x": [1, 2, 3, 4]}',
        "M619",
    ),
    "rounds of the library": (
        "loop_rounds",
        3,
        text_of("{% tablerow v in x %}{{ v }}{% endtablerow %}"),
        b'{"x": [1, 2, 3]}',
        b'{"x": [1, 2, 3, 4]}',
        "M619",
    ),
    "text": ("text_length", 6, text_of("a{{ x }}b"), b'{"x": "1234"}', b'{"x": "12345"}', "M620"),
    "a filter's text": (
        "text_length",
        6,
        text_of('{{ x | replace: "a", "bb" }}'),
        b'{"x": "aaa"}',
        b'{"x": "aaaa"}',
        "M620",
    ),
    "a filter's list": (
        "text_length",
        3,
        text_of('{{ x | split: "" | size }}'),
        b'{"x": "abc"}',
        b'{"x": "abcd"}',
        "M620",
    ),
}


@pytest.mark.parametrize("name", RUN_TIME)
def test_a_limit_at_run_time(name: str) -> None:
    limit, most, properties, fits, beyond, code = RUN_TIME[name]
    transform = compiled(properties, **{limit: most})
    assert transform(fits).rejected == []
    result = transform(beyond)
    assert (result.items, [r.codes for r in result.rejected]) == (1, [(code,)])
    assert compiled(properties)(beyond).rejected == [], "the default is more generous"
    again = pickle.loads(pickle.dumps(transform))
    assert [r.codes for r in again(beyond).rejected] == [(code,)]


LARGE = FRAME.replace("PROPERTIES", "{" + ", ".join(f"k{i}: {i}" for i in range(50)) + "}")
COMPILE_TIME = {
    "mapping_bytes": (500, FRAME.replace("PROPERTIES", "{}"), LARGE, "M010"),
    "mapping_nodes": (90, FRAME.replace("PROPERTIES", "{}"), LARGE, "M110"),
}


@pytest.mark.parametrize("name", COMPILE_TIME)
def test_a_limit_of_a_mapping(name: str, tmp_path: Path) -> None:
    most, fits, beyond, code = COMPILE_TIME[name]
    limits = Limits(**{name: most})
    path = tmp_path / "m.yaml"
    path.write_text(beyond, "utf-8")
    assert mapper.check(fits, limits=limits) == ()
    assert mapper.check(beyond) == ()
    assert [d.code for d in mapper.check(beyond, limits=limits)] == [code]
    with pytest.raises(mapper.CompileError, match=code):
        mapper.compile(beyond, limits=limits)
    with pytest.raises(mapper.CompileError, match=code):
        mapper.load(path, limits=limits)
    assert mapper.load(path).name == "m"


def test_the_limit_of_a_schema(tmp_path: Path) -> None:
    schema = (Path(__file__).parents[1] / "schemas/event.schema.json").read_text("utf-8")
    (tmp_path / "own.schema.json").write_text(schema, "utf-8")
    path = tmp_path / "m.yaml"
    path.write_text("target: own.schema.json\n" + FRAME.replace("PROPERTIES", "{}"), "utf-8")
    assert mapper.load(path, limits=Limits(schema_bytes=len(schema))).name == "m"
    with pytest.raises(mapper.CompileError, match="M010"):
        mapper.load(path, limits=Limits(schema_bytes=len(schema) - 1))


def test_every_limit_is_hit_by_a_test() -> None:
    hit = {case[0] for case in RUN_TIME.values()} | {*COMPILE_TIME, "schema_bytes"}
    assert hit == {field.name for field in fields(Limits)}


# Limits that are no settings, for they guard what a correct mapping or payload never needs.
FIXED: dict[str, tuple[str, bytes, str]] = {
    "digits of an integer": ("{n: {path: $.n, as: integer}}", b'{"n": "' + b"9" * 4301 + b'"}', "M613"),
    "digits of a number in the body": ("{path: $.p}", b'{"p": {"n": ' + b"9" * 5000 + b"}}", "M607"),
    "nesting of a text": ("{n: {path: $.n, as: json}}", b'{"n": "' + nested(201) + b'"}', "M613"),
    "pattern in a payload": ("{n: '$.x[?search(@, $.pattern)]'}", b'{"x": ["a"], "pattern": "a{600}"}', ""),
    "text of a time": (
        "{n: {path: $.n, as: timestamp, from: '%d/%m/%Y', zone: UTC}}",
        b'{"n": "' + b"1" * 500 + b'"}',
        "M614",
    ),
}


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_limit(name: str) -> None:
    properties, body, code = FIXED[name]
    result = compiled(properties)(body)
    assert [r.codes for r in result.rejected] == ([(code,)] if code else [])


HARD_MAPPINGS = {
    "a path": ("{n: '$" + ".a" * 6000 + "'}", "M205"),
    "brackets of a path": ("{n: '$" + "[?@.a" * 13 + "]" * 13 + "'}", "M205"),
    "a template": ("{n: '{{ a }}" + "x" * 100_000 + "'}", "M211"),
    "tags of a template": ("{n: '" + "{% if a %}" * 31 + "{% endif %}" * 31 + "'}", "M211"),
    "a pattern": ("{n: '$.x[?match(@, \"a{600}\")]'}", "M203"),
    "a time pattern": ("{n: {path: $.n, as: timestamp, zone: UTC, from: '" + "%d" * 60 + "'}}", "M115"),
    "YAML levels": ("{n: " + "[" * 101 + "]" * 101 + "}", "M110"),
    "digits of a literal": ("{n: " + "9" * 1001 + "}", "M114"),
}


@pytest.mark.parametrize("name", HARD_MAPPINGS)
def test_a_mapping_beyond_a_fixed_limit(name: str) -> None:
    properties, code = HARD_MAPPINGS[name]
    assert code in [d.code for d in mapper.check(FRAME.replace("PROPERTIES", properties))]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", r"(\w+\s?)*$", "(a*)*b"])
def test_a_pattern_that_takes_exponential_time_does_not_compile(pattern: str, tmp_path: Path) -> None:
    schema = json.loads((Path(__file__).parents[1] / "schemas/event.schema.json").read_text("utf-8"))
    schema["properties"]["event_name"]["pattern"] = pattern
    (tmp_path / "own.schema.json").write_text(json.dumps(schema), "utf-8")
    path = tmp_path / "m.yaml"
    path.write_text("target: own.schema.json\n" + FRAME.replace("PROPERTIES", "{}"), "utf-8")
    with pytest.raises(mapper.CompileError, match="M203"):
        mapper.load(path)


@pytest.mark.parametrize(
    ("value", "error"),
    [(0, ValueError), (-1, ValueError), (True, TypeError), (1.5, TypeError), (None, TypeError)],
)
def test_a_limit_is_a_positive_whole_number(value: object, error: type[Exception]) -> None:
    for field in fields(Limits):
        with pytest.raises(error, match=field.name):
            Limits(**{field.name: value})  # type: ignore[arg-type]


def test_misuse_of_limits() -> None:
    with pytest.raises(ValueError, match="nesting"):
        Limits(nesting=MAX_NESTING + 1)
    for call in (mapper.compile, mapper.check, mapper.load):
        with pytest.raises(TypeError, match=r"mapper\.Limits"):
            call("segment", limits={"items": 1})  # type: ignore[operator]


# --- nesting does not depend on the stack, and does not sink a batch

BATCH = b'[{"p": {"n": 1}}, {"p": DEEP}, {"p": {"n": 3}}]'


@pytest.mark.parametrize("depth", [200, 201, 990, 5_000, DEEPEST - 2])
def test_a_deep_item_is_rejected_alone(depth: int) -> None:
    body = BATCH.replace(b"DEEP", nested(depth))
    result = compiled()(body)
    assert [e["event_properties"] for e in result.events] == [{"n": 1}, {"n": 3}]
    (rejection,) = result.rejected
    assert (rejection.index, rejection.location, rejection.codes) == (1, "$[1]", ("M606",))
    assert rejection.item == b'{"p": ' + nested(depth) + b"}"


def test_a_body_deeper_than_all_limits_is_not_read() -> None:
    body = BATCH.replace(b"DEEP", nested(DEEPEST))
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


# How values are read that nest without end, the code for deep ones and for those that contain themselves:
# what recurses ends as M606, what does not tells the truth.
READ = {
    "hash": ("{n: {hash: [$.x]}}", "M606", "M606"),
    "hash as a part": ("{n: {hash: [a, {b: $.x}]}}", "M606", "M606"),
    "filter json": (text_of("{{ x | json }}"), "M606", "M606"),
    "text": (text_of("{{ x }}"), "M606", "M606"),
    "filter join": (text_of("{{ x | join }}"), "M606", "M606"),
    "filter uniq": (text_of("{{ x | uniq | size }}"), "M606", "M606"),
    "Liquid's ==": (text_of("{% if x == y %}same{% endif %}"), "M606", "M606"),
    "Liquid's contains": (text_of("{% if w contains y %}in{% endif %}"), "M606", "M606"),
    "the library": (text_of("{% tablerow v in z %}{{ x }}{% endtablerow %}"), "M606", "M606"),
    "passed through": ("{n: $.x}", "M606", "M606"),
    "passed through in a list": ("{n: ['$.x']}", "M606", "M606"),
    "..": ("{n: $.x..none}", "", "M608"),
    "comparison": ("{n: '$.z[?$.x == $.y]'}", "", ""),
    "unread": ("{n: $.z}", "", ""),
}


@pytest.mark.parametrize("name", READ)
def test_reading_what_nests_without_end(name: str) -> None:
    properties, deep, endless = READ[name]
    transform = compiled(properties)
    good = {"x": [{"k": 1}], "y": 2, "w": [3], "z": [1]}
    for x, y, code in (
        (deep_list(5_000), deep_list(5_000), deep),
        ({"k": deep_list(5_000)}, {"k": deep_list(5_000)}, deep),
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


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.sampled_from('[]{}"\\,:a\n')),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.sampled_from('[]{}"\\,:a')), inner, max_size=4)
    ),
    max_leaves=15,
)


def height(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(height, value.values()), default=0)
    return 1 + max(map(height, value), default=0) if isinstance(value, list) else 0


@settings(deadline=None, max_examples=300)
@given(JSON, st.booleans(), st.sampled_from([None, 1]))
def test_depth_is_found_without_parsing(value: object, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert depth_of(text.encode()) == height(value)
    assert [nests_deeper(value, most) for most in range(8)] == [height(value) > most for most in range(8)]


@settings(deadline=None, max_examples=300)
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


def parts(value: object) -> list[object]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(part for child in children for part in parts(child))]


def outcome(read: Callable[[], object]) -> str:
    try:
        return repr(read())
    except ValueError:
        return "not JSON"


# --- compiling

LARGEST = {
    "fields": lambda n: ", ".join(f"k{i}: $.a{i}" for i in range(n)),
    "one path": lambda n: ", ".join(f"k{i}: {{path: $.a, as: integer}}" for i in range(n)),
    "alternatives": lambda n: "a: {first_nonblank: [" + ", ".join(f"$.a{i}" for i in range(n)) + "]}",
    "cases": lambda n: "a: {match: $.a, cases: {" + ", ".join(f"c{i}: $.b{i}" for i in range(n)) + "}}",
    "operands": lambda n: "a: {merge: [" + ", ".join(f"$.a{i}" for i in range(n)) + "]}",
    "hash": lambda n: "a: {hash: [" + ", ".join(f"$.a{i}" for i in range(n)) + "]}",
    "text": lambda n: "a: '" + "{{ a }}{% if b %}c{% endif %}" * n + "'",
    "filters": lambda n: "a: '{{ a" + " | upcase" * n + " }}'",
    "queries": lambda n: "a: '$.b[?" + " || ".join(f"@.a{i} == {i}" for i in range(n // 2)) + "]'",
}


@pytest.mark.parametrize("name", LARGEST)
def test_compiling_takes_time_in_proportion(name: str) -> None:
    """Eight times the mapping gives eight times the code, in about eight times the time."""
    sizes, times = [], []
    for count in (100, 800):
        text = FRAME.replace("PROPERTIES", "{" + LARGEST[name](count) + "}")
        start = time.process_time()
        python = mapper.compile(text).python
        times.append(time.process_time() - start)
        sizes.append(len(python))
        assert len(python) < 40 * len(text) + 20_000
    assert sizes[1] < 12 * sizes[0]
    assert times[1] < 30 * times[0] + 0.2


DEEP = {
    "maps": ("{map: $.a, to: @}", 30),
    "conditions": ("{when: a, then: @}", 49),
    "alternatives": ("{first_of: [$.a, $.b, $.c, $.d, $.e, $.f, @]}", 24),
    "defaults": ("{path: $.a, default: @}", 49),
    "merges": ("{merge: [$.a, @]}", 30),
}


@pytest.mark.parametrize("name", DEEP)
def test_a_mapping_too_deep_for_python_is_diagnosed(name: str) -> None:
    pattern, most = DEEP[name]
    value, refused = "$.a", 0
    for _ in range(most):
        value = pattern.replace("@", value)
        text = FRAME.replace("PROPERTIES", f"{{a: {value}}}")
        found = mapper.check(text)
        if any(d.severity is mapper.Severity.ERROR for d in found):
            assert [d.code for d in found] == ["M110"]
            with pytest.raises(mapper.CompileError, match="M110"):
                mapper.compile(text)
            refused += 1
            break
        mapper.compile(text)
    assert refused or most == 49 or name == "merges"


def test_many_alternatives_choose_as_few_do() -> None:
    names = [f"a{number}" for number in range(150)]
    for operator, passed in (("first_of", [None]), ("first_nonblank", [None, "", " "])):
        transform = compiled("{a: {" + operator + ": [" + ", ".join(f"$.{name}" for name in names) + "]}}")
        for index in (0, 1, 75, 149):
            payload = {name: passed[number % len(passed)] for number, name in enumerate(names[:index])}
            payload[names[index]] = False
            assert transform(payload).events[0]["event_properties"] == {"a": False}
        assert transform(dict.fromkeys(names)).events[0]["event_properties"] == {}


def test_rejections_cost_time_in_proportion() -> None:
    transform = mapper.compile(
        FRAME.replace("event_id: e", "event_id: {path: $.id, as: string, on_missing: reject}").replace(
            "PROPERTIES", "{}"
        )
    )
    times = []
    for count in (500, 5_000):
        start = time.process_time()
        result = transform(b'{"events": [' + b", ".join([b"{}"] * count) + b"]}")
        times.append(time.process_time() - start)
        assert [r.location for r in result.rejected] == [f"$.events[{index}]" for index in range(count)]
    assert times[1] < 40 * times[0] + 1  # a quadratic cost is a hundredfold
