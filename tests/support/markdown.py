"""Markdown: the headings, blocks and tables of a page, which can be rewritten."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"```(?P<language>\w*) ?(?P<info>.*)")
CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Heading:
    """A heading."""

    title: str


@dataclass(frozen=True)
class Block:
    """A fenced block: ```` ```language info ````; `start` and `stop` are the indexes of its lines."""

    language: str
    info: str
    text: str
    start: int
    stop: int

    @property
    def line(self) -> int:
        """The line of the file, from 1, at which the text begins."""
        return self.start + 1


@dataclass(frozen=True)
class Table:
    """A table: its head and rows, cell by cell; `start` is the index of the first row's line."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    start: int


Part = Heading | Block | Table


class Page:
    """A Markdown file; `set_block` and `set_row` change it, `save` writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[str] = path.read_text("utf-8").splitlines()
        self._edits: dict[int, tuple[int, list[str]]] = {}

    def parts(self) -> Iterator[Part]:
        """Headings, blocks and tables, in order."""
        number = 0
        while number < len(self.lines):
            line = self.lines[number]
            if fence := FENCE.fullmatch(line):
                stop = self.lines.index("```", number + 1)
                text = "\n".join(self.lines[number + 1 : stop]) + "\n"
                yield Block(fence["language"], fence["info"].strip(), text, number + 1, stop)
                number = stop
            elif line.startswith("#"):
                yield Heading(line.lstrip("# "))
            elif line.startswith("|"):
                table = self._table(number)
                yield table
                number += len(table.rows) + 1
            number += 1

    def _table(self, number: int) -> Table:
        rows = []
        for line in self.lines[number:]:
            if not line.startswith("|"):
                break
            rows.append(tuple(cell.strip().replace("\\|", "|") for cell in CELL.split(line)[1:-1]))
        return Table(rows[0], tuple(rows[2:]), number + 2)

    def set_block(self, block: Block, text: str) -> None:
        """Replace the text of a block."""
        self._edits[block.start] = (block.stop, text.splitlines())

    def set_row(self, index: int, cells: tuple[str, ...]) -> None:
        """Replace a row of a table by the index of its line."""
        self._edits[index] = (index + 1, [_row(cells)])

    def set_rows(self, table: Table, rows: Iterable[tuple[str, ...]]) -> None:
        """Replace all rows of a table."""
        self._edits[table.start] = (table.start + len(table.rows), [_row(cells) for cells in rows])

    def save(self) -> None:
        """Write the changes, if there are any."""
        for start in sorted(self._edits, reverse=True):
            stop, lines = self._edits[start]
            self.lines[start:stop] = lines
        if self._edits:
            self.path.write_text("\n".join(self.lines) + "\n", "utf-8")


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def code(cell: str) -> str:
    """What a table's cell holds between backticks; the cell as it is where it has none around it."""
    for ticks in ("``", "`"):
        if cell.startswith(ticks) and cell.endswith(ticks) and len(cell) > 2 * len(ticks):
            return cell.removeprefix(ticks).removesuffix(ticks).strip(" " if ticks == "``" else "")
    return cell


def as_code(text: str) -> str:
    """The cell that shows a text as code."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"
