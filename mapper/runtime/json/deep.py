"""Deep: a reader of JSON without recursion, for bodies that nest deeper than Python's stack allows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from json import decoder

_blank = re.compile(r"[ \t\n\r]*").match
_number = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][+-]?[0-9]+)?").match
_string: Callable[[str, int, bool], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]
_WORDS = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}


@dataclass(slots=True, repr=False)
class _Open:
    """A container whose end has not been read."""

    value: dict[str, object] | list[object]
    start: int
    key: str = ""
    height: int = 0


@dataclass(slots=True, repr=False)
class DeepReader:
    """Reads JSON text without recursion.

    `spans` holds the start and end of each container that is higher than `max_depth`, by its `id`.
    """

    text: str
    max_depth: int
    read_integer: Callable[[str], object]
    read_float: Callable[[str], object]
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    _stack: list[_Open] = field(default_factory=list)
    _at: int = 0

    def read(self) -> object:
        """The value of the text; raises ValueError if it is not JSON (RFC 8259)."""
        value, is_open = self._value()
        while is_open or self._stack:
            value, is_open = self._first() if is_open else self._next(value)
        if self._peek():
            raise ValueError("something follows the JSON")
        return value

    def source_of(self, value: object) -> bytes | None:
        """The bytes of a container that is higher than `max_depth`; None for any other value."""
        span = self.spans.get(id(value))
        return None if span is None else self.text[slice(*span)].encode("utf-8", "surrogatepass")

    def _peek(self) -> str:
        match = _blank(self.text, self._at)
        self._at = match.end() if match else self._at
        return self.text[self._at : self._at + 1]

    def _value(self) -> tuple[object, bool]:
        """The value that begins here, and True if it is a container whose content has still to be read."""
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
        """Put a value into its container and go on behind it."""
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
        if height > self.max_depth:
            self.spans[id(done.value)] = (done.start, self._at)
        if self._stack:
            self._stack[-1].height = max(self._stack[-1].height, height)
        return done.value, False
