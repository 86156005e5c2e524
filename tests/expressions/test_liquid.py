"""Liquid: the shared suite and cases of our own, in generated code and in the library, which must agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import mapper
from mapper import ir
from mapper.diagnostics.diagnostic import Report, Severity
from mapper.expressions.liquid.dialects import Dialect, load_dialect
from mapper.runtime.missing import MISSING
from support.agreement import same
from support.lowered import condition, expression, generated, run_generated, run_library, template
from support.places import ROOT, SHARED

SHARED = SHARED
SUITE = SHARED / "suites" / "golden-liquid.json"
CASES = sorted((ROOT / "tests" / "cases" / "liquid").glob("*.yaml"))
CLEVERTAP = SHARED / "samples" / "clevertap"

DIALECTS = ("clevertap", "liquidjs")  # the files of cases about a dialect
# Cases of the suite whose result is not ours, each with the reason.
DIFFERENT: dict[str, str] = {}


def dialect(name: str = "clevertap") -> Dialect:
    report = Report()
    loaded = load_dialect(ROOT / "mappings" / "dialects" / f"{name}.yaml", report)
    assert loaded is not None, report.diagnostics
    return loaded


def expanded(value: Any) -> Any:
    """A value of a case with long texts and integers written out."""
    match value:
        case {"repeat": str(piece), "times": int(times), **rest}:
            return rest.get("before", "") + piece * times + rest.get("after", "")
        case {"power": int(power)}:
            return 10**power
        case dict():
            return {key: expanded(entry) for key, entry in value.items()}
        case list():
            return [expanded(entry) for entry in value]
    return value


def suite() -> list[Any]:
    return json.loads(SUITE.read_text("utf-8"))["tests"] if SUITE.exists() else []  # type: ignore[no-any-return]


def cases() -> list[Any]:
    found = []
    for path in CASES:
        for case in yaml.safe_load(path.read_text("utf-8")):
            found.append(pytest.param({**case, "file": path.stem}, id=f"{path.stem}: {case['name']}"))
    return found


def test_the_suite_is_there() -> None:
    if not SUITE.exists():
        pytest.skip("the shared suite is not on this machine")
    assert len(suite()) > 500
    assert set(DIFFERENT) <= {case["name"] for case in suite()}


@pytest.mark.parametrize("case", suite(), ids=[case["name"] for case in suite()])
def test_suite(case: dict[str, Any]) -> None:
    parsed = template(case["template"], partials=case.get("templates"))
    item = case.get("data", {})
    if parsed is None:
        assert case.get("invalid"), "refused although the suite renders it"
        return
    ours = run_generated(parsed, item)
    assert ours == run_library(parsed, item), generated(parsed)
    if case.get("invalid"):
        matches = ours == ("fault", "M618")
    else:
        matches = ours[1] in (case.get("results") or [case["result"]])
    assert matches is (case["name"] not in DIFFERENT), ours


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any]) -> None:
    report = Report()
    used = dialect(case["file"]) if case["file"] in DIALECTS else None
    if "condition" in case:
        parsed: Any = condition(case["condition"], report, used)
    elif "expression" in case:
        parsed = expression(expanded(case["expression"]), report, used)
    else:
        parsed = template(expanded(case["template"]), report, used)
    errors = [d for d in report.ordered() if d.severity is Severity.ERROR]
    warnings = [d.code for d in report.diagnostics if d.severity is Severity.WARNING]
    assert [d.code for d in errors] == case.get("error", [])
    assert warnings == case.get("warning", [])
    if "at" in case:
        assert [d.span.text if d.span else None for d in errors] == case["at"]
    if "hint" in case:
        assert case["hint"] in errors[0].hints
    if "error" in case:
        assert parsed is None
        return
    assert is_interpreted(parsed) is case.get("interpreted", False)
    item, request = expanded(case.get("item", {})), mapper.Request(**case.get("request", {}))
    ours = run_generated(parsed, item, request)
    assert ours == run_library(parsed, item, request), generated(parsed)
    assert_expected(case, ours)


def is_interpreted(parsed: ir.Template | ir.Condition | ir.Compute) -> bool:
    match parsed:
        case ir.Template(body=liquid) | ir.Condition(test=liquid) | ir.Compute(value=liquid):
            return liquid is None


def assert_expected(case: dict[str, Any], outcome: tuple[str, object]) -> None:
    if "length" in case:
        assert (outcome[0], len(str(outcome[1]))) == ("text", case["length"])
        return
    if "value" in case:
        assert same(outcome[1], case["value"])
        return
    if "missing" in case:
        assert outcome == ("holds", MISSING)
        return
    kind = next(kind for kind in ("text", "holds", "fault", "skip") if kind in case)
    assert outcome == (kind, case[kind])


@pytest.mark.parametrize("path", [pytest.param(p, id=p.stem) for p in sorted(CLEVERTAP.glob("*.liquid"))])
def test_clevertap_sample(path: Path) -> None:
    # The samples were rendered at this moment.
    request = mapper.Request(received_at="2026-01-15T10:20:30Z")
    broken = {"docs_salesforce_space_in_name": "M211", "docs_loyaltylion_lowercase_objects": "M216"}
    report = Report()
    parsed = template(path.read_text("utf-8"), report, dialect())
    if path.stem in broken:
        assert parsed is None
        assert {d.code for d in report.diagnostics} == {broken[path.stem]}
        return
    assert parsed is not None
    assert not report.has_errors
    item = json.loads(path.with_suffix(".data.json").read_text("utf-8"))
    expected = "text", path.with_suffix(".rendered.txt").read_text("utf-8")
    assert run_generated(parsed, item, request) == expected
    assert run_library(parsed, item, request) == expected


def test_samples_are_there() -> None:
    if not CLEVERTAP.exists():
        pytest.skip("the shared samples are not on this machine")
    assert len(list(CLEVERTAP.glob("*.liquid"))) > 10


def test_generated_code_reads_like_code() -> None:
    parsed = template("{{ a.b | downcase }}, {{ a.c | default: 'none' }}")
    assert parsed is not None
    body = generated(parsed).partition("def run(item, body, request):\n")[2]
    assert body == (
        "    a_1 = item.get('a', MISSING) if isinstance(item, dict) else MISSING\n"
        "    b_1 = a_1.get('b', MISSING) if isinstance(a_1, dict) else MISSING\n"
        "    downcase_1 = b_1.lower() if type(b_1) is str else apply(_DOWNCASE_1, 0, b_1)\n"
        "    c_1 = a_1.get('c', MISSING) if isinstance(a_1, dict) else MISSING\n"
        "    value_1 = c_1 if type(c_1) is str and c_1 else default(c_1, 'none')\n"
        "    part_1 = value_1 if type(value_1) is str else to_text(value_1, 1)\n"
        "    text_1 = downcase_1 + ', ' + part_1\n"
        "    if len(text_1) > 1000000:\n"
        "        too_long(2)\n"
        "    return text_1"
    )


def test_code_without_filters_does_not_import_the_library() -> None:
    parsed = condition("uid == blank and a.b contains 'x' or n > 1")
    assert parsed is not None
    assert "filters" not in generated(parsed)
    assert "library" not in generated(parsed)


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("dialect: x\nfilter: [a]\n", "M012", "filter"),
        ("dialect: x\ntags: if\n", "M012", "if"),
        ("dialect: x\nnotes: [a]\n", "M012", "[a]"),
        ("dialect: [x]\n", "M012", "[x]"),
        ("dialect: x\nnow: clock\n", "M012", "clock"),
        ("dialect: x\nzone: Mars/Olympus\n", "M012", "Mars/Olympus"),
        ("dialect: x\nnumbers: decimals\n", "M012", "decimals"),
        ("dialect: x\ndates: texts\n", "M012", "texts"),
        ("dialect: x\nrenders_differently: {truncat: y}\n", "M012", "truncat"),
        ("dialect: x\nrenders_differently: {truncate of texts: y}\n", "M012", "truncate of texts"),
    ],
)
def test_wrong_dialect(tmp_path: Path, text: str, code: str, at: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, "utf-8")
    report = Report()
    assert load_dialect(path, report) is None
    assert [(d.code, d.span.text if d.span else None) for d in report.diagnostics] == [(code, at)]


def test_missing_dialect(tmp_path: Path) -> None:
    report = Report()
    assert load_dialect(tmp_path / "x.yaml", report) is None
    assert [d.code for d in report.diagnostics] == ["M009"]


def test_dialect_names_its_digests(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "dialect: x\nfilters: [sha2, hmac_sha1_hex]\nundocumented_filters: [hmac_sha1_base64]\n", "utf-8"
    )
    used = load_dialect(path, Report())
    assert used is not None
    report = Report()
    parsed = template(
        "{{ a | sha2 }} {{ a | hmac_sha1_hex: 'k' }} {{ a | hmac_sha1_base64: 'k' }}", report, used
    )
    assert [d.code for d in report.diagnostics] == ["M215"]
    expected = (
        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb "
        "40e7d441cadb17b07f050341aa23a6820ed81c8b QOfUQcrbF7B/BQNBqiOmgg7YHIs="
    )
    assert run_generated(parsed, {"a": "a"}) == run_library(parsed, {"a": "a"}) == ("text", expected)
    report = Report()
    assert template("{{ a | sha256 }}{{ a | hmac_sha256_hex: 'k' }}", report, used) is None
    assert [d.code for d in report.diagnostics] == ["M215", "M215"]
