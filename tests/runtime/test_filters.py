"""Filters: their examples are true, and most give what python-liquid's own functions give."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from itertools import product
from typing import Any

import pytest
from liquid import Environment
from liquid.exceptions import LiquidError
from liquid.undefined import Undefined

from mapper.expressions.liquid.dialects import Dialect
from mapper.ir.liquid import LiquidRules
from mapper.runtime.digits import LOST_DIGITS
from mapper.runtime.faults import Fault
from mapper.runtime.liquid.filters import FILTERS, ROWS, apply
from mapper.runtime.liquid.filters.row import Example, FilterRow
from mapper.runtime.liquid.semantics import to_text
from mapper.runtime.missing import MISSING
from support.growth import assert_linear
from support.lowered import run_generated, run_library, template

# Filters whose examples the library renders in another way.
DIFFERENT = {
    **dict.fromkeys(("find", "reject", "where"), "the library prints an object as Python does"),
    "compact": "the library fails if an element has no such property",
}
PLAIN = Environment()
DIALECT = Dialect("every filter", filters=frozenset(FILTERS), rules=LiquidRules(filters=frozenset(FILTERS)))


def examples(rows: Iterable[FilterRow]) -> list[Any]:
    return [pytest.param(row.name, example, id=example[0]) for row in rows for example in row.examples]


@pytest.mark.parametrize(("name", "example"), examples(ROWS.values()))
def test_example_is_true(name: str, example: Example) -> None:
    source, item, text = example
    parsed = template(source, dialect=DIALECT)
    assert parsed is not None
    expected = ("fault" if text == "M618" else "text", text)
    assert run_generated(parsed, item) == expected
    assert run_library(parsed, item) == expected


@pytest.mark.parametrize(("name", "example"), examples(ROWS[name] for name in ROWS if name in PLAIN.filters))
def test_example_is_true_in_the_library(name: str, example: Example) -> None:
    source, item, text = example
    try:
        rendered = PLAIN.from_string(source).render(**item)
    except (LiquidError, KeyError):
        rendered = "M618"
    assert (rendered == text) is (name not in DIFFERENT or not item)


def test_every_filter_has_a_sentence_and_an_example_of_nil() -> None:
    for row in ROWS.values():
        assert row.sentence.endswith(".")
        assert [bool(item) for _, item, _ in row.examples] == [True, False]


TEXTS = (
    *("base64_decode", "base64_encode", "base64_url_safe_decode", "base64_url_safe_encode", "capitalize"),
    *("downcase", "escape", "escape_once", "escapejs", "lstrip", "newline_to_br", "rstrip", "squish"),
    *("strip", "strip_newlines", "truncate", "truncatewords", "upcase", "url_decode", "url_encode"),
)
NUMBERS = (
    *("abs", "at_least", "at_most", "ceil", "divided_by", "floor", "minus", "modulo", "plus", "times"),
)
VALUES = ("concat", "first", "last", "reverse", "slice", "sort")

NUMBER_WORDS = ["0", "7", "-2", " 12 ", "1_0", "2.50", "-0.5", "1e3", "nan", "x", ""]
GIVEN: list[object] = [
    *(MISSING, None, True, False, 0, 1, -3, 7, 2.5, -0.5, 0.1, 1e300, 10**30, range(1, 4), range(0)),
    *NUMBER_WORDS,
    *(" Ab c\r\nd\n e", "ÄÖ straße", "YWJj", "YWJ", "Pz8_", "<b a='1'>&amp;\"</b>\\\x01\u2028", "%41+%zz%C3"),
    *([], [3, 1, 2.5], ["b", "A", "c"], ["b", None], [[1, [2, [3]]], 4], [True, 1], {}, {"a": 1, "b": None}),
    *([{"a": 2}, {"a": 1}], [{"a": 1}, {}], [{"a": 1}, "a", 5], [{"a": 1}, None], ("k", 1)),
]
ARGUMENTS: list[object] = [
    *(
        MISSING,
        None,
        True,
        0,
        1,
        2,
        -2,
        30,
        2.7,
        0.1,
        "",
        "a",
        "3",
        "x1",
        " ",
        [1, [2]],
        [],
        {},
        ("q", 2),
        range(2),
    )
]


def of_library(name: str) -> Callable[..., object]:
    function: Any = PLAIN.filters[name]
    return partial(function, environment=PLAIN) if getattr(function, "with_environment", False) else function


def expected(name: str, value: object, arguments: tuple[object, ...]) -> object:
    """What the library's function gives to values as the language hands them over; `None` where it fails."""
    if name in TEXTS:
        value = to_text(value)
        if name.startswith("truncate") and arguments:
            if isinstance(arguments[0], bool) or not isinstance(arguments[0], str | int | float):
                raise ValueError("a boolean is no length")
            arguments = (int(arguments[0]), *map(to_text, arguments[1:]))
    if name in NUMBERS:
        value, *rest = (0 if isinstance(each, bool) else each for each in (value, *arguments))
        arguments = tuple(rest)
    if name in ("ceil", "floor") and isinstance(value, float) and abs(value) >= 2**53:
        raise ValueError("it may have lost digits")
    if name == "slice" and not isinstance(value, str | list | tuple | range):
        value = to_text(value)
    absent = Undefined("")
    given = [absent if each is MISSING else each for each in (value, *arguments)]
    result = of_library(name)(*given)
    if isinstance(result, float) and not math.isfinite(result):
        raise ValueError("not a number")
    return MISSING if isinstance(result, Undefined) else result


def outcome(run: Callable[[], object]) -> object:
    try:
        result = run()
    except Exception:
        return "fails"
    return repr(list(result) if isinstance(result, tuple) else result)


@pytest.mark.parametrize("name", [*TEXTS, *NUMBERS, *VALUES])
def test_filter_gives_what_the_library_gives(name: str) -> None:
    places = [p for p in ROWS[name].parameters if p.kind is not p.KEYWORD_ONLY]
    least = sum(1 for p in places if p.default is p.empty)
    for count in range(least, len(places) + 1):
        for value, *arguments in product(GIVEN, *[ARGUMENTS] * count):
            ours = outcome(lambda v=value, a=arguments: apply(FILTERS[name], -1, v, *a))  # type: ignore[misc]
            theirs = outcome(lambda v=value, a=arguments: expected(name, v, tuple(a)))  # type: ignore[misc]
            # What is not found is missing, where the library says nil.
            is_found = isinstance(value, list | tuple | range) and len(value) > 0
            if name in ("first", "last") and theirs == repr(None) and not is_found:
                theirs = repr(MISSING)
            assert ours == theirs, (name, value, arguments)


OF_TYPE = "a value or an argument is not of the type the filter takes"
OF_VALUE = "the filter cannot work with this value"


@pytest.mark.parametrize(
    ("name", "value", "argument", "detail"),
    [
        ("divided_by", 1, 0, "division by zero"),
        ("modulo", 1, 0, "division by zero"),
        ("concat", [1], 5, OF_TYPE),
        ("truncate", "a", None, OF_TYPE),
        ("slice", "a", 1.5, OF_TYPE),
        ("sort", [{"a": 1}, {"a": "x"}], "a", OF_TYPE),
        ("sort", [1, "a"], None, OF_VALUE),
        ("plus", "9" * 5000, 1, OF_VALUE),
        ("append", "a", 2.0**53, LOST_DIGITS),
        ("append", -(2.0**53), "a", LOST_DIGITS),
        ("append", "a", Decimal("1e400"), LOST_DIGITS),
        ("join", [[1, [1e20]]], " ", LOST_DIGITS),
        ("round", 1e20, 0, LOST_DIGITS),
        ("slice", 1e20, 0, LOST_DIGITS),
        ("date", "x", 1e20, LOST_DIGITS),
    ],
)
def test_filter_fails_without_showing_the_value(
    name: str, value: object, argument: object, detail: str
) -> None:
    with pytest.raises(Fault) as caught:
        apply(FILTERS[name], 3, value, argument)
    assert (caught.value.code, caught.value.site, caught.value.detail) == ("M618", 3, detail)


@pytest.mark.parametrize(
    "name", ["remove", "remove_first", "remove_last", "replace", "replace_last", "split"]
)
def test_a_long_part_is_found_in_linear_time(name: str) -> None:
    """At each place, all of the text is like the part, from either end."""

    def search(size: int) -> None:
        part = "a" * (size // 4) + "b" + "a" * (size // 4)
        filtered = ROWS[name].function("a" * size, part, *("",) * name.startswith("replace"))
        assert filtered in ("a" * size, ["a" * size])

    assert_linear(search, 40_000, 320_000)
