"""Limits: each is hit here, gives its code, and can be set; nothing passes one as an exception."""

from __future__ import annotations

import json
import pickle
from dataclasses import fields
from pathlib import Path

import pytest

import mapper
from mapper.runtime.limits import MAX_NESTING, Limits
from support.frames import FRAME, compiled, text_of
from support.growth import assert_linear
from support.json_values import nested
from support.places import ROOT

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
    "values": (
        "values",
        5,
        "{path: $.p}",
        b'{"p": {"a": 1, "b": [",[{"]}}',
        b'{"p": {"a": 1, "b": [1, 2, 3]}}',
        "M608",
    ),
    "values of a text": (
        "values",
        4,
        "{a: {path: $.a, as: json}}",
        b'{"a": "[1, [2]]"}',
        b'{"a": "[1, 2, [3], 4]"}',
        "M613",
    ),
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
    "work of an item": (
        "item_work",
        520,
        "{a: '$.x[*]'}",
        b'{"x": [1, 2, 3]}',
        b'{"x": [1, 2, 3, 4]}',
        "M629",
    ),
    "work of a body": (
        "body_work",
        520,
        "{a: '$.x[*]'}",
        b'{"x": [1, 2, 3]}',
        b'{"x": [1, 2, 3, 4]}',
        "M630",
    ),
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
    schema = (ROOT / "schemas/event.schema.json").read_text("utf-8")
    (tmp_path / "own.schema.json").write_text(schema, "utf-8")
    path = tmp_path / "m.yaml"
    path.write_text("target: own.schema.json\n" + FRAME.replace("PROPERTIES", "{}"), "utf-8")
    assert mapper.load(path, limits=Limits(schema_bytes=len(schema))).name == "m"
    with pytest.raises(mapper.CompileError, match="M010"):
        mapper.load(path, limits=Limits(schema_bytes=len(schema) - 1))


def test_the_limit_of_a_form() -> None:
    text = "body: {format: form}\n" + FRAME.replace("PROPERTIES", "{n: $.p}")
    transform = mapper.compile(text, limits=Limits(form_fields=3))
    assert transform(b"p=1&b=2&").rejected == []
    assert [r.codes for r in transform(b"p=1&b=2&&").rejected] == [("M608",)]
    assert mapper.compile(text)(b"p=1&b=2&&").rejected == []


def test_every_limit_is_hit_by_a_test() -> None:
    hit = {case[0] for case in RUN_TIME.values()} | {*COMPILE_TIME, "schema_bytes", "form_fields"}
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


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", r"^(\w+\s?)*$", "^(a*)*b"])
def test_a_pattern_is_matched_in_linear_time(pattern: str, tmp_path: Path) -> None:
    """A backtracking search for each of these takes exponential time."""
    schema = json.loads((ROOT / "schemas/event.schema.json").read_text("utf-8"))
    schema["properties"]["event_name"]["pattern"] = pattern
    (tmp_path / "own.schema.json").write_text(json.dumps(schema), "utf-8")
    path = tmp_path / "m.yaml"
    source = "target: own.schema.json\n" + FRAME
    source = source.replace("PROPERTIES", "{}").replace("Seen", "{path: $.n, on_missing: reject}")
    path.write_text(source, "utf-8")
    transform = mapper.load(path)
    assert_linear(lambda size: transform({"n": "a" * size + "!"}), 20_000, 160_000)
    assert [r.codes for r in transform({"n": "a" * 20_000 + "!"}).rejected] == [("M612",)]


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
