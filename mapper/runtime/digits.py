"""Digits: the numbers that may have lost some, so that they are no ids.

A double (IEEE 754) holds every whole number below 2^53. From there on, two ids can become one: the text
`9007199254740993.0` is read as 9007199254740992.0. A parsed value does not show which of the two was sent.
So the rule asks for nothing but the double, and is the same for bytes and for payloads that were parsed by
any parser.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from mapper.runtime.missing import MISSING

EXACT = 2**53  # also the double that 2^53 + 1 becomes

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
