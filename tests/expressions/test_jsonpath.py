"""JSONPath: our own cases, the RFC 9535 suite, and what the parser promises."""

from __future__ import annotations

import json
import logging
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import mapper
import mapper.expressions.jsonpath
from mapper import ir
from mapper.expressions.jsonpath import is_shorthand, quote_name
from mapper.expressions.jsonpath.lexer import MAX_FILTERS
from mapper.expressions.jsonpath.path_parsing import MAX_LENGTH
from mapper.interpreter.path_evaluation import evaluate_path, find_nodes, locate
from mapper.runtime.faults import Fault
from mapper.runtime.json.locations import write_location
from mapper.runtime.limits import DEFAULT, MAX_PATH_DEPTH
from mapper.runtime.missing import MISSING
from support.jsonpaths import compiled, generated, parse, parsed, run, spelled
from support.places import SHARED, TESTS
from support.yaml_text import load_yaml

CASES = TESTS / "cases" / "jsonpath"
SUITE = SHARED / "suites" / "jsonpath-rfc9535.json"


def own_cases() -> list[Any]:
    found = []
    for file in sorted(CASES.glob("*.yaml")):
        for number, case in enumerate(load_yaml(file)["cases"], 1):
            found.append(pytest.param(case, id=f"{file.stem}-{number}"))
    return found


@pytest.mark.parametrize("case", own_cases())
def test_case(case: dict[str, Any]) -> None:
    path, diagnostics = parse(case["path"])
    if "error" in case:
        assert path is None
        (diagnostic,) = diagnostics
        assert diagnostic.code == case["error"], diagnostic
        if "at" in case:
            assert diagnostic.span is not None
            assert diagnostic.span.text == case["at"], diagnostic
        if "column" in case:
            assert diagnostic.span is not None
            assert diagnostic.span.column == case["column"] + 2, diagnostic
        if "message" in case:
            assert diagnostic.message == case["message"]
        if "hint" in case:
            assert diagnostic.hints == (case["hint"],)
        return
    assert path is not None, diagnostics
    document = case["document"]
    found = run(path, document)
    assert spelled(found) == spelled(evaluate_path(path, document, None)), generated(path)
    if "missing" in case:
        assert found is MISSING
    else:
        assert spelled(found) == spelled(case["result"]), generated(path)
    if "locations" in case:
        assert [location for location, _ in locate(path, document, None)] == case["locations"]


def suite_cases() -> list[Any]:
    if not SUITE.exists():
        return []
    return [pytest.param(case, id=case["name"]) for case in json.loads(SUITE.read_text("utf-8"))["tests"]]


@pytest.mark.skipif(not SUITE.exists(), reason="the RFC 9535 suite is not beside this checkout")
@pytest.mark.parametrize("case", suite_cases())
def test_rfc_9535_suite(case: dict[str, Any]) -> None:
    path, diagnostics = parse(case["selector"])
    if case.get("invalid_selector"):
        assert path is None
        assert [d.code for d in diagnostics] in (["M201"], ["M202"], ["M203"], ["M204"])
        return
    assert path is not None, diagnostics
    document = case["document"]
    results = [case["result"]] if "result" in case else case["results"]
    paths = [case["result_paths"]] if "result_paths" in case else case.get("results_paths", [])
    found = run(path, document)
    nodes = ([] if found is MISSING else [found]) if path.is_singular else found
    located = locate(path, document, None)
    assert spelled(nodes) in [spelled(result) for result in results], generated(path)
    assert spelled([value for _, value in located]) in [spelled(result) for result in results]
    assert not paths or [location for location, _ in located] in paths


def test_the_suite_is_complete() -> None:
    if not SUITE.exists():
        pytest.skip("the RFC 9535 suite is not beside this checkout")
    assert len(suite_cases()) == 352


ODD_NAMES = (
    "it's",
    'a"b',
    "{x}",
    "{{ x }}",
    "line\nbreak",
    "back\\slash",
    "\u2028",
    "\x00",
    "'); import os; ('",
    '"); import os; (',
    "naïve 名前 😀",
    "",
    "\x7f",
    "a.b",
    "[x]",
    "__class__",
    "if",
    "item",
    "MISSING",
    "0",
)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_reaches_its_member(name: str) -> None:
    document = {"other": 1, name: {"x": [2]}}
    assert run(parsed(f"${quote_name(name)}.x[0]"), document) == 2
    assert run(parsed(f"$[*]{quote_name(name)}"), [document]) == [{"x": [2]}]
    assert run(parsed(f"$[?@{quote_name(name)}]"), [document, {}]) == [document]
    assert run(parsed(f"$[?@ == {quote_name(name)[1:-1]}]"), [name, name + "x"]) == [name]
    assert generated(parsed(f"${quote_name(name)}")).isascii()


def test_paths_share_their_beginnings() -> None:
    source = generated(parsed("$.a.b.c"), parsed("$.a.b.d"), parsed("$.a.b[*].e"))
    assert source.count("'a'") == 1
    assert source.count("'b'") == 1


def test_item_and_body_are_kept_apart() -> None:
    paths = parsed("$.a"), parsed("$.a", ir.Root.BODY), parsed("$[?@ == $.a]", ir.Root.BODY)
    assert compiled(*paths)({"a": 1}, {"a": 2}) == [1, 2, [2]]
    assert [evaluate_path(path, {"a": 1}, {"a": 2}) for path in paths] == [1, 2, [2]]


def test_a_list_of_matches_is_new() -> None:
    document = {"a": [1, 2]}
    for text in ("$.a[*]", "$.a[:]", "$.*"):
        found = run(parsed(text), document)
        assert isinstance(found, list)
        found.append("more")
    assert document == {"a": [1, 2]}


def test_true_and_one_are_not_shared() -> None:
    document = {"x": [{"a": 1}, {"a": 2}], "y": [0]}
    path = parsed("$.y[?count($.x[?@.a == 1]) > count($.x[?@.a == true])]")
    assert run(path, document) == [0] == evaluate_path(path, document, None)


def test_names_and_indexes_carry_their_spans() -> None:
    path = parsed("$.ab['c d'][-12]..é[0,'x']")
    selectors = [selector for segment in path.segments for selector in segment.selectors]
    assert [s.span.text for s in selectors if isinstance(s, ir.Name | ir.Index) and s.span] == [
        "ab", "'c d'", "-12", "é", "0", "'x'",
    ]  # fmt: skip


def test_locations_for_people() -> None:
    document = {"items": [{"price": 1, "unit price": 2}]}
    nodes = find_nodes(parsed("$..*"), document, None)
    assert [write_location(location) for location, _ in nodes] == [
        "$.items",
        "$.items[0]",
        "$.items[0].price",
        "$.items[0]['unit price']",
    ]


def nested(depth: int) -> list[Any]:
    document: list[Any] = []
    for _ in range(depth):
        document = [document]
    return document


def test_length_limit() -> None:
    longest = "$" + ".a" * ((MAX_LENGTH - 1) // 2)
    assert parse(longest)[0] is not None
    assert [d.code for d in parse(longest + "bcd")[1]] == ["M205"]
    assert run(parsed(longest), {"a": {"a": 1}}) is MISSING


def test_nesting_limits() -> None:
    groups = "$[?" + "(" * (MAX_PATH_DEPTH - 1) + "@.a" + ")" * (MAX_PATH_DEPTH - 1) + "]"
    assert run(parsed(groups), [{"a": 1}, {}]) == [{"a": 1}]
    negations = "$[?" + "!(" * (MAX_PATH_DEPTH - 1) + "@.a" + ")" * (MAX_PATH_DEPTH - 1) + "]"
    assert run(parsed(negations), [{"a": 1}, {}]) == [{}]
    assert [d.code for d in parse(groups.replace("@.a", "(@.a)"))[1]] == ["M205"]
    filters = "$" + "[?@" * MAX_FILTERS + "]" * MAX_FILTERS
    document: Any = [1]
    for _ in range(MAX_FILTERS):
        document = [document]
    assert run(parsed(filters), document) == document == evaluate_path(parsed(filters), document, None)
    assert [d.code for d in parse(filters.replace("@]", "@[?@]]", 1))[1]] == ["M205"]


def test_nested_filters_stay_within_python_limits() -> None:
    # Two loops a filter would be more than the 20 that Python nests in one function.
    path = parsed("$" + "[*][?@" * MAX_FILTERS + "]" * MAX_FILTERS)
    document = nested(2 * MAX_FILTERS + 1)
    assert run(path, document) == evaluate_path(path, document, None) == document[0]


def test_long_conditions_compile() -> None:
    for operator in ("||", "&&"):
        path = parsed("$[?" + operator.join(["@.a==1"] * 1_200) + "]")
        assert run(path, [{"a": 1}, {"a": 2}]) == [{"a": 1}]


@pytest.mark.parametrize("text", ["$..a", "$[?$ == @]", "$[?@..a]", "$[?@ == $[0]]"])
def test_deep_payloads_do_not_exhaust_the_stack(text: str) -> None:
    document = nested(10_000)
    path = parsed(text)
    for found in (run(path, document), evaluate_path(path, document, None)):
        assert isinstance(found, list)
        assert len(found) == (1 if text == "$[?@ == $[0]]" else 0)
    while document:  # a nested list this deep may not be freed recursively
        document = document.pop()


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("$..*", list(range(DEFAULT.path_matches + 1))),
        pytest.param("$" + "[*,*]" * 40, nested(50), marks=pytest.mark.slow),
        ("$[0,0,0,0,0,0,0,0][*]", [list(range(DEFAULT.path_matches // 4))]),
        pytest.param("$[*]..a", [0] * (DEFAULT.path_visits + 1), marks=pytest.mark.slow),
        ("$[?count(@..*) > 1]", [list(range(DEFAULT.path_matches + 1))]),
    ],
)
def test_matches_are_bounded(text: str, document: object) -> None:
    path = parsed(text)
    with pytest.raises(Fault) as raised:
        run(path, document)
    assert raised.value.code == "M608"
    with pytest.raises(Fault) as raised:
        evaluate_path(path, document, None)
    assert raised.value.code == "M608"


def test_visits_of_a_deep_payload_are_bounded() -> None:
    with pytest.raises(Fault) as raised:
        run(parsed("$..*..*"), nested(2_000))
    assert raised.value.code == "M608"


def test_the_limits_are_reachable() -> None:
    assert len(run(parsed("$..*"), list(range(DEFAULT.path_matches)))) == DEFAULT.path_matches  # type: ignore[arg-type]
    assert run(parsed("$[*]..a"), [0] * DEFAULT.path_visits) == []


def test_no_table_is_written_and_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    from mapper.expressions.jsonpath.grammar import PathParser

    folder = Path(mapper.expressions.jsonpath.__file__).parent
    before = sorted(folder.iterdir())
    with caplog.at_level(logging.DEBUG):
        PathParser()
        parsed("$.a")
    assert not caplog.records
    assert sorted(folder.iterdir()) == before
    assert "mapper.expressions.jsonpath.no_table" not in sys.modules


def test_threads_parse_at_once() -> None:
    texts = [f"$.a{i}[?@.b{i} == {i}][{i}, 'x{i}']" for i in range(50)]
    found: dict[str, ir.Path] = {}

    def work(part: list[str]) -> None:
        for text in part * 3:
            found[text] = parsed(text)

    threads = [threading.Thread(target=work, args=(texts[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {text: parsed(text) for text in texts}


def test_the_tables_of_the_grammar_are_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from mapper.expressions.jsonpath.grammar import PathParser

    parsed("$.a")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(PathParser, "__init__", refuse)
    for number in range(100):
        parsed(f"$.events[?@.kind == 'x{number}'].name")


@pytest.mark.parametrize("name", ["a", "_a1", "é", "名前"])
def test_shorthand_names(name: str) -> None:
    assert is_shorthand(name)
    assert run(parsed(f"$.{name}"), {name: 1}) == 1


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "$a", "a\n"])
def test_names_that_need_quotes(name: str) -> None:
    assert not is_shorthand(name)
    assert parse(f"$.{name}")[0] is None


@pytest.mark.parametrize(
    ("path", "words"),
    [("$.a + ' ' + $.b", "`liquid:"), ("$.a == 'x'", "`when: a == 1`"), ("$.a >= 1", "`when: a == 1`")],
)
def test_a_path_that_computes_or_compares_names_the_construct_for_it(path: str, words: str) -> None:
    text = f'mapping: a\nversion: 1\nevent:\n  event_id: {{path: "{path}"}}\n'
    found = [one for one in mapper.check(text) if one.code == "M201"]
    assert len(found) == 1
    assert any(words in hint for hint in found[0].hints)
