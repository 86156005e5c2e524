"""Validation at run time: which values are JSON, and what is reported of a value that violates a schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mapper.runtime.json.equality import equal, identity
from mapper.runtime.missing import MISSING
from mapper.runtime.schema import validation
from mapper.runtime.schema.keywords import judging
from mapper.runtime.schema.validation import (
    MAX_NODES,
    MAX_VIOLATIONS,
    Violation,
    delegate,
    find_non_json,
    is_json,
    violations,
)
from support.random_schemas import SCALARS, VALUES


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"a": [0, {"b": float("nan")}]}, (("a", 1, "b"), "is not a finite number")),
        ([float("-inf")], ((0,), "is not a finite number")),
        ({"a": {1: 2}}, (("a",), "has a name that is not text")),
        ({"a\ud800": 1}, ((), "has a name with half of a surrogate pair")),
        (["\udfff"], ((0,), "holds half of a surrogate pair")),
        ((1,), ((), "is not a JSON value")),
        ([b""], ((0,), "is not a JSON value")),
    ],
)
def test_find_non_json(value: object, fault: object) -> None:
    assert find_non_json(value) == fault
    assert not is_json(value)


@pytest.mark.parametrize(
    "value", [None, True, 0, 10**400, -0.0, "é\u2028😀", [], {}, {"é": [{"": [None, False]}]}]
)
def test_json_values(value: object) -> None:
    assert is_json(value)


def test_too_many_values_of_any_kind_are_no_json(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_json([0] * MAX_NODES)
    assert not is_json([0] * (MAX_NODES + 1))
    most = 1_000  # the loops below would take a minute for as many as there may be
    monkeypatch.setattr(validation, "MAX_NODES", most)
    for value in (0, None, "a", []):
        many = [value] * most
        assert is_json(many)
        assert find_non_json(many) is None
        many.append(value)
        assert not is_json(many)
        assert find_non_json({"a": many}) == (("a",), "holds too many values")


def test_violations_tell_the_rule_and_never_the_value() -> None:
    secret = "s3cret@example.com"
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": ["integer", "null"]},
            "b": {"enum": ["x", 1]},
            "c": {"pattern": "^x"},
            "d": {"maxLength": 3},
            "e e": {"anyOf": [{"type": "null"}, {"const": 1}]},
            "f": {"format": "uuid"},
            "g": {"items": {"minimum": 5}},
        },
        "required": ["a", "z"],
        "additionalProperties": False,
    }
    value = dict.fromkeys(["a", "b", "c", "d", "e e", "f"], secret) | {"g": [7, 3], "more": secret}
    found = violations(json.dumps(schema), value)
    assert found == [
        Violation("$.a", "type", "must be a whole number or null"),
        Violation("$.b", "enum", 'must be one of `"x"`, `1`'),
        Violation("$.c", "pattern", 'must match the pattern `"^x"`'),
        Violation("$.d", "maxLength", "must have at most `3` characters"),
        Violation("$.f", "format", 'must have the format `"uuid"`'),
        Violation("$.g[1]", "minimum", "must be at least `5`"),
        Violation("$.more", "additionalProperties", "is not allowed"),
        Violation("$.z", "required", "is required"),
        Violation("$['e e']", "anyOf", "must fit one of the alternatives"),
    ]
    assert secret not in repr(found)


def test_violations_are_bounded_and_sorted() -> None:
    schema = json.dumps({"items": {"type": "string"}, "additionalProperties": False})
    assert len(violations(schema, [0] * 100_000)) == MAX_VIOLATIONS
    assert len(violations(schema, {str(n): n for n in range(1000)})) == MAX_VIOLATIONS


def test_nothing_is_fetched() -> None:
    schema = json.dumps({"$ref": "http://127.0.0.1:9/schema.json"})
    assert delegate(schema)(1) is False
    assert violations(schema, 1) == [Violation("$", "schema", "cannot be checked")]


@pytest.mark.parametrize(
    ("value", "constant", "expected"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (0, False, False),
        ([1, [True]], [1.0, [True]], True),
        ([1, [True]], [1, [1]], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ("1", 1, False),
        (None, False, False),
        ((1,), [1], False),
        (10**400, 1.5, False),
        (2**53 + 1, 2.0**53, False),
        (1e30, int(1e30), True),
    ],
)
def test_equal(value: object, constant: object, expected: bool) -> None:
    assert equal(value, constant) is expected
    assert equal(constant, value) is expected
    if type(value) is not tuple:  # the pairs of an object's loop in a template count as lists
        assert (identity(value) == identity(constant)) is expected


def test_values_are_equal_at_any_depth() -> None:
    deep: list[object] = []
    other: list[object] = []
    for _ in range(20_000):
        deep, other = [deep, {"a": 1}], [other, {"a": 1.0}]
    assert equal(deep, other)
    assert not equal(deep, [other, {"a": True}])
    loop: list[object] = []
    loop.append(loop)
    assert equal(loop, [loop])


def test_an_object_that_claims_to_equal_everything_equals_no_json_value() -> None:
    class Liar:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return True

    for value in (None, MISSING, True, 1, 1.5, "a", [1], {"a": 1}):
        assert not equal(Liar(), value)
        assert not equal(value, Liar())
        assert not equal([value], [Liar()])


def test_a_panic_of_the_library_of_references_is_a_stack_used_up() -> None:
    """Where the stack ends inside of it, it raises what is no Exception; no such thing reaches a caller."""
    panic = type("PanicException", (BaseException,), {})
    with pytest.raises(RecursionError), judging(explains=False, remembers=False):
        raise panic("__eq__ failed!")
    with pytest.raises(KeyboardInterrupt), judging(explains=False, remembers=False):
        raise KeyboardInterrupt


@given(VALUES, VALUES)
def test_equal_is_the_equality_of_const(value: Any, constant: Any) -> None:
    assert equal(value, constant) is Draft202012Validator({"const": constant}).is_valid(value)
    assert equal(value, json.loads(json.dumps(value)))


@given(
    st.recursive(
        st.one_of(SCALARS, st.text(), st.floats()), lambda i: st.dictionaries(st.text(), i) | st.lists(i)
    )
)
def test_is_json_is_what_strict_json_can_write(value: Any) -> None:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        expected = True
    except ValueError:
        expected = False
    assert is_json(value) is expected
