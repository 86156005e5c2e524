"""Languages: too large ones become all texts, and a pattern's language misses no text."""

from __future__ import annotations

import re

import pytest

from mapper.regex.expressions import matching
from mapper.regex.languages import (
    ANYTHING,
    MAX_STATES,
    Language,
    concatenated,
    repeated,
    replaced,
    union,
    word,
)

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
    assert too_large is ANYTHING


PATTERNS = ["^a+$", "a|^b$", r"^\d{2}", r"\s\S", r"^[^\w]$", "^(a|bc){2,3}$", "x.y", "^$", r"^(?:a?b)*c$"]
TEXTS = ["", "a", "aa", "b", "bb", "12", "1", " x", "x", "-", "abc", "bca", "xzy", "x\ny", "ababc", "\u2003a"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_language_of_a_pattern_holds_its_texts(pattern: str) -> None:
    found = [text for text in TEXTS if re.search(pattern, text)]
    assert [text for text in found if not matching(pattern).holds(text)] == []
    assert len([text for text in TEXTS if matching(pattern).holds(text)]) < len(TEXTS)
