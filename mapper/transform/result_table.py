"""Result table: a result as HTML for notebooks; their files are shared, so it holds no value of a payload."""

from __future__ import annotations

from collections import Counter
from html import escape

from mapper.diagnostics.render.visible import shown
from mapper.transform.result import JsonResult, Rejected, Result, summary

MAX_ROWS = 20


def html_table(result: Result | JsonResult) -> str:
    """One row for the events, one for each reason of skips, one for each fault; the first item of each."""
    rows: Counter[tuple[str, str]] = Counter()
    firsts: dict[tuple[str, str], int] = {}
    for skip in result.skipped:
        _enter(rows, firsts, ("skipped", skip.reason), skip.index)
    for one in result.rejected:
        _enter(rows, firsts, ("rejected", _reason(one)), one.index)
    lines = [_row("event", "", len(result.events), "")] if result.events else []
    for key, number in rows.most_common(MAX_ROWS):
        lines.append(_row(*key, number, str(firsts[key])))
    left = len(rows) - MAX_ROWS
    if left > 0:
        lines.append(
            _row("", f"and {left:,} more", sum(number for _, number in rows.most_common()[MAX_ROWS:]), "")
        )
    head = "<tr><th>outcome</th><th>reason</th><th>items</th><th>first</th></tr>"
    return f"<table><caption>{escape(summary(result))}</caption>{head}{''.join(lines)}</table>"


def _enter(
    rows: Counter[tuple[str, str]], firsts: dict[tuple[str, str], int], key: tuple[str, str], index: int
) -> None:
    rows[key] += 1
    firsts.setdefault(key, index)


def _reason(rejected: Rejected) -> str:
    return "; ".join(f"{diagnostic.code} {diagnostic.message}" for diagnostic in rejected.diagnostics)


def _row(outcome: str, reason: str, number: int, first: str) -> str:
    cells = (outcome, shown(reason, 200), f"{number:,}", first)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
