"""Codegen of presence: the tests that the value in a local is nothing, is something, or is blank."""

from __future__ import annotations


def absent_test(name: str, may_miss: bool, may_be_null: bool) -> str | None:
    """The test that a local holds nothing; None where it always holds a value."""
    tests = [f"{name} is MISSING"] * may_miss + [f"{name} is None"] * may_be_null
    return " or ".join(tests) or None


def present_test(name: str, may_miss: bool, may_be_null: bool) -> str | None:
    """The opposite of `absent_test`."""
    tests = [f"{name} is not MISSING"] * may_miss + [f"{name} is not None"] * may_be_null
    return " and ".join(tests) or None


def blank_test(name: str, is_blank: str) -> str:
    """The test that a local is blank, by the function `is_blank`, which texts and nothings seldom need."""
    if not name.isidentifier():
        return f"{is_blank}({name})"
    other = f"{name} is MISSING or {name} is None or {is_blank}({name})"
    return f"(not {name} or {name}.isspace() if type({name}) is str else {other})"


def truth_test(name: str, is_truthy: str) -> str:
    """The test that a local is neither nothing nor false, by the function `is_truthy` where it is none."""
    if not name.isidentifier():
        return f"{is_truthy}({name})"
    return f"({name} is not MISSING and {name} is not None and {name} is not False)"
