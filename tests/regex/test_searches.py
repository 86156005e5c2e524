"""Searches: the answers are those of `re`, and the work grows with the text and no faster."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.regex.automaton import MAX_REMEMBERED, NoAutomaton, Steps, compile_automaton
from mapper.regex.characters import CharacterSet
from mapper.regex.reading import Alternatives, Look, Place, Repetition, Sequence, Tree, read_ecma
from mapper.regex.searches import automaton_of, searcher
from mapper.regex.translation import as_python, is_linear, reduced
from mapper.runtime.schema.validation import delegate, violations
from support.examples import examples
from support.growth import assert_linear
from support.places import PAYLOAD_SCHEMAS, ROOT
from support.validators import compiled

# Everyday patterns, the shipped ones among them, stay with `re`.
QUICK = [
    *("", r"\S", r"^\S+(?!\s)$", "^x", "foo$", "a+", "^.{1,100}$", "^[a-z]{1,5000}$", r"^[\s\S]*$", ".*a"),
    *(
        "^[a-z0-9-]+$",
        "^[a-z]+(-[a-z]+)*$",
        r"^[A-Za-z0-9 @.+:_-]*$",
        r"^\+?[1-9]\d{1,14}$",
        "(?:(?:ab?)+|c)",
    ),
    *(
        r"^\d{4}-\d{2}-\d{2}$",
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T",
        r"[0-9]{4}-[0-9]{2}",
        r"^(?:[01]\d|2[0-3]):[0-5]\d$",
    ),
    *(r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$", r"^https?://[^\s/$.?#].[^\s]*$", r"^(foo|bar|baz)$", r"^\$|\{\{"),
    *("^[A-Z]{3}$", r"^\d+$", "^(?:prod|test)-(?:eu|us)-[0-9]{1,3}$"),
]

# A text in time that is more than linear for `re`; hours for some.
SLOW = {
    "^a*a*$": "a" * 1_000_000 + "x",
    "(a|b)*a.*a.*c": "ab" * 500_000,
    r"^\s*(.*?)\s*$": " " * 1_000_000 + "x\ny",
    "^(?:a?){30}a{30}$": "a" * 1_000_000 + "b",
    "^((a|a){9}){9}$": "a" * 80 + "b" * 1_000_000,
    "[a-z]{500,}!": "a" * 1_000_000,
    r"(?=.*x)(?!.*y\b)\w+\s*\w+$": "w " * 500_000,
    r"(?<!\S)\w+(?!\w)\s+\w+!": "ab " * 300_000,
    "^(a+)+$": "a" * 1_000_000 + "b",
    "b(a*a*)*c": "b" + "a" * 1_000_000,
    "^(a|a)*$": "a" * 1_000_000 + "b",
    "^(a|b|ab)*c": "ab" * 500_000,
    "^(.*)*x$": "x" * 1_000_000 + "y",
    "^(a{1,20}){1,20}$": "a" * 1_000_000,
    "^(([a-z])+.)+[A-Z]([a-z])+$": "a" * 1_000_000,
    "(?=(a+)+b)c": "a" * 1_000_000,
    r"^(?:\s|\u3000)*x": "\u3000" * 1_000_000,
    "^(((a|b)?)*)*c": "ab" * 500_000,
    "^(?:(?:(?:a*)*)*)*b": "a" * 1_000_000,
    "(?<=a.*)b(?=.*c)": "b" * 500_000 + "c" * 500_000,
    r"^\p{L}*\p{L}*1": "\u00e9" * 1_000_000,
}


# Slow for `re` as they are written; shorter patterns are found in the same texts.
SHORTENED = {
    r"\s+$": " " * 1_000_000 + "x",
    "a*a*b": "a" * 1_000_000,
    "[a-z]+@": "a" * 1_000_000,
    "(a+)+$": "a" * 1_000_000 + "b",
    "(?:a*(?:b|c+)|d{2,})*ex*y?": "ac" * 500_000,
    "(?:.*)*x": "a" * 1_000_000,
}


@pytest.mark.parametrize("pattern", SHORTENED)
def test_a_search_leaves_out_what_is_not_needed(pattern: str) -> None:
    assert not is_linear(read_ecma(pattern))
    assert automaton_of(pattern) is None
    assert searcher(pattern)(SHORTENED[pattern]) is None


@pytest.mark.parametrize("pattern", QUICK)
def test_everyday_patterns_are_searched_by_re(pattern: str) -> None:
    assert automaton_of(pattern) is None
    assert isinstance(getattr(searcher(pattern), "__self__", None), re.Pattern)


def test_patterns_of_shipped_schemas_are_searched_by_re() -> None:
    found = 0
    for path in PAYLOAD_SCHEMAS:
        for pattern in re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', path.read_text("utf-8")):
            assert automaton_of(json.loads(pattern)) is None
            found += 1
    assert found > 5


@pytest.mark.parametrize("pattern", SLOW)
def test_slow_patterns_are_searched_by_an_automaton(pattern: str) -> None:
    """Each of these texts would keep `re` busy for minutes at least."""
    automaton = automaton_of(pattern)
    assert automaton is not None
    assert searcher(pattern) == automaton.search
    assert searcher(pattern)(SLOW[pattern]) is None


@pytest.mark.parametrize("pattern", SLOW)
def test_an_automaton_takes_few_steps(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules are evaluated at most twice for each character and machine, and few times if steps repeat."""
    taken: list[int] = []
    evaluate = Steps.after
    monkeypatch.setattr(Steps, "after", lambda steps, read: taken.append(read) or evaluate(steps, read))
    automaton = compile_automaton(read_ecma(pattern))
    for size in (1_000, 8_000):
        taken.clear()
        automaton.holds(SLOW[pattern][:size] + SLOW[pattern][-size:])
        assert len(taken) <= 600
    assert automaton.remembered <= MAX_REMEMBERED


def test_steps_that_do_not_repeat_are_forgotten() -> None:
    """A text of two letters with ever new states: 2 to the power of 20."""
    automaton = compile_automaton(read_ecma("^[ab]*a[ab]{20}c"))
    text = "".join("ab"[number * number % 7 % 2 ^ number.bit_count() % 2] for number in range(20_000))
    assert not automaton.holds(text)
    assert automaton.holds(text + "a" + "b" * 20 + "c")
    assert 0 < automaton.remembered <= MAX_REMEMBERED


@pytest.mark.parametrize("pattern", [*[*SLOW][:9], *[*SHORTENED][:3]])
def test_no_way_to_validate_searches_with_re(pattern: str) -> None:
    def judge_all(length: int) -> None:
        whole = {**SLOW, **SHORTENED}[pattern]
        text = whole[:length] + whole[-length:]
        for schema in (inlined, asked):
            assert not compiled(schema)(text)
            assert violations(json.dumps(schema), text)
        for schema in (named, {**named, "additionalProperties": True}):
            assert compiled(schema)({text: 1})
        for closed in ("additionalProperties", "unevaluatedProperties"):
            schema = {"patternProperties": {pattern: True}, closed: False}
            assert not compiled(schema)({text: 1})
            assert violations(json.dumps(schema), {text: 1})

    named = {"type": "object", "patternProperties": {pattern: False}}
    inlined = {"type": "string", "pattern": pattern}
    asked = {"anyOf": [inlined, {"type": "integer"}]}
    assert_linear(judge_all, 3_000, 24_000)


@pytest.mark.parametrize(
    ("pattern", "code", "field"),
    [(r"\s+$", "M404", "p"), ("a*a*b", "M302", "q"), ("(a|b)*a.*a.*c", "M404", "p"), ("^a*a*$", "M404", "p")],
)
def test_compiling_tries_patterns_by_automata(pattern: str, code: str, field: str, tmp_path: Path) -> None:
    """The checker tries the patterns of the target on texts of the mapping and on names."""
    schema = json.loads((ROOT / "schemas/event.schema.json").read_text("utf-8"))
    text = "ab" * 40_000 + " " * 80_000 + "a" * 80_000 + "x"
    schema["properties"]["event_properties"] = {
        "patternProperties": {pattern: {"type": "string"}},
        "properties": {text: True, "p": {"type": "string", "pattern": pattern}},
        "additionalProperties": False,
        "required": [text],
    }
    (tmp_path / "own.schema.json").write_text(json.dumps(schema), "utf-8")
    (tmp_path / "m.yaml").write_text(
        "mapping: m\ntarget: own.schema.json\nsource: own.schema.json\nevent:\n  event_id: e\n"
        "  event_name: Seen\n  user_id: u\n  timestamp: '2026-11-23T20:00:00.000Z'\n"
        f"  event_properties: {{p: {{path: $.p, default: '{text}'}}, q: 2}}\n",
        "utf-8",
    )
    with pytest.raises(mapper.CompileError) as raised:
        mapper.load(tmp_path / "m.yaml")
    (found,) = (d for d in raised.value.diagnostics if d.code != "M301")  # the source does not know `p`
    assert found.code == code
    assert f"`event_properties.{field}` " in found.message


@pytest.mark.parametrize(
    "pattern",
    [
        "[a-z]{2000,}!",
        "".join(f"(?!.*{c})" for c in "abcdefghi") + "x*x*y",
        "(?:a?b?){300}(?:a?c?){300}$",
        "[^a]" * 1_200,
        "(?:(?:a{9}){9}){99}",
        "(?:" * 40 + "a?" + "){9}" * 40 + "b",
    ],
)
def test_what_no_automaton_can_search_is_no_search(pattern: str) -> None:
    with pytest.raises(NoAutomaton):
        searcher(pattern)
    assert not delegate(json.dumps({"pattern": pattern}))("aabb")


def test_what_cannot_be_read_is_no_search() -> None:
    assert not delegate(json.dumps({"pattern": r"a*a*(b)\1"}))("aabb")


def test_the_automata_of_one_schema_have_a_limit_together(tmp_path: Path) -> None:
    schema = json.loads((ROOT / "schemas/event.schema.json").read_text("utf-8"))
    mapping = (
        "mapping: m\ntarget: own.schema.json\nevent:\n  event_id: e\n  event_name: Seen\n  user_id: u\n"
        "  timestamp: '2026-11-23T20:00:00.000Z'\n  event_properties: {p: $.p}\n"
    )
    for count, codes_found in ((200, []), (800, ["M203"])):
        patterns = [{"pattern": f"^a*a*{number}"} for number in range(count)]
        schema["properties"]["event_properties"] = {"properties": {"p": {"allOf": patterns}}}
        (tmp_path / "own.schema.json").write_text(json.dumps(schema), "utf-8")
        (tmp_path / "m.yaml").write_text(mapping, "utf-8")
        found = mapper.check(mapping, filename=str(tmp_path / "m.yaml"))
        assert [d.code for d in found if d.severity is mapper.Severity.ERROR] == codes_found


# --- random patterns

_PATTERNS = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "[^ab]", "[ac]", "[^]", "^", "$", "(?!a)", r"\b", r"\B", "(?<=b)"]),
    lambda inner: (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map(lambda p: f"(?:{p[0]}|{p[1]})")
        | st.tuples(
            inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{5,}", "{14,}", "{0}", "{1,15}"])
        ).map(lambda p: f"(?:{p[0]}){p[1]}")
    ),
    max_leaves=8,
)


@examples(300)
@given(_PATTERNS, st.lists(st.text("aabc ", max_size=12), min_size=4, max_size=4))
def test_all_searches_give_one_answer(pattern: str, texts: list[str]) -> None:
    tree = read_ecma(pattern)
    automaton = None
    with suppress(NoAutomaton):  # counts in counts may need too many places
        automaton = compile_automaton(tree)
    written = re.compile(as_python(tree))
    short, chosen = re.compile(as_python(reduced(tree))), searcher(pattern)
    for text in texts:
        is_found = written.search(text) is not None
        assert automaton is None or automaton.holds(text) is automaton.holds(text) is is_found
        assert (short.search(text) is not None) is is_found
        assert (chosen(text) is not None) is is_found


class Backtracking:
    """What `re` does, in small: tries the ways through a tree in its order, counts characters read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.read = 0

    def search(self, tree: Tree) -> bool:
        return any(next(self.ends(tree, at), None) is not None for at in range(len(self.text) + 1))

    def ends(self, tree: Tree, at: int) -> Iterator[int]:
        match tree:
            case CharacterSet():
                if at < len(self.text) and self.text[at] in tree:
                    self.read += 1
                    yield at + 1
            case Place():
                if self.holds(tree, at):
                    yield at
            case Look(inner, is_ahead, negated):
                place = at if is_ahead else at - 1  # one character is behind in the patterns below
                if (place >= 0 and any(True for _ in self.ends(inner, place))) is not negated:
                    yield at
            case Alternatives(branches):
                for branch in branches:
                    yield from self.ends(branch, at)
            case Sequence(parts):
                yield from self.sequence(parts, at)
            case Repetition(part, min_rounds, max_rounds):
                yield from self.rounds(part, min_rounds, max_rounds, at)

    def holds(self, place: Place, at: int) -> bool:
        around = [0 <= i < len(self.text) and self.text[i].isalnum() for i in (at - 1, at)]
        if place in (Place.BEGIN, Place.END):
            return at == (0 if place is Place.BEGIN else len(self.text))
        return (around[0] is not around[1]) is (place is Place.BOUNDARY)

    def sequence(self, parts: tuple[Tree, ...], at: int) -> Iterator[int]:
        if not parts:
            yield at
            return
        for middle in self.ends(parts[0], at):
            yield from self.sequence(parts[1:], middle)

    def rounds(self, part: Tree, least: int, most: int | None, at: int) -> Iterator[int]:
        if most == 0:
            yield at
            return
        for middle in self.ends(part, at):
            if middle > at or least:
                yield from self.rounds(part, max(0, least - 1), None if most is None else most - 1, middle)
        if not least:
            yield at


@examples(300)
@given(_PATTERNS, st.text("abc", min_size=1, max_size=4), st.text("abc", max_size=3))
def test_a_linear_pattern_takes_few_steps(pattern: str, again: str, end: str) -> None:
    tree = reduced(read_ecma(pattern))
    if is_linear(tree):
        text = again * 30 + end
        run = Backtracking(text)
        assert run.search(tree) is (re.search(as_python(tree), text) is not None)
        assert run.read <= 16 * (len(text) + 1)


def test_the_count_of_steps_sees_what_is_slow() -> None:
    for pattern, times in (("a*a*b", 1_000), ("a+$", 100), ("(?:a+)+$", 10_000)):
        assert not is_linear(read_ecma(pattern))
        run = Backtracking("a" * (60 if times < 10_000 else 14) + "c")
        assert not run.search(read_ecma(pattern))
        assert run.read > times
