"""Rendered: the text of a template mapping, parsed strictly as one JSON object."""

from __future__ import annotations

import re

from mapper.runtime.faults import Fault
from mapper.runtime.json.exact import decode, encode
from mapper.runtime.json.nesting import count_members, is_deeper
from mapper.runtime.limits import active

_CONTAINERS = frozenset({dict, list})
_POSITION = re.compile(r"\(byte (\d+)\)")


def parse_rendered(text: str, site: int) -> dict[str, object]:
    """The JSON object a template has rendered.

    Raises Fault M621 if the text is not JSON (with the line and column of the first bad character) or an
    object has a key twice, which would lose one of two values; M622 if it is JSON of another type; M606 if it
    nests too deep.
    """
    raw = text.encode("utf-8", "surrogatepass")
    if is_deeper(raw, active().nesting):
        raise Fault("M606", site, "", text)
    try:
        value = decode(raw)
    except ValueError as error:
        raise Fault("M621", site, _place(str(error), text), text) from None
    if not _has_each_key_once(raw, value):
        raise Fault("M621", site, "a key stands twice in one object", text)
    if not isinstance(value, dict):
        raise Fault("M622", site, "", text)
    return value


def _has_each_key_once(raw: bytes, value: object) -> bool:
    """Return True if no object of a JSON text has a key twice; its value would keep only one of them."""
    # Without escapes, both have the same colons inside texts, and one more for each member.
    if b"\\" not in raw and raw.count(b":") == encode(value).count(b":"):
        return True
    return count_members(raw) == _members(value)


def _members(value: object) -> int:
    """The number of members of all objects in a value; of equal keys in a text only one is left."""
    if isinstance(value, dict):
        return len(value) + sum([_members(inner) for inner in value.values() if type(inner) in _CONTAINERS])
    if isinstance(value, list):
        return sum([_members(inner) for inner in value if type(inner) in _CONTAINERS])
    return 0


def _place(message: str, text: str) -> str:
    found = _POSITION.search(message)
    if found is None:
        return "the text ends too early" if "truncated" in message else "it cannot be read"
    before = text.encode("utf-8", "surrogatepass")[: int(found.group(1))].decode("utf-8", "replace")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return f"first bad character in line {line}, column {column} of the rendered text"
