"""Narrow decoding at run time: bodies decoded as far as they are read.

`NeedsFullDecode` and every other exception mean the same: the decoded path has to map this item. The decoder
checks the syntax of what it skips, but neither its UTF-8 nor the range of its numbers.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw, Struct

from mapper.runtime.json.nesting import count_brackets, has_brackets, is_deeper
from mapper.runtime.missing import MISSING

__all__ = [
    "Any",
    "NeedsFullDecode",
    "Struct",
    "check_text",
    "elements",
    "encode",
    "finder",
    "reader",
    "splitter",
    "take_apart",
]

encode = msgspec.json.Encoder().encode
_PART = 1 << 16  # bytes of a body that are checked at once
_TOGETHER = 8  # items of a body


class NeedsFullDecode(Exception):
    """The payload is not shaped as the narrow path takes it."""


def reader(kind: Any) -> Callable[[bytes | Raw], Any]:
    """A decoder of JSON text that decodes only the parts that a msgspec type has."""
    return msgspec.json.Decoder(kind).decode


def check_text(body: bytes) -> None:
    """Raise UnicodeDecodeError for a body that is not UTF-8."""
    if len(body) <= _PART:
        body.decode()
        return
    decode = getincrementaldecoder("utf-8")().decode
    for start in range(0, len(body), _PART):
        decode(body[start : start + _PART], start + _PART >= len(body))


def take_apart(
    body: bytes, splitters: Iterable[Callable[[bytes], list[Raw]] | None], max_depth: int
) -> tuple[int, list[Raw]]:
    """Split a body that has more than `max_depth` brackets.

    Returns the index of the splitter that finds the items, and the items undecoded; -1 and no items if the
    whole body nests no deeper than `max_depth` levels. Raises NeedsFullDecode if an item may nest deeper.
    """
    for each_index, split in enumerate(splitters):
        items: list[Raw] = []
        with suppress(ValueError):
            items = split(body) if split is not None else []
        inside = _count_inside(items, max_depth)
        if inside is not None:
            # Apart from commas, few bytes lie outside the items.
            around = len(body) - sum(map(len, items)) - len(items)
            if (
                around < 2 * max_depth
                or count_brackets(body) - inside <= max_depth
                or not is_deeper(body, max_depth)
            ):
                return each_index, items
            raise NeedsFullDecode
    if is_deeper(body, max_depth):
        raise NeedsFullDecode
    return -1, []


def _count_inside(items: list[Raw], max_depth: int) -> int | None:
    """The number of opening brackets of all items; None without items, or if one may nest too deep."""
    # Nearly always several neighbours have no more together than one may have, and are looked at as one.
    step = _TOGETHER if sum(map(len, items)) < _TOGETHER * _PART else 1
    total = 0
    for start in range(0, len(items), step):
        run = items[start : start + step]
        found = count_brackets(b"".join(run))
        if found > max_depth and any(has_brackets(bytes(item), max_depth) for item in run):
            return None
        total += found
    return total if items else None


def splitter(names: tuple[str, ...]) -> Callable[[bytes], list[Raw]]:
    """A function that finds, undecoded, the elements of the array that the names lead to."""
    return _inner(names, list[Raw])


@lru_cache(maxsize=64)
def finder(names: tuple[str, ...]) -> Callable[[bytes], Raw]:
    """A function that finds, undecoded, the value that the names lead to."""
    return _inner(names, Raw)


def _inner(names: tuple[str, ...], kind: Any) -> Callable[[bytes], Any]:
    for name in reversed(names):
        kind = msgspec.defstruct("Around", [("inner", kind)], rename={"inner": name}, gc=False)
    read = msgspec.json.Decoder(kind).decode
    if not names:
        return read

    def find(body: bytes) -> Any:
        node = read(body)
        for _ in names:
            node = node.inner
        return node

    return find


def elements(node: object) -> list[Any]:
    """The elements of an array, none of a scalar; NeedsFullDecode for objects: theirs are not decoded."""
    if isinstance(node, list):
        return node
    if node is None or node is MISSING or isinstance(node, str | int | float):
        return []
    raise NeedsFullDecode
