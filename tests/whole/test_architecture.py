"""Architecture: the way through the house, and the rules that keep it readable."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import mapper
from mapper.catalog import find_mappings
from support.places import ROOT

PACKAGE = ROOT / "mapper"
MODULES = sorted(PACKAGE.rglob("*.py"))

# The total order of stages. A module imports from its own stage and from those before it, wherever in the
# file the import stands. What generated code may call comes first: it knows nothing of the compiler.
ORDER = """
    budget regex runtime
    version diagnostics
    language schemas ir expressions
    catalog
    native
    checker codegen transform
    interpreter
    compiler api
    samples streams authoring arrow receiver spark cli
"""
STAGES = ORDER.split()

MODULE_LINES = 500
FUNCTION_LINES = 60
LONG_FUNCTIONS: dict[str, str] = {}  # `mapper.module.function`: why it is better in one piece

# The packages of extras, by the rooms that import them.
PACKAGES_OF_EXTRAS = {
    "receiver": {"starlette", "uvicorn", "watchfiles", "aiohttp", "psycopg", "prometheus_client"},
    "arrow spark": {"pyarrow"},
    "spark": {"pyspark", "py4j", "pandas"},
}

# Files that lie directly in mapper/, beside the rooms.
LOOSE_FILES = 8
# Docstrings and comments that begin like a question instead of naming their subject.
QUESTION = re.compile(r"(What|Whether|Where)\b")

FORBIDDEN_NAMES = {"utils", "util", "helpers", "common", "base", "misc", "manager", "handler"}
# Tools take folders of these names for tests and leave them out of searches and packages.
FOLDERS_OF_TESTS = {"spec", "specs", "test", "tests"}
PRESENT_FOLDERS_OF_TESTS = {"spec"}  # may only become empty
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
# Ways to print that go around `mapper.cli.screen`, the one gate to the terminal, and the modules that have
# one. Events are data: they are written as they are.
PRINTING = re.compile(
    r"(?<![.\w])print\(|\bsys\.(__)?std(out|err)\b|^\s*(from|import) (rich|logging|pprint)\b"
    r"|\bwarnings\.warn\b|\bConsole\(|\btraceback\.print|\bos\.write\([12]\b|\bfaulthandler\b",
    re.MULTILINE,
)
PRINTERS = {
    "mapper.cli.screen": {"sys.stdout", "sys.stderr", "Console(", "import rich"},
    "mapper.streams.outputs": {"sys.stdout"},
    "mapper.receiver.web.logs": {"import logging"},  # its lines are given to the gate
}
LEFT_BY_TOOLS = {"build", "dist", "__pycache__"}  # .gitignore names them


def dotted(path: Path) -> str:
    """`mapper.ir.jsonpath` for a module, `mapper.ir` for the package itself."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {dotted(path) for path in MODULES}


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """A module and all statements in it, also inside functions; expressions are left out."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                waiting.extend(inner)


def imported(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """Line and module of every import; `from mapper import ir` is `mapper.ir`."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                yield node.lineno, deeper if deeper in NAMES else str(node.module)


@dataclass(frozen=True)
class Module:
    """What the rules ask of a module, collected in one walk through its tree."""

    name: str
    text: str
    imports: list[tuple[int, str]] = field(default_factory=list)
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    docstrings: list[str] = field(default_factory=list)

    @property
    def own_imports(self) -> list[tuple[int, str]]:
        return [(line, name) for line, name in self.imports if name.split(".")[0] == "mapper"]


@cache
def modules() -> tuple[Module, ...]:
    """All modules of the package; each is parsed once."""
    return tuple(map(read_module, MODULES))


def read_module(path: Path) -> Module:
    module = Module(dotted(path), path.read_text("utf-8"))
    nodes = list(statements(ast.parse(module.text, str(path))))
    module.imports.extend(imported(nodes))
    for node in nodes:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                module.functions.append(node)
            case ast.ClassDef():
                module.classes.append(node.name)
            case ast.Module():
                pass
            case _:
                continue
        module.docstrings.append(ast.get_docstring(node) or "")
    return module


def comments(module: Module) -> Iterator[str]:
    """The comments of a module; of several lines in a row, each."""
    if "# W" in module.text:
        for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.string.lstrip("# ")


def stage(module: str) -> int:
    """The position of a module's stage; the public face and `__main__` stand behind all others."""
    parts = module.split(".")
    return STAGES.index(parts[1]) if len(parts) > 1 and parts[1] != "__main__" else len(STAGES)


def test_every_module_has_a_stage() -> None:
    stages = {name.split(".")[1] for name in NAMES if "." in name} - {"__main__"}
    assert stages == set(STAGES), "STAGES and the modules of mapper/ differ"


def test_modules_import_only_from_earlier_stages() -> None:
    late = [
        f"{module.name}:{line}: {name}"
        for module in modules()
        for line, name in module.own_imports
        if stage(name) > stage(module.name)
    ]
    assert not late


def test_modules_import_each_other_without_cycles() -> None:
    graph = {module.name: {name for _, name in module.own_imports} - {module.name} for module in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("import cycle: " + " → ".join(error.args[1]))


@pytest.mark.parametrize("path", find_mappings(), ids=lambda path: path.stem)
def test_generated_code_imports_the_runtime_and_patterns_alone(path: Path) -> None:
    names = [
        name
        for _, name in imported(statements(ast.parse(mapper.load(path).python)))
        if name.startswith("mapper")
    ]
    assert names
    assert all(name.startswith(("mapper.runtime.", "mapper.regex.")) for name in names), names


@pytest.mark.parametrize("rooms", PACKAGES_OF_EXTRAS)
def test_packages_of_an_extra_are_imported_in_its_room_alone(rooms: str) -> None:
    """The library starts without them."""
    found = {
        module.name.split(".")[1]
        for module in modules()
        for _, name in module.imports
        if name.split(".")[0] in PACKAGES_OF_EXTRAS[rooms]
    }
    assert found == set(rooms.split())


def test_modules_are_short() -> None:
    lengths = {module.name: len(module.text.splitlines()) for module in modules()}
    assert {name: length for name, length in lengths.items() if length > MODULE_LINES} == {}


def test_functions_are_short() -> None:
    lengths = {
        f"{module.name}.{node.name}": node.end_lineno - node.lineno + 1
        for module in modules()
        for node in module.functions
        if node.end_lineno is not None
    }
    long = {name: length for name, length in lengths.items() if length > FUNCTION_LINES}
    assert long.keys() == LONG_FUNCTIONS.keys(), long


def test_a_class_has_a_name_of_its_own() -> None:
    counts = Counter(name for module in modules() for name in module.classes)
    several = {name: count for name, count in counts.items() if count > 1}
    assert not several, f"give each of these classes another name: {several}"


def test_no_module_is_an_attic() -> None:
    names = {part for name in NAMES for part in name.split(".")}
    assert not names & FORBIDDEN_NAMES


def test_the_package_has_rooms() -> None:
    loose = sorted(path.name for path in PACKAGE.iterdir() if path.is_file() and path.suffix != ".pyc")
    assert len(loose) <= LOOSE_FILES, f"move some into a folder: {loose}"
    folders = {path.name for path in PACKAGE.rglob("*") if path.is_dir()}
    assert folders & FOLDERS_OF_TESTS <= PRESENT_FOLDERS_OF_TESTS


def test_sentences_name_their_subject() -> None:
    found = [
        f"{module.name}: {text.splitlines()[0]}"
        for module in modules()
        for text in (*module.docstrings, *comments(module))
        if QUESTION.match(text)
    ]
    assert not found, "\n".join(found)


def test_all_that_is_printed_goes_through_one_gate() -> None:
    found = {
        module.name: {
            re.sub(r"\s*from (\w+)", r"import \1", match[0]) for match in PRINTING.finditer(module.text)
        }
        for module in modules()
    }
    assert {name: ways for name, ways in found.items() if ways - PRINTERS.get(name, set())} == {}
    assert all(found[name] for name in PRINTERS), "a module prints no more: remove it from PRINTERS"


def test_a_vendor_is_data() -> None:
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in (".pyc", ".so")]
    found = [
        f"{path.relative_to(ROOT)}: {vendor[0]}"
        for path in files
        for vendor in VENDORS.finditer(path.read_text("utf-8"))
    ]
    assert not found


def test_no_module_has_unfinished_business() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplemented")
    found = [(module.name, mark[0]) for module in modules() for mark in marks.finditer(module.text)]
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
