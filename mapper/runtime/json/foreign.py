"""Foreign: a parsed payload that holds types of the host's own is read again as plain JSON.

A subclass of `dict` or `str` may answer as it likes, and an object of any other type may raise whatever it is
asked. Looking for such types costs time, so a payload is copied only after something has raised.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any


class Foreign:
    """Takes the place of a value, or of a name, that JSON does not have; it never raises."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<not a JSON value>"


class PlainCopy:
    """A copy of a parsed payload in `value`: dicts, lists, scalars and Foreign, none of a type of its own.

    Types that build on JSON's are read past the methods they define. A value that the payload repeats, or
    that contains itself, does so in the copy. Never raises. Time and memory are linear in the payload.
    """

    __slots__ = ("_copies", "_open", "_originals", "value")

    def __init__(self, payload: object) -> None:
        self._copies: dict[int, object] = {}
        # Each pair keeps its copy and its original alive, so that no other value gets their `id`.
        self._originals: dict[int, tuple[object, object]] = {}
        self._open: list[tuple[Any, dict[object, object] | list[object]]] = []
        self.value = self._begin(payload)
        while self._open:
            source, copy = self._open.pop()
            # Both take the members at once: another thread may be changing them.
            if isinstance(copy, dict):
                for name, member in list(dict.items(source)):
                    copy[_name(name)] = self._begin(member)
            else:
                copy.extend([self._begin(element) for element in list.copy(source)])

    def original(self, value: object) -> object:
        """The source of a container or Foreign of the copy; any other value itself."""
        return self._originals.get(id(value), (value, value))[1]

    def _begin(self, value: object) -> object:
        """The copy of a value; a container gets its members later, as it may nest without end."""
        if _is_scalar(value):
            return value
        if id(value) in self._copies:
            return self._copies[id(value)]
        scalar = _as_scalar(value)
        if scalar is not None:
            return scalar
        copy: object = Foreign()
        # Not `isinstance`, which asks the value for its class.
        if issubclass(type(value), dict | list):
            made: dict[object, object] | list[object] = {} if issubclass(type(value), dict) else []
            self._open.append((value, made))
            copy = made
        self._copies[id(value)] = copy
        self._originals[id(copy)] = copy, value
        return copy


def _is_scalar(value: object) -> bool:
    # Not by a set, which asks the type for its hash.
    kind = type(value)
    return value is None or kind is str or kind is int or kind is float or kind is bool


def _as_scalar(value: Any) -> str | int | float | Decimal | None:
    """The scalar that a value is at heart, if it is one."""
    kind = type(value)
    if issubclass(kind, str):
        return str.__str__(value)
    if issubclass(kind, int):
        return int.__int__(value)
    if issubclass(kind, float):
        return float.__float__(value)
    # As in bodies with numbers out of range; others cannot be compared.
    return value if kind is Decimal and Decimal.is_finite(value) else None


def _name(name: object) -> object:
    if _is_scalar(name):
        return name
    return str.__str__(name) if issubclass(type(name), str) else Foreign()
