"""Written times: a fine text becomes a count since 1970, a text with other digits, or one by a pattern."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from mapper.runtime.missing import INVALID, Nothing
from mapper.runtime.times.calendar import MONTHS, WEEKDAYS
from mapper.runtime.times.patterns import UnusablePattern, split_pattern
from mapper.runtime.times.zones import load_zone

_EPOCH = datetime(1970, 1, 1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class EpochForm:
    """A count since 1970, an integer, with so many units a second; a fraction of a unit is cut downwards."""

    unit_per_second: int


@dataclass(frozen=True, slots=True)
class DigitsForm:
    """RFC 3339 in UTC with so many digits of a second (0, 6 or 9); further digits are cut off."""

    digits: int


@dataclass(frozen=True, slots=True)
class PatternForm:
    """A text by a pattern, in a zone."""

    pattern: str
    zone: str


# The form that a time is written in, unless it is the canonical one.
TimeForm: TypeAlias = EpochForm | DigitsForm | PatternForm


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time in the zone in which it is written (`local`), and its fine text in UTC."""

    local: datetime
    fine: str

    @property
    def half_day_hour(self) -> int:
        return (self.local.hour - 1) % 12 + 1


_WRITERS: dict[str, Callable[[_Moment], str]] = {
    "Y": lambda moment: f"{moment.local.year:04}",
    "y": lambda moment: f"{moment.local.year % 100:02}",
    "m": lambda moment: f"{moment.local.month:02}",
    "b": lambda moment: MONTHS[moment.local.month - 1][:3],
    "B": lambda moment: MONTHS[moment.local.month - 1],
    "d": lambda moment: f"{moment.local.day:02}",
    "j": lambda moment: f"{moment.local.timetuple().tm_yday:03}",
    "H": lambda moment: f"{moment.local.hour:02}",
    "I": lambda moment: f"{moment.half_day_hour:02}",
    "p": lambda moment: "AM" if moment.local.hour < 12 else "PM",
    "M": lambda moment: f"{moment.local.minute:02}",
    "S": lambda moment: f"{moment.local.second:02}",
    "f": lambda moment: moment.fine[20:26],
    "z": lambda moment: moment.local.strftime("%z"),
    "a": lambda moment: WEEKDAYS[moment.local.weekday()][:3],
    "A": lambda moment: WEEKDAYS[moment.local.weekday()],
    "s": lambda moment: str(epoch_of(moment.fine, 1)),
    "%": lambda moment: "%",
}
# The shortest and the longest text of a directive; two characters unless listed.
_WIDTHS = {
    "Y": (4, 4), "b": (3, 3), "B": (3, 9), "j": (3, 3), "f": (6, 6), "z": (5, 7), "a": (3, 3), "A": (6, 9),
    "s": (1, 12), "%": (1, 1),
}  # fmt: skip


def write(fine: str | Nothing, form: TimeForm) -> str | int | Nothing:
    """A fine text in another form; INVALID stays, as does a time that the zone puts outside the calendar."""
    if not isinstance(fine, str):
        return fine
    match form:
        case EpochForm(unit):
            return epoch_of(fine, unit)
        case DigitsForm(digits):
            return f"{fine[: 20 + digits if digits else 19]}Z"
        case PatternForm():
            return write_pattern(fine, WrittenPattern(form.pattern, form.zone))


def epoch_of(fine: str, unit_per_second: int) -> int:
    """The count since 1970 of a fine text, cut downwards."""
    seconds = (datetime.fromisoformat(fine[:19]) - _EPOCH) // _SECOND
    return seconds * unit_per_second + int(fine[20:29]) * unit_per_second // 1_000_000_000


def canonical(fine: str) -> str:
    """A fine text with milliseconds only."""
    return f"{fine[:23]}Z"


class WrittenPattern:
    """A pattern and a zone, ready to write times; ValueError if `check_written_pattern` has a reason."""

    def __init__(self, text: str, zone: str) -> None:
        self.zone = load_zone(zone) or UTC
        self.pieces = [_WRITERS[piece[1]] if piece[0] == "%" else piece for piece in _written_pieces(text)]


def write_pattern(fine: str, compiled: WrittenPattern) -> str | Nothing:
    """A fine text by a pattern; INVALID if the zone puts it outside the years 1 to 9999."""
    local = datetime.fromisoformat(f"{fine[:19]}+00:00")
    try:
        moment = _Moment(local.astimezone(compiled.zone), fine)
    except OverflowError:
        return INVALID
    return "".join(piece if isinstance(piece, str) else piece(moment) for piece in compiled.pieces)


def check_written_pattern(text: str) -> str | None:
    """The reason why times cannot be written by a pattern, or None."""
    try:
        _written_pieces(text)
    except UnusablePattern as error:
        return str(error)
    return None


def _written_pieces(text: str) -> list[str]:
    pieces = split_pattern(text)
    if not any(piece[0] == "%" and piece != "%%" for piece in pieces):
        raise UnusablePattern("the pattern writes no part of a time")
    return pieces


def shows_zone(text: str) -> bool:
    """False if a pattern, which can be written, gives the same text in all zones: `%s` and fractions do."""
    return any(piece[0] == "%" and piece not in ("%s", "%f", "%%") for piece in split_pattern(text))


def written_lengths(text: str) -> tuple[int, int]:
    """The shortest and the longest text that a pattern writes, in characters."""
    widths = [
        _WIDTHS.get(piece[1], (2, 2)) if piece[0] == "%" else (len(piece), len(piece))
        for piece in split_pattern(text)
    ]
    return sum(low for low, _ in widths), sum(high for _, high in widths)
