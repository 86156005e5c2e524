"""The mapping language, one idea a file: tests/cases/language/<topic>/<idea>.yaml.

A case holds either a whole `mapping` with its `payload` (or raw `body`), an optional `request` and the whole
`result`; or `properties`, the YAML of `event_properties` in the frame below, with the `output` expected there
(or `rejected`, the codes). `errors` instead of a result lists the compile errors as `code line:column`, in
order; `hint` is a part of one of the hints; `warnings` are listed like errors. `source` and `target` are
schemas, written beside the mapping as `source.schema.json` and `target.schema.json`.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from agreement import assert_agreement, same

import mapper
from mapper.compiler import check_file
from mapper.diagnostics.render import render_text
from mapper.samples.cases import request_of, result_document

CASES = Path(__file__).parent / "cases" / "language"
KEYS = {
    *("idea", "mapping", "properties", "source", "target"),
    *("payload", "body", "request"),
    *("result", "output", "rejected", "errors", "hint", "warnings"),
}

FRAME = """\
mapping: case
version: 1
event:
  event_id: e-1
  event_name: Case
  user_id: u-1
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties:
"""
EVENT = {"event_id": "e-1", "event_name": "Case", "user_id": "u-1", "timestamp": "2026-11-23T20:00:00.000Z"}


class _Loader(yaml.CSafeLoader):
    """YAML whose dates stay text, as in mappings."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read_case(path: Path) -> dict[str, Any]:
    case = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # a safe loader
    assert set(case) <= KEYS, f"unknown keys {set(case) - KEYS}"
    assert case.get("idea"), "a case says its idea"
    return case


def write_mapping(case: dict[str, Any], folder: Path) -> Path:
    """The mapping of a case as a file, with its schemas beside it."""
    text = case.get("mapping")
    if text is None:
        text = FRAME + indent(case["properties"], "    ")
        text += "source: source.schema.json\n" if "source" in case else ""
    for name in ("source", "target"):
        if name in case:
            (folder / f"{name}.schema.json").write_text(json.dumps(case[name], indent=2), encoding="utf-8")
    path = folder / "case.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def listed(diagnostics: tuple[mapper.Diagnostic, ...], severity: str) -> list[str]:
    found = [d for d in diagnostics if d.severity.value == severity]
    return [f"{d.code} {d.span.line}:{d.span.column}" if d.span else d.code for d in found]


@pytest.mark.parametrize("path", sorted(CASES.rglob("*.yaml")), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_case(path: Path, tmp_path: Path) -> None:
    case = read_case(path)
    file = write_mapping(case, tmp_path)
    diagnostics = check_file(file)
    assert listed(diagnostics, "error") == case.get("errors", []), show(diagnostics)
    assert listed(diagnostics, "warning") == case.get("warnings", []), show(diagnostics)
    if "hint" in case:
        assert any(case["hint"] in hint for d in diagnostics for hint in d.hints), show(diagnostics)
    if "errors" in case:
        return
    transform = mapper.load(file)
    payload = case["body"].encode() if "body" in case else case["payload"]
    request = request_of(case.get("request", {}))
    result = result_document(transform(payload, request))
    assert same(result, expected_result(case)), f"{result}\n{transform.python}"
    assert_agreement(transform, payload, request)
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
