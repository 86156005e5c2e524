"""Bad mappings and bad payloads: each ends in a clear diagnostic, and nothing of a payload is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import mapper
from mapper.compiler import check_file

FRAME = """\
mapping: m
version: 1
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Seen
  user_id: {path: $.user, as: string, on_missing: reject}
  timestamp: {path: $.at, as: timestamp, on_missing: reject}
  event_properties: {path: $.p, as: object, default: {}}
"""
GOOD = {"id": "1", "user": "u", "at": "2026-11-23T20:00:00Z", "p": {}}


@pytest.fixture(scope="module")
def transform() -> mapper.Transform:
    return mapper.compile(FRAME)


MAPPINGS = {
    "empty": (b"", "M102"),
    "comment only": (b"# nothing\n", "M102"),
    "a list": (b"- a\n- b\n", "M103"),
    "a scalar": (b"hello\n", "M103"),
    "not yaml": (b"mapping: [a\n", "M101"),
    "not utf-8": (b"mapping: \xff\n", "M002"),
    "utf-16": ("mapping: a\n".encode("utf-16"), "M002"),
    "nul": (b"mapping: a\0b\n", "M101"),
    "tabs": (b"mapping: a\nevent:\n\tevent_id: x\n", "M101"),
    "duplicate key": (FRAME.encode() + b"mapping: again\n", "M104"),
    "unknown key": (FRAME.encode() + b"evnt: {}\n", "M105"),
    "python tag": (b"mapping: !!python/object/apply:os.system ['true']\n", "M109"),
    "two documents": (FRAME.encode() + b"---\n" + FRAME.encode(), "M112"),
    "bad path": (FRAME.replace("$.p,", "'$.p[',").encode(), "M201"),
    "unknown filter": (FRAME.replace("Seen", '"{{ a | nosuch }}"').encode(), "M212"),
    "unknown target key": (FRAME.encode() + b"  colour: red\n", "M302"),
    "missing schema": (FRAME.encode() + b"source: nowhere.schema.json\n", "M004"),
    "schema elsewhere": (FRAME.encode() + b"source: ../../etc/passwd\n", "M005"),
    "too large": (FRAME.encode() + b"#" * 2_000_000, "M010"),
    "too deep": (b"mapping: " + b"[" * 5_000, "M110"),
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_bad_mapping(name: str, tmp_path: Path) -> None:
    data, code = MAPPINGS[name]
    path = tmp_path / "m.yaml"
    path.write_bytes(data)
    found = check_file(path)
    assert code in [d.code for d in found], found
    with pytest.raises(mapper.CompileError):
        mapper.load(path)


def test_billion_laughs(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    path = tmp_path / "m.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert {d.code for d in check_file(path)} == {"M108"}


def test_missing_file() -> None:
    (diagnostic,) = check_file(Path("no/such.yaml"))
    assert diagnostic.code == "M001"


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
    result = mapper.load("server")(body)
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
    good = json.dumps(GOOD).encode()
    bad = good.replace(b'"p": {}', b'"p": {"x": [' + value + b"]}")
    ignored = good.replace(b'"p": {}', b'"p": {}, "other": ' + value)
    result = transform(b"[" + b", ".join([good, bad, ignored]) + b"]")
    assert [event["event_id"] for event in result.events] == ["1", "1"]
    assert [(r.index, list(r.codes)) for r in result.rejected] == [(1, [code])]


@pytest.mark.parametrize("name", UNKEEPABLE)
def test_a_value_no_event_can_hold_is_no_id(transform: mapper.Transform, name: str) -> None:
    body = json.dumps(GOOD).encode().replace(b'"id": "1"', b'"id": ' + UNKEEPABLE[name][0])
    (rejection,) = transform(body).rejected
    assert rejection.codes in (("M607",), ("M613",), ("M623",))


def test_empty_list_has_no_items(transform: mapper.Transform) -> None:
    assert transform(b"[]") == mapper.Result()


def test_last_duplicate_key_wins(transform: mapper.Transform) -> None:
    body = json.dumps(GOOD)[:-1] + ', "id": "2"}'
    assert transform(body.encode()).events[0]["event_id"] == "2"


def test_nul_and_controls_survive(transform: mapper.Transform) -> None:
    text = "a\x00b\x1f\u2028\U0001f600"
    body = json.dumps({**GOOD, "p": {text: text}}).encode()
    assert transform(body).events[0]["event_properties"] == {text: text}
    assert json.loads(transform.json(body).events[0])["event_properties"] == {text: text}


def test_one_bad_item_never_sinks_its_batch(transform: mapper.Transform) -> None:
    result = transform([GOOD, {**GOOD, "at": "?"}, 5, None, [], GOOD])
    assert len(result.events) == 2
    assert [r.index for r in result.rejected] == [1, 2, 3, 4]


HOSTILE = [
    "it's",
    'a"b',
    "{x}",
    "{{x}}",
    '"); import os; (',
    "'); import os; ('",
    "a\nb",
    "a\\b",
    "\u2028",
    "\x00",
    "%s",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_text(text: str) -> None:
    assert_comes_back(text)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
@example("__import__('os')")
def test_any_text_stays_text(text: str) -> None:
    assert_comes_back(text)


# Longer than any text that is tried, so that they never meet.
MATCHED, READ = "which case of the match was taken", "what the quoted path has read"


def assert_comes_back(text: str) -> None:
    """A text as key of the output, as literal, in a path and in a case of a match."""
    name = "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in text)
    if any(0xD800 <= ord(c) < 0xE000 for c in text):
        assert {d.code for d in mapper.check(f'mapping: "{name}"\nevent: {{}}\n')} & {"M101"}
        return
    if text in GOOD:
        return  # would take the place of what the frame reads
    units = memoryview(text.encode("utf-16-le")).cast("H")
    path = "".join(f"\\\\u{unit:04x}" for unit in units)
    lines = [
        FRAME.replace("event_properties: {path: $.p, as: object, default: {}}", "event_properties:"),
        f'    object: {{"{name}": {{literal: "{name}"}},',
        f'      "{MATCHED}": {{match: "$[\'{MATCHED}\']", cases: {{"{name}": 1}}, else: 0}},',
        f'      "{READ}": "$[\'{path}\']"',
        "    }",
    ]
    transform = mapper.compile("\n".join(lines))
    event = transform({**GOOD, MATCHED: text, text: "found"}).events[0]
    properties = event["event_properties"]
    assert isinstance(properties, dict)
    assert properties == {text: text, MATCHED: 1, READ: "found"}


@settings(max_examples=150, deadline=None)
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
        result = _shipped(name)(body)
        for rejection in result.rejected:
            assert rejection.diagnostics
            assert "M901" not in rejection.codes


_LOADED: dict[str, mapper.Transform] = {}


def _shipped(name: str) -> mapper.Transform:
    if name not in _LOADED:
        _LOADED[name] = mapper.load(name)
    return _LOADED[name]


@settings(max_examples=100, deadline=None)
@given(st.text() | st.sampled_from(FRAME.splitlines()).map(lambda line: FRAME.replace(line, line[::-1])))
def test_any_mapping_text_is_diagnosed(text: str) -> None:
    for diagnostic in mapper.check(text):
        assert not diagnostic.code.startswith("M9")
