"""Verdicts: trials become the table, the differences and the closing line that people read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mapper.cli import screen
from mapper.diagnostics import render
from mapper.diagnostics.diagnostic import Diagnostic, Label
from mapper.diagnostics.files import display_name
from mapper.diagnostics.render.visible import visible
from mapper.diagnostics.source import SourceFile, Span
from mapper.samples.differences import Difference, Kind
from mapper.samples.trials import Outcome, Trial, Verdict

NUMBERS = ("cases", "events", "skipped", "rejected")
WRITTEN = (Verdict.CREATED, Verdict.UPDATED)
STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.CREATED: "cyan",
    Verdict.UPDATED: "cyan",
}


def print_trials(console: Console, trials: Sequence[Trial], *, show_values: bool) -> None:
    """The table of mappings, then what was written, then everything that is wrong."""
    for line in _table(trials):
        console.print(line)
    console.print()
    written = [o for trial in trials for o in trial.outcomes if o.verdict in WRITTEN]
    for outcome in written:
        _print_written(console, outcome)
    if written:
        console.print()
    for trial in trials:
        _print_drawn(console, trial.diagnostics, show_values=show_values)
        for outcome in trial.outcomes:
            if outcome.verdict is Verdict.FAILED:
                _print_failure(console, outcome, show_values=show_values)


def closing(trials: Sequence[Trial], seconds: float) -> str:
    """The last line: `7 mappings, 103 cases, all passed in 1.2 s`."""
    cases = sum(len(trial.outcomes) for trial in trials)
    head = f"{screen.counted(len(trials), 'mapping')}, {screen.counted(cases, 'case')}"
    counts = _counts(trials)
    if not counts:
        tail = ", nothing tested"
    elif counts == [f"{cases:,} {Verdict.PASSED.value}"]:
        tail = ", all passed" if cases > 1 else ", passed"
    else:
        tail = ": " + ", ".join(counts)
    return f"{head}{tail} in {seconds:.1f} s"


def _counts(trials: Sequence[Trial]) -> list[str]:
    verdicts = [(sum(trial.count(verdict) for trial in trials), verdict.value) for verdict in Verdict]
    broken = sum(not trial.compiles for trial in trials)
    stray = sum(len(trial.diagnostics) for trial in trials if trial.compiles)
    return [
        *(f"{number:,} {word}" for number, word in verdicts if number),
        *([f"{screen.counted(broken, 'mapping')} not compiled"] if broken else []),
        *([screen.counted(stray, "stray file")] if stray else []),
    ]


def trial_diagnostics(trial: Trial) -> Iterator[Diagnostic]:
    """Everything wrong with a mapping and its cases as diagnostics."""
    yield from trial.diagnostics
    for outcome in trial.outcomes:
        yield from outcome_diagnostics(outcome)


def outcome_diagnostics(outcome: Outcome) -> Iterator[Diagnostic]:
    """Everything wrong with a case, each difference an M013 in the expectation's file."""
    if outcome.verdict is Verdict.FAILED:
        for difference in outcome.differences:
            yield _unexpected(outcome, difference)
        yield from outcome.diagnostics


def _unexpected(outcome: Outcome, difference: Difference) -> Diagnostic:
    text = outcome.case.expected.read_text("utf-8")
    span = Span(SourceFile(display_name(outcome.case.expected), text), 0, 0)
    return Diagnostic(
        "M013",
        f"`{outcome.case.title}`: " + "; ".join(f"{head} {text}" for head, text, _ in _sides(difference)),
        (Label(span),),
        location=difference.location,
    )


def _table(trials: Sequence[Trial]) -> Iterator[Text]:
    """The lines of the table, numbers to the right; the last column is open: no line ends in blanks."""
    rows = [("mapping", *NUMBERS), *((trial.mapping.stem, *_numbers(trial)) for trial in trials)]
    results = [Text("result"), *map(_result, trials)]
    first, *others = (max(map(cell_len, column)) for column in zip(*rows, strict=True))
    for index, (row, result) in enumerate(zip(rows, results, strict=True)):
        name = row[0] + " " * (first - cell_len(row[0]))
        numbers = (f"{cell:>{width}}" for cell, width in zip(row[1:], others, strict=True))
        yield Text.assemble("   ".join((name, *numbers, "")), result, style="" if index else "bold")


def _numbers(trial: Trial) -> Iterator[str]:
    cases = trial.outcomes
    totals = (len(cases), *(sum(getattr(case, name) for case in cases) for name in NUMBERS[1:]))
    return (f"{number:,}" if trial.compiles else "" for number in totals)


def _result(trial: Trial) -> Text:
    if not trial.compiles:
        return Text("does not compile", "bold red")
    if not trial.outcomes:
        return Text("no cases", "yellow")
    counts = [(trial.count(verdict), verdict) for verdict in reversed(Verdict) if trial.count(verdict)]
    if counts == [(len(trial.outcomes), Verdict.PASSED)]:
        return Text("passed", "green") if trial.passed else Text("stray files", "bold red")
    parts = [Text(f"{number:,} {verdict.value}", STYLES[verdict]) for number, verdict in counts]
    return Text(", ").join(parts)


def _print_written(console: Console, outcome: Outcome) -> None:
    style = STYLES[outcome.verdict]
    line = Text.assemble((outcome.verdict.value, style), " ", display_name(outcome.case.expected))
    if outcome.differences:
        line.append(f"  ({screen.counted(len(outcome.differences), 'difference')})", "dim")
    console.print(line)


def _print_failure(console: Console, outcome: Outcome, *, show_values: bool) -> None:
    head = Text.assemble((f"{outcome.case.title} failed", "bold red"))
    head.append(f"  {display_name(outcome.case.expected)}", "dim")
    console.print(head)
    for difference in outcome.differences:
        console.print(Text(f"  {visible(difference.location)}", "bold"))
        for name, text, style in _sides(difference):
            console.print(Text.assemble(f"    {name:<8}  ", (visible(text), style)))
    console.print()
    _print_drawn(console, outcome.diagnostics, show_values=show_values)


def _sides(difference: Difference) -> list[tuple[str, str, str]]:
    """What to print of a difference: a heading, a text, a style."""
    before, after = difference.texts()
    match difference.kind:
        case Kind.ORDER:
            return [("order", "the same elements in another order", "yellow")]
        case Kind.ADDED:
            return [("expected", "nothing", "green"), ("found", after or "", "red")]
        case Kind.REMOVED:
            return [("expected", before or "", "green"), ("found", "nothing", "red")]
        case Kind.CHANGED:
            return [("expected", before or "", "green"), ("found", after or "", "red")]


def _print_drawn(console: Console, found: Sequence[Diagnostic], *, show_values: bool) -> None:
    if found:
        text = render.render(found, "text", color=screen.has_color(console), show_values=show_values)
        console.file.write(text + "\n")
