"""Times: vendor text and numbers become `2026-11-23T20:00:00.000Z`, UTC with milliseconds cut, or INVALID.

The *fine* text of a time has nine digits of a second instead: a time that is written in another way
(`mapper.runtime.times.writing`) keeps all its digits until then.

Decisions: a time zone is never guessed; a second `:60` is read where leap seconds can occur (23:59 UTC on the
last day of a month) and becomes that minute's last millisecond (fine: nanosecond); a zone-less time that
daylight saving repeats is its first occurrence, one that it leaves out counts with the offset before the gap;
a time that its offset puts outside the years 1 to 9999 of UTC is unreadable.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TypeAlias

from mapper.runtime.missing import INVALID, Nothing
from mapper.runtime.times.calendar import DATE
from mapper.runtime.times.zones import OFFSET, parse_offset

Bound: TypeAlias = str | tuple[str, int]  # canonical text, or ("received_at", seconds to add)

_read = datetime.fromisoformat
_EPOCH = datetime(1970, 1, 1)
_TWO = tuple(f"{number:02d}" for number in range(60))
_FIRST = "0001-01-01T00:00:00.000Z"
_LAST = "9999-12-31T23:59:59.999Z"
# Seconds since 1970 of the years 1 to 9999, which Python and RFC 3339 can write.
FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799

# Every third character of nearly all times, from the fifth on; no fraction, a fraction, or an offset follows.
_SHAPES = frozenset(f"--{between}::{after}" for between in "T " for after in ("", ".", "Z", "+", "-"))
_is_day = re.compile(DATE).fullmatch
_TO_MINUTES = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]"
_TO_SECONDS = rf"{_TO_MINUTES}:(?:[0-5][0-9]|60)"
_ZONE = rf"([Zz]|{OFFSET})?"
_date_time = re.compile(rf"{_TO_SECONDS}(?:\.([0-9]+))?{_ZONE}").fullmatch
_with_comma = re.compile(rf"{_TO_SECONDS}(?:,([0-9]{{1,9}}))?{_ZONE}").fullmatch
_without_seconds = re.compile(rf"{_TO_MINUTES}{_ZONE}").fullmatch
_decimal = re.compile(r"(-?)([0-9]{1,40})(?:\.([0-9]{1,40}))?(?:[eE]([+-]?[0-9]{1,3}))?").fullmatch
_is_clock = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?").fullmatch
_is_any_offset = re.compile(OFFSET).fullmatch
_relative = re.compile(r"received_at(?: *([+-]) *([0-9]{1,9}) *([smhd]))?").fullmatch

# The named epoch formats and how many of each make a second.
EPOCH_UNITS = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000, "epoch_ns": 1_000_000_000}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def iso8601(value: object, zone: tzinfo | None, fine: bool = False) -> str | Nothing:
    """A date-time text as canonical (or fine) UTC; `zone` places text that names no offset."""
    if not isinstance(value, str):
        return INVALID
    shape = "" if fine else value[4:20:3]
    if shape == "--T::." and len(value) == 24 and value[23] == "Z":
        try:  # the canonical form, if the characters between these are a time
            _read(value)
            if value[11] != "2" or value[12] != "4":  # the end of a day, for some versions of Python
                return value
        except ValueError:
            pass
    elif shape in _SHAPES:
        text = _plain(value, zone)
        if text is not INVALID:
            return text
    return _read_match(_date_time(value), value, zone, fine)


def iso8601_comma(value: object, zone: tzinfo | None, fine: bool = False) -> str | Nothing:
    """As `iso8601`, with the fraction of a second after a comma."""
    if not isinstance(value, str):
        return INVALID
    return _read_match(_with_comma(value), value, zone, fine)


def iso8601_minutes(value: object, zone: tzinfo | None, fine: bool = False) -> str | Nothing:
    """As `iso8601`, for text that ends with the minutes: `2026-11-23T20:00Z`."""
    match = _without_seconds(value) if isinstance(value, str) else None
    return INVALID if match is None else _at(match[0][:16], match[1], "", zone, fine)


def date_at(value: object, time_of_day: str, zone: tzinfo | None, fine: bool = False) -> str | Nothing:
    """A date (`2026-11-23`) at a time of day (`12:00` or `12:00:30`) of a zone."""
    if not isinstance(value, str) or not _is_day(value):
        return INVALID
    return _at(f"{value}T{time_of_day}", None, "", zone, fine)


def is_time_of_day(text: str) -> bool:
    """Return True for `12:00` and `12:00:30`, from `00:00` to `23:59:59`."""
    return _is_clock(text) is not None


def _read_match(match: re.Match[str] | None, value: str, zone: tzinfo | None, fine: bool) -> str | Nothing:
    """The time of a match with two groups: the fraction, and the offset."""
    if match is None:
        return INVALID
    fraction, offset = match.groups()
    leap = value[17] == "6"
    return _at(f"{value[:17]}59" if leap else value[:19], offset, fraction or "", zone, fine, leap)


def _at(
    local: str, offset: str | None, fraction: str, zone: tzinfo | None, fine: bool, leap: bool = False
) -> str | Nothing:
    """The time of a local text, at its own offset if there is one, else in the zone."""
    place = parse_offset(offset) if offset else zone
    if place is None:
        return INVALID
    try:
        moment = _read(local)
    except ValueError:
        return INVALID
    return settle(moment, place, fraction, leap, fine)


def _plain(value: str, zone: tzinfo | None) -> str | Nothing:
    """Canonical text of a time of one of the shapes; INVALID if it needs a closer look."""
    end, place = len(value), zone
    if value[-1] == "Z":
        end, place = end - 1, UTC
    elif value[width := -6 if value[-3] == ":" else -5 if value[-5] in "+-" else -3] in "+-":
        end, place = end + width, _read_offset(value[width:])
    try:
        moment = _read(value[:end])
    except ValueError:
        return INVALID
    # Python also reads times without seconds, the end of a day as 24:00, a point and no digits after it, and
    # anything after the sixth digit.
    if place is None or moment.tzinfo or not (end == 19 or 20 < end < 27) or value[11:13] == "24":
        return INVALID
    if place is not UTC:
        return settle(moment.replace(microsecond=0), place, value[20:end])
    if end > 22:
        return f"{value[:10]}T{value[11:23]}Z"
    return f"{value[:10]}T{value[11:19]}.{value[20:end]:0<3}Z"


@lru_cache(maxsize=256)
def _read_offset(text: str) -> tzinfo | None:
    return parse_offset(text) if _is_any_offset(text) else None


def settle(
    local: datetime, zone: tzinfo, fraction: str = "", leap: bool = False, fine: bool = False
) -> str | Nothing:
    """Canonical (or fine) text of a local time to the second plus fraction; `leap`: its second is 60."""
    if zone is not UTC:
        try:
            local = local.replace(tzinfo=zone).astimezone(UTC)
        except OverflowError:
            return INVALID
    text = local.isoformat()[:19]
    if leap:
        fraction = "999999999"
        if not _may_leap(local):
            return INVALID
    return f"{text}.{fraction:0<9.9}Z" if fine else f"{text}.{fraction:0<3.3}Z"


def _may_leap(moment: datetime) -> bool:
    last_day = monthrange(moment.year, moment.month)[1]
    return (moment.day, moment.hour, moment.minute) == (last_day, 23, 59)


def epoch(value: object, unit_per_second: int, fine: bool = False) -> str | Nothing:
    """Canonical (or fine) UTC of a count since 1970 in seconds (1), milliseconds (1000) and so on.

    Exact: a float counts as the shortest decimal text that reads back as it, and fractions are cut downwards.
    """
    if isinstance(value, bool):
        return INVALID
    if isinstance(value, float):
        value = int(value) if value.is_integer() else float.__repr__(value)
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdigit():
        value = int(value)
    steps = 1_000_000_000 if fine else 1000
    if isinstance(value, str):
        match = _decimal(value)
        if match is None:
            return INVALID
        count = _decimal_count(match, unit_per_second, steps)
    elif isinstance(value, int):
        count = value * steps // unit_per_second
    else:
        return INVALID
    seconds, rest = divmod(count, steps)
    if not FIRST_SECOND <= seconds <= LAST_SECOND:
        return INVALID
    days, seconds = divmod(seconds, 86_400)
    minutes, seconds = divmod(seconds, 60)
    to_seconds = f"{_write_day(days)}{_TWO[minutes // 60]}:{_TWO[minutes % 60]}:{_TWO[seconds]}"
    return f"{to_seconds}.{rest:09d}Z" if fine else f"{to_seconds}.{rest:03d}Z"


@lru_cache(maxsize=1024)
def _write_day(days: int) -> str:
    return (_EPOCH + timedelta(days)).isoformat()[:11]


def _decimal_count(match: re.Match[str], unit_per_second: int, steps: int) -> int:
    """A decimal number of units as steps, of which a second has so many."""
    sign, whole, fraction, power = match.groups("")
    exponent = int(power or 0) - len(fraction)
    number = int(sign + whole + fraction) * steps
    if exponent >= 0:
        return int(number * 10**exponent // unit_per_second)
    return int(number // (unit_per_second * 10**-exponent))


def write_time(moment: datetime) -> str | Nothing:
    """Canonical text of an aware datetime; INVALID for a naive one."""
    if moment.utcoffset() is None:
        return INVALID
    try:
        return f"{moment.astimezone(UTC).isoformat(timespec='milliseconds')[:23]}Z"
    except OverflowError:
        return INVALID


def parse_bound(text: str) -> Bound | None:
    """A bound of `within`: a date (midnight UTC), a date-time, `received_at` plus or minus time; or None."""
    if match := _relative(text):
        sign, count, unit = match.groups("0")
        seconds = int(count) * _UNITS.get(unit, 0)
        return "received_at", -seconds if sign == "-" else seconds
    if _is_day(text):
        return f"{text}T00:00:00.000Z"
    moment = iso8601(text, None)
    return moment if isinstance(moment, str) else None


def check_window(lo: Bound | None, hi: Bound | None) -> str | None:
    """The reason why no time can lie in a window, or None; bounds of two kinds are compared at run time."""
    if isinstance(lo, str) and isinstance(hi, str):
        return "the window ends before it begins" if lo > hi else None
    if isinstance(lo, tuple) and isinstance(hi, tuple):
        return "the window ends before it begins" if lo[1] > hi[1] else None
    return None


def within(text: str, lo: Bound | None, hi: Bound | None, received_at: str | None) -> bool:
    """Return True if a canonical time lies between two bounds, both included; an unknown bound is open."""
    if isinstance(lo, tuple):
        lo = received_at and shifted(received_at, lo[1])
    if isinstance(hi, tuple):
        hi = received_at and shifted(received_at, hi[1])
    return (lo is None or lo <= text) and (hi is None or text <= hi)


@lru_cache(maxsize=64)
def shifted(text: str, seconds: int) -> str:
    """A canonical time moved by seconds, at most to either end of the calendar."""
    try:
        moved = datetime.fromisoformat(text[:19]) + timedelta(seconds=seconds)
    except OverflowError:
        return _FIRST if seconds < 0 else _LAST
    return moved.isoformat() + text[19:]
