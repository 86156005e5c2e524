"""Codegen of objects held in locals: members are copied, added, picked, left out, renamed and pruned."""

from __future__ import annotations

from contextlib import nullcontext

from mapper import ir
from mapper.codegen.emitter import Emitter
from mapper.codegen.presence import absent_test, present_test
from mapper.codegen.writer import literal
from mapper.ir.facts import types


def emit_copy(at: Emitter, operand: ir.Value, value: str, merged: str) -> None:
    """The first operand of a `merge`, in local `value`: a new object with its members in `merged`."""
    if types(operand) == {"object"}:
        present = present_test(value, operand)
        otherwise = f" if {present} else {{}}" if present else ""
        at.writer.line(f"{merged} = {{**{value}}}{otherwise}", operand.span)
    else:
        at.writer.line(f"{merged} = {{}}", operand.span)
        emit_spread(at, operand, value, merged)


def emit_spread(at: Emitter, operand: ir.Value, value: str, merged: str) -> None:
    """Add the members of an operand of `merge`, in local `value`, whose type is only known at run time."""
    writer, present = at.writer, present_test(value, operand)
    if types(operand) == {"object"}:
        with writer.block(f"if {present}:", operand.span) if present else nullcontext():
            writer.line(f"{merged}.update({value})", operand.span)
        return
    site = at.site(operand.span, ir.path_text(operand))
    writer.line(f"if isinstance({value}, dict):", operand.span)
    writer.line(f"    {merged}.update({value})")
    writer.line(f"elif {present}:" if present else "else:")
    writer.line(f"    {at.fault('M615', site, value=value)}")


def emit_change(at: Emitter, node: ir.Pick | ir.Omit | ir.Rename | ir.Flatten, value: str) -> str:
    """The local with the object in local `value` after keys are picked, left out, renamed or flattened."""
    writer, result = at.writer, at.local("object")
    site = at.site(node.span, ir.path_text(node.value))
    if isinstance(node, ir.Flatten):
        options = f"{literal(node.separator)}, {node.by_index}, {at.room}, {site}"
        change = f"{result}, {at.room} = {writer.use('shapes', 'flatten')}({value}, {options})"
    else:
        names = literal(node.names if isinstance(node, ir.Rename) else node.keys)
        change = f"{result} = {writer.use('casts', type(node).__name__.lower())}({value}, {names})"
    absent = absent_test(value, node.value)
    if absent:
        writer.line(f"if {absent}:", node.span)
        writer.line(f"    {result} = {value}")
    with writer.block("else:") if absent else nullcontext():
        writer.line(change, node.span)
        writer.line(f"if {result} is {writer.use('missing', 'INVALID')}:")
        writer.line(f"    {at.fault('M615', site, value=value)}")
        if isinstance(node, ir.Rename | ir.Flatten):
            writer.line(f"if {result} is {writer.use('casts', 'COLLISION')}:")
            writer.line(f"    {at.fault('M617', site, value=value)}")
    return result


def emit_pruned(at: Emitter, node: ir.Prune, value: str) -> str:
    """The local with the rest of the value in a local or literal; MISSING if nothing is left."""
    result = at.local("pruned")
    prune = at.writer.use("shapes", "prune")
    at.writer.line(f"{result} = {prune}({value}, {literal(node.kinds)})", node.span)
    return result
