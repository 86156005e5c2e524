"""Answers: each question about a field is proven, refuted by a payload that fails, or open, and never lost.

A case has the properties `a` and `b` of the source, all required but those in `optional`, the schema of the
target's field `f`, and the mapping's value for it; `others` are more fields, `whole` more of the target. An
answer is `proven`, `refuted` by a payload, `certain` for every payload, or `open`. The open ones are printed
in a `.txt` beside the table (`pytest --update`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import mapper
from mapper.checker.search.runner import Payload
from mapper.compiler import Analysis, analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import read_source
from mapper.diagnostics.render import render_text
from mapper.transform.runner import ProgramRunner
from support.golden import Golden
from support.places import TESTS
from support.shown_payloads import whole_numbers
from support.validators import reference
from support.yaml_text import load_yaml

SHOWN = re.compile(r"smallest payload that fails: `(.*)`$")
TABLES = sorted((TESTS / "cases" / "answers").glob("*.yaml"))


def table(path: Path) -> list[dict[str, Any]]:
    return load_yaml(path)


CASES = [pytest.param(case, id=f"{path.stem}: {case['idea']}") for path in TABLES for case in table(path)]


def source_of(case: dict[str, Any]) -> dict[str, Any]:
    required = [name for name in case["source"] if name not in case.get("optional", [])]
    return {"type": "object", "properties": case["source"], "required": required}


def write(case: dict[str, Any], folder: Path) -> Path:
    """The mapping of a case as a file, with its schemas beside it."""
    required = ["f"] if case.get("required") else []
    target = {"type": "object", "properties": {"f": case["target"]}, "required": required}
    target |= case.get("whole", {})
    lines = ["mapping: case", "version: 1", "source: source.schema.json", "target: target.schema.json"]
    fields = {"f": case["field"], **case.get("others", {})}
    lines += ["event:", *(f"  {name}: {json.dumps(value)}" for name, value in fields.items())]
    for name, schema in (("source", source_of(case)), ("target", target)):
        text = json.dumps(schema, indent=2)
        (folder / f"{name}.schema.json").write_text(text, encoding="utf-8")
    file = folder / "case.yaml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("case", CASES)
def test_a_question_is_answered(case: dict[str, Any], tmp_path: Path) -> None:
    analysis = analysed(write(case, tmp_path))
    found = analysis.report.ordered()
    codes = [each.code for each in found]
    match case["answer"]:
        case "proven":
            assert not codes, render_text(found)
        case "refuted":
            assert codes == [case["code"]], render_text(found)
        case "certain":
            assert codes == [case["code"]], render_text(found)
        case "open":
            assert codes == ["M412"], render_text(found)
    for each in found:
        payload = shown(each)
        assert (payload is None) is (each.code == "M412" or case["answer"] == "certain"), render_text(found)
        if each.code == "M412":
            assert each.severity is mapper.Severity.WARNING
        elif payload is not None:
            assert reference(source_of(case)).is_valid(payload)
            assert is_rejected(analysis, payload)


def shown(diagnostic: mapper.Diagnostic) -> Any:
    found = [match for hint in diagnostic.hints if (match := SHOWN.search(hint))]
    return json.loads(whole_numbers(found[0][1])) if found else None


def analysed(path: Path) -> Analysis:
    file = read_source(path, Report())
    assert file is not None
    return analyse(file, path.parent, Report())


def is_rejected(analysis: Analysis, payload: object) -> bool:
    """True if the mapping rejects a payload; it is run even if it does not compile because of that."""
    program, target = analysis.program, analysis.references.target
    assert program is not None
    assert target is not None
    execute = ProgramRunner(analysis.file, None, objects_only=True).prepare(program, target.document)
    return bool(execute(Payload(payload, {}, {}, {}, None)).faults)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_open_questions_are_put_in_words(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    monkeypatch.chdir(tmp_path)
    parts = []
    for case in table(path):
        if case["answer"] == "open":
            text = render_text(analysed(write(case, tmp_path)).report.ordered()).replace(f"{tmp_path}/", "")
            parts.append(f"## {case['idea']}\n\n{text}")
    golden(path.with_suffix(".txt"), "\n".join(parts))
