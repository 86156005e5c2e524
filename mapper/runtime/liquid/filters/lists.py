"""List filters: lists inside a list are unfolded, another value is a list of itself, a missing one is empty.

They do what python-liquid's do, except those that mixed up 0, 1, true and false (where, uniq) or needed
quadratic time (uniq). A TypeError reports that a value or an argument is not of the type a filter takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import partial, wraps
from operator import itemgetter
from typing import TypeAlias

from mapper.runtime.digits import OUT_OF_RANGE, is_out_of_range
from mapper.runtime.json.equality import identity
from mapper.runtime.liquid.filters.numbers import exact
from mapper.runtime.liquid.filters.row import (
    Fails,
    Function,
    Gives,
    bounded,
    failed,
    make_row,
    room_for,
)
from mapper.runtime.liquid.semantics import compared_text, equal, is_truthy, length_of, to_text
from mapper.runtime.missing import MISSING
from mapper.runtime.work import CALL, LISTED, meter, spend, spend_on, spend_on_parts, spend_on_search

Elements: TypeAlias = Iterable[object]

_ADDED = 4  # times the units of a value: numbers are added as decimals
_LAST = chr(0x10FFFF)
_LINES = [{"sku": "B"}, {"sku": "A", "n": 2}]


class _NoProperties(Exception):
    """A list holds nil where an element with properties is expected; the whole filter is then nil."""


def _of_list(function: Function) -> Function:
    @wraps(function)
    def call(value: object, *args: object) -> object:
        if isinstance(value, range):
            room_for(length_of(value))
        elif isinstance(value, list | tuple):
            value = _flat(value, 5)
        elif value is MISSING:
            value = []
        elif isinstance(value, dict | str) or not isinstance(value, Iterable):
            value = [value]
        if meter() is not None:
            elements = len(value) if isinstance(value, list | range) else 1
            spend_on(*args, units=CALL + LISTED * elements)
        try:
            result = bounded(function(value, *args))
        except _NoProperties:
            return None
        if meter() is not None:
            spend_on(result)
        return result

    return call


def _flat(elements: Sequence[object], levels: int) -> list[object]:
    if meter() is not None:
        spend(LISTED * len(elements))
    flat: list[object] = []
    for element in elements:
        if levels and isinstance(element, list | tuple):
            flat.extend(_flat(element, levels - 1))
        else:
            flat.append(element)
    return flat


list_filter = partial(make_row, "a list", _of_list)


@list_filter(Gives.JOINED, (["a", "b"], '", "', "a, b"), "")
def join(value: Elements, separator: object = " ") -> str:
    """The elements as one text, with a separator between them."""
    pieces = [to_text(element) for element in value]
    between = to_text(separator)
    room_for(sum(map(len, pieces)) + max(len(pieces) - 1, 0) * len(between))
    return between.join(pieces)


@list_filter(Gives.PROPERTIES, (_LINES, '"sku"', "BA"), "", fails=Fails.NO_OBJECTS)
def map_(value: Elements, key: object) -> list[object]:
    """One property of each element; nil if it has none."""
    name = to_text(key)
    return [_property(element, name) for element in value]


@list_filter(Gives.ELEMENTS, (_LINES, '"sku", "A"', '{"sku":"A","n":2}'), "", fails=Fails.NO_OBJECTS)
def where(value: Elements, key: object, wanted: object = None) -> list[object]:
    """The elements whose property equals a value or, without one, is neither nil nor false."""
    return [element for element in value if _matches(element, key, wanted)]


@list_filter(Gives.ELEMENTS, (_LINES, '"n"', '{"sku":"B"}'), "", fails=Fails.NO_OBJECTS)
def reject(value: Elements, key: object, wanted: object = None) -> list[object]:
    """The elements whose property does not equal a value or, without one, is nil or false."""
    if _is_nil(key):
        return []
    return [element for element in value if not _matches(element, key, wanted)]


@list_filter(Gives.FOUND, (_LINES, '"sku", "B"', '{"sku":"B"}'), "", fails=Fails.NO_OBJECTS)
def find(value: Elements, key: object, wanted: object = None) -> object:
    """The first element whose property equals a value; nothing if there is none."""
    return next((element for element in value if _matches(element, key, wanted)), MISSING)


@list_filter(Gives.INDEX, (_LINES, '"sku", "A"', "1"), "", fails=Fails.NO_OBJECTS)
def find_index(value: Elements, key: object, wanted: object = None) -> object:
    """The index of the first element whose property equals a value; nothing if there is none."""
    return next((index for index, element in enumerate(value) if _matches(element, key, wanted)), MISSING)


@list_filter(Gives.TRUTH, (_LINES, '"sku", "C"', "false"), "false", fails=Fails.NO_OBJECTS)
def has(value: Elements, key: object, wanted: object = None) -> bool:
    """True if the property of any element equals a value."""
    return any(_matches(element, key, wanted) for element in value)


def _matches(element: object, key: object, wanted: object) -> bool:
    found = _property(element, key)
    return is_truthy(found) if _is_nil(wanted) else equal(found, wanted)


def _is_nil(value: object) -> bool:
    return value is None or value is MISSING


def _property(element: object, key: object, default: object = None) -> object:
    # As the reference implementation reads a property of any element.
    if is_out_of_range(key):
        raise failed(OUT_OF_RANGE)
    if isinstance(element, dict):
        return element.get(key, default) if isinstance(key, str) else default
    if element is None:
        raise _NoProperties
    if isinstance(element, str) and isinstance(key, str):
        spend_on(element)
        spend_on_search(element, key)
        return key if key in element else default
    if isinstance(element, int) and isinstance(key, int):
        return element == key
    if isinstance(element, str | list | tuple) and isinstance(key, int):
        return element[key] if -len(element) <= key < len(element) else default
    if isinstance(element, str | list | tuple):
        return default
    raise TypeError("an element without properties")


def _entry(element: object, key: object) -> object:
    # As `_property`, but of objects and lists alone; MISSING if there is no such entry.
    if isinstance(element, dict) or (isinstance(element, list | tuple) and isinstance(key, int)):
        return _property(element, key, MISSING)
    raise TypeError("an element without entries")


@list_filter(Gives.UNIQUE, (["a", "b", "a"], "", "ab"), "", fails=Fails.NO_KEYS)
def uniq(value: Elements, key: object = None) -> list[object]:
    """The elements, or those with different properties, without repetitions."""
    seen = set()
    result = []
    for element in value:
        mark = identity(element if key is None else _entry(element, key))
        if mark not in seen:
            seen.add(mark)
            result.append(element)
    return result


@list_filter(Gives.FILLED, ([{"a": 1}, {}], '"a"', '{"a":1}'), "", fails=Fails.NO_KEYS)
def compact(value: Elements, key: object = None) -> list[object]:
    """The elements that are not nil, or whose property is not."""
    return [e for e in value if not equal(e if key is None else _entry(e, key), None)]


@list_filter(Gives.ORDERED, ([1, 2, 3], "", "321"), "", fails=Fails.NO_KEYS)
def reverse(array: Elements) -> list[object]:
    """The elements from the last to the first."""
    return list(array)[::-1]


@list_filter(Gives.ORDERED, (["b", "B", "a"], "", "Bab"), "", fails=Fails.NO_ORDER)
def sort(sequence: Elements, key: object = None) -> list[object]:
    """The elements in order, or in that of a property; those without it last."""
    if key is not MISSING and key:
        name = str(key)
        keys = [_property(element, name, _LAST) for element in sequence]
        return _sorted(sequence, keys)
    try:
        return _sorted(sequence, [*sequence])
    except TypeError:
        raise failed("the filter cannot work with this value") from None


@list_filter(Gives.ORDERED, (["b", "B", "a"], "", "abB"), "", fails=Fails.NO_ORDER)
def sort_natural(value: Elements, key: object = None) -> list[object]:
    """The elements by their text, upper and lower case alike; nil last."""

    def folded(element: object) -> object:
        found = _property(element, to_text(key)) if is_truthy(key) and key else element
        return found is None, compared_text(found).lower()

    return _sorted(value, [folded(element) for element in value])


def _sorted(elements: Elements, keys: list[object]) -> list[object]:
    """The elements in the order of their keys; each key is compared about as often as its number has bits."""
    spend_on_parts(keys, len(keys).bit_length())
    pairs = zip(keys, elements, strict=True)
    return [element for _, element in sorted(pairs, key=itemgetter(0))]


@list_filter(Gives.NUMBER, (_LINES, '"n"', "2"), "0", fails=Fails.NO_NUMBERS)
def sum_(value: Elements, key: object = None) -> object:
    """The sum of the numbers, or of a property of each element."""
    elements = [*value] if _is_nil(key) else [_property(element, key, 0) for element in value]
    spend_on_parts(elements, _ADDED)
    total = sum(0 if isinstance(element, bool) else exact(element) for element in elements)
    return float(total) if isinstance(total, Decimal) else total


@list_filter(Gives.BOTH, ([1], "value", "11"), "M618", fails=Fails.NO_LISTS)
def concat(sequence: Elements, second_array: object) -> list[object]:
    """The elements of both lists."""
    if not isinstance(second_array, list | tuple):
        raise TypeError("expected a list")
    return [*sequence, *second_array]
