"""Time patterns: a strptime pattern becomes a regular expression that reads the same text on every host.

Digits are ASCII, names are English whatever the locale. The directives are those of `datetime.strptime` whose
meaning does not depend on the host, and `%s`, seconds since 1970. Stricter than strptime: literal text must
have the same case (names and AM/PM need not), a weekday must fit its date, and digits without a separator
between them have full width.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise

from mapper.runtime.missing import INVALID, Nothing
from mapper.runtime.times.calendar import MONTHS, WEEKDAYS, full_year
from mapper.runtime.times.times import epoch, settle
from mapper.runtime.times.zones import OFFSET, parse_offset

MAX_PATTERN = 100
MAX_TEXT = 200  # longer text is not a time; keeps hostile text away from the expression

_NAMES = {
    "B": [name.lower() for name in MONTHS],
    "b": [name[:3].lower() for name in MONTHS],
    "A": [name.lower() for name in WEEKDAYS],
    "a": [name[:3].lower() for name in WEEKDAYS],
}
_DIGITS = {
    "Y": (4, 4), "y": (2, 2), "m": (1, 2), "d": (1, 2), "j": (1, 3),
    "H": (1, 2), "I": (1, 2), "M": (1, 2), "S": (1, 2), "f": (1, 9), "s": (1, 12),
}  # fmt: skip
# Before about 1900 zones differ by seconds, too. Behind them no digit of another directive may follow.
_SECONDS = r"(?:(?<=[0-9]{4})[0-5][0-9]|(?<=:[0-9]{2}):[0-5][0-9])(?![0-9])"
_OTHERS = {"z": rf"[Zz]|{OFFSET}(?:{_SECONDS})?", "p": r"[AaPp](?:[Mm]|\.[Mm]\.)"}
_DIRECTIVES = frozenset("%").union(_NAMES, _DIGITS, _OTHERS)
_ALLOWED = "%a %A %b %B %d %f %H %I %j %m %M %p %s %S %y %Y %z %%"


@dataclass(frozen=True, slots=True)
class TimePattern:
    """A pattern ready to read text."""

    text: str
    expression: re.Pattern[str] = field(repr=False)
    reads_zone: bool  # it reads an offset or an epoch, so that `zone:` is not needed


class UnusablePattern(ValueError):
    """The reason why a pattern cannot be used."""


def check_pattern(text: str) -> str | None:
    """The reason why a pattern cannot be used, or None."""
    try:
        _check(split_pattern(text))
    except UnusablePattern as error:
        return str(error)
    return None


def compile_pattern(text: str) -> TimePattern:
    """The pattern, ready; raises ValueError with the reason that `check_pattern` gives."""
    if message := check_pattern(text):
        raise ValueError(message)
    pieces = split_pattern(text)
    around = ["", *pieces, ""]
    sources = [
        _source(piece, _is_digit(before, -1) or _is_digit(after, 0))
        for before, piece, after in zip(around, pieces, around[2:], strict=False)
    ]
    return TimePattern(text, re.compile("".join(sources)), bool({"%z", "%s"} & set(pieces)))


def pattern(value: object, compiled: TimePattern, zone: tzinfo | None, fine: bool = False) -> str | Nothing:
    """Canonical (or fine) UTC of a text the pattern reads; `zone` places text without an offset."""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        return INVALID
    match = compiled.expression.fullmatch(value)
    if match is None:
        return INVALID
    if match.lastgroup == "s" and compiled.expression.groups == 1:
        return epoch(int(match[1]), 1, fine)
    parts = match.groupdict()
    fraction = parts.get("f", "")
    if "s" in parts:
        return epoch(f"{parts['s']}.{fraction or 0}", 1, fine)
    place = parse_offset(parts["z"]) if "z" in parts else zone
    if place is None:
        return INVALID
    second = int(parts.get("S", 0))
    try:
        local = _local(parts, 59 if second == 60 else second)
    except (ValueError, OverflowError):
        return INVALID
    return settle(local, place, fraction, second == 60, fine)


def _local(parts: dict[str, str], second: int) -> datetime:
    """The date and time of a match; raises ValueError if the calendar or its own weekday disagrees."""
    year = int(parts["Y"]) if "Y" in parts else full_year(int(parts["y"]))
    if "j" in parts:
        day = datetime(year, 1, 1) + timedelta(days=int(parts["j"]) - 1)
        if day.year != year:
            raise ValueError
    else:
        day = datetime(year, _month(parts), int(parts["d"]))
    for name in ("a", "A"):
        if name in parts and _NAMES[name][day.weekday()] != parts[name].lower():
            raise ValueError
    return day.replace(hour=_hour(parts), minute=int(parts.get("M", 0)), second=second)


def _month(parts: dict[str, str]) -> int:
    for name in ("b", "B"):
        if name in parts:
            return _NAMES[name].index(parts[name].lower()) + 1
    return int(parts["m"])


def _hour(parts: dict[str, str]) -> int:
    if "I" not in parts:
        return int(parts.get("H", 0))
    hour = int(parts["I"])
    if not 1 <= hour <= 12:
        raise ValueError
    return hour % 12 + (12 if parts["p"][0] in "Pp" else 0)


def split_pattern(text: str) -> list[str]:
    """Directives (`%Y`), runs of blanks, and literal text, in order; raises UnusablePattern for others."""
    if len(text) > MAX_PATTERN:
        raise UnusablePattern(f"the pattern is longer than {MAX_PATTERN} characters")
    pieces = re.findall(r"%.?| +|[^% ]+", text, re.DOTALL)
    for piece in pieces:
        if piece == "%":
            raise UnusablePattern("the pattern ends in a single `%`")
        if piece[0] == "%" and piece[1] not in _DIRECTIVES:
            raise UnusablePattern(f"`{piece}` is not a directive; known are {_ALLOWED}")
    return pieces


def _check(pieces: list[str]) -> None:
    """Raise UnusablePattern if the directives do not make one moment."""
    found = [piece[1] for piece in pieces if piece[0] == "%" and piece != "%%"]
    known = set(found)
    if len(found) != len(known):
        twice = next(letter for letter in found if found.count(letter) > 1)
        raise UnusablePattern(f"`%{twice}` stands twice")
    for before, after in pairwise(pieces):
        if before in ("%f", "%s") and _is_digit(after, 0):
            raise UnusablePattern(
                f"`{before}` has no fixed width, so no digit may follow it: write a text between"
            )
    if "s" in known:
        if known - {"s", "f"}:
            raise UnusablePattern("`%s` is a whole moment; only `%f` may stand beside it")
        return
    _check_date(known)
    _check_clock(known)


def _check_date(known: set[str]) -> None:
    if len(known & {"Y", "y"}) != 1:
        raise UnusablePattern("the pattern must read the year once: `%Y` or `%y`")
    months = known & {"m", "b", "B"}
    if "j" in known:
        if months or "d" in known:
            raise UnusablePattern("`%j` is the day of the year; no month or day may stand beside it")
        return
    if len(months) != 1:
        raise UnusablePattern("the pattern must read the month once: `%m`, `%b` or `%B`")
    if "d" not in known:
        raise UnusablePattern("the pattern reads no day: `%d`")


def _check_clock(known: set[str]) -> None:
    if {"H", "I"} <= known:
        raise UnusablePattern("the pattern reads the hour twice: `%H` and `%I`")
    if ("I" in known) != ("p" in known):
        raise UnusablePattern("`%I` (01 to 12) and `%p` (AM or PM) go together")
    for part, whole in (("M", "HI"), ("S", "M"), ("f", "S")):
        if part in known and not known & set(whole):
            raise UnusablePattern(
                f"`%{part}` stands without " + " or ".join(f"`%{letter}`" for letter in whole)
            )


def _source(piece: str, narrow: bool) -> str:
    """The regular expression of a piece; beside other digits (`narrow`) its own have full width."""
    if piece == "%%":
        return "%"
    if piece[0] == " ":
        return " +"
    if piece[0] != "%":
        return re.escape(piece)
    letter = piece[1]
    if letter in _DIGITS:
        shortest, longest = _DIGITS[letter]
        sign = "-?" if letter == "s" else ""
        shortest = longest if narrow and letter not in "fs" else shortest
        return f"(?P<{letter}>{sign}[0-9]{{{shortest},{longest}}})"
    if letter in _NAMES:
        return f"(?P<{letter}>(?i:{'|'.join(_NAMES[letter])}))"
    return f"(?P<{letter}>{_OTHERS[letter]})"


def _is_digit(piece: str, end: int) -> bool:
    """Return True if a piece begins (0) or ends (-1) with a digit."""
    if piece[:1] == "%":
        return piece[1] in _DIGITS
    return bool(piece) and piece[end] in "0123456789"
