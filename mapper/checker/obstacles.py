"""Obstacles: what prevents a proof about a value, for the one who is told that a question is open."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from mapper import ir
from mapper.checker.answers import OpenQuestion
from mapper.checker.inference.payload_types import PayloadTypes, types_of_schema
from mapper.checker.types import SchemaTypes
from mapper.diagnostics.diagnostic import Label
from mapper.ir.liquid import FilterCall, walk
from mapper.schemas.schema import Schema

_MOST = 2  # keywords that one diagnostic shows

_OPERATORS: dict[type, str] = {
    ir.Match: "match",
    ir.When: "when",
    ir.Merge: "merge",
    ir.MapItems: "map",
    ir.Entries: "entries",
    ir.ObjectFrom: "object_from",
    ir.WithItem: "of",
    ir.Take: "take",
    ir.Pick: "pick",
    ir.Omit: "omit",
    ir.Rename: "rename",
    ir.Flatten: "flatten",
    ir.Prune: "prune",
}


def with_obstacles(
    answer: OpenQuestion, value: ir.Value, wanted: SchemaTypes, target: Schema, payload: PayloadTypes
) -> OpenQuestion:
    """The answer about a value that a place of the target wants, with all that prevents a proof."""
    more = keyword_labels(wanted, target)
    path = path_read(value)
    if path is not None:
        source = payload.source if path.root is ir.Root.ITEM else payload.schema
        names = plain_names(path)
        if source is not None and names is not None:
            more += keyword_labels(reduce(SchemaTypes.of_member, names, types_of_schema(source)), source)
    return replace(answer, obstacle=obstacle_in(value), more=more)


def path_read(value: ir.Value) -> ir.Path | None:
    """The one path that a value is read from; None for any other value."""
    match value:
        case ir.Cast(inner) | ir.Timestamp(inner) | ir.Default(inner) | ir.Required(inner):
            return path_read(inner)
        case ir.VarRead(_, var):
            return path_read(var.value)
        case ir.Path():
            return value
        case _:
            return None


def plain_names(path: ir.Path) -> tuple[str, ...] | None:
    """The names of a path that consists of names alone; None for any other."""
    selectors = [segment.selectors[0] for segment in path.segments]
    names = tuple(each.name for each in selectors if isinstance(each, ir.Name))
    return names if path.is_singular and len(names) == len(selectors) else None


def keyword_labels(types: SchemaTypes, schema: Schema) -> tuple[Label, ...]:
    """Labels at the keywords of a schema that types do not follow."""
    spans = [(each.keyword, schema.span_of_keyword(each.pointer)) for each in types.obstacles]
    labels = [Label(span, f"`{keyword}` is not followed exactly") for keyword, span in spans if span]
    return tuple(labels[:_MOST])


def obstacle_in(value: object) -> str:
    """A sentence about the operator or filter whose results are not followed exactly; empty for none."""
    name = _name(value)
    return f"the types do not follow `{name}` exactly" if name else ""


def _name(value: object) -> str:
    match value:
        case ir.Template(body=body) | ir.Compute(value=body):
            filters = [node for node in walk(body) if isinstance(node, FilterCall)]
            last = max(filters, key=lambda call: call.span.end, default=None)
            return "" if last is None else last.name
        case ir.FilterCall(name=name):
            return name
        case ir.Cast(inner, kind):
            return _name(inner) or f"as: {kind.value}"
        case ir.Timestamp(inner):
            return _name(inner) or "as: timestamp"
        case ir.Default(inner) | ir.Required(inner):
            return _name(inner)
        case ir.VarRead(_, var):
            return _name(var.value)
        case ir.Coalesce(nonblank=nonblank):
            return "first_nonblank" if nonblank else "first_of"
        case ir.Path() if not value.is_singular:
            return value.text
        case _:
            return _OPERATORS.get(type(value), "")
