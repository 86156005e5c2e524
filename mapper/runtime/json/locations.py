"""Locations: RFC 9535 normalized paths (§2.7), plain names after dots."""

from __future__ import annotations

import re
from collections.abc import Iterable

_plain = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_ESCAPES = {"'": "\\'", "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def write_location(steps: Iterable[str | int | None], *, normalized: bool = False) -> str:
    """Write steps as `$.events[2]['odd key']`; if `normalized`, with every name in brackets as in the RFC.

    It ends before the first step that is None, a name that is not text: no path leads to its value.
    """
    written = "$"
    for step in steps:
        if step is None:
            break
        written += _step(step, normalized)
    return written


def _step(step: str | int, normalized: bool) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if not normalized and _plain(step):
        return f".{step}"
    return f"['{''.join(map(_escape, step))}']"


def _escape(character: str) -> str:
    return _ESCAPES.get(character) or (f"\\u{ord(character):04x}" if character < " " else character)
