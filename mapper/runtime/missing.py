"""Missing: the sentinels of values that are not there, and the tests for blank.

Blank is text without content. White space is Unicode's, by `str.isspace`. Generated code has these tests
inline for texts, null and MISSING (`mapper.codegen.presence.blank_test`) and calls the functions otherwise.
"""

from __future__ import annotations

from enum import Enum

from mapper.runtime.work import SHORT, spend


class Nothing(Enum):
    """Single values compared with `is`; they pickle and copy to themselves."""

    MISSING = "missing"  # no value at all (RFC 9535 "Nothing"); differs from None
    INVALID = "invalid"  # a cast that failed

    def __repr__(self) -> str:
        return self.name


MISSING = Nothing.MISSING
INVALID = Nothing.INVALID


def is_blank_text(text: str) -> bool:
    """Return True if a text is empty or has only white space."""
    if len(text) >= SHORT and text[0].isspace():
        spend(len(text))
    return not text or text.isspace()


def has_no_content(value: object) -> bool:
    """Return True for missing, null and blank text: the values that `first_nonblank` passes over."""
    return value is None or value is MISSING or (isinstance(value, str) and is_blank_text(value))


def is_blank(value: object) -> bool:
    """Liquid's `== blank` (Rails' `blank?`): also false, [] and {} are blank; 0 is not."""
    if isinstance(value, str):
        return is_blank_text(value)
    if value is None or value is False or value is MISSING:
        return True
    return not value and isinstance(value, list | dict)
