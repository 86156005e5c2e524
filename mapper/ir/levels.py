"""Levels: the depth of the objects and arrays that a mapping puts around the values of a payload."""

from __future__ import annotations

from mapper import ir
from mapper.ir.facts import keeps


def levels(node: ir.Value) -> int:
    """The levels that a node adds, at most, to the deepest value it copies; constants count in full."""
    match node:
        case ir.Record(fields):
            return 1 + _deepest(tuple(field.value for field in fields))
        case ir.Array(values):
            return 1 + _deepest(values)
        case ir.MapItems(source, element):
            # An element of a list that the mapping makes has the levels of that list, apart from its own.
            return max(1, levels(source)) + levels(element)
        case ir.Entries(value):
            return 1 + levels(value)
        case ir.ObjectFrom(entries, on_duplicate):
            return levels(entries) - (on_duplicate is not ir.OnDuplicate.LIST)
        case ir.Compute():
            return 1  # a filter can put a value into a list; another one would take it apart
        case ir.Path():
            return 0 if node.is_singular else 1
        case ir.WithItem(source, element):
            return levels(source) + levels(element)
        case ir.Take(value):
            return max(0, levels(value) - 1)
        case ir.Literal(value):
            return _height(value)
        case ir.VarRead(_, var):
            return var.once(levels)
        case ir.Merge(values):
            return _deepest(values)
        case ir.Coalesce() | ir.Match() | ir.When() | ir.Default() | ir.Required():
            return _deepest(ir.alternatives(node))
        case (
            ir.Pick(value)
            | ir.Omit(value)
            | ir.Rename(value)
            | ir.Flatten(value)
            | ir.Prune(value)
            | ir.Cast(value)
        ):
            return levels(value)
        case ir.Timestamp(value) if keeps(node):
            return levels(value)
        case ir.Template() | ir.Timestamp() | ir.Hash() | ir.FromRequest():
            return 0


def _deepest(nodes: tuple[ir.Value, ...]) -> int:
    return max(map(levels, nodes), default=0)


def _height(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_height, value.values()), default=0)
    return 1 + max(map(_height, value), default=0) if isinstance(value, list) else 0
