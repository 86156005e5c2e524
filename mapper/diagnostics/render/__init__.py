"""Render: diagnostics become text for people, lines for editors, JSON for machines, GitHub's commands."""

from __future__ import annotations

from collections.abc import Iterable

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.render.concise import render_concise
from mapper.diagnostics.render.github import render_github
from mapper.diagnostics.render.json import render_json
from mapper.diagnostics.render.summary import count_problems, summarize
from mapper.diagnostics.render.text import render_text

FORMATS = ("text", "concise", "json", "github")

__all__ = [
    "FORMATS",
    "count_problems",
    "render",
    "render_concise",
    "render_github",
    "render_json",
    "render_text",
    "summarize",
]


def render(
    diagnostics: Iterable[Diagnostic],
    format: str = "text",
    *,
    color: bool = False,
    show_values: bool = False,
    columns: int | None = None,
) -> str:
    """All diagnostics in one of FORMATS; ends in a line feed unless there are none.

    `color` and `columns`, the width of the terminal, matter to text alone; payload values are shown by text
    and JSON, with `show_values` only.
    """
    match format:
        case "text":
            return render_text(diagnostics, color=color, show_values=show_values, columns=columns)
        case "concise":
            return render_concise(diagnostics)
        case "json":
            return render_json(diagnostics, show_values=show_values)
        case "github":
            return render_github(diagnostics)
    raise ValueError(f"no such format: {format!r}; there are {', '.join(FORMATS)}")
