"""Forms and bodies that are not read: given as bytes, text or parsed; kept, saved, run and replayed."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path
from typing import Any

import pytest

import mapper
from mapper.samples.cases import result_document
from support.calls import Call, add_case, lines, write

FRAME = """\
mapping: m
version: 1
body: {}
event:
  event_id: {{path: $.id, on_missing: reject}}
  event_name: Seen
  user_id: u
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {{p: $.p, whole: $}}
"""
NONE = """\
mapping: m
body: {format: none}
event:
  event_id: {query: id, on_missing: reject}
  event_name: Seen
  user_id: u
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {}
"""
ITEMS = """\
mapping: m
body: {format: form, field: p}
each: $.p.events
event:
  event_id: {path: $.id, on_missing: reject}
  event_name: {envelope: $.name, on_missing: reject}
  user_id: u
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {}
"""


def compiled(body: str) -> mapper.Transform:
    return mapper.compile(FRAME.format(body))


def properties(transform: mapper.Transform, payload: object) -> Any:
    result = transform(payload)
    assert not result.rejected
    return result.events[0]["event_properties"]


FORMS: list[tuple[str, list[object], object]] = [
    ("{format: form}", [b"id=1&p=x", "id=1&p=x", {"id": "1", "p": "x"}, bytearray(b"id=1&p=x\r\n")], "x"),
    (
        "{format: form, names: brackets}",
        [b"id=1&p[a]=x", {"id": "1", "p[a]": "x"}, {"id": "1", "p": {"a": "x"}}],
        {"a": "x"},
    ),
    (
        "{format: form, field: p}",
        [b'id=1&p={"a":[0]}', {"id": "1", "p": '{"a": [0]}'}, {"id": "1", "p": {"a": [0]}}],
        {"a": [0]},
    ),
]


@pytest.mark.parametrize(("body", "payloads", "expected"), FORMS)
def test_a_form_is_bytes_text_or_parsed(body: str, payloads: list[object], expected: object) -> None:
    transform = compiled(body)
    for payload in payloads:
        before = pickle.dumps(payload)
        assert properties(transform, payload) == {"p": expected, "whole": {"id": "1", "p": expected}}
        assert pickle.dumps(payload) == before, "a payload stays as it is"


def test_a_field_of_json_that_brackets_make_is_none_in_a_parsed_form_too() -> None:
    transform = compiled("{format: form, names: brackets, field: p}")
    for form in (b"id=e&p[a]=1", {"id": "e", "p[a]": "1"}):
        assert [rejection.codes for rejection in transform(form).rejected] == [("M628",)]
    assert properties(transform, {"id": "e", "p": {"a": 1}})["p"] == {"a": 1}


@pytest.mark.parametrize(("brackets", "codes"), [(3, []), (4, [("M606",)])])
def test_the_form_around_a_field_is_a_level(brackets: int, codes: list[tuple[str, ...]]) -> None:
    text = FRAME.format("{format: form, field: p}")
    transform = mapper.compile(text, limits=mapper.Limits(nesting=4))
    deep = "[" * brackets + "]" * brackets
    for payload in (f"id=1&p={deep}".encode(), {"id": "1", "p": deep}):
        assert [rejected.codes for rejected in transform(payload).rejected] == codes


@pytest.mark.parametrize("body", [body for body, _, _ in FORMS])
def test_a_rejection_keeps_what_was_given(body: str) -> None:
    transform = compiled(body)
    for payload in (b"p=1", "p=1", {"p": "{}"}, b"id=%zz", "id=%ff", 7, None, {"p": float("nan")}):
        result = transform(payload)
        assert (result.items, len(result.rejected)) == (1, 1), payload
        assert result.rejected[0].item is payload or result.rejected[0].item == payload
        assert result.rejected[0].location == "$"


def test_both_calls_and_a_saved_transform_agree(tmp_path: Path) -> None:
    transform = compiled("{format: form, names: brackets, field: p}")
    transform.save(tmp_path / "saved")
    for other in (mapper.Transform.open(tmp_path / "saved"), pickle.loads(pickle.dumps(transform))):
        for body in (b"id=1&p=[1]", b"id=1&p[a]=2", b"p=", b"\xff"):
            assert result_document(other(body)) == result_document(transform(body))
            found = other.json(body)
            assert [json.loads(event) for event in found.events] == transform(body).events
            assert [r.codes for r in found.rejected] == [r.codes for r in transform(body).rejected]


def test_plans_say_why_a_body_is_decoded() -> None:
    assert compiled("{format: form}").plan == "A body is decoded as a whole: it is a form.\n"
    assert mapper.compile(NONE).plan == "A body is not read.\n"


@pytest.mark.parametrize("payload", [b"", b"\xff{", "x", None, {"id": 3}, [1, 2], 5])
def test_a_body_that_is_not_read_may_be_anything(payload: object) -> None:
    transform = mapper.compile(NONE)
    assert transform(payload, mapper.Request(query={"id": "7"})).events[0]["event_id"] == "7"
    rejected = transform(payload).rejected
    assert [(r.codes, r.item) for r in rejected] == [(("M611",), payload)]
    if isinstance(payload, bytes):
        assert [(r.codes, r.item) for r in transform.json(payload).rejected] == [(("M611",), payload)]


def test_the_size_of_a_body_that_is_not_read_is_limited() -> None:
    transform = mapper.compile(NONE, limits=mapper.Limits(body_bytes=3))
    assert transform(b"1234").rejected[0].codes == ("M608",)


def test_deep_json_in_a_field() -> None:
    transform = mapper.compile(ITEMS)
    deep = '{"id": "2", "x": ' + "[" * 250 + "]" * 250 + "}"
    result = transform(f'name=n&p={{"events": [{{"id": "1"}}, {deep}]}}'.encode())
    assert [event["event_id"] for event in result.events] == ["1"]
    assert [(r.index, r.codes, r.location) for r in result.rejected] == [(1, ("M606",), "$.p.events[1]")]
    assert compiled("{format: form, field: p}")(f"id=1&p={deep}".encode()).rejected[0].codes == ("M606",)


def test_run_and_replay(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("mappings/m.yaml"), ITEMS.replace("each: $.p.events", "each: [$.p.events, $.p.one]"))
    bodies = [
        b'name=n&p={"events":[{"id":"a"},{"x":1},{"id":"b"}]}',
        b'p={"events":[{"id":"c"}]}&p={"events":[{"id":"d"}]}',
        b"p=1&name=%zz",
        b"name=n&p={}",
    ]
    Path("in").write_bytes(b"\n".join(bodies) + b"\n\n")
    ended = call("run", "m", "in", "-o", "out", "--rejected", "no")
    assert ended.code == 1
    assert [event["event_id"] for event in lines(Path("out"))] == ["a", "b"]
    rejected = lines(Path("no"))
    assert [(r["line"], r["codes"]) for r in rejected] == [
        (1, ["M611"]),
        (2, ["M611"]),
        (3, ["M628"]),
        (4, ["M603"]),
    ]
    assert [r.get("body_text", r.get("payload_text")) for r in rejected] == [body.decode() for body in bodies]
    mended = ITEMS.replace("each: $.p.events", "each: [$.p.events, $.p.one]").replace(
        "{path: $.id, on_missing: reject}", "{first_of: [$.id, z]}"
    )
    mended = mended.replace("{envelope: $.name, on_missing: reject}", "{first_of: [{envelope: $.name}, q]}")
    write(Path("mappings/m.yaml"), mended)
    call("run", "m", "--replay", "no", "-o", "again", "--rejected", "still")
    assert [(e["event_id"], e["event_name"]) for e in lines(Path("again"))] == [("z", "n"), ("d", "q")]
    assert [r["codes"] for r in lines(Path("still"))] == [["M628"], ["M603"]]


def test_a_file_may_be_one_form(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("mappings/m.yaml"), FRAME.format("{format: form}"))
    Path("in").write_bytes(b"id=1&\r\np=2\r\n")
    assert call("run", "m", "in", "-o", "out", "--input", "json").code == 0
    assert lines(Path("out"))[0]["event_properties"] == {"whole": {"id": "1", "\r\np": "2"}}


def test_a_sample_holds_a_form(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("mappings/m.yaml"), FRAME.format("{format: form}"))
    add_case(Path(), "form", {"request": {"body_text": "id=1&p=2"}}, mapping="m")
    assert call("test", "m", "--update").code == 0
    document = json.loads(Path("mappings/m/form.expected.json").read_text("utf-8"))
    assert document["events"][0]["event_properties"]["whole"] == {"id": "1", "p": "2"}


PARTS = [
    *(b"a", b"=", b"&", b"[", b"]", b"[]", b"[0]", b"%", b"%41", b"%E9", b"\xff", b"+", b"p=", b"{", b"}"),
    *(b'"', b"id=1&", b"\x1f\x8b", b"--x\r\n", b"<a>", b"\n", b"\x00", b"\xef\xbb\xbf", b"[1,2]"),
    b"_charset_=latin1&",
]


@pytest.mark.parametrize("errors", ["reject", "replace"])
@pytest.mark.parametrize(
    "body", [*(form for form, _, _ in FORMS), "{format: form, names: brackets, field: p}", "{format: json}"]
)
def test_any_bytes_have_one_outcome(body: str, errors: str) -> None:
    transform = mapper.compile(FRAME.format(body) + f"encoding_errors: {errors}\n")
    chance = random.Random(body + errors)
    for _ in range(300):
        raw = b"".join(chance.choice(PARTS) for _ in range(chance.randint(0, 12)))
        result, as_json = transform(raw), transform.json(raw)
        assert result_document(result) | {"events": []} == result_document(as_json) | {"events": []}  # type: ignore[arg-type]
        assert [json.loads(event) for event in as_json.events] == result.events
        assert not any("M901" in rejected.codes for rejected in result.rejected), raw
        for one, other in zip(result.rejected, as_json.rejected, strict=True):
            assert [d.message for d in one.diagnostics] == [d.message for d in other.diagnostics]
            assert one.item == raw or not body.startswith("{format: form")
