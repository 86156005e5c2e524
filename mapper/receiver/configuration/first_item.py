"""First item: the bytes of a body that a vendor signs if it signs the first item of a batch alone.

The bytes are cut out of the body. Written again, they would differ: each program has its own way to write
numbers, blanks and escapes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import msgspec

# Far more than vendors put into one message. It bounds the work for a body that nobody has signed.
MAX_BYTES = 1024 * 1024

_BLANKS = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb"[-+.0-9A-Za-z]+")
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
# A quote alone begins a text that does not end.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}"]', re.DOTALL)
_WRAPPED = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class FirstItem:
    """The bytes that may have been signed, one or two; without any, `fault` is the reason in words."""

    candidates: tuple[bytes, ...] = field(default=(), repr=False)
    fault: str = ""


NO_ITEM = FirstItem()


def first_item(body: bytes) -> FirstItem:
    """The first item of a JSON body.

    A body that is an object is one item, as it came. Of an array it is the first element; if that is an
    object with the member `json` alone, also the value of this member.
    """
    start = _after_blanks(body, 0)
    match body[start : start + 1]:
        case b"{":
            return FirstItem((body,))
        case b"[":
            return _element(body, _after_blanks(body, start + 1))
        case b"":
            return FirstItem(fault="the body is empty")
        case _:
            return FirstItem(fault="the body is neither an object nor an array of JSON")


def _element(body: bytes, start: int) -> FirstItem:
    if body[start : start + 1] == b"]":
        return FirstItem(fault="the batch is empty")
    end = _end_of_value(body, start)
    if end is None:
        is_long = len(body) - start > MAX_BYTES
        return FirstItem(fault="the first item is too large" if is_long else "the first item is not JSON")
    if body[(after := _after_blanks(body, end)) : after + 1] not in (b",", b"]"):
        return FirstItem(fault="the first item is not JSON")
    item = body[start:end]
    try:
        members = _WRAPPED.decode(item)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        members = {}
    return FirstItem((item, bytes(members["json"])) if members.keys() == {"json"} else (item,))


def _end_of_value(body: bytes, start: int) -> int | None:
    """The offset behind the JSON value that begins at `start`; None if it does not end within MAX_BYTES."""
    stop = min(len(body), start + MAX_BYTES)
    if body[start : start + 1] not in (b"[", b"{"):
        found = (_TEXT if body[start : start + 1] == b'"' else _SCALAR).match(body, start, stop)
        return found.end() if found else None
    depth = 0
    for token in _TOKEN.finditer(body, start, stop):
        match token[0]:
            case b"[" | b"{":
                depth += 1
            case b"]" | b"}":
                depth -= 1
                if not depth:
                    return token.end()
            case b'"':
                return None
    return None


def _after_blanks(body: bytes, start: int) -> int:
    found = _BLANKS.match(body, start)
    return start if found is None else found.end()
