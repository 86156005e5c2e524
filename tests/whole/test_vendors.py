"""Vendors of other shapes than the shipped ones, each a mapping, a schema and samples in tests/vendors/.

Each mapping is written from the public documentation that its first lines name, and its expected results by
hand. Together they use what the shipped mappings do not need: bodies that are forms, requests without a body,
pairs that become objects, digests. `mapper test tests/vendors/NAME.yaml` shows the differences of a case.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import mapper
from mapper.diagnostics.diagnostic import Diagnostic
from mapper.samples.cases import SampleCase, find_cases, find_orphans, result_document
from support.agreement import assert_agreement
from support.both_paths import assert_same
from support.places import TESTS

MAPPINGS = sorted((TESTS / "vendors").glob("*.yaml"))
CASES = [case for mapping in MAPPINGS for case in find_cases(mapping)]


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda path: path.stem)
def test_the_check_finds_nothing(mapping: Path) -> None:
    assert mapper.check(mapping.read_text(encoding="utf-8"), filename=str(mapping)) == ()
    assert find_orphans(mapping) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_sample_gives_the_expected_result(case: SampleCase) -> None:
    sample, expected = case.load(), case.expectation()
    assert not isinstance(sample, Diagnostic)
    transform = mapper.load(case.input.parent.with_suffix(".yaml"))
    assert result_document(transform(sample.body, sample.request)) == expected
    assert_same(transform, sample.body, sample.request)
    assert_agreement(transform, sample.body, sample.request)
