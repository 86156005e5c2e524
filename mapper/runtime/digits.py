"""Digits: the numbers that may have lost some, so that they are no ids, and those that have too many.

A double (IEEE 754) holds every whole number below 2^53. From there on, two ids can become one: the text
`9007199254740993.0` is read as 9007199254740992.0. A parsed value does not show which of the two was sent.
So the rule asks for nothing but the double, and is the same for bytes and for payloads that were parsed by
any parser.

An integer of more than MAX_DIGITS digits is out of range, like a float beyond the doubles: to convert it
would take quadratic time. The decoder of bodies has the same limit. A host may set Python's own to another
number (`sys.set_int_max_str_digits`, at least 640); nothing here depends on that.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeGuard

from mapper.runtime.missing import MISSING

EXACT = 2**53  # also the double that 2^53 + 1 becomes

MAX_DIGITS = 4300
NUMBERS = (int, float, Decimal)  # Decimal: numbers of a body that are out of range
RANGE = 10**MAX_DIGITS
_FEW = 640  # digits that Python converts under any setting of the host
_FEW_RANGE = 10**_FEW
_spelled = re.compile(r"\s*([+-]?)([0-9]+(?:_[0-9]+)*)\s*").fullmatch

OUT_OF_RANGE = "a number is out of range"
LOST_DIGITS = "a number beyond 2^53 written as a float may have lost digits"


def may_have_lost_digits(value: object) -> bool:
    """Return True for a float of 2^53 or more, or of -2^53 or less; integers of any size are exact.

    A number out of range is such a float too; a body keeps it as Decimal.
    """
    if isinstance(value, float) or (isinstance(value, Decimal) and value.is_finite()):
        return value >= EXACT or value <= -EXACT
    return False


def first_unsure(values: Iterable[object]) -> object:
    """The first of the values that may have lost digits; MISSING if there is none."""
    return next(filter(may_have_lost_digits, values), MISSING)


def is_out_of_range(value: object) -> bool:
    """Return True for an integer of more than MAX_DIGITS digits, a float that is not finite, or a Decimal."""
    if isinstance(value, int):
        return not -RANGE < value < RANGE
    return value - value != 0 if isinstance(value, float) else isinstance(value, Decimal)


def is_number(value: object) -> TypeGuard[int | float | Decimal]:
    """Return True for a JSON number, also one that is out of range; Python's booleans are none."""
    return isinstance(value, NUMBERS) and not isinstance(value, bool)


def may_have_too_many_digits(text: bytes | str) -> bool:
    """Return True for JSON text that may hold an integer out of range; Python usually writes none."""
    return len(text) > MAX_DIGITS and sys.get_int_max_str_digits() != MAX_DIGITS


def write_integer(value: int) -> str:
    """The decimal digits of an integer; raises ValueError if it is out of range."""
    if -_FEW_RANGE < value < _FEW_RANGE:
        return int.__repr__(value)
    if is_out_of_range(value):
        raise ValueError("the integer has too many digits")
    parts, rest = [], abs(value)
    while rest >= _FEW_RANGE:
        rest, part = divmod(rest, _FEW_RANGE)
        parts.append(f"{part:0{_FEW}}")
    sign = "-" if value < 0 else ""
    return f"{sign}{rest}{''.join(reversed(parts))}"


def read_integer(text: str) -> int:
    """The integer that a text spells, as `int` reads it; raises ValueError, also if it is out of range."""
    if len(text) <= _FEW:
        return int(text)
    match = _spelled(text)
    digits = match[2].replace("_", "") if match else ""
    if match is None or len(digits) > MAX_DIGITS:
        raise ValueError("the text spells no integer in range")
    value = 0
    for start in range(0, len(digits), _FEW):
        part = digits[start : start + _FEW]
        value = value * 10 ** len(part) + int(part)
    return -value if match[1] == "-" else value
