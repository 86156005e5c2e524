"""Shipped mappings, each compiled once in a process of tests."""

from __future__ import annotations

from functools import cache

import mapper
from mapper.catalog import find_mappings

SHIPPED = [path.stem for path in find_mappings()]


@cache
def shipped(name: str) -> mapper.Transform:
    """The transform of a shipped mapping."""
    return mapper.load(name)
