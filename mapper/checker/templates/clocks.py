"""Clocks: times of a template that are labelled with a wrong zone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from mapper.diagnostics.diagnostic import Report, Severity
from mapper.ir import liquid as ir

_UTC = ("UTC", "Etc/UTC", "Z", "GMT", "Etc/GMT", "Zulu", "Universal")
_LABELS = ("Z", "+00:00", "+0000")


def check_clocks(template: ir.Template, report: Report) -> None:
    """Report times with a wrong label (M414)."""
    for block in _blocks(template.body or ()):
        for statement, after in pairwise((*block, None)):
            if isinstance(statement, ir.Output):
                _check_clock(statement, after, template.rules.zone, report)


def _blocks(body: tuple[ir.Statement, ...]) -> Iterator[tuple[ir.Statement, ...]]:
    yield body
    for statement in body:
        match statement:
            case ir.Capture(_, inner):
                yield from _blocks(inner)
            case ir.Branches(branches, otherwise):
                for branch in branches:
                    yield from _blocks(branch.body)
                yield from _blocks(otherwise)
            case ir.Choices(_, choices):
                for choice in choices:
                    yield from _blocks(choice.body)
            case ir.For():
                yield from _blocks(statement.body)
                yield from _blocks(statement.otherwise)


def _check_clock(output: ir.Output, after: ir.Statement | None, zone: str, report: Report) -> None:
    call = output.value
    if not isinstance(call, ir.FilterCall) or call.name not in ("date", "date_tz"):
        return
    pattern = _constant(call.args[0]) if call.args else None
    if call.name == "date_tz":
        given = _constant(call.args[1]) if len(call.args) > 1 else "UTC"
        if given is None:
            return
        zone = given
    if zone in _UTC or pattern is None:
        return
    follows = isinstance(after, ir.Write) and after.text.startswith(_LABELS)
    inside = pattern.endswith(_LABELS) and not pattern.endswith("%Z")
    if not follows and not inside:
        return
    is_clock = _constant(call.value) in ("now", "today")
    shown = pattern.removesuffix("Z")
    hint = f'write `{_source(call)} | date_tz: "{shown}", "UTC"`'
    report.add(
        "M414",
        f"a time of `{zone}` is labelled as UTC",
        output.span,
        f"the zone is `{zone}`, and what follows says UTC",
        (hint,),
        Severity.ERROR if is_clock else Severity.WARNING,
    )


def _constant(operand: ir.Operand) -> str | None:
    return operand.value if isinstance(operand, ir.Scalar) and isinstance(operand.value, str) else None


def _source(call: ir.FilterCall) -> str:
    value = call.value
    if isinstance(value, ir.Scalar):
        return f'"{value.value}"'
    return value.span.text if isinstance(value, ir.Lookup) and "\n" not in value.span.text else "value"
