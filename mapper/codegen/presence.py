"""Codegen of presence: the tests that the value in a local is absent, present, blank or true.

A test is left out if the node of the value makes it idle for every payload (`mapper.ir.facts`).
"""

from __future__ import annotations

from mapper import ir
from mapper.ir.facts import nothings


def absent_test(name: str, node: ir.Value, *, nullable: bool = False) -> str | None:
    """The test that a local holds no value: missing or, unless `nullable`, null. None if it always does."""
    return " or ".join(f"{name} is {nothing}" for nothing in _nothings(node, nullable)) or None


def present_test(name: str, node: ir.Value, *, nullable: bool = False) -> str | None:
    """The opposite of `absent_test`; None if it always holds."""
    return " and ".join(f"{name} is not {nothing}" for nothing in _nothings(node, nullable)) or None


def _nothings(node: ir.Value, nullable: bool) -> list[str]:
    found = nothings(node)
    return ["MISSING"] * found.missing + ["None"] * (found.null and not nullable)


def may_be_left_out(field: ir.Field) -> bool:
    """True if the object may end without the field."""
    return not field.required and bool(_nothings(field.value, field.nullable))


def presence_test(field: ir.Field, value: str) -> str:
    """The test that a field which may be left out is there, with its value in a local."""
    return present_test(value, field.value, nullable=field.nullable) or "True"


def blank_test(name: str, is_blank: str) -> str:
    """The test that a local is blank.

    A text that begins with a visible character of ASCII is tested inline; the function named `is_blank`,
    much slower, is called for all other values.
    """
    if not name.isidentifier():
        return f"{is_blank}({name})"
    other = f"{name} is MISSING or {name} is None or {is_blank}({name})"
    return f'(not "!" <= {name} < "\\x7f" and {is_blank}({name}) if type({name}) is str else {other})'


def truth_test(name: str, is_truthy: str) -> str:
    """The test that a local is neither absent nor false; `is_truthy` tests a value that is in no local."""
    if not name.isidentifier():
        return f"{is_truthy}({name})"
    return f"({name} is not MISSING and {name} is not None and {name} is not False)"
