"""Types of filters: one rule for each word of `Gives` and `Fails`, the words of a filter's row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain, product
from math import prod
from typing import TypeAlias

from mapper import ir
from mapper.budget import MAX_CHARACTERS, spend_on
from mapper.checker.inference import predicates as p
from mapper.checker.inference.number_types import calculated, rounded
from mapper.checker.inference.printing import (
    NOTHING,
    concatenated,
    printed,
    spellings,
    unprintable,
    unsure_numbers,
)
from mapper.checker.inference.text_filters import (
    date_text,
    effected,
    flat,
    joined_text,
    json_text,
    part_of_text,
    pieces_of,
)
from mapper.checker.types import (
    ANYTHING,
    NEVER,
    Type,
    admits,
    is_subtype,
    join,
    join_all,
    literal_type,
    meet,
    only,
    without_missing,
)
from mapper.checker.types.facts import Arrays, Numbers
from mapper.checker.types.lattice import of_element, of_member
from mapper.checker.types.named import (
    BOOLEAN,
    COUNT,
    INTEGER,
    NULL_ONLY,
    NUMBER,
    TEXT,
    UUID,
    array_of,
    digest_type,
    text_type,
)
from mapper.checker.types.number_facts import bounded
from mapper.checker.types.text_languages import TIMES
from mapper.runtime.faults import Fault
from mapper.runtime.limits import trial_limits, within
from mapper.runtime.liquid.filters import ROWS, apply
from mapper.runtime.liquid.filters.digests import namespace_of
from mapper.runtime.liquid.filters.row import PRINTED, Fails, Function, Gives
from mapper.runtime.missing import MISSING

Arguments: TypeAlias = tuple[Type, ...]
Result: TypeAlias = Type | Callable[[Type, Arguments], Type]
Failure: TypeAlias = Callable[[Type, Arguments], bool]

_OF_DATES = frozenset({"date-time", "date", "time", *TIMES.values()})
_A_DATE = datetime(2026, 11, 23, 20, tzinfo=UTC)
# Epoch seconds within the years 1 to 9999, a day and more from either end: in any zone.
_DATED = Type(numbers=Numbers(low=-62_135_400_000, high=253_402_100_000))
_COMPARED = frozenset({"string", "number", "boolean"})
_FEW = 1e290  # a body has not so many numbers that a sum of such numbers is beyond all floats
_MANY = 10**15  # no list has so many elements
_NO_NUMBERS = Numbers(values=frozenset())
_MOST = 24  # combinations of literal values that are computed one by one


def filter_type(name: str, value: Type, arguments: Arguments, *, is_plain: bool) -> tuple[Type, bool]:
    """The type of a filter's result, and True if it may fail; `is_plain`: it has no named arguments."""
    row = ROWS[name]
    if is_plain and row.gives is not Gives.DATE:
        folded = _computed(row.function, (value, *arguments))
        if folded is not None:
            return folded
    rule = RESULTS[row.gives]
    result = rule if isinstance(rule, Type) else rule(value, arguments)
    if row.effect is not None:
        result = meet(result, effected(row.effect, value, arguments))
    if row.gives is Gives.DEFAULTED and not is_plain:
        result = join(result, replace(only(value, "boolean"), booleans=value.booleans - {True}))
    if row.gives is Gives.ARITHMETIC and is_plain:
        if name == "divided_by":
            result = NUMBER  # to a schema 7 and 7.0 are the same, but only the quotient of 7 is rounded
        result = calculated(name, (value, *arguments), integral=result is INTEGER) or result
    if row.fails in _OF_ELEMENTS and not _is_plain_list(value, arguments):
        return join(result, NULL_ONLY), True
    return result, FAILURES[row.fails](value, arguments)


def _computed(function: Function, types: Arguments) -> tuple[Type, bool] | None:
    """The exact result if all values are known one by one and short: the filter itself is run."""
    listed = [_scalars(each) for each in types]
    if not 0 < prod(map(len, listed)) <= _MOST or sum(map(_length, chain(*listed))) > MAX_CHARACTERS:
        return None
    results, failed = NEVER, False
    for given in product(*listed):
        spend_on(sum(map(_length, given)))
        try:
            with within(trial_limits(0)):
                found = apply(function, -1, *given)
        except Fault as fault:
            if fault.code == "M620":
                return None  # it may be short enough for the limits of the run
            failed = True
            continue
        if isinstance(found, tuple | range | dict | list):
            return None
        spend_on(_length(found))
        results = join(results, literal_type(found))
    return results, failed


def writes_dates(name: str, arguments: Arguments) -> bool:
    """True for a filter of dates that writes any date with these arguments, if they are constants."""
    listed = [_scalars(each) for each in arguments]
    if ROWS[name].gives is not Gives.DATE or prod(map(len, listed)) != 1:
        return False
    try:
        with within(trial_limits(0)):
            apply(ROWS[name].function, -1, _A_DATE, *(values[0] for values in listed))
    except Fault:
        return False
    return True


def unsure_operand(name: str, given: Type) -> Type:
    """The values that a filter refuses, as value or argument, because they may have lost digits."""
    row = ROWS[name]
    if row.takes == PRINTED or row.gives in _PRINTING:
        return unprintable(given)
    return unsure_numbers(given) if row.gives in _WHOLE else NEVER


def gives_exact_numbers(operand: ir.Operand) -> bool:
    """Return True for a filter whose numbers are integers for sure: no digit of these gets lost."""
    if not isinstance(operand, ir.FilterCall):
        return False
    gives = ROWS[operand.name].gives
    return gives in _COUNTING or (gives is Gives.ROUNDED and not operand.args)


def _length(value: object) -> int:
    """Characters of a text, bytes of a whole number; other scalars are short."""
    if isinstance(value, str):
        return len(value)
    return value.bit_length() // 8 if isinstance(value, int) else 1


def _scalars(given: Type) -> list[object]:
    """All values of a type of few scalars; none of any other."""
    numbers, texts = given.numbers or _NO_NUMBERS, given.texts or NOTHING
    if given.arrays or given.objects or numbers.values is None or texts.values is None:
        return []
    found: list[object] = [MISSING] * given.missing + [None] * given.null
    found += sorted(given.booleans)
    for number in sorted(numbers.values):
        found += spellings(number, is_plain=numbers.plain)
    return found + (sorted(texts.values) if given.texts else [])


def _keeps_content(value: Type, _arguments: Arguments) -> Type:
    # A character that is not white space stays one.
    return text_type(blank=False) if printed(value).blank is False else TEXT


def _pieces(value: Type, _arguments: Arguments) -> Type:
    return array_of(pieces_of(value))


def _encodes(value: Type, _arguments: Arguments) -> Type:
    return text_type(blank=False) if printed(value).shortest else TEXT


def _appended(value: Type, arguments: Arguments) -> Type:
    return Type(texts=concatenated(printed(value), printed(_first(arguments))))


def _prepended(value: Type, arguments: Arguments) -> Type:
    return Type(texts=concatenated(printed(_first(arguments)), printed(value)))


def _first(arguments: Arguments, default: Type = NULL_ONLY) -> Type:
    return arguments[0] if arguments else default


def _defaulted(value: Type, arguments: Arguments) -> Type:
    kept, instead = p.not_empty(p.truthy(value)), _first(arguments, literal_type(""))
    return kept if p.falsy(value).is_never and p.empty(value).is_never else join(kept, instead)


def _arithmetic(value: Type, arguments: Arguments) -> Type:
    whole = all(_is_whole(each) for each in (value, *arguments))
    return INTEGER if whole else NUMBER


def _is_whole(given: Type) -> bool:
    numbers = given.numbers
    if given.texts or given.arrays or given.objects:
        return False
    if numbers is None or numbers.integral:
        return True
    return numbers.values is not None and all(isinstance(value, int) for value in numbers.values)


def _rounded(value: Type, arguments: Arguments) -> Type:
    return NUMBER if arguments else rounded(value)


def _whole(value: Type, _arguments: Arguments) -> Type:
    return rounded(value)


def _sum(value: Type, arguments: Arguments) -> Type:
    """The sum of elements or properties; what is no number, or is not there, counts as 0."""
    parts = _summands(value, arguments)
    if parts is None or parts.texts:
        return NUMBER
    numbers = bounded(parts.numbers or Numbers(low=0, high=0))
    arrays = _all_elements(value, arguments).arrays
    longest = None if arrays is None else arrays.longest
    count = _MANY if longest is None else longest + 1  # one more for what is lost by rounding
    low = None if numbers.low is None or numbers.low <= -_FEW else min(numbers.low, 0) * count
    high = None if numbers.high is None or numbers.high >= _FEW else max(numbers.high, 0) * count
    return Type(numbers=Numbers(low=low, high=high, integral=_is_whole(parts)))


def _no_numbers(value: Type, arguments: Arguments) -> bool:
    parts = _summands(value, arguments)
    if parts is None or parts.texts:
        return True
    numbers = bounded(parts.numbers or Numbers(low=0, high=0))
    # The sum of numbers near the largest float is beyond it.
    return not all(bound is not None and abs(bound) < _FEW for bound in (numbers.low, numbers.high))


def _summands(value: Type, arguments: Arguments) -> Type | None:
    """The elements of a list, or the property of each; None if not all of them have properties."""
    elements = _elements(value)
    return _property_of(elements, arguments[0]) if arguments else elements


def _properties(value: Type, arguments: Arguments) -> Type:
    found, arrays = _property_of(_elements(value), _first(arguments)), _all_elements(value, arguments).arrays
    if found is None or arrays is None:
        return array_of(ANYTHING)
    element = join(without_missing(found), NULL_ONLY) if found.missing else found
    return array_of(element, arrays.shortest, arrays.longest)


def _property_of(elements: Type, name: Type) -> Type | None:
    """The type of a property of objects; None if others are among them, or the name is not known."""
    names = _scalars(name)
    if elements != only(elements, "object") or not names or not all(isinstance(each, str) for each in names):
        return None
    return join_all(of_member(elements, str(each)) for each in names)


def _divides_by_zero(_value: Type, arguments: Arguments) -> bool:
    divisor = _first(arguments)
    return divisor != only(divisor, "number") or admits(divisor, 0)


def _no_count(_value: Type, arguments: Arguments) -> bool:
    return bool(arguments) and arguments[0] != only(arguments[0], "number")


def _no_positions(_value: Type, arguments: Arguments) -> bool:
    return any(not _is_position(each) for each in arguments)


def _is_position(given: Type) -> bool:
    """True for whole numbers alone. A schema's integer may come as 1.0, which is no position."""
    is_number = given.numbers is not None and given.kinds == {"number"} and not given.missing
    return is_number and _is_whole(given) and given.numbers is not None and given.numbers.plain


def _elements(value: Type) -> Type:
    """The elements of a list, and those of lists in it; another value is a list of itself."""
    single = only(value, *(value.kinds - {"array"}))
    return join(flat(of_element(value)), single)


def _some_elements(value: Type, _arguments: Arguments, *, fewest: int = 0) -> Type:
    """A list of some elements of a list, in its order or another; `fewest` are kept if there are so many."""
    element, arrays = _elements(value), value.arrays
    if arrays is None or value != only(value, "array") or of_element(value).arrays:
        return array_of(element)
    return Type(arrays=replace(arrays, element=element, shortest=min(fewest, arrays.shortest)))


_all_elements = partial(_some_elements, fewest=_MANY)


def _unique_elements(value: Type, arguments: Arguments) -> Type:
    return meet(_some_elements(value, arguments, fewest=1), Type(arrays=Arrays(unique=True)))


def _filled_elements(value: Type, arguments: Arguments) -> Type:
    filled = array_of(ANYTHING if arguments else replace(ANYTHING, null=False))
    return meet(_some_elements(value, arguments), filled)


def _both_elements(value: Type, arguments: Arguments) -> Type:
    return array_of(join_all((_elements(value), *map(of_element, arguments))))


def _part(value: Type, arguments: Arguments) -> Type:
    """A part of a list is a list, that of any other value is text, no longer than the argument says."""
    given = _scalars(arguments[1]) if len(arguments) > 1 else [1]
    longest = max((each for each in given if type(each) is int), default=None)
    is_clear = bool(given) and all(type(each) is int and each >= 0 for each in given)
    arrays, others = value.arrays, only(value, "missing", *(value.kinds - {"array"}))
    lists = NEVER
    if arrays is not None:
        lists = Type(arrays=Arrays(of_element(value), 0, arrays.longest, arrays.unique))
        if others.is_never:
            return lists
    return join(lists, part_of_text(others, arguments, longest if is_clear else None))


def _found_element(value: Type, _arguments: Arguments) -> Type:
    return _elements(value).with_missing()


def _one_element(value: Type, _arguments: Arguments) -> Type:
    if value.objects or value.texts:
        return ANYTHING.with_missing()
    return of_element(value).with_missing()


def _end_element(value: Type, arguments: Arguments) -> Type:
    """The first or last element: it is there if the list is never empty."""
    is_there = value == only(value, "array") and value.arrays is not None and value.arrays.shortest > 0
    return of_element(value) if is_there else _one_element(value, arguments)


def _no_lists(value: Type, arguments: Arguments) -> bool:
    return any(each != only(each, "array") for each in (value, *arguments))


def _no_objects(value: Type, _arguments: Arguments) -> bool:
    elements = of_element(value)
    return elements != only(elements, "object")


def _no_keys(value: Type, arguments: Arguments) -> bool:
    return bool(arguments) and _no_objects(value, arguments)


def _no_order(value: Type, arguments: Arguments) -> bool:
    elements = of_element(value)
    return bool(arguments or elements.objects) or len(elements.kinds) > 1


def _no_date(value: Type, arguments: Arguments) -> bool:
    strange = any(each.kinds != {"string"} or each.missing for each in arguments)
    texts = value.texts
    # Texts of other formats may be a clock's, such as "now", or digits: too many seconds.
    is_clear = texts is None or bool(texts.formats & _OF_DATES)
    is_dated = value.numbers is None or is_subtype(Type(numbers=value.numbers), _DATED)
    return strange or bool(value.arrays or value.objects or not is_dated or not is_clear)


def _no_namespace(_value: Type, arguments: Arguments) -> bool:
    names = printed(_first(arguments)).values
    return names is None or any(namespace_of(name) is None for name in names)


def _is_plain_list(value: Type, arguments: Arguments) -> bool:
    """True if the value is a list without nil, and the first argument a name: the usual list filter."""
    elements = of_element(value)
    is_list = (
        value.kinds == {"array"} and not value.missing and not elements.may_be_nothing and not elements.arrays
    )
    is_compared = all(each.kinds <= _COMPARED and not each.missing for each in arguments[1:])
    return (
        is_list
        and is_compared
        and all(each.kinds <= {"string"} and not each.missing for each in arguments[:1])
    )


RESULTS: dict[Gives, Result] = {
    Gives.TEXT: TEXT,
    Gives.CONTENT: _keeps_content,
    Gives.CODED: _encodes,
    Gives.APPENDED: _appended,
    Gives.PREPENDED: _prepended,
    Gives.JOINED: joined_text,
    Gives.JSON: json_text,
    Gives.MD5: digest_type("md5"),
    Gives.SHA1: digest_type("sha1"),
    Gives.SHA256: digest_type("sha256"),
    Gives.SHA512: digest_type("sha512"),
    Gives.BASE64_DIGEST: text_type(blank=False, shortest=28, longest=44),
    Gives.UUID: UUID,
    Gives.DATE: date_text,
    Gives.TEXTS: _pieces,
    Gives.NUMBER: _sum,
    Gives.ARITHMETIC: _arithmetic,
    Gives.ROUNDED: _rounded,
    Gives.WHOLE: _whole,
    Gives.COUNT: COUNT,
    Gives.INDEX: COUNT.with_missing(),
    Gives.TRUTH: replace(BOOLEAN, null=True),
    Gives.ELEMENT: _end_element,
    Gives.FOUND: _found_element,
    Gives.ELEMENTS: _some_elements,
    Gives.ORDERED: _all_elements,
    Gives.UNIQUE: _unique_elements,
    Gives.FILLED: _filled_elements,
    Gives.BOTH: _both_elements,
    Gives.PROPERTIES: _properties,
    Gives.PART: _part,
    Gives.DEFAULTED: _defaulted,
}
FAILURES: dict[Fails, Failure] = {
    Fails.NEVER: lambda _value, _arguments: False,
    Fails.UNREADABLE: lambda value, _arguments: not value.is_never,
    Fails.UNDATED: _no_date,
    Fails.UNCOUNTED: _no_count,
    Fails.UNPLACED: _no_positions,
    Fails.ZERO: _divides_by_zero,
    Fails.NO_LISTS: _no_lists,
    Fails.NO_OBJECTS: _no_objects,
    Fails.NO_KEYS: _no_keys,
    Fails.NO_NUMBERS: _no_numbers,
    Fails.NO_ORDER: _no_order,
    Fails.NO_NAMESPACE: _no_namespace,
}
# Filters that print their values or elements; filters whose whole numbers would look exact.
_PRINTING = frozenset({Gives.JOINED, Gives.PART})
_WHOLE = frozenset({Gives.WHOLE, Gives.ROUNDED})
_COUNTING = frozenset({Gives.WHOLE, Gives.COUNT, Gives.INDEX})
# A filter that reads its elements may give nil, or fail, if its value is not a plain list.
_OF_ELEMENTS = frozenset({Fails.NO_OBJECTS, Fails.NO_KEYS, Fails.NO_NUMBERS, Fails.NO_ORDER})
