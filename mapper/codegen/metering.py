"""Codegen of measuring: lists that repeat a part of the payload are measured before they grow too large."""

from __future__ import annotations

from dataclasses import replace

from mapper import ir
from mapper.codegen.writer import Scope, Writer
from mapper.ir.growth import holds_metered, is_metered, measured_levels


def emit_room(writer: Writer, program: ir.Program) -> None:
    """At the start of `event`: the bytes that its lists may take together, if any has to be measured."""
    if any(map(holds_metered, (program.output, *(var.value for var in program.vars)))):
        _emit_room(writer, Scope().room)


def own_room(writer: Writer, scope: Scope, *nodes: ir.Value) -> Scope:
    """The scope of values that the event does not hold as they are: vars, and those that are taken apart.

    They have a room of their own, so that parts which the event does not keep take none in it.
    """
    if not any(map(holds_metered, nodes)):
        return scope
    room = writer.fresh("room")
    _emit_room(writer, room)
    return replace(scope, room=room)


def inner_room(writer: Writer, node: ir.MapItems, scope: Scope) -> Scope:
    """At the start of a round: the scope of lists inside the element, which is measured as a whole later."""
    if not holds_metered(node.element):
        return scope
    room = writer.fresh("room")
    writer.line(f"{room} = {scope.room}")
    return replace(scope, room=room)


def _emit_room(writer: Writer, room: str) -> None:
    writer.line(f"{room} = {writer.use('growth', 'room_for_lists')}()")


def emit_taken(writer: Writer, node: ir.MapItems, value: str, scope: Scope) -> None:
    """At the end of a round: an element takes its room, or the item is rejected."""
    if is_metered(node):
        _emit_taken(writer, node, node.element, value, scope)


def emit_kept(writer: Writer, node: ir.Value, source: ir.Value, value: str, scope: Scope) -> None:
    """Behind a value that keeps parts of one that was taken apart: these parts take their room."""
    if holds_metered(source):
        _emit_taken(writer, node, node, value, scope)


def _emit_taken(writer: Writer, node: ir.Value, part: ir.Value, value: str, scope: Scope) -> None:
    take, site = writer.use("growth", "take_room"), writer.site(node.span, scope.field)
    writer.line(f"{scope.room} = {take}({scope.room}, {value}, {measured_levels(part)}, {site})")
