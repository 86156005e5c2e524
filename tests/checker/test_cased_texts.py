"""Cased texts: the set of upper- and lower-case texts holds each changed text, and is narrow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mapper.checker.types import Texts
from mapper.checker.types.cased_texts import in_case
from mapper.checker.types.text_facts import fits, texts_within
from mapper.regex.expressions import matching
from mapper.regex.languages import shortest

ODD = ["", " ", "A", "ab", "ß", "İ", "ǰ", "ﬁ", "\u212a", "Abc-9", "É", "zZ\n", "SS", "x" * 40, "1E5", "Σ"]
SETS = [
    Texts(),
    Texts(values=frozenset(ODD)),
    Texts(blank=False),
    Texts(shortest=1, longest=2),
    Texts(patterns=frozenset({"^[A-Z]{3}$"})),
    Texts(patterns=frozenset({"^[^A-Z]+$"})),
    Texts(patterns=frozenset({r"^\D\S?$"}), longest=2),
    Texts(patterns=frozenset({"^[Z-a]+$"})),
    Texts(patterns=frozenset({"^(?:ß|ab)$"})),
    Texts(unmatched=frozenset({"[a-z]"})),
    Texts(formats=frozenset({"numeral"})),
    Texts(formats=frozenset({"date-time"}), shortest=20),
]
CASES = [str.upper, str.lower]


@pytest.mark.parametrize("texts", SETS, ids=[str(number) for number in range(len(SETS))])
@pytest.mark.parametrize("change", CASES)
def test_each_changed_text_is_in_the_set(texts: Texts, change: Callable[[str], str]) -> None:
    found = in_case(texts, change)
    given = [*ODD, *(shortest(matching(pattern)) or "" for pattern in texts.patterns)]
    assert [text for text in given if fits(text, texts) and not fits(change(text), found)] == []


# Facts of texts, a change, and facts that all changed texts have.
PROVEN = [
    (Texts(patterns=frozenset({"^[A-Z]{3}$"})), str.lower, Texts(shortest=3, longest=3)),
    (Texts(patterns=frozenset({"^[A-Z]{3}$"})), str.lower, Texts(patterns=frozenset({"^[a-z]{3}$"}))),
    (Texts(patterns=frozenset({r"^[a-z]\d+$"})), str.upper, Texts(patterns=frozenset({r"^[A-Z]\d+$"}))),
    (Texts(patterns=frozenset({"^[a-z]+$"}), longest=9), str.upper, Texts(blank=False, longest=9)),
    (Texts(values=frozenset({"aB"})), str.upper, Texts(values=frozenset({"AB"}))),
]
NOT_PROVEN = [
    (Texts(longest=3), str.upper, Texts(longest=3)),  # "ß" becomes two letters
    (Texts(patterns=frozenset({"^[A-Z]{3}$"})), str.lower, Texts(patterns=frozenset({"^[A-Z]{3}$"}))),
    (Texts(patterns=frozenset({"^.$"})), str.lower, Texts(longest=1)),  # "İ" becomes two characters
]


@pytest.mark.parametrize(("texts", "change", "facts"), PROVEN)
def test_facts_of_changed_texts(texts: Texts, change: Callable[[str], str], facts: Texts) -> None:
    assert texts_within(in_case(texts, change), facts)


@pytest.mark.parametrize(("texts", "change", "facts"), NOT_PROVEN)
def test_no_facts_are_made_up(texts: Texts, change: Callable[[str], str], facts: Texts) -> None:
    assert not texts_within(in_case(texts, change), facts)
