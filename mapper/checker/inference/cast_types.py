"""Casts: the type of a value in, the type of the cast value and the values that cannot be cast out.

Listed values are cast by the function that runs at run time. Numbers have no thousands of digits, or the body
is refused. Texts of the formats date and date-time lie in the years 1 to 9999 of UTC and of the zones that a
mapping names: that is assumed (`--assumed`). A number of the type `integer` may be written as a float: JSON
Schema allows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from mapper import ir
from mapper.checker.inference.printing import printed, unsure_numbers
from mapper.checker.types import (
    ANYTHING,
    NEVER,
    Type,
    is_subtype,
    join,
    literal_type,
    meet,
    only,
    without_nothing,
)
from mapper.checker.types.facts import Numbers, Texts
from mapper.checker.types.lattice import overlaps
from mapper.checker.types.named import BOOLEAN, INTEGER, NUMBER, TIME, text_type, time_with_digits
from mapper.checker.types.number_facts import is_whole_and_a_double
from mapper.checker.types.text_facts import NO_TIME, texts_within
from mapper.checker.types.text_languages import TIMES, language_of, lengths_of
from mapper.regex.characters import ranges, shared
from mapper.regex.languages import alphabet
from mapper.runtime.casts import CONVERSIONS
from mapper.runtime.digits import MAX_DIGITS
from mapper.runtime.missing import INVALID
from mapper.runtime.schema.formats import conforms
from mapper.runtime.times.formats import DATE_FORMAT, convert_time
from mapper.runtime.times.times import EPOCH_UNITS, FIRST_SECOND, LAST_SECOND
from mapper.runtime.times.writing import DigitsForm, EpochForm, PatternForm, write, written_lengths

# Formats of texts that a pattern writes; and times by which it is shown that it writes no date-time.
_WRITTEN_FORMATS = {
    "%Y-%m-%d": "date",
    "%Y-%m-%dT%H:%M:%SZ": "date-time",
    "%Y-%m-%dT%H:%M:%S.%fZ": "date-time",
}
_SAMPLES = tuple(
    f"{day}:07.123456789Z" for day in ("2026-11-23T20:05", "2004-02-01T01:02", "2001-12-31T12:59")
)
# Seconds since 1970.
_FROM_1990, _TO_2100 = 631_152_000, 4_102_444_800


# Texts that are read as numbers or booleans for sure: none has too many digits.
_NUMERALS = {ir.CastKind.INTEGER: ("whole-numeral", INTEGER), ir.CastKind.NUMBER: ("numeral", NUMBER)}
_READABLE = {
    ir.CastKind.INTEGER: Texts(longest=MAX_DIGITS, formats=frozenset({"whole-numeral"})),
    ir.CastKind.NUMBER: Texts(longest=300, formats=frozenset({"numeral"}), patterns=frozenset({"^[^Ee]*$"})),
    ir.CastKind.BOOLEAN: Texts(patterns=frozenset({"^(?:[01]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"})),
}
_FEW_DIGITS = 18
_OF_NUMBERS = ranges("0123456789+-.eE")  # the JSON of anything else has other characters


@dataclass(frozen=True, slots=True)
class Casting:
    """The type of the values that a cast gives, and the type of those given that it cannot cast.

    Null and missing are in neither: they pass every cast.
    """

    good: Type
    bad: Type


def cast_type(kind: ir.CastKind, given: Type) -> Casting:
    """The casting of a type by `as:`."""
    return _cast_parts(given, CONVERSIONS[kind.value], partial(_cast_part, kind))


def time_type(node: ir.Timestamp, given: Type) -> Casting:
    """The casting of a type by `as: timestamp`."""
    return _cast_parts(
        given,
        lambda value: convert_time(value, node.formats, node.zone, node.time_of_day, node.form),
        partial(_time_of, node),
    )


def kept_type(node: ir.Cast | ir.Timestamp, given: Type, done: Casting) -> Type:
    """The type of the values that `on_error: keep` leaves as they were, from the casting of those given."""
    # The numbers listed as bad for times are those of one side.
    others = only(given, *(done.bad.kinds & {"number"})) if isinstance(node, ir.Timestamp) else NEVER
    return join(done.bad, others)


def _cast_parts(
    given: Type, convert: Callable[[object], object], cast_part: Callable[[str, Type], Casting]
) -> Casting:
    """Cast listed values one by one with `convert`, and the rest kind by kind with `cast_part`."""
    listed, rest = _take_listed(without_nothing(given), convert)
    good, bad = listed.good, listed.bad
    for part in sorted(rest.kinds):
        casting = cast_part(part, only(rest, part))
        good, bad = join(good, casting.good), join(bad, casting.bad)
    return Casting(good, bad)


def _take_listed(given: Type, convert: Callable[[object], object]) -> tuple[Casting, Type]:
    """The casting of the listed values, and the type without them."""
    good = bad = NEVER
    listed: list[str | int | float] = []
    numbers, texts = given.numbers, given.texts
    if numbers is not None and numbers.values is not None:
        listed.extend(numbers.values)
        numbers = None
    if texts is not None and texts.values is not None:
        listed.extend(texts.values)
        texts = None
    listed.extend([float(value) for value in listed if is_whole_and_a_double(value)])
    for value in listed:
        result = convert(value)
        if result is INVALID:
            bad = join(bad, literal_type(value))
        else:
            good = join(good, literal_type(result))
    return Casting(good, bad), replace(given, numbers=numbers, texts=texts)


def _cast_part(kind: ir.CastKind, part: str, given: Type) -> Casting:
    """The casting of values of one kind (`part`), as `mapper.runtime.casts` converts them."""
    match kind, part:
        case ir.CastKind.STRING, "boolean" | "number" | "string":
            return Casting(Type(texts=printed(given)), unsure_numbers(given))
        case ir.CastKind.INTEGER, "number" if given.numbers is not None:
            integral = Type(numbers=replace(given.numbers, integral=True))
            return Casting(integral, unsure_numbers(given) if given.numbers.integral else given)
        case ir.CastKind.INTEGER | ir.CastKind.NUMBER | ir.CastKind.BOOLEAN, "string" if (
            given.texts is not None
        ):
            return _read(kind, given.texts)
        case ir.CastKind.BOOLEAN, "number":
            return Casting(BOOLEAN, given)
        case ir.CastKind.JSON, "string" if given.texts is not None:
            return _read_json(given.texts)
        case _ if part == kind.value or kind is ir.CastKind.JSON:
            return Casting(given, NEVER)
        case _:
            return Casting(NEVER, given)


def _read(kind: ir.CastKind, texts: Texts) -> Casting:
    """The casting of texts to numbers or booleans. Numerals of the language itself are short."""
    name, good = _NUMERALS.get(kind, ("", BOOLEAN))
    if name not in texts.formats and not texts_within(texts, _READABLE[kind]):
        return Casting(good, Type(texts=texts))
    if kind is ir.CastKind.BOOLEAN:
        return Casting(BOOLEAN, NEVER)
    language = language_of(texts)
    longest = lengths_of(language)[1]
    is_small = longest is not None and longest <= _FEW_DIGITS
    is_signed = bool(shared(alphabet(language), ranges("-")))
    has_power = bool(shared(alphabet(language), ranges("eE")))
    high = 10**longest if longest is not None and is_small and not has_power else None
    low = 0 if not is_signed else None if high is None else -high
    return Casting(meet(good, Type(numbers=Numbers(low=low, high=high))), NEVER)


def _read_json(texts: Texts) -> Casting:
    """The casting of texts to the values of which they are the JSON."""
    if texts.json is not None:
        return Casting(texts.json, NEVER)
    numbers = _read(ir.CastKind.NUMBER, texts)
    characters = alphabet(language_of(texts))
    good = numbers.good if shared(characters, _OF_NUMBERS) == characters else ANYTHING
    return Casting(good, numbers.bad)


def _time_of(node: ir.Timestamp, part: str, given: Type) -> Casting:
    """The casting of values of one kind (`part`), as `convert_time` reads and writes them."""
    reads_text = any(name not in EPOCH_UNITS for name in node.formats)
    units = [EPOCH_UNITS[name] for name in node.formats if name in EPOCH_UNITS]
    if part == "string" and given.texts is not None:
        formats = given.texts.formats
        is_time = formats & {"date-time", *TIMES.values()} and "iso8601" in node.formats
        is_time = is_time or (DATE_FORMAT in formats and DATE_FORMAT in node.formats)
        bad = NEVER if is_time else given
        return Casting(_written(node), bad) if reads_text or units else Casting(NEVER, given)
    if part == "number" and units:
        is_sure = any(is_subtype(given, _epochs(FIRST_SECOND, LAST_SECOND, unit)) for unit in units)
        is_lost = not any(overlaps(given, _epochs(FIRST_SECOND, LAST_SECOND + 1, unit)) for unit in units)
        late = Type(numbers=Numbers(low=(LAST_SECOND + 1) * max(units)))
        bad = meet(given, late) if overlaps(given, late) else given
        return Casting(NEVER if is_lost else _written(node), NEVER if is_sure else bad)
    return Casting(NEVER, given)


def _written(node: ir.Timestamp) -> Type:
    """The type of the times that a node writes."""
    match node.form:
        case None:
            return TIME
        case EpochForm(unit):
            high = (LAST_SECOND + 1) * unit - 1
            return Type(numbers=Numbers(low=FIRST_SECOND * unit, high=high, integral=True))
        case DigitsForm(digits):
            return time_with_digits(digits)
        case PatternForm(pattern):
            shortest, longest = written_lengths(pattern)
            formats = frozenset({_WRITTEN_FORMATS[pattern]} if pattern in _WRITTEN_FORMATS else ())
            if not any(conforms(str(write(sample, node.form)), "date-time") for sample in _SAMPLES):
                formats |= {NO_TIME}
            return text_type(blank=False, shortest=shortest, longest=longest, formats=formats)


def _epochs(first: int, last: int, unit: int) -> Type:
    """The times from one second to another, as numbers with `unit` steps a second."""
    return Type(numbers=Numbers(low=first * unit, high=last * unit))


def better_unit(node: ir.Timestamp, given: Type) -> str | None:
    """Another epoch unit, if no number of the type is a time from 1990 to 2100 in the declared one."""
    numbers = only(given, "number")
    if len(node.formats) != 1 or node.formats[0] not in EPOCH_UNITS or numbers.is_never:
        return None
    plausible = [
        name for name, unit in EPOCH_UNITS.items() if overlaps(numbers, _epochs(_FROM_1990, _TO_2100, unit))
    ]
    return plausible[0] if plausible and node.formats[0] not in plausible else None
