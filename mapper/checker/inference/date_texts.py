"""Date texts: the texts that a pattern of a date filter writes, for any time."""

from __future__ import annotations

import re

from mapper.budget import remembered
from mapper.regex.characters import DIGITS, joined, ranges, span
from mapper.regex.expressions import matching
from mapper.regex.languages import EMPTY, Language, concatenated, many, union, word
from mapper.runtime.liquid.dates import COMPOSED
from mapper.runtime.times.calendar import DATE, MONTHS, WEEKDAYS

# A whole date is one piece: only together do its parts say that no month has too many days.
_DIRECTIVE = re.compile(r"%Y-%m-%d|%([-0^#_]*)(\d*)(:?[A-Za-z%+])")
_ANY = many(joined((*span("A", "Z"), *span("a", "z"), *DIGITS, *ranges(" +-:/.,"))))

_TWO, _DAY = "[0-9]{2}", "0[1-9]|[12][0-9]|3[01]"
_MONTHS, _WEEKDAYS = "|".join(name[:3] for name in MONTHS), "|".join(name[:3] for name in WEEKDAYS)
# The texts of directives without flags or width, as patterns.
_TEXTS = {
    "Y": "(?!0000)[0-9]{4}", "G": "[0-9]{4,5}", "C": _TWO, "y": _TWO, "g": _TWO,
    "m": "0[1-9]|1[0-2]", "b": _MONTHS, "h": _MONTHS, "B": "|".join(MONTHS),
    "d": _DAY, "e": " [1-9]|[12][0-9]|3[01]", "j": "[0-3][0-9]{2}", "u": "[1-7]", "w": "[0-6]",
    "a": _WEEKDAYS, "A": "|".join(WEEKDAYS), "U": "[0-5][0-9]", "V": "[0-5][0-9]", "W": "[0-5][0-9]",
    "H": "[01][0-9]|2[0-3]", "k": "[ 1][0-9]|2[0-3]", "I": "0[1-9]|1[0-2]", "l": " [1-9]|1[0-2]",
    "M": "[0-5][0-9]", "S": "[0-5][0-9]", "L": "[0-9]{3}", "N": "[0-9]{9}", "p": "AM|PM", "P": "am|pm",
    "z": "[+-](?:[01][0-9]|2[0-3])[0-5][0-9]", ":z": "[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]",
    "s": "-?(?:0|[1-9][0-9]{0,11})",  # the seconds of the years 1 to 9999
    "n": "\\n", "t": "\\t", "%": "%",
}  # fmt: skip


@remembered(64)
def date_texts(pattern: str) -> Language:
    """The texts that a pattern writes."""
    written, end = EMPTY, 0
    for found in _DIRECTIVE.finditer(pattern):
        piece = _directive(*found.groups()) if found[3] else matching(f"^(?:{DATE})$")
        written = concatenated(written, word(pattern[end : found.start()]), piece)
        end = found.end()
    return concatenated(written, word(pattern[end:]))


def _directive(flags: str, width: str, letter: str) -> Language:
    if not flags and not width and letter in _TEXTS:
        return matching(f"^(?:{_TEXTS[letter]})$")
    if not flags and not width and letter in COMPOSED:
        return date_texts(COMPOSED[letter])
    return union(_ANY, word(f"%{flags}{width}{letter}"))
