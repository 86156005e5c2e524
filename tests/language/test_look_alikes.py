"""Look-alikes: mistakes that would be data are reported with the fix, and data is not reported.

The values are in tests/cases/look_alikes: `data.txt` has one a line, `mistakes.yaml` has rows of a value, the
code (with `?` for a warning) and a part of a hint.
"""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

import mapper
from mapper.api import check_file
from mapper.diagnostics.render import render_text
from mapper.language.value_reader import OPERATORS
from support.language_cases import FRAME
from support.places import LANGUAGE_PAGES, ROOT, TESTS
from support.yaml_text import load_yaml

FOLDER = TESTS / "cases" / "look_alikes"
DATA = [
    line
    for line in (FOLDER / "data.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
MISTAKES: list[Any] = load_yaml(FOLDER / "mistakes.yaml")


def found_in(value: str) -> tuple[mapper.Diagnostic, ...]:
    """The diagnostics of a mapping with this value below `event_properties`."""
    return mapper.check(FRAME + indent(f"v: {value}\n", "    "), filename="t.yaml")


@pytest.mark.parametrize("value", DATA)
def test_data_is_not_reported(value: str) -> None:
    found = found_in(value)
    assert not found, render_text(found)


def test_there_is_enough_data() -> None:
    assert len(DATA) == len(set(DATA)) >= 200


@pytest.mark.parametrize(("value", "code", "hint"), MISTAKES)
def test_a_mistake_is_reported_with_its_fix(value: str, code: str, hint: str) -> None:
    (found,) = found_in(value)
    assert found.code + ("?" if found.severity is mapper.Severity.WARNING else "") == code
    assert any(hint in each for each in found.hints), render_text([found])


@pytest.mark.parametrize("value", [v for v, code, _ in MISTAKES if v.startswith("{") and "M127" in code])
def test_object_above_the_keys_silences(value: str) -> None:
    if "{pth:" not in value or value.startswith("{pth:"):
        assert "M127" not in [d.code for d in found_in(f"{{object: {value}}}")]


@pytest.mark.parametrize("value", [v for v, code, _ in MISTAKES if not v.startswith(("[", "{"))])
def test_literal_beside_the_text_silences(value: str) -> None:
    assert not found_in(f"{{literal: {value}}}")


@pytest.mark.parametrize("name", OPERATORS)
def test_each_operator_has_a_look_alike(name: str) -> None:
    """A new operator is covered by its row in the table: in capitals it is reported beside a modifier."""
    parts = "".join(f", {key}: {{x: y}}" for key in OPERATORS[name].required)
    form = OPERATORS[name].form
    operand = {"array": "[$.a]", "object": "{a: 1}"}.get(form.get("type", ""), "$.a")
    if "const" in form:
        operand = str(form["const"]).lower()
    if "#/$defs/fields" in form.values():
        operand = "{a: 1}"
    if "not" in form:
        operand = "name"
    found = found_in(f"{{{name.upper()}: {operand}{parts}, on_missing: reject}}")
    assert [d.code for d in found] == ["M127"], render_text(found)
    assert f"`{name}`" in found[0].hints[0]


def test_examples_of_the_documentation_are_not_reported() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in LANGUAGE_PAGES)
    examples = re.findall(r"^```yaml\n(.*?)^```\n(?!```text error)", text, re.DOTALL | re.MULTILINE)
    assert len(examples) > 50
    for example in examples:
        whole = example if "mapping:" in example else FRAME + indent(example, "    ")
        found = [d for d in mapper.check(whole, filename="t.yaml") if d.code in ("M127", "M128")]
        assert not found, render_text(found)


@pytest.mark.parametrize("path", sorted((ROOT / "mappings").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_mappings_are_not_reported(path: Path) -> None:
    found = [d for d in check_file(path)[0] if d.code in ("M127", "M128")]
    assert not found, render_text(found)
