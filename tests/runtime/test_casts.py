"""Casts and operations on objects: cases from cases/values, and properties."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.runtime import casts as values
from mapper.runtime.blank import has_no_content
from mapper.runtime.casts import COLLISION, CONVERSIONS, omit, pick, rename
from mapper.runtime.json.canonical import canonical_json, stable_hash
from mapper.runtime.limits import DEFAULT
from mapper.runtime.missing import INVALID, MISSING
from support.value_cases import documents, named, rows, same


@pytest.mark.parametrize("row", rows("casts.yaml"))
def test_cast(row: dict[str, object]) -> None:
    assert same(CONVERSIONS[str(row["as"])](row["value"]), named(row["output"]))


@pytest.mark.parametrize("row", rows("blank.yaml"))
def test_blank(row: dict[str, object]) -> None:
    assert has_no_content(row["value"]) is row["blank"]


def test_missing_is_blank() -> None:
    assert has_no_content(MISSING)


@pytest.mark.parametrize("row", rows("objects.yaml"))
def test_object_operation(row: dict[str, object]) -> None:
    operations: dict[str, Callable[[object, list[object]], object]] = {
        "pick": lambda value, keys: pick(value, tuple(map(str, keys))),
        "omit": lambda value, keys: omit(value, tuple(map(str, keys))),
        "rename": lambda value, pairs: rename(value, tuple(map(tuple, pairs))),  # type: ignore[arg-type]
    }
    operation = next(key for key in row if key in operations)
    before = copy.deepcopy(row["value"])
    result = operations[operation](row["value"], row[operation])  # type: ignore[arg-type]
    assert same(result, named(row["output"]))
    assert same(row["value"], before)
    assert result is not row["value"]


@pytest.mark.parametrize("digits", [4300, 4301, 10_000])
def test_very_long_integers(digits: int) -> None:
    text, number = "9" * digits, 10**digits - 1
    readable = digits <= 4300
    assert values.to_string(number) == (text if readable else INVALID)
    assert values.to_integer(text) == (number if readable else INVALID)
    assert values.to_number(text) == (number if readable else INVALID)
    assert values.to_integer(number) == values.to_number(number) == (number if readable else INVALID)
    assert canonical_json(number) == (text.encode() if readable else INVALID)
    assert stable_hash([number]) == (sha256(f"[[{text}]]".encode()).hexdigest() if readable else INVALID)


@pytest.mark.parametrize(
    "text", ["[" * 100_000 + "]" * 100_000, "[" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000]
)
def test_json_text_that_nests_without_end(text: str) -> None:
    assert values.to_json(text) is INVALID


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_json_text_nests_as_deep_as_allowed(opening: str, closing: str) -> None:
    def text(depth: int) -> str:
        return f"[{'[],' * 300}{opening * (depth - 1)}0{closing * (depth - 1)}]"

    assert isinstance(values.to_json(text(DEFAULT.nesting)), list)
    assert values.to_json(text(DEFAULT.nesting + 1)) is INVALID


def test_json_text_that_is_not_unicode() -> None:
    assert values.to_json('"\ud800"') is INVALID
    assert values.to_json("\ud800") is INVALID


@given(documents)
def test_json_text_reads_back(document: object) -> None:
    text = json.dumps(document)
    expected: object
    try:
        text.encode().decode()
        expected = json.loads(text)
        json.dumps(expected, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        expected = INVALID
    assert same(values.to_json(text), expected)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_string_of_a_float_reads_back(value: float) -> None:
    text = values.to_string(value)
    if abs(value) >= 2**53:
        assert text is values.to_integer(value) is INVALID
        return
    assert isinstance(text, str)
    assert float(text) == value
    assert values.to_number(text) == value
    assert not text.endswith(".0")


@given(st.integers())
def test_string_of_an_integer_reads_back(value: int) -> None:
    text = values.to_string(value)
    assert values.to_integer(text) == values.to_number(text) == value


class Odd:
    """No JSON value, and unhelpful about it."""

    def __eq__(self, other: object) -> bool:
        raise TypeError

    __hash__ = None  # type: ignore[assignment]


strangers = st.one_of(
    st.binary(),
    st.decimals(),
    st.complex_numbers(),
    st.datetimes(),
    st.sets(st.integers()),
    st.tuples(st.integers(), st.text()),
    st.sampled_from([MISSING, INVALID, COLLISION, Odd(), object, Decimal("NaN"), 1j, b"", ...]),
)


@given(strangers)
def test_what_is_no_json_value_is_invalid(value: object) -> None:
    for cast in CONVERSIONS.values():
        assert cast(value) is INVALID
    assert pick(value, ("a",)) is omit(value, ("a",)) is rename(value, (("a", "b"),)) is INVALID
    assert canonical_json(value) is INVALID
    assert canonical_json([{"a": value}]) is INVALID
    assert value is MISSING or stable_hash(["a", value]) is INVALID


@given(documents | st.floats() | st.text(alphabet="0123456789.eE+-"))
def test_casts_give_their_type_or_invalid(value: object) -> None:
    types = {
        "string": str,
        "integer": int,
        "number": int | float,
        "boolean": bool,
        "object": dict,
        "array": list,
    }
    for name, kind in types.items():
        result = CONVERSIONS[name](value)
        assert result is INVALID or isinstance(result, kind)
        assert name == "boolean" or not isinstance(result, bool)


@given(st.dictionaries(st.text(), st.integers()), st.sets(st.text()))
def test_pick_and_omit_share_out_the_object(value: dict[str, int], keys: set[str]) -> None:
    picked, left = pick(value, keys), omit(value, keys)
    assert isinstance(picked, dict)
    assert isinstance(left, dict)
    assert {**picked, **left} == value
    assert not picked.keys() & left.keys()
