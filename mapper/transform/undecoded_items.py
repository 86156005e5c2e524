"""Undecoded items: the bytes of those items of a body that the narrow path made no events of.

They are decoded when they are first read: nearly every service counts its skips and rejections and reads few
of their items.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from msgspec import Raw

from mapper.runtime.items import Alternative, names_of, select
from mapper.runtime.json.narrow import finder
from mapper.transform.body import read_late
from mapper.transform.collector import NoEvent
from mapper.transform.rejections import BLANKS
from mapper.transform.result import Thunk

# The outcome of an item on the narrow path; None if the decoded path has to map it.
NarrowOutcome: TypeAlias = bytes | NoEvent | None
# Finds the elements of the array in a text at which an alternative of `each` ends.
Split: TypeAlias = Callable[[bytes], list[Raw]]
# The index of the alternative of `each` whose elements have been found, -1 if none, and these elements.
FoundElements: TypeAlias = tuple[int, Sequence[Raw]]

_LITTLE = 1 << 16  # bytes that may have to be gone through if all items are asked for, one after the other


@dataclass(frozen=True, slots=True)
class UndecodedItems:
    """Finds the items of bodies of one mapping; `splits` has a function for each of the `alternatives`."""

    alternatives: tuple[Alternative, ...] = field(repr=False)
    splits: tuple[Split | None, ...]
    rows: tuple[str, ...]  # for each alternative the location of its array

    def of(self, body: bytes, each_index: int, count: int, found: FoundElements = (-1, ())) -> BodyItems:
        """The items of a body, `count` of them, which an alternative of `each` selects."""
        split_index, elements = found
        is_found = split_index == each_index and len(elements) == count
        return BodyItems(self, body, each_index, count, elements if is_found else ())


@dataclass(slots=True)
class BodyItems:
    """The items of one body; they are looked for when the first of them is asked for."""

    finder: UndecodedItems
    body: bytes = field(repr=False)
    each_index: int
    count: int
    _elements: Sequence[Raw] = field(repr=False)
    _alone: bytes | None = field(default=None, repr=False)
    _asked: int = 0
    _is_unknown: bool = False

    def find(self, index: int) -> Thunk | None:
        """An item; None if it is not known. `locate` is for items that were found."""
        split = self.finder.splits[self.each_index]
        if split is None or self._is_unknown:
            return None
        self._asked += 1
        if not self._elements and self._alone is None:
            if self._asked * len(self.body) <= _LITTLE and self.count > 1:
                return Thunk(_read_element, self.body, split, self.finder.alternatives, index)
            self._is_unknown = not self._look(split)
            if self._is_unknown:
                return None
        return Thunk(read_late, bytes(self._elements[index]) if self._alone is None else self._alone)

    def locate(self, index: int) -> str:
        """The location of an item."""
        row = self.finder.rows[self.each_index]
        return row if self._alone is not None else f"{row}[{index}]"

    def _look(self, split: Split) -> bool:
        """Find the items; False if they are in no array, or the array has others."""
        if self.count == 1 and self._is_body():
            self._alone = self.body
            return True
        with suppress(ValueError):
            elements = split(self.body)
            if len(elements) == self.count:
                self._elements = elements
                return True
        if self.count > 1:
            return False
        # The only item may be in no array.
        found = bytes(finder(names_of(self.finder.alternatives[self.each_index]))(self.body))
        self._alone = None if found.startswith(b"[") else found
        return self._alone is not None

    def _is_body(self) -> bool:
        is_root = self.finder.rows[self.each_index] == "$"
        return is_root and not self.body.lstrip(BLANKS).startswith(b"[")


def _read_element(text: bytes, split: Split, alternatives: tuple[Alternative, ...], index: int) -> object:
    """One of the items of a text; of equal names that lead to them, the last counts."""
    try:
        return read_late(bytes(split(text)[index]))
    except ValueError:
        items = select(alternatives, read_late(text))
        return None if items is None else items[index]
