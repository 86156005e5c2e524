"""Lowering: a Spec becomes an ir.Program, and nothing in it tells which syntax was written."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass

import pytest

from mapper import ir
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from mapper.expressions.lowering import lower
from mapper.language.document import read_document
from mapper.language.reader import read_spec
from mapper.schemas.schema import load_schema
from support.places import SCHEMAS

TARGET = load_schema(SCHEMAS / "event.schema.json", Report(), None)


def lowered(text: str) -> tuple[ir.Program | None, list[str]]:
    """The program of a mapping, and the codes of its errors."""
    report = Report()
    document = read_document(SourceFile("m.yaml", text), report)
    assert document is not None
    spec = read_spec(document, report)
    assert spec is not None, report.diagnostics
    return lower(spec, TARGET, None, report), [diagnostic.code for diagnostic in report.ordered()]


def value(written: str) -> ir.Value:
    """The node that a value of the event becomes."""
    program, codes = lowered("mapping: m\nevent:\n  event_id: " + written + "\n")
    assert program is not None
    assert codes == []
    assert isinstance(program.output, ir.Record)
    (field,) = program.output.fields
    return field.value


def tree(node: object) -> object:
    """A node as tuples, without the texts and spans that show how it was written; types are told apart."""
    if is_dataclass(node):
        parts = [f for f in fields(node) if f.name not in ("text", "span", "source", "declared")]
        return type(node), *(tree(getattr(node, f.name)) for f in parts)
    return tuple(map(tree, node)) if isinstance(node, tuple) else (type(node), node)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$.a", "{path: $.a}"),
        ("$.a", "\"$['a']\""),
        ("[$.a]", "\n    - $['a']"),
        ("{first_of: [$.a, x]}", "{first_of: [{path: $.a}, {literal: x}]}"),
        ("{a: $.b}", "{object: {a: $.b}}"),
        ("'{{ a.b }}'", "'{{ a[\"b\"] }}'"),
        ("'{{ a | upcase }}'", "'{{a|upcase}}'"),
        ("{when: a == 1, then: $.b}", "{when: 'a==1', then: {path: $.b}}"),
    ],
)
def test_spellings_of_one_meaning_are_one_tree(one: str, other: str) -> None:
    assert tree(value(one)) == tree(value(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$.a", "$.b"),
        ("1", "true"),
        ("1", "'1'"),
        ("$.a", "'{{ a }}'"),
        ("{first_of: [$.a]}", "{hash: [$.a]}"),
    ],
)
def test_other_meanings_are_other_trees(one: str, other: str) -> None:
    assert tree(value(one)) != tree(value(other))


def test_modifiers_wrap_the_value_from_the_inside_out() -> None:
    node = value("{path: $.a, as: string, default: none}")
    assert isinstance(node, ir.Default)
    assert isinstance(node.value, ir.Cast)
    assert node.value.kind is ir.CastKind.STRING
    assert isinstance(node.value.value, ir.Path)
    assert isinstance(node.default, ir.Literal)
    assert node.default.value == "none"


def test_fields_know_what_the_target_asks_for() -> None:
    program, _ = lowered("mapping: m\nevent: {event_id: $.a, event_properties: {x: $.b}}\n")
    assert program is not None
    assert isinstance(program.output, ir.Record)
    outer = {field.name: field.required for field in program.output.fields}
    assert outer == {"event_id": True, "event_properties": True}
    inner = program.output.fields[1].value
    assert isinstance(inner, ir.Record)
    assert [(field.required, field.nullable) for field in inner.fields] == [(False, True)]


def test_a_mapping_without_each_takes_the_whole_body() -> None:
    program, _ = lowered("mapping: m\nevent: {}\n")
    assert program is not None
    assert [(path.root, path.segments) for path in program.each] == [(ir.Root.BODY, ())]


def test_a_field_that_cannot_be_lowered_is_left_out_and_known_as_written() -> None:
    program, codes = lowered(f"mapping: m\nevent: {json.dumps({'event_id': '$.a[', 'user_id': '$.u'})}\n")
    assert codes == ["M201"]
    assert program is not None
    assert isinstance(program.output, ir.Record)
    assert [field.name for field in program.output.fields] == ["user_id"]
    assert program.written == {"event_id", "user_id"}


def test_a_template_that_cannot_be_read_leaves_no_program() -> None:
    program, codes = lowered("mapping: m\ntemplate: '{% if %}'\n")
    assert program is None
    assert codes == ["M211"]
