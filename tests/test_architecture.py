"""Architecture: the way through the house, and the rules that keep it readable."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import mapper
from mapper.catalog import find_mappings

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "mapper"
MODULES = sorted(PACKAGE.rglob("*.py"))

# The total order of stages. A module imports from its own stage and from those before it, wherever in the
# file the import stands. What generated code may call comes first: it knows nothing of the compiler.
ORDER = """
    regex runtime
    version diagnostics
    language schemas ir expressions
    catalog
    checker codegen transform
    interpreter
    compiler
    samples streams cli
"""
STAGES = ORDER.split()

MODULE_LINES = 500
FUNCTION_LINES = 60
LONG_FUNCTIONS: dict[str, str] = {}  # `mapper.module.function`: why it is better in one piece

FORBIDDEN_NAMES = {"utils", "util", "helpers", "common", "base", "misc", "manager", "handler"}
# `segment` alone is a word of JSONPath, so that vendor is known by its file and domain names.
VENDORS = re.compile(
    r"\b(moengage|clevertap|webengage|amplitude|rudderstack|segment\.(yaml|schema|com|io))\b", re.IGNORECASE
)
TOP_LEVEL = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "docs",
    "mapper",
    "mappings",
    "pyproject.toml",
    "schemas",
    "tests",
}
LEFT_BY_TOOLS = {"build", "dist", "__pycache__"}  # .gitignore names them


def dotted(path: Path) -> str:
    """`mapper.ir.jsonpath` for a module, `mapper.ir` for the package itself."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {dotted(path) for path in MODULES}


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and module of every import, also inside functions; `from mapper import ir` is `mapper.ir`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                yield node.lineno, deeper if deeper in NAMES else str(node.module)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def own_imports(path: Path) -> list[tuple[int, str]]:
    return [(line, name) for line, name in imported(parse(path)) if name.split(".")[0] == "mapper"]


def stage(module: str) -> int:
    """The position of a module's stage; the public face and `__main__` stand behind all others."""
    parts = module.split(".")
    return STAGES.index(parts[1]) if len(parts) > 1 and parts[1] != "__main__" else len(STAGES)


def test_every_module_has_a_stage() -> None:
    stages = {name.split(".")[1] for name in NAMES if "." in name} - {"__main__"}
    assert stages == set(STAGES), "STAGES and the modules of mapper/ differ"


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_module_imports_only_from_earlier_stages(path: Path) -> None:
    module = dotted(path)
    late = [f"{path}:{line}: {name}" for line, name in own_imports(path) if stage(name) > stage(module)]
    assert not late


def test_modules_import_each_other_without_cycles() -> None:
    graph = {dotted(path): {name for _, name in own_imports(path)} - {dotted(path)} for path in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("import cycle: " + " → ".join(error.args[1]))


@pytest.mark.parametrize("path", find_mappings(), ids=lambda path: path.stem)
def test_generated_code_imports_the_runtime_and_patterns_alone(path: Path) -> None:
    names = [name for _, name in imported(ast.parse(mapper.load(path).python)) if name.startswith("mapper")]
    assert names
    assert all(name.startswith(("mapper.runtime.", "mapper.regex.")) for name in names), names


def test_modules_are_short() -> None:
    lengths = {dotted(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > MODULE_LINES} == {}


def test_functions_are_short() -> None:
    lengths = {
        f"{dotted(path)}.{node.name}": node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    }
    long = {name: length for name, length in lengths.items() if length > FUNCTION_LINES}
    assert long.keys() == LONG_FUNCTIONS.keys(), long


def test_no_module_is_an_attic() -> None:
    names = {part for name in NAMES for part in name.split(".")}
    assert not names & FORBIDDEN_NAMES


def test_a_vendor_is_data() -> None:
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if VENDORS.search(line)
    ]
    assert not found


def test_no_module_has_unfinished_business() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplemented")
    found = [
        f"{dotted(path)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert not found


def test_the_public_names_are_documented() -> None:
    page = (ROOT / "docs" / "python.md").read_text("utf-8")
    section = page.partition("\n## All names of the API\n")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| `mapper\.(\w+)", section, re.M))
    assert listed == set(mapper.__all__), "docs/python.md has a row `mapper.NAME` for each of mapper.__all__"
    assert all(hasattr(mapper, name) for name in mapper.__all__)


def test_the_top_level_is_small() -> None:
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - LEFT_BY_TOOLS
    assert names <= TOP_LEVEL, f"not at the top level: {sorted(names - TOP_LEVEL)}"
