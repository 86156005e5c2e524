"""Matching at run time: the functions of paths that take a pattern, with their work counted."""

from __future__ import annotations

from mapper.regex import iregexp
from mapper.runtime.work import PATTERN, VALUE, meter

_RULE = 4  # units of a rule of the automaton, for each character


def match(value: object, pattern: object) -> bool:
    """The function `match()`: a string that matches as a whole; false for anything else (RFC 9535 §2.4.6)."""
    _spend(value, pattern, searching=False)
    return iregexp.match(value, pattern)


def search(value: object, pattern: object) -> bool:
    """The function `search()`: a string with a matching part; false for anything else (RFC 9535 §2.4.7)."""
    _spend(value, pattern, searching=True)
    return iregexp.search(value, pattern)


def _spend(value: object, pattern: object, *, searching: bool) -> None:
    """Count the characters of a text and, if it comes from the payload, those of the pattern."""
    counting = meter()
    if counting is None or not isinstance(value, str):
        return
    if isinstance(pattern, str):
        counting.spend(PATTERN * min(len(pattern), iregexp.MAX_LENGTH))
    automaton = iregexp.prepared(pattern)
    if automaton is not None:
        counting.spend(len(value) * (VALUE + _RULE * automaton.rules(searching)))
