"""Trials: a mapping and its cases become outcomes, without printing anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from mapper.api import load
from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.errors import CompileError
from mapper.runtime.limits import Limits
from mapper.samples.cases import Case, find_cases, find_orphans, result_document
from mapper.samples.differences import Difference, differences
from mapper.transform.result import Result
from mapper.transform.transform import Transform


class Verdict(Enum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    CREATED = "created"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one case gave; `diagnostics` tell why a sample is unreadable or an item was rejected."""

    case: Case
    verdict: Verdict
    seconds: float = 0.0
    events: int = 0
    skipped: int = 0
    rejected: int = 0
    differences: tuple[Difference, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """What one mapping gave: `diagnostics` where it does not compile or its folder is untidy."""

    mapping: Path
    compiles: bool
    diagnostics: tuple[Diagnostic, ...]
    outcomes: tuple[Outcome, ...]

    def count(self, verdict: Verdict) -> int:
        """How many cases ended so."""
        return sum(outcome.verdict is verdict for outcome in self.outcomes)

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.diagnostics and not self.count(Verdict.FAILED)


def try_mapping(
    mapping: Path, selects: Callable[[str], bool], limits: Limits, *, update: bool
) -> Trial | None:
    """Compile a mapping and run the cases `selects` takes; None where it takes none of those there are."""
    cases = find_cases(mapping)
    selected = [case for case in cases if selects(case.title)]
    if cases and not selected:
        return None
    try:
        transform = load(mapping, limits=limits)
    except CompileError as error:
        return Trial(mapping, False, error.diagnostics, ())
    outcomes = tuple(_try_case(transform, case, update=update) for case in selected)
    return Trial(mapping, True, tuple(find_orphans(mapping)), outcomes)


def _try_case(transform: Transform, case: Case, *, update: bool) -> Outcome:
    sample = case.load()
    if isinstance(sample, Diagnostic):
        return Outcome(case, Verdict.FAILED, diagnostics=(sample,))
    start = time.perf_counter()
    result = transform(sample.body, request=sample.request)
    seconds = time.perf_counter() - start
    numbers = (len(result.events), len(result.skipped), len(result.rejected))
    verdict, found, why = _judge(case, result, update=update)
    return Outcome(case, verdict, seconds, *numbers, found, why)


def _judge(
    case: Case, result: Result, *, update: bool
) -> tuple[Verdict, tuple[Difference, ...], tuple[Diagnostic, ...]]:
    document = result_document(result)
    expected = case.expectation()
    if isinstance(expected, Diagnostic):
        if update:
            verdict = Verdict.UPDATED if case.expected.exists() else Verdict.CREATED
            case.write(document)
            return verdict, (), ()
        return Verdict.FAILED, (), (expected,)
    found = tuple(differences(expected, document))
    if not found:
        return Verdict.PASSED, (), ()
    if update:
        case.write(document)
        return Verdict.UPDATED, found, ()
    return Verdict.FAILED, found, _unexpected(expected, result)


def _unexpected(expected: dict[str, object], result: Result) -> tuple[Diagnostic, ...]:
    """Why items were rejected that the expectation does not list as rejected with these codes."""
    listed = expected["rejected"]
    assert isinstance(listed, list)
    return tuple(
        diagnostic
        for item in result.rejected
        if {"item": item.index, "codes": list(item.codes)} not in listed
        for diagnostic in item.diagnostics
    )
