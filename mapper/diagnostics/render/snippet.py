"""Snippet: labels of one file become rows of source text with markers beneath."""

from __future__ import annotations

from dataclasses import dataclass

from mapper.diagnostics.render.visible import cell, visible, width
from mapper.diagnostics.source import SourceFile, Span

MAX_CELLS = 160
MIN_CELLS = 30
_CONTEXT = 60  # cells kept before the span of a line that is cut, or three eighths of few
_NEARBY = 4 * MAX_CELLS  # characters looked at, so that a line of a megabyte costs little; some take no cell
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Mark:
    """A range to mark, with its note; the primary one is drawn with `^`, others with `-`."""

    span: Span
    text: str
    is_primary: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One row right of the gutter; `line` is its number if it shows source text.

    `mark` is set on rows of markers; `is_gap` on a row in place of lines left out.
    """

    text: str
    line: int | None = None
    mark: Mark | None = None
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """The part of a line that is shown: the cells of its characters from `first` on."""

    cells: tuple[str, ...]
    first: int
    is_cut: bool  # more follows

    @property
    def text(self) -> str:
        head = _CUT if self.first else ""
        return head + "".join(self.cells) + (_CUT if self.is_cut else "")

    def column(self, index: int) -> int:
        """The cell at which character `index` of the line is drawn."""
        inside = min(max(index - self.first, 0), len(self.cells))
        return (1 if self.first else 0) + width("".join(self.cells[:inside]))


def layout(file: SourceFile, marks: list[Mark], room: int = MAX_CELLS) -> list[Row]:
    """The rows for all marks of one file, by line, with a gap row between lines that are not neighbours.

    Of a line that takes more than `room` cells, the part around each mark is shown.
    """
    by_line: dict[int, list[Mark]] = {}
    for mark in sorted(marks, key=lambda m: m.span.start):
        by_line.setdefault(line_of(file, mark.span), []).append(mark)
    rows: list[Row] = []
    previous: int | None = None
    for line, here in by_line.items():
        if previous is not None and line > previous + 1:
            rows.append(Row("", is_gap=True))
        rows.extend(_line_rows(file, line, here, room))
        previous = line
    return rows


def _line_rows(file: SourceFile, line: int, marks: list[Mark], room: int) -> list[Row]:
    text = file.line_text(line)
    if len(text) <= _NEARBY:
        cells = tuple(map(cell, text))
        if width("".join(cells)) <= room:
            whole = _Excerpt(cells, 0, is_cut=False)
            return [Row(whole.text, line), *(_marker(file, whole, line, mark) for mark in marks)]
    rows: list[Row] = []
    for mark in marks:
        excerpt = _cut(text, _range_in_line(file, line, mark.span)[0], room)
        rows += [Row(excerpt.text, line), _marker(file, excerpt, line, mark)]
    return rows


def _marker(file: SourceFile, excerpt: _Excerpt, line: int, mark: Mark) -> Row:
    start, end = _range_in_line(file, line, mark.span)
    first, last = excerpt.column(start), excerpt.column(end)
    sign = "^" if mark.is_primary else "-"
    text = " " * first + sign * max(last - first, 1)
    note = visible(mark.text)
    return Row(f"{text} {note}" if note else text, mark=mark)


def _cut(text: str, start: int, cells: int) -> _Excerpt:
    """The window of a long line around character `start`; only characters nearby are looked at."""
    first, room = start, min(_CONTEXT, 3 * cells // 8)
    while first > max(start - _NEARBY, 0) and width(cell(text[first - 1])) <= room:
        first -= 1
        room -= width(cell(text[first]))
    last, room = first, cells - 2 * len(_CUT)
    while last < min(first + _NEARBY, len(text)) and width(cell(text[last])) <= room:
        room -= width(cell(text[last]))
        last += 1
    return _Excerpt(tuple(map(cell, text[first:last])), first, is_cut=last < len(text))


def _range_in_line(file: SourceFile, line: int, span: Span) -> tuple[int, int]:
    """The characters of the line that the span covers; a span over several lines ends with its first."""
    line_start = file.line_starts[line - 1]
    length = len(file.line_text(line))
    start = min(max(span.start - line_start, 0), length)
    return start, max(min(span.end - line_start, length), start)


def line_of(file: SourceFile, span: Span) -> int:
    """The number of the line in which a span begins."""
    return file.line_column(min(max(span.start, 0), len(file.text)))[0]
