"""Narrow decoding at run time: bodies decoded as far as they are read, objects that pass undecoded.

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
from mapper.runtime.missing import MISSING, is_blank

__all__ = [
    "Any",
    "NeedsFullDecode",
    "Raw",
    "Struct",
    "check_text",
    "decode",
    "decoded",
    "elements",
    "encode",
    "finder",
    "is_blank_object",
    "joined",
    "lacking",
    "passing",
    "reader",
    "spliced",
    "splitter",
    "spread",
    "take_apart",
]

encode = msgspec.json.Encoder().encode
joined = b"".join
decode = msgspec.json.Decoder().decode
_PART = 1 << 16  # bytes of a body that are checked at once
_TOGETHER = 8  # items of a body

# The outline of JSON text keeps quotes, the characters between values, and enough letters to distinguish
# `true` and `false` from a number with an exponent, which leaves `,e,`. Texts may leave that too; then the
# decoder decides.
_OUTLINED = b'"\\eEuf,:[]{}'
_ELSE = bytes(byte for byte in range(256) if byte not in _OUTLINED)
_OUTLINE = bytes.maketrans(b"E:[]{}", b"e,,,,,")

# A number in range has at most 309 digits before its point; every hundredth byte meets so long a run thrice.
_STRIDE = 100
_ZEROS = bytes.maketrans(b"123456789", b"000000000")


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
        found = count_brackets(joined(run))
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


def passing(raw: Raw) -> Any:
    """The text of an object whose numbers are all in range; of anything else its value."""
    text = bytes(raw)
    if text[0] != 0x7B:
        return decode(text)
    if text.translate(_OUTLINE, _ELSE).find(b",e,") >= 0 or (
        len(text) > 3 * _STRIDE and text[::_STRIDE].translate(_ZEROS).find(b"000") >= 0
    ):
        decode(text)
    # A line end in JSON is always between values. An event is one line, whoever wrote its parts on several.
    return text if text.find(b"\n") < 0 > text.find(b"\r") else msgspec.json.format(text, indent=-1)


def decoded(raw: object) -> Any:
    """The value of an undecoded place; other values stay."""
    return decode(raw) if type(raw) is bytes or type(raw) is Raw else raw


def spliced(text: bytes, before: dict[str, object], after: dict[str, object]) -> bytes:
    """One object of an undecoded one and members before and after it, none of which it has."""
    if is_blank_object(text):
        return encode({**before, **after})
    if before:
        text = joined((encode(before)[:-1], b",", text[1:]))
    return joined((text[:-1], b",", encode(after)[1:])) if after else text


def spread(value: object) -> dict[str, Any]:
    """The members that `merge` takes from a decoded operand."""
    if value is None or value is MISSING:
        return {}
    if isinstance(value, dict):
        return value
    raise NeedsFullDecode


def lacking(names: tuple[str, ...]) -> Callable[[bytes], bool]:
    """A function that returns True if an undecoded object has none of the named keys."""
    fields = [(f"f{number}", Any, MISSING) for number in range(len(names))]
    keys = msgspec.defstruct("Keys", fields, rename={f"f{n}": name for n, name in enumerate(names)}, gc=False)
    read, none = msgspec.json.Decoder(keys).decode, keys()
    return lambda raw: bool(read(raw) == none)


def is_blank_object(raw: object) -> bool:
    """Return True if a result of `passing` is blank to Liquid. Bytes are an object: blank without members."""
    if type(raw) is bytes:
        return raw[1] != 0x22 and not raw[1:-1].strip()
    return is_blank(raw)


def elements(node: object) -> list[Any]:
    """The elements of an array, none of a scalar; NeedsFullDecode for objects: theirs are not decoded."""
    if isinstance(node, list):
        return node
    if node is None or node is MISSING or isinstance(node, str | int | float):
        return []
    raise NeedsFullDecode
