"""The dialect `clevertap` against the terms and examples of the vendor's own pages.

tests/conformance/clevertap holds what the pages say.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import mapper
from mapper.catalog import shipped_mappings
from mapper.diagnostics.diagnostic import Report, Severity
from mapper.expressions.liquid.dialects import Dialect, load_dialect
from support.lowered import run_generated, run_library, template
from support.places import TESTS

FILE = TESTS / "conformance" / "clevertap" / "documented.yaml"
DOCUMENTED: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))


def dialect() -> Dialect:
    loaded = load_dialect(shipped_mappings() / "dialects" / "clevertap.yaml", Report())
    assert loaded is not None
    return loaded


def named(group: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in DOCUMENTED[group]]


def test_the_dialect_has_the_documented_terms() -> None:
    assert dialect().tags == set(DOCUMENTED["tags"])
    assert dialect().filters == set(DOCUMENTED["filters"])
    assert dialect().objects == set(DOCUMENTED["objects"])
    assert not dialect().tags & dialect().undocumented_tags
    assert not dialect().filters & dialect().undocumented_filters


def test_each_operator_has_an_example() -> None:
    templates = " ".join(case["template"] for case in DOCUMENTED["examples"])
    assert all(f" {operator} " in templates for operator in DOCUMENTED["operators"])


@pytest.mark.parametrize("case", named("examples"))
def test_documented_example(case: dict[str, Any]) -> None:
    report = Report()
    parsed = template(case["template"], report, dialect())
    assert parsed is not None
    assert not report.diagnostics, "documented, and yet reported"
    request = mapper.Request(received_at=case.get("received_at"))
    outcome = run_generated(parsed, case["item"], request)
    assert outcome == run_library(parsed, case["item"], request)
    if "skip" in case:
        assert outcome[0] == "skip"
    else:
        assert outcome[0] == "text"
        assert str(outcome[1]).split() == case["text"].split()


@pytest.mark.parametrize("case", named("mistakes"))
def test_mistake_of_the_pages(case: dict[str, Any]) -> None:
    report = Report()
    template(case["template"], report, dialect())
    for severity, codes in ((Severity.ERROR, case["codes"]), (Severity.WARNING, case.get("warnings", []))):
        assert [d.code for d in report.diagnostics if d.severity is severity] == codes
