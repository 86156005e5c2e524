"""Value filters: those that take any value as it is, such as dates, `json` and `default`.

They do what python-liquid's do, except `date`, whose results depended on the host.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from functools import partial, wraps

from mapper.runtime.liquid import semantics
from mapper.runtime.liquid.dates import read_date, write_date, zone_named
from mapper.runtime.liquid.filters.numbers import whole
from mapper.runtime.liquid.filters.row import (
    Fails,
    Function,
    Gives,
    bounded,
    failed,
    make_row,
    room_for,
)
from mapper.runtime.liquid.semantics import to_text
from mapper.runtime.missing import MISSING
from mapper.runtime.work import CALL, DATE, DATE_PATTERN, meter, size_of, spend_on

_LAST_INDEX = (1 << 63) - 1
_LOCAL = object()  # the zone of the engine
_LONG_DATE = "%A, %B %-e, %Y at %-l:%M %P %z"
_CLOCK = "a mapping has no clock; `received_at` holds the time of receipt"


def _of_value(function: Function) -> Function:
    @wraps(function)
    def call(value: object, *args: object, **kwargs: object) -> object:
        if isinstance(value, range):
            room_for(semantics.length_of(value))
        return bounded(function(value, *args, **kwargs))

    return call


def _of_counted_value(function: Function) -> Function:
    counted = _of_value(function)

    @wraps(function)
    def call(value: object, *args: object, **kwargs: object) -> object:
        result = counted(value, *args, **kwargs)
        if meter() is not None:
            spend_on(result, units=CALL)
        return result

    return call


def _of_date(function: Function) -> Function:
    @wraps(function)
    def call(value: object, *args: object, **kwargs: object) -> object:
        if meter() is not None:
            spend_on(value, units=DATE + DATE_PATTERN * sum(map(size_of, args)))
        return function(value, *args, **kwargs)

    return call


value_filter = partial(make_row, "any value", _of_value)
counted_filter = partial(make_row, "any value", _of_counted_value)
date_filter = partial(make_row, "any value", _of_date)
# The result is short for any value: it need not be measured.
short_filter = partial(make_row, "any value", lambda function: function)


@value_filter(Gives.ELEMENT, (["a", "b"], "", "a"), "")
def first(value: object) -> object:
    """The first element of a list, or of an object its first key and value; nothing of anything else."""
    if isinstance(value, dict):
        return next(iter(value.items()), MISSING)
    return value[0] if isinstance(value, list | tuple | range) and value else MISSING


@value_filter(Gives.ELEMENT, (["a", "b"], "", "b"), "")
def last(value: object) -> object:
    """The last element of a list; nothing of anything else."""
    return value[-1] if isinstance(value, list | tuple | range) and value else MISSING


@short_filter(Gives.COUNT, ("Ann", "", "3"), "0")
def size(value: object) -> int:
    """The length of a text, list or object; 0 of anything else."""
    if isinstance(value, range):
        return semantics.length_of(value)
    return len(value) if isinstance(value, str | list | tuple | dict) else 0


@counted_filter(Gives.PART, ("Annabelle", "-5, 2", "be"), "", fails=Fails.UNPLACED)
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


@value_filter(Gives.DEFAULTED, ("", '"none"', "none"), "none")
def default(value: object, instead: object = "", *, allow_false: object = False) -> object:
    """The value, or another if it is nil, missing, false or empty."""
    if allow_false is True and value is False:
        return value
    return semantics.default(value, instead)


@counted_filter(Gives.JSON, ({"a": [1, None]}, "", '{"a":[1,null]}'), "null")
def json(value: object) -> str:
    """The value as compact JSON."""
    try:
        return semantics.to_json(value)
    except ValueError:
        raise failed("the value cannot be written as JSON") from None


@date_filter(Gives.DATE, (1764000000, '"%d.%m.%Y"', "24.11.2025"), "", fails=Fails.UNDATED)
def date(value: object, pattern: object, *, zone: str = "UTC") -> str:
    """The moment written by a pattern; a text that is no date stays as it is."""
    if value in ("now", "today"):
        raise failed(_CLOCK)
    if value is None or value is MISSING:
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


@date_filter(
    Gives.DATE,
    (1764000000, '"%H:%M", "Asia/Kolkata"', "21:30"),
    "",
    fails=Fails.UNREADABLE,
    of_dialects=True,
)
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


@_of_date
def date_of_moment(
    value: object, pattern: object = _LONG_DATE, zone: object = _LOCAL, *, local: str = "UTC"
) -> str:
    """`date` of an engine that shows each date as a moment in its own zone (`local`), or in another one.

    A text without a zone is in the engine's. A zone may be minutes behind UTC, as JavaScript counts them.
    """
    if value is None or value is MISSING:
        return ""
    if value in ("now", "today"):
        raise failed(_CLOCK)
    if isinstance(value, list | tuple | dict | range):
        raise failed("a list or an object is no date")
    try:
        here = zone_named(local)
        if isinstance(zone, int | float):
            there: tzinfo = timezone(timedelta(minutes=-zone))
        else:
            there = here if zone is _LOCAL else zone_named(to_text(zone))
        moment = read_date(value, here)
        if moment is not None:
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=here)).astimezone(there)
    except (ValueError, OverflowError) as error:
        raise failed(str(error)) from None
    return to_text(value) if moment is None else write_date(moment, _pattern(pattern))
