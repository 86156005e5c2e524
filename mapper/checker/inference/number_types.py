"""Numbers: the bounds of what filters calculate, from the bounds of their operands."""

from __future__ import annotations

from itertools import product
from math import ceil, floor
from typing import TypeAlias

from mapper.checker.types.facts import Numbers, Type
from mapper.checker.types.number_facts import bounded
from mapper.runtime.faults import Fault
from mapper.runtime.liquid.filters import ROWS, apply

_Bounds: TypeAlias = tuple[int | float, int | float]

_GROWING = frozenset({"plus", "times"})  # of numbers from zero on they give such numbers
# Filters that are monotone in each operand: between the results for the ends are all others.
_MONOTONE = frozenset({"plus", "minus", "times", "at_least", "at_most"})


def calculated(name: str, operands: tuple[Type, ...], *, integral: bool) -> Type | None:
    """The numbers that a filter gives for some numbers; None if their bounds are not known.

    `integral` is true if all of them are whole. In a template nothing counts as zero.
    """
    ends = [_ends(each) for each in operands]
    found = None
    if name == "divided_by" and len(operands) == 2 and ends[0] is not None:
        found = _quotient(ends[0], ends[1], operands[1])
    elif None not in ends:
        found = _bounds(name, [each for each in ends if each is not None])
    elif name in _GROWING and all(map(_is_positive, operands)):
        return Type(numbers=Numbers(low=0, integral=integral))
    return None if found is None else Type(numbers=Numbers(low=found[0], high=found[1], integral=integral))


def rounded(given: Type) -> Type:
    """The whole numbers that `round`, `ceil` and `floor` give; a value that is no number counts as 0."""
    if given.kinds - {"null"} != {"number"} or given.numbers is None:
        return Type(numbers=Numbers(integral=True))
    numbers = bounded(given.numbers)
    low = None if numbers.low is None else floor(numbers.low)
    high = None if numbers.high is None else ceil(numbers.high)
    if given.may_be_nothing:
        low, high = None if low is None else min(low, 0), None if high is None else max(high, 0)
    return Type(numbers=Numbers(low=low, high=high, integral=True))


def _is_positive(given: Type) -> bool:
    """True if no number of a type is below zero; nothing counts as zero."""
    if given.kinds - {"null"} != {"number"} or given.numbers is None:
        return False
    low = bounded(given.numbers).low
    return low is not None and low >= 0


def _ends(given: Type) -> _Bounds | None:
    if given.kinds - {"null"} != {"number"} or given.numbers is None:
        return None
    numbers = bounded(given.numbers)
    if numbers.low is None or numbers.high is None:
        return None
    if given.may_be_nothing:
        return min(numbers.low, 0), max(numbers.high, 0)
    return numbers.low, numbers.high


def _quotient(dividend: _Bounds, divisor: _Bounds | None, divisors: Type) -> _Bounds | None:
    """The bounds of a quotient. Whole numbers are rounded down, but 7.0 is whole, too, and is not."""
    if divisor is not None and (divisor[0] > 0 or divisor[1] < 0):
        found = _corners("divided_by", [dividend, divisor])
        return None if found is None else (found[0] - 1, found[1] + 1)
    if divisors.kinds - {"null"} != {"number"} or divisors.numbers is None:
        return None
    # A division by zero fails, and every other whole number is at least one away from it.
    size = max(map(abs, dividend)) + 1
    return (-size, size) if bounded(divisors.numbers).integral else None


def _bounds(name: str, ends: list[_Bounds]) -> _Bounds | None:
    match name, ends:
        case "abs", [(low, high)]:
            return (0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
        case "modulo", [_, (low, high)]:
            size = max(abs(low), abs(high))
            return -size, size
        case _ if name in _MONOTONE:
            return _corners(name, ends)
        case _:
            return None


def _corners(name: str, ends: list[_Bounds]) -> _Bounds | None:
    results: list[int | float] = []
    try:
        for corner in product(*ends):
            found = apply(ROWS[name].function, -1, *corner)
            if not isinstance(found, int | float):
                return None
            results.append(found)
    except Fault:
        return None
    return min(results), max(results)
