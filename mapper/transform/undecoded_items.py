"""Undecoded items: the bytes of those items of a body that the narrow path made no events of.

They are decoded when they are first read: nearly every service counts its skips and rejections and reads few
of their items.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
Outcome: TypeAlias = bytes | NoEvent | None
# Finds the elements of the array in a text at which an alternative of `each` ends.
Split: TypeAlias = Callable[[bytes], list[Raw]]
# The index of the alternative of `each` whose elements have been found, -1 if none, and these elements.
FoundElements: TypeAlias = tuple[int, Sequence[Raw]]
# The items that became no events, by index.
ItemThunks: TypeAlias = dict[int, Thunk]

_LITTLE = 1 << 16  # bytes that may have to be gone through if all items are asked for, one after the other


@dataclass(frozen=True, slots=True)
class UndecodedItems:
    """Finds the items of bodies of one mapping; `splits` has a function for each of the `alternatives`."""

    alternatives: tuple[Alternative, ...] = field(repr=False)
    splits: tuple[Split | None, ...]
    rows: tuple[str, ...]  # for each alternative the location of its array

    def find(
        self, outcomes: list[Outcome], each_index: int, body: bytes, found: FoundElements
    ) -> tuple[ItemThunks | None, bool]:
        """The items of a body, and whether they are elements of an array; None if that is not known."""
        split_index, elements = found
        split = self.splits[each_index]
        if split is None:
            return None, True
        try:
            if len(outcomes) == 1 and split_index != each_index:
                # The only item may be in no array.
                if self.rows[each_index] == "$" and not body.lstrip(BLANKS).startswith(b"["):
                    return {0: Thunk(read_late, body)}, False
                split_index, elements = each_index, split(body)
            known = elements if split_index == each_index else ()
            return self.elements_of(outcomes, each_index, body, known), True
        except ValueError:
            pass
        if len(outcomes) > 1:
            return None, True
        alone = bytes(finder(names_of(self.alternatives[each_index]))(body))
        return (None, True) if alone.startswith(b"[") else ({0: Thunk(read_late, alone)}, False)

    def elements_of(
        self, outcomes: list[Outcome], each_index: int, text: bytes, elements: Sequence[Raw] = ()
    ) -> ItemThunks:
        """The elements of an array in a text, one for each outcome, that became no events.

        Raises ValueError if the array is not found, or does not have one element for each outcome.
        """
        others = [i for i, o in enumerate(outcomes) if type(o) is not bytes and o is not None]
        split = self.splits[each_index]
        if split is None or not others:
            return {}
        if not elements and len(others) * len(text) <= _LITTLE:
            return {i: Thunk(_read_element, text, split, self.alternatives, i) for i in others}
        elements = elements or split(text)
        if len(elements) != len(outcomes):
            raise ValueError("other items than those that were mapped")
        return {i: Thunk(read_late, bytes(elements[i])) for i in others}


def _read_element(text: bytes, split: Split, alternatives: tuple[Alternative, ...], index: int) -> object:
    """One of the items of a text; of equal names that lead to them, the last counts."""
    try:
        return read_late(bytes(split(text)[index]))
    except ValueError:
        items = select(alternatives, read_late(text), index + 1)
        return None if items is None else items[index]
