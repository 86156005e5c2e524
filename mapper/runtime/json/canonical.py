"""Canonical: JSON values become one byte string each, and the stable ids hashed from it.

RFC 8785 (JCS) with these decisions:
- integers keep their exact digits, also beyond 2^53; JCS would round them to a double, and two ids of
  different digits would become one;
- a part of a hash that is itself a float of 2^53 or more gives INVALID: it may be an id that has lost digits
  (`mapper.runtime.digits`). Inside objects and lists such numbers are data, and JCS writes them;
- half of a surrogate pair is written as `\\ud800`, as JSON.stringify does; JCS refuses it;
- a value without a JSON form (NaN, infinities, other Python types, keys that are not text, integers too long
  to print) gives INVALID; a value that nests deeper than MAX_CANONICAL_DEPTH is a RecursionError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from json.encoder import encode_basestring as _quote
from typing import Any, TypeAlias

import msgspec

from mapper.runtime.casts import to_string
from mapper.runtime.digits import may_have_lost_digits, may_have_too_many_digits
from mapper.runtime.limits import MAX_CANONICAL_DEPTH
from mapper.runtime.missing import INVALID, MISSING, Nothing
from mapper.runtime.work import spend_on_json

_Members: TypeAlias = Iterator[tuple[str, object]]  # the text before a member's value, and the value

# msgspec writes these as JCS does (not floats), and sorts keys as JCS does below the surrogates.
_PLAIN = frozenset({str, int, bool, type(None)})
_SHALLOW = 30  # levels that are looked through by recursion
_encode_plain = msgspec.json.Encoder(order="sorted").encode

_lone_surrogates = re.compile("[\ud800-\udfff]").sub


class _NotJson(Exception):
    """A value that has no JSON form."""


def canonical_json(value: object) -> bytes | Nothing:
    """The one UTF-8 text of a JSON value, the same whatever the order of keys."""
    try:
        return _bytes(_encode(value))
    except (_NotJson, ValueError):  # ValueError: an integer of more digits than Python prints
        return INVALID


def stable_hash(values: Iterable[object]) -> str | Nothing:
    """SHA-256, in hex, of the values' canonical JSON: `[v]` for a present one, `[]` for a missing one.

    MISSING if every value is missing or null; INVALID if one may have lost digits or has no canonical form.
    """
    parts: list[tuple[object, ...]] = []
    are_plain, is_any = True, False
    for value in values:
        if value is MISSING:
            parts.append(())
            continue
        parts.append((value,))
        if value is not None:
            is_any = True
            if type(value) is not str:
                if may_have_lost_digits(value):
                    return INVALID
                are_plain = are_plain and _is_plain(value, _SHALLOW)
    if not is_any:
        return MISSING
    text = (are_plain and _encode_at_once(parts)) or canonical_json([[*part] for part in parts])
    if isinstance(text, Nothing):
        return INVALID
    spend_on_json(text)
    return sha256(text).hexdigest()


def _encode_at_once(parts: list[tuple[object, ...]]) -> bytes | None:
    try:
        text = _encode_plain(parts)
    except (ValueError, OverflowError):  # half of a surrogate pair; an integer too long to print
        return None
    return None if may_have_too_many_digits(text) else text


def _is_plain(value: Any, room: int) -> bool:
    """Return True if msgspec writes a value as JCS does."""
    kind = type(value)
    if kind in _PLAIN:
        return True
    if kind is float:
        # Not integral, and of a size that both write without an exponent.
        return 1e-3 < abs(value) < 1e15 and not value.is_integer()
    if not room or (kind is not dict and kind is not list):
        return False
    values = value
    if kind is dict:
        try:
            keys = "".join(value)
        except TypeError:  # a key that is no text
            return False
        if not keys.isascii() and max(keys) >= "\ud800":
            return False
        values = value.values()
    if _PLAIN.issuperset(map(type, values)):
        return True
    for inner in values:
        if type(inner) in _PLAIN:
            continue
        if not _is_plain(inner, room - 1):
            return False
    return True


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _lone_surrogates(lambda match: f"\\u{ord(match[0]):04x}", text).encode()


def _encode(value: object) -> str:
    if not isinstance(value, dict | list):
        return _scalar(value)
    parts: list[str] = []
    waiting: list[tuple[_Members, str]] = []
    members: _Members = iter((("", value),))
    closing = ""
    while True:
        for before, member in members:
            parts.append(before)
            if isinstance(member, dict | list):
                if (flat := _flat(member)) is not None:
                    parts.append(flat)
                    continue
                if len(waiting) >= MAX_CANONICAL_DEPTH:
                    raise RecursionError("a value nests too deep for canonical JSON")
                waiting.append((members, closing))
                opening, members, closing = _open(member)
                parts.append(opening)
                break
            parts.append(_scalar(member))
        else:
            parts.append(closing)
            if not waiting:
                return "".join(parts)
            members, closing = waiting.pop()


def _flat(container: dict[str, object] | list[object]) -> str | None:
    """The text of a container of plain values, the fast way; None if the slow way has to write it."""
    try:
        if isinstance(container, list):
            plain = _PLAIN.issuperset(map(type, container))
        else:
            plain = _PLAIN.issuperset(map(type, container.values())) and "".join(container).isascii()
        text = _encode_plain(container) if plain else None
    except (TypeError, ValueError):  # a key that is not text; half of a surrogate pair; a long integer
        return None
    return None if text is None or may_have_too_many_digits(text) else text.decode()


def _open(container: dict[str, object] | list[object]) -> tuple[str, _Members, str]:
    if isinstance(container, list):
        return "[", _elements(container), "]"
    return "{", _properties(container), "}"


def _elements(array: list[object]) -> _Members:
    before = ""
    for element in array:
        yield before, element
        before = ","


def _properties(obj: dict[str, object]) -> _Members:
    before = ""
    for key in _ordered(obj):
        yield f"{before}{_quote(key)}:", obj[key]
        before = ","


def _ordered(obj: dict[str, object]) -> list[str]:
    """Keys by UTF-16 code units (RFC 8785 §3.2.3); below U+10000 that is Python's own order."""
    try:
        if "".join(obj).isascii():
            return sorted(obj)
        return sorted(obj, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    except TypeError as error:
        raise _NotJson from error


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return _quote(value)
    if value is None:
        return "null"
    if isinstance(value, float):
        return _number(value)
    text = to_string(value)
    if isinstance(text, Nothing):
        raise _NotJson
    return text


def _number(value: float) -> str:
    """A float as ECMAScript writes it (RFC 8785 §3.2.2.3): both use the shortest digits that read back."""
    if value == 0.0:
        return "0"
    if value - value != 0.0:
        raise _NotJson
    sign = "-" if value < 0 else ""
    mantissa, _, power = float.__repr__(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(power or 0)
    padded = whole + ("" if fraction == "0" else fraction)
    digits = padded.lstrip("0")
    point -= len(padded) - len(digits)
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        return sign + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{sign}{mantissa}e{point - 1:+d}"
