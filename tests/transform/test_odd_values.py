"""Numbers of any size and odd Python objects in every position of the language.

Bytes, parsed payloads and the interpreter agree on them; a host's own limit for the digits of integers
changes nothing.
"""

from __future__ import annotations

import datetime
import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
import pytest

import mapper
from mapper import ir
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from mapper.interpreter.items import interpret_item
from mapper.language.modifiers import CASTS, MODIFIERS
from mapper.language.value_reader import OPERATORS
from mapper.runtime.casts import to_integer, to_json, to_number, to_string
from mapper.runtime.digits import MAX_DIGITS, is_out_of_range, read_integer, write_integer
from mapper.runtime.faults import Fault
from mapper.runtime.json.canonical import canonical_json
from mapper.runtime.json.exact import decode, encode, write
from mapper.runtime.json.foreign import Foreign
from mapper.runtime.liquid.filters import COMPUTED, FILTERS, ROWS, apply
from mapper.runtime.missing import INVALID
from mapper.runtime.schema.validation import is_json
from support.positions import (
    BY_CAST,
    BY_MODIFIER,
    BY_OPERATOR,
    FILTER_POSITIONS,
    POSITIONS,
    items_of,
    mapping_of,
)
from support.positions import (
    COMPUTED as COMPUTED_POSITIONS,
)

ALL = {**POSITIONS, **COMPUTED_POSITIONS}
LIMITS = (0, 640, MAX_DIGITS)
HUGE = 10**MAX_DIGITS


class Ambiguous:
    """Compares as an array does: to an array, which is neither true nor false."""

    def __eq__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")

    def __len__(self) -> int:
        return 2

    __hash__ = None  # type: ignore[assignment]


def _liar(kind: type) -> Callable[[], object]:
    return type("Liar", (), {"__class__": kind})


# Values of which the interpreter, too, knows what they are; others raise what they like.
ODD: dict[str, Callable[[], Any]] = {
    **{f"{key!r:.20} as a key": lambda key=key: {key: 1} for key in (None, 1, 1.5, b"k", (1,), "\ud800")},
    "set": lambda: {1, "a"},
    "tuple": lambda: (1, "a"),
    "bytes": lambda: b"\xff",
    "time": lambda: datetime.datetime(2026, 1, 1),
    "date": lambda: datetime.date(2026, 1, 1),
    "decimal": lambda: Decimal("1e400"),
    "huge": lambda: HUGE,
    "negative": lambda: -(10**5000),
    "nan": lambda: math.nan,
    "infinity": lambda: -math.inf,
    "half a pair": lambda: "a\ud800",
    "foreign": Foreign,
    "ambiguous": Ambiguous,
    **{f"liar: {kind.__name__}": _liar(kind) for kind in (dict, list, str, int, float, bool)},
}


# The interpreter is a plain reading of the language for values that are made of the types of JSON.
DEFINED = {"half a pair", *(name for name in ODD if name.endswith("as a key"))}


def digits(text: str) -> int:
    """The integer of a text of any length."""
    with limit_of(0):
        return int(text)


@contextmanager
def limit_of(count: int) -> Iterator[None]:
    """Set the host's limit for the digits of integers."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(count)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)


# JSON numbers, and what a host's own parser makes of them.
NUMBERS: dict[str, Any] = {
    **{
        text: digits(text)
        for text in ("9" * 4300, "-" + "9" * 4300, "1" * 700, "2" * 3000, "9007199254740993")
    },
    **{text: digits(text) for text in ("1" + "0" * 4300, "-1" + "0" * 5000)},
    "1e400": math.inf,
    "-1e400": -math.inf,
    "1e999999999": math.inf,
    "-0.0": -0.0,
    "1e308": 1e308,
}


@cache
def transform_of(name: str) -> mapper.Transform:
    return mapper.compile(mapping_of(ALL[name]))


def some(names: dict[str, str]) -> list[object]:
    """Every position in the long run, some of them in the short one."""
    return [
        name if number % 16 == 0 else pytest.param(name, marks=pytest.mark.slow)
        for number, name in enumerate(names)
    ]


def test_every_word_of_the_language_has_a_position() -> None:
    assert BY_OPERATOR.keys() == OPERATORS.keys()
    assert all(BY_OPERATOR.values())
    assert BY_MODIFIER.keys() == MODIFIERS.keys()
    assert BY_CAST.keys() == set(CASTS)
    filters = {name.split()[1].rstrip(",") for name in FILTER_POSITIONS}
    assert filters == {name for name, row in ROWS.items() if not row.of_dialects}
    for name, row in ROWS.items():
        written = [key for key in FILTER_POSITIONS if key.startswith(f"filter {name} ") and "argument" in key]
        assert row.of_dialects or len(written) >= 2 * sum(p.default is p.empty for p in row.parameters)


def outcomes(result: mapper.Result | mapper.JsonResult) -> object:
    """All that a result says, in a form that can be compared: integers exactly, NaN as itself."""
    events = [decode(event) if isinstance(event, bytes) else event for event in result.events]
    return [(one.index, one.codes) for one in result.rejected], [exactly(event) for event in events]


def exactly(value: object) -> object:
    match value:
        case dict():
            return {name: exactly(member) for name, member in value.items()}
        case list():
            return [exactly(element) for element in value]
        case int() if type(value) is int:
            return hex(value)
    return repr(value)


@pytest.mark.parametrize("name", some(ALL))
def test_bytes_and_parsed_numbers_agree(name: str) -> None:
    transform = transform_of(name)
    for text, number in NUMBERS.items():
        body = json.dumps(items_of("#")).replace('"#"', text).encode()
        expected = None
        for limit in LIMITS:
            with limit_of(limit):
                found = [
                    outcomes(transform(body)),
                    outcomes(transform.json(body)),
                    outcomes(transform(items_of(number))),
                ]
                expected = expected or found[0]
                assert found == [expected] * 3, (text[:20], limit)
                assert "M901" not in str(found)


@pytest.mark.parametrize("name", some(ALL))
def test_odd_objects_are_rejected_as_the_interpreter_does(name: str) -> None:
    transform, program = transform_of(name), program_of(name)
    for odd, make in ODD.items():
        payload = items_of(make())
        result = transform(payload)
        assert result.items == len(payload)
        assert not any("M901" in one.codes for one in result.rejected), odd
        rejected = {one.index: one.codes for one in result.rejected}
        events = iter(result.events)
        for index, item in enumerate(payload):
            found = rejected.get(index) or next(events)
            assert isinstance(found, tuple) or is_json(found), odd
            if isinstance(item, dict) and odd in DEFINED:
                assert_same_outcome(program, item, payload, found, odd)


def program_of(name: str) -> ir.Program:
    program = analyse(SourceFile("<mapping>", mapping_of(ALL[name])), None, Report()).program
    assert program is not None
    return program


def assert_same_outcome(program: ir.Program, item: object, payload: object, found: object, odd: str) -> None:
    kind, value = interpret_item(program, item, payload, mapper.Request())
    if kind == "event" and not is_json(value):
        assert isinstance(found, tuple), (odd, found)  # it is not validated by the interpreter
    elif kind == "event":
        assert exactly(found) == exactly(value), odd
    else:
        assert found == (value,), odd


@pytest.mark.parametrize("name", FILTERS)
def test_no_filter_fails_but_with_a_fault(name: str) -> None:
    arguments = ("x", 1, *("y" for _ in ROWS[name].parameters))
    count, sites = len(ROWS[name].parameters), set()
    for make in (*ODD.values(), lambda: Decimal("1e999999999"), lambda: 10**9, list, dict):
        for function in (FILTERS[name], COMPUTED[name]):
            for place in range(count + 1):
                for value in ("text", 5, [{"a": 1}, "b"], {"a": 1}, None):
                    given = [value, *arguments[:count]]
                    given[place] = make()
                    try:
                        apply(function, 7, *given)
                    except Fault as fault:
                        sites.add(fault.site)
    assert sites <= {7}


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999", "9e9999999999999999999", "9" * 100_000])
@pytest.mark.parametrize(
    "template",
    [
        "{% tablerow x in l cols: a %}{{ x }}{% endtablerow %}",
        "{% tablerow x in (1..a) %}{{ x }}{% endtablerow %}",
        "{% tablerow x in l limit: a %}{{ x }}{% endtablerow %}",
        "{% for x in (1..a) %}{{ x }}{% endfor %}",
        "{% for x in l limit: a offset: a %}{{ x }}{% endfor %}",
        "{{ b | slice: a }}{{ b | truncate: a }}{{ 2 | round: a }}{{ a | floor }}",
    ],
)
def test_a_number_out_of_range_is_never_written_out(template: str, number: str) -> None:
    """To write 1e999999999 as an integer would take hours."""
    transform = mapper.compile(mapping_of(f"'{template}'"))
    for result in (transform(f'[{{"l": [1], "b": "x", "a": {number}}}]'.encode()),):
        assert result.items == 1
        assert all(one.codes in (("M618",), ("M619",)) for one in result.rejected)


# --- the functions of digits


@pytest.mark.parametrize("limit", LIMITS)
def test_integers_are_read_and_written_alike_under_every_limit(limit: int) -> None:
    texts = ["0", "-7", "9" * 640, "1" + "0" * 640, "-" + "1" * 641, "7" * 1280, "9" * 4300, "-" + "9" * 4300]
    numbers = [digits(text) for text in texts]
    with limit_of(limit):
        for text, number in zip(texts, numbers, strict=True):
            assert write_integer(number) == text
            assert read_integer(text) == number
            assert not is_out_of_range(number)
            assert (to_string(number), to_integer(text)) == (text, number)
            assert to_json(f"[{text}]") == to_json(f" [{text}]") == [number]
            assert encode({"a": [number, True]}).decode() == f'{{"a":[{text},true]}}'
            assert decode(f"[{text}]".encode()) == [number]
            assert canonical_json([number]) == f"[{text}]".encode()
            assert write([number, "ä", None], is_ascii=True, is_strict=True) == f'[{text},"\\u00e4",null]'
        for number in (HUGE, -HUGE, 10**5000):
            assert is_out_of_range(number)
            assert [to_string(number), to_integer(number), to_number(number), to_json(number)] == [
                INVALID
            ] * 4
            assert canonical_json([{"a": number}]) is INVALID
            for function in (write_integer, lambda n: write([n], is_ascii=False, is_strict=True)):
                with pytest.raises(ValueError, match="too many digits"):
                    function(number)
        for text in ("1" * 4301, "1" * 700 + "x", "-" + "1" * 4301, "", "1__2" + "0" * 700):
            with pytest.raises(ValueError, match=r"."):
                read_integer(text)
        assert read_integer(" +1_0" + "0" * 700 + " ") == 10**701


@pytest.mark.parametrize("text", ["1" * 4301, "1e400", "NaN", "[1", '"\\ud800"', "-Infinity", '{"a": 1e400}'])
@pytest.mark.parametrize("limit", LIMITS)
def test_texts_that_are_no_json_stay_so_under_every_limit(text: str, limit: int) -> None:
    with limit_of(limit):
        for given in (text, f"[{'1' * 700}, {text}]"):
            assert to_json(given) is INVALID
            with pytest.raises(ValueError, match=r"."):
                decode(given.encode())


def test_the_limit_of_digits_is_that_of_the_decoder() -> None:
    assert msgspec.json.decode("9" * MAX_DIGITS) == int("9" * MAX_DIGITS)
    with pytest.raises(msgspec.ValidationError, match="out of range"):
        msgspec.json.decode("9" * (MAX_DIGITS + 1))


def test_a_long_integer_does_not_depend_on_its_neighbours() -> None:
    """A body with half a surrogate pair is read by another reader."""
    transform = mapper.compile(mapping_of("$.a"))
    text = "7" * 4000
    plain = transform(f'[{{"a": {text}}}]'.encode())
    beside = transform(f'[{{"a": {text}}}, {{"b": 1e400, "c": "\\ud800"}}]'.encode())
    assert plain.events[0] == beside.events[0]
    assert len(beside.events) == 2


@pytest.mark.parametrize("value", ["'{{ a }}'", "'{{ a | default: 1 }}'", "'{{ l }}'", "'{{ a | upcase }}'"])
def test_no_number_is_printed_that_json_does_not_have(value: str) -> None:
    transform = mapper.compile(mapping_of(value))
    for number in (math.nan, math.inf, -math.inf, HUGE, Decimal("1e400")):
        result = transform([{"a": number, "l": [number]}])
        assert [one.codes for one in result.rejected] == [("M618",)]
