"""Casts and operations on objects: present JSON values in; INVALID if a value does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum

from mapper.runtime.digits import EXACT, MAX_DIGITS, is_out_of_range, read_integer, write_integer
from mapper.runtime.json.exact import decode
from mapper.runtime.json.nesting import holds_more, is_deeper
from mapper.runtime.limits import active
from mapper.runtime.missing import INVALID, Nothing
from mapper.runtime.work import CALL, SMALL_INTEGER, size_of, spend, spend_on, spend_on_number

_INTEGER = re.compile(r"(-?[0-9]{1,4300})(?:\.0{1,4300})?").fullmatch
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<real>\.[0-9]+)?(?P<power>[eE][+-]?[0-9]+)?").fullmatch
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class Refusal(Enum):
    """The reason why an operation on an object has no result, if it is another one than a wrong type."""

    COLLISION = "collision"  # two keys would get the same name

    def __repr__(self) -> str:
        return self.name


COLLISION = Refusal.COLLISION


def to_string(value: object) -> str | Nothing:
    """Text as it is, integers and integral floats as exact digits, `true` and `false`.

    A float of 2^53 or more does not fit: it may have lost digits (`mapper.runtime.digits`).
    """
    if isinstance(value, str):
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        if value.bit_length() > SMALL_INTEGER:
            spend(size_of(value))
        try:
            return write_integer(value)
        except ValueError:  # too many digits
            return INVALID
    if isinstance(value, float) and -EXACT < value < EXACT:
        return int.__repr__(int(value)) if value == int(value) else float.__repr__(value)
    return INVALID


def to_integer(value: object) -> int | Nothing:
    """An integer, an integral float below 2^53, or decimal text (`42`, `-7`, `0500`, `42.0`)."""
    if isinstance(value, bool):
        return INVALID
    if isinstance(value, int):
        return INVALID if is_out_of_range(value) else value
    if isinstance(value, float):
        return int(value) if -EXACT < value < EXACT and value.is_integer() else INVALID
    if isinstance(value, str):
        if len(value) > SMALL_INTEGER:
            spend_on_number(value)
        match = _INTEGER(value)
        return read_integer(match[1]) if match else INVALID
    return INVALID


def to_number(value: object) -> int | float | Nothing:
    """An integer, a finite float, or text in JSON's number grammar."""
    if isinstance(value, bool):
        return INVALID
    if isinstance(value, int):
        return INVALID if is_out_of_range(value) else value
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, str) and len(value) <= MAX_DIGITS and (match := _NUMBER(value)):
        if len(value) > SMALL_INTEGER:
            spend_on_number(value)
        return _finite(float(value)) if match["real"] or match["power"] else read_integer(value)
    return INVALID


def _finite(value: float) -> float | Nothing:
    return value if value - value == 0.0 else INVALID


def to_boolean(value: object) -> bool | Nothing:
    """true and false, `true` and `false` as text in any case, 1 and 0 as number or text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value == 1 if value in (0, 1) else INVALID
    if isinstance(value, str) and len(value) <= 5:
        return _BOOLEANS.get(value.lower(), INVALID)
    return INVALID


def to_object(value: object) -> dict[str, object] | Nothing:
    """An object as it is."""
    return value if isinstance(value, dict) else INVALID


def to_array(value: object) -> list[object] | Nothing:
    """An array as it is."""
    return value if isinstance(value, list) else INVALID


def to_json(value: object) -> object:
    """The value of a JSON text, read strictly: no NaN, no half surrogates, no 1e400; other values stay."""
    if isinstance(value, str):
        return _parse(value)
    if isinstance(value, dict | list):
        return value
    return INVALID if is_out_of_range(value) or not isinstance(value, int | float) else value


def _parse(text: str) -> object:
    spend_on(text, units=2 * CALL)
    try:
        raw = text.encode()
        limits = active()
        is_large = holds_more(raw, limits.values) or is_deeper(raw, limits.nesting)
        return INVALID if is_large else decode(raw)
    except ValueError:
        return INVALID


CONVERSIONS: Mapping[str, Callable[[object], object]] = {
    "string": to_string,
    "integer": to_integer,
    "number": to_number,
    "boolean": to_boolean,
    "object": to_object,
    "array": to_array,
    "json": to_json,
}


def pick(value: object, keys: Iterable[str]) -> dict[str, object] | Nothing:
    """A new object with only the named keys, in the object's own order."""
    if not isinstance(value, dict):
        return INVALID
    spend_on(value)
    wanted = frozenset(keys)
    return {key: member for key, member in value.items() if key in wanted}


def omit(value: object, keys: Iterable[str]) -> dict[str, object] | Nothing:
    """A new object without the named keys."""
    if not isinstance(value, dict):
        return INVALID
    spend_on(value)
    unwanted = frozenset(keys)
    return {key: member for key, member in value.items() if key not in unwanted}


def rename(value: object, pairs: Iterable[tuple[str, str]]) -> dict[str, object] | Nothing | Refusal:
    """A new object with keys renamed all at once, in place; COLLISION if two would share a key."""
    if not isinstance(value, dict):
        return INVALID
    spend_on(value)
    names = dict(pairs)
    members: dict[str, object] = value
    renamed = {names.get(key, key): member for key, member in members.items()}
    return renamed if len(renamed) == len(members) else COLLISION
