"""Facts of texts: patterns, formats, lengths and lists of texts are compared by the texts that have them."""

from __future__ import annotations

from itertools import combinations, islice
from typing import Any

import pytest

from mapper.checker.types import is_subtype, read_types
from mapper.checker.types.example_texts import example_texts
from mapper.checker.types.facts import Texts
from mapper.checker.types.lattice import overlaps
from mapper.checker.types.text_facts import fits, fits_format
from mapper.checker.types.text_languages import NECESSARY, SUFFICIENT
from mapper.regex.examples import examples
from mapper.regex.expressions import matching
from mapper.regex.searches import searcher


@pytest.mark.parametrize("name", SUFFICIENT)
def test_texts_of_a_pattern_that_suffices_have_the_format(name: str) -> None:
    language = matching(SUFFICIENT[name])
    assert language.is_exact
    found = {*islice(examples(language), 60)}
    assert len(found) > 5
    assert [text for text in found if not fits_format(text, name)] == []


@pytest.mark.parametrize("name", NECESSARY)
def test_texts_of_a_format_match_the_pattern_that_is_necessary(name: str) -> None:
    search = searcher(NECESSARY[name])
    plain = list(example_texts(Texts(formats=frozenset({name}))))
    changed = [*(text + "\n" for text in plain), *map(str.upper, plain), *(t.replace("-", "") for t in plain)]
    assert plain
    assert [text for text in (*plain, *changed) if fits_format(text, name) and not search(text)] == []


def text(**schema: Any) -> dict[str, Any]:
    return {"type": "string", **schema}


WITHIN = [
    (text(pattern="^[A-Z]{3}$"), text(pattern="^[A-Z]{3,4}$")),
    (text(pattern="^(paid|open)$"), text(enum=["open", "paid", "failed"])),
    (text(pattern=r"^\d{2}$"), text(minLength=2, maxLength=2)),
    (text(format="ipv4"), text(maxLength=15, pattern=r"^[\d.]+$")),
    (text(format="date-time"), text(pattern=r"^\d{4}-\d\d-\d\d[Tt]", minLength=20)),
    (text(pattern="^2026-01-0[1-9]T00:00:00Z$"), text(format="date-time")),
    (text(pattern="^https://a[.]co/[a-z]*$"), text(format="uri")),
    (text(maxLength=5, minLength=1), text(pattern=r"^[\s\S]{0,5}$")),
    (text(pattern="^a"), text(**{"not": {"pattern": "^b"}})),
    (text(pattern="^[ab]$"), text(anyOf=[{"pattern": "^a"}, {"pattern": "^b"}])),
]


@pytest.mark.parametrize(("left", "right"), WITHIN)
def test_texts_that_lie_within_others(left: dict[str, Any], right: dict[str, Any]) -> None:
    one, other = read_types(left), read_types(right)
    assert is_subtype(one.upper, other.lower)
    assert not is_subtype(other.upper, one.lower)


SAME = [
    (text(**{"not": {"pattern": "^[^a]|^$"}}), text(pattern="^a")),
    (text(anyOf=[{"pattern": "^a$"}, {"pattern": "^b$"}]), text(enum=["a", "b"])),
    (text(minLength=1, maxLength=3), text(pattern=r"^[\s\S]{1,3}$")),
    (text(pattern=r"\S"), text(**{"not": {"pattern": r"^\s*$"}})),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_the_same_texts_in_other_words(left: dict[str, Any], right: dict[str, Any]) -> None:
    one, other = read_types(left), read_types(right)
    assert is_subtype(one.upper, other.lower)
    assert is_subtype(other.upper, one.lower)


PARTS = {
    **{
        name: text(format=name)
        for name in ("date", "date-time", "time", "uuid", "ipv4", "ipv6", "email", "uri")
    },
    **{
        pattern: text(pattern=pattern)
        for pattern in ("^[a-z]+$", "^-?[0-9]{1,3}$", r"\S", "^(?!a)[a-c]+$", "x|y")
    },
    "listed": text(enum=["", "a.b", "(", "x|y", "1\n"]),
    "long": text(minLength=3),
    "several": text(allOf=[{"pattern": "^[ -~]*$"}, {"pattern": "^[^z]*$"}]),
}


@pytest.mark.parametrize(("left", "right"), [*combinations(PARTS, 2)])
def test_texts_of_two_sorts_are_among_those_of_either(left: str, right: str) -> None:
    either = read_types(text(anyOf=[PARTS[left], PARTS[right]])).upper.texts
    assert either is not None
    for part in (PARTS[left], PARTS[right]):
        texts = read_types(part).upper.texts
        assert texts is not None
        found = [each for each in islice(example_texts(texts), 30) if fits(each, texts)]
        assert found
        assert [each for each in found if not fits(each, either)] == []


EITHER = [
    (({"format": "date"}, {"format": "date-time"}), "^[0-9T:.Zz+ t-]+$"),
    (({"format": "date"}, {"format": "date-time"}, {"format": "time"}), "^[0-9T:.Zz+ t\n-]+$"),
    (({"format": "ipv4"}, {"format": "ipv6"}), "^[0-9A-Fa-f:.]+$"),
    (({"format": "date-time"}, {"const": "never"}), "^([0-9]|never$)"),
    (({"pattern": "^[a-z]+$"}, {"pattern": "^[0-9]+$"}, {"const": "A-1"}), "^[a-z0-9A-]+$"),
    (({"pattern": "^a.*z$", "format": "uri"}, {"pattern": "^a[b-y]*z$", "minLength": 5}), "^a[^]*z$"),
    (
        (
            {"allOf": [{"pattern": "^[ -~]*$"}, {"pattern": "^[^a]*$"}]},
            {"allOf": [{"pattern": "^[ -~]*$"}, {"pattern": "^[^b]*$"}]},
        ),
        "^([ -`b-~]*|[ -ac-~]*)$",
    ),
]


@pytest.mark.parametrize(("parts", "pattern"), EITHER)
def test_a_text_of_either_sort_has_the_pattern_of_either(
    parts: tuple[dict[str, Any], ...], pattern: str
) -> None:
    either = text(anyOf=[text(**part) for part in parts])
    assert is_subtype(read_types(either).upper, read_types(text(pattern=pattern)).lower)


APART = [
    (text(pattern="^a"), text(pattern="^b")),
    (text(pattern="^.{3}$"), text(maxLength=2)),
    (text(format="date"), text(format="ipv4", pattern="^1")),
    (text(pattern="^a"), text(**{"not": {"pattern": "a"}})),
]


@pytest.mark.parametrize(("left", "right"), APART)
def test_texts_that_have_nothing_in_common(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert not overlaps(read_types(left).upper, read_types(right).upper)
