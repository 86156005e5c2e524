"""The mapping language, one idea a file: tests/cases/language/<topic>/<idea>.yaml."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import mapper
from mapper.diagnostics.render import render_text
from mapper.samples.cases import request_of, result_document
from support.agreement import assert_agreement, same
from support.both_paths import assert_same
from support.language_cases import CASES, EVENT, read_case, write_mapping


def listed(diagnostics: tuple[mapper.Diagnostic, ...], severity: str) -> list[str]:
    found = [d for d in diagnostics if d.severity.value == severity]
    return [f"{d.code} {d.span.line}:{d.span.column}" if d.span else d.code for d in found]


@pytest.mark.parametrize("path", sorted(CASES.rglob("*.yaml")), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_case(path: Path, tmp_path: Path) -> None:
    case = read_case(path)
    file = write_mapping(case, tmp_path)
    try:
        transform = mapper.load(file)
        diagnostics = transform.diagnostics
    except mapper.CompileError as error:
        diagnostics = error.diagnostics
    assert listed(diagnostics, "error") == case.get("errors", []), show(diagnostics)
    assert listed(diagnostics, "warning") == case.get("warnings", []), show(diagnostics)
    if "hint" in case:
        assert any(case["hint"] in hint for d in diagnostics for hint in d.hints), show(diagnostics)
    if "errors" in case:
        return
    payload = case["body"].encode() if "body" in case else case["payload"]
    request = request_of(case.get("request", {}))
    result = result_document(transform(payload, request))
    assert same(result, expected_result(case)), f"{result}\n{transform.python}"
    assert_agreement(transform, payload, request)
    assert_same(transform, payload if isinstance(payload, bytes) else json.dumps(payload).encode(), request)
    assert same(result_document(pickle.loads(pickle.dumps(transform))(payload, request)), result)


def show(diagnostics: tuple[mapper.Diagnostic, ...]) -> str:
    return render_text(diagnostics)


def expected_result(case: dict[str, Any]) -> dict[str, Any]:
    if "output" in case:
        return {"events": [{**EVENT, "event_properties": case["output"]}], "skipped": [], "rejected": []}
    if "rejected" in case:
        return {"events": [], "skipped": [], "rejected": [{"item": 0, "codes": case["rejected"]}]}
    empty: dict[str, Any] = {"events": [], "skipped": [], "rejected": []}
    return empty | case["result"]
