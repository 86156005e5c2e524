"""Time formats: the named ones and the patterns, tried in turn; the format that an unread value resembles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import TypeAlias

from mapper.runtime.missing import INVALID, Nothing
from mapper.runtime.times.patterns import compile_pattern, pattern
from mapper.runtime.times.times import EPOCH_UNITS, date_at, epoch, iso8601, iso8601_comma, iso8601_minutes
from mapper.runtime.times.writing import TimeForm, write
from mapper.runtime.times.zones import load_zone

_Reader: TypeAlias = Callable[[object, tzinfo | None, bool], str | Nothing]

# The named formats of date and time whose texts may have an offset.
ISO_FORMATS: dict[str, _Reader] = {
    "iso8601": iso8601,
    "iso8601_minutes": iso8601_minutes,
    "iso8601_comma": iso8601_comma,
}
DATE_FORMAT = "date"
NAMED_FORMATS = (*ISO_FORMATS, DATE_FORMAT, *EPOCH_UNITS)

_FROM_1990, _TO_2100 = "1990", "2100"


def read_time(
    value: object, formats: tuple[str, ...], zone: str | None, time_of_day: str | None, fine: bool = False
) -> str | Nothing:
    """A time by the first of several named formats or patterns that reads it; INVALID if none does."""
    place = None if zone is None else load_zone(zone)
    for name in formats:
        result = _read_by(name, value, place, time_of_day or "00:00", fine)
        if result is not INVALID:
            return result
    return INVALID


def convert_time(
    value: object, formats: tuple[str, ...], zone: str | None, time_of_day: str | None, form: TimeForm | None
) -> object:
    """A time that is read and written again, without a window; INVALID if one of the two is not possible."""
    if form is None:
        return read_time(value, formats, zone, time_of_day)
    return write(read_time(value, formats, zone, time_of_day, fine=True), form)


def _read_by(name: str, value: object, place: tzinfo | None, time_of_day: str, fine: bool) -> str | Nothing:
    if name in EPOCH_UNITS:
        return epoch(value, EPOCH_UNITS[name], fine)
    if name in ISO_FORMATS:
        return ISO_FORMATS[name](value, place, fine)
    if name == DATE_FORMAT:
        return date_at(value, time_of_day, place, fine)
    return pattern(value, compile_pattern(name), place, fine)


def resemblance(value: object, formats: str) -> str | None:
    """A sentence about a value that none of the formats reads; None if it resembles no named format.

    `formats` are the declared ones, joined by commas. The value itself is not shown. A count since 1970
    resembles the one unit by which it is a time between 1990 and 2100.
    """
    declared = formats.split(", ")
    for name in NAMED_FORMATS:
        if name in EPOCH_UNITS:
            found = _read_by(name, value, None, "", False)
            if name not in declared and isinstance(found, str) and _FROM_1990 < found < _TO_2100:
                return f"this reads as `{name}`: add it to `from` if such values are meant"
        elif _lacks_zone(name, value):
            if name == DATE_FORMAT and name not in declared:
                return "this reads as `date`: add it to `from`, with `time_of_day:` and `zone:`"
            if name in declared:
                return "the text tells no time zone: add the one that is meant, such as `zone: UTC`"
            return f"this reads as `{name}`: add it to `from`, with a `zone:` such as `UTC`"
        elif name not in declared and _read_by(name, value, None, "", False) is not INVALID:
            return f"this reads as `{name}`: add it to `from`"
    return None


def _lacks_zone(name: str, value: object) -> bool:
    """Return True for a text that cannot be read for want of a zone only: any zone makes a time of it."""
    places = (None, UTC, load_zone("-23:59"), load_zone("+23:59"))
    missing, *found = (_read_by(name, value, place, "00:00", False) for place in places)
    return missing is INVALID and INVALID not in found
