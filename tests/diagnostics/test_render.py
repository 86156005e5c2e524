"""Rendering: the same diagnostics as text, lines, JSON and GitHub commands; user text forges nothing."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.diagnostics.diagnostic import Diagnostic, Label, Severity
from mapper.diagnostics.render import (
    FORMATS,
    render,
    render_concise,
    render_github,
    render_json,
    render_text,
    summarize,
)
from mapper.diagnostics.render.visible import visible, width
from mapper.diagnostics.source import SourceFile, Span
from support.examples import examples
from support.golden import Golden
from support.places import TESTS

GOLDEN = TESTS / "diagnostics" / "render"

MAPPING = SourceFile(
    "mappings/segment.yaml",
    "mapping: segment\nversion: 1\nevent:\n"
    "  email: $.context.traits.emial\n"
    "\tname: 名前 😀 e\u0301 \x1b[31m\u202e.\n"
    "  description: |\n    first\n    second\n"
    + "  long: "
    + "x" * 200
    + " $.y "
    + "z" * 200
    + "\n"
    + "\n".join(f"  f{n}: $.f{n}" for n in range(100, 200))
    + "\n",
)
SCHEMA = SourceFile(
    "schemas/event.schema.json", '{\n  "properties": {\n    "name": {"type": "number"}\n  }\n}\n'
)


def at(text: str, file: SourceFile = MAPPING) -> Span:
    start = file.text.index(text)
    return Span(file, start, start + len(text))


def error(message: str, *labels: Label, code: str = "M301", hints: tuple[str, ...] = ()) -> Diagnostic:
    return Diagnostic(code, message, labels, hints)


RUNTIME = Diagnostic(
    "M613",
    "`name` cannot become a number",
    (Label(at("名前"), "read here"),),
    ("check the samples",),
    location="$.items[2].price",
    value='"n/a"',
)

EXAMPLES = {
    "one-label": error(
        "no field `emial` in `segment`",
        Label(at("emial"), "`traits` has no property `emial`"),
        hints=("did you mean `email`?",),
    ),
    "two-files": error(
        "`name` must be a number, found a string",
        Label(at("😀 e\u0301"), "a string"),
        Label(at('{"type": "number"}', SCHEMA), "the target schema asks for a number"),
        code="M401",
        hints=("cast with `as: number`", "or drop the field"),
    ),
    "several-lines-of-one-file": error(
        "three places",
        Label(at("$.f150"), "here"),
        Label(at("segment"), "first"),
        Label(at("version"), "beside it"),
        Label(at("mapping"), "and on one line"),
    ),
    "terminal-escapes": error("a \x1b[2Jheadline\nforged: \u202etext", Label(at("\x1b[31m"), "la\x07bel")),
    "multi-line-span": error("over lines", Label(at("|\n    first\n    second"), "all of this")),
    "long-line": error("in the middle", Label(at("$.y"), "here"), Label(at("long"), "far before")),
    "end-of-file": error(
        "too short", Label(Span(MAPPING, len(MAPPING.text), len(MAPPING.text)), "more is needed")
    ),
    "no-file-text": error(
        "cannot read `x`", Label(Span(SourceFile("x.yaml", ""), 0, 0), "no such file"), code="M001"
    ),
    "no-place": Diagnostic("M603", "nothing to read", location="$"),
    "run-time": RUNTIME,
    "warning": Diagnostic("M503", "never taken", (Label(at("version"), ""),), (), Severity.WARNING),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_text(name: str, golden: Golden) -> None:
    golden(GOLDEN / f"{name}.txt", render_text([EXAMPLES[name]]))


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "text"])
def test_other_formats(format: str, golden: Golden) -> None:
    golden(GOLDEN / f"all.{format}.txt", render(EXAMPLES.values(), format))


def test_blocks_are_separated_by_a_blank_line() -> None:
    both = [EXAMPLES["one-label"], EXAMPLES["warning"]]
    assert render_text(both) == render_text(both[:1]) + "\n" + render_text(both[1:])
    assert render_text([]) == ""


def test_unknown_format() -> None:
    with pytest.raises(ValueError, match="no such format: 'xml'"):
        render([], "xml")


@pytest.mark.parametrize("format", FORMATS)
def test_values_are_shown_on_request_only(format: str) -> None:
    assert "n/a" not in render([RUNTIME], format)
    assert ("n/a" in render([RUNTIME], format, show_values=True)) == (format in ("text", "json"))
    assert "$.items[2].price" in render([RUNTIME], format)


def test_long_values_are_cut() -> None:
    diagnostic = Diagnostic("M613", "m", location="$.a", value='"' + "v" * 100 + '"')
    assert f'was "{"v" * 58}…\n' in render_text([diagnostic], show_values=True)


def test_color_changes_nothing_but_color() -> None:
    for diagnostic in EXAMPLES.values():
        colored = render_text([diagnostic], color=True)
        assert "\x1b[1;3" in colored
        assert re.sub(r"\x1b\[[\d;]*m", "", colored) == render_text([diagnostic])


@pytest.mark.parametrize("name", ["one-label", "two-files", "long-line"])
def test_carets_stand_under_the_span(name: str) -> None:
    diagnostic = EXAMPLES[name]
    assert diagnostic.span is not None
    lines = render_text([diagnostic]).splitlines()
    row = next(i for i, line in enumerate(lines) if "^" in line)
    source = next(line for line in reversed(lines[:row]) if line[:2].strip() or line[2].isdigit())
    first = lines[row].index("^")
    count = lines[row].count("^")
    cells = "".join(c * max(width(c), 0) or "" for c in source)
    assert cells[first : first + count] == "".join(c * width(c) for c in diagnostic.span.text)


def test_github_escapes() -> None:
    file = SourceFile("a,b:c%.yaml", "x: 1\n")
    line = render_github([error("100%\r\n::set-output::", Label(Span(file, 0, 1), "50%\nmore"))])
    assert line == (
        "::error file=a%2Cb%3Ac%25.yaml,line=1,endLine=1,col=1,endColumn=2,title=M301 unknown-field"
        "::100%25\\r\\n::set-output::%0A50%25\\nmore\n"
    )


def test_json_is_one_object_a_line() -> None:
    lines = render_json(EXAMPLES.values()).splitlines()
    objects = [json.loads(line) for line in lines]
    assert [data["message"] for data in objects] == [d.message for d in EXAMPLES.values()]
    assert objects[0]["labels"][0] == {
        "file": "mappings/segment.yaml",
        "start": MAPPING.text.index("emial"),
        "end": MAPPING.text.index("emial") + 5,
        "line": 4,
        "column": 27,
        "end_line": 4,
        "end_column": 32,
        "text": "`traits` has no property `emial`",
    }


@pytest.mark.parametrize(
    ("errors", "warnings", "mappings", "text"),
    [
        (2, 1, 3, "2 errors, 1 warning in 3 mappings"),
        (1, 0, 1, "1 error in 1 mapping"),
        (0, 2, 1, "2 warnings in 1 mapping"),
        (0, 0, 5, "no problems in 5 mappings"),
    ],
)
def test_summary(errors: int, warnings: int, mappings: int, text: str) -> None:
    found = [EXAMPLES["one-label"]] * errors + [EXAMPLES["warning"]] * warnings
    assert summarize(found, mappings) == text


@pytest.mark.parametrize(
    ("text", "cells"),
    [("abc", 3), ("名", 2), ("😀", 2), ("e\u0301", 1), ("a\u200db", 2), ("\u1100\u1161", 2), ("ﬀ", 1)],
)
def test_width(text: str, cells: int) -> None:
    assert width(text) == cells


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[0m", "\\x1b[0m"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u202e\u2066\u200b", "\\u202e\\u2066\\u200b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("名 é 👩\u200d🚀", "名 é 👩\u200d🚀"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


ANY = st.text(st.characters() | st.sampled_from("\t\n\x1b\u202e名😀"), max_size=60)


@given(ANY, ANY, st.integers(0, 60), st.integers(0, 60), st.sampled_from(FORMATS), st.integers(1, 300))
@examples(300)
def test_any_text_renders_without_terminal_codes(
    text: str, note: str, start: int, length: int, format: str, repeat: int
) -> None:
    file = SourceFile("t.yaml", text + "x" * repeat)
    start = min(start, len(file.text))
    label = Label(Span(file, start, min(start + length, len(file.text))), note)
    diagnostic = Diagnostic(
        "M301", note, (label, Label(Span(file, 0, 1), text)), (note,), location=text, value=note
    )
    out = render([diagnostic], format, show_values=True)
    out.encode("utf-8")
    bad = {c for c in out if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")} - set(
        "\n\u200c\u200d"
    )
    assert not bad
    if format != "text":
        assert out.count("\n") == 1


def test_concise_names_the_place() -> None:
    assert render_concise([EXAMPLES["one-label"]]) == (
        "mappings/segment.yaml:4:27: error[M301]: no field `emial` in `segment`\n"
    )


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_source_lines_fit_the_terminal(columns: int, golden: Golden) -> None:
    text = render_text([EXAMPLES["long-line"]], columns=columns)
    assert all(width(line) <= columns for line in text.splitlines() if line[:1].isdigit())
    golden(GOLDEN / f"long-line-{columns}.txt", text)


class TestShippedSchemas:
    """The path of a schema inside of an installed package says nothing: people see its name."""

    NAME = "/lib/site-packages/mapper/shipped/schemas/event.schema.json"

    @pytest.fixture(autouse=True)
    def installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("mapper.diagnostics.render.text._HOME", Path("/lib/site-packages/mapper"))

    def rendered(self, name: str, format: str = "text") -> str:
        file = SourceFile(name, '{"a":\n 1}')
        labels = (Label(Span(MAPPING, 0, 7)), Label(Span(file, 7, 8), "asked for here"))
        return render([Diagnostic("M403", "m", labels)], format)

    def test_by_its_name(self) -> None:
        assert " ::: event.schema.json:2:2 (shipped)\n" in self.rendered(self.NAME)
        assert "site-packages" not in self.rendered(self.NAME)

    def test_from_a_folder_above(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir("/")
        assert " ::: event.schema.json:2:2 (shipped)\n" in self.rendered(self.NAME[1:])

    @pytest.mark.parametrize(
        "name", ["/own/mapper/shipped/schemas/a.json", "shipped/schemas/a.json", "schemas/a.json", "a.json"]
    )
    def test_others_keep_their_paths(self, name: str) -> None:
        assert f" ::: {name}:2:2\n" in self.rendered(name)

    @pytest.mark.parametrize("format", sorted(set(FORMATS) - {"text"}))
    def test_tools_get_paths(self, format: str) -> None:
        file = SourceFile(self.NAME, '{"a": 1}')
        assert self.NAME in render([Diagnostic("M403", "m", (Label(Span(file, 0, 1)),))], format)
