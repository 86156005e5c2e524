"""Searches: the answers are those of `re`, and the work grows with the text and no faster."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.regex.automata import NoAutomaton, compile_automaton
from mapper.regex.backtracking import is_linear
from mapper.regex.danger import find_danger
from mapper.regex.searches import automaton_of, searcher
from mapper.regex.syntax import as_python
from mapper.runtime.schema.validation import delegate, violations
from support.examples import examples
from support.growth import assert_linear
from support.places import ROOT
from support.validators import compiled

# Everyday patterns, the shipped ones among them, stay with `re`.
QUICK = [
    *("", r"\S", r"^\S+(?!\s)$", "^x", "foo$", "a+", "^.{1,100}$", "^[a-z]{1,5000}$", r"^[\s\S]*$"),
    *("^[a-z0-9-]+$", "^[a-z]+(-[a-z]+)*$", r"^[A-Za-z0-9 @.+:_-]*$", r"^\+?[1-9]\d{1,14}$"),
    *(
        r"^\d{4}-\d{2}-\d{2}$",
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T",
        r"[0-9]{4}-[0-9]{2}",
        r"^(?:[01]\d|2[0-3]):[0-5]\d$",
    ),
    *(r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$", r"^https?://[^\s/$.?#].[^\s]*$", r"^(foo|bar|baz)$", r"^\$|\{\{"),
    *("(?P<n>a)(?P=n)", r"^(['\"]).*\1$", "^(?>a+)b?", "a?+b"),
]

# A text in time that is more than linear for `re`; hours for some.
SLOW = {
    r"\s+$": " " * 1_000_000 + "x",
    "a*a*b": "a" * 1_000_000,
    "^a*a*$": "a" * 1_000_000 + "x",
    "(a|b)*a.*a.*c": "ab" * 500_000,
    r"^\s*(.*?)\s*$": " " * 1_000_000 + "x\ny",
    "[a-z]+@": "a" * 1_000_000,
    "^(?:a?){30}a{30}$": "a" * 1_000_000 + "b",
    "^((a|a){9}){9}$": "a" * 80 + "b" * 1_000_000,
    "[a-z]{500,}!": "a" * 1_000_000,
    r"(?=.*x)(?!.*y\b)\w+\s*\w+$": "w " * 500_000,
    "(?i)x+X+$": "xX" * 500_000 + "y",
    r"(?<!\S)\w+(?!\w)\s+\w+!": "ab " * 300_000,
    "(?m)^ *a *$": "  \n" * 300_000 + "  b",
}


@pytest.mark.parametrize("pattern", QUICK)
def test_everyday_patterns_are_searched_by_re(pattern: str) -> None:
    assert automaton_of(pattern) is None
    # The patterns are compared: `re` may have compiled this one twice, and methods of two objects differ.
    assert getattr(searcher(pattern), "__self__", None) == re.compile(as_python(pattern))
    assert find_danger(pattern) is None


def test_patterns_of_shipped_schemas_are_searched_by_re() -> None:
    found = 0
    for path in sorted((ROOT / "schemas").glob("*.schema.json")):
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
    assert find_danger(pattern) is None
    assert searcher(pattern)(SLOW[pattern]) is None


@pytest.mark.parametrize("pattern", SLOW)
def test_no_way_to_validate_searches_with_re(pattern: str) -> None:
    def judge_all(length: int) -> None:
        text = SLOW[pattern][:length] + SLOW[pattern][-length:]
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
    [(r"\s+$", "M404", "p"), ("a*a*b", "M401", "q"), ("(a|b)*a.*a.*c", "M404", "p"), ("^a*a*$", "M404", "p")],
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
    assert found.message.startswith(f"`event_properties.{field}` ")


@pytest.mark.parametrize(
    "pattern",
    [
        r"a*(b)\1*a*a*c",
        r"(.*)(.*)\1x",
        r"a*+a*a*b",
        "(?>a*)a*a*b",
        "(a)?a*a*(?(1)b|c)",
        "[a-z]{2000,}!",
        "".join(f"(?!.*{c})" for c in "abcdefghi") + "x*x*y",
        "(?:a?b?){300}(?:a?c?){300}$",
        "[^a]" * 20_000,
    ],
)
def test_what_no_automaton_can_search_does_not_compile(pattern: str) -> None:
    assert find_danger(pattern)


def test_what_needs_an_automaton_and_has_none_is_no_search() -> None:
    with pytest.raises(NoAutomaton):
        searcher(r"a*a*(b)\1")
    assert not delegate(json.dumps({"pattern": r"a*a*(b)\1"}))("aabb")


def test_the_automata_of_one_schema_have_a_limit_together(tmp_path: Path) -> None:
    schema = json.loads((ROOT / "schemas/event.schema.json").read_text("utf-8"))
    mapping = (
        "mapping: m\ntarget: own.schema.json\nevent:\n  event_id: e\n  event_name: Seen\n  user_id: u\n"
        "  timestamp: '2026-11-23T20:00:00.000Z'\n  event_properties: {p: $.p}\n"
    )
    for count, codes_found in ((200, []), (800, ["M203"])):
        patterns = [{"pattern": f"a*a*{number}"} for number in range(count)]
        schema["properties"]["event_properties"] = {"properties": {"p": {"allOf": patterns}}}
        (tmp_path / "own.schema.json").write_text(json.dumps(schema), "utf-8")
        (tmp_path / "m.yaml").write_text(mapping, "utf-8")
        found = mapper.check(mapping, filename=str(tmp_path / "m.yaml"))
        assert [d.code for d in found if d.severity is mapper.Severity.ERROR] == codes_found


# --- random patterns

_PIECES = st.sampled_from(
    [
        *("a", "b", ".", "[ab]", "[^a]", r"\s", r"\w", r"\D", r"\b", r"\B", "^", "$", r"\A", r"\Z", r"\n"),
        *("(?=a)", "(?!b)", "(?<=a)", "(?<!b)", "(?!)", "(?=.*b$)", r"(?!^a*\b)", r"[^\s\d]", r"[\w-]"),
        *(
            "(?i:A)",
            "(?s:.)",
            "(?m:^)",
            "(?m:$)",
            "é",
            r"(?a:\w)",
            "\u0130",
            "(?i:\u0131)",
            "(?i:k)",
            "[a-é]",
        ),
    ]
)
_ROUNDS = st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,3}", "{0}", "{13,}", "{2,}", "*?", "{1,15}"])
_PATTERNS = st.recursive(
    _PIECES,
    lambda inner: (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map(lambda p: f"(?:{p[0]}|{p[1]})")
        | st.tuples(
            inner,
            st.sampled_from(
                ["*", "+", "?", "{2}", "{0,2}", "{1,3}", "{0}", "{13,}", "{2,}", "*?", "{20}", "{1,15}"]
            ),
        ).map(lambda p: f"(?:{p[0]}){p[1]}")
        | st.tuples(st.sampled_from(["", "?=", "?!", "?i:", "?s:", "?m:", "?a:"]), inner).map(
            lambda p: f"({p[0]}{p[1]})"
        )
    ),
    max_leaves=8,
)
_TEXTS = st.text("aab b\nAé\u0130\u0131IkK\u212a_-1", max_size=12)


@examples(300)
@given(_PATTERNS, st.lists(_TEXTS, min_size=4, max_size=4))
def test_an_automaton_finds_what_re_finds(pattern: str, texts: list[str]) -> None:
    try:
        automaton = compile_automaton(pattern)
    except NoAutomaton:
        return
    search = re.compile(as_python(pattern)).search
    for text in texts:
        assert (automaton.search(text) is None) is (search(text) is None)
        assert automaton.search(text) is automaton.search(text), "what is remembered changes nothing"


class Backtracking:
    """What `re` does, in small: tries the ways through an expression in its order, counts characters read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.read = 0

    def search(self, tree: Any) -> bool:
        return any(next(self.sequence(list(tree), at), None) is not None for at in range(len(self.text) + 1))

    def sequence(self, nodes: list[Any], at: int) -> Iterator[int]:
        if not nodes:
            yield at
            return
        for middle in self.node(*nodes[0], at):
            yield from self.sequence(nodes[1:], middle)

    def node(self, code: Any, value: Any, at: int) -> Iterator[int]:
        match code:
            case codes.BRANCH:
                for branch in value[1]:
                    yield from self.sequence(list(branch), at)
            case codes.SUBPATTERN:
                yield from self.sequence(list(value[3]), at)
            case codes.MAX_REPEAT:
                yield from self.rounds(*value, at)
            case codes.AT:
                if at == (0 if value is codes.AT_BEGINNING else len(self.text)):
                    yield at
            case codes.ASSERT_NOT:
                if not self.reads(*value[1][0], at):
                    yield at
            case _:
                if self.reads(code, value, at):
                    self.read += 1
                    yield at + 1

    def rounds(self, least: int, most: Any, inner: Any, at: int) -> Iterator[int]:
        if most == 0:
            yield at
            return
        for middle in self.sequence(list(inner), at):
            if middle > at or least:
                further = most if most is codes.MAXREPEAT else most - 1
                yield from self.rounds(max(0, least - 1), further, inner, middle)
        if not least:
            yield at

    def reads(self, code: Any, value: Any, at: int) -> bool:
        if at >= len(self.text):
            return False
        character = ord(self.text[at])
        match code:
            case codes.LITERAL:
                return bool(character == value)
            case codes.NOT_LITERAL:
                return bool(character != value)
            case codes.ANY:
                return True
        return (character in {given for kind, given in value if kind is codes.LITERAL}) is (
            value[0][0] is not codes.NEGATE
        )


_PLAIN_PATTERNS = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "[^ab]", "[ac]", ".", "^", "$", "(?!a)"]),
    lambda inner: (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map(lambda p: f"(?:{p[0]}|{p[1]})")
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{5,}", "{14,}"])).map(
            lambda p: f"(?:{p[0]}){p[1]}"
        )
    ),
    max_leaves=6,
)


@examples(300)
@given(_PLAIN_PATTERNS, st.text("abc", min_size=1, max_size=4), st.text("abc", max_size=3))
def test_a_linear_pattern_takes_few_steps(pattern: str, again: str, end: str) -> None:
    if is_linear(pattern):
        text = again * 30 + end
        run = Backtracking(text)
        assert run.search(parser.parse(pattern)) is (re.search(pattern, text) is not None)
        assert run.read <= 16 * (len(text) + 1)


def test_the_count_of_steps_sees_what_is_slow() -> None:
    for pattern, times in (("a*a*b", 1_000), ("a+$", 100)):
        assert not is_linear(pattern)
        run = Backtracking("a" * 60 + "c")
        assert not run.search(parser.parse(pattern))
        assert run.read > times
