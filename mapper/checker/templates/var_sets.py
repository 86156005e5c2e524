"""Var sets: the possible values of the vars that a template reads, and the places they are other names of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from mapper import ir
from mapper.checker.templates.value_sets import (
    INTEGER,
    MISSING,
    NUMBER,
    Items,
    Members,
    ValueSet,
    anything,
    constant,
    something,
)
from mapper.ir.facts import keeps, nothings, types
from mapper.regex.characters import ranges
from mapper.regex.languages import ANYTHING, Language, many, union, word

PathSpot: TypeAlias = tuple[str | int, ...]

TIMES = many(ranges("0123456789.:TZ-"))
_DIGESTS = many(ranges("0123456789abcdef"))


def path_of(value: ir.Value) -> PathSpot | None:
    """The place that a value is another name of: a scope and the keys from it; None for any other value."""
    match value:
        case ir.Path() if value.is_singular:
            root = "item" if value.root is ir.Root.ITEM else "envelope"
            selectors = (segment.selectors[0] for segment in value.segments)
            steps = (s for s in selectors if isinstance(s, ir.Name | ir.Index))
            keys = (step.name if isinstance(step, ir.Name) else step.index for step in steps)
            return (root, *keys)
        case ir.VarRead(_, var):
            return path_of(var.value)
        case _:
            return None


def var_scope(known: Iterable[ir.Var]) -> ValueSet:
    """The vars as an object with the possible values of each."""
    values = {var.name: _value_set(var.value) for var in known}
    return ValueSet(members=Members(lambda name: values.get(name, MISSING)))


def _value_set(value: ir.Value) -> ValueSet:
    """The possible values of a node for any payload; facts that hold without a schema are enough here."""
    match value:
        case ir.Literal(known):
            return constant(known)
        case ir.VarRead(_, var):
            return var.once(_value_set)
    kinds, nothing = types(value), nothings(value)
    number = NUMBER if "number" in kinds else INTEGER if "integer" in kinds else None
    return ValueSet(
        missing=nothing.missing,
        null=nothing.null,
        true="boolean" in kinds,
        false="boolean" in kinds,
        number=number,
        text=_texts(value) if "string" in kinds else None,
        items=Items(something) if "array" in kinds else None,
        members=Members(lambda _: anything()) if "object" in kinds else None,
    )


def _texts(value: ir.Value) -> Language:
    """The texts among the values of a node."""
    match value:
        case ir.Timestamp() if value.form is None and not keeps(value):
            return TIMES
        case ir.Hash():
            return _DIGESTS
        case ir.Literal(str(text)):
            return word(text)
        case ir.VarRead(_, var):
            return var.once(_texts)
        case ir.Coalesce() | ir.Match() | ir.When() | ir.Default() | ir.Required():
            texts = [_texts(each) for each in ir.alternatives(value) if "string" in types(each)]
            return union(*texts) if texts else ANYTHING
        case _:
            return ANYTHING
