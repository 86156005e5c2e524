"""Repaired bodies: declared in a mapping, marked in results, shown by commands; rejections keep the bytes."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.runtime.repair.policy import REPAIRS as ALL
from mapper.samples.cases import result_document
from support.calls import Call, add_case, write
from support.examples import examples

FRAME = """\
mapping: m
version: 1
{}
event:
  event_id: {{path: $.id, as: string, on_missing: reject}}
  event_name: Seen
  user_id: u
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {{name: $.name}}
"""
ALMOST = b'{"id": 1, "name": "r\xe9mi",}'
EVENT = {
    "event_id": "1",
    "event_name": "Seen",
    "user_id": "u",
    "timestamp": "2026-11-23T20:00:00.000Z",
    "event_properties": {"name": "r\ufffdmi"},
}
REPAIRS = (mapper.Repair("invalid_utf8", 1, 1, 21), mapper.Repair("trailing_commas", 1, 1, 25))


def compiled(*lines: str) -> mapper.Transform:
    return mapper.compile(FRAME.format("\n".join(lines)))


@pytest.fixture
def transform() -> mapper.Transform:
    return compiled("encoding_errors: replace", "repair: [trailing_commas, missing_values]")


def test_a_result_tells_what_was_repaired(transform: mapper.Transform) -> None:
    assert transform(ALMOST) == mapper.Result([EVENT], repairs=REPAIRS)
    result = transform.json(ALMOST)
    assert (json.loads(result.events[0]), result.repairs) == (EVENT, REPAIRS)


def test_what_needs_no_repair_has_none(transform: mapper.Transform) -> None:
    assert transform(b'{"id": 1}').repairs == ()
    assert transform({"id": 1}).repairs == ()


def test_items_of_a_repaired_body_are_rejected_as_any(transform: mapper.Transform) -> None:
    result = transform(b'{"id": , "name": 1}')
    assert [(r.codes, r.item) for r in result.rejected] == [(("M611",), {"id": None, "name": 1})]
    assert [repair.name for repair in result.repairs] == ["missing_values"]


@pytest.mark.parametrize("lines", [[], ["encoding_errors: reject"], ["repair: trailing_commas"]])
def test_without_leave_the_body_is_rejected_as_it_came(lines: list[str]) -> None:
    result = compiled(*lines)(ALMOST)
    assert [(r.codes, r.item) for r in result.rejected] == [(("M602",), ALMOST)]
    assert (result.repairs, result.items) == ((), 1)


def test_an_ambiguous_body_is_rejected_as_it_came() -> None:
    body = b'{"id": "a",\n "name": "b", "x": "say "boo""}'
    (rejected,) = compiled("repair: [inner_quotes]")(body).rejected
    assert (rejected.codes, rejected.item, rejected.location) == (("M609",), body, "$")
    assert "line 2, column 10" in rejected.diagnostics[0].message
    assert "boo" not in rejected.diagnostics[0].message


def test_transforms_keep_their_policy(transform: mapper.Transform) -> None:
    again = pickle.loads(pickle.dumps(transform))
    assert again(ALMOST) == transform(ALMOST)
    assert pickle.dumps(again) == pickle.dumps(transform)


def test_repairs_pickle(transform: mapper.Transform) -> None:
    assert pickle.loads(pickle.dumps(transform(ALMOST))).repairs == REPAIRS


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("repair: [trailing_coma]", "unknown `repair`: `trailing_coma`", "did you mean `trailing_commas`?"),
        ("repair: quotes", "unknown `repair`: `quotes`", ""),
        ("encoding_errors: replaced", "unknown `encoding_errors`: `replaced`", "did you mean `replace`?"),
        ("encoding_errors: true", "unknown `encoding_errors`: `true`", ""),
    ],
)
def test_unknown_words_are_errors(line: str, message: str, hint: str) -> None:
    (found,) = mapper.check(FRAME.format(line))
    assert (found.code, found.message, "".join(found.hints)) == ("M114", message, hint)
    assert found.span is not None
    assert found.span.line == 3


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("repair: []", "M107"),
        ("repair: {comments: true}", "M107"),
        ("repair: [1]", "M107"),
        ("encoding_errors: [replace]", "M107"),
        ("encoding_errors: true", "M114"),
    ],
)
def test_other_shapes_are_errors(line: str, code: str) -> None:
    assert [d.code for d in mapper.check(FRAME.format(line))] == [code]


TOKENS = [
    b'"',
    b'"a": ',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"//",
    b"\n",
    b"\xff",
    b"\xe2\x80\x9c",
    b"\\",
    b"\0",
    b"1",
    b"null",
]
EVERYTHING = compiled("encoding_errors: replace", f"repair: [{', '.join(ALL)}]")


@examples(400)
@given(st.binary(max_size=60) | st.lists(st.sampled_from(TOKENS), max_size=20).map(b"".join))
def test_any_body_is_accounted_for(body: bytes) -> None:
    result = EVERYTHING(body)
    for rejected in result.rejected:
        assert "M901" not in rejected.codes
        if {"M601", "M602", "M606", "M609"} & set(rejected.codes):
            assert (rejected.item, result.items, result.repairs) == (body, 1, ())
    outcome = EVERYTHING.json(body)
    assert (len(outcome.events), outcome.rejected, outcome.repairs) == (
        len(result.events),
        result.rejected,
        result.repairs,
    )


# --- the commands


def test_an_expectation_names_repairs(project: Path, call: Call) -> None:
    write(project / "mappings/orders.yaml", FRAME.format("repair: [missing_values]"))
    body = {"request": {"body_text": '{"id": "A-1", "name": }'}}
    add_case(project, "paid", body)
    assert call("test", "--update").code == 0
    written = json.loads((project / "mappings/orders/paid.expected.json").read_text("utf-8"))
    assert written["repairs"] == [{"name": "missing_values", "count": 1}]
    assert call("test").code == 0
    write(project / "mappings/orders.yaml", FRAME.format(""))
    ended = call("test")
    assert ended.code == 1
    assert "$.repairs" in ended.out


def test_an_expectation_without_repairs_has_no_such_key(transform: mapper.Transform) -> None:
    assert "repairs" not in result_document(transform(b'{"id": 1}'))


def test_run_counts_and_marks_what_was_repaired(project: Path, call: Call) -> None:
    write(project / "mappings/orders.yaml", FRAME.format("repair: [missing_values]"))
    write(project / "in.ndjson", '{"id": "A-1", "name": }\n{"id": , "name": 1}\n{"id": "A-2"}\n')
    ended = call("run", "mappings/orders.yaml", "in.ndjson", "--rejected", "rejected.ndjson")
    assert ended.code == 1
    assert "  repaired  2  bodies: missing_values\n" in ended.err
    (line,) = (json.loads(text) for text in Path("rejected.ndjson").read_text("utf-8").splitlines())
    assert line["repairs"] == ["missing_values"]
    assert line["payload"] == {"id": None, "name": 1}
