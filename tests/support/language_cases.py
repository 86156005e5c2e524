"""Cases of the language: reads tests/cases/language/<topic>/<idea>.yaml and writes the mapping of a case.

A case holds either a whole `mapping` with its `payload` (or raw `body`), an optional `request` and the whole
`result`; or `properties`, the YAML of `event_properties` in the frame below (and `body_format`, that of
`body`), with the `output` expected there (or `rejected`, the codes). `errors` instead of a result lists the
compile errors as `code line:column`, in order; `hint` is a part of one of the hints; `warnings` are listed
like errors. `source`, `target` and `schema` (of the whole body) are schemas, written beside the mapping as
`source.schema.json` and so on.
"""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import indent
from typing import Any

from support.places import TESTS
from support.yaml_text import load_yaml

CASES = TESTS / "cases" / "language"
KEYS = {
    *("idea", "mapping", "properties", "source", "target", "schema"),
    *("payload", "body", "body_format", "request"),
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


def read_case(path: Path) -> dict[str, Any]:
    """The data of a case; its keys are known."""
    case = load_yaml(path)
    assert set(case) <= KEYS, f"unknown keys {set(case) - KEYS}"
    assert case.get("idea"), "a case says its idea"
    return case


def write_mapping(case: dict[str, Any], folder: Path) -> Path:
    """The mapping of a case as a file, with its schemas beside it."""
    text = case.get("mapping")
    if text is None:
        text = FRAME + indent(case["properties"], "    ")
        text += "source: source.schema.json\n" if "source" in case else ""
        text += f"\nbody: {case['body_format']}\n" if "body_format" in case else ""
    for name in ("source", "target", "schema"):
        if name in case:
            (folder / f"{name}.schema.json").write_text(json.dumps(case[name], indent=2), encoding="utf-8")
    path = folder / "case.yaml"
    path.write_text(text, encoding="utf-8")
    return path
