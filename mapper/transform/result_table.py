"""Result table: a result as HTML for notebooks; their files are shared, so it holds no value of a payload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

from mapper.diagnostics.render.visible import shown

MAX_ROWS = 20

Reasons: TypeAlias = Iterable[tuple[int, str]]  # indexes of items, each with the reason for its outcome


def html_table(title: str, events: int, skipped: Reasons, rejected: Reasons) -> str:
    """One row for the events, one for each reason of skips and of rejections, with the first item of each."""
    rows: Counter[tuple[str, str]] = Counter()
    firsts: dict[tuple[str, str], int] = {}
    for outcome, reasons in (("skipped", skipped), ("rejected", rejected)):
        for index, reason in reasons:
            rows[outcome, reason] += 1
            firsts.setdefault((outcome, reason), index)
    lines = [_row("event", "", events, "")] if events else []
    ordered = rows.most_common()
    lines += [_row(*key, number, str(firsts[key])) for key, number in ordered[:MAX_ROWS]]
    if left := ordered[MAX_ROWS:]:
        lines.append(_row("", f"and {len(left):,} more", sum(number for _, number in left), ""))
    head = "<tr><th>outcome</th><th>reason</th><th>items</th><th>first</th></tr>"
    return f"<table><caption>{escape(title)}</caption>{head}{''.join(lines)}</table>"


def _row(outcome: str, reason: str, number: int, first: str) -> str:
    cells = (outcome, shown(reason, 200), f"{number:,}", first)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
