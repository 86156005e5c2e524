"""Times: vendor text and numbers become `2026-11-23T20:00:00.000Z`, UTC with milliseconds cut, or INVALID.

Decisions: a time zone is never guessed; a second `:60` is read where leap seconds can occur (23:59 UTC on the
last day of a month) and becomes that minute's last millisecond; a zone-less time that daylight saving repeats
is its first occurrence, one that it leaves out counts with the offset before the gap.
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
_FIRST_MS = -62_135_596_800_000
_LAST_MS = 253_402_300_799_999

# Every third character of nearly all times, from the fifth on; no fraction, a fraction, or an offset follows.
_SHAPES = frozenset(f"--{between}::{after}" for between in "T " for after in ("", ".", "Z", "+", "-"))
_is_day = re.compile(DATE).fullmatch
_date_time = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)"
    rf"(?:\.([0-9]{{1,9}}))?([Zz]|{OFFSET})?"
).fullmatch
_decimal = re.compile(r"(-?)([0-9]{1,40})(?:\.([0-9]{1,40}))?(?:[eE]([+-]?[0-9]{1,3}))?").fullmatch
_is_any_offset = re.compile(OFFSET).fullmatch
_relative = re.compile(r"received_at(?: *([+-]) *([0-9]{1,9}) *([smhd]))?").fullmatch

# The named epoch formats and how many of each make a second.
EPOCH_UNITS = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def iso8601(value: object, zone: tzinfo | None) -> str | Nothing:
    """A date-time text as canonical UTC; `zone` places text that names no offset."""
    if not isinstance(value, str):
        return INVALID
    shape = value[4:20:3]
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
    match = _date_time(value)
    if match is None:
        return INVALID
    fraction, offset = match.groups("")
    place = parse_offset(offset) if offset else zone
    if place is None:
        return INVALID
    leap = value[17] == "6"
    try:
        local = datetime.fromisoformat(f"{value[:17]}59" if leap else value[:19])
    except ValueError:
        return INVALID
    if place is UTC and not leap:
        return f"{value[:10]}T{value[11:19]}.{fraction:0<3.3}Z"
    return settle(local, place, fraction, leap)


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


def settle(local: datetime, zone: tzinfo, fraction: str = "", leap: bool = False) -> str | Nothing:
    """Canonical text of a local time to the second plus fraction digits; `leap`: its second is 60."""
    if zone is not UTC:
        try:
            local = local.replace(tzinfo=zone).astimezone(UTC)
        except OverflowError:
            return INVALID
    text = local.isoformat()
    if leap:
        return f"{text[:19]}.999Z" if _may_leap(local) else INVALID
    return f"{text[:19]}.{fraction:0<3.3}Z"


def _may_leap(moment: datetime) -> bool:
    last_day = monthrange(moment.year, moment.month)[1]
    return (moment.day, moment.hour, moment.minute) == (last_day, 23, 59)


def epoch(value: object, unit_per_second: int) -> str | Nothing:
    """Canonical UTC of a count since 1970 in seconds (1), milliseconds (1000) or microseconds (1000000).

    Exact: a float counts as the shortest decimal text that reads back as it, and fractions are cut downwards.
    """
    if isinstance(value, bool):
        return INVALID
    if isinstance(value, float):
        value = int(value) if value.is_integer() else float.__repr__(value)
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, str):
        match = _decimal(value)
        if match is None:
            return INVALID
        milliseconds = _decimal_milliseconds(match, unit_per_second)
    elif isinstance(value, int):
        milliseconds = value * 1000 // unit_per_second
    else:
        return INVALID
    if not _FIRST_MS <= milliseconds <= _LAST_MS:
        return INVALID
    seconds, rest = divmod(milliseconds, 1000)
    days, seconds = divmod(seconds, 86_400)
    minutes, seconds = divmod(seconds, 60)
    return f"{_write_day(days)}{_TWO[minutes // 60]}:{_TWO[minutes % 60]}:{_TWO[seconds]}.{rest:03d}Z"


@lru_cache(maxsize=1024)
def _write_day(days: int) -> str:
    return (_EPOCH + timedelta(days)).isoformat()[:11]


def _decimal_milliseconds(match: re.Match[str], unit_per_second: int) -> int:
    sign, whole, fraction, power = match.groups("")
    exponent = int(power or 0) - len(fraction)
    number = int(sign + whole + fraction) * 1000
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
