"""Nesting: how deep JSON goes, and how to read JSON that goes deeper than Python's stack."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from json import decoder
from typing import Any

_BRACKETS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_DROPPED = bytes(b for b in range(256) if b not in b'[]{}"')
_NO_COLONS = bytes(b for b in range(256) if b not in b':"')
_QUOTED = re.compile(rb'"[^"]*"')
_blank = re.compile(r"[ \t\n\r]*").match
_number = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][+-]?[0-9]+)?").match
_string: Callable[[str, int, bool], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]
_WORDS = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}
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


@dataclass(slots=True, repr=False)
class _Open:
    """A container whose end has not been met."""

    value: dict[str, object] | list[object]
    start: int
    key: str = ""
    height: int = 0


@dataclass(slots=True, repr=False)
class DeepReader:
    """Reads JSON text without recursion. `spans` holds where containers higher than `most` stand, by `id`."""

    text: str
    most: int
    read_integer: Callable[[str], object]
    read_float: Callable[[str], object]
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    _stack: list[_Open] = field(default_factory=list)
    _at: int = 0

    def read(self) -> object:
        """The value of the text; raises ValueError where it is not JSON."""
        value, is_open = self._value()
        while is_open or self._stack:
            value, is_open = self._first() if is_open else self._next(value)
        if self._peek():
            raise ValueError("something follows the JSON")
        return value

    def source_of(self, value: object) -> bytes | None:
        """The bytes of a container that is higher than `most`; None of any other value."""
        span = self.spans.get(id(value))
        return None if span is None else self.text[slice(*span)].encode("utf-8", "surrogatepass")

    def _peek(self) -> str:
        match = _blank(self.text, self._at)
        self._at = match.end() if match else self._at
        return self.text[self._at : self._at + 1]

    def _value(self) -> tuple[object, bool]:
        """The value that begins here, and whether it is a container whose content has still to be read."""
        character = self._peek()
        if character == '"':
            value, self._at = _string(self.text, self._at + 1, True)
            return value, False
        if character in ("{", "["):
            self._stack.append(_Open({} if character == "{" else [], self._at))
            self._at += 1
            return None, True
        if character in _WORDS and self.text.startswith(_WORDS[character][0], self._at):
            self._at += len(_WORDS[character][0])
            return _WORDS[character][1], False
        match = _number(self.text, self._at)
        if match is None:
            raise ValueError("no value where one is expected")
        self._at = match.end()
        return (self.read_float if match[2] or match[3] else self.read_integer)(match[0]), False

    def _first(self) -> tuple[object, bool]:
        is_object = isinstance(self._stack[-1].value, dict)
        if self._peek() == ("}" if is_object else "]"):
            return self._close()
        if is_object:
            self._key()
        return self._value()

    def _next(self, value: object) -> tuple[object, bool]:
        """Put a value where it belongs and go on behind it."""
        parent = self._stack[-1]
        is_object = isinstance(parent.value, dict)
        if isinstance(parent.value, dict):
            parent.value[parent.key] = value
        else:
            parent.value.append(value)
        character = self._peek()
        if character == ("}" if is_object else "]"):
            return self._close()
        if character != ",":
            raise ValueError("a comma is missing")
        self._at += 1
        if is_object:
            self._key()
        return self._value()

    def _key(self) -> None:
        if self._peek() != '"':
            raise ValueError("a name is missing")
        self._stack[-1].key, self._at = _string(self.text, self._at + 1, True)
        if self._peek() != ":":
            raise ValueError("a colon is missing")
        self._at += 1

    def _close(self) -> tuple[object, bool]:
        done = self._stack.pop()
        self._at += 1
        height = done.height + 1
        if height > self.most:
            self.spans[id(done.value)] = (done.start, self._at)
        if self._stack:
            self._stack[-1].height = max(self._stack[-1].height, height)
        return done.value, False
