"""The words of rejections: cases in tests/cases/rejections, with everything that is printed of them.

A table has a `mapping` and `cases`. Each has a name and a body, as text, in hexadecimal or as JSON
(`payload`). It may add `lines` to the mapping and put a `value` into its event properties. `pytest --update`
rewrites the `.txt` beside the table. Both paths must give the same words.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mapper
from mapper.diagnostics.render import render_text
from support.golden import Golden
from support.places import TESTS
from support.yaml_text import load_yaml

TABLES = sorted((TESTS / "cases" / "rejections").glob("*.yaml"))


def body_of(case: dict[str, Any]) -> bytes:
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    return case["body"].encode() if "body" in case else json.dumps(case["payload"]).encode()


def printed(rejected: list[mapper.Rejected], *, show_values: bool) -> str:
    return "\n".join(render_text(one.diagnostics, show_values=show_values) for one in rejected)


def written(table: dict[str, Any], case: dict[str, Any]) -> str:
    """The text of the mapping of a case."""
    text: str = table["mapping"]
    if "value" in case:
        text = text.replace("event_properties: {}", f"event_properties: {{p: {case['value']}}}")
    return text + case.get("lines", "")


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_rejections_are_explained(path: Path, golden: Golden) -> None:
    table = load_yaml(path)
    parts = []
    for case in table["cases"]:
        assert set(case) <= {"name", "body", "hex", "payload", "lines", "value"}
        transform, body = mapper.compile(written(table, case), filename="case.yaml"), body_of(case)
        rejected = transform(body).rejected
        assert rejected, case["name"]
        words = printed(rejected, show_values=True)
        assert printed(transform.json(body).rejected, show_values=True) == words, case["name"]
        assert all(d.message for one in rejected for d in one.diagnostics)
        parts.append(f"## {case['name']}\n{words}")
    golden(path.with_suffix(".txt"), "\n".join(parts))
