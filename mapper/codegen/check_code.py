"""Codegen of checks: the tests of an event that are not idle, before `event` returns it.

The target schema is checked field by field, without the checks that earlier code makes idle. If `max_depth`
is not 0, the payload was parsed by the host: then its values must be JSON of at most so many levels. Code for
a payload that is certainly JSON has no `max_depth`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from mapper import ir
from mapper.codegen.emitter import Emitter
from mapper.codegen.presence import may_be_left_out, presence_test
from mapper.codegen.proven import proven_types, remaining
from mapper.codegen.validator_code import (
    SchemaChecks,
    SchemaFunctions,
    is_checked_by_members,
    is_inlined,
    is_trivial,
    member_schema,
)
from mapper.codegen.writer import Writer, literal
from mapper.ir.facts import keeps, may_be_null

# Parts of a parsed value that JSON cannot represent: none, half of a surrogate pair, or anything.
_SOUND, _TEXT, _ANY = range(3)


def emit_checks(
    at: Emitter,
    output: ir.Record | ir.Template,
    event: str,
    fields: list[tuple[ir.Field, str]],
    target: Any,
) -> SchemaFunctions:
    """Write statements that raise InvalidEvent unless local `event`, made of the `fields`, fits.

    Returns the functions that they call, which must then be written.
    """
    if isinstance(output, ir.Record) and has_known_members(output, target):
        return _emit_by_field(at, event, fields, target)
    if not at.payload.is_json:
        is_json = at.writer.use("schema.validation", "is_json")
        _refuse(at.writer, f"max_depth and not {is_json}({event}, max_depth)", event)
    if is_trivial(target):
        return []
    _refuse(at.writer, f"not valid({event})", event)
    return [("valid", target, ())]


def has_known_members(output: ir.Record, target: Any) -> bool:
    """True if an event fits the target schema exactly if each of its fields does."""
    if not is_checked_by_members(target):
        return False
    present = {field.name for field in output.fields if not may_be_left_out(field)}
    return present.issuperset(target.get("required", ()))


def _refuse(writer: Writer, condition: str, event: str) -> None:
    with writer.block(f"if {condition}:"):
        writer.line(_refusal(writer, event))


def _refusal(writer: Writer, event: str) -> str:
    return f"raise {writer.use('faults', 'InvalidEvent')}({event})"


def _emit_by_field(
    at: Emitter, event: str, fields: list[tuple[ir.Field, str]], target: Any
) -> SchemaFunctions:
    writer, checks = at.writer, SchemaChecks(at.writer, target, refusal=_refusal(at.writer, event))
    kinds = [] if at.payload.is_json else [(field, value, _kind(field, target)) for field, value in fields]
    doubtful = [_json_test(writer, field, value) for field, value, kind in kinds if kind == _ANY]
    if doubtful:
        _refuse(writer, f"max_depth and not {_all_of(doubtful)}", event)
    for field, value in fields:
        _emit_field_checks(checks, field, value)
    texts = list(dict.fromkeys(value for _, value, kind in kinds if kind == _TEXT))
    if texts:
        # ASCII text holds no half of a surrogate pair, and isascii() is much faster than the full test.
        plain = _all_of([f"{text}.isascii()" for text in texts])
        are_texts = f"{writer.use('schema.validation', 'are_texts')}({', '.join(texts)})"
        _refuse(writer, f"max_depth and not {plain} and not {are_texts}", event)
    return checks.pending


def _all_of(tests: list[str]) -> str:
    return tests[0] if len(tests) == 1 else f"({' and '.join(tests)})"


def _json_test(writer: Writer, field: ir.Field, value: str) -> str:
    test = f"{writer.use('schema.validation', 'is_json')}({value}, max_depth - 1)"
    return f"(not ({presence_test(field, value)}) or {test})" if may_be_left_out(field) else test


def _kind(field: ir.Field, target: Any) -> int:
    """The check that a field's value still needs once it fits its schema."""
    kind = _kind_of(field.value)
    if kind == _SOUND:
        return _SOUND
    if may_be_left_out(field) or (field.nullable and may_be_null(field.value)):
        return _ANY
    schema = member_schema(target, field.name)
    is_text = isinstance(schema, dict) and schema.get("type") == "string" and is_inlined(schema)
    return _TEXT if kind == _TEXT or is_text else _ANY


def _kind_of(node: ir.Value) -> int:
    match node:
        case ir.Cast() | ir.Timestamp() if keeps(node):
            return _ANY
        case ir.Literal() | ir.Timestamp() | ir.Hash() | ir.FromRequest(ir.RequestPart.RECEIVED_AT):
            return _SOUND
        case ir.Cast(_, ir.CastKind.INTEGER | ir.CastKind.NUMBER | ir.CastKind.BOOLEAN):
            return _SOUND
        case ir.Template() | ir.Cast(_, ir.CastKind.STRING):
            return _TEXT
        case ir.VarRead(_, var):
            return var.once(_kind_of)
        case _:
            # The worst of several; texts among values of other types count as anything.
            kind = max(map(_kind_of, ir.alternatives(node)), default=_ANY)
            return kind if kind != _TEXT or proven_types(node) == {"string"} else _ANY


def _emit_field_checks(checks: SchemaChecks, field: ir.Field, value: str) -> None:
    """Write statements that refuse a field whose value, in a local, does not fit the target schema.

    The event is one that `has_known_members`. Checks that the node of the field makes idle are left out.
    """
    writer, target = checks.writer, checks.document
    assert isinstance(target, Mapping)
    schema = member_schema(target, field.name)
    nullable = field.nullable and may_be_null(field.value)
    proven = frozenset[str]() if nullable else proven_types(field.value)
    rest = schema if nullable else remaining(schema, field.value)
    kind = "properties" if field.name in target.get("properties", {}) else "additionalProperties"
    place = (kind, field.name) if kind == "properties" else (kind,)
    before = len(writer.lines)
    if isinstance(field.value, ir.Literal):
        value = writer.fresh(field.name)
        writer.line(f"{value} = {literal(field.value.value)}")
    tests = [presence_test(field, value)] if may_be_left_out(field) else []
    start = len(writer.lines)
    with writer.block(f"if {' and '.join(tests)}:") if tests else nullcontext():
        checks.member(rest, value, place, proven)
        is_empty = len(writer.lines) == start + bool(tests)
    if is_empty:
        del writer.lines[before:]
