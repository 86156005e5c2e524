"""Faulty mappings, one fault each, with what is said of it; beside each one a near miss that is clean.

A case names the lines of a small mapping that make the `fault`, and those of its `near` miss; `top` holds for
both. What the checker says of the fault stands in a `.txt` beside the table (`pytest --update` rewrites it).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import mapper
from mapper.api import check_file
from mapper.checker.search.runner import Payload
from mapper.compiler import examine
from mapper.diagnostics.diagnostic import Diagnostic, Report
from mapper.diagnostics.files import read_source
from mapper.diagnostics.render import render_text
from mapper.transform.runner import ProgramRunner
from support.places import ROOT, TESTS
from support.shown_payloads import whole_payload
from support.yaml_text import load_yaml

FAULTS = TESTS / "cases" / "faults"
TABLES = sorted(FAULTS.glob("*.yaml"))
FRAME = {
    "event_id": "e-1",
    "event_name": "Case",
    "user_id": "u-1",
    "timestamp": "2026-11-23T20:00:00.000Z",
    "event_properties": "{}",
}
TOP_LEVEL = ("each", "vars", "skip")
SHOWN = re.compile(r"smallest payload that fails: `(.*?)`$")


def table(path: Path) -> list[dict[str, Any]]:
    return load_yaml(path)


CASES = [
    pytest.param(path, case, id=f"{path.stem}: {case['idea']}") for path in TABLES for case in table(path)
]


def write(path: Path, case: dict[str, Any], lines: dict[str, Any], folder: Path) -> Path:
    """The mapping of a case as a file, with its schemas beside it."""
    given = {**case.get("top", {}), **lines}
    fields = {"id": "e-1"} if path.stem == "target" else FRAME
    text = ["mapping: case", "version: 1", "source: source.schema.json"]
    text += ["target: target.schema.json"] if path.stem == "target" else []
    text += [f"{key}: {given[key]}" for key in TOP_LEVEL if key in given]
    text += ["event:"]
    fields = {**fields, **{key: value for key, value in given.items() if key not in TOP_LEVEL}}
    text += [f"  {key}: {json.dumps(v) if not isinstance(v, str) else v}" for key, v in fields.items()]
    for name in ("source", "target"):
        schema = (FAULTS / f"{name}.schema.json").read_text("utf-8")
        (folder / f"{name}.schema.json").write_text(schema, encoding="utf-8")
    file = folder / "case.yaml"
    file.write_text("\n".join(text) + "\n", encoding="utf-8")
    return file


def said_of(path: Path, folder: Path) -> str:
    parts = []
    for case in table(path):
        file = write(path, case, case["fault"], folder)
        text = render_text(check_file(file)[0]).replace(f"{folder}/", "").replace(f"{ROOT}/", "")
        parts.append(f"## {case['idea']}\n\n{text}")
    return "\n".join(parts)


@pytest.mark.slow
@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_what_is_said_of_each_fault(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    golden = path.with_suffix(".txt")
    found = said_of(path, tmp_path)
    if update:
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text("utf-8")


@pytest.mark.parametrize(("path", "case"), CASES)
def test_a_near_miss_is_silent(path: Path, case: dict[str, Any], tmp_path: Path) -> None:
    found = check_file(write(path, case, case["near"], tmp_path))[0]
    assert not found, render_text(found)


@pytest.mark.parametrize(("path", "case"), CASES)
def test_a_fault_is_found_and_only_that(path: Path, case: dict[str, Any], tmp_path: Path) -> None:
    """A payload that is shown with it fails."""
    file = read_source(write(path, case, case["fault"], tmp_path), Report())
    assert file is not None
    analysis = examine(file, tmp_path, Report())
    found = analysis.report.ordered()
    assert len(found) == 1, render_text(found)
    assert found[0].span is not None
    assert found[0].labels[0].text or found[0].hints
    assert found[0].code == case.get("code", found[0].code)
    text = render_text(found).replace(f"{tmp_path}/", "").replace(f"{ROOT}/", "")
    assert f"## {case['idea']}\n\n{text}" in path.with_suffix(".txt").read_text("utf-8")
    assert analysis.references.source is not None
    for diagnostic in found:
        text = shown(diagnostic)
        if text is None:
            assert "smallest payload" not in str(diagnostic.hints)
            continue
        payload, _ = whole_payload(text, analysis.references.source.document)
        runner = ProgramRunner(file, analysis.references.source, objects_only=True)
        assert runner.fits_source(payload)
        execute = runner.prepare(analysis.program, analysis.references.target.document)
        run = execute(Payload(payload, {}, {}, {}, None))
        assert run.faults
        assert not run.skipped
        if diagnostic.severity is mapper.Severity.WARNING:
            result = mapper.load(tmp_path / "case.yaml")(payload)
            assert len(result.rejected) == result.items == 1


def shown(diagnostic: Diagnostic) -> str | None:
    found = [match for hint in diagnostic.hints if (match := SHOWN.search(hint))]
    return found[0][1] if found else None


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60
