"""Codegen of entries: one of several matches, an object taken apart, an object made of entries."""

from __future__ import annotations

from contextlib import nullcontext

from mapper import ir
from mapper.codegen.emitter import Emitter
from mapper.codegen.presence import present_test
from mapper.codegen.writer import literal


def emit_parts(at: Emitter, node: ir.Entries | ir.ObjectFrom | ir.Take, source: str) -> str:
    """The local with the entries of the object in `source`, the object of entries, or one element.

    Missing and null pass.
    """
    site, result, writer = at.site(node.span, ir.path_text(node.value)), at.local("parts"), at.writer
    match node:
        case ir.Take():
            return _emit_take(at, node, source, site, result)
        case ir.Entries(value, takes_lists):
            function, more = "elements_or_entries" if takes_lists else "entries_of", ""
        case ir.ObjectFrom(value, on_duplicate):
            function, more = "object_from", f", {literal(on_duplicate.value)}"
    made = f"{writer.use('entries', function)}({source}{more}, {site})"
    present = present_test(source, value)
    if present:
        writer.line(f"{result} = {source}", node.span)
    with writer.block(f"if {present}:", node.span) if present else nullcontext():
        writer.line(f"{result} = {made}", node.span)
    return result


def _emit_take(at: Emitter, node: ir.Take, found: str, site: int, result: str) -> str:
    writer = at.writer
    if node.which is ir.Taken.ONLY:
        writer.line(f"if len({found}) > 1:", node.span)
        writer.line(f"    {at.fault('M627', site)}")
    index = -1 if node.which is ir.Taken.LAST else 0
    writer.line(f"{result} = {found}[{index}] if {found} else {writer.use('missing', 'MISSING')}", node.span)
    return result
