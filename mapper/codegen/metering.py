"""Codegen of measuring: lists that repeat a part of the payload are measured before they grow too large."""

from __future__ import annotations

from dataclasses import replace

from mapper import ir
from mapper.codegen.emitter import Emitter
from mapper.ir.growth import holds_metered, is_metered, measured_levels


def holds_lists(program: ir.Program) -> bool:
    """True if a list of the events of a program has to be measured."""
    return any(map(holds_metered, (program.output, *(var.value for var in program.vars))))


def emit_room(at: Emitter) -> None:
    """At the start of `event`, if lists have to be measured: the bytes that they may take together."""
    _emit_room(at, at.room)


def own_room(at: Emitter, *nodes: ir.Value) -> Emitter:
    """The emitter of values that the event does not hold as they are: vars, and those that are taken apart.

    They have a room of their own, so that parts which the event does not keep take none in it.
    """
    if not any(map(holds_metered, nodes)):
        return at
    room = at.writer.fresh("room")
    _emit_room(at, room)
    return replace(at, room=room)


def inner_room(at: Emitter, node: ir.MapItems) -> Emitter:
    """At the start of a round: the emitter of lists inside the element, which is measured later."""
    if not holds_metered(node.element):
        return at
    room = at.writer.fresh("room")
    at.writer.line(f"{room} = {at.room}")
    return replace(at, room=room)


def _emit_room(at: Emitter, room: str) -> None:
    at.writer.line(f"{room} = {at.writer.use('growth', 'room_for_lists')}()")


def emit_taken(at: Emitter, node: ir.MapItems, value: str) -> None:
    """At the end of a round: an element takes its room, or the item is rejected."""
    if is_metered(node):
        _emit_taken(at, node, node.element, value)


def emit_kept(at: Emitter, node: ir.Value, source: ir.Value, value: str) -> None:
    """Behind a value that keeps parts of one that was taken apart: these parts take their room."""
    if holds_metered(source):
        _emit_taken(at, node, node, value)


def _emit_taken(at: Emitter, node: ir.Value, part: ir.Value, value: str) -> None:
    take, site = at.writer.use("growth", "take_room"), at.site(node.span)
    at.writer.line(f"{at.room} = {take}({at.room}, {value}, {measured_levels(part)}, {site})")
