"""Operands: a Liquid expression and a scope in, the type of its value out."""

from __future__ import annotations

from typing import assert_never

from mapper import ir
from mapper.checker.inference import predicates as p
from mapper.checker.inference.filter_types import (
    filter_type,
    gives_exact_numbers,
    unsure_operand,
    writes_dates,
)
from mapper.checker.inference.findings import Inference, PossibleRejection
from mapper.checker.inference.number_types import EXTREME, loses_digits, out_of_range
from mapper.checker.inference.printing import printed
from mapper.checker.inference.type_scope import TypeScope, look_up
from mapper.checker.types import (
    ANYTHING,
    NEVER,
    Type,
    join,
    join_all,
    only,
    without_nothing,
)
from mapper.checker.types.literals import constant_type
from mapper.checker.types.named import BOOLEAN, DIGITS, array_of
from mapper.ir.liquid import Operand
from mapper.runtime.liquid.filters import ROWS


def operand_type(operand: Operand, scope: TypeScope, notes: Inference) -> Type:
    """The type of an operand; filters that may fail are noted."""
    notes.note_scope(operand, scope)
    return notes.note_type(operand, _operand_type(operand, scope, notes))


def _operand_type(operand: Operand, scope: TypeScope, notes: Inference) -> Type:
    match operand:
        case ir.Scalar(value):
            return constant_type(value)
        case ir.Lookup():
            for key in operand.keys:
                if isinstance(key, ir.Lookup):
                    operand_type(key, scope, notes)
            return look_up(operand, scope)
        case ir.Interval(start, stop):
            operand_type(start, scope, notes)
            operand_type(stop, scope, notes)
            return array_of(DIGITS)
        case ir.FilterCall():
            return _filtered(operand, scope, notes)
        case ir.Special():
            return ANYTHING.with_missing()
        case ir.Compare() | ir.Contains() | ir.Truthy() | ir.AllOf() | ir.AnyOf() | ir.Negation():
            return BOOLEAN
        case _ as never:
            assert_never(never)


def _filtered(call: ir.FilterCall, scope: TypeScope, notes: Inference) -> Type:
    value = operand_type(call.value, scope, notes)
    arguments = tuple(operand_type(argument, scope, notes) for argument in call.args)
    named = [operand_type(argument, scope, notes) for _, argument in call.kwargs]
    if call.name == "default" and not named:
        notes.note_reached(call, not p.falsy(value).is_never or not p.empty(value).is_never)
    lost = NEVER
    if scope.computes and call.name != "default":
        lost = _lost(call, (value, *arguments, *named))
        keep = p.content if ROWS[call.name].is_digest else without_nothing
        value, *rest = map(keep, (value, *arguments))
        if any(each.is_never for each in (value, *rest)):
            return lost
        arguments = tuple(rest)
    found, may_fail = filter_type(call.name, value, arguments, is_plain=not named)
    reason = f"`{call.name}` cannot work with every value"
    if may_fail and _is_clock(call) and writes_dates(call.name, arguments):
        # Another date than a literal one is refused in dialects without a clock.
        may_fail, reason = scope.roots["received_at"].missing, "the request may have no time of receipt"
    if may_fail:
        notes.note_rejection(PossibleRejection("M618", call.span, reason, value=call.value, bad=value))
    elif (index := out_of_range(call.name, (value, *arguments))) is not None:
        _note_range(call, (call.value, *call.args)[index], 1 + len(arguments), notes)
    for operand, given in zip((call.value, *call.args), (value, *arguments), strict=True):
        bad = unsure_operand(call.name, given)
        if not bad.is_never and not gives_exact_numbers(operand):
            notes.note_lost_digits(operand, call.span, bad, scope)
    return join(found, lost)


def _note_range(call: ir.FilterCall, operand: Operand, count: int, notes: Inference) -> None:
    """Note that arithmetic can leave the range of numbers; once for operations on the result of such ones."""
    before = operand
    while isinstance(before, ir.FilterCall):
        asked = notes.rejections_at("M618", before.span)
        if any(each.bad is EXTREME or before.name == "sum" for each in asked):
            return
        before = before.value
    reason = f"`{call.name}` cannot work with every number"
    loses = loses_digits(call.name, count)
    notes.note_rejection(PossibleRejection("M618", call.span, reason, operand, EXTREME, loses_digits=loses))


def _is_clock(call: ir.FilterCall) -> bool:
    """True for the date of a literal `"now"`, which is the time of receipt."""
    return isinstance(call.value, ir.Scalar) and call.value.value in ("now", "today")


def _lost(call: ir.FilterCall, given: tuple[Type, ...]) -> Type:
    """The nothings that a filter of `compute` gives because it is given nothing."""
    if ROWS[call.name].is_digest:
        return NEVER.with_missing(any(Type(texts=printed(each)).may_be_blank for each in given))
    return join_all(only(each, "missing", "null") for each in given)
