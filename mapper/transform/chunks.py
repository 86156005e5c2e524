"""Chunks: a long array of items is mapped a few items at a time, so that little is held at once.

If the elements of the array have been found, a few of them are a portion. To find them takes a tenth of the
time of mapping them, or more. A small array is therefore cut without parsing it, at guessed places. The guess
is right if each chunk is an array by itself: then all chunks together hold exactly the elements of the whole.
If no chunk has too many brackets, no element nests too deep.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import Raw

from mapper.runtime.items import Alternative, names_of
from mapper.runtime.json.nesting import count_brackets
from mapper.runtime.limits import DEFAULT
from mapper.transform.rejections import BLANKS
from mapper.transform.result import Thunk
from mapper.transform.undecoded_items import NarrowOutcome, UndecodedItems

_SAMPLE = 1 << 13  # bytes in which the distance of brackets is measured
_LARGEST = 1 << 16  # bytes of a chunk, if its items are not larger: about a cache of the processor
_SMALLEST = 1 << 8

# The array's first element up to the end of its first key: most other elements begin with the same bytes.
_open = re.compile(rb'[ \t\n\r]*\[[ \t\n\r]*(\{[ \t\n\r]*"[^"\\]{1,200}")').match


def find_chunkable(alternatives: tuple[Alternative, ...]) -> int | None:
    """The index of the alternative of `each`, if any, that selects the elements of an array."""
    for number, alternative in enumerate(alternatives):
        if not names_of(alternative):
            return None if callable(alternative) or len(alternative) > 1 else number
    return None


@dataclass(frozen=True, slots=True)
class ChunkItems:
    """The items of all chunks that became no events, by index; `row` is the location of their array."""

    row: str
    thunks: dict[int, Thunk] = field(default_factory=dict, repr=False)

    def find(self, index: int) -> Thunk | None:
        """An item; None if it is not known."""
        return self.thunks.get(index)

    def locate(self, index: int) -> str:
        """The location of an item."""
        return f"{self.row}[{index}]"


def map_chunks(
    texts: Iterable[bytes],
    run: Callable[[bytes, int], list[NarrowOutcome]],
    each_index: int,
    undecoded: UndecodedItems,
    room: int,
) -> tuple[list[NarrowOutcome], ChunkItems]:
    """The outcomes of the items in all chunks, and those items that became no events.

    Raises an exception of any kind if the chunks were cut at wrong places. `run` does so if the events of a
    chunk take more bytes than are left of `room`.
    """
    found: list[NarrowOutcome] = []
    items = ChunkItems(undecoded.rows[each_index])
    for text in texts:
        mapped = run(text, room)
        inside = undecoded.of(text, each_index, len(mapped))
        for index, outcome in enumerate(mapped):
            if type(outcome) is bytes:
                room -= len(outcome)
            elif outcome is not None:
                item = inside.find(index)
                if item is not None:
                    items.thunks[len(found) + index] = item
        found += mapped
        if len(found) > DEFAULT.items:  # too many, whatever follows
            break
    return found, items


def portions(elements: Sequence[Raw]) -> Iterator[bytes]:
    """Elements of an array, a few at a time, as arrays of their own."""
    start = size = 0
    for end, element in enumerate(elements):
        if size > _LARGEST:
            yield b"[%b]" % b",".join(elements[start:end])
            start, size = end, 0
        size += len(element)
    if start < len(elements):
        yield b"[%b]" % b",".join(elements[start:])


def chunks(body: bytes, max_brackets: int) -> Iterator[bytes]:
    """The chunks of a body, each with at most `max_brackets` opening brackets besides its first.

    Raises ValueError if there is no good place to cut.
    """
    opened, end = _open(body), len(body.rstrip(BLANKS)) - 1
    if opened is None or body[end] != 0x5D:
        raise ValueError("no array of objects")
    head, start = opened[1], opened.start(1)
    sample = body[start : start + _SAMPLE]
    # A quarter of the brackets is kept in reserve, so that few chunks have to be cut again.
    step = min(_LARGEST, max(_SMALLEST, len(sample) * max_brackets * 3 // (4 * count_brackets(sample))))
    while start < end:
        last = min(start + step + _LARGEST, end)
        cut = body.find(head, start + step, last)
        if cut < 0 and last < end:
            raise ValueError("no item nearby")
        text = body[start : end if cut < 0 else cut].rstrip(BLANKS)
        if count_brackets(text) > max_brackets:
            if step < _SMALLEST:
                raise ValueError("too many brackets")
            step = step * 3 // 4
            continue
        if cut < 0:
            yield b"[%b]" % text
            return
        if text[-1] != 0x2C:
            raise ValueError("the first key of the items occurs elsewhere too")
        yield b"[%b]" % text[:-1]
        start = cut
