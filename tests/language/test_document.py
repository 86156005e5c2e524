"""Documents: positions of every scalar style, values by YAML 1.2, and what wrong YAML is told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml.scanner import ScannerError

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import decode_source, read_source
from mapper.diagnostics.render import render_text
from mapper.diagnostics.source import SourceFile
from mapper.language import document
from mapper.language.document import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    read_document,
    walk,
)
from mapper.language.scalars import quoted
from mapper.runtime.limits import DEFAULT, MAX_FILE_DEPTH
from support.examples import examples
from support.golden import Golden
from support.growth import assert_linear
from support.places import ROOT, TESTS

FAULTS = TESTS / "diagnostics" / "document"
MAPPINGS = ROOT / "mappings"
CASES = TESTS / "cases" / "document"


def parse(text: str) -> MappingNode:
    report = Report()
    root = read_document(SourceFile("t.yaml", text), report)
    assert not report.diagnostics, render_text(report.diagnostics)
    assert root is not None
    return root


def scalar(text: str) -> ScalarNode:
    """The value of the key `k`."""
    node = parse(text).get("k")
    assert isinstance(node, ScalarNode)
    return node


def codes(text: str) -> list[str]:
    report = Report()
    read_document(SourceFile("t.yaml", text), report)
    return [diagnostic.code for diagnostic in report.ordered()]


def plain_data(node: Node) -> object:
    match node:
        case ScalarNode():
            return node.value
        case SequenceNode():
            return [plain_data(item) for item in node.items]
        case MappingNode():
            return {str(entry.key.value): plain_data(entry.value) for entry in node.entries}


def assert_exact(node: ScalarNode) -> None:
    """Every character of the value stands where its part says."""
    file = node.span.file
    for index, character in enumerate(node.text.value):
        part = node.text.part(index, index + 1)
        assert part.text == character, (index, part)
    if node.text.value:
        whole = node.text.part(0, len(node.text.value))
        assert node.span.start <= whole.start < whole.end <= len(file.text)


@pytest.mark.parametrize("path", sorted(FAULTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_fault_is_told_like_this(path: Path, golden: Golden) -> None:
    report = Report()
    file = decode_source(path.name, path.read_bytes(), report)
    if file is not None:
        read_document(file, report)
    assert report.has_errors
    golden(path.with_suffix(".txt"), render_text(report.ordered()))


def test_every_golden_text_has_its_mapping() -> None:
    assert {path.stem for path in FAULTS.glob("*.txt")} == {path.stem for path in FAULTS.glob("*.yaml")}


@pytest.mark.parametrize("path", sorted(FAULTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_pure_parser_finds_the_same_codes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    expected = codes(text)
    monkeypatch.setattr(document, "_LOADER", yaml.SafeLoader)
    assert codes(text) == expected


def test_recoverable_faults_leave_a_tree() -> None:
    report = Report()
    root = read_document(SourceFile("t.yaml", "a: 1\na: 2\nb: !!str 3\nc: .nan\n"), report)
    assert [d.code for d in report.ordered()] == ["M104", "M109", "M114"]
    assert root is not None
    assert plain_data(root) == {"a": 1, "b": "3", "c": ".nan"}


def test_unquoted_liquid_is_read_as_the_text_that_was_meant() -> None:
    report = Report()
    root = read_document(SourceFile("t.yaml", "a: {{ x | upcase }}\nb: [{{y}}, 2]\n"), report)
    assert [d.code for d in report.ordered()] == ["M101", "M101"]
    assert root is not None
    assert plain_data(root) == {"a": "{{ x | upcase }}", "b": ["{{y}}", 2]}
    assert_exact(next(node for node in walk(root) if isinstance(node, ScalarNode)))


def test_a_lost_value_leaves_no_tree() -> None:
    report = Report()
    assert read_document(SourceFile("t.yaml", "a: &x 1\nb: *x\n"), report) is None


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("$.a[0]", '"$.a[0]"'),
        ("$['a b']", "\"$['a b']\""),
        ('$["a b"].c', "'$[\"a b\"].c'"),
        ("$.a[?@.b > 1].c", '"$.a[?@.b > 1].c"'),
        ("$.a[*]..b[1:2]", '"$.a[*]..b[1:2]"'),
        ("$.a[?(@.b == 'x, y')]", "\"$.a[?(@.b == 'x, y')]\""),
    ],
)
@pytest.mark.parametrize(
    "around", ["k: [{}]", "k: {{path: {}}}", "k: [x, {}, y]", "k: {{path: {}, as: string}}"]
)
def test_unquoted_path_is_recognised(path: str, hint: str, around: str) -> None:
    text = around.format(path)
    report = Report()
    assert read_document(SourceFile("t.yaml", text), report) is None
    (diagnostic,) = report.diagnostics
    assert diagnostic.code == "M120"
    assert diagnostic.span is not None
    assert diagnostic.span.text == path
    assert diagnostic.hints == (f"quote the path: {hint}",)
    parse(text.replace(path, hint))


@pytest.mark.parametrize(
    "text",
    ["k: $.a[0]: x", "k: '$.a[0]' x", 'k: ["$.a[0]" x]', "- $.a[0]\nk: 1", "k: [$.a, 'x]"],
)
def test_other_faults_beside_a_path_are_not_blamed_on_it(text: str) -> None:
    assert codes(text) == ["M101"]


def test_paths_in_block_style_need_no_quotes() -> None:
    assert plain_data(parse("k:\n  - $.a[0]\n  - $['x y'][*]\nl: $.a[?@.b == 1]\n")) == {
        "k": ["$.a[0]", "$['x y'][*]"],
        "l": "$.a[?@.b == 1]",
    }


VALUES = json.loads((CASES / "values.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("text", "value"), VALUES["values"])
def test_plain_scalar_is_this_json_value(text: str, value: object) -> None:
    node = scalar(f"k: {text}\n")
    assert node.plain
    assert type(node.value) is type(value)
    assert node.value == value


@pytest.mark.parametrize("text", VALUES["texts"])
def test_plain_scalar_is_text(text: str) -> None:
    assert scalar(f"k: {text}\n").value == text


@pytest.mark.parametrize("text", [*VALUES["texts"], *(text for text, _ in VALUES["values"])])
def test_quoted_and_literal_scalars_are_text(text: str) -> None:
    for written in (f"'{text}'", f'"{text}"', f"|-\n  {text}"):
        node = scalar(f"k: {written}\n")
        assert not node.plain
        assert node.value == text


def test_keys_are_resolved_too() -> None:
    keys = [entry.key.value for entry in parse("on: 1\n1: 1\n'1': 1\ntrue: 1\n01: 1\n").entries]
    assert [(type(key), key) for key in keys] == [
        (str, "on"),
        (int, 1),
        (str, "1"),
        (bool, True),
        (str, "01"),
    ]


@pytest.mark.parametrize(("first", "second"), [("a", "'a'"), ("1", "1.0"), ("null", "~"), ("0x10", "16")])
def test_keys_of_one_value_are_duplicates(first: str, second: str) -> None:
    assert codes(f"{first}: 1\n{second}: 2\n") == ["M104"]


def test_big_integers_stay_exact() -> None:
    assert scalar(f"k: {10**900 + 1}\n").value == 10**900 + 1
    assert codes(f"k: {10**1000}\n") == ["M114"]
    assert codes(f"k: 0x{'f' * 2000}\n") == ["M114"]


def test_get_finds_text_keys_only() -> None:
    root = parse("1: a\nb: c\n")
    assert root.get("1") is None
    assert root.get("b") == root.entries[1].value
    assert root.entry("b") is root.entries[1]


def test_walk_visits_every_node_in_order() -> None:
    root = parse("a: [1, {b: 2}]\nc: 3\n")
    assert [node.value for node in walk(root) if isinstance(node, ScalarNode)] == [1, 2, 3]
    assert len(list(walk(root))) == 6


@pytest.mark.parametrize(
    ("text", "value", "node_text"),
    [
        ("k: $.a[0] # note", "$.a[0]", "$.a[0]"),
        ("k: 'a \"b\" c'", 'a "b" c', "'a \"b\" c'"),
        ('k: "a\tb"', "a\tb", '"a\tb"'),
        ("k: {x: y}\nz: '😀 é 名'\nk2: 1", "😀 é 名", "'😀 é 名'"),
        ("\ufeffk: 😀 x", "😀 x", "😀 x"),
        ("k: |\n  a\n\n    b\t\n  😀\n", "a\n\n  b\t\n😀\n", "|\n  a\n\n    b\t\n  😀"),
        ("k: |2-\n    a\n  b\n\n", "  a\nb", "|2-\n    a\n  b"),
        ("k: |+ # kept\n a\n\n", "a\n\n", "|+ # kept\n a"),
        ("k: |\r\n  a\r\n  b\r\n", "a\nb\n", "|\r\n  a\r\n  b"),
        ("k: |\n  a", "a", "|\n  a"),
        ("k: |\n", "", "|"),
        ("k:", "", ""),
        ("k: ''", "", "''"),
    ],
)
def test_positions_are_exact(text: str, value: str, node_text: str) -> None:
    node = next(n for n in walk(parse(text)) if isinstance(n, ScalarNode) and n.text.value == value)
    assert node.span.text == node_text
    assert_exact(node)


@pytest.mark.parametrize(
    ("text", "value"),
    [("k: a\n  b", "a b"), ("k: 'a\n  b'", "a b"), ('k: "a\n  b"', "a b"), ("k: >\n  a\n  b\n", "a b\n")],
)
def test_folded_text_falls_back_to_the_whole_scalar(text: str, value: str) -> None:
    node = scalar(text)
    assert node.text.value == value
    assert node.text.part(2, 3) == node.span


def test_escapes_stand_where_they_are_written() -> None:
    node = scalar('k: "a\\"b\\u00e9c\\td"\n')
    assert node.text.value == 'a"béc\td'
    assert [node.text.part(i, i + 1).start for i in range(7)] == [4, 5, 7, 8, 14, 15, 17]
    single = scalar("k: 'it''s'\n")
    assert [single.text.part(i, i + 1).start for i in range(4)] == [4, 5, 6, 8]


def test_block_collections_end_with_their_last_value() -> None:
    root = parse("a:\n  b: 1 # note\n\n\nc: [x, y ]\nd:\n- z\n")
    spans = [entry.value.span.text for entry in root.entries]
    assert spans == ["b: 1", "[x, y ]", "- z"]


@pytest.mark.parametrize("path", sorted(MAPPINGS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_positions_in_shipped_mappings(path: Path) -> None:
    report = Report()
    file = read_source(path, report)
    assert file is not None
    root = read_document(file, report)
    assert root is not None
    assert not report.diagnostics, render_text(report.diagnostics)
    for node in walk(root):
        if isinstance(node, ScalarNode) and (node.text.exact or node.text.offsets):
            assert_exact(node)


TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_characters="\u2028\u2029\ufeff\ufffe\uffff", exclude_categories=("Cc", "Cs")
    )
    | st.sampled_from(list("\t'\"\\#:-|>[]{}, $%@&*!?😀名")),
    max_size=30,
)


@given(TEXT, st.sampled_from(["plain", "single", "double", "json", "literal", "flow"]), st.integers(1, 4))
@examples(200)
def test_positions_of_any_text_in_any_style(value: str, style: str, indent: int) -> None:
    margin = " " * indent
    written = {
        "plain": value,
        "single": "'" + value.replace("'", "''") + "'",
        "double": '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"',
        "json": json.dumps(
            value, ensure_ascii=max(value, default="") <= "\uffff"
        ),  # YAML has no surrogate pairs
        "literal": f"|{indent}\n" + "\n".join(margin + line for line in value.split("\n")),
        "flow": "[" + quoted(value) + "]",
    }[style]
    report = Report()
    root = read_document(SourceFile("t.yaml", f"😀: {{}}\nk: {written}\nz: 1\n"), report)
    if style == "plain" and (root is None or not isinstance(root.get("k"), ScalarNode)):
        return
    assert root is not None, render_text(report.diagnostics)
    node = root.get("k")
    if isinstance(node, SequenceNode):
        (node,) = node.items
    assert isinstance(node, ScalarNode)
    if style != "plain":
        assert node.text.value.removesuffix("\n") == value
    if node.text.exact or style == "literal":
        assert_exact(node)
    elif style in ("single", "double", "json"):
        starts = [node.text.part(i, i + 1).start for i in range(len(value))]
        assert starts == sorted(set(starts))
        assert all(c == value[i] or c in "\\'" for i, c in enumerate(root.span.file.text[s] for s in starts))


PIECES = r"""
a|k:_|-_|_|[|]|{|}|'|"|&x_|*x|!!t_|?_|:_|,|---\n|...\n|%YAML 1.2\n|%TAG ! x\n|{{|}}|{%
|$.a[0]|<<:_|#|\\|1|.nan|~|>
"""
FRAGMENTS = st.lists(
    st.sampled_from([piece.replace("_", " ").replace("\\n", "\n") for piece in PIECES.split("|")])
    | st.sampled_from(["|", "\n", "\n  ", "\n\t", "\r\n", "😀", "\ufeff", "\x85"]),
    max_size=25,
)


@given(st.binary(max_size=200) | FRAGMENTS.map(lambda parts: "".join(parts).encode("utf-8")))
@examples(300)
def test_any_bytes_give_a_tree_or_a_diagnostic(data: bytes) -> None:
    report = Report()
    file = decode_source("t.yaml", data, report)
    root = None if file is None else read_document(file, report)
    assert root is not None or report.has_errors
    assert bool(render_text(report.ordered())) == bool(report.diagnostics)
    for diagnostic in report.diagnostics:
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: " + "[" * 500_000, "M110"),
        ("a: " + "{a: " * 200_000, "M110"),
        ("\n".join(" " * i + "a:" for i in range(1000)), "M110"),
        ("a:\n" + "- 1\n" * 100_000, "M110"),
        ("a: [" + "1," * 100_000, "M110"),
        ("a: " + "x" * (DEFAULT.mapping_bytes + 1), "M010"),
        ("a: '" + "x" * 900_000, "M101"),
        ("a: " + "{{ " * 300_000, "M110"),
        ("a: " + "\x00" * 1_000_000, "M101"),
        ("? " * 300_000, "M110"),
        ("- " * 300_000, "M110"),
        ("a: [" + "$.a[" * 200_000, "M120"),
        ("a: " + "!" * 900_000 + " x", "M109"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_hostile_size_is_refused_quickly(text: str, code: str) -> None:
    assert code in codes(text)
    assert_linear(codes, text[: len(text) // 8], text)


class _Shallow(yaml.SafeLoader):
    """A parser that stops at 40 flow levels, as some versions of libyaml stop at 1,000."""

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        mark = self.get_mark()
        if self.flow_level >= 40:
            raise ScannerError("while increasing flow level", mark, "exceeded maximum nesting depth", mark)
        super().fetch_flow_collection_start(token)


PARSERS = {"installed": document._LOADER, "pure": yaml.SafeLoader, "shallow": _Shallow}

# The text before the nesting, what opens a level, what closes it, and the levels of the text before.
SLOW = pytest.mark.slow
NESTINGS = {
    "flow lists": ("a: ", "[", "]", 1),
    "flow mappings": ("a: ", "{a: ", "}", 1),
    "flow mappings as keys": ("a: ", "{", "}", 1),
    "flow lists and mappings": ("a: ", "[ {a: [ ", "]}]", 1),
    "flow lists on lines": ("a:\n ", "[\n ", "]", 1),
    "a flow list below others": ("a: 1\nb:\n  c:\n  - ", "[", "]", 3),
    "a flow list as the root": ("", "[", "]", 0),
    "block lists": ("a:\n ", "- ", "", 1),
    "block keys": ("", "? ", "", 0),
    "after a byte order mark": ("\ufeffa: ", "[", "]", 1),
}


@pytest.mark.parametrize(
    ("parser", "levels", "ends"),
    [
        ("installed", MAX_FILE_DEPTH + 1, "open"),
        ("installed", 1_001, "closed"),
        ("pure", MAX_FILE_DEPTH + 1, "closed"),
        ("shallow", MAX_FILE_DEPTH + 1, "open"),
        *(pytest.param("installed", n, "open", marks=SLOW) for n in (999, 1_000, 1_001, 1_000_000)),
        pytest.param("installed", 999, "closed", marks=SLOW),
        pytest.param("pure", MAX_FILE_DEPTH + 1, "open", marks=SLOW),
        pytest.param("shallow", MAX_FILE_DEPTH + 1, "closed", marks=SLOW),
        pytest.param("pure", 1_001, "closed", marks=SLOW),
    ],
)
@pytest.mark.parametrize("name", NESTINGS)
def test_too_deep_is_told_at_the_level_that_is_too_deep(
    name: str, levels: int, ends: str, parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, opening, closing, outer = NESTINGS[name]
    each = max(1, sum(map(opening.count, "[{")))
    room = DEFAULT.mapping_bytes - len(before)
    repeated = min(levels // each + 1, room // len(opening + closing * (ends == "closed")))
    text = before + opening * repeated + (closing * repeated if ends == "closed" else "")
    opened = [len(before) + m.start() for m in re.finditer(r"[\[{?-]", text[len(before) : 1_000])]
    monkeypatch.setattr(document, "_LOADER", PARSERS[parser])
    report = Report()
    assert read_document(SourceFile("t.yaml", text), report) is None
    (found,) = [d for d in report.diagnostics if d.code != "M122"]  # M122: a collection as a key
    assert (found.code, found.message) == ("M110", f"the text nests more than {MAX_FILE_DEPTH} levels deep")
    assert found.span is not None
    assert found.span.start == opened[MAX_FILE_DEPTH - outer]


def test_block_mappings_that_nest_too_deep_are_told_at_the_first_key_too_deep() -> None:
    for levels in (MAX_FILE_DEPTH + 1, 999, 1_000, 1_001, 1_400):
        text = "\n".join(" " * level + "a:" for level in range(levels))
        report = Report()
        assert read_document(SourceFile("t.yaml", text), report) is None
        (found,) = report.diagnostics
        assert found.code == "M110"
        assert found.span is not None
        assert found.span.file.line_column(found.span.start) == (MAX_FILE_DEPTH + 1, MAX_FILE_DEPTH + 1)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: " + "[" * (MAX_FILE_DEPTH - 1) + "]" * (MAX_FILE_DEPTH - 1), []),
        ("a: 1\na: 2\nb: " + "[" * 2_000, ["M104", "M110"]),
        ("a: &x 1\nb: {c: 1, c: 2, d: " + "[" * 2_000 + "]" * 2_000 + "}", ["M108", "M104", "M110"]),
        ("a: [$.a[0], " + "[" * 2_000, ["M120"]),
        ("a: [1}, " + "[" * 2_000, ["M101"]),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_a_limit_of_the_parser_hides_and_repeats_nothing(
    text: str, expected: list[str], parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "_LOADER", PARSERS[parser])
    assert codes(text) == expected


def test_billion_laughs_costs_nothing() -> None:
    lines = ["l0: &l0 [lol]"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 40)]
    report = Report()
    assert read_document(SourceFile("t.yaml", "\n".join(lines)), report) is None
    assert {d.code for d in report.diagnostics} == {"M108"}


def test_many_faults_in_one_line_are_told_quickly() -> None:
    def printed(count: int) -> str:
        report = Report()
        read_document(SourceFile("t.yaml", "k: [" + "&a 1, " * count + "]"), report)
        return render_text(report.ordered())

    assert printed(1_600).count("error[M108]") == 1_600
    assert_linear(printed, 200, 1_600)
