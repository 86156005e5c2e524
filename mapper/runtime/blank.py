"""Blank: the tests for values without content.

Blank is text without content. White space is Unicode's, by `str.isspace`. Generated code has these tests
inline for texts, null and MISSING (`mapper.codegen.presence.blank_test`) and calls the functions otherwise.
"""

from __future__ import annotations

from mapper.runtime.missing import MISSING
from mapper.runtime.work import SHORT, spend


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
