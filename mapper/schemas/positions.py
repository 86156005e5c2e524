"""Positions: the offsets of each value and member name in a JSON text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TypeAlias

Pointer: TypeAlias = tuple[str | int, ...]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


@dataclass(slots=True)
class Positions:
    """Offsets `(start, end)` by pointer; `duplicates` are names that their object already has."""

    values: dict[Pointer, tuple[int, int]] = field(default_factory=dict)
    names: dict[Pointer, tuple[int, int]] = field(default_factory=dict)
    duplicates: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class _OpenContainer:
    """An object or array whose end is not read yet."""

    pointer: Pointer
    start: int
    is_object: bool
    step: str | int | None = None


class TooManyValues(ValueError):
    """The text has more values than the limit."""


def locate_json(text: str, max_values: int | None = None) -> Positions:
    """The positions of everything in `text`, valid JSON; raises TooManyValues beyond `max_values` values."""
    found = Positions()
    max_values = len(text) if max_values is None else max_values
    stack: list[_OpenContainer] = []
    for match in _TOKEN.finditer(text):
        if len(found.values) > max_values:
            raise TooManyValues
        token = match.group()
        inside = stack[-1] if stack else None
        if token in "{[":
            pointer = _pointer(inside)
            stack.append(_OpenContainer(pointer, match.start(), token == "{", None if token == "{" else 0))
        elif token in "}]":
            closed = stack.pop()
            found.values[closed.pointer] = (closed.start, match.end())
        elif token == ",":
            _advance(inside)
        elif token == ":":
            continue
        elif inside is not None and inside.is_object and inside.step is None:
            inside.step = json.loads(token)
            pointer = _pointer(inside)
            if pointer in found.names:
                found.duplicates.append(match.span())
            found.names[pointer] = match.span()
        else:
            found.values[_pointer(inside)] = match.span()
    return found


def locate_json_fault(error: json.JSONDecodeError) -> tuple[str, int]:
    """The words and the offset of a fault in JSON text, the same for every version of Python.

    Before Python 3.13 a comma before a closing bracket was found at the bracket, as a missing value or name.
    """
    before = error.doc[: error.pos].rstrip(" \t\n\r")
    closing = error.doc[error.pos : error.pos + 1]
    if before.endswith(",") and closing in ("}", "]"):
        kind = "object" if closing == "}" else "array"
        return f"Illegal trailing comma before end of {kind}", len(before) - 1
    return error.msg, error.pos


def _pointer(inside: _OpenContainer | None) -> Pointer:
    if inside is None or inside.step is None:
        return ()
    return (*inside.pointer, inside.step)


def _advance(inside: _OpenContainer | None) -> None:
    if inside is not None:
        inside.step = None if inside.is_object or not isinstance(inside.step, int) else inside.step + 1
