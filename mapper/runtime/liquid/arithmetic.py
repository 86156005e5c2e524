"""Arithmetic at run time: the common cases of numeric filters, answered without decimal numbers."""

from __future__ import annotations

from math import floor

_EXACT = 1e9  # up to here the error of a product of floats is far below 0.001
_LARGE = 10**15
_LAST_EXACT = 2.0**53 - 1  # up to here, a float stands for one whole number alone


def rounded_product(value: object, factor: int) -> int | None:
    """The result of `times: factor | round`; None if it needs decimal arithmetic.

    A float product is at most a few units of its last place away from the decimal one, so both round alike
    unless they are close to a half.
    """
    if type(value) is float:
        product = value * factor
        if -_EXACT < product < _EXACT:
            nearest = floor(product + 0.5)
            if -0.499 < product - nearest < 0.499:
                return nearest
    elif type(value) is int and -_LARGE < value < _LARGE:
        return value * factor
    return None


def as_double(value: object) -> object:
    """A value of an engine whose numbers are all doubles: there 100.0 is the whole number 100."""
    if type(value) is float and value.is_integer() and -_LAST_EXACT <= value <= _LAST_EXACT:
        return int(value)
    return value
