"""Nesting: the depth of JSON texts and values, and the number of values, in linear time without a parser."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

_SAME = bytes.maketrans(b"{}", b"[]")  # the kind of a bracket does not matter
_STEPS = bytes.maketrans(b"[]", b"\x01\xff")
_DROPPED = bytes(b for b in range(256) if b not in b'[]{}"')
_NO_VALUES = bytes(b for b in range(256) if b not in b'[{,"')
_NO_COLONS = bytes(b for b in range(256) if b not in b':"')
_QUOTED = re.compile(rb'"[^"]*"')
_ESCAPED = re.compile(rb'\\[\\"]')
_ROUNDS = 20
_AT_ONCE = 1 << 20  # bytes that are taken apart at once
_MANY = 100_000  # containers; a value that repeats its parts may have more than memory holds
_PLAIN = frozenset({str, int, float, bool, type(None)})


def _outline(raw: bytes) -> bytes:
    """The brackets outside of strings, all of one kind."""
    # Once all else is dropped, strings without brackets are pairs of quotes side by side; these can go.
    quoted = _unescaped(raw).translate(_SAME, _DROPPED).replace(b'""""', b"").replace(b'""', b"")
    return _QUOTED.sub(b"", quoted).replace(b'"', b"")


def _depth(outline: bytes) -> int:
    return max(accumulate(memoryview(outline.translate(_STEPS)).cast("b")), default=0)


def _unescaped(raw: bytes) -> bytes:
    """JSON text without escaped quotes; the backslashes that are left escape none."""
    if b"\\" not in raw:  # in JSON, only strings have backslashes
        return raw
    # A search for their first byte is much faster if they are few, and slower if they are many.
    few = (len(raw) >> 6) + 1
    text, found = _ESCAPED.subn(b"", raw, few)
    return text if found < few else text.replace(b"\\\\", b"").replace(b'\\"', b"")


def count_members(raw: bytes) -> int:
    """The number of members of all objects in a JSON text in UTF-8."""
    return _QUOTED.sub(b"", _unescaped(raw).translate(None, _NO_COLONS).replace(b'""', b"")).count(b":")


def holds_more(raw: bytes, most: int) -> bool:
    """Return True if a JSON text in UTF-8 has more than `most` commas and opening brackets outside its texts.

    It has about as many values. Bytes that are not JSON have an answer, too.
    """
    if len(raw) <= most or raw.count(b",") + raw.count(b"[") + raw.count(b"{") <= most:
        return False
    return _count_values(raw, most) > most


def count_values(raw: bytes) -> int:
    """The number of commas and opening brackets of a JSON text in UTF-8 outside its texts."""
    if len(raw) <= _AT_ONCE:  # most are short
        return len(b"".join(_unescaped(raw).translate(None, _NO_VALUES).split(b'"')[::2]))
    return _count_values(raw, len(raw))


def _count_values(raw: bytes, most: int) -> int:
    """The same; counting ends beyond `most`."""
    outline = _unescaped(raw).translate(None, _NO_VALUES)
    count, is_inside = 0, False
    for start in range(0, len(outline), _AT_ONCE):
        parts = outline[start : start + _AT_ONCE].split(b'"')
        count += sum(map(len, parts[is_inside::2]))
        if count > most:
            break
        is_inside ^= len(parts) % 2 == 0
    return count


def is_deeper(raw: bytes, max_depth: int) -> bool:
    """Return True if the brackets of a JSON text in UTF-8 nest deeper than `max_depth` levels.

    Bytes that are not JSON have an answer, too; it does not depend on the caller's stack.
    """
    # So few opening brackets cannot nest deeper: nearly all texts need no closer look.
    if not has_brackets(raw, max_depth):
        return False
    outline = left = _outline(raw)
    for rounds in range(_ROUNDS):
        if rounds + len(left) <= max_depth:
            return False
        # A round takes the innermost pairs away, and so one level at most: the text nests no deeper than the
        # number of rounds and of brackets that are left.
        left = left.replace(b"[]", b"")
    return _depth(outline) > max_depth


def has_brackets(raw: bytes, count: int) -> bool:
    """Return True if a text has more than `count` opening brackets."""
    left = len(raw.replace(b"{", b"", count + 1)) + len(raw.replace(b"[", b"", count + 1))
    return 2 * len(raw) - left > count


def count_brackets(raw: bytes) -> int:
    """The number of opening brackets of a text."""
    # Taking them out is faster than counting them: it jumps from one to the next.
    return 2 * len(raw) - len(raw.replace(b"{", b"")) - len(raw.replace(b"[", b""))


def nests_deeper(value: object, max_depth: int) -> bool:
    """Return True if a value nests deeper than `max_depth` levels; a value that contains itself does."""
    if type(value) in _PLAIN or not isinstance(value, dict | list):
        return False
    try:
        if _fits(value, max_depth, [_MANY]):
            return False
    except RecursionError:
        pass
    level: list[object] = [value]
    for _ in range(max_depth + 1):
        containers = {id(v): v for v in level if isinstance(v, dict | list)}
        if not containers:
            return False
        level = [v for c in containers.values() for v in (c.values() if isinstance(c, dict) else c)]
    return True


def _fits(container: Any, max_depth: int, room: list[int]) -> bool:
    # The fast way. False also if there are too many containers to visit each: a value that holds one list
    # twice, at each of 40 levels, has 2^40 of them.
    room[0] -= 1
    if max_depth < 1 or room[0] < 0:
        return False
    for child in container.values() if isinstance(container, dict) else container:
        kind = type(child)
        if kind not in _PLAIN and isinstance(child, dict | list) and not _fits(child, max_depth - 1, room):
            return False
    return True
