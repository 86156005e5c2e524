"""Claims: the answers of the checker about one field, each held against payloads.

A case has the schema `a` of a required member of the item (or a whole `source`), the value `f` of a field or
the other keys of the `mapping`, the schema of the field (`target`), the codes and severities that the checker
says, and payloads: values of `a`, or whole items. Payloads that do not fit the source are passed over. If
nothing is said, each of the others becomes an event. `or` is for a question that a better search may answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mapper.compiler import Analysis
from support.claims import checked, judge
from support.places import TESTS
from support.validators import reference
from support.yaml_text import load_yaml

CASES = [
    pytest.param(case, id=f"{path.stem}: {case['idea']}")
    for path in sorted((TESTS / "cases" / "claims").glob("*.yaml"))
    for case in load_yaml(path)
]
KEYS = {"idea", "a", "source", "f", "mapping", "target", "says", "payloads"}


def whole(case: dict[str, Any]) -> dict[str, Any]:
    """The case with whole schemas and payloads."""
    assert set(case) <= KEYS, case
    source = case.get("source")
    payloads = case["payloads"]
    if source is None:
        source = {"type": "object", "properties": {"a": case["a"]}, "required": ["a"]}
        payloads = [{"a": value} for value in payloads]
    target = {"type": "object", "properties": {"f": case.get("target", True)}, "required": ["f"]}
    rest = case.get("mapping") or {"event": {"f": case["f"]}}
    mapping = {"mapping": "claim", "source": "source.schema.json", "target": "target.schema.json", **rest}
    return {"mapping": mapping, "source": source, "target": target, "payloads": payloads}


@pytest.mark.parametrize("case", CASES)
def test_an_answer_holds_for_payloads(case: dict[str, Any], tmp_path: Path) -> None:
    given = whole(case)
    analysis: Analysis = checked(tmp_path, given)
    said = sorted({f"{each.code} {each.severity.value}" for each in analysis.report.diagnostics})
    assert len(said) == len(case["says"]), analysis.report.ordered()
    assert all(one in wanted.split(" or ") for one, wanted in zip(said, case["says"], strict=True)), said
    assert any(map(reference(given["source"]).is_valid, given["payloads"])), "no payload fits"
    assert judge(tmp_path, given).broken == ()
