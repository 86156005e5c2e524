"""Parsing: a path's text becomes an ir.Path, or diagnostics."""

from __future__ import annotations

from functools import cache
from typing import Any

from mapper import ir
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SpannedText
from mapper.expressions.jsonpath.grammar import EndOfPath, PathParser
from mapper.expressions.jsonpath.lexer import PathLexer
from mapper.expressions.jsonpath.names import is_shorthand
from mapper.expressions.jsonpath.path_faults import PathFault

MAX_LENGTH = 10_000

_BLANKS = " \t\n\r"


def parse_path(text: SpannedText, root: ir.Root, report: Report) -> ir.Path | None:
    """The path, or None after reporting why the text is not RFC 9535 JSONPath."""
    lexer = PathLexer(text)
    try:
        _check_edges(text)
        segments: Any = _parser().parse(text.value, lexer)
    except PathFault as fault:
        report.error(fault.code, fault.message, fault.span, fault.label, fault.hint)
        return None
    except EndOfPath:
        place = lexer.opened[-1] if lexer.opened else len(text.value) - 1
        label = "opened here, never closed" if lexer.opened else "more must follow"
        report.error("M201", "the path ends too early", text.part(place, place + 1), label)
        return None
    return ir.Path(root, segments, text.value, text.span)


@cache
def _parser() -> PathParser:
    return PathParser()


def _dollar_hint(value: str) -> str:
    """The path that a text without `$` was probably meant as."""
    steps = value.removeprefix("@").removeprefix(".")
    name = steps.partition(".")[0].partition("[")[0]
    if is_shorthand(name) and not set(steps) & set(_BLANKS):
        return f"write `$.{steps}`"
    if is_shorthand(name.split(" ")[0]) and " | " in value:
        return "a path has no filters: write `compute:` in place of `path:`"
    return ""


def _check_edges(text: SpannedText) -> None:
    """Raise PathFault for a text that is empty, too long, blank at either end, or without `$`."""
    value, end = text.value, len(text.value)
    if not value:
        raise PathFault("the path is empty", text.span, "", "`$` alone is the whole item")
    if end > MAX_LENGTH:
        label = f"{end} characters, the limit is {MAX_LENGTH}"
        raise PathFault("the path is too long", text.span, label, code="M205")
    if value[0] in _BLANKS:
        raise PathFault("a blank before the path", text.part(0, 1), "", "remove it")
    if value[-1] in _BLANKS:
        raise PathFault("a blank after the path", text.part(end - 1, end), "", "remove it")
    if value[0] != "$":
        hint = _dollar_hint(value)
        raise PathFault("a path begins with `$`", text.part(0, 1), "", hint)
