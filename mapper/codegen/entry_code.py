"""Codegen of entries: one of several matches, an object taken apart, an object made of entries.

The functions are given the locals that hold the values of inner nodes, and a local to fill.
"""

from __future__ import annotations

from mapper import ir
from mapper.codegen.writer import Writer


def emit_take(writer: Writer, node: ir.Take, found: str, site: int, result: str) -> str:
    """Fill `result` with the element of the list `found` that is taken, or MISSING; `site` is for M627."""
    if node.which is ir.Taken.ONLY:
        writer.line(f"if len({found}) > 1:", node.span)
        writer.line(f"    raise {writer.use('faults', 'Fault')}('M627', {site})")
    index = -1 if node.which is ir.Taken.LAST else 0
    writer.line(f"{result} = {found}[{index}] if {found} else {writer.use('missing', 'MISSING')}", node.span)
    return result
