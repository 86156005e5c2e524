"""Policy: how a mapping has its bodies read, the mends that it allows, and those that were made."""

from __future__ import annotations

from dataclasses import dataclass

# The repairs that a mapping may declare, and the faults that they mend.
REPAIRS = {
    "control_characters": "control characters, also line breaks, that stand unescaped in a string",
    "inner_quotes": "quotes that stand unescaped in a string",
    "missing_values": "nothing after a colon, read as null",
    "trailing_commas": "a comma before a closing bracket",
    "curly_quotes": "strings between curly quotes",
    "comments": "`//` and the rest of its line",
}
ENCODING_ERRORS = ("reject", "replace")
# The mends of `encoding_errors: replace`; the last is one of forms.
ENCODINGS = ("invalid_utf8", "utf16", "utf32", "invalid_percent")
# The formats of a body, and the readings of the names of a form.
FORMATS = ("json", "form", "none")
FORM_NAMES = ("flat", "brackets")
NAMES = (*ENCODINGS, *REPAIRS)


@dataclass(frozen=True, slots=True)
class Policy:
    """How a mapping has its bodies read: their format, and the faults that it accepts.

    `format` is one of FORMATS. If `nests` is true, the names of a form nest by brackets; the text of its
    `field` is JSON. `repairs` are accepted faults of JSON; with `replaces_bytes`, other encodings are
    accepted, too.
    """

    repairs: tuple[str, ...] = ()
    replaces_bytes: bool = False
    format: str = "json"
    nests: bool = False
    field: str | None = None

    @property
    def reads_json(self) -> bool:
        """True if a body is JSON as a whole."""
        return self.format == "json"


STRICT = Policy()


@dataclass(frozen=True, slots=True)
class Repair:
    """One kind of repair that a body needed: the number of places, and the line and column of the first.

    Line and column are 1-based and count characters of the body as it was sent.
    """

    name: str
    count: int
    line: int
    column: int


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column (1-based) of an offset in a text."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
