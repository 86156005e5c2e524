"""Canonical JSON and hashes: cases from cases/values, and properties."""

from __future__ import annotations

import json
import struct
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.runtime.json.canonical import canonical_json, stable_hash
from mapper.runtime.missing import INVALID, MISSING
from support.value_cases import documents, named, rows, scalars

numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-(10**6), 10**6, places=3).map(float),
    st.floats(1e-4, 1e-2) | st.floats(1e14, 1e17),
)


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


@given(st.lists(documents | numbers | st.dictionaries(st.text(), numbers | documents) | st.just(MISSING)))
def test_a_hash_is_that_of_canonical_json(parts: list[object]) -> None:
    lists = [b"[]" if part is MISSING else canonical_json([part]) for part in parts]
    if all(part is MISSING or part is None for part in parts):
        assert stable_hash(parts) is MISSING
    elif any(isinstance(part, float) and abs(part) >= 2**53 for part in parts):
        assert stable_hash(parts) is INVALID
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
    if isinstance(first, str) and isinstance(second, str):  # neither missing nor without a canonical form
        assert (first == second) is (texts(left) == texts(right))
