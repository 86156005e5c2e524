"""I-Regexp: what is a pattern, what it matches, and that time stays linear."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.regex.automaton import MAX_REMEMBERED
from mapper.regex.iregexp import MAX_DEPTH, MAX_SIZE, PatternFault, match, prepare, search
from support.examples import examples
from support.growth import assert_linear
from support.places import TESTS

CASES = TESTS / "cases" / "iregexp"
VALID = (CASES / "valid.txt").read_text("utf-8").split()
INVALID = (CASES / "invalid.txt").read_text("utf-8").split()
TOO_DEEP = "(" * (MAX_DEPTH + 1) + ")" * (MAX_DEPTH + 1)


@pytest.mark.parametrize("pattern", ["", *VALID])
def test_valid(pattern: str) -> None:
    prepare(pattern)


@pytest.mark.parametrize(
    "pattern", [*INVALID, "\ud800", "[\udfff]", "(" * (MAX_DEPTH + 1) + ")" * (MAX_DEPTH + 1)]
)
def test_invalid(pattern: str) -> None:
    with pytest.raises(PatternFault) as raised:
        prepare(pattern)
    assert 0 <= raised.value.position <= len(pattern)
    assert raised.value.message
    assert not match(pattern, pattern)
    assert not search(pattern, pattern)


@pytest.mark.parametrize(
    ("pattern", "whole", "part", "neither"),
    [
        ("a.c", ["abc", "a\u2028c", "a😀c"], ["xabcx"], ["a\nc", "a\rc", "ac"]),
        ("", [""], ["x"], []),
        ("(a|bc)+", ["a", "bca"], ["xbc"], ["b", "c"]),
        ("a{2,3}", ["aa", "aaa"], ["aaaa"], ["a", "aba"]),
        ("a{2,}b{0}c{0,1}", ["aa", "aac"], ["xaab"], ["ac"]),
        ("[^a-c]", ["d", "\n"], ["da"], ["a", "b", ""]),
        (r"\p{Lu}\p{Nd}*", ["É1", "A"], ["xA1x"], ["a1", ""]),
        (r"[\P{L}]", ["1"], ["a1"], ["a"]),
        ("^ab", ["ab"], ["abc"], ["xab"]),
        ("ab$", ["ab"], ["xab"], ["abx"]),
        ("^$", [""], [], ["x"]),
        ("^a|b$", ["a", "b"], ["ax", "xb"], ["xa", "bx"]),
        ("(^a|b)c", ["ac", "bc"], ["xbc"], ["xac"]),
        ("x(^a)", [], [], ["xa", "a"]),
        ("a^b", ["a^b"], ["xa^bx"], ["ab"]),
        ("US$5", ["US$5"], ["xUS$5"], ["US5"]),
        ("[$^]", ["$", "^"], ["a$"], [""]),
        ("(a$)b", [], [], ["ab", "a"]),
    ],
)
def test_matching(pattern: str, whole: list[str], part: list[str], neither: list[str]) -> None:
    prepared = prepare(pattern)
    for text in (*whole, *part, *neither):
        for form in (pattern, prepared):
            assert match(text, form) is (text in whole), text
            assert search(text, form) is (text in whole or text in part), text


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|aa)+$", "(a|a?)+b", "(.*a){20}", "((a+)+)+c"])
def test_hostile_patterns_take_linear_time(pattern: str) -> None:
    prepared = prepare(pattern)

    def both(text: str) -> None:
        match(text, prepared)
        search(text, prepared)

    assert_linear(both, "a" * 2_500 + "!", "a" * 20_000 + "!")


def test_steps_remembered_are_bounded() -> None:
    prepared = prepare("[^x]*x.{3}")
    match("".join(map(chr, range(0x100, 0xD000))), prepared)
    search("".join(map(chr, range(0x100, 0xD000))), prepared)
    assert len(prepared.automata) == 2
    assert all(0 < automaton.remembered <= MAX_REMEMBERED for automaton in prepared.automata.values())


def test_size_is_bounded() -> None:
    prepare("a" * (MAX_SIZE - 1))
    for pattern in ("a" * MAX_SIZE, "((((){499}){499}){499}){499}", "((a{99}){99}){99}"):
        with pytest.raises(PatternFault):
            prepare(pattern)


@pytest.mark.parametrize("value", [None, 1, True, ["a"], {"a": 1}])
def test_only_strings_match(value: object) -> None:
    assert not match(value, "")
    assert not search("a", value)


def alike(pattern: str) -> str:
    """The pattern as Python's `re` writes it; random patterns below hold nothing else that differs."""
    return pattern.replace(".", r"[^\n\r]")


atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "[b-d]", r"\.", "()"])
random_patterns = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=3).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map(lambda branches: "(" + "|".join(branches) + ")")
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}"])).map(
            lambda p: f"({p[0]}){p[1]}"
        )
    ),
    max_leaves=6,
)


@examples(500)
@given(random_patterns, st.text("abcd.\n", max_size=8))
def test_re_agrees(pattern: str, text: str) -> None:
    prepared, reference = prepare(pattern), re.compile(alike(pattern).replace(r"\[^\n\r]", r"\."))
    assert match(text, prepared) is (reference.fullmatch(text) is not None)
    assert search(text, prepared) is (reference.search(text) is not None)


@examples(500)
@given(st.text("ab()[]{}*+?|.^$\\-,0129pPLu", max_size=12), st.text("ab", max_size=4))
def test_any_text_is_a_pattern_or_a_fault(pattern: str, text: str) -> None:
    fault: PatternFault | None = None
    try:
        prepare(pattern)
    except PatternFault as raised:
        fault = raised
    if fault is not None:
        assert 0 <= fault.position <= len(pattern)
        assert not search(text, pattern)
