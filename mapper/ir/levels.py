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
)


def levels(node: Value | None) -> int:
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
        case Coalesce(values) | Merge(values):
            return _most(values)
        case Match(_, cases, otherwise):
            return _most((*(case.value for case in cases), otherwise))
        case When(_, then, otherwise):
            return _most((then, otherwise))
        case Default(value, default):
            return _most((value, default))
        case Pick(value) | Omit(value) | Rename(value) | Cast(value) | Required(value):
            return levels(value)
        case Template() | Timestamp() | Hash() | FromRequest() | None:
            return 0


def _most(nodes: tuple[Value | None, ...]) -> int:
    return max(map(levels, nodes), default=0)


def _height(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_height, value.values()), default=0)
    return 1 + max(map(_height, value), default=0) if isinstance(value, list) else 0
