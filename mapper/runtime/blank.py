"""Blank: the tests for values without content.

Blank is text without content: empty, or only white space. White space is that of ECMA-262 (§12.2 and §12.3),
so a text is blank exactly if the pattern `\\S` is not found in it. Generated code sees inline that most texts
have content (`mapper.codegen.presence.blank_test`), and calls the functions otherwise.
"""

from __future__ import annotations

from mapper.runtime.missing import MISSING
from mapper.runtime.work import SHORT, spend

WHITE_SPACE = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def is_white(text: str) -> bool:
    """Return True if a text is empty or has only white space."""
    return not text or (text[0] in WHITE_SPACE and not text.strip(WHITE_SPACE))


def is_blank_text(text: str) -> bool:
    """The same, with its work counted."""
    if len(text) >= SHORT and text[0] in WHITE_SPACE:
        spend(len(text))
    return is_white(text)


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
