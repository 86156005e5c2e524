"""JSON: one object a line for machines; offsets count code points, lines and columns count from one."""

from __future__ import annotations

import json
from collections.abc import Iterable

from mapper.diagnostics.diagnostic import Diagnostic, Label
from mapper.diagnostics.source import Span


def render_json(diagnostics: Iterable[Diagnostic], *, show_values: bool = False) -> str:
    """One JSON object a line, ASCII only; the key `value` is there only with `show_values`."""
    return "".join(json.dumps(to_json(d, show_values=show_values)) + "\n" for d in diagnostics)


def to_json(diagnostic: Diagnostic, *, show_values: bool = False) -> dict[str, object]:
    """A diagnostic as plain JSON data."""
    span = diagnostic.span
    data: dict[str, object] = {
        "code": diagnostic.code,
        "slug": diagnostic.registered.slug,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        **(_place(span) if span is not None else _NOWHERE),
        "labels": [_label(label) for label in diagnostic.labels],
        "hints": list(diagnostic.hints),
        "location": diagnostic.location,
    }
    if show_values:
        data["value"] = diagnostic.value
    return data


_NOWHERE: dict[str, object] = dict.fromkeys(
    ("file", "start", "end", "line", "column", "end_line", "end_column")
)


def _label(label: Label) -> dict[str, object]:
    return {**_place(label.span), "text": label.text}


def _place(span: Span) -> dict[str, object]:
    end_line, end_column = span.file.line_column(span.end)
    return {
        "file": span.file.name,
        "start": span.start,
        "end": span.end,
        "line": span.line,
        "column": span.column,
        "end_line": end_line,
        "end_column": end_column,
    }
