"""Report: suites become the table, the differences and the closing line that people read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mapper.cli.screen import Screen, Styled
from mapper.diagnostics import render
from mapper.diagnostics.diagnostic import Diagnostic, Label
from mapper.diagnostics.files import display_name
from mapper.diagnostics.render.summary import counted
from mapper.diagnostics.render.visible import visible, width
from mapper.diagnostics.source import SourceFile, Span
from mapper.samples.differences import ChangeKind, Difference
from mapper.samples.suites import CaseResult, CaseStatus, SuiteResult

NUMBERS = ("cases", "events", "skipped", "rejected")
WRITTEN = (CaseStatus.CREATED, CaseStatus.UPDATED)
STYLES = {
    CaseStatus.PASSED: "green",
    CaseStatus.FAILED: "bold red",
    CaseStatus.CREATED: "cyan",
    CaseStatus.UPDATED: "cyan",
}


def print_suites(
    output: Screen,
    suites: Sequence[SuiteResult],
    detailed: Sequence[SuiteResult] | None = None,
    *,
    show_values: bool,
) -> None:
    """The table of mappings, then the written expectations, then everything that is wrong in `detailed`."""
    for row in _table(suites):
        output.line(*row)
    output.line()
    written = [o for suite in suites for o in suite.results if o.status in WRITTEN]
    for result in written:
        _print_written(output, result)
    if written:
        output.line()
    for suite in suites if detailed is None else detailed:
        _print_drawn(output, suite.diagnostics, show_values=show_values)
        for result in suite.results:
            if result.status is CaseStatus.FAILED:
                _print_failure(output, result, show_values=show_values)


def closing(suites: Sequence[SuiteResult], seconds: float) -> str:
    """The last line: `7 mappings, 103 cases, all passed in 1.2 s`."""
    cases = sum(len(suite.results) for suite in suites)
    head = f"{counted(len(suites), 'mapping')}, {counted(cases, 'case')}"
    counts = _counts(suites)
    if not counts:
        tail = ", nothing tested"
    elif counts == [f"{cases:,} {CaseStatus.PASSED.value}"]:
        tail = ", all passed" if cases > 1 else ", passed"
    else:
        tail = ": " + ", ".join(counts)
    return f"{head}{tail} in {seconds:.1f} s"


def _counts(suites: Sequence[SuiteResult]) -> list[str]:
    statuses = [(sum(suite.count(status) for suite in suites), status.value) for status in CaseStatus]
    broken = sum(not suite.compiles for suite in suites)
    stray = sum(len(suite.diagnostics) for suite in suites if suite.compiles)
    return [
        *(f"{number:,} {word}" for number, word in statuses if number),
        *([f"{counted(broken, 'mapping')} not compiled"] if broken else []),
        *([counted(stray, "stray file")] if stray else []),
    ]


def suite_diagnostics(suite: SuiteResult) -> Iterator[Diagnostic]:
    """Everything wrong with a mapping and its cases as diagnostics."""
    yield from suite.diagnostics
    for result in suite.results:
        yield from case_diagnostics(result)


def case_diagnostics(result: CaseResult) -> Iterator[Diagnostic]:
    """Everything wrong with a case, each difference an M013 in the expectation's file."""
    if result.status is CaseStatus.FAILED:
        for difference in result.differences:
            yield _unexpected(result, difference)
        yield from result.diagnostics


def _unexpected(result: CaseResult, difference: Difference) -> Diagnostic:
    text = result.case.expected.read_text("utf-8")
    span = Span(SourceFile(display_name(result.case.expected), text), 0, 0)
    return Diagnostic(
        "M013",
        f"`{result.case.title}`: " + "; ".join(f"{head} {text}" for head, text, _ in _sides(difference)),
        (Label(span),),
        location=difference.location,
    )


def _table(suites: Sequence[SuiteResult]) -> Iterator[list[Styled]]:
    """The lines of the table, numbers to the right; the last column is open: no line ends in blanks."""
    rows = [("mapping", *NUMBERS), *((visible(suite.mapping.stem), *_numbers(suite)) for suite in suites)]
    results: list[list[Styled]] = [[("result", "bold")], *map(_result, suites)]
    first, *others = (max(map(width, column)) for column in zip(*rows, strict=True))
    for index, (row, result) in enumerate(zip(rows, results, strict=True)):
        name = row[0] + " " * (first - width(row[0]))
        numbers = (f"{cell:>{size}}" for cell, size in zip(row[1:], others, strict=True))
        yield [("   ".join((name, *numbers, "")), "" if index else "bold"), *result]


def _numbers(suite: SuiteResult) -> Iterator[str]:
    cases = suite.results
    totals = (len(cases), *(sum(getattr(case, name) for case in cases) for name in NUMBERS[1:]))
    return (f"{number:,}" if suite.compiles else "" for number in totals)


def _result(suite: SuiteResult) -> list[Styled]:
    if not suite.compiles:
        return [("does not compile", "bold red")]
    if not suite.results:
        return [("no cases", "yellow")]
    counts = [(suite.count(status), status) for status in reversed(CaseStatus) if suite.count(status)]
    if counts == [(len(suite.results), CaseStatus.PASSED)]:
        return [("passed", "green") if suite.passed else ("stray files", "bold red")]
    parts: list[Styled] = []
    for number, status in counts:
        parts += [", "] if parts else []
        parts.append((f"{number:,} {status.value}", STYLES[status]))
    return parts


def _print_written(output: Screen, result: CaseResult) -> None:
    count = len(result.differences)
    tail = f"  ({counted(count, 'difference')})" if count else ""
    status = (result.status.value, STYLES[result.status])
    output.line(status, f" {display_name(result.case.expected)}", (tail, "dim"))


def _print_failure(output: Screen, result: CaseResult, *, show_values: bool) -> None:
    place = display_name(result.case.expected)
    output.line((f"{result.case.title} failed", "bold red"), (f"  {place}", "dim"))
    for difference in result.differences:
        output.line(f"  {difference.location}", style="bold")
        for name, text, style in _sides(difference):
            output.line(f"    {name:<8}  ", (text, style))
    output.line()
    _print_drawn(output, result.diagnostics, show_values=show_values)


def _sides(difference: Difference) -> list[tuple[str, str, str]]:
    """The lines of a difference: a heading, a text, a style."""
    before, after = difference.texts()
    match difference.kind:
        case ChangeKind.ORDER:
            return [("order", "the same elements in another order", "yellow")]
        case ChangeKind.ADDED:
            return [("expected", "nothing", "green"), ("found", after or "", "red")]
        case ChangeKind.REMOVED:
            return [("expected", before or "", "green"), ("found", "nothing", "red")]
        case ChangeKind.CHANGED:
            return [("expected", before or "", "green"), ("found", after or "", "red")]


def _print_drawn(output: Screen, found: Sequence[Diagnostic], *, show_values: bool) -> None:
    if found:
        text = render.render(
            found, "text", color=output.has_color, show_values=show_values, columns=output.columns
        )
        output.block(text + "\n")
