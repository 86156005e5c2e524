"""Faults of path text: one exception inside this package, turned into a Diagnostic at its border."""

from __future__ import annotations

from mapper.diagnostics.source import Span


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of a text; a longer one ends in three dots."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


class PathFault(Exception):
    """The first fault of a path: registered code, headline, place, label and hint."""

    def __init__(self, message: str, span: Span, label: str, hint: str = "", code: str = "M201") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.span = span
        self.label = label
        self.hint = hint
