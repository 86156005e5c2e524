"""Suites: a mapping and its cases become results, without printing anything."""

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
from mapper.samples.cases import SampleCase, find_cases, find_orphans, result_document
from mapper.samples.differences import Difference, differences
from mapper.transform.result import Result
from mapper.transform.transform import Transform


class CaseStatus(Enum):
    """The status of a case after its run."""

    PASSED = "passed"
    FAILED = "failed"
    CREATED = "created"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of one case; `diagnostics` explain an unreadable sample or a rejected item."""

    case: SampleCase
    status: CaseStatus
    seconds: float = 0.0
    events: int = 0
    skipped: int = 0
    rejected: int = 0
    differences: tuple[Difference, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """The results of the cases of a mapping; `diagnostics` if it does not compile or its folder is untidy."""

    mapping: Path
    compiles: bool
    diagnostics: tuple[Diagnostic, ...]
    results: tuple[CaseResult, ...]

    def count(self, status: CaseStatus) -> int:
        """The number of cases with a status."""
        return sum(result.status is status for result in self.results)

    @property
    def passed(self) -> bool:
        """True if the mapping has no diagnostics and no failed case."""
        return not self.diagnostics and not self.count(CaseStatus.FAILED)


def run_suite(
    mapping: Path, selects: Callable[[str], bool], limits: Limits, *, update: bool
) -> SuiteResult | None:
    """Compile a mapping and run the cases that `selects` takes; None if it has cases and none is taken."""
    cases = find_cases(mapping)
    selected = [case for case in cases if selects(case.title)]
    if cases and not selected:
        return None
    try:
        transform = load(mapping, limits=limits)
    except CompileError as error:
        return SuiteResult(mapping, False, error.diagnostics, ())
    results = tuple(_run_case(transform, case, update=update) for case in selected)
    return SuiteResult(mapping, True, tuple(find_orphans(mapping)), results)


def _run_case(transform: Transform, case: SampleCase, *, update: bool) -> CaseResult:
    sample = case.load()
    if isinstance(sample, Diagnostic):
        return CaseResult(case, CaseStatus.FAILED, diagnostics=(sample,))
    start = time.perf_counter()
    result = transform(sample.body, request=sample.request)
    seconds = time.perf_counter() - start
    numbers = (len(result.events), len(result.skipped), len(result.rejected))
    status, found, why = _judge(case, result, update=update)
    return CaseResult(case, status, seconds, *numbers, found, why)


def _judge(
    case: SampleCase, result: Result, *, update: bool
) -> tuple[CaseStatus, tuple[Difference, ...], tuple[Diagnostic, ...]]:
    document = result_document(result)
    expected = case.expectation()
    if isinstance(expected, Diagnostic):
        if update:
            status = CaseStatus.UPDATED if case.expected.exists() else CaseStatus.CREATED
            case.write(document)
            return status, (), ()
        return CaseStatus.FAILED, (), (expected,)
    found = tuple(differences(expected, document))
    if not found:
        return CaseStatus.PASSED, (), ()
    if update:
        case.write(document)
        return CaseStatus.UPDATED, found, ()
    return CaseStatus.FAILED, found, _unexpected(expected, result)


def _unexpected(expected: dict[str, object], result: Result) -> tuple[Diagnostic, ...]:
    """The diagnostics of rejected items that the expectation does not list with these codes."""
    listed = expected["rejected"]
    assert isinstance(listed, list)
    return tuple(
        diagnostic
        for item in result.rejected
        if {"item": item.index, "codes": list(item.codes)} not in listed
        for diagnostic in item.diagnostics
    )
