"""Declared rejections: those that the author of a mapping has asked for."""

from __future__ import annotations

from collections.abc import Iterator

from mapper import ir
from mapper.ir.liquid import walk

# The rejections that a value can end in, as `checker.inference` notes them.
FAILURES = ("M613", "M614", "M615", "M616", "M617", "M618", "M627")


def declared_places(program: ir.Program) -> Iterator[tuple[str, int, int]]:
    """The codes and places of the rejections that are asked for, in the event and in its vars."""
    for node in walk((program.output, *(var.value for var in program.vars))):
        match node:
            case ir.Required(_, span):
                yield "M611", span.start, span.end
            case ir.Pick() | ir.Omit() | ir.Rename() | ir.Flatten() if node.declared:
                yield from ((code, node.span.start, node.span.end) for code in ("M615", "M617"))
            case ir.ObjectFrom() if node.declared:
                yield "M617", node.span.start, node.span.end
            case ir.Take(which=ir.Taken.ONLY):
                yield "M627", node.span.start, node.span.end
            case ir.Cast() | ir.Timestamp() if node.declared and node.on_error is ir.OnError.REJECT:
                # `on_error: reject` is said of all that the value is made of.
                places = {(part.span.start, part.span.end) for part in walk(node) if hasattr(part, "span")}
                yield from ((code, *place) for code in FAILURES for place in places)
            case _:
                pass
