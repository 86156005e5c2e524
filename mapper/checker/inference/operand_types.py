"""Inference of operands: a Liquid expression and a world in, the type of its value out."""

from __future__ import annotations

from typing import assert_never

from mapper import ir
from mapper.checker.inference import predicates as p
from mapper.checker.inference.filter_types import filter_type
from mapper.checker.inference.findings import Failure, Inference
from mapper.checker.inference.worlds import World, look_up
from mapper.checker.types import ANYTHING, NULL_ONLY, Type, literal_type
from mapper.checker.types.named import BOOLEAN, INTEGER, array_of
from mapper.ir.liquid import Operand


def operand_type(operand: Operand, world: World, notes: Inference) -> Type:
    """The type of an operand; what a filter may stumble over is noted."""
    return notes.node(operand, _operand_type(operand, world, notes))


def _operand_type(operand: Operand, world: World, notes: Inference) -> Type:
    match operand:
        case ir.Scalar(value):
            return NULL_ONLY if value is None else literal_type(value)
        case ir.Lookup():
            for key in operand.keys:
                if isinstance(key, ir.Lookup):
                    operand_type(key, world, notes)
            return look_up(operand, world)
        case ir.Interval(start, stop):
            operand_type(start, world, notes)
            operand_type(stop, world, notes)
            return array_of(INTEGER)
        case ir.FilterCall():
            return _filtered(operand, world, notes)
        case ir.Special():
            return ANYTHING.with_missing()
        case ir.Compare() | ir.Contains() | ir.Truthy() | ir.AllOf() | ir.AnyOf() | ir.Negation():
            return BOOLEAN
        case _ as never:
            assert_never(never)


def _filtered(call: ir.FilterCall, world: World, notes: Inference) -> Type:
    value = operand_type(call.value, world, notes)
    arguments = tuple(operand_type(argument, world, notes) for argument in call.args)
    named = [operand_type(argument, world, notes) for _, argument in call.kwargs]
    if call.name == "default" and not named:
        notes.reach(call, not p.falsy(value).is_never or not p.empty(value).is_never)
    if call.name == "default" and named:
        return ANYTHING.with_missing()
    found, may_fail = filter_type(call.name, value, arguments, is_plain=not named)
    if may_fail:
        notes.failure(Failure("M618", call.span, f"`{call.name}` cannot work with every value", bad=value))
    return found
