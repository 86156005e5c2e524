"""Spans of ir nodes: the place in the mapping at which a node was written, never a part of its meaning."""

from __future__ import annotations

from dataclasses import field

from mapper.diagnostics.source import Span


def span_field() -> Span:
    """The field for a node's span: two nodes with the same meaning are equal wherever they were written."""
    return field(compare=False, repr=False)  # type: ignore[no-any-return]
