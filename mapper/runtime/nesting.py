"""Nesting: how deep JSON goes."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

_BRACKETS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_DROPPED = bytes(b for b in range(256) if b not in b'[]{}"')
_NO_COLONS = bytes(b for b in range(256) if b not in b':"')
_QUOTED = re.compile(rb'"[^"]*"')
_MANY = 100_000  # containers; a value that repeats its parts may have more than memory holds
DEEPEST = 10_000  # a body that nests deeper is not read at all
_PLAIN = frozenset({str, int, float, bool, type(None)})


def depth_of(raw: bytes) -> int:
    """How deep the brackets of JSON text in UTF-8 nest, in linear time and without parsing it.

    Of bytes that are not JSON, too, the same number whatever stands on the stack.
    """
    if b"\\" in raw:  # in JSON, a backslash stands in a string
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Without all else, a string that holds no bracket is two quotes side by side.
    brackets = _QUOTED.sub(b"", raw.translate(None, _DROPPED).replace(b'""', b""))
    steps = memoryview(brackets.translate(_BRACKETS, b'"')).cast("b")
    return max(accumulate(steps), default=0)


def count_members(raw: bytes) -> int:
    """How many members the objects in JSON text in UTF-8 have together."""
    if b"\\" in raw:
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    return _QUOTED.sub(b"", raw.translate(None, _NO_COLONS).replace(b'""', b"")).count(b":")


def is_deeper(raw: bytes, most: int) -> bool:
    """Whether JSON text in UTF-8 nests deeper than `most` levels."""
    # So few opening brackets cannot nest deeper: nearly all texts need no closer look.
    return has_brackets(raw, most) and depth_of(raw) > most


def has_brackets(raw: bytes, most: int) -> bool:
    """Whether a text has more than `most` opening brackets."""
    # Taking them out is faster than counting them: it jumps from one to the next.
    left = len(raw.replace(b"{", b"", most + 1)) + len(raw.replace(b"[", b"", most + 1))
    return 2 * len(raw) - left > most


def nests_deeper(value: object, most: int) -> bool:
    """Whether a value nests deeper than `most` levels; one that contains itself does."""
    if type(value) in _PLAIN or not isinstance(value, dict | list):
        return False
    try:
        if _fits(value, most, [_MANY]):
            return False
    except RecursionError:
        pass
    level: list[object] = [value]
    for _ in range(most + 1):
        containers = {id(v): v for v in level if isinstance(v, dict | list)}
        if not containers:
            return False
        level = [v for c in containers.values() for v in (c.values() if isinstance(c, dict) else c)]
    return True


def _fits(container: Any, most: int, room: list[int]) -> bool:
    # The fast way; false also where there are too many containers to go through all of them one by one.
    room[0] -= 1
    if most < 1 or room[0] < 0:
        return False
    for child in container.values() if isinstance(container, dict) else container:
        kind = type(child)
        if kind not in _PLAIN and isinstance(child, dict | list) and not _fits(child, most - 1, room):
            return False
    return True
