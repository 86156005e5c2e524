"""Report: suites become the table, the differences and the closing line that people read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mapper.cli import screen
from mapper.diagnostics import render
from mapper.diagnostics.diagnostic import Diagnostic, Label
from mapper.diagnostics.files import display_name
from mapper.diagnostics.render.summary import counted
from mapper.diagnostics.render.visible import visible
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


def print_suites(console: Console, suites: Sequence[SuiteResult], *, show_values: bool) -> None:
    """The table of mappings, then the written expectations, then everything that is wrong."""
    for line in _table(suites):
        console.print(line)
    console.print()
    written = [o for suite in suites for o in suite.results if o.status in WRITTEN]
    for result in written:
        _print_written(console, result)
    if written:
        console.print()
    for suite in suites:
        _print_drawn(console, suite.diagnostics, show_values=show_values)
        for result in suite.results:
            if result.status is CaseStatus.FAILED:
                _print_failure(console, result, show_values=show_values)


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


def _table(suites: Sequence[SuiteResult]) -> Iterator[Text]:
    """The lines of the table, numbers to the right; the last column is open: no line ends in blanks."""
    rows = [("mapping", *NUMBERS), *((suite.mapping.stem, *_numbers(suite)) for suite in suites)]
    results = [Text("result"), *map(_result, suites)]
    first, *others = (max(map(cell_len, column)) for column in zip(*rows, strict=True))
    for index, (row, result) in enumerate(zip(rows, results, strict=True)):
        name = row[0] + " " * (first - cell_len(row[0]))
        numbers = (f"{cell:>{width}}" for cell, width in zip(row[1:], others, strict=True))
        yield Text.assemble("   ".join((name, *numbers, "")), result, style="" if index else "bold")


def _numbers(suite: SuiteResult) -> Iterator[str]:
    cases = suite.results
    totals = (len(cases), *(sum(getattr(case, name) for case in cases) for name in NUMBERS[1:]))
    return (f"{number:,}" if suite.compiles else "" for number in totals)


def _result(suite: SuiteResult) -> Text:
    if not suite.compiles:
        return Text("does not compile", "bold red")
    if not suite.results:
        return Text("no cases", "yellow")
    counts = [(suite.count(status), status) for status in reversed(CaseStatus) if suite.count(status)]
    if counts == [(len(suite.results), CaseStatus.PASSED)]:
        return Text("passed", "green") if suite.passed else Text("stray files", "bold red")
    parts = [Text(f"{number:,} {status.value}", STYLES[status]) for number, status in counts]
    return Text(", ").join(parts)


def _print_written(console: Console, result: CaseResult) -> None:
    style = STYLES[result.status]
    line = Text.assemble((result.status.value, style), " ", display_name(result.case.expected))
    if result.differences:
        line.append(f"  ({counted(len(result.differences), 'difference')})", "dim")
    console.print(line)


def _print_failure(console: Console, result: CaseResult, *, show_values: bool) -> None:
    head = Text.assemble((f"{result.case.title} failed", "bold red"))
    head.append(f"  {display_name(result.case.expected)}", "dim")
    console.print(head)
    for difference in result.differences:
        console.print(Text(f"  {visible(difference.location)}", "bold"))
        for name, text, style in _sides(difference):
            console.print(Text.assemble(f"    {name:<8}  ", (visible(text), style)))
    console.print()
    _print_drawn(console, result.diagnostics, show_values=show_values)


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


def _print_drawn(console: Console, found: Sequence[Diagnostic], *, show_values: bool) -> None:
    if found:
        text = render.render(found, "text", color=screen.has_color(console), show_values=show_values)
        console.file.write(text + "\n")
