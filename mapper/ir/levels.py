"""Levels: how deep a mapping itself nests objects and arrays around the values it takes from a payload."""

from __future__ import annotations

from mapper.ir.jsonpath import Path
from mapper.ir.liquid import Template
from mapper.ir.values import (
    Array,
    Cast,
    Coalesce,
    Default,
    FromRequest,
    Hash,
    Literal,
    MapItems,
    Match,
    Merge,
    Omit,
    Pick,
    Record,
    Rename,
    Required,
    Timestamp,
    Value,
    When,
    alternatives,
)


def levels(node: Value) -> int:
    """The most levels that a node adds to the deepest value it takes over; a constant counts with its own."""
    match node:
        case Record(fields):
            return 1 + _most(tuple(field.value for field in fields))
        case Array(values):
            return 1 + _most(values)
        case MapItems(_, element):
            return 1 + levels(element)
        case Path():
            return 0 if node.is_singular else 1
        case Literal(value):
            return _height(value)
        case Merge(values):
            return _most(values)
        case Coalesce() | Match() | When() | Default() | Required():
            return _most(alternatives(node))
        case Pick(value) | Omit(value) | Rename(value) | Cast(value):
            return levels(value)
        case Template() | Timestamp() | Hash() | FromRequest():
            return 0


def _most(nodes: tuple[Value, ...]) -> int:
    return max(map(levels, nodes), default=0)


def _height(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_height, value.values()), default=0)
    return 1 + max(map(_height, value), default=0) if isinstance(value, list) else 0
