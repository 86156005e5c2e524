"""Text forms: the forms that texts and numbers of payloads may have, and a check of each.

A form is kept for a field as long as every value that is not blank has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mapper.runtime.schema.formats import is_date_time, is_uuid
from mapper.runtime.times.calendar import DATE

_WHOLE = re.compile(r"-?[0-9]{1,400}\Z").match
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,300})(?:\.[0-9]{1,300})?\Z").match
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]+\Z").match
_URI = re.compile(r"https?://\S+\Z", re.IGNORECASE).match
_DATE = re.compile(rf"{DATE}\Z", re.ASCII).match
# A date-time of RFC 3339, but without its zone.
_LOCAL = re.compile(rf"{DATE}[Tt ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?\Z", re.ASCII).match
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!\Z)|\Z)){4}", re.ASCII).fullmatch

# Counts of seconds since 1970 that are times of our days: from September 2001 to the end of 2099. A smaller
# number is more often an id, a price or a count.
FIRST_SECOND, LAST_SECOND = 1_000_000_000, 4_102_444_799
EPOCH_UNITS: Mapping[str, int] = {"epoch_s": 1, "epoch_ms": 1000}


@dataclass(frozen=True, slots=True)
class TextForm:
    """A form of texts: `check` is true for a text that has it, `keywords` say the same in a JSON Schema."""

    check: Callable[[str], object]
    keywords: Mapping[str, Any]


def _is_epoch(unit: int) -> Callable[[str], bool]:
    first, last = FIRST_SECOND * unit, (LAST_SECOND + 1) * unit - 1
    length = len(str(first))
    return lambda text: (
        len(text) == length and text.isascii() and text.isdigit() and first <= int(text) <= last
    )


# From the strictest to the most general: the first that all values of a field have names the field.
TEXT_FORMS: Mapping[str, TextForm] = {
    "date-time": TextForm(is_date_time, {"format": "date-time"}),
    "local-date-time": TextForm(_LOCAL, {}),
    "date": TextForm(_DATE, {"format": "date"}),
    "uuid": TextForm(is_uuid, {"format": "uuid"}),
    "email": TextForm(_EMAIL, {"format": "email"}),
    "uri": TextForm(_URI, {}),
    "ipv4": TextForm(_IPV4, {"format": "ipv4"}),
    "epoch_s": TextForm(_is_epoch(1), {"pattern": "^[0-9]{10}$"}),
    "epoch_ms": TextForm(_is_epoch(1000), {"pattern": "^[0-9]{13}$"}),
    "integer-text": TextForm(_WHOLE, {"pattern": "^-?[0-9]{1,400}$"}),
    "number-text": TextForm(_NUMBER, {"pattern": r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"}),
}


def epoch_of(low: float, high: float) -> str:
    """The unit of numbers between two bounds if they count from 1970: a key of EPOCH_UNITS, or empty."""
    for name, unit in EPOCH_UNITS.items():
        if FIRST_SECOND * unit <= low and high < (LAST_SECOND + 1) * unit:
            return name
    return ""
