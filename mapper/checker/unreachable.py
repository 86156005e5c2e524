"""Unreachable: alternatives, cases and defaults of a program that no payload can ever reach (M503)."""

from __future__ import annotations

from mapper import ir
from mapper.checker.types import in_words
from mapper.diagnostics import Report
from mapper.ir.facts import STRUCTURAL, Facts
from mapper.shapes import type_of


def check_reachable(value: ir.Value, facts: Facts, report: Report) -> None:
    """Report what stands below a value's operator and can never be taken."""
    match value:
        case ir.Coalesce():
            _check_alternatives(value, report)
        case ir.Match():
            _check_cases(value, facts, report)
        case ir.Default(inner, default) if STRUCTURAL.of(inner).is_sure:
            _report_sure(inner, default, "a `default` that can never be taken", report)
        case ir.Required(inner) if STRUCTURAL.of(inner).is_sure:
            _report_sure(inner, value, "`on_missing` on a value that is never missing", report)
        case _:
            pass


def _check_alternatives(value: ir.Coalesce, report: Report) -> None:
    for position, option in enumerate(value.options[:-1]):
        nothings = STRUCTURAL.of(option)
        if nothings.is_sure and not (value.nonblank and nothings.blank):
            unused = value.options[position + 1].span
            reason = "the one before it always has a value"
            report.error("M503", "an alternative that can never be taken", unused, reason, _hint(option))
            return


def _check_cases(value: ir.Match, facts: Facts, report: Report) -> None:
    types = facts.types(value.subject)
    seen: list[tuple[str, object]] = []
    for case in value.cases:
        kind = type_of(case.key)
        if (kind, case.key) in seen:
            report.error(
                "M503", "a case that can never be taken", case.span, "the same case stands before it"
            )
        elif case.key is not None and kind not in types and not (kind == "integer" and "number" in types):
            hint = 'put it in quotes: "' + case.span.text + '"' if types == {"string"} else ""
            report.error(
                "M503",
                "a case that can never be taken",
                case.span,
                f"this is {in_words(frozenset({kind}))}, the value is always {in_words(types)}",
                hint,
            )
        seen.append((kind, case.key))


def _report_sure(inner: ir.Value, unused: ir.Value, headline: str, report: Report) -> None:
    report.error("M503", headline, unused.span, "there is always a value before it", _hint(inner))


def _hint(value: ir.Value) -> str:
    """What the author of a template may have meant by an alternative to it."""
    if not isinstance(value, ir.Template):
        return ""
    return "Liquid always gives text, be it empty: use `first_nonblank`, or the filter `default`"
