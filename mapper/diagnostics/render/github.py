"""GitHub: diagnostics as workflow commands, which GitHub shows beside the changed lines."""

from __future__ import annotations

from collections.abc import Iterable

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.render.visible import visible


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """`::error file=..,line=..,col=..,title=..::message` for each, escaped as in GitHub's actions toolkit."""
    return "".join(_command(diagnostic) + "\n" for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    properties: list[tuple[str, str]] = []
    span = diagnostic.span
    if span is not None:
        properties.append(("file", visible(span.file.name)))
        if span.file.text:
            end_line, end_column = span.file.line_column(span.end)
            properties += [("line", str(span.line)), ("endLine", str(end_line)), ("col", str(span.column))]
            if end_line == span.line:  # GitHub ignores columns of a range over several lines
                properties.append(("endColumn", str(end_column)))
    properties.append(("title", f"{diagnostic.code} {diagnostic.registered.slug}"))
    head = ",".join(f"{name}={_escape_property(value)}" for name, value in properties)
    return f"::{diagnostic.severity.value} {head}::{_escape_data(_message(diagnostic))}"


def _message(diagnostic: Diagnostic) -> str:
    lines = [diagnostic.message]
    if diagnostic.labels and diagnostic.labels[0].text:
        lines.append(diagnostic.labels[0].text)
    if diagnostic.location is not None:
        lines.append(f"payload: {diagnostic.location}")
    lines.extend(f"hint: {hint}" for hint in diagnostic.hints)
    return "\n".join(visible(line) for line in lines)


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
