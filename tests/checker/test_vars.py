"""Vars under a source schema: names are checked where they are written, failures are shown by a payload."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mapper
from mapper.compiler import examine
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "minLength": 1, "pattern": r"\S"},
        "items": {"type": "array"},
        "user": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"name": {"type": "string"}, "age": {"type": ["string", "null"]}},
        },
    },
}


def check(tmp_path: Path, vars_: str, properties: str, rules: str = "") -> list[mapper.Diagnostic]:
    """The diagnostics of a mapping with a source schema, in the order of the text."""
    (tmp_path / "s.schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    text = (
        f"mapping: m\nsource: s.schema.json\nvars:\n{vars_}{rules}event:\n  event_id: $.id\n  event_name: X\n"
        f"  user_id: u\n  timestamp: 2026-11-23T20:00:00.000Z\n  event_properties: {properties}\n"
    )
    report = Report()
    examine(SourceFile(str(tmp_path / "m.yaml"), text), tmp_path, report)
    return list(report.ordered())


def test_unknown_names_are_reported_once_and_below_vars_too(tmp_path: Path) -> None:
    vars_ = "  user: $.user\n  bad: $.usr\n"
    uses = (
        '{a: {var: bad}, b: "{{ vars.bad.x }}", c: {map: {path: $.items, as: array, on_error: reject}, '
        'to: "{{ vars.user.naem }}{{ naem }}"}}'
    )
    found = [(d.code, d.span.text if d.span else "") for d in check(tmp_path, vars_, uses)]
    assert found == [("M301", "usr"), ("M301", "vars.user.naem")]


def test_a_var_that_can_reject_an_item_is_shown_by_a_payload(tmp_path: Path) -> None:
    (found,) = check(tmp_path, "  age: {path: $.user.age, as: integer}\n", "{age: {var: age}}")
    assert found.code == "M405"
    assert found.span is not None
    assert found.span.text == "{path: $.user.age, as: integer}"
    assert any('"age": ""' in hint for hint in found.hints)


def test_a_rule_about_the_path_of_a_var_is_known_of_the_var(tmp_path: Path) -> None:
    vars_ = "  name: $.user.name\n"
    rules = "skip:\n  - {when: user.name == blank, reason: nobody}\n"
    (found,) = check(tmp_path, vars_, "{a: {first_of: [{var: name}, none]}}", rules)
    assert found.code == "M503"


def test_a_choice_by_a_var_narrows_it(tmp_path: Path) -> None:
    vars_ = "  name: $.user.name\n"
    uses = "{a: {when: vars.name == 'x', then: {match: {var: name}, cases: {x: 1, y: 2}}}}"
    (found,) = check(tmp_path, vars_, uses)
    assert (found.code, found.span.text if found.span else "") == ("M503", "y")


TYPES = {
    "type": "object",
    "properties": {
        "at": {"type": ["string", "null"]},
        "day": {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]},
        "word": {"type": "string", "pattern": "^[a-z]*$"},
        "text": {"type": "string"},
    },
}
TIME = "{path: $.at, as: timestamp, on_error: omit}"
PRINTED = {
    f"{{first_of: [{TIME}, never]}}": "",
    f"{{first_of: [{TIME}, $.word]}}": "",
    f"{{first_of: [$.day, {TIME}, none]}}": "",
    f"{{first_of: [{TIME}, 'say \"never\"']}}": "{}",
    f"{{first_of: [{TIME}, $.text]}}": '{"text": "\\""}',
    "{first_of: [$.day, $.text]}": '{"text": "\\""}',
    "{match: $.word, cases: {a: 1, b: two}, default: $.day}": "",
    "{match: $.word, cases: {a: 1, b: two}, default: $.text}": '{"text": "\\""}',
    "{when: word == blank, then: none, else: $.word}": "",
}


@pytest.mark.parametrize("value", PRINTED)
def test_a_template_knows_the_texts_of_a_var(tmp_path: Path, value: str) -> None:
    (tmp_path / "s.schema.json").write_text(json.dumps(TYPES), encoding="utf-8")
    template = (
        '{"event_id": "e", "event_name": "X", "user_id": "u", "timestamp": "2026-11-23T20:00:00.000Z", '
        '"event_properties": {"v": "{{ vars.v }}"}}'
    )
    text = f"mapping: m\nsource: s.schema.json\nvars:\n  v: {value}\ntemplate: '{template}'\n"
    report = Report()
    examine(SourceFile(str(tmp_path / "m.yaml"), text), tmp_path, report)
    payload = PRINTED[value]
    assert [d.code for d in report.ordered()] == (["M411"] if payload else [])
    assert not payload or any(f"`{payload}`" in hint for d in report.ordered() for hint in d.hints)
