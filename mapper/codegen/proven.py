"""Proven: properties of a field's value that follow from its node alone, so that no check is generated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mapper import ir
from mapper.ir.facts import FIXED, keeps, types
from mapper.runtime.blank import is_blank_text
from mapper.runtime.json.types import type_of
from mapper.runtime.times.writing import DigitsForm
from mapper.schemas.questions import Subschema

# These hold for every time with a precision: it is written as in RFC 3339, without white space.
_OF_TIMES = {"format": frozenset({"date-time"}), "pattern": frozenset({r"\S", r"^\S+(?!\s)$", r"^\S+$"})}
# A text that is more than white space has at least one character.
_OF_CONTENT = {"minLength": frozenset({0, 1}), "pattern": frozenset({r"\S"})}


def remaining(schema: Subschema, node: ir.Value) -> Subschema:
    """The schema without the keywords that every value of the node satisfies."""
    if isinstance(schema, bool):
        return schema
    return {key: value for key, value in schema.items() if not _is_proven(key, value, node, schema)}


def proven_types(node: ir.Value) -> frozenset[str]:
    """The JSON types of the node's value, apart from null; empty if nothing is known."""
    match node:
        case ir.Cast() | ir.Timestamp():
            found = types(node)
            return found if len(found) == 1 else frozenset()
        case ir.FromRequest(ir.RequestPart.RECEIVED_AT):
            return frozenset({"string"})
        case ir.Literal(value):
            return frozenset({type_of(value)})
        case ir.VarRead(_, var):
            return var.once(proven_types)
        case ir.Prune(value):
            return proven_types(value)
        case _ if type(node) in FIXED:
            return frozenset({FIXED[type(node)]})
        case _:
            each = set(map(proven_types, ir.alternatives(node)))
            return each.pop() if len(each) == 1 else frozenset()


def _is_proven(keyword: str, value: object, node: ir.Value, schema: Mapping[str, Any]) -> bool:
    if isinstance(node, ir.Literal):
        return keyword in ("minLength", "pattern") and _fits_literal(keyword, value, node.value)
    if not isinstance(value, str | int):
        return False
    if _is_time(node) and (keyword == "minLength" or value in _OF_TIMES.get(keyword, ())):
        # `2026-11-23T20:00:00Z` has 20 characters.
        return keyword != "minLength" or value in range(21)
    return _has_content(node) and value in _OF_CONTENT.get(keyword, ())


def _fits_literal(keyword: str, value: object, text: object) -> bool:
    if not isinstance(text, str):
        return False
    return (
        value == r"\S" and not is_blank_text(text) if keyword == "pattern" else len(text) >= int(str(value))
    )


def _is_time(node: ir.Value) -> bool:
    """True if the value, if there is one, is a time of RFC 3339 in UTC."""
    match node:
        case ir.Timestamp(form=form):
            return not keeps(node) and (form is None or isinstance(form, DigitsForm))
        case ir.FromRequest(ir.RequestPart.RECEIVED_AT):
            return True
        case ir.VarRead(_, var):
            return var.once(_is_time)
        case _:
            values = ir.alternatives(node)
            return bool(values) and all(map(_is_time, values))


def _has_content(node: ir.Value) -> bool:
    """True if the value, if it is a text, is more than white space."""
    match node:
        case ir.Timestamp(value) if keeps(node):
            return _has_content(value)
        case ir.Coalesce(nonblank=True) | ir.Hash() | ir.Timestamp():
            return True
        case ir.Literal(value):
            return not isinstance(value, str) or not is_blank_text(value)
        case ir.Cast(value, ir.CastKind.STRING):
            return _has_content(value)
        case ir.VarRead(_, var):
            return var.once(_has_content)
        case ir.Prune(value, kinds):
            return "blank" in kinds or _has_content(value)
        case _:
            values = ir.alternatives(node)
            return bool(values) and all(map(_has_content, values))
