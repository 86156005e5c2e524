"""Dangerous patterns: those that could take more than linear time are found, and everyday ones are not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.regex.danger import find_danger

DANGEROUS = [
    "(a+)+",
    "(a*)*",
    "(a|a)*",
    r"(\w+\s?)*",
    "(a|b|ab)*c",
    "(.*)*",
    "(a{1,20}){1,20}",
    "(x+x+)+y",
    r"(?:a|\w)+$",
    "(a|aa)+",
    "(.*a){12}",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(?=(a+)+)b",
    "(?i:(a|A))*",
    "(?i)(é|É)*",
    r"(k|\w)+",
    r"(\u005f|\w)+",
    r"(中|\W)+",
    r"(\u4e00|\D)+",
    r"(?:\s|\u3000)*x",
    "(a+?)+b",
    "(?P<n>a+)+",
    r'([^"]|\\.)*"',
    r"(a\1|b)(\1|c)*",
    "(((a|b)?)*)*",
]
HARMLESS = [
    r"\S",
    r"^\S+(?!\s)$",
    r"^(\w+\.)*\w+$",
    "^[a-z]+(-[a-z]+)*$",
    "(a|b)*",
    r"^\d{4}-\d{2}-\d{2}$",
    "x*x*x*",
    "((a|b)*c)*",
    "[^]]+]",
    "[]a]+",
    "^([^,]*,)*[^,]*$",
    "(?P<n>a)(?P=n)",
    r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$",
    r'"([^"\\]|\\.)*"',
    "(?#c)a+",
    "(?<=a)b+",
    "a{2,3}?b",
    "(é|É)*",
    r"^(?:[01]\d|2[0-3]):[0-5]\d$",
    "(a{1,3}){1,3}",
]


@pytest.mark.parametrize("pattern", DANGEROUS)
def test_dangerous_patterns(pattern: str) -> None:
    assert find_danger(pattern)


@pytest.mark.parametrize("pattern", ["", *HARMLESS])
def test_harmless_patterns(pattern: str) -> None:
    re.compile(pattern)
    assert find_danger(pattern) is None


@pytest.mark.parametrize(
    "pattern", ["(", r"\p{L}", "[[a]", "[a--b]", "[^a&&b]", "(?x) a", "a" * 1000, "(" * 5000 + ")" * 5000]
)
def test_patterns_that_cannot_be_judged(pattern: str) -> None:
    assert find_danger(pattern)


@given(st.text(alphabet="ab(|)*+?{},1[]^$\\.dw:=!<P>#i", max_size=14))
def test_find_danger_judges_any_text(pattern: str) -> None:
    danger = find_danger(pattern)
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError, FutureWarning):
        assert danger is not None
