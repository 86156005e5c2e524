"""Reach: rules, alternatives, cases and defaults that are never taken, and tests with one outcome.

What the mapping alone decides is an error. What takes the source schema is a warning: vendors do not keep to
their schemas, and a mapping may be prepared for that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from mapper import ir
from mapper.checker.checking import Checking
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.predicates import content
from mapper.checker.operand_checks import json_types
from mapper.checker.types import without_nothing
from mapper.diagnostics.diagnostic import Report, Severity
from mapper.ir.facts import nothings
from mapper.ir.liquid import walk
from mapper.runtime.json.types import in_words, type_of

_DECIDED = "the source schema, or what stands before it, has decided this"

# A check that reports what an inference has found.
_Check: TypeAlias = Callable[[Inference, Report], None]


def check_rules(program: ir.Program, checking: Checking) -> None:
    """Report rules that never hold, or that together skip or reject every item (M503, M506)."""
    notes = checking.notes
    if program.rules and not notes.is_reached(program.output):
        last = next((rule for rule in reversed(program.rules) if notes.is_reached(rule)), program.rules[-1])
        message = "every item is skipped or rejected" if last.rejects else "every item is skipped"
        checking.report.error("M506", message, last.condition.span, "no item is left after this rule")
        return
    _report_decided(lambda notes, report: _check_rules(program, notes, report), checking)


def check_reachable(value: ir.Value, checking: Checking) -> None:
    """Report parts anywhere in a value that can never be taken (M503, M506)."""
    _report_decided(lambda notes, report: _check_value(value, notes, report), checking)


def _report_decided(check: _Check, checking: Checking) -> None:
    """Report what a check finds, as a warning unless it also finds it without the schemas of payloads."""
    found, bare = Report(), Report()
    check(checking.notes, found)
    if found.diagnostics and checking.payload.knows_item:
        check(checking.without_schemas(), bare)
        certain = {(each.code, each.span) for each in bare.diagnostics}
        found.diagnostics = [
            each if (each.code, each.span) in certain else replace(each, severity=Severity.WARNING)
            for each in found.diagnostics
        ]
    checking.report.extend(found)


def _check_rules(program: ir.Program, notes: Inference, report: Report) -> None:
    for rule in program.rules:
        if notes.is_reached(rule):
            _check_tests(rule.condition, notes, report)
        else:
            report.error("M503", "a rule that can never hold", rule.condition.span, _DECIDED)


def _check_tests(node: object, notes: Inference, report: Report) -> None:
    """Report comparisons inside a node that always hold or never hold (M506)."""
    for test in walk(node):
        if not isinstance(test, ir.Compare | ir.Contains):
            continue
        outcomes = notes.outcomes_of(test)
        if outcomes is not None and outcomes.can_hold != outcomes.can_fail:
            always = "true" if outcomes.can_hold else "false"
            # `contains nil` never holds, in other engines too, and their templates are to compile here.
            severity = Severity.WARNING if isinstance(test, ir.Contains) else Severity.ERROR
            report.add("M506", f"a comparison that is always {always}", test.span, _DECIDED, (), severity)


def _check_value(value: ir.Value, notes: Inference, report: Report) -> None:
    for node in walk(value):
        match node:
            case ir.Coalesce() if notes.type_of(node) is not None:
                _check_alternatives(node, notes, report)
            case ir.Match() if notes.type_of(node) is not None:
                _check_cases(node, notes, report)
            case ir.When(condition):
                _check_tests(condition, notes, report)
            case ir.Template(body=liquid) | ir.Compute(value=liquid):
                _check_liquid(liquid, notes, report)
            case ir.Default(inner, default) if not notes.is_reached(default):
                _report_sure(inner, default, "a `default` that can never be taken", report)
            case ir.Required(inner) if nothings(inner).is_sure:
                _report_sure(inner, node, "`on_missing` on a value that is never missing", report)
            case _:
                pass


def _check_alternatives(value: ir.Coalesce, notes: Inference, report: Report) -> None:
    for option in value.options:
        found = notes.type_of(option)
        taken = content(found) if found and value.nonblank else found and without_nothing(found)
        if found is None or found.is_never or taken is None or not taken.is_never:
            continue
        kind = "blank" if found.texts is not None else "null" if found.null else "missing"
        hint = "if null is meant, write `default: null`" if kind == "null" else ""
        if kind == "blank":
            hint = "if a blank text is meant, write it as `default`"
        message = f"an alternative that is always {kind} has no effect"
        report.error("M503", message, option.span, f"{kind} values are passed over", hint)
        return
    for before, option in zip(value.options, value.options[1:], strict=False):
        if not notes.is_reached(option):
            reason = "the one before it always has a value"
            report.error("M503", "an alternative that can never be taken", option.span, reason, _hint(before))
            return


def _check_cases(value: ir.Match, notes: Inference, report: Report) -> None:
    types = json_types(notes.type_of(value.subject))
    message = "a case that can never be taken"
    seen: list[tuple[str, object]] = []
    for case in value.cases:
        reported = len(report.diagnostics)
        for key in case.keys:
            kind = type_of(key.value)
            if (kind, key.value) in seen:
                report.error("M503", message, key.span, "the same case stands before it")
            elif kind not in types and not (kind == "integer" and "number" in types):
                hint = 'put it in quotes: "' + key.span.text + '"' if types == {"string"} else ""
                reason = f"this is {in_words({kind})}, the value is always {in_words(types)}"
                report.error("M503", message, key.span, reason, hint)
            elif not notes.is_reached(key):
                report.error("M503", message, key.span, "the value is never this")
            seen.append((kind, key.value))
        if len(report.diagnostics) == reported and not notes.is_reached(case.value):
            report.error("M503", message, case.span, "the value is never this")
    if value.otherwise is not None and not notes.is_reached(value.otherwise):
        report.error(
            "M503", "an `else` that can never be taken", value.otherwise.span, "the cases cover every value"
        )


def _check_liquid(liquid: object, notes: Inference, report: Report) -> None:
    _check_tests(liquid, notes, report)
    for node in walk(liquid):
        if isinstance(node, ir.FilterCall) and node.name == "default" and not notes.is_reached(node):
            reason = "there is always a value before it"
            report.error("M503", "a `default` that can never be taken", node.span, reason)
        if isinstance(node, ir.Choice) and node.values and not notes.is_reached(node):
            report.error(
                "M503", "a case that can never be taken", node.values[0].span, "the value is never this"
            )


def _report_sure(inner: ir.Value, unused: ir.Value, headline: str, report: Report) -> None:
    report.error("M503", headline, unused.span, "there is always a value before it", _hint(inner))


def _hint(value: ir.Value) -> str:
    """A hint at the operator that the author of an alternative to a template may have meant."""
    if not isinstance(value, ir.Template):
        return ""
    return "Liquid always gives text, be it empty: use `compute`, `first_nonblank`, or the filter `default`"
