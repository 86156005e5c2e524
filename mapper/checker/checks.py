"""Checks: `each`, names, fields against the target, possible rejections, unreachable parts of a program."""

from __future__ import annotations

from mapper import ir
from mapper.checker.checking import Checking
from mapper.checker.digest_checks import check_digests
from mapper.checker.field_checks import check_event, definition_label
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.payload_types import payload_types
from mapper.checker.inference.program_types import infer_program
from mapper.checker.name_checks import KnownNames, check_names
from mapper.checker.operand_checks import check_operands
from mapper.checker.quotient_checks import check_quotients
from mapper.checker.reach_checks import check_reachable, check_rules
from mapper.checker.rejection_checks import check_possible_rejections, check_units
from mapper.checker.search.counterexamples import CounterexampleSearch
from mapper.checker.search.runner import Runner
from mapper.diagnostics.diagnostic import Report, Severity, did_you_mean
from mapper.schemas.questions import is_closed, properties_of, required_of
from mapper.schemas.schema import Schema


def check_program(
    program: ir.Program,
    source: Schema | None,
    target: Schema,
    report: Report,
    runner: Runner | None = None,
    body: Schema | None = None,
) -> Inference:
    """Report everything that is wrong with a program; returns the inference.

    `source` is the schema of an item, `body` that of the whole body, None if there is none. Without a runner
    no payload can be tried, so diagnostics that need a counterexample are left out.
    """
    payload = payload_types(program, source, body)
    notes = infer_program(program, payload)
    search = None
    # If a part of the mapping could not be read, a run of the rest proves nothing.
    if runner is not None and not report.has_errors:
        search = CounterexampleSearch(program, target.document, payload, runner, notes)
    names = KnownNames.of(program, source, body)
    checking = Checking(program, payload, names, target, notes, report, search)
    _check_each(program, names, report)
    before = len(report.diagnostics)
    for rule in program.rules:
        check_names(rule.condition, names, report)
    if len(report.diagnostics) == before:
        check_rules(program, checking)
    vars_ = tuple(ir.Field(var.name, var.value, True, False, var.span) for var in program.vars)
    sound = tuple(entry for entry in vars_ if _check_inside(entry.value, checking))
    if isinstance(program.output, ir.Record):
        sound += _check_event(program.output, checking)
        vars_ += program.output.fields
    else:
        check_names(program.output, names, report)
    check_possible_rejections(vars_, sound, checking)
    check_units(program, checking)
    check_digests(program, notes, report)
    check_quotients(program, notes, report)
    return notes


def _check_each(program: ir.Program, names: KnownNames, report: Report) -> None:
    for path in program.each:
        if names.body is not None:
            check_names(path, names, report)
        selectors = [selector for segment in path.segments for selector in segment.selectors]
        if any(isinstance(selector, ir.Filter) for selector in selectors):
            report.warning(
                "M504",
                "`each` leaves items out without a trace",
                path.span,
                "what the filter does not select is lost",
                "select all items and leave some out with a `skip` rule",
            )
        if ir.Wildcard() in selectors[:-1] or (ir.Wildcard() in selectors and len(program.each) > 1):
            report.warning(
                "M505",
                "`[*]` also takes the members of an object",
                path.span,
                "an object here would be taken apart",
                "write `[:]`, which selects the elements of an array alone",
            )


def _check_event(event: ir.Record, checking: Checking) -> tuple[ir.Field, ...]:
    """Check the fields of the event; returns those without an unknown name or an unreachable part."""
    _check_written(event, checking)
    sound = tuple(entry for entry in event.fields if _check_inside(entry.value, checking))
    check_event(event, sound, checking)
    return sound


def _check_inside(value: ir.Value, checking: Checking) -> bool:
    """Report unknown names, unreachable parts and operands of a wrong type; True if none is an error."""
    notes, report = checking.notes, checking.report
    before = len(report.diagnostics)
    check_names(value, checking.names, report)
    if not _has_new_error(report, before):
        check_reachable(value, checking)
    check_operands(value, notes, report)
    return not _has_new_error(report, before)


def _has_new_error(report: Report, before: int) -> bool:
    return any(each.severity is Severity.ERROR for each in report.diagnostics[before:])


def _check_written(event: ir.Record, checking: Checking) -> None:
    """Report fields that the target does not know, and required ones that are never set."""
    target, report = checking.target, checking.report
    known = properties_of(target.document, target.document)
    for entry in event.fields:
        if entry.name not in known and is_closed(target.document, target.document):
            hint = did_you_mean(entry.name, known) or "the target has " + ", ".join(f"`{n}`" for n in known)
            report.error(
                "M302", f"no field `{entry.name}` in `{target.name}`", entry.span, "not in the target", hint
            )
    missing = required_of(target.document, target.document) - checking.program.written
    for name in sorted(missing, key=list(known).index if set(missing) <= set(known) else None):
        report.add(
            "M501",
            f"the required field `{name}` is never set",
            event.span,
            f"`{target.name}` requires it",
            (f"add `{name}:` below `event:`",),
            Severity.ERROR,
            definition_label(target, name),
        )
