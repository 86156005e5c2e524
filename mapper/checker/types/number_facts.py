"""Facts of numbers: combined, compared and tested on single values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from mapper.checker.types.facts import Numbers
from mapper.runtime.digits import EXACT

MAX_VALUES = 64  # listed values; more are described by bounds


def fits_number(number: int | float, numbers: Numbers) -> bool:
    """Return True if a number is one of these."""
    if numbers.values is not None and number not in numbers.values:
        return False
    if numbers.integral and isinstance(number, float) and not number.is_integer():
        return False
    if numbers.low is not None and (number < numbers.low or (numbers.open_low and number == numbers.low)):
        return False
    return numbers.high is None or not (
        number > numbers.high or (numbers.open_high and number == numbers.high)
    )


def is_whole_and_a_double(value: object) -> bool:
    """Return True for an integer beyond 2^53 that is equal to a float: a payload may hold either."""
    if not isinstance(value, int) or -EXACT < value < EXACT:
        return False
    try:
        return float(value) == value
    except OverflowError:
        return False


def settle_numbers(numbers: Numbers) -> Numbers | None:
    """The facts with their consequences; None if no number has them all."""
    if numbers.values is not None:
        kept = frozenset(value for value in numbers.values if fits_number(value, numbers))
        return Numbers(values=kept) if kept else None
    low, high = numbers.low, numbers.high
    if low is not None and high is not None:
        if low > high or (low == high and (numbers.open_low or numbers.open_high)):
            return None
        if low == high:
            return settle_numbers(replace(numbers, values=frozenset({low})))
    return numbers


def meet_numbers(left: Numbers, right: Numbers) -> Numbers | None:
    """The numbers that are in both; None if there are none."""
    for one, other in ((left, right), (right, left)):
        if one.values is not None:
            kept = frozenset(value for value in one.values if fits_number(value, other))
            return Numbers(values=kept) if kept else None
    low, open_low = _bound((left.low, left.open_low), (right.low, right.open_low), 1, tighter=True)
    high, open_high = _bound((left.high, left.open_high), (right.high, right.open_high), -1, tighter=True)
    integral = left.integral or right.integral
    return settle_numbers(
        Numbers(low=low, high=high, open_low=open_low, open_high=open_high, integral=integral)
    )


def without_numbers(numbers: Numbers, values: Collection[int | float]) -> Numbers | None:
    """The numbers but for some; None if none is left. A value that is neither listed nor a bound stays."""
    if numbers.values is not None:
        left = numbers.values - set(values)
        return Numbers(values=left) if left else None
    low, high = numbers.low, numbers.high
    if numbers.integral:  # the next whole number is the bound
        while isinstance(low, int) and low in values:
            low += 1
        while isinstance(high, int) and high in values:
            high -= 1
        return settle_numbers(replace(numbers, low=low, high=high))
    return settle_numbers(
        replace(
            numbers,
            open_low=numbers.open_low or low in values,
            open_high=numbers.open_high or high in values,
        )
    )


def join_numbers(left: Numbers, right: Numbers) -> Numbers:
    """The numbers that are in either, and perhaps more."""
    if left.values is not None and right.values is not None:
        values = left.values | right.values
        if len(values) <= MAX_VALUES:
            return Numbers(values=values)
    one, other = bounded(left), bounded(right)
    low, open_low = _bound((one.low, one.open_low), (other.low, other.open_low), 1, tighter=False)
    high, open_high = _bound((one.high, one.open_high), (other.high, other.open_high), -1, tighter=False)
    return Numbers(
        low=low,
        high=high,
        open_low=open_low,
        open_high=open_high,
        integral=one.integral and other.integral,
    )


def bounded(numbers: Numbers) -> Numbers:
    """The facts that hold for listed numbers, without the list."""
    if numbers.values is None:
        return numbers
    integral = all(isinstance(value, int) or value.is_integer() for value in numbers.values)
    return Numbers(low=min(numbers.values), high=max(numbers.values), integral=integral)


def _bound(
    one: tuple[int | float | None, bool], other: tuple[int | float | None, bool], sign: int, *, tighter: bool
) -> tuple[int | float | None, bool]:
    """The tighter or the looser of two bounds: numbers (None: no bound), and True if they are excluded.

    `sign` is 1 for lower bounds and -1 for upper ones.
    """
    (first, first_open), (second, second_open) = one, other
    if first is None or second is None:
        return (one if second is None else other) if tighter else (None, False)
    if first == second:
        return first, first_open or second_open if tighter else first_open and second_open
    return one if (first > second) is ((sign > 0) is tighter) else other


def numbers_within(left: Numbers, right: Numbers) -> bool:
    """Return True if all numbers of the left are known to be among those of the right."""
    if left.values is not None:
        return all(fits_number(value, right) for value in left.values)
    if right.values is not None or (right.integral and not left.integral):
        return False
    if right.low is not None and (
        left.low is None or left.low < right.low or (left.low == right.low and right.open_low > left.open_low)
    ):
        return False
    return right.high is None or not (
        left.high is None
        or left.high > right.high
        or (left.high == right.high and right.open_high > left.open_high)
    )
