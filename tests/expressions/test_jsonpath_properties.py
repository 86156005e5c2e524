"""Properties of paths: generated code, interpreter and library agree; no text makes the parser raise."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonpath_ng.ext.parser import parse as library_parse

from mapper import ir
from mapper.diagnostics.source import SourceFile, Span
from mapper.expressions.jsonpath import quote_name
from mapper.interpreter.path_evaluation import evaluate_path, locate
from mapper.runtime.missing import MISSING
from support.examples import examples
from support.jsonpaths import compiled, generated, parse, parsed, run, spelled

SPAN = Span(SourceFile("random", ""), 0, 0)
FAST = examples(150)

names = st.sampled_from(["a", "b", "c d", "it's", "0"])
scalars = st.sampled_from([None, True, False, 0, 1, 1.0, -0.0, 2.5, 10**20, "", "a", "ab", "b", "1", "("])
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
bounds = st.none() | st.integers(-5, 5)
singular_selectors = st.builds(ir.Name, names) | st.builds(ir.Index, st.integers(-3, 3))
singular_segments = st.lists(st.builds(ir.Child, st.tuples(singular_selectors)), max_size=3).map(tuple)
patterns = st.sampled_from(["a", "a.*", "[ab]+", "", "^a", "b$"])  # of literals; documents hold a bad one


def segments_of(
    tests: st.SearchStrategy[ir.Test], most: int = 3
) -> st.SearchStrategy[tuple[ir.Segment, ...]]:
    selectors = (
        singular_selectors
        | st.builds(ir.Wildcard)
        | st.builds(ir.Slice, bounds, bounds, bounds)
        | st.builds(ir.Filter, tests)
    )
    several = st.lists(selectors, min_size=1, max_size=3).map(tuple)
    segment = st.builds(ir.Child, several) | st.builds(ir.Child, several) | st.builds(ir.Descendant, several)
    return st.lists(segment, max_size=most).map(tuple)


def conditions_over(tests: st.SearchStrategy[ir.Test]) -> st.SearchStrategy[ir.Test]:
    queries = st.builds(ir.Query, st.booleans(), segments_of(tests, 2))
    singular = st.builds(ir.Query, st.booleans(), singular_segments)
    counts = st.builds(ir.Function, st.sampled_from(["count", "value"]), st.tuples(queries))
    simple = st.builds(ir.Constant, scalars) | singular | counts
    operands = simple | st.builds(ir.Function, st.just("length"), st.tuples(simple))
    texts = singular | st.builds(ir.Constant, patterns)
    calls = st.builds(ir.Function, st.sampled_from(["match", "search"]), st.tuples(texts, texts))
    compared = st.builds(
        ir.Comparison, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), operands, operands
    )
    several = st.lists(tests, min_size=2, max_size=3).map(tuple)
    return (
        compared
        | st.builds(ir.Exists, queries)
        | st.builds(ir.Matches, calls)
        | st.builds(ir.And, several)
        | st.builds(ir.Or, several)
        | st.builds(ir.Not, tests)
    )


all_tests = st.recursive(
    st.builds(ir.Exists, st.builds(ir.Query, st.booleans(), singular_segments)), conditions_over, max_leaves=6
)
paths = st.builds(
    lambda root, segments: ir.Path(root, segments, "$", SPAN),
    st.sampled_from(ir.Root),
    segments_of(all_tests),
)


def written(segments: tuple[ir.Segment, ...]) -> str:
    """Segments as path text."""
    return "".join(
        ("" if isinstance(segment, ir.Child) else "..")
        + "["
        + ",".join(map(_selector, segment.selectors))
        + "]"
        for segment in segments
    )


def _selector(selector: ir.Selector) -> str:
    match selector:
        case ir.Name(name):
            return quote_name(name)[1:-1]
        case ir.Index(index):
            return str(index)
        case ir.Wildcard():
            return "*"
        case ir.Slice(start, stop, step):
            return ":".join("" if bound is None else str(bound) for bound in (start, stop, step))
        case ir.Filter(test):
            return "?" + _test(test)


def _test(test: ir.Test) -> str:
    match test:
        case ir.Comparison(operator, left, right):
            return f"{_operand(left)}{operator}{_operand(right)}"
        case ir.Exists(node) | ir.Matches(node):
            return _operand(node)
        case ir.And(tests):
            return "(" + "&&".join(map(_test, tests)) + ")"
        case ir.Or(tests):
            return "(" + "||".join(map(_test, tests)) + ")"
        case ir.Not(inner):
            return f"!({_test(inner)})"


def _operand(operand: ir.Comparable | ir.Test) -> str:
    match operand:
        case ir.Query(relative, segments):
            return ("@" if relative else "$") + written(segments)
        case ir.Constant(str() as text):
            return quote_name(text)[1:-1]
        case ir.Constant(value):
            return json.dumps(value)
        case ir.Function(name, arguments):
            return f"{name}({','.join(map(_operand, arguments))})"
    raise AssertionError(operand)


@FAST
@given(paths, documents, documents)
def test_generated_code_and_interpreter_agree(path: ir.Path, item: object, body: object) -> None:
    before = spelled([item, body])
    found = run(path, item, body)
    assert spelled(found) == spelled(evaluate_path(path, item, body)), generated(path)
    assert spelled([item, body]) == before


@FAST
@given(st.lists(paths, min_size=2, max_size=4), documents, documents)
def test_paths_in_one_function_do_not_disturb_each_other(
    many: list[ir.Path], item: object, body: object
) -> None:
    found = compiled(*many)(item, body)
    assert spelled(found) == spelled([evaluate_path(path, item, body) for path in many]), generated(*many)


@FAST
@given(paths, documents)
def test_written_paths_mean_the_same(path: ir.Path, item: object) -> None:
    text = "$" + written(path.segments)
    again = parsed(text)
    expected = evaluate_path(ir.Path(ir.Root.ITEM, path.segments, text, SPAN), item, None)
    assert spelled(evaluate_path(again, item, None)) == spelled(expected), text


@FAST
@given(paths, documents)
def test_locations_lead_back_to_their_values(path: ir.Path, item: object) -> None:
    for location, value in locate(path, item, item):
        assert spelled(run(parsed(location), item)) == spelled(value)


texts = st.text(max_size=30) | st.text(
    "$@.[]()*?!&|=<>'\"\\,:-+0123456789eEtruefalsnl \n`~/abw$", max_size=40
).map(lambda tail: "$" + tail)


@examples(800)
@given(texts)
@example("$[?@.a == " + "9" * 5_000 + "]")
@example("$[" + "9" * 5_000 + "]")
@example("$[?" + "!" * 5_000)
@example("$" + "[" * 9_000)
@example("$" + "(" * 9_000)
@example("$" + "." * 9_000)
@example("$[?match(@,'" + "(" * 9_000 + "')]")
@example("$[?match(@,'" + "(){9999}" * 1_000 + "')]")
@example("$[?match(@,'((((){499}){499}){499}){499}')]")
@example("$['" + "\\" * 9_001 + "']")
@example("$.\ud800")
@example("$['\ud800']")
@example("\x00")
def test_any_text_parses_or_is_diagnosed(text: str) -> None:
    path, diagnostics = parse(text)
    assert (path is None) == (len(diagnostics) == 1)
    if path is None:
        (diagnostic,) = diagnostics
        assert diagnostic.span is not None
        assert 2 <= diagnostic.span.start <= diagnostic.span.end <= 2 + len(text)
    else:
        assert spelled(run(path, {"a": [1]})) == spelled(evaluate_path(path, {"a": [1]}, None))


@FAST
@given(
    st.lists(
        st.tuples(st.sampled_from([".", "..", "['", "..['"]), st.text(min_size=1, max_size=8)), max_size=5
    )
)
def test_spans_are_the_text_of_their_names(parts: list[tuple[str, str]]) -> None:
    text = "$"
    for opening, name in parts:
        text += opening + name if opening[-1] == "." else opening[:-2] + quote_name(name)
    path, _ = parse(text)
    if path is None:
        return
    for segment in path.segments:
        for selector in segment.selectors:
            if isinstance(selector, ir.Name):
                assert selector.span is not None
                assert selector.span.text in (selector.name, quote_name(selector.name)[1:-1])


@FAST
@given(st.text(max_size=20))
def test_any_name_can_be_quoted(name: str) -> None:
    path, _ = parse(f"${quote_name(name)}")
    if re.search("[\ud800-\udfff]", name):
        assert path is None  # half a surrogate pair has no spelling in RFC 9535
    else:
        assert path is not None
        assert run(path, {name: 1}) == 1


simple_selectors = (
    st.builds(ir.Name, st.sampled_from(["a", "b", "c d"]))
    | st.builds(ir.Index, st.integers(-2, 3))
    | st.builds(ir.Wildcard)
    | st.builds(ir.Slice, bounds, bounds, st.sampled_from([None, 1, 2]))
)


@FAST
@given(
    st.lists(st.builds(ir.Child, st.tuples(simple_selectors)), min_size=1, max_size=4).map(tuple), documents
)
def test_the_library_agrees_where_it_follows_the_rfc(segments: tuple[ir.Segment, ...], item: Any) -> None:
    text = "$" + written(segments)
    if not isinstance(item, dict | list):
        return
    path = parsed(text)
    found = run(path, item)
    expected = [match.value for match in library_parse(text).find(item)]
    nodes = ([] if found is MISSING else [found]) if path.is_singular else found
    assert spelled(nodes) == spelled(expected), text


def test_the_random_paths_are_not_all_trivial() -> None:
    """Guards the strategies above: a change there must not leave the properties with nothing to prove."""
    found = {"matches": 0, "filters": 0, "singular": 0}

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(paths, documents)
    def count(path: ir.Path, item: object) -> None:
        result = evaluate_path(path, item, item)
        found["matches"] += isinstance(result, list) and bool(result)
        found["singular"] += path.is_singular and result is not MISSING
        found["filters"] += "Filter" in repr(path)

    count()
    assert min(found.values()) >= 20, found
