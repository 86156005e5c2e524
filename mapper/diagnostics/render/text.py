"""Text: diagnostics as people read them, with the source line and a caret under the exact place."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mapper.diagnostics.diagnostic import Diagnostic, Severity
from mapper.diagnostics.render.snippet import MAX_CELLS, MIN_CELLS, Mark, Row, layout, line_of
from mapper.diagnostics.render.visible import shorten, visible
from mapper.diagnostics.source import SourceFile

MAX_VALUE = 60

_HOME = Path(__file__).resolve().parents[2]
_SHIPPED = "/shipped/schemas/"  # in a wheel alone; a checkout has them beside the package

_RESET = "\x1b[0m"
_BOLD = "\x1b[1m"
_BLUE = "\x1b[1;34m"
_SEVERITY_COLOR = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m"}


def render_text(
    diagnostics: Iterable[Diagnostic],
    *,
    color: bool = False,
    show_values: bool = False,
    columns: int | None = None,
) -> str:
    """All diagnostics, a blank line between two; ends in a line feed unless there are none.

    Source lines are cut to fit so many columns; None if nobody knows them.
    """
    blocks = [_Block(diagnostic, color, show_values, columns).render() for diagnostic in diagnostics]
    return "\n".join(blocks)


def _shipped_name(name: str) -> str:
    """The name of a schema that lies inside of an installed mapper, for its long path; empty for others."""
    if _SHIPPED not in name:
        return ""
    try:
        return Path(name).absolute().relative_to(_HOME / "shipped" / "schemas").as_posix()
    except (ValueError, OSError):  # another folder of this name; a working directory that is gone
        return ""


class _Block:
    """The text of one diagnostic while it is written."""

    def __init__(self, diagnostic: Diagnostic, color: bool, show_values: bool, columns: int | None) -> None:
        self.diagnostic = diagnostic
        self.columns = columns
        self.color = color
        self.show_values = show_values
        self.lines: list[str] = []

    def render(self) -> str:
        """The block, ending in a line feed."""
        diagnostic = self.diagnostic
        accent = _SEVERITY_COLOR[diagnostic.severity]
        head = self._paint(f"{diagnostic.severity.value}[{diagnostic.code}]", accent)
        self.lines.append(head + self._paint(f": {visible(diagnostic.message)}", _BOLD))
        files = marks_by_file(diagnostic)
        numbers = [line_of(file, mark.span) for file, marks in files for mark in marks]
        margin = " " * (len(str(max(numbers, default=0))) + 1)
        snippets = [(file, marks, layout(file, marks, self._room(margin))) for file, marks in files]
        for index, (file, marks, rows) in enumerate(snippets):
            if index and file.text:
                self._gutter(margin)
            self._place("-->" if index == 0 else ":::", file, marks)
            if file.text:
                self._snippet(rows, margin, accent)
            elif marks[0].text:
                self._note(margin, visible(marks[0].text))
        self._notes(margin, separate=bool(numbers))
        return "\n".join(line.rstrip() for line in self.lines) + "\n"

    def _room(self, margin: str) -> int:
        """The cells for source text right of the gutter."""
        if self.columns is None:
            return MAX_CELLS
        return max(MIN_CELLS, min(MAX_CELLS, self.columns - len(f"{margin}| ")))

    def _place(self, arrow: str, file: SourceFile, marks: list[Mark]) -> None:
        name = _shipped_name(file.name)
        place = visible(name or file.name)
        if file.text:
            first = next((mark for mark in marks if mark.is_primary), marks[0])
            place += f":{first.span.line}:{first.span.column}"
        self.lines.append(f" {self._paint(arrow, _BLUE)} {place}" + (" (shipped)" if name else ""))

    def _snippet(self, rows: list[Row], margin: str, accent: str) -> None:
        self._gutter(margin)
        for row in rows:
            if row.is_gap:
                self.lines.append(self._paint("...", _BLUE))
            elif row.line is not None:
                number = f"{row.line}".rjust(len(margin) - 1)
                self.lines.append(f"{self._paint(f'{number} |', _BLUE)} {row.text}")
            else:
                is_primary = row.mark is not None and row.mark.is_primary
                marker = self._paint(row.text.lstrip(), accent if is_primary else _BLUE)
                indent = " " * (len(row.text) - len(row.text.lstrip()))
                self._gutter(margin, f" {indent}{marker}")

    def _notes(self, margin: str, *, separate: bool) -> None:
        diagnostic = self.diagnostic
        notes: list[str] = []
        if diagnostic.location is not None:
            payload = f"payload: {visible(diagnostic.location)}"
            if self.show_values and diagnostic.value is not None:
                payload += f" was {visible(shorten(diagnostic.value, MAX_VALUE))}"
            notes.append(payload)
        notes.extend(f"hint: {visible(hint)}" for hint in diagnostic.hints)
        if notes and separate:
            self._gutter(margin)
        for note in notes:
            self._note(margin, note)

    def _note(self, margin: str, text: str) -> None:
        self.lines.append(f"{margin}{self._paint('=', _BLUE)} {text}")

    def _gutter(self, margin: str, text: str = "") -> None:
        self.lines.append(f"{margin}{self._paint('|', _BLUE)}{text}")

    def _paint(self, text: str, style: str) -> str:
        return f"{style}{text}{_RESET}" if self.color else text


def marks_by_file(diagnostic: Diagnostic) -> list[tuple[SourceFile, list[Mark]]]:
    """The labels grouped by file, the file of the first label first."""
    groups: list[tuple[SourceFile, list[Mark]]] = []
    for index, label in enumerate(diagnostic.labels):
        mark = Mark(label.span, label.text, is_primary=index == 0)
        for file, marks in groups:
            if file == label.span.file:
                marks.append(mark)
                break
        else:
            groups.append((label.span.file, [mark]))
    return groups
