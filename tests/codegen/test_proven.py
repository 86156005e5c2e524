"""Proven checks: those that generated code leaves out would never fail, for every kind of field."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

import mapper
from mapper.compiler import analyse, build
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from mapper.interpreter.items import interpret_item
from mapper.runtime.schema import keywords
from mapper.runtime.schema.validation import find_non_json
from support.both_paths import assert_same
from support.field_kinds import KINDS
from support.validators import reference


class _Text(str):
    __slots__ = ()


class _Record(dict):  # type: ignore[type-arg]
    __slots__ = ()


class _List(list):  # type: ignore[type-arg]
    __slots__ = ()


LEAVES = [
    *("", " ", "text", "é", "\ud800", "a\udfff", "5", "true", "2026-11-23T20:00:00Z", '{"a": ["\\ud800"]}'),
    *(
        None,
        True,
        0,
        5,
        -7.5,
        5.0,
        10**400,
        float("nan"),
        float("inf"),
        Decimal("1e999"),
        b"x",
        (1,),
        object(),
    ),
    *({}, [], {"a": 1}, {1: 2}, {"\ud800": 1}, ["\udc00"], [[float("-inf")]], {"a": [{"b": Decimal(1)}]}),
    *(_Text("sub\ud800"), _Text("sub"), _Record(a=1), _Record(a=float("nan")), _List([b""]), _List([1])),
]
TARGETS = {
    "anything": {},
    "members": {"type": "object", "properties": {"f": {}}, "required": ["g"]},
    "no others": {"type": "object", "properties": {"f": {}, "g": {}}, "additionalProperties": False},
    "texts": {"type": "object", "properties": {"f": {"type": "string", "minLength": 1}}},
    "texts or null": {"type": "object", "properties": {"f": {"type": ["string", "null"], "pattern": "t"}}},
    "others": {"type": "object", "additionalProperties": {"type": ["object", "array", "string", "integer"]}},
    "by jsonschema": {"type": "object", "properties": {"f": {"not": {"type": "null"}}}},
    "as a whole": {"type": "object", "minProperties": 2},
}


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", KINDS)
def test_events_of_parsed_json_are_json_and_fit(kind: str, target: str, tmp_path: Path) -> None:
    """One leaf of every sort in a field of every kind: the interpreter and jsonschema say what is right."""
    (tmp_path / "t.schema.json").write_text(json.dumps(TARGETS[target]), "utf-8")
    text = f"mapping: m\nversion: 1\ntarget: t.schema.json\nevent:\n  g: '{{{{ g }}}}'\n  f: {KINDS[kind]}\n"
    file = SourceFile(str(tmp_path / "m.yaml"), text)
    report = Report()
    program = analyse(file, tmp_path, report).program
    if report.has_errors:
        assert {d.code for d in report.ordered()} <= {"M401", "M404"}
        return  # the checker has proven that no such field fits
    assert program is not None
    transform = build(file, tmp_path, Report())
    fits = reference(TARGETS[target]).is_valid
    for leaf in LEAVES:
        item = {"a": leaf, "o": {"a": leaf}, "l": [leaf], "g": "é"}
        request = _request(leaf)
        kind_of, made = interpret_item(program, item, item, request)
        result = transform(item, request)
        assert result.items == 1
        assert len(transform([item], request).events) == len(result.events)
        if kind_of == "event" and find_non_json(made) is None and fits(made):
            assert repr(result.events) == repr([made])
        else:
            assert result.events == []
            assert "M901" not in result.rejected[0].codes


def _request(leaf: object) -> mapper.Request:
    """A request that holds the leaf, as far as a request may."""
    try:
        request = mapper.Request(settings={"a": leaf})
    except (TypeError, ValueError):
        request = mapper.Request()
    return replace(request, headers={"x-a": leaf}) if isinstance(leaf, str) else request


ANY = {"$ref": "#/$defs/any"}
KINDS_OF_ANY = [
    {"type": "object", "additionalProperties": ANY},
    {"type": "array", "items": ANY},
    {"type": "integer"},
]
ENDLESS = {
    "type": "object",
    "properties": {"g": {"type": "string"}, "f": ANY},
    "$defs": {"any": {"anyOf": KINDS_OF_ANY}},
}


@pytest.mark.parametrize("g", ["text", 5])
def test_a_schema_that_recurses_too_deep_rejects(
    g: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check, or what explains it, needs more of the stack than there is."""
    monkeypatch.setattr(keywords, "_MAX_STACKS", 2)  # since Python 3.12 the 32 are enough
    (tmp_path / "t.schema.json").write_text(json.dumps(ENDLESS), "utf-8")
    path = tmp_path / "m.yaml"
    path.write_text("mapping: m\nversion: 1\ntarget: t.schema.json\nevent:\n  g: $.g\n  f: $.f\n", "utf-8")
    deep: object = 1
    for _ in range(395):
        deep = [deep]
    item = {"g": g, "f": deep}
    transform = mapper.load(path, limits=mapper.Limits(nesting=400))
    for payload in (item, [item], json.dumps(item).encode()):
        (rejected,) = transform(payload).rejected
        assert rejected.codes == ("M606",)


NESTED: dict[str, object] = {"type": "integer"}
for _ in range(6):  # more blocks than one function may have
    NESTED = {"items": {"properties": {"a": NESTED}}}
DEEP = {"type": "object", "properties": {"f": NESTED, "g": {"type": "string", "pattern": "^é"}}}


@pytest.mark.parametrize("leaf", [1, "x", None])
@pytest.mark.parametrize("g", ["é", "e"])
def test_a_target_that_nests_deep_is_checked_to_its_end(g: str, leaf: object, tmp_path: Path) -> None:
    """Also by the narrow path, in several functions, beside fields whose constants they share."""
    (tmp_path / "t.schema.json").write_text(json.dumps(DEEP), "utf-8")
    path = tmp_path / "m.yaml"
    path.write_text("mapping: m\nversion: 1\ntarget: t.schema.json\nevent:\n  g: $.g\n  f: $.f\n", "utf-8")
    deep = leaf
    for _ in range(6):
        deep = [{"a": deep}]
    item = {"g": g, "f": deep}
    transform = mapper.load(path)
    is_valid = (g, leaf) == ("é", 1)
    assert transform(item).events == ([item] if is_valid else [])
    assert [rejected.codes for rejected in transform(item).rejected] == ([] if is_valid else [("M612",)])
    assert transform.plan.startswith("A body is decoded as far")
    assert_same(transform, json.dumps(item).encode())
