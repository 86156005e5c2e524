"""Codegen of measuring: lists that repeat a part of the payload are measured before they grow too large."""

from __future__ import annotations

from mapper import ir
from mapper.codegen.writer import Scope, Writer
from mapper.ir.growth import holds_metered, is_metered, measured_levels


def emit_room(writer: Writer, program: ir.Program) -> None:
    """At the start of `event`: the bytes that its lists may take together, if any has to be measured."""
    if any(map(holds_metered, (program.output, *(var.value for var in program.vars)))):
        _emit_room(writer)


def emit_own_room(writer: Writer, node: ir.Value) -> None:
    """At the start of a function that computes a value: the room for lists in this value."""
    if holds_metered(node):
        _emit_room(writer)


def _emit_room(writer: Writer) -> None:
    writer.line(f"{Scope().room} = {writer.use('growth', 'room_for_lists')}()")


def emit_inner_room(writer: Writer, node: ir.MapItems, scope: Scope) -> str:
    """At the start of a round: the room for lists inside the element, which is measured as a whole later."""
    if not holds_metered(node.element):
        return scope.room
    room = writer.fresh("room")
    writer.line(f"{room} = {scope.room}")
    return room


def emit_taken(writer: Writer, node: ir.MapItems, value: str, scope: Scope) -> None:
    """At the end of a round: an element takes its room, or the item is rejected."""
    if is_metered(node):
        take, site = writer.use("growth", "take_room"), writer.site(node.span, scope.field)
        levels = measured_levels(node.element)
        writer.line(f"{scope.room} = {take}({scope.room}, {value}, {levels}, {site})")
