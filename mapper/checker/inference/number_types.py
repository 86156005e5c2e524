"""Numbers: the bounds of what filters calculate, from the bounds of their operands; results out of range."""

from __future__ import annotations

import sys
from itertools import product
from math import ceil, floor, inf
from typing import TypeAlias

from mapper.checker.types.facts import Numbers, Texts, Type
from mapper.checker.types.number_facts import bounded
from mapper.checker.types.text_languages import language_of, lengths_of
from mapper.regex.characters import DIGITS, joined, ranges, shared
from mapper.regex.languages import alphabet
from mapper.runtime.digits import RANGE
from mapper.runtime.faults import Fault
from mapper.runtime.liquid.filters import ROWS, apply
from mapper.runtime.liquid.filters.numbers import OF_NUMBERS, number_or_zero
from mapper.runtime.liquid.filters.row import Gives

_Bounds: TypeAlias = tuple[int | float, int | float]

_GROWING = frozenset({"plus", "times"})  # of numbers from zero on they give such numbers
# Filters that are monotone in each operand: between the results for the ends are all others.
_MONOTONE = frozenset({"plus", "minus", "times", "at_least", "at_most"})


# Numbers and texts that arithmetic cannot work with, or not in every operation.
EXTREME = Type(
    numbers=Numbers(values=frozenset({sys.float_info.max, -sys.float_info.max, 5e-324, RANGE - 1})),
    texts=Texts(values=frozenset({"inf", "1e999"})),
)
_MAX_FLOAT = int(sys.float_info.max)
_MAX_QUOTIENT = 10**27  # the remainder of a division of decimals is not computed beyond it
_SPELLING = joined([*DIGITS, *ranges("+-.")])
_MAX_SPELLED = 300  # digits
_MAX_EXACT = 15  # digits of a float that has lost none


def out_of_range(name: str, operands: tuple[Type, ...]) -> int | None:
    """The index of an operand for which arithmetic can fail; None if it never does.

    It fails if the result is no JSON number, or if a text spells none, such as `1e999`. Another value than a
    number or a text counts as 0. Numbers of a payload without bounds have up to 4,300 digits.
    """
    if ROWS[name].takes != OF_NUMBERS:
        return None
    ends = [_counted_ends(each) for each in operands]
    unbounded = next((index for index, each in enumerate(ends) if each is None), None)
    digits = _MAX_EXACT if loses_digits(name, len(operands)) else _MAX_SPELLED
    texts = next((index for index, each in enumerate(operands) if _may_spell_any(each, digits)), None)
    if texts is not None:
        return texts
    match name, ends:
        case "plus" | "minus" | "times", [(_, _), (_, _)]:
            found = _corners(name, [each for each in ends if each is not None])
            return 0 if _largest(found) > _MAX_FLOAT else None
        case "plus" | "minus" | "times", _:
            return unbounded
        case "divided_by", [None, _] if _are_integers(operands[1]):
            return None  # whole numbers are divided exactly, and no float gets larger
        case "divided_by", [dividend, divisor]:
            least = _least_divisor(operands[1], divisor)
            safe = _largest(dividend) <= _MAX_FLOAT * min(least, 1)
            return None if safe else int(dividend is not None)
        case "modulo", [dividend, divisor]:
            least = _least_divisor(operands[1], divisor)
            return 0 if divisor is None or _largest(dividend) >= _MAX_QUOTIENT * least else None
        case _:
            return None


def _are_integers(given: Type) -> bool:
    """True for constants that are integers, but for 0."""
    values = () if given.numbers is None else given.numbers.values or ()
    return bool(values) and all(isinstance(value, int) and value != 0 for value in values)


def _least_divisor(given: Type, ends: _Bounds | None) -> int | float:
    """The least distance from 0 of the numbers of a type, but for 0 itself: a division by it fails anyway."""
    if ends is not None and (ends[0] > 0 or ends[1] < 0):
        return min(map(abs, ends))
    if given.texts is not None:
        return 0
    numbers = given.numbers
    if numbers is None or bounded(numbers).integral:
        return 1
    return min((abs(value) for value in numbers.values or () if value), default=0)


def _largest(ends: _Bounds | None) -> int | float:
    return inf if ends is None else max(map(abs, ends))


def loses_digits(name: str, count: int) -> bool:
    """Return True for arithmetic that makes whole numbers: it refuses floats that may have lost digits."""
    return ROWS[name].gives is Gives.WHOLE or (ROWS[name].gives is Gives.ROUNDED and count == 1)


def _may_spell_any(given: Type, digits: int) -> bool:
    """True if a text may be read as a number of more digits, or as `inf` or `nan`."""
    if given.texts is None or given.texts.values is not None:
        return not all(abs(number) <= 10**digits for number in _spelled(given))
    language = language_of(given.texts)
    characters, longest = alphabet(language), lengths_of(language)[1]
    return shared(characters, _SPELLING) != characters or longest is None or longest > digits


def _spelled(given: Type) -> list[int | float]:
    """The numbers that arithmetic reads from listed texts."""
    found = []
    for text in () if given.texts is None else given.texts.values or ():
        try:
            found.append(number_or_zero(text))
        except Fault:
            found.append(inf)
    return found


def _counted_ends(given: Type) -> _Bounds | None:
    """The bounds of the numbers that arithmetic reads from values; None if there are none."""
    ends = _spelled(given)
    if _may_spell_any(given, _MAX_SPELLED):
        return None
    if given.texts is not None and given.texts.values is None:
        longest = lengths_of(language_of(given.texts))[1] or 0
        ends += [-(10**longest), 10**longest]
    if given.numbers is not None:
        numbers = bounded(given.numbers)
        if numbers.low is None or numbers.high is None:
            return None
        ends += [numbers.low, numbers.high]
    if given.kinds - {"number", "string"} or given.may_be_nothing:
        ends.append(0)
    return (min(ends), max(ends)) if ends else (0, 0)


def calculated(name: str, operands: tuple[Type, ...], *, integral: bool) -> Type | None:
    """The numbers that a filter gives for some numbers; None if their bounds are not known.

    `integral` is true if all of them are whole. In a template nothing counts as zero.
    """
    ends = [_counted_ends(each) for each in operands]
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
