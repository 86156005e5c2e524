"""Facts of numbers: combined, compared and tested on single values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction

from mapper.checker.types.facts import Bound, Numbers
from mapper.runtime.digits import EXACT

_DOUBLES = 10**300  # some double is further from 0 than it
MAX_VALUES = 64  # listed values; more are described by bounds


def fits_number(number: int | float, numbers: Numbers) -> bool:
    """Return True if a number is one of these."""
    if numbers.values is not None and number not in numbers.values:
        return False
    if numbers.integral and isinstance(number, float) and not number.is_integer():
        return False
    if number in numbers.excluded or not all(is_multiple(number, step) for step in numbers.steps):
        return False
    if numbers.low is not None and (number < numbers.low or (numbers.open_low and number == numbers.low)):
        return False
    return numbers.high is None or not (
        number > numbers.high or (numbers.open_high and number == numbers.high)
    )


def is_within(numbers: Numbers, bound: int) -> bool:
    """Return True if no number is further from 0 than a bound."""
    return (
        numbers.low is not None
        and numbers.high is not None
        and -bound <= numbers.low
        and numbers.high <= bound
    )


def is_multiple(number: int | float, step: int | float) -> bool:
    """Return True if a number is a multiple of a step, by the arithmetic of jsonschema's `multipleOf`."""
    try:
        quotient = number / step if isinstance(step, float) else number % step
    except OverflowError:
        return False  # not even a double; jsonschema fails
    if not isinstance(step, float):
        return not quotient
    try:
        return int(quotient) == quotient
    except OverflowError:
        return (Fraction(number) / Fraction(step)).denominator == 1


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
        return Numbers(values=kept, plain=numbers.plain) if kept else None
    if numbers.excluded:
        numbers = _without_bounds(numbers)
    low, high = numbers.low, numbers.high
    if low is not None and high is not None:
        if low > high or (low == high and (numbers.open_low or numbers.open_high)):
            return None
        if low == high:
            return settle_numbers(replace(numbers, values=frozenset({low})))
    return numbers


def _without_bounds(numbers: Numbers) -> Numbers:
    """The same numbers, with tighter bounds if these are excluded; all others lie within."""
    low, high, excluded = numbers.low, numbers.high, numbers.excluded
    if numbers.integral:  # the next whole number is the bound
        while isinstance(low, int) and low in excluded:
            low += 1
        while isinstance(high, int) and high in excluded:
            high -= 1
    tighter = replace(
        numbers,
        low=low,
        high=high,
        open_low=numbers.open_low or low in excluded,
        open_high=numbers.open_high or high in excluded,
        excluded=frozenset(),
    )
    left = frozenset(value for value in excluded if fits_number(value, tighter))
    return replace(tighter, excluded=left)


def meet_numbers(left: Numbers, right: Numbers) -> Numbers | None:
    """The numbers that are in both; None if there are none."""
    for one, other in ((left, right), (right, left)):
        if one.values is not None:
            kept = frozenset(value for value in one.values if fits_number(value, other))
            return Numbers(values=kept, plain=one.plain or other.plain) if kept else None
    low, open_low = _bound((left.low, left.open_low), (right.low, right.open_low), 1, tighter=True)
    high, open_high = _bound((left.high, left.open_high), (right.high, right.open_high), -1, tighter=True)
    return settle_numbers(
        Numbers(
            low=low,
            high=high,
            open_low=open_low,
            open_high=open_high,
            integral=left.integral or right.integral,
            steps=left.steps | right.steps,
            excluded=left.excluded | right.excluded,
            plain=left.plain or right.plain,
        )
    )


def without_numbers(numbers: Numbers, values: Collection[int | float]) -> Numbers | None:
    """The numbers but for some; None if none is left."""
    if numbers.values is not None:
        left = numbers.values - set(values)
        return replace(numbers, values=left) if left else None
    return settle_numbers(replace(numbers, excluded=numbers.excluded | set(values)))


def join_numbers(left: Numbers, right: Numbers, bound: Bound = Bound.UPPER) -> Numbers:
    """The numbers that are in either, and perhaps more; of a lower bound, perhaps fewer."""
    if left.values is not None and right.values is not None:
        values = left.values | right.values
        if len(values) <= MAX_VALUES:
            return Numbers(values=values, plain=left.plain and right.plain)
    if bound is Bound.LOWER:
        return _touching(left, right) or (left if left.values is None else right)
    return _hull(left, right)


def _touching(left: Numbers, right: Numbers) -> Numbers | None:
    """The numbers of either if some facts describe exactly these; else None."""
    if numbers_within(left, right):
        return right
    if numbers_within(right, left):
        return left
    if left.values is not None or right.values is not None or _bounds_of(left, right) != left:
        return None
    for one, other in ((left, right), (right, left)):
        if one.high is not None and other.low is not None:
            gap = other.low - one.high
            if gap > 0 or (gap == 0 and one.open_high and other.open_low):
                return None
    return _hull(left, right)


def _bounds_of(facts: Numbers, other: Numbers) -> Numbers:
    """The bounds of some numbers with the other facts of others."""
    return replace(other, low=facts.low, high=facts.high, open_low=facts.open_low, open_high=facts.open_high)


def _hull(left: Numbers, right: Numbers) -> Numbers:
    one, other = bounded(left), bounded(right)
    low, open_low = _bound((one.low, one.open_low), (other.low, other.open_low), 1, tighter=False)
    high, open_high = _bound((one.high, one.open_high), (other.high, other.open_high), -1, tighter=False)
    return Numbers(
        low=low,
        high=high,
        open_low=open_low,
        open_high=open_high,
        integral=one.integral and other.integral,
        steps=frozenset(
            step
            for step in left.steps | right.steps
            if _are_multiples(one, step) and _are_multiples(other, step)
        ),
        excluded=frozenset(
            value
            for value in left.excluded | right.excluded
            if not (fits_number(value, left) or fits_number(value, right))
        ),
        plain=left.plain and right.plain,
    )


def bounded(numbers: Numbers) -> Numbers:
    """The facts that hold for listed numbers, without the list."""
    if numbers.values is None:
        return numbers
    integral = all(isinstance(value, int) or value.is_integer() for value in numbers.values)
    low, high = min(numbers.values), max(numbers.values)
    return Numbers(low=low, high=high, integral=integral, plain=numbers.plain)


def _are_multiples(numbers: Numbers, step: int | float) -> bool:
    """Return True if all numbers are known to be multiples of a step."""
    if numbers.values is not None:
        return all(is_multiple(value, step) for value in numbers.values)
    if step in numbers.steps:
        return True
    if isinstance(step, int):
        return any(isinstance(own, int) and own < EXACT and own % step == 0 for own in numbers.steps)
    # The quotient of a whole number by a half, a quarter ... is exact if the number is a double at all.
    is_part = numbers.integral and step.as_integer_ratio()[0] == 1
    return is_part and is_within(numbers, _DOUBLES)


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
    if right.plain and not left.plain:
        return False
    if left.values is not None:
        return all(fits_number(value, right) for value in left.values)
    if right.values is not None or (right.integral and not left.integral):
        return False
    if any(fits_number(value, left) for value in right.excluded):
        return False
    if not all(_are_multiples(left, step) for step in right.steps):
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
