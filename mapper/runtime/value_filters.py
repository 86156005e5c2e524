"""Value filters at run time: lists, numbers, dates and JSON.

They replace those of the library whose results depended on the host (date), mixed up 0, 1, true and false
(where, uniq), needed quadratic time (uniq) or rounded as bankers do (round).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from liquid.builtin.filters.string import slice_ as library_slice
from liquid.exceptions import FilterArgumentError, FilterItemTypeError
from liquid.filter import decimal_arg, math_filter, num_arg, sequence_filter
from liquid.undefined import Undefined

from mapper.runtime import text
from mapper.runtime.dates import read_date, write_date, zone_named
from mapper.runtime.faults import Fault
from mapper.runtime.identity import identity
from mapper.runtime.nothing import MISSING
from mapper.runtime.text import to_json, to_text
from mapper.runtime.text_filters import room_for

_CLOCK = "a mapping has no clock; `received_at` holds the time of receipt"


def failed(detail: str) -> Fault:
    """A filter's failure, said without the value; `apply` adds the place."""
    return Fault("M618", -1, detail)


@sequence_filter
def join(value: Iterable[object], separator: object = " ") -> str:
    """The elements as one text, with a separator between them."""
    pieces = [to_text(element) for element in value]
    between = to_text(separator)
    room_for(sum(map(len, pieces)) + max(len(pieces) - 1, 0) * len(between))
    return between.join(pieces)


@sequence_filter
def map_(value: Iterable[object], key: object) -> list[object]:
    """One property of each element; nil where it has none."""
    name = to_text(key)
    return [_property(element, name) for element in value]


@sequence_filter
def where(value: Iterable[object], key: object, wanted: object = None) -> list[object]:
    """The elements whose property equals a value or, without one, is neither nil nor false."""
    return [element for element in value if _matches(element, key, wanted)]


@sequence_filter
def reject(value: Iterable[object], key: object, wanted: object = None) -> list[object]:
    """The elements whose property does not equal a value or, without one, is nil or false."""
    if _is_nil(key):
        return []
    return [element for element in value if not _matches(element, key, wanted)]


@sequence_filter
def find(value: Iterable[object], key: object, wanted: object = None) -> object:
    """The first element whose property equals a value; nil where there is none."""
    return next((element for element in value if _matches(element, key, wanted)), None)


@sequence_filter
def find_index(value: Iterable[object], key: object, wanted: object = None) -> object:
    """The index of the first element whose property equals a value; nil where there is none."""
    return next((index for index, element in enumerate(value) if _matches(element, key, wanted)), None)


@sequence_filter
def has(value: Iterable[object], key: object, wanted: object = None) -> bool:
    """Whether any element's property equals a value."""
    return any(_matches(element, key, wanted) for element in value)


def _matches(element: object, key: object, wanted: object) -> bool:
    found = _property(element, key)
    return text.is_truthy(found) if _is_nil(wanted) else text.equal(found, wanted)


def _is_nil(value: object) -> bool:
    return value is None or isinstance(value, Undefined)


def _property(element: object, key: object, default: object = None) -> object:
    # As the reference implementation reads a property of whatever stands in a list.
    if isinstance(element, dict):
        return element.get(key, default) if isinstance(key, str) else default
    if element is None:
        raise FilterItemTypeError("nil has no properties", token=None)
    if isinstance(element, str) and isinstance(key, str):
        return key if key in element else default
    if isinstance(element, int) and isinstance(key, int):
        return element == key
    if isinstance(element, str | list | tuple) and isinstance(key, int):
        return element[key] if -len(element) <= key < len(element) else default
    if isinstance(element, str | list | tuple):
        return default
    raise FilterArgumentError("an element without properties", token=None)


def _entry(element: object, key: object) -> object:
    # As `_property`, but of objects and lists alone; MISSING where there is no such entry.
    if isinstance(element, dict) or (isinstance(element, list | tuple) and isinstance(key, int)):
        return _property(element, key, MISSING)
    raise FilterArgumentError("an element without entries", token=None)


@sequence_filter
def uniq(value: Iterable[object], key: object = None) -> list[object]:
    """The elements, or those with different properties, without repetitions."""
    seen = set()
    result = []
    for element in value:
        mark = identity(element if key is None else _entry(element, key))
        if mark not in seen:
            seen.add(mark)
            result.append(element)
    return result


@sequence_filter
def compact(value: Iterable[object], key: object = None) -> list[object]:
    """The elements that are not nil, or whose property is not."""
    return [e for e in value if not text.equal(e if key is None else _entry(e, key), None)]


@sequence_filter
def sort_natural(value: Iterable[object], key: object = None) -> list[object]:
    """The elements by their text whatever its case; nil last."""

    def folded(element: object) -> tuple[bool, str]:
        found = _property(element, to_text(key)) if text.is_truthy(key) and key else element
        return found is None, to_text(found).lower()

    return sorted(value, key=folded)


@sequence_filter
def sum_(value: Iterable[object], key: object = None) -> object:
    """The sum of the numbers, or of a property of each element."""
    elements = value if _is_nil(key) else [_property(element, key, 0) for element in value]
    total = sum(0 if isinstance(element, bool) else decimal_arg(element, 0) for element in elements)
    return float(total) if isinstance(total, Decimal) else total


@math_filter
def round_(value: float, digits: object = None) -> object:
    """The number rounded to some digits, halves away from zero."""
    places = _places(digits)
    if places < 0:
        return 0
    if isinstance(value, int):
        return value
    exact = Decimal(str(value))
    if int(exact.as_tuple().exponent) < -places:
        exact = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return float(exact) if places else int(exact)


def _places(digits: object) -> int:
    if _is_nil(digits):
        return 0
    try:
        return min(int(num_arg(digits)), 1000)
    except FilterArgumentError:
        return 0


def slice_(value: object, start: object, length: object = 1) -> object:
    """The part of a text or list from an index on; other values are sliced as the text they print."""
    if not isinstance(value, str | list | tuple | range):
        value = to_text(value)
    return library_slice(value, start, length)


def size(value: object) -> int:
    """The length of a text, list or object; 0 of anything else."""
    if isinstance(value, range):
        return text.length_of(value)
    return len(value) if isinstance(value, str | list | tuple | dict) else 0


def default(value: object, instead: object = "", *, allow_false: object = False) -> object:
    """The value, or another where it is nil, missing, false or empty."""
    if allow_false is True and value is False:
        return value
    return instead if isinstance(value, Undefined) else text.default(value, instead)


def json(value: object) -> str:
    """The value as compact JSON."""
    try:
        return to_json(value)
    except ValueError:
        raise failed("the value cannot be written as JSON") from None


def date(value: object, pattern: object, *, zone: str = "UTC") -> str:
    """The moment written by a pattern; a text that is no date stays as it is."""
    if value in ("now", "today"):
        raise failed(_CLOCK)
    if _is_nil(value):
        return ""
    if isinstance(value, list | tuple | dict | range):
        raise failed("a list or an object is no date")
    moment = _date_of(value, zone)
    form = _pattern(pattern)
    return to_text(value) if moment is None or not form else write_date(moment, form)


def _pattern(pattern: object) -> str:
    form = to_text(pattern)
    if len(form) > 1000:
        raise failed("the pattern is too long")
    return form


def _date_of(value: object, zone: str) -> datetime | None:
    try:
        return read_date(value, zone_named(zone))
    except ValueError as error:
        raise failed(str(error)) from None


def date_tz(value: object, pattern: object, zone: object = "UTC") -> str:
    """The moment in a time zone, written by a pattern."""
    if value in ("now", "today"):
        raise failed(_CLOCK)
    try:
        there = zone_named(to_text(zone))
        moment = read_date(value, there)
        if moment is not None and moment.tzinfo is not None:
            moment = moment.astimezone(there)
    except (ValueError, OverflowError) as error:
        raise failed(str(error)) from None
    return to_text(value) if moment is None else write_date(moment, _pattern(pattern))
