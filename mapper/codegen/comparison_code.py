"""Codegen of comparisons: two sides of a filter's comparison become one Python condition."""

from __future__ import annotations

from dataclasses import dataclass

from mapper import ir
from mapper.codegen.writer import Writer
from mapper.runtime.digits import is_number
from mapper.runtime.json.equality import equal
from mapper.runtime.jsonpath import less

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Side:
    """A Python atom for a JSON value or MISSING; `constant` is set if its value is known."""

    python: str
    constant: ir.Constant | None = None
    is_number: bool = False


def compare(writer: Writer, operator: str, left: Side, right: Side) -> str:
    """The condition for `left operator right` after RFC 9535 §2.3.5.2.2."""
    if left.constant is not None and right.constant is not None:
        return str(_decide(operator, left.constant.value, right.constant.value))
    if left.constant is not None:
        left, right, operator = right, left, _MIRRORED[operator]
    if right.constant is not None:
        return _with_constant(writer, operator, left, right.python, right.constant.value)
    return _of_values(writer, operator, left.python, right.python)


def _decide(operator: str, left: object, right: object) -> bool:
    """The result of comparing two literals."""
    match operator:
        case "==" | "!=":
            return equal(left, right) is (operator == "==")
        case "<" | "<=":
            return less(left, right) or (operator == "<=" and equal(left, right))
        case _:
            return less(right, left) or (operator == ">=" and equal(left, right))


def _with_constant(writer: Writer, operator: str, side: Side, python: str, constant: object) -> str:
    """Inline conditions; Python's `True == 1` is kept out."""
    value = side.python
    plain = isinstance(constant, str) or (is_number(constant) and (side.is_number or constant not in (0, 1)))
    if (plain and operator in ("==", "!=")) or (side.is_number and is_number(constant)):
        return f"{value} {operator} {python}"
    if operator == "!=":
        return f"not ({_with_constant(writer, '==', side, python, constant)})"
    if isinstance(constant, str):
        return f"isinstance({value}, str) and {value} {operator} {python}"
    if is_number(constant):
        numbers = writer.use("digits", "NUMBERS")
        number = f"isinstance({value}, {numbers}) and not isinstance({value}, bool)"
        return f"{number} and {value} {operator} {python}"
    return "False" if operator in ("<", ">") else f"{value} is {python}"  # true, false, null


def _of_values(writer: Writer, operator: str, left: str, right: str) -> str:
    """Conditions for two values only known at run time."""
    if operator in ("==", "!="):
        same = f"{writer.use('json.equality', 'equal')}({left}, {right})"
        return same if operator == "==" else f"not {same}"
    smaller, bigger = (left, right) if operator[0] == "<" else (right, left)
    ordered = f"{writer.use('jsonpath', 'less')}({smaller}, {bigger})"
    if operator in ("<", ">"):
        return ordered
    return f"({ordered} or {writer.use('json.equality', 'equal')}({left}, {right}))"
