"""Value filters at run time: lists, dates and JSON.

They do what python-liquid's do, except those whose results depended on the host (date), mixed up 0, 1, true
and false (where, uniq) or needed quadratic time (uniq). A TypeError says that a value or an argument is not
of the type a filter takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from functools import wraps

from mapper.runtime.json.equality import identity
from mapper.runtime.liquid import semantics as text
from mapper.runtime.liquid.dates import read_date, write_date, zone_named
from mapper.runtime.liquid.number_filters import exact, failed, whole
from mapper.runtime.liquid.semantics import to_json, to_text
from mapper.runtime.liquid.text_filters import room_for
from mapper.runtime.missing import MISSING

_LAST = chr(0x10FFFF)
_LAST_INDEX = (1 << 63) - 1
_CLOCK = "a mapping has no clock; `received_at` holds the time of receipt"


class _NoProperties(Exception):
    """A list holds nil where an element with properties is expected; the whole filter is then nil."""


def _of_list(function: Callable[..., object]) -> Callable[..., object]:
    # A filter of lists: lists inside are unfolded, anything else is a list of itself, a missing one is empty.
    @wraps(function)
    def call(value: object, *args: object, **kwargs: object) -> object:
        if isinstance(value, list | tuple):
            value = _flat(value, 5)
        elif value is MISSING:
            value = []
        elif isinstance(value, dict | str) or not isinstance(value, Iterable):
            value = [value]
        try:
            return function(value, *args, **kwargs)
        except _NoProperties:
            return None

    return call


def _flat(elements: Iterable[object], levels: int) -> list[object]:
    flat: list[object] = []
    for element in elements:
        if levels and isinstance(element, list | tuple):
            flat.extend(_flat(element, levels - 1))
        else:
            flat.append(element)
    return flat


@_of_list
def join(value: Iterable[object], separator: object = " ") -> str:
    """The elements as one text, with a separator between them."""
    pieces = [to_text(element) for element in value]
    between = to_text(separator)
    room_for(sum(map(len, pieces)) + max(len(pieces) - 1, 0) * len(between))
    return between.join(pieces)


@_of_list
def map_(value: Iterable[object], key: object) -> list[object]:
    """One property of each element; nil where it has none."""
    name = to_text(key)
    return [_property(element, name) for element in value]


@_of_list
def where(value: Iterable[object], key: object, wanted: object = None) -> list[object]:
    """The elements whose property equals a value or, without one, is neither nil nor false."""
    return [element for element in value if _matches(element, key, wanted)]


@_of_list
def reject(value: Iterable[object], key: object, wanted: object = None) -> list[object]:
    """The elements whose property does not equal a value or, without one, is nil or false."""
    if _is_nil(key):
        return []
    return [element for element in value if not _matches(element, key, wanted)]


@_of_list
def find(value: Iterable[object], key: object, wanted: object = None) -> object:
    """The first element whose property equals a value; nil where there is none."""
    return next((element for element in value if _matches(element, key, wanted)), None)


@_of_list
def find_index(value: Iterable[object], key: object, wanted: object = None) -> object:
    """The index of the first element whose property equals a value; nil where there is none."""
    return next((index for index, element in enumerate(value) if _matches(element, key, wanted)), None)


@_of_list
def has(value: Iterable[object], key: object, wanted: object = None) -> bool:
    """Whether any element's property equals a value."""
    return any(_matches(element, key, wanted) for element in value)


def _matches(element: object, key: object, wanted: object) -> bool:
    found = _property(element, key)
    return text.is_truthy(found) if _is_nil(wanted) else text.equal(found, wanted)


def _is_nil(value: object) -> bool:
    return value is None or value is MISSING


def _property(element: object, key: object, default: object = None) -> object:
    # As the reference implementation reads a property of whatever stands in a list.
    if isinstance(element, dict):
        return element.get(key, default) if isinstance(key, str) else default
    if element is None:
        raise _NoProperties
    if isinstance(element, str) and isinstance(key, str):
        return key if key in element else default
    if isinstance(element, int) and isinstance(key, int):
        return element == key
    if isinstance(element, str | list | tuple) and isinstance(key, int):
        return element[key] if -len(element) <= key < len(element) else default
    if isinstance(element, str | list | tuple):
        return default
    raise TypeError("an element without properties")


def _entry(element: object, key: object) -> object:
    # As `_property`, but of objects and lists alone; MISSING where there is no such entry.
    if isinstance(element, dict) or (isinstance(element, list | tuple) and isinstance(key, int)):
        return _property(element, key, MISSING)
    raise TypeError("an element without entries")


@_of_list
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


@_of_list
def compact(value: Iterable[object], key: object = None) -> list[object]:
    """The elements that are not nil, or whose property is not."""
    return [e for e in value if not text.equal(e if key is None else _entry(e, key), None)]


@_of_list
def sort_natural(value: Iterable[object], key: object = None) -> list[object]:
    """The elements by their text whatever its case; nil last."""

    def folded(element: object) -> tuple[bool, str]:
        found = _property(element, to_text(key)) if text.is_truthy(key) and key else element
        return found is None, to_text(found).lower()

    return sorted(value, key=folded)


@_of_list
def sum_(value: Iterable[object], key: object = None) -> object:
    """The sum of the numbers, or of a property of each element."""
    elements = value if _is_nil(key) else [_property(element, key, 0) for element in value]
    total = sum(0 if isinstance(element, bool) else exact(element) for element in elements)
    return float(total) if isinstance(total, Decimal) else total


def slice_(value: object, start: object, length: object = 1) -> object:
    """The part of a text or list from an index on; other values are sliced as the text they print."""
    if not isinstance(value, str | list | tuple | range):
        value = to_text(value)
    first = _index(start)
    end: int | None = first + _index(1 if length is MISSING else length)
    if end is not None and first < 0 <= end:
        end = None  # counted from the end, and longer than what is left
    part = value[first:end]
    return part if isinstance(part, str) else list(part)


def _index(value: object) -> int:
    if isinstance(value, float):
        raise TypeError("expected a whole number")
    try:
        index = whole(value)
    except ValueError:
        raise TypeError("expected a whole number") from None
    return max(min(index, _LAST_INDEX), -_LAST_INDEX - 1)


@_of_list
def concat(sequence: Iterable[object], second_array: object) -> list[object] | tuple[object, ...]:
    """The elements of both lists."""
    if not isinstance(second_array, list | tuple):
        raise TypeError("expected a list")
    return [*sequence, *second_array]


def first(value: object) -> object:
    """The first element of a list, or of an object its first key and value; nil of anything else."""
    if value is MISSING:
        return MISSING
    if isinstance(value, dict):
        return next(iter(value.items()), None)
    return value[0] if isinstance(value, list | tuple | range) and value else None


def last(value: object) -> object:
    """The last element of a list; nil of anything else."""
    if value is MISSING:
        return MISSING
    return value[-1] if isinstance(value, list | tuple | range) and value else None


@_of_list
def reverse(array: Iterable[object]) -> list[object]:
    """The elements from the last to the first."""
    return list(array)[::-1]


@_of_list
def sort(sequence: Iterable[object], key: object = None) -> list[object]:
    """The elements in order, or in that of a property; those without it last."""
    if key is not MISSING and key:
        name = str(key)
        return sorted(sequence, key=lambda element: _property(element, name, _LAST))  # type: ignore[arg-type, return-value]
    try:
        return sorted(sequence)  # type: ignore[type-var]
    except TypeError:
        raise failed("the filter cannot work with this value") from None


def size(value: object) -> int:
    """The length of a text, list or object; 0 of anything else."""
    if isinstance(value, range):
        return text.length_of(value)
    return len(value) if isinstance(value, str | list | tuple | dict) else 0


def default(value: object, instead: object = "", *, allow_false: object = False) -> object:
    """The value, or another where it is nil, missing, false or empty."""
    if allow_false is True and value is False:
        return value
    return text.default(value, instead)


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
