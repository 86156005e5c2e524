"""The mapping language, one idea a file: tests/cases/language/<topic>/<idea>.yaml.

A case holds either a whole `mapping` with its `payload` (or raw `body`), an optional `request` and the whole
`result`; or `properties`, the YAML of `event_properties` in the frame below, with the `output` expected there
(or `rejected`, the codes). `errors` instead of a result lists the compile errors as `code line:column`.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from agreement import assert_agreement, same

import mapper
from mapper.samples import request_of, result_document

CASES = Path(__file__).parent / "cases" / "language"
KEYS = {
    "idea",
    "mapping",
    "properties",
    "payload",
    "body",
    "request",
    "result",
    "output",
    "rejected",
    "errors",
    "warnings",
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


def mapping_text(case: dict[str, Any]) -> str:
    return case["mapping"] if "mapping" in case else FRAME + indent(case["properties"], "    ")


@pytest.mark.parametrize("path", sorted(CASES.rglob("*.yaml")), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_case(path: Path) -> None:
    case = read_case(path)
    text = mapping_text(case)
    if "errors" in case:
        found = [
            f"{d.code} {d.span.line}:{d.span.column}"
            for d in mapper.check(text)
            if d.severity.value == "error" and d.span
        ]
        assert found == case["errors"], mapper.check(text)
        return
    transform = mapper.compile(text)
    assert [d.code for d in transform.diagnostics] == case.get("warnings", [])
    payload = case["body"].encode() if "body" in case else case["payload"]
    request = request_of(case.get("request", {}))
    result = result_document(transform(payload, request))
    assert same(result, expected_result(case)), f"{result}\n{transform.python}"
    assert_agreement(transform, payload, request)


def expected_result(case: dict[str, Any]) -> dict[str, Any]:
    if "output" in case:
        return {"events": [{**EVENT, "event_properties": case["output"]}], "skipped": [], "rejected": []}
    if "rejected" in case:
        return {"events": [], "skipped": [], "rejected": [{"item": 0, "codes": case["rejected"]}]}
    empty: dict[str, Any] = {"events": [], "skipped": [], "rejected": []}
    return empty | case["result"]
