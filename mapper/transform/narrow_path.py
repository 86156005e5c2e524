"""Narrow path: a body becomes events as bytes and is decoded no further than its mapping reads it.

A body that it cannot map, or not provably with the same result, is left to the decoded path.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter
from typing import Any, TypeAlias

from mapper.runtime.faults import NO_OBJECT, Fault, InvalidEvent, record_plain_fault
from mapper.runtime.growth import ROOM, Growth, is_bounded
from mapper.runtime.items import Alternative, names_of, select
from mapper.runtime.json.exact import encode
from mapper.runtime.json.locations import write_location
from mapper.runtime.json.narrow import take_apart
from mapper.runtime.limits import DEFAULT
from mapper.transform.body import read_late, read_plain
from mapper.transform.chunks import chunks, find_chunkable, map_chunks
from mapper.transform.collector import Collector, NoEvent, at_root
from mapper.transform.decoded_path import DecodedPath
from mapper.transform.request import Request
from mapper.transform.result import JsonResult, Thunk
from mapper.transform.undecoded_items import (
    FoundElements,
    ItemThunks,
    Outcome,
    Split,
    UndecodedItems,
)

_NESTING, _MAX_BYTES = DEFAULT.nesting, DEFAULT.body_bytes
_SHALLOW = 2 * _NESTING  # bytes that cannot nest too deep: a level takes two brackets
_NOTHING_FOUND: FoundElements | ItemThunks = (-1, ())
_ONLY_BYTES = frozenset({bytes})

# Outcomes of items and the index of the alternative of `each` they are from, or the outcome of a body that is
# one item.
Mapped: TypeAlias = Outcome | tuple[list[Outcome], int]


class NarrowPath:
    """Maps bodies under the default limits with the narrow `module` that code generation made.

    `collector` knows the places of that module; items and bodies that it leaves are mapped by `decoded`.
    """

    __slots__ = (
        "_alternatives",
        "_chunkable",
        "_collector",
        "_decoded",
        "_is_bounded",
        "_items",
        "_max_bytes",
        "_run",
        "_splits",
    )

    def __init__(
        self, module: dict[str, Any], decoded: DecodedPath, collector: Collector, growth: Growth
    ) -> None:
        self._decoded = decoded
        self._collector = collector
        self._alternatives: tuple[Alternative, ...] = decoded.alternatives
        self._is_bounded = is_bounded(growth)
        # A larger body could become too large an event before that one is measured.
        self._max_bytes = min(_MAX_BYTES, DEFAULT.result_bytes // max(1, growth.own + growth.shared))
        self._run: Callable[[bytes, Request], Mapped] = module["run"]
        self._splits: tuple[Split | None, ...] = module["SPLIT"]
        rows = tuple(write_location(names_of(alternative)) for alternative in self._alternatives)
        self._items = UndecodedItems(self._alternatives, self._splits, rows)
        self._chunkable = find_chunkable(self._alternatives) if module["ALONE"] else None

    def map(self, body: bytes, request: Request) -> JsonResult | None:
        """The result; None, or an exception of any kind, if the decoded path has to map the body."""
        mapped: Mapped = None
        size, found = len(body), _NOTHING_FOUND
        if size > _SHALLOW:
            if size > self._max_bytes:
                return None
            # An object around others takes five bytes: brackets, quotes, a colon. Taking brackets out is
            # faster than counting them: it jumps from one to the next.
            arrays = size - len(body.replace(b"[", b"", _NESTING + 1))
            if arrays + size // 5 >= _NESTING and (
                arrays + size - len(body.replace(b"{", b"", _NESTING + 1)) > _NESTING
            ):
                mapped, found = self._take_apart(body, request)
        if mapped is None:
            try:
                mapped = self._run(body, request)
            except Fault as fault:
                mapped = record_plain_fault(fault)
            except InvalidEvent as invalid:
                mapped = invalid
        if isinstance(mapped, bytes):
            return JsonResult([mapped]) if len(mapped) <= ROOM or self._is_bounded else None
        if mapped is None:
            return self._map_decoded(body, request)
        if not isinstance(mapped, tuple) or len(mapped) != 2:
            return self._enter_body(mapped, body)
        outcomes, each_index = mapped
        if len(outcomes) > DEFAULT.items:
            return None
        if _ONLY_BYTES.issuperset(map(type, outcomes)):
            return JsonResult(outcomes)  # type: ignore[arg-type]
        return self._enter_items(outcomes, each_index, body, request, found)

    def _take_apart(
        self, body: bytes, request: Request
    ) -> tuple[tuple[list[Outcome], int] | None, FoundElements | ItemThunks]:
        """The outcomes of a body with many brackets, if its items can be mapped in chunks.

        Otherwise the elements that were found while it was made sure that none of them nests too deep;
        NeedsFullDecode if one may.
        """
        each_index = self._chunkable
        if each_index is not None:
            with suppress(Exception):  # a wrong cut can cause any error
                mapped, items = map_chunks(
                    chunks(body, _NESTING), lambda text: self._run(text, request), each_index, self._items
                )
                if self._is_bounded or _have_room(mapped):
                    return (mapped, each_index), items
        return None, take_apart(body, self._splits, _NESTING)

    def _enter_body(self, outcome: NoEvent, body: bytes) -> JsonResult:
        """The result of a body that is one item and no event."""
        result = JsonResult()
        self._collector.enter(result, 0, outcome, at_root, Thunk(read_late, body))
        return result

    def _enter_items(
        self,
        outcomes: list[Outcome],
        each_index: int,
        body: bytes,
        request: Request,
        found: FoundElements | ItemThunks,
    ) -> JsonResult | None:
        """The result of items, not all of them events; None if the decoded path has to map the body."""
        row = self._items.rows[each_index]
        items, is_row = (
            (found, True) if isinstance(found, dict) else self._items.find(outcomes, each_index, body, found)
        )
        unknown = None if self._decoded.objects_only else NO_OBJECT  # the decoded path has to map it
        result = JsonResult()
        left: list[int] = []

        def locate(index: int) -> str:
            return f"{row}[{index}]" if is_row else row

        enter = self._collector.enter
        for index, outcome in enumerate(outcomes):
            if type(outcome) is bytes:
                continue
            if items is None or outcome is None or outcome is unknown:
                left.append(index)
            else:
                enter(result, index, outcome, locate, items[index])  # type: ignore[arg-type]
        if not left:
            events = [o for o in outcomes if type(o) is bytes]
            return JsonResult(events, result.skipped, result.rejected)
        return self._map_left(outcomes, left, result, body, request)

    def _map_decoded(self, body: bytes, request: Request) -> JsonResult | None:
        """The result of a body that is JSON for sure, from the decoded path."""
        value = read_plain(body)
        items = select(self._alternatives, value)
        if items is None:
            from mapper.transform.no_items import reject_without_items

            return JsonResult([], [], [reject_without_items(self._alternatives, value, value)])
        if len(items) > DEFAULT.items:
            return None
        result = self._decoded.map_items(enumerate(items), value, request)
        return JsonResult([encode(event) for event in result.events], result.skipped, result.rejected)

    def _map_left(
        self, outcomes: list[Outcome], left: list[int], result: JsonResult, body: bytes, request: Request
    ) -> JsonResult | None:
        """The result with the items that are left to the decoded path; None if the body has other items."""
        value = read_plain(body)
        items = select(self._alternatives, value)
        if items is None or len(items) != len(outcomes):
            return None
        more = self._decoded.map_items([(index, items[index]) for index in left], value, request)
        skipped = sorted([*result.skipped, *more.skipped], key=_index)
        rejected = sorted([*result.rejected, *more.rejected], key=_index)
        others = {other.index for other in (*skipped, *rejected)}
        decoded = iter(more.events)
        events = [
            outcome if type(outcome) is bytes else encode(next(decoded))
            for index, outcome in enumerate(outcomes)
            if index not in others
        ]
        return JsonResult(events, skipped, rejected)


_index = attrgetter("index")


def _have_room(outcomes: list[Outcome]) -> bool:
    """True if the events take so few bytes that none of them is too large, alone or with the others."""
    return sum(len(outcome) for outcome in outcomes if isinstance(outcome, bytes)) <= ROOM


class NoNarrowPath:
    """Leaves every body to the decoded path."""

    __slots__ = ()

    def map(self, body: bytes, request: Request) -> None:
        """None, always."""
