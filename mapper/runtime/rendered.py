"""Rendered: the text of a template mapping, parsed strictly as one JSON object."""

from __future__ import annotations

import json
import re

import msgspec

from mapper.runtime.faults import Fault
from mapper.runtime.limits import active
from mapper.runtime.nesting import is_deeper

_POSITION = re.compile(r"\(byte (\d+)\)")


def parse_rendered(text: str, site: int) -> dict[str, object]:
    """The JSON object a template has rendered.

    Raises Fault M621 where the text is not JSON (with the line and column of the first bad character) or an
    object holds a key twice, which would lose one of two values; M622 where it is JSON of another type; M606
    where it nests too deep.
    """
    if is_deeper(text.encode("utf-8", "surrogatepass"), active().nesting):
        raise Fault("M606", site, "", text)
    try:
        value = msgspec.json.decode(text)
        json.loads(text, object_pairs_hook=_once)
    except _RepeatedKeyError:
        raise Fault("M621", site, "a key stands twice in one object", text) from None
    except (msgspec.DecodeError, UnicodeEncodeError, ValueError) as error:
        raise Fault("M621", site, _place(str(error), text), text) from None
    if not isinstance(value, dict):
        raise Fault("M622", site, "", text)
    return value


class _RepeatedKeyError(Exception):
    """An object with one key twice."""


def _once(members: list[tuple[str, object]]) -> None:
    if len(dict(members)) != len(members):
        raise _RepeatedKeyError


def _place(message: str, text: str) -> str:
    found = _POSITION.search(message)
    if found is None:
        return "the text ends too early" if "truncated" in message else "it cannot be read"
    before = text.encode("utf-8", "surrogatepass")[: int(found.group(1))].decode("utf-8", "replace")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return f"first bad character in line {line}, column {column} of the rendered text"
