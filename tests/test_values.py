"""Values and canonical JSON: cases from cases/values, and properties."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mapper.runtime import casts as values
from mapper.runtime.casts import COLLISION, is_blank, omit, pick, rename
from mapper.runtime.json.canonical import canonical_json, stable_hash
from mapper.runtime.limits import DEFAULT
from mapper.runtime.missing import INVALID, MISSING

CASES = Path(__file__).parent / "cases" / "values"
NAMED = {"INVALID": INVALID, "MISSING": MISSING, "COLLISION": COLLISION}

CASTS: dict[str, Callable[[object], object]] = {
    "string": values.to_string,
    "integer": values.to_integer,
    "number": values.to_number,
    "boolean": values.to_boolean,
    "object": values.to_object,
    "array": values.to_array,
    "json": values.to_json,
}

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


def rows(name: str, *keys: str) -> list[object]:
    loaded = yaml.safe_load((CASES / name).read_text(encoding="utf-8"))
    return [
        pytest.param(row, id=ascii(" ".join(map(str, row.values()))))
        for row in loaded
        if not keys or any(key in row for key in keys)
    ]


def named(value: object) -> object:
    return NAMED.get(value, value) if isinstance(value, str) else value


def same(left: object, right: object) -> bool:
    """Equal in value and type all the way down, and in the order of keys."""
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


@pytest.mark.parametrize("row", rows("casts.yaml"))
def test_cast(row: dict[str, object]) -> None:
    assert same(CASTS[str(row["as"])](row["value"]), named(row["output"]))


@pytest.mark.parametrize("row", rows("blank.yaml"))
def test_blank(row: dict[str, object]) -> None:
    assert is_blank(row["value"]) is row["blank"]


def test_missing_is_blank() -> None:
    assert is_blank(MISSING)


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
    assert values.to_integer(number) == number
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
    for cast in CASTS.values():
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
        result = CASTS[name](value)
        assert result is INVALID or isinstance(result, kind)
        assert name == "boolean" or not isinstance(result, bool)


@given(st.dictionaries(st.text(), st.integers()), st.sets(st.text()))
def test_pick_and_omit_share_out_the_object(value: dict[str, int], keys: set[str]) -> None:
    picked, left = pick(value, keys), omit(value, keys)
    assert isinstance(picked, dict)
    assert isinstance(left, dict)
    assert {**picked, **left} == value
    assert not picked.keys() & left.keys()


@pytest.mark.parametrize("row", rows("canonical.yaml", "bits"))
def test_canonical_number(row: dict[str, str]) -> None:
    number = struct.unpack(">d", bytes.fromhex(row["bits"]))[0]
    assert canonical_json(number) == (INVALID if row["json"] == "INVALID" else row["json"].encode())


@pytest.mark.parametrize("row", rows("canonical.yaml", "value"))
def test_canonical_value(row: dict[str, str]) -> None:
    assert canonical_json(row["value"]) == row["json"].encode()


@given(documents, st.randoms(use_true_random=False))
def test_canonical_json_does_not_see_the_order_of_keys(document: object, random: object) -> None:
    def shuffled(value: object) -> object:
        if isinstance(value, dict):
            keys = list(value)
            random.shuffle(keys)  # type: ignore[attr-defined]
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(v) for v in value] if isinstance(value, list) else value

    assert canonical_json(shuffled(document)) == canonical_json(document)


numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-(10**6), 10**6, places=3).map(float),
    st.floats(1e-4, 1e-2) | st.floats(1e14, 1e17),
)


@given(st.lists(documents | numbers | st.dictionaries(st.text(), numbers | documents) | st.just(MISSING)))
def test_a_hash_is_that_of_canonical_json(parts: list[object]) -> None:
    lists = [b"[]" if part is MISSING else canonical_json([part]) for part in parts]
    if all(part is MISSING or part is None for part in parts):
        assert stable_hash(parts) is MISSING
    else:
        assert stable_hash(parts) == sha256(b"[%b]" % b",".join(map(bytes, lists))).hexdigest()  # type: ignore[arg-type]


def equal_numbers(read: object, written: object) -> bool:
    """Equal, where an integer that stands for a float need only be the same double."""
    if isinstance(read, dict) and isinstance(written, dict):
        return read.keys() == written.keys() and all(equal_numbers(read[key], written[key]) for key in read)
    if isinstance(read, list) and isinstance(written, list):
        return len(read) == len(written) and all(map(equal_numbers, read, written))
    if isinstance(read, int) and isinstance(written, float):
        return float(read) == written
    return read == written


@given(documents)
def test_canonical_json_is_json_of_the_same_value(document: object) -> None:
    encoded = canonical_json(document)
    assert isinstance(encoded, bytes)
    assert equal_numbers(json.loads(encoded), document)


@given(st.dictionaries(st.text(min_size=1), st.integers(), min_size=2))
def test_canonical_keys_stand_in_utf16_order(document: dict[str, int]) -> None:
    encoded = canonical_json(document)
    assert isinstance(encoded, bytes)
    keys = [key.encode("utf-16-be", "surrogatepass") for key in json.loads(encoded)]
    assert keys == sorted(keys)


@given(st.dictionaries(st.text(), scalars))
def test_canonical_object_is_made_of_canonical_parts(document: dict[str, object]) -> None:
    keys = sorted(document, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    parts = [canonical_json(part) for key in keys for part in (key, document[key])]
    members = [b"%s:%s" % pair for pair in zip(parts[::2], parts[1::2], strict=True)]
    assert canonical_json(document) == b"{" + b",".join(members) + b"}"


def test_half_surrogates_are_escaped() -> None:
    assert canonical_json({"\udc00": "a\ud800"}) == rb'{"\udc00":"a\ud800"}'
    assert canonical_json("\ud83d\ude00") != canonical_json("\U0001f600")


def test_canonical_json_of_deep_and_endless_values() -> None:
    deep: object = 0
    for _ in range(900):
        deep = [deep]
    assert canonical_json(deep) == b"[" * 900 + b"0" + b"]" * 900
    endless: list[object] = []
    endless.append(endless)
    for call in (canonical_json, stable_hash):
        with pytest.raises(RecursionError):
            call([endless])


def test_canonical_json_refuses_keys_that_are_not_text() -> None:
    assert canonical_json({1: 2}) is INVALID
    assert canonical_json({"a": 1, None: 2}) is INVALID


@pytest.mark.parametrize("row", rows("hashes.yaml"))
def test_stable_hash(row: dict[str, object]) -> None:
    text = named(row["text"])
    expected = sha256(text.encode()).hexdigest() if isinstance(text, str) else text
    operands = [named(value) for value in row["values"]]  # type: ignore[attr-defined]
    assert stable_hash(operands) == expected


@given(st.lists(st.just(MISSING) | documents, max_size=4), st.lists(st.just(MISSING) | documents, max_size=4))
def test_different_operands_have_different_hashes(left: list[object], right: list[object]) -> None:
    def texts(operands: list[object]) -> list[object]:
        return [value if value is MISSING else canonical_json(value) for value in operands]

    first, second = stable_hash(left), stable_hash(right)
    if first is not MISSING and second is not MISSING:
        assert (first == second) is (texts(left) == texts(right))
