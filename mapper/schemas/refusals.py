"""Refusals: work on a mapping that takes too much is ended and reported, without an exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mapper.budget import TooComplex, limited
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import Span
from mapper.runtime.stack import TOO_DEEP_TO_COMPILE

_Done = TypeVar("_Done")


def within_budget(work: Callable[[], _Done], report: Report, span: Span) -> _Done | None:
    """The result of work whose steps are counted.

    None after reporting M415 at `span` for too many steps, M110 for values that nest too deep, or M902.
    """
    try:
        with limited():
            return if_compilable(work, report, span)
    except TooComplex:
        hint = (
            "definitions that refer to others, texts made of texts, again and again: take some of them apart"
        )
        report.error("M415", "this and its schemas are too complex to be checked", span, "", hint)
        return None


def if_compilable(work: Callable[[], _Done], report: Report, span: Span) -> _Done | None:
    """The result of work on a mapping; within it, work that has a place of its own may be refused there.

    None after reporting M110 if the code nests too deep, or M902 at `span` if no memory is left.
    """
    try:
        return work()
    except MemoryError:
        pass  # reported when the frames that hold the memory are gone
    except TOO_DEEP_TO_COMPILE:
        hint = "values inside values, loops inside loops: take some of them apart"
        start = Span(span.file, 0, 0)
        report.error("M110", "the mapping nests deeper than Python can compile", start, "", hint)
        return None
    hint = "give the process more, or make mapping and schemas smaller; values that nest deep take much, too"
    report.error("M902", "no memory is left to check this and its schemas", span, "", hint)
    return None
