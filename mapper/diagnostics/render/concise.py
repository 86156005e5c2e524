"""Concise: one line a diagnostic, as editors and grep read it."""

from __future__ import annotations

from collections.abc import Iterable

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.render.visible import visible


def render_concise(diagnostics: Iterable[Diagnostic]) -> str:
    """`file:line:column: error[M301]: message` for each; the payload's location follows in brackets."""
    return "".join(_line(diagnostic) + "\n" for diagnostic in diagnostics)


def _line(diagnostic: Diagnostic) -> str:
    text = f"{diagnostic.severity.value}[{diagnostic.code}]: {visible(diagnostic.message)}"
    span = diagnostic.span
    if span is not None:
        place = f":{span.line}:{span.column}" if span.file.text else ""
        text = f"{visible(span.file.name)}{place}: {text}"
    if diagnostic.location is not None:
        text += f" ({visible(diagnostic.location)})"
    return text
