"""Portions: a long array of items is mapped a few items at a time, so that little is held at once.

Where to cut the array is guessed, without parsing it. What makes it sure is that each portion turns out to be
an array by itself: then all of them, one after the other, hold just the elements of the whole. And where none
of them has too many brackets, none of the elements nests too deep.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mapper.runtime.items import Alternative, names_of
from mapper.runtime.json.nesting import count_brackets
from mapper.runtime.limits import DEFAULT
from mapper.transform.outcomes import Items, Outcome, Outcomes

_BLANKS = b" \t\n\r"
_SAMPLE = 1 << 13  # bytes from which it is seen how close to each other brackets stand
_LARGEST = 1 << 16  # bytes of a portion, where its items are not larger: what the processor keeps at hand
_SMALLEST = 1 << 8

# The array's first element, as far as the end of its first key: most of its neighbours begin so too.
_open = re.compile(rb'[ \t\n\r]*\[[ \t\n\r]*(\{[ \t\n\r]*"[^"\\]{1,200}")').match


def find_portioned(alternatives: tuple[Alternative, ...]) -> int | None:
    """The number of the alternative of `each`, if any, that selects the elements of an array."""
    for number, alternative in enumerate(alternatives):
        if not names_of(alternative):
            return None if callable(alternative) or len(alternative) > 1 else number
    return None


def map_portions(
    texts: Iterable[bytes], run: Callable[[bytes], Any], way: int, outcomes: Outcomes
) -> tuple[list[Outcome], Items]:
    """The outcomes of the items in all portions, and how to read those that have become no events.

    Raises whatever exception where portions are not what they were taken for: then they tell nothing.
    """
    found: list[Outcome] = []
    items: Items = {}
    for text in texts:
        mapped, by = run(text)
        if by != way:
            raise ValueError("not the items that were meant")
        for index, work in outcomes.items_of(mapped, way, text).items():
            items[len(found) + index] = work
        found += mapped
        if len(found) > DEFAULT.items:  # which is too many, whatever follows
            break
    return found, items


def portions(body: bytes, most: int) -> Iterator[bytes]:
    """The portions of a body, each with at most `most` opening brackets besides its first.

    Raises ValueError where there is no good place to cut it.
    """
    opened, end = _open(body), len(body.rstrip(_BLANKS)) - 1
    if opened is None or body[end] != 0x5D:
        raise ValueError("no array of objects")
    head, start = opened[1], opened.start(1)
    sample = body[start : start + _SAMPLE]
    # Most portions are to keep a quarter of their brackets in reserve.
    step = min(_LARGEST, max(_SMALLEST, len(sample) * most * 3 // (4 * count_brackets(sample))))
    while start < end:
        last = min(start + step + _LARGEST, end)
        cut = body.find(head, start + step, last)
        if cut < 0 and last < end:
            raise ValueError("no item near by")
        text = body[start : end if cut < 0 else cut].rstrip(_BLANKS)
        if count_brackets(text) > most:
            if step < _SMALLEST:
                raise ValueError("too many brackets")
            step = step * 3 // 4
            continue
        if cut < 0:
            yield b"[%b]" % text
            return
        if text[-1] != 0x2C:
            raise ValueError("what items begin with stands elsewhere too")
        yield b"[%b]" % text[:-1]
        start = cut
