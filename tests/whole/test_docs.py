"""The documentation is true: examples are run, transcripts replayed, lists compared with the code.

`pytest --update tests/whole/test_docs.py` writes the results into the pages. Read the difference before you
commit it.

README.md and the pages in docs/ except those of the language: `console` blocks are transcripts. Their
lines that begin with `$ ` are run, and must print the lines below them. `python` blocks are run; `#> text` is
a line they print. Blocks with a file name (`yaml shop.yaml`) are written to that file before, those of
README.md for every page.

In the pages of the language (`LANGUAGE_PAGES`) every `yaml` block is an example: a whole mapping, or a part
of one that belongs below `event_properties:` in FRAME. It is followed by `json payload` or `text payload`
(and before that `json request`) and `json result`, by `text rejected`, or by `text error`, the output for a
mapping that does not compile.
A block with a file name (`json shop.schema.json`) is that file beside the mapping, for the rest of its
section. Tables are examples where their head says so:

    payload | result          payloads for the yaml example above
    value | `as: string` |    a path on each value with each modifier
    path | result             a path on the section's last payload; so for Liquid, condition and value
    path | error              code and headline of what does not compile; so for the others
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from difflib import unified_diff
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

import mapper
from mapper import catalog
from mapper.cli.dispatch import COMMANDS, build_parser
from mapper.diagnostics import render
from mapper.diagnostics.codes import CODES
from mapper.language.modifiers import CASTS, MODIFIERS
from mapper.language.reader import TOP_LEVEL
from mapper.language.value_reader import OPERATORS
from mapper.runtime.liquid.filters import ROWS
from mapper.runtime.liquid.filters.row import FilterRow
from mapper.samples.cases import request_of, result_document
from support.agreement import same
from support.calls import ndjson
from support.examples import slow_but
from support.limit_inputs import INPUTS, WORDS
from support.markdown import Block, Heading, Page, Table, as_code, code
from support.places import LANGUAGE_PAGES, ROOT
from support.public_payloads import payloads
from worst.search import MOST_MEGABYTES, MOST_SECONDS

LANGUAGE = LANGUAGE_PAGES[0]
LIQUID = ROOT / "docs" / "liquid.md"
README = ROOT / "README.md"
COMMAND_LINE = ROOT / "docs" / "command-line.md"
PYTHON = ROOT / "docs" / "python.md"
VENDORS = ROOT / "docs" / "vendors.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

FRAME = """\
mapping: example
version: 1
event:
  event_id: e-1
  event_name: Example
  user_id: u-1
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties:
"""
OUTPUTS = ("json result", "text rejected", "text error")
FILE_NAME = re.compile(r"[\w./-]+\.(json|yaml|ndjson)")
MISSING = "missing"
TRANSFORMS: dict[object, mapper.Transform] = {}


@dataclass
class Section:
    """What the blocks of a section have set so far."""

    files: dict[str, str] = field(default_factory=dict)
    mapping: Block | None = None
    payload: str = "{}"
    request: str = "{}"


@dataclass(frozen=True)
class Check:
    """One thing a page says: where, what, and what was found."""

    page: str
    line: int
    said: object
    found: object

    def difference(self) -> str:
        """What the page says and what was found, line by line."""
        both = (x if isinstance(x, str) else pretty(x) for x in (self.said, self.found))
        said, found = (text.splitlines() for text in both)
        lines = unified_diff(said, found, f"docs/{self.page}:{self.line}", "found", lineterm="")
        return "\n".join(lines)

    def fails(self) -> bool:
        """Whether the page says something else than what was found."""
        return not same(self.said, self.found)


def whole(text: str) -> str:
    """The mapping an example stands for."""
    return text if re.search(r"^mapping:", text, re.MULTILINE) else FRAME + indent(text, "    ")


def transform_of(section: Section, text: str) -> mapper.Transform:
    """An example, compiled once for all payloads beside the same files."""
    key = (text, *section.files.items())
    if key not in TRANSFORMS:
        place(section, text)
        TRANSFORMS[key] = mapper.load("example.yaml")
    return TRANSFORMS[key]


def place(section: Section, text: str) -> None:
    """Write an example and the files of its section into the working directory."""
    for name, content in section.files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    Path("example.yaml").write_text(text, "utf-8")


def run(section: Section, text: str, payload: str) -> mapper.Result:
    transform = transform_of(section, text)
    return transform(payload.encode(), request_of(json.loads(section.request)))


def outcome(section: Section, example: str, payload: str) -> object:
    """What an example makes of a payload: properties in the frame, or the result of a whole mapping."""
    text = whole(example)
    result = run(section, text, payload)
    if text == example or not result.events:
        return result_document(result)
    return result.events[0]["event_properties"]


def cell(section: Section, value: str, payload: str) -> str:
    """What becomes of one value expression, as a table says it."""
    result = run(section, FRAME + f"    v: {value}\n", payload)
    if result.rejected:
        return ", ".join(result.rejected[0].codes)
    properties: Any = result.events[0]["event_properties"]
    return as_code(json.dumps(properties["v"], ensure_ascii=False)) if "v" in properties else MISSING


def value_of(kind: str, text: str) -> str:
    """The YAML of a value that stands in a table: paths and Liquid quoted, conditions as a choice."""
    if kind == "value":
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return f"{{when: {quoted}, then: true, else: false}}" if kind == "condition" else quoted


def complaint(section: Section, text: str) -> str:
    """Codes and headlines of what is wrong with a mapping."""
    place(section, text)
    found = mapper.check(text, filename="example.yaml")
    return "; ".join(f"{d.code} {d.message}" for d in found) or "nothing is wrong"


def printed(section: Section, text: str) -> str:
    """What `mapper check` prints about a mapping."""
    place(section, text)
    return shown(render.render(mapper.check(text, filename="example.yaml")))


def shown(text: str) -> str:
    """Output as it is where the checkout is the working directory."""
    return text.replace(f"{ROOT.as_posix()}/", "")


def check_table(page: Page, table: Table, section: Section, *, update: bool) -> Iterator[Check]:
    """Run a table that holds examples."""
    kind, *others = table.head
    for index, row in enumerate(table.rows):
        first = code(row[0])
        if kind == "payload":
            assert section.mapping, f"line {table.start}: no example above the table"
            data = outcome(section, section.mapping.text, first)
            found = [shown_outcome(data)]
        elif kind == "value" and others[0] not in ("result", "error"):
            payload = json.dumps({"v": json.loads(first)})
            headers = [code(other) for other in others]
            found = [cell(section, f"{{path: $.v, {header}}}", payload) for header in headers]
        elif others[:1] == ["result"]:
            found = [cell(section, value_of(kind, first), section.payload)]
        elif others[:1] == ["error"]:
            found = [complaint(section, FRAME + f"    v: {value_of(kind, first)}\n")]
        else:
            return
        line = table.start + index
        yield Check(page.path.name, line + 1, list(row[1 : len(found) + 1]), found)
        if update:
            page.set_row(line, (row[0], *found, *row[len(found) + 1 :]))


def shown_outcome(data: object) -> str:
    """The outcome of a payload as a cell: properties, or why there are none."""
    if isinstance(data, dict) and set(data) == {"events", "skipped", "rejected"}:
        if data["rejected"]:
            return ", ".join(data["rejected"][0]["codes"])
        if data["skipped"]:
            return "skipped: " + data["skipped"][0]["reason"]
        data = data["events"][0]
    return as_code(json.dumps(data, ensure_ascii=False))


def pretty(data: object) -> str:
    """JSON as the pages show it: on one line where it fits, else one entry a line."""
    line = json.dumps(data, ensure_ascii=False)
    if len(line) <= 100:
        return line + "\n"
    if isinstance(data, dict):
        entries = [f"{json.dumps(k, ensure_ascii=False)}: {pretty(v).strip()}" for k, v in data.items()]
        return "{\n" + indent(",\n".join(entries), "  ") + "\n}\n"
    if isinstance(data, list):
        return "[\n" + indent(",\n".join(pretty(entry).strip() for entry in data), "  ") + "\n]\n"
    return line + "\n"


def checks(page: Page, *, update: bool) -> Iterator[Check]:
    """Run every example of a page."""
    section = Section()
    waiting: Block | None = None
    for part in page.parts():
        if waiting is not None and not continues(waiting, part):
            yield Check(page.path.name, waiting.line, "an example without result", "a result")
            waiting = None
        match part:
            case Heading():
                section = Section()
            case Table():
                yield from check_table(page, part, section, update=update)
                waiting = None
            case Block("yaml", ""):
                waiting = section.mapping = part
                section.payload = section.request = "{}"
            case Block(info=info, text=text) if FILE_NAME.fullmatch(info):
                section.files[info] = text
            case Block("json" | "text", "payload"):
                section.payload = part.text
                waiting = part
            case Block("json", "request"):
                section.request = part.text
            case Block() if f"{part.language} {part.info}" in OUTPUTS:
                assert section.mapping, f"line {part.line}: a result without an example"
                yield check_block(page, part, section, update=update)
                waiting = None
            case _:
                pass
    if waiting is not None:
        yield Check(page.path.name, waiting.line, "an example without result", "a result")


def continues(waiting: Block, part: object) -> bool:
    """Whether a part can stand between an example, or a payload of it, and its result."""
    if isinstance(part, Table):
        return part.head[1] == "result" or part.head[0] == "payload"
    return isinstance(part, Block) and bool(part.info) and (waiting.info, part.info) != ("payload", "payload")


def check_block(page: Page, block: Block, section: Section, *, update: bool) -> Check:
    """Compare a result with what the section's example gives."""
    assert section.mapping
    text = whole(section.mapping.text)
    if block.language == "json":
        data = outcome(section, section.mapping.text, section.payload)
        said = json.loads(block.text) if not update else None
        if update:
            page.set_block(block, pretty(data))
        return Check(page.path.name, block.line, said, data)
    if block.info == "error":
        shown = printed(section, text)
    else:
        result = run(section, text, section.payload)
        shown = "\n".join(render.render(rejected.diagnostics) for rejected in result.rejected)
    if update:
        page.set_block(block, shown)
    return Check(page.path.name, block.line, block.text, shown)


@pytest.mark.parametrize("path", LANGUAGE_PAGES, ids=lambda p: p.name)
def test_the_examples_of_the_language_are_true(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    page = Page(path)
    found = list(checks(page, update=update))
    assert found
    if update:
        page.save()
        return
    wrong = [check for check in found if check.fails()]
    assert not wrong, "\n\n".join(check.difference() for check in wrong)


def test_the_frame_of_the_examples_is_shown() -> None:
    assert FRAME in LANGUAGE.read_text("utf-8")


def test_every_word_of_the_language_is_documented() -> None:
    text = LANGUAGE.read_text("utf-8")
    words = {
        *TOP_LEVEL,
        *OPERATORS,
        *(w for row in OPERATORS.values() for w in row.companions),
        *MODIFIERS,
        *CASTS,
    }
    assert {word for word in words if not re.search(rf"`[^`\n]*\b{word}\b[^`\n]*`", text)} == set()


def test_the_filter_table_is_that_of_the_rows(update: bool) -> None:
    before, rest = LIQUID.read_text("utf-8").split("`pytest --update` -->\n", 1)
    shown, after = rest.split("<!-- end of filters -->", 1)
    head = "| filter | its result | takes | gives | may fail on | example |\n|---|---|---|---|---|---|\n"
    table = head + "".join(map(filter_line, ROWS.values()))
    if update:
        LIQUID.write_text(f"{before}`pytest --update` -->\n{table}<!-- end of filters -->{after}", "utf-8")
        return
    assert shown == table


def filter_line(row: FilterRow) -> str:
    """The row of a filter in the table; its example has the value in place of the variable."""
    template, item, text = row.examples[0]
    value = json.dumps(item["value"], ensure_ascii=False)
    call = template.strip("{ }").replace("value", value).replace("|", r"\|")
    sentence = f"{row.sentence}{' In some dialects.' * row.of_dialects}"
    return (
        f"| `{row.name}` | {sentence} | {row.takes} | {row.gives.value} | {row.fails.value}"
        f" | `{call}` is `{json.dumps(text, ensure_ascii=False)}` |\n"
    )


def test_what_limits_cost_is_said_of_each(update: bool) -> None:
    """Seconds and megabytes are copied from `python tests/benchmarks/bench_limits.py`."""
    page = Page(LANGUAGE)
    table = next(p for p in page.parts() if isinstance(p, Table) and p.head[-1] == "MB")
    known = {row[0]: row[4:] for row in table.rows}
    wanted = [
        (WORDS.get(name, name), as_code(name) if name in WORDS else "", f"{given.limit:,}", given.code)
        for name, given in INPUTS.items()
    ]
    rows = [(*start, *known.get(start[0], ("", ""))) for start in wanted]
    if update:
        page.set_rows(table, rows)
        page.save()
        return
    assert list(table.rows) == rows
    assert all(float(row[4]) <= MOST_SECONDS and float(row[5]) <= MOST_MEGABYTES for row in rows)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_codes_that_pages_mention_exist(path: Path) -> None:
    mentioned = set(re.findall(r"\bM\d{3}\b", path.read_text("utf-8")))
    assert mentioned <= set(CODES)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = path.parent / name if name else path
        assert file.exists(), f"{path.name} links to {target}"
        if anchor:
            assert anchor in anchors(file), f"{path.name} links to {target}"


def anchors(path: Path) -> set[str]:
    """The anchors GitHub gives the headings of a page."""
    headings = [part.title for part in Page(path).parts() if isinstance(part, Heading)]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


# --- transcripts and Python


def blocks_of(page: Page, language: str) -> list[Block]:
    return [part for part in page.parts() if isinstance(part, Block) and part.language == language]


RUN_PAGES = [README, *sorted({*(ROOT / "docs").glob("*.md")} - {*LANGUAGE_PAGES})]
WITH_TRANSCRIPTS = [path for path in RUN_PAGES if blocks_of(Page(path), "console")]
WITH_PYTHON = [path for path in RUN_PAGES if blocks_of(Page(path), "python")]


# Packages that examples of a page need and mapper does not.
PACKAGES_OF_EXAMPLES = {"scale.md": ("pyarrow", "polars")}

# Files of a page that are too long to be shown.
LONG_FILES: dict[str, dict[str, Callable[[], bytes]]] = {
    "authoring.md": {"traffic.ndjson": lambda: ndjson(*payloads("payment event", 2000))},
}


def write_files(page: Path) -> None:
    """Write the files that README.md and the page show, or name, into the working directory."""
    for name, content in LONG_FILES.get(page.name, {}).items():
        Path(name).write_bytes(content())
    for path in (README, page):
        for part in Page(path).parts():
            if isinstance(part, Block) and FILE_NAME.fullmatch(part.info):
                Path(part.info).parent.mkdir(parents=True, exist_ok=True)
                Path(part.info).write_text(part.text, "utf-8")


def replay(text: str, environment: dict[str, str]) -> str:
    """Run the commands of a transcript, lines that begin with `$ `, and write down what they print."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("$ "):
            continue
        word = next(word for word in line.split()[1:] if "=" not in word)  # variables may be set before it
        assert word in ("mapper", "cat", "sed"), f"not a command to run in a test: {line}"
        done = subprocess.run(
            ["/bin/sh", "-c", line[2:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
        )
        lines += [line, *done.stdout.decode("utf-8").splitlines()]
    return shown("\n".join(re.sub(r"in \d+\.\d s$", "in 1.0 s", line) for line in lines) + "\n")


def test_pages_with_examples_are_found() -> None:
    assert [path.name for path in WITH_TRANSCRIPTS] == [
        *("README.md", "authoring.md", "command-line.md", "receiver.md", "samples.md"),
    ]
    assert [path.name for path in WITH_PYTHON] == ["README.md", "python.md", "scale.md"]


@pytest.mark.parametrize(
    "path", slow_but([ROOT / "docs" / "samples.md"], WITH_TRANSCRIPTS), ids=lambda p: p.name
)
def test_transcripts_are_true(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(path)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "mapper"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m mapper "$@"\n')
    command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}
    page = Page(path)
    for block in blocks_of(page, "console"):
        found = replay(block.text, environment)
        if update:
            page.set_block(block, found)
        else:
            assert block.text == found, f"{path.name}:{block.line}"
    page.save()


@pytest.mark.parametrize("path", WITH_PYTHON, ids=lambda p: p.name)
def test_python_examples_run(
    path: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in PACKAGES_OF_EXAMPLES.get(path.name, ()):
        pytest.importorskip(package, reason=f"an example of {path.name} needs {package}")
    monkeypatch.chdir(tmp_path)
    write_files(path)
    for block in blocks_of(Page(path), "python"):
        said = "".join(f"{line}\n" for line in re.findall(r"#> (.*)", block.text))
        exec(compile(block.text, f"{path.name}:{block.line}", "exec"), {})
        assert capsys.readouterr().out == said, f"{path.name}:{block.line}"


def test_the_fields_of_limits_are_documented() -> None:
    section = PYTHON.read_text("utf-8").partition("\n## Limits\n")[2].partition("\n## ")[0]
    listed = set(re.findall(r"`(\w+)`", section))
    assert listed == {limit.name for limit in fields(mapper.Limits)}


# --- lists


def options_of(command: str) -> set[str]:
    """Every option of a command, as a user writes it."""
    parser = build_parser(command)
    commands = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    actions = commands.choices[command]._actions
    return {name for action in actions for name in action.option_strings} - {"-h", "--help"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_documented(command: str) -> None:
    section = COMMAND_LINE.read_text("utf-8").partition(f"\n## `mapper {command}`\n")[2].partition("\n## ")[0]
    assert section, f"{COMMAND_LINE.name} has no heading for `mapper {command}`"
    documented = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", section))
    assert documented == options_of(command)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_pages_name_no_other_command(path: Path) -> None:
    named = set(re.findall(r"(?:`|\$ |^ {4}|bin/)mapper ([a-z]+)\b", path.read_text("utf-8"), re.MULTILINE))
    for block in blocks_of(Page(path), "sh"):
        named |= set(re.findall(r"^mapper ([a-z]+)\b", block.text, re.MULTILINE))
    assert named <= set(COMMANDS), path.name


def test_the_shipped_mappings_are_listed() -> None:
    listed = set(re.findall(r"^\| \[`([\w-]+)`\]", VENDORS.read_text("utf-8"), re.MULTILINE))
    assert listed == set(catalog.mapping_names())


def test_the_settings_of_mappings_are_listed() -> None:
    text = VENDORS.read_text("utf-8")
    used = set()
    for path in catalog.find_mappings():
        mapping = path.read_text("utf-8")
        used |= set(re.findall(r"\bsetting\.(\w+)|\{setting: ([\w.]+)\}", mapping))
    names = {name for pair in used for name in pair if name}
    assert names
    assert {name for name in names if f"`{name}`" not in text} == set()


# Names of files in the recipes, which a reader is to write.
INVENTED = re.compile(r"acme|/M1xx|/length/")


def test_contributing_names_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"(?<![\w/.`])`((?:mapper|tests|docs|mappings|\.ci)/[\w./-]*\w)", text))
    assert len(named) > 25
    missing = [name for name in named if not (ROOT / name).exists() and not INVENTED.search(name)]
    assert sorted(missing) == []
    folders = (path.name for path in (ROOT / "mapper").iterdir() if path.is_dir())
    listed = set(re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE))
    assert listed == set(folders) - {"__pycache__"}, (
        "the map of the house has a row for each folder of mapper/"
    )


def test_contributing_names_tests_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"`((?:tests/)?\w+/test_\w+\.py)`", text))
    assert len(named) > 15
    assert sorted(n for n in named if not (ROOT / "tests" / n.removeprefix("tests/")).exists()) == []
