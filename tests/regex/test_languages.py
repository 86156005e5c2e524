"""Languages: operations and comparisons against short texts; too large ones become all texts."""

from __future__ import annotations

from functools import cache
from itertools import islice, product

import pytest

from mapper.regex.comparisons import complement, difference, is_disjoint, is_within
from mapper.regex.examples import examples
from mapper.regex.expressions import matching
from mapper.regex.languages import (
    ANYTHING,
    MAX_STATES,
    NONE,
    UNKNOWN,
    Language,
    beginnings,
    concatenated,
    intersection,
    repeated,
    replaced,
    shortest,
    union,
    word,
)
from mapper.regex.searches import searcher
from support.examples import slow_but

LONG = word("ab" * (MAX_STATES // 4))


@pytest.mark.parametrize(
    "too_large",
    [
        concatenated(LONG, LONG, word("x")),
        union(LONG, concatenated(LONG, word("x")), word("y")),
        concatenated(*[repeated(union(*map(word, "abcdefghij")))] * 200),
        replaced(LONG, [(((0x61, 0x61),), lambda _: word("aaaaa"))]),
        matching("^(a{60}){60}$"),
    ],
)
def test_a_language_that_is_too_large_is_every_text(too_large: Language) -> None:
    assert too_large is UNKNOWN
    assert too_large.is_anything


PATTERNS = [
    *(
        "^a+$",
        "a|^b$",
        r"^\d{2}",
        r"\s\S",
        r"^[^\w]$",
        "^(a|bc){2,3}$",
        "x.y",
        "^$",
        r"^(?:a?b)*c$",
        "",
        "[]",
    ),
    *("^(?!.*ab).*$", "(?<=a)b", "(?<!a)b$", r"\bb", r"a\B", "^(?=.*a)(?=.*b)[^c]{2,3}$", "^(?:a(?!b)|b)*$"),
    *(
        "(?=a(?=b(?!c)))",
        "^(?:(?!aa)[^])*$",
        "(?<=^.?)b",
        "^(?=(?:..)*$)a*$",
        "(?!(?:a|b)*$)",
        "(?<!b(?<=a.))c",
    ),
]
TEXTS = ["".join(text) for size in range(5) for text in product("abc", repeat=size)]
TEXTS += ["12", "1", " x", "x", "-", "xzy", "x\ny", "\u2003a", "a b", "ab-c"]


@cache
def found(pattern: str) -> set[str]:
    return {text for text in TEXTS if searcher(pattern)(text) is not None}


def held(language: Language) -> set[str]:
    return {text for text in TEXTS if language.holds(text)}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_language_of_a_pattern_holds_its_texts(pattern: str) -> None:
    assert matching(pattern).is_exact
    assert held(matching(pattern)) == found(pattern)
    assert held(complement(matching(pattern))) == set(TEXTS) - found(pattern)


@pytest.mark.parametrize("left", slow_but([*PATTERNS][::4], PATTERNS))
def test_comparisons_of_patterns(left: str) -> None:
    one = matching(left)
    for right in PATTERNS:
        other = matching(right)
        assert held(union(one, other)) == found(left) | found(right)
        assert held(intersection(one, other)) == found(left) & found(right)
        rest = difference(one, other)
        assert rest.is_exact
        assert held(rest) == found(left) - found(right)
        assert is_within(one, other) is rest.is_none
        assert is_disjoint(one, other) is intersection(one, other).is_none
        few = [*islice(examples(rest), 8)]
        for text in few:
            assert searcher(left)(text) is not None
            assert searcher(right)(text) is None
        if held(rest):
            assert len(few[0]) <= min(map(len, held(rest)))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_examples_are_shortest_and_different(pattern: str) -> None:
    language = matching(pattern)
    few = tuple(islice(examples(language), 8))
    assert len(set(few)) == len(few)
    assert all(searcher(pattern)(text) for text in few)
    if language.few is not None and len(language.few) < 8:
        assert set(few) == set(language.few)
    else:
        assert len(few) >= 7
    assert bool(few) is not language.is_none
    assert not few or len(few[0]) == len(shortest(language) or "")
    for text in islice(examples(language, 2, 3), 8):
        assert 2 <= len(text) <= 3
        assert searcher(pattern)(text)


def test_what_is_not_exact_proves_nothing() -> None:
    unknown = matching("^(a{60}){60}$")
    assert unknown is UNKNOWN
    word_a = word("a")
    assert is_within(word_a, unknown) is None
    assert is_within(unknown, word_a) is None
    assert is_within(NONE, unknown) is True
    assert is_within(unknown, ANYTHING) is True
    assert is_disjoint(word_a, unknown) is None
    assert is_disjoint(NONE, unknown) is True
    for made in (
        complement(unknown),
        intersection(unknown, word_a),
        union(unknown, word_a),
        difference(word_a, unknown),
    ):
        assert not made.is_exact
        assert made.holds("a")
    assert not concatenated(word_a, unknown).is_exact
    assert not repeated(concatenated(word_a, unknown)).is_exact


def test_a_comparison_that_grows_too_large_proves_nothing() -> None:
    """Deterministic automata of this pattern have 2 to the power of 20 states."""
    hard = matching("^[ab]*a[ab]{20}$")
    assert hard.is_exact
    assert not complement(hard).is_exact
    assert is_within(hard, hard) is None
    assert is_within(matching("^a{30}$"), hard) is True


@pytest.mark.parametrize("length", range(5))
def test_beginnings_are_those_of_the_texts(length: int) -> None:
    language = matching("^(?:[a-c]{2}-?|d*)$")
    found = beginnings(language, length)
    texts = ["".join(each) for size in range(6) for each in product("abd-", repeat=size)]
    expected = {text[:length] for text in texts if language.holds(text)}
    assert {text for text in texts if len(text) <= 4 and found.holds(text)} == expected
