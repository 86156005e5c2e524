"""Summary: the last line of a run."""

from __future__ import annotations

from collections.abc import Iterable

from mapper.diagnostics.diagnostic import Diagnostic, Severity


def summarize(diagnostics: Iterable[Diagnostic], count: int, noun: str = "mapping") -> str:
    """`2 errors, 1 warning in 3 mappings`, without a line feed."""
    return f"{count_problems(diagnostics) or 'no problems'} in {counted(count, noun)}"


def count_problems(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`; empty if there are none."""
    severities = [diagnostic.severity for diagnostic in diagnostics]
    counts = [
        counted(severities.count(severity), severity.value)
        for severity in Severity
        if severities.count(severity)
    ]
    return ", ".join(counts)


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 error`, `1,204 errors`, `2 bodies`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
