"""Inference of casts: the type of a value in, that of the cast value out, and which values cannot be cast.

Values known one by one are cast by the function that runs at run time. Taken for granted: numbers have no
thousands of digits; whole ones that are floats are below 1e16, so that they print without an exponent; texts
of the format date-time have at most nine digits of a second, and lie in the years 1 to 9999 of UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mapper import ir
from mapper.checker.inference.printing import printed
from mapper.checker.types import ANYTHING, NEVER, Type, join, literal_type, meet, only, without_nothing
from mapper.checker.types.facts import Numbers
from mapper.checker.types.lattice import overlaps
from mapper.checker.types.named import BOOLEAN, CANONICAL_TIME, INTEGER, NUMBER, TIME
from mapper.checker.types.text_facts import numbers_within
from mapper.runtime import casts as values
from mapper.runtime.missing import INVALID
from mapper.runtime.times.patterns import read_time
from mapper.runtime.times.times import EPOCH_UNITS

_FIRST, _LAST = -62_135_596_800, 253_402_300_799  # seconds of the years 1 to 9999


@dataclass(frozen=True, slots=True)
class Casting:
    """The values a cast gives, and the given values that it cannot cast; null and missing apart."""

    good: Type
    bad: Type


_RUN: dict[ir.CastKind, Callable[[object], object]] = {
    ir.CastKind.STRING: values.to_string,
    ir.CastKind.INTEGER: values.to_integer,
    ir.CastKind.NUMBER: values.to_number,
    ir.CastKind.BOOLEAN: values.to_boolean,
    ir.CastKind.OBJECT: values.to_object,
    ir.CastKind.ARRAY: values.to_array,
    ir.CastKind.JSON: values.to_json,
}


def cast_type(kind: ir.CastKind, given: Type) -> Casting:
    """What `as:` makes of values of a type; each kind of value for itself."""
    given = without_nothing(given)
    listed, rest = _take_listed(given, _RUN[kind])
    good, bad = listed.good, listed.bad
    for part in sorted(rest.kinds):
        done = _CASTS[kind](part, only(rest, part))
        good, bad = join(good, done.good), join(bad, done.bad)
    return Casting(good, bad)


def _take_listed(given: Type, run: Callable[[object], object]) -> tuple[Casting, Type]:
    """The outcome for values known one by one, and the rest of the type."""
    good = bad = NEVER
    known: list[str | int | float] = []
    numbers, texts = given.numbers, given.texts
    if numbers is not None and numbers.values is not None:
        known.extend(numbers.values)
        numbers = None
    if texts is not None and texts.values is not None:
        known.extend(texts.values)
        texts = None
    for value in known:
        result = run(value)
        if result is INVALID:
            bad = join(bad, literal_type(value))
        else:
            good = join(good, literal_type(result))
    return Casting(good, bad), replace(given, numbers=numbers, texts=texts)


def _to_string(part: str, given: Type) -> Casting:
    if part in ("array", "object"):
        return Casting(NEVER, given)
    return Casting(Type(texts=printed(given)), NEVER)


def _to_integer(part: str, given: Type) -> Casting:
    if part == "number" and given.numbers is not None:
        whole = replace(given.numbers, integral=True)
        fails = NEVER if given.numbers.integral else given
        return Casting(Type(numbers=whole), fails)
    if part == "string":
        return Casting(INTEGER, NEVER if _is_written(given, "whole-numeral") else given)
    return Casting(NEVER, given)


def _is_written(given: Type, form: str) -> bool:
    return given.texts is not None and form in given.texts.formats


def _to_number(part: str, given: Type) -> Casting:
    if part == "number":
        return Casting(given, NEVER)
    if part == "string":
        return Casting(NUMBER, NEVER if _is_written(given, "numeral") else given)
    return Casting(NEVER, given)


def _to_boolean(part: str, given: Type) -> Casting:
    if part == "boolean":
        return Casting(given, NEVER)
    return Casting(BOOLEAN, given) if part in ("number", "string") else Casting(NEVER, given)


def _to_object(part: str, given: Type) -> Casting:
    return Casting(given, NEVER) if part == "object" else Casting(NEVER, given)


def _to_array(part: str, given: Type) -> Casting:
    return Casting(given, NEVER) if part == "array" else Casting(NEVER, given)


def _to_json(part: str, given: Type) -> Casting:
    return Casting(ANYTHING, given) if part == "string" else Casting(given, NEVER)


_CASTS: dict[ir.CastKind, Callable[[str, Type], Casting]] = {
    ir.CastKind.STRING: _to_string,
    ir.CastKind.INTEGER: _to_integer,
    ir.CastKind.NUMBER: _to_number,
    ir.CastKind.BOOLEAN: _to_boolean,
    ir.CastKind.OBJECT: _to_object,
    ir.CastKind.ARRAY: _to_array,
    ir.CastKind.JSON: _to_json,
}


def time_type(node: ir.Timestamp, given: Type) -> Casting:
    """What `as: timestamp` makes of values of a type."""
    given = without_nothing(given)
    listed, rest = _take_listed(given, lambda value: read_time(value, node.formats, node.zone))
    good, bad = listed.good, listed.bad
    for part in sorted(rest.kinds):
        done = _time_of(node, part, only(rest, part))
        good, bad = join(good, done.good), join(bad, done.bad)
    return Casting(good, bad)


def _time_of(node: ir.Timestamp, part: str, given: Type) -> Casting:
    reads_text = any(name not in EPOCH_UNITS for name in node.formats)
    units = [EPOCH_UNITS[name] for name in node.formats if name in EPOCH_UNITS]
    if part == "string" and given.texts is not None:
        is_time = given.texts.formats & {"date-time", CANONICAL_TIME} and "iso8601" in node.formats
        return Casting(TIME, NEVER if is_time else given) if reads_text or units else Casting(NEVER, given)
    if part == "number" and given.numbers is not None and units:
        is_sure = any(numbers_within(given.numbers, _readable(unit)) for unit in units)
        is_lost = all(_out_of_range(given.numbers, unit) for unit in units)
        late = Type(numbers=Numbers(low=(_LAST + 1) * max(units)))
        bad = meet(given, late) if overlaps(given, late) else given
        return Casting(NEVER if is_lost else TIME, NEVER if is_sure else bad)
    return Casting(NEVER, given)


def _readable(unit: int) -> Numbers:
    return Numbers(low=_FIRST * unit, high=_LAST * unit)


def _out_of_range(numbers: Numbers, unit: int) -> bool:
    low, high = numbers.low, numbers.high
    return (low is not None and low > (_LAST + 1) * unit) or (high is not None and high < _FIRST * unit)


_PLAUSIBLE = (631_152_000, 4_102_444_800)  # the years 1990 to 2100, in seconds


def better_unit(node: ir.Timestamp, given: Type) -> str | None:
    """Another epoch unit, where the bounds of a number leave the declared one no time from 1990 to 2100."""
    numbers = given.numbers
    if len(node.formats) != 1 or node.formats[0] not in EPOCH_UNITS or numbers is None:
        return None
    if numbers.low is None and numbers.high is None and numbers.values is None:
        return None
    if _plausible(numbers, EPOCH_UNITS[node.formats[0]]):
        return None
    bounded = numbers.low is not None and numbers.low > 0
    others = [
        name for name, unit in EPOCH_UNITS.items() if name != node.formats[0] and _plausible(numbers, unit)
    ]
    return others[0] if others and (bounded or numbers.high is not None or numbers.values) else None


def _plausible(numbers: Numbers, unit: int) -> bool:
    low, high = (bound * unit for bound in _PLAUSIBLE)
    if numbers.values is not None:
        return any(low <= value <= high for value in numbers.values)
    return (numbers.low is None or numbers.low <= high) and (numbers.high is None or numbers.high >= low)
