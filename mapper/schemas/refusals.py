"""Refusals: work on a mapping that takes too much is ended and reported, without an exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mapper.budget import TooComplex, limited
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span
from mapper.runtime.stack import TOO_DEEP_TO_COMPILE

_Done = TypeVar("_Done")


def within_budget(work: Callable[[], _Done], report: Report, span: Span) -> _Done | None:
    """The result of work whose steps are counted.

    None after reporting M415 at `span` for too many steps, or M110 for values that nest too deep.
    """
    try:
        with limited():
            return work()
    except (TooComplex, MemoryError):
        hint = (
            "definitions that refer to others, texts made of texts, again and again: take some of them apart"
        )
        report.error("M415", "this and its schemas are too complex to be checked", span, "", hint)
    except TOO_DEEP_TO_COMPILE:
        _report_depth(report, span.file)
    return None


def if_compilable(work: Callable[[], _Done], report: Report, file: SourceFile) -> _Done | None:
    """The result of work that compiles Python code; None after reporting M110 if the code nests too deep."""
    try:
        return work()
    except TOO_DEEP_TO_COMPILE:
        _report_depth(report, file)
        return None


def _report_depth(report: Report, file: SourceFile) -> None:
    hint = "values inside values, loops inside loops: take some of them apart"
    report.error("M110", "the mapping nests deeper than Python can compile", Span(file, 0, 0), "", hint)
