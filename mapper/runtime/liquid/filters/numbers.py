"""Number filters: arithmetic. A text that spells a number counts as that number, any other value as 0.

They do what python-liquid's do, except that `round` rounds halves away from zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import partial, wraps
from typing import TypeAlias

from mapper.runtime.digits import (
    LOST_DIGITS,
    MAX_DIGITS,
    OUT_OF_RANGE,
    is_out_of_range,
    may_have_lost_digits,
    read_integer,
)
from mapper.runtime.liquid.filters.row import Fails, Function, Gives, bounded, failed, make_row
from mapper.runtime.work import NUMBER, meter, size_of, spend_on_number

Number: TypeAlias = int | float

OF_NUMBERS = "a number"  # the values that these filters take


def whole(value: object) -> int:
    """A value as a whole number; raises ValueError or TypeError, and Fault M618 for too many digits."""
    if is_out_of_range(value):
        raise failed(OUT_OF_RANGE)
    if not isinstance(value, str):
        return int(value)  # type: ignore[call-overload, no-any-return]
    if len(value) > MAX_DIGITS:
        raise failed("the filter cannot work with this value")
    return read_integer(value)


def number_or_zero(value: object) -> Number:
    """A number, or the number a text spells; 0 for anything else, a boolean too.

    Raises Fault M618 for a number out of range.
    """
    if isinstance(value, bool):
        return 0
    if is_out_of_range(value):
        raise failed(OUT_OF_RANGE)
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        for read in (whole, float):
            try:
                return read(value)
            except ValueError:
                continue
    return 0


def exact(value: object) -> int | Decimal:
    """A number without the errors of binary fractions; 0 for any other value.

    Raises Fault M618 for a number out of range.
    """
    if is_out_of_range(value):
        raise failed(OUT_OF_RANGE)
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


def _of_numbers(function: Function) -> Function:
    @wraps(function)
    def call(value: object, *args: object) -> object:
        counting = meter()
        if counting is not None:
            for given in (value, *args):
                if isinstance(given, str):
                    spend_on_number(given)
                counting.spend(size_of(given) if isinstance(given, str | int) else NUMBER)
        return bounded(function(number_or_zero(value), *[number_or_zero(arg) for arg in args]))

    return call


number_filter = partial(make_row, OF_NUMBERS, _of_numbers)


def _calculated(
    left: Number,
    right: Number,
    of_integers: Callable[[int, int], int],
    of_decimals: Callable[[Decimal, Decimal], Decimal],
) -> Number:
    # Decimals: 0.1 + 0.2 is 0.3, as people who read the template expect.
    if isinstance(left, int) and isinstance(right, int):
        return of_integers(left, right)
    return float(of_decimals(_decimal(left), _decimal(right)))


def _decimal(value: Number) -> Decimal:
    # Of a float the digits that people see.
    return Decimal(value) if isinstance(value, int) else Decimal(str(value))


@number_filter(Gives.ARITHMETIC, (-2.5, "", "2.5"), "0")
def abs_(value: Number) -> Number:
    """The number without its sign."""
    return abs(value)


@number_filter(Gives.ARITHMETIC, (3, "5", "5"), "5")
def at_least(value: Number, other: Number) -> Number:
    """The greater of two numbers."""
    return max(value, other)


@number_filter(Gives.ARITHMETIC, (8, "5", "5"), "0")
def at_most(value: Number, other: Number) -> Number:
    """The smaller of two numbers."""
    return min(value, other)


def _exact(value: Number) -> Number:
    # A whole number is exact, and may be an id.
    if may_have_lost_digits(value):
        raise failed(LOST_DIGITS)
    return value


@number_filter(Gives.WHOLE, (1.2, "", "2"), "0")
def ceil(value: Number) -> int:
    """The least whole number that is not smaller."""
    return math.ceil(_exact(value))


@number_filter(Gives.WHOLE, (-1.2, "", "-2"), "0")
def floor(value: Number) -> int:
    """The greatest whole number that is not greater."""
    return math.floor(_exact(value))


@number_filter(Gives.ARITHMETIC, ("7", "0.5", "7.5"), "0.5")
def plus(value: Number, other: Number) -> Number:
    """The sum of two numbers."""
    return _calculated(value, other, int.__add__, Decimal.__add__)


@number_filter(Gives.ARITHMETIC, (7, "2", "5"), "-2")
def minus(value: Number, other: Number) -> Number:
    """The difference of two numbers."""
    return _calculated(value, other, int.__sub__, Decimal.__sub__)


@number_filter(Gives.ARITHMETIC, (0.1, "3", "0.3"), "0")
def times(value: Number, other: Number) -> Number:
    """The product of two numbers."""
    return _calculated(value, other, int.__mul__, Decimal.__mul__)


@number_filter(Gives.ARITHMETIC, (7, "2", "3"), "0", fails=Fails.ZERO)
def divided_by(value: Number, other: Number) -> Number:
    """The quotient of two numbers; of whole numbers a whole number, rounded down."""
    try:
        return value // other if isinstance(value, int) and isinstance(other, int) else value / other
    except ZeroDivisionError:
        raise failed("division by zero") from None


@number_filter(Gives.ARITHMETIC, (7, "4", "3"), "0", fails=Fails.ZERO)
def modulo(value: Number, other: Number) -> Number:
    """The remainder of a division."""
    try:
        return _calculated(value, other, int.__mod__, Decimal.__mod__)
    except ZeroDivisionError:
        raise failed("division by zero") from None


@number_filter(Gives.ROUNDED, (2.345, "2", "2.35"), "0")
def round_(value: Number, digits: Number = 0) -> Number:
    """The number rounded to some digits, halves away from zero."""
    places = min(int(digits), 1000) if digits else 0
    if places < 0:
        return 0
    if isinstance(value, int):
        return value
    decimal = _decimal(value if places else _exact(value))
    if int(decimal.as_tuple().exponent) < -places:
        decimal = decimal.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return float(decimal) if places else int(decimal)
