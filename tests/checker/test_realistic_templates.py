"""Templates as people write them: the checker's answer, held against payloads of the source schema.

tests/cases/realistic_templates: `schemas.yaml` has the sources and targets by name, the other files the
templates. `says` are the codes of a template that is wrong or open; without it nothing is said. `open` is
the reason why a question stays open.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mapper.catalog import shipped_schemas
from support.claims import OPEN, judge
from support.places import TESTS
from support.schema_values import values_of_schema
from support.yaml_text import load_yaml

FOLDER = TESTS / "cases" / "realistic_templates"
KEYS = {"name", "source", "target", "skip", "template", "says", "open"}
SCHEMAS = load_yaml(FOLDER / "schemas.yaml")
EVENT = json.loads((shipped_schemas() / "event.schema.json").read_text("utf-8"))
TARGETS = {"event": EVENT, **SCHEMAS["targets"]}
CASES = [
    pytest.param(case, id=case["name"])
    for path in sorted(FOLDER.glob("*.yaml"))
    if path.name != "schemas.yaml"
    for case in load_yaml(path)
]
PAYLOADS = 6


@cache
def payloads(source: str) -> list[Any]:
    return values_of_schema(SCHEMAS["sources"][source], Random(source), PAYLOADS)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_an_answer_holds_for_payloads(case: dict[str, Any], tmp_path: Path) -> None:
    assert set(case) <= KEYS, case
    rules = {"skip": [{"when": case["skip"], "reason": "not wanted"}]} if "skip" in case else {}
    schemas = {"source": "source.schema.json", "target": "target.schema.json"}
    judgement = judge(
        tmp_path,
        {
            "mapping": {"mapping": "realistic", **schemas, **rules, "template": case["template"]},
            "source": SCHEMAS["sources"][case["source"]],
            "target": TARGETS[case["target"]],
            "payloads": payloads(case["source"]),
        },
    )
    codes = [word for word in judgement.words if word[0] == "M" and word[1:].isdigit()]
    assert codes == case.get("says", "").split(), judgement.words
    assert judgement.broken == ()
    assert "no payload" not in judgement.words


def test_few_questions_stay_open() -> None:
    given = [case.values[0] for case in CASES]
    open_ones = [case for case in given if OPEN in case.get("says", "")]
    assert len(given) >= 80
    assert len(open_ones) <= 4
    assert all("open" in case for case in open_ones)
