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
    """The test that a local is blank, by the function `is_blank`; a text is nearly always not."""
    if not name.isidentifier():
        return f"{is_blank}({name})"
    return f"(type({name}) is not str or not {name} or {name}.isspace()) and {is_blank}({name})"
