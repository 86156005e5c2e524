"""Generated code, reviewed like code: golden/generated/<name>.yaml becomes <name>.py and <name>.narrow.py."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mapper
from support.golden import Golden
from support.places import TESTS

FOLDER = TESTS / "golden" / "generated"
MAPPINGS = sorted(FOLDER.glob("*.yaml"))


def compiled(path: Path) -> mapper.Transform:
    return mapper.compile(path.read_text(encoding="utf-8"), filename=path.name)


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda p: p.stem)
def test_generated_source(path: Path, golden: Golden) -> None:
    module = compiled(path)._compiled
    for suffix, text in ((".py", module.python), (".narrow.py", module.narrow)):
        if text:
            golden(path.with_suffix(suffix), text.replace(f"mapper {mapper.__version__} ", "mapper "))


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda p: p.stem)
def test_every_line_names_its_place(path: Path) -> None:
    """The comment `# line 7` and the line map say the same, and point into the mapping."""
    transform = compiled(path)
    for number, line in enumerate(transform.python.splitlines(), start=1):
        _, marked, place = line.rpartition("  # line ")
        if marked:
            assert transform.mapping_line(number) == int(place)


def modules(path: Path) -> list[str]:
    """The decoded and the narrow module of a mapping."""
    module = compiled(path)._compiled
    return [text for text in (module.python, module.narrow) if text]


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda p: p.stem)
def test_only_the_run_time_is_imported(path: Path) -> None:
    for text in modules(path):
        check_imports(ast.parse(text))


def check_imports(tree: ast.Module) -> None:
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert modules
    assert all(module.startswith(("mapper.runtime.", "mapper.regex.")) for module in modules)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda p: p.stem)
def test_every_name_is_used(path: Path) -> None:
    """No import, constant or local is idle; rounds of a loop are held for loops inside."""
    for text in modules(path):
        check_names(ast.parse(text))


def check_names(tree: ast.Module) -> None:
    members = {node.target for node in ast.walk(tree) if isinstance(node, ast.AnnAssign)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in members]
    imported = {
        alias.asname or alias.name
        for n in ast.walk(tree)
        if isinstance(n, ast.ImportFrom)
        for alias in n.names
    }
    stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    loaded = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    unused = {name for name in (imported | stored) - loaded if not name.startswith("rounds_")}
    assert unused <= {"SITES", "FIELDS", "REASONS", "LEVELS", "GROWTH", "EACH", "SPLIT", "ITEM", "ALONE"}
