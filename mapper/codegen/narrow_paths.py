"""Codegen of paths over partly decoded payloads: wildcards and slices, members of elements."""

from __future__ import annotations

from mapper import ir
from mapper.codegen.plan import NotNarrow, PayloadPlace
from mapper.codegen.writer import Writer


def emit_open_nodes(writer: Writer, holder: str, segments: tuple[ir.Segment, ...]) -> str:
    """The list of all matches, in the value of `holder`, of segments that begin with `[*]` or a slice."""
    place: PayloadPlace | None = writer.places[holder]
    nodes, place = _emit_elements(writer, holder, place, segments[0], first=True)
    for segment in segments[1:]:
        nodes, place = _emit_segment(writer, nodes, place, segment)
    if place is not None and place.is_open:
        raise NotNarrow("it collects values that it also reads from")
    if len(segments) == 1:
        writer.line(f"{nodes} = list({nodes})")
    return nodes


def _emit_segment(
    writer: Writer, nodes: str, place: PayloadPlace | None, segment: ir.Segment
) -> tuple[str, PayloadPlace | None]:
    """The matches of one segment in each node of a list, and their place."""
    match segment:
        case ir.Child((ir.Name(name),)) if place is not None and place.is_open:
            member = place.members.get(name)
            if member is None:
                raise NotNarrow("it collects a key that the plan does not know")
            found = writer.fresh("found")
            read, missing = f"node.{writer.attributes[name]}", writer.use("missing", "MISSING")
            tests = f"type(node) is {place.name} and {read} is not {missing}"
            writer.line(f"{found} = [{read} for node in {nodes} if {tests}]")
            return found, member
        case ir.Child((ir.Wildcard() | ir.Slice(),)) if place is not None and place.is_open:
            return _emit_elements(writer, nodes, place, segment, first=False)
        case _:
            raise NotNarrow("a path looks deeper into values of unknown shape")


def _emit_elements(
    writer: Writer, nodes: str, place: PayloadPlace | None, segment: ir.Segment, *, first: bool
) -> tuple[str, PayloadPlace | None]:
    """The elements of one array (`first`), or of each array in a list."""
    if place is None or place.elements is None or not isinstance(segment, ir.Child):
        raise NotNarrow("a path looks into values of unknown shape")
    found = writer.fresh("found")
    match segment.selectors:
        case (ir.Wildcard(),):
            of = writer.use("json.narrow", "elements")
            one = f"{nodes} if type({nodes}) is list else {of}({nodes})"
            expression = one if first else f"[value for node in {nodes} for value in {of}(node)]"
        case (ir.Slice(start, stop, step),) if step != 0:
            bounds = ":".join("" if bound is None else str(bound) for bound in (start, stop, step))
            one = f"({nodes}[{bounds}] if type({nodes}) is list else [])"
            each = f"[value for node in {nodes} if type(node) is list for value in node[{bounds}]]"
            expression = one if first else each
        case _:
            raise NotNarrow("a path selects in more than one way at once")
    writer.line(f"{found} = {expression}")
    return found, place.elements
