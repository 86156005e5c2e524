"""Patterns of schemas mean what they mean in ECMA-262: for searches, automata and languages alike."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.regex.automata import NoAutomaton, compile_automaton
from mapper.regex.expressions import matching
from mapper.regex.searches import searcher
from mapper.regex.syntax import as_python
from support.examples import examples

ARABIC = "\u0663\u0664"

FOUND = [
    (r"^\d+$", "34"),
    (r"^[\d.]+$", "3.4"),
    (r"^\D+$", ARABIC),
    (r"^[\D]+$", ARABIC),
    (r"^[^\d]+$", ARABIC),
    (r"^\w+$", "a_1"),
    (r"^\W+$", "\u00e9\u4e2d"),
    (r"^[\W]$", "\u00e9"),
    (r"^[\w-]+$", "a-1"),
    (r"\bb", "\u00e9b"),
    (r"\B\u00e9", "b \u00e9"),
    (r"^\s+$", "\u00a0\u2003\u2028 \t"),
    (r"^[]\d$]+$", "]1$"),
    (r"^[$]\$$", "$$"),
    (r"^[a[]\d$", "[1"),
    (r"^[a[^]\d$", "^1"),
    (r"^[a[]$", "a"),
    (r"^[^]]\\d$", r"x\d"),
    ("(?m)a$", "a\nb"),
    (r"^(\d+|\w)$", "12"),
    ("a$|b", "cb"),
]
NOT_FOUND = [
    (r"^\d+$", ARABIC),
    (r"^\d+$", "34\n"),
    (r"^[\d.]+$", ARABIC),
    (r"^\D+$", "34"),
    (r"^[\D]+$", "34"),
    (r"^[^\d]+$", "34"),
    (r"^\w+$", "\u00e9"),
    (r"^\w+$", "a\n"),
    (r"^\W+$", "a_1"),
    (r"^[\W]$", "_"),
    (r"^[\w-]+$", "\u4e2d"),
    (r"\bb", "ab"),
    (r"^\S+$", "a\u00a0"),
    (r"^[$]$", "a"),
    (r"^[a[]\d$", "a0-9"),
    ("a$", "a\n"),
]


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        *((pattern, text, True) for pattern, text in FOUND),
        *((pattern, text, False) for pattern, text in NOT_FOUND),
    ],
)
def test_a_pattern_is_found(pattern: str, text: str, is_found: bool) -> None:
    assert (searcher(pattern)(text) is not None) is is_found
    assert (compile_automaton(pattern).search(text) is not None) is is_found
    assert matching(pattern).holds(text) or not is_found


@pytest.mark.parametrize("text", [ARABIC, "34\n", "\u00b2"])
def test_a_language_knows_ascii_digits_alone(text: str) -> None:
    assert not matching(r"^\d+$").holds(text)


@pytest.mark.parametrize("pattern", [r"[\d", "(", "*", "[b-a]", r"\p{L}", "a\\"])
def test_an_invalid_pattern_stays_invalid(pattern: str) -> None:
    for each in (pattern, as_python(pattern)):
        with pytest.raises(re.error):
            re.compile(each)


@examples(300)
@given(st.text(r"[]^-\dDwWsSbB$a1 \n", max_size=8), st.text("a1_ \n\u00e9\u0663-]", max_size=6))
def test_translations_find_what_ascii_expressions_find(pattern: str, text: str) -> None:
    """Python's own flag for ASCII is the reference, apart from `\\s` and the end of the text."""
    try:
        own = re.compile(pattern.replace("s", "d").replace("S", "D"), re.ASCII)
    except (re.error, FutureWarning):
        return
    pattern = own.pattern
    if text.endswith("\n") and "$" in pattern:
        return
    assert (re.search(as_python(pattern), text) is None) is (own.search(text) is None)
    with suppress(NoAutomaton):
        assert (searcher(pattern)(text) is None) is (own.search(text) is None)
