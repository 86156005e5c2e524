"""Dates at run time: reading and writing for Liquid's `date`, without clock, locale or local time zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache, partial
from typing import Any

from mapper.runtime.times.calendar import MONTHS, WEEKDAYS, full_year
from mapper.runtime.times.zones import load_named_zone
from mapper.runtime.work import FREE_DATE, FREE_DATE_CHARACTER, LONGEST_DATE, spend

_DIRECTIVE = re.compile(r"%([-0^#_]*)(\d*)(:?[A-Za-z%+])")
# Texts that the standard library reads as dateutil does, ten times as fast.
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{3}|\.\d{6})?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def _parse() -> Callable[..., Any]:
    """dateutil's parser of texts; imported for the first date in a form of its own, which takes 8 ms."""
    from dateutil import parser  # type: ignore[import-untyped]

    class Reader(parser.parserinfo):  # type: ignore[misc]
        # The library takes the century of a two-digit year from the host's clock.
        def convertyear(self, year: int, century_specified: bool = False) -> int:
            if year >= 100 or century_specified:
                return year
            return full_year(year)

    return partial(parser.parse, parserinfo=Reader(), tzinfos=_offset)


class UnreadableDate(ValueError):
    """A number that is no date: its year is outside 1 to 9999."""


def zone_named(name: str) -> tzinfo:
    """The time zone of `UTC` or an IANA name; raises ValueError if there is none."""
    zone = load_named_zone(name)
    if zone is None:
        raise ValueError("no such time zone")
    return zone


def read_date(value: object, zone: tzinfo = UTC) -> datetime | None:
    """The moment that a value names; None if it names none.

    A number, or a text of digits, is epoch seconds, shown in `zone`. A text without a zone stays without one.
    A text that leaves the year or the month to today's date is no date. Raises UnreadableDate for numbers
    outside the years 1 to 9999, milliseconds for instance.
    """
    if isinstance(value, datetime):
        return value.astimezone(zone)
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float) or (
        isinstance(value, str) and value.isdecimal() and len(value) <= LONGEST_DATE
    ):
        return _from_epoch(value, zone)
    return _from_text(value) if isinstance(value, str) and len(value) <= LONGEST_DATE else None


def _from_epoch(value: str | int | float, zone: tzinfo) -> datetime:
    try:
        seconds = float(value) if isinstance(value, float) else int(value)
        return (_EPOCH + timedelta(seconds=seconds)).astimezone(zone)
    except (OverflowError, ValueError):
        raise UnreadableDate("the number is no epoch second of the years 1 to 9999") from None


def _from_text(text: str) -> datetime | None:
    if _ISO.fullmatch(text):
        with suppress(ValueError):
            return datetime.fromisoformat(text)
    spend(FREE_DATE + FREE_DATE_CHARACTER * len(text))
    try:
        one, other = (_parse()(text, default=given) for given in (datetime(2001, 1, 1), datetime(2002, 2, 1)))
    except RecursionError:
        raise
    except Exception:  # the library lets many kinds of errors out for texts that are no dates
        return None
    return one if one == other else None


def _offset(name: str | None, offset: int | None) -> tzinfo | None:
    if name is None and offset is None:
        return None
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if name in ("UTC", "GMT", "Z"):
        return UTC
    raise ValueError("the name of a zone differs from country to country")


def write_date(moment: datetime, pattern: str) -> str:
    """The moment by a pattern of `strftime` directives, in English; unknown directives stay as they are."""
    return "".join([piece if isinstance(piece, str) else piece(moment) for piece in _pieces(pattern)])


@lru_cache(maxsize=64)
def _pieces(pattern: str) -> tuple[str | Callable[[datetime], str], ...]:
    """A pattern as the texts between its directives and what writes these."""
    pieces: list[str | Callable[[datetime], str]] = []
    end = 0
    for found in _DIRECTIVE.finditer(pattern):
        flags, width, letter = found.groups()
        pieces.append(pattern[end : found.start()])
        if flags or width:
            pieces.append(partial(_directive, found=found))
        elif letter in COMPOSED:
            pieces.extend(_pieces(COMPOSED[letter]))
        elif letter in _NUMBERS:
            pieces.append(partial(_number, *_NUMBERS[letter]))
        elif letter in _NAMES:
            pieces.append(_NAMES[letter])
        else:
            pieces.append(partial(_directive, found=found))
        end = found.end()
    return (*pieces, pattern[end:])


def _number(compute: Callable[[datetime], int], digits: int, fill: str, moment: datetime) -> str:
    return str(compute(moment)).rjust(digits, fill)


def _directive(moment: datetime, found: re.Match[str]) -> str:
    flags, width, letter = found.groups()
    if letter in COMPOSED:
        return _sized(write_date(moment, COMPOSED[letter]), flags, width, " ", 0)
    if letter == "N":
        return f"{moment.microsecond:06d}000"[: int(width or 9)]
    if letter == "L":
        return f"{moment.microsecond:06d}"[: int(width or 3)]
    if letter in _NUMBERS:
        compute, digits, fill = _NUMBERS[letter]
        return _sized(str(compute(moment)), flags, width, fill, digits)
    if letter in _NAMES:
        return _sized(_NAMES[letter](moment), flags, width, " ", 0)
    return found.group()


def _sized(text: str, flags: str, width: str, fill: str, digits: int) -> str:
    for flag in flags:
        if flag == "-":
            fill = ""
        elif flag in "0_":
            fill = "0" if flag == "0" else " "
        elif flag == "^":
            text = text.upper()
        else:
            text = text.swapcase()
    size = min(int(width[:4] or digits), 1024) if width else digits
    return text.rjust(size, fill) if fill else text


def _hour(moment: datetime) -> int:
    return moment.hour % 12 or 12


def _seconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(seconds=1)


def _shift(moment: datetime, colon: str) -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{sign}{minutes // 60:02d}{colon}{minutes % 60:02d}"


def _zone_name(moment: datetime) -> str:
    name = moment.tzname() or "UTC"
    return name[3:] if name.startswith("UTC") and len(name) > 3 else name


COMPOSED = {
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "T": "%H:%M:%S",
    "X": "%H:%M:%S",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "c": "%a %b %e %H:%M:%S %Y",
    "x": "%m/%d/%y",
    "v": "%e-%^b-%Y",
    "+": "%a %b %e %H:%M:%S %Z %Y",
}
_NUMBERS: dict[str, tuple[Callable[[datetime], int], int, str]] = {
    "Y": (lambda m: m.year, 4, "0"),
    "C": (lambda m: m.year // 100, 2, "0"),
    "y": (lambda m: m.year % 100, 2, "0"),
    "m": (lambda m: m.month, 2, "0"),
    "d": (lambda m: m.day, 2, "0"),
    "e": (lambda m: m.day, 2, " "),
    "j": (lambda m: m.timetuple().tm_yday, 3, "0"),
    "H": (lambda m: m.hour, 2, "0"),
    "k": (lambda m: m.hour, 2, " "),
    "I": (_hour, 2, "0"),
    "l": (_hour, 2, " "),
    "M": (lambda m: m.minute, 2, "0"),
    "S": (lambda m: m.second, 2, "0"),
    "s": (_seconds, 1, "0"),
    "u": (lambda m: m.isoweekday(), 1, "0"),
    "w": (lambda m: m.isoweekday() % 7, 1, "0"),
    "G": (lambda m: m.isocalendar().year, 4, "0"),
    "g": (lambda m: m.isocalendar().year % 100, 2, "0"),
    "V": (lambda m: m.isocalendar().week, 2, "0"),
    "U": (lambda m: (m.timetuple().tm_yday + 6 - m.isoweekday() % 7) // 7, 2, "0"),
    "W": (lambda m: (m.timetuple().tm_yday + 6 - m.weekday()) // 7, 2, "0"),
}
_NAMES: dict[str, Callable[[datetime], str]] = {
    "A": lambda m: WEEKDAYS[m.weekday()],
    "a": lambda m: WEEKDAYS[m.weekday()][:3],
    "B": lambda m: MONTHS[m.month - 1],
    "b": lambda m: MONTHS[m.month - 1][:3],
    "h": lambda m: MONTHS[m.month - 1][:3],
    "p": lambda m: "AM" if m.hour < 12 else "PM",
    "P": lambda m: "am" if m.hour < 12 else "pm",
    "z": lambda m: _shift(m, ""),
    ":z": lambda m: _shift(m, ":"),
    "Z": _zone_name,
    "n": lambda m: "\n",
    "t": lambda m: "\t",
    "%": lambda m: "%",
}
