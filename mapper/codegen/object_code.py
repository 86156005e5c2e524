"""Codegen of objects held in locals: members are copied, added, picked, left out, renamed and pruned."""

from __future__ import annotations

from contextlib import nullcontext

from mapper import ir
from mapper.codegen.presence import absent_test, present_test
from mapper.codegen.writer import Scope, Writer, literal
from mapper.ir.facts import types


def emit_copy(writer: Writer, operand: ir.Value, value: str, scope: Scope, merged: str) -> None:
    """The first operand of a `merge`, in local `value`: a new object with its members in `merged`."""
    if types(operand) == {"object"}:
        present = present_test(value, operand)
        writer.spend_on(value)
        writer.line(f"{merged} = {{**{value}}}{f' if {present} else {{}}' if present else ''}", operand.span)
    else:
        writer.line(f"{merged} = {{}}", operand.span)
        emit_spread(writer, operand, value, scope, merged)


def emit_spread(writer: Writer, operand: ir.Value, value: str, scope: Scope, merged: str) -> None:
    """Add the members of an operand of `merge`, in local `value`, whose type is only known at run time."""
    present = present_test(value, operand)
    writer.spend_on(value)
    if types(operand) == {"object"}:
        with writer.block(f"if {present}:", operand.span) if present else nullcontext():
            writer.line(f"{merged}.update({value})", operand.span)
        return
    site = writer.site(operand.span, scope.field, scope.place(ir.path_text(operand)))
    writer.line(f"if isinstance({value}, dict):", operand.span)
    writer.line(f"    {merged}.update({value})")
    writer.line(f"elif {present}:" if present else "else:")
    writer.line(f"    raise {writer.use('faults', 'Fault')}('M615', {site}, '', {value})")


def emit_change(
    writer: Writer, node: ir.Pick | ir.Omit | ir.Rename | ir.Flatten, value: str, scope: Scope, result: str
) -> None:
    """Pick, omit, rename or flatten keys of the object in local `value`."""
    site = writer.site(node.span, scope.field, scope.place(ir.path_text(node.value)))
    if isinstance(node, ir.Flatten):
        options = f"{literal(node.separator)}, {node.by_index}, {scope.room}, {site}"
        change = f"{result}, {scope.room} = {writer.use('shapes', 'flatten')}({value}, {options})"
    else:
        names = literal(node.names if isinstance(node, ir.Rename) else node.keys)
        change = f"{result} = {writer.use('casts', type(node).__name__.lower())}({value}, {names})"
    absent = absent_test(value, node.value)
    if absent:
        writer.line(f"if {absent}:", node.span)
        writer.line(f"    {result} = {value}")
    with writer.block("else:") if absent else nullcontext():
        writer.line(change, node.span)
        fault = writer.use("faults", "Fault")
        writer.line(f"if {result} is {writer.use('missing', 'INVALID')}:")
        writer.line(f"    raise {fault}('M615', {site}, '', {value})")
        if isinstance(node, ir.Rename | ir.Flatten):
            writer.line(f"if {result} is {writer.use('casts', 'COLLISION')}:")
            writer.line(f"    raise {fault}('M617', {site}, '', {value})")


def emit_pruned(writer: Writer, node: ir.Prune, value: str, result: str) -> str:
    """Fill `result` with what is left of the value in a local or literal; MISSING if nothing is."""
    writer.line(f"{result} = {writer.use('shapes', 'prune')}({value}, {literal(node.kinds)})", node.span)
    return result
