"""Number filters at run time: arithmetic on what Liquid takes for a number.

They do what python-liquid's do, except that `round` rounds halves away from zero. A value that is no number
counts as 0. A TypeError says that an argument is not of the type a filter takes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from mapper.runtime.faults import Fault
from mapper.runtime.missing import MISSING


def failed(detail: str) -> Fault:
    """A filter's failure, said without the value; `apply` adds the place."""
    return Fault("M618", -1, detail)


def whole(value: object) -> int:
    """A value as a whole number; raises ValueError or TypeError, and Fault M618 for too many digits."""
    longest = sys.get_int_max_str_digits()
    if isinstance(value, str) and longest and len(value) > longest:
        raise failed("the filter cannot work with this value")
    return int(value)  # type: ignore[call-overload, no-any-return]


def number(value: object) -> int | float:
    """A number, or the number a text spells; raises TypeError for anything else."""
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        for read in (whole, float):
            try:
                return read(value)
            except ValueError:
                continue
    raise TypeError("expected a number")


def number_or_zero(value: object) -> int | float:
    """A number, or the number a text spells; 0 for anything else."""
    try:
        return number(value)
    except TypeError:
        return 0


def exact(value: object) -> int | Decimal:
    """A number without the errors of binary fractions; 0 for what is none."""
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return Decimal(str(value))
    if not isinstance(value, str):
        return 0
    try:
        return whole(value)
    except ValueError:
        return Decimal(value)


def _calculated(
    left: int | float,
    right: object,
    of_integers: Callable[[int, int], int],
    of_decimals: Callable[[Decimal, Decimal], Decimal],
) -> int | float:
    other = number_or_zero(right)
    if isinstance(left, int) and isinstance(other, int):
        return of_integers(left, other)
    return float(of_decimals(Decimal(str(left)), Decimal(str(other))))


def abs_(value: object) -> int | float:
    """The number without its sign."""
    return abs(number_or_zero(value))


def at_least(value: object, other: object) -> int | float:
    """The greater of two numbers."""
    return max(number_or_zero(value), number_or_zero(other))


def at_most(value: object, other: object) -> int | float:
    """The smaller of two numbers."""
    return min(number_or_zero(value), number_or_zero(other))


def ceil(value: object) -> int:
    """The next whole number from here on."""
    return math.ceil(number_or_zero(value))


def floor(value: object) -> int:
    """The last whole number up to here."""
    return math.floor(number_or_zero(value))


def plus(value: object, other: object) -> int | float:
    """The sum of two numbers."""
    return _calculated(number_or_zero(value), other, int.__add__, Decimal.__add__)


def minus(value: object, other: object) -> int | float:
    """The difference of two numbers."""
    return _calculated(number_or_zero(value), other, int.__sub__, Decimal.__sub__)


def times(value: object, other: object) -> int | float:
    """The product of two numbers."""
    return _calculated(number_or_zero(value), other, int.__mul__, Decimal.__mul__)


def divided_by(value: object, other: object) -> int | float:
    """The quotient of two numbers; of whole numbers a whole number, rounded down."""
    left, right = number_or_zero(value), number_or_zero(other)
    try:
        return left // right if isinstance(left, int) and isinstance(right, int) else left / right
    except ZeroDivisionError:
        raise failed("division by zero") from None


def modulo(value: object, other: object) -> int | float:
    """The remainder of a division."""
    try:
        return _calculated(number_or_zero(value), other, int.__mod__, Decimal.__mod__)
    except ZeroDivisionError:
        raise failed("division by zero") from None


def round_(value: object, digits: object = None) -> int | float:
    """The number rounded to some digits, halves away from zero."""
    given = number_or_zero(value)
    places = _places(digits)
    if places < 0:
        return 0
    if isinstance(given, int):
        return given
    decimal = Decimal(str(given))
    if int(decimal.as_tuple().exponent) < -places:
        decimal = decimal.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return float(decimal) if places else int(decimal)


def _places(digits: object) -> int:
    if digits is None or digits is MISSING:
        return 0
    try:
        return min(int(number(digits)), 1000)
    except TypeError:
        return 0
