"""Narrow path: a body becomes events as bytes and is decoded no further than its mapping reads it.

A body that it cannot map, or not provably with the same result, is left to the decoded path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, TypeAlias

from msgspec import Raw

from mapper.runtime.faults import NO_OBJECT, Fault, InvalidEvent, record_plain_fault
from mapper.runtime.growth import ROOM, Growth, is_bounded
from mapper.runtime.items import Alternative, names_of, select
from mapper.runtime.json.locations import write_location
from mapper.runtime.json.narrow import NeedsFullDecode, check_text, take_apart
from mapper.runtime.json.nesting import holds_more
from mapper.runtime.limits import DEFAULT
from mapper.runtime.work import OUT_OF_WORK, Meter, counted
from mapper.transform.body import read_late, read_plain
from mapper.transform.chunks import ChunkItems, chunks, find_chunkable, map_chunks, portions
from mapper.transform.collector import Collector, NoEvent, at_root
from mapper.transform.decoded_body import DecodedBody
from mapper.transform.decoded_path import DecodedPath
from mapper.transform.request import Request
from mapper.transform.result import JsonResult, Outcome, Rejected, Skipped, Thunk
from mapper.transform.stream import Stream, collect
from mapper.transform.undecoded_items import (
    BodyItems,
    FoundElements,
    NarrowOutcome,
    Split,
    UndecodedItems,
)

_NESTING, _MAX_BYTES = DEFAULT.nesting, DEFAULT.body_bytes
_SHALLOW = 2 * _NESTING  # bytes that cannot nest too deep: a level takes two brackets
_NOTHING_FOUND: FoundElements = (-1, ())
# The work of a body on this path, a small part of what is allowed; the decoded path maps any other body.
_SHARE = min(DEFAULT.item_work, DEFAULT.body_work) // 16
_FEW_ITEMS = 10
_FEW_LEFT = 2  # if one of so many items is left, all are mapped anew
_ONLY_BYTES = frozenset({bytes})

# The items of a body, the body itself, and the index of the alternative of `each` that selects the items.
Selected: TypeAlias = tuple[Sequence[object], object, int]
# The items of a body, or the outcome of a body that is one item.
Read: TypeAlias = NarrowOutcome | Selected


class NarrowPath:
    """Maps bodies under the default limits with the narrow `module` that code generation made.

    `collector` knows the places of that module; items and bodies that it leaves are mapped by `decoded`.
    """

    __slots__ = (
        "_alternatives",
        "_chunkable",
        "_collector",
        "_decoded",
        "_event",
        "_is_bounded",
        "_item",
        "_items",
        "_max_alone",
        "_max_bytes",
        "_max_of_few",
        "_read",
        "_splits",
        "_work",
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
        self._work = decoded.work
        self._max_alone = self._work.max_bytes(_SHARE, 1, DEFAULT)
        self._max_of_few = self._work.max_bytes(_SHARE, _FEW_ITEMS, DEFAULT)
        self._read: Callable[[bytes, Request], Read] = module["run"]
        self._event: Callable[[Any, object, Request], NarrowOutcome] = module["event"]
        self._item: type = module["ITEM"]
        self._splits: tuple[Split | None, ...] = module["SPLIT"]
        rows = tuple(write_location(names_of(alternative)) for alternative in self._alternatives)
        self._items = UndecodedItems(self._alternatives, self._splits, rows)
        self._chunkable = find_chunkable(self._alternatives) if module["ALONE"] else None

    def begin(self, body: bytes, request: Request, portion: int | None = None) -> JsonResult | Stream | None:
        """The result of a body if its events are few bytes, otherwise the stream of its outcomes.

        Up to `portion` bytes of events are held at once, or as many as a result may hold. None, or an
        exception of any kind, if the decoded path has to map the body.
        """
        room = ROOM if portion is None else min(portion, ROOM)
        found = _NOTHING_FOUND
        if len(body) > _SHALLOW and self._may_nest(body):
            result = self._map_chunks(body, request, room)
            if result is not None:
                return result
            found = take_apart(body, self._splits, _NESTING)
            if found[0] == self._chunkable:
                return self._map_portions(body, request, found)
        read = self._read_body(body, request)
        if isinstance(read, bytes):
            return JsonResult([read], [], [], ()) if len(read) <= ROOM or self._is_bounded else None
        if read is None:
            return None
        if not isinstance(read, tuple) or len(read) != 3:
            return collect(iter((self._explain(read, body),)))
        items, root, each_index = read
        if len(items) > DEFAULT.items:
            return None
        meter = self._meter(len(items), len(body))
        outcomes: Iterator[NarrowOutcome] = iter(())
        if portion is None and self._is_bounded:
            first, are_few = self._all_outcomes(items, root, request, meter), True
        else:
            outcomes = self._outcomes(items, root, request, meter)
            first, are_few = _take(outcomes, room)
        are_few = are_few and len(first) == len(items)
        if are_few and _ONLY_BYTES.issuperset(map(type, first)):
            return JsonResult(first)  # type: ignore[arg-type]
        undecoded = self._items.of(body, each_index, len(items), found)
        settled = self._settle(chain(first, outcomes), len(items), undecoded, body, request)
        if are_few and not any(outcome is None or outcome is NO_OBJECT for outcome in first):
            return collect(settled)
        return Stream(settled, len(items))

    @property
    def max_uncounted(self) -> tuple[int, int]:
        """The bytes of a body up to which the work of one item need not be counted, and that of any items."""
        of_one = min(self._max_bytes, self._work.max_bytes(DEFAULT.item_work, 1, DEFAULT))
        return of_one, min(of_one, self._work.max_uncounted(DEFAULT))

    def most_uncounted(self, size: int) -> int:
        """The most items of a body of so many bytes whose work need not be counted."""
        return self._work.most_items(size, DEFAULT)

    @property
    def max_event(self) -> int:
        """The bytes up to which an event need not be measured."""
        return DEFAULT.result_bytes if self._is_bounded else ROOM

    def skipped(self, rule: int, body: bytes) -> Outcome:
        """The outcome of a body that is one item, and is skipped by a rule."""
        return self._explain(rule, body)

    def settle(
        self,
        each_index: int,
        outcomes: list[NarrowOutcome],
        body: bytes,
        request: Request,
        portion: int | None,
    ) -> JsonResult | Stream | None:
        """The result of a body whose items another path has mapped; None is the outcome of one it has left.

        None if they have to be mapped anew: the events are many bytes, or many items are left.
        """
        count = len(outcomes)
        room = ROOM if portion is None else min(portion, ROOM)
        left = outcomes.count(None)
        if left * _FEW_LEFT > count or sum(len(one) for one in outcomes if type(one) is bytes) > room:
            return None
        if _ONLY_BYTES.issuperset(map(type, outcomes)):
            return JsonResult(outcomes)  # type: ignore[arg-type]
        undecoded = self._items.of(body, each_index, count)
        return collect(self._settle(iter(outcomes), count, undecoded, body, request))

    def _meter(self, count: int, size: int) -> Meter | None:
        """A meter for the items of a body, if their work is not certain to be small."""
        if count <= _FEW_ITEMS and size <= self._max_of_few:
            return None
        return Meter(_SHARE, _SHARE) if self._work.at_most(count, size, DEFAULT) > _SHARE else None

    def _read_body(self, body: bytes, request: Request) -> Read:
        """The items of a body, or the outcome of a body that is one item."""
        read = self._read
        if len(body) > self._max_alone:
            read = counted(read, Meter(_SHARE, _SHARE), self._work.units)
        try:
            return read(body, request)
        except (Fault, InvalidEvent) as error:
            return _record(error)

    def _all_outcomes(
        self, items: Sequence[object], root: object, request: Request, meter: Meter | None
    ) -> list[NarrowOutcome]:
        """The outcomes of all items; they are counted together, which takes less time."""
        outcomes = self._outcomes(items, root, request, None)
        if meter is None:
            return list(outcomes)
        found = counted(_as_list, meter, self._work.units * len(items))(outcomes)
        if len(found) < len(items):
            raise NeedsFullDecode
        return found

    def _may_nest(self, body: bytes) -> bool:
        """True if a body has enough brackets to nest too deep; NeedsFullDecode if it is too large."""
        size = len(body)
        if size > self._max_bytes or holds_more(body, DEFAULT.values):
            raise NeedsFullDecode
        # An object around others takes five bytes: brackets, quotes, a colon. Taking brackets out is faster
        # than counting them: it jumps from one to the next.
        arrays = size - len(body.replace(b"[", b"", _NESTING + 1))
        return arrays + size // 5 >= _NESTING and (
            arrays + size - len(body.replace(b"{", b"", _NESTING + 1)) > _NESTING
        )

    def _map_chunks(self, body: bytes, request: Request, room: int) -> JsonResult | None:
        """The result of a body whose items can be mapped in chunks, if its events are few bytes."""
        each_index = self._chunkable
        if each_index is None or len(body) > room // 2:  # most events are smaller than their items
            return None

        meter = self._meter(min(DEFAULT.items, len(body)), len(body))

        def run(text: bytes, room: int) -> list[NarrowOutcome]:
            read: Any = self._read(text, request)
            items, root, mapped_each = read
            outcomes, are_few = _take(self._outcomes(items, root, request, meter), room)
            if not are_few or mapped_each != each_index or len(outcomes) < len(items):
                raise NeedsFullDecode
            return outcomes

        with suppress(Exception):  # a wrong cut can cause any error
            mapped, items = map_chunks(chunks(body, _NESTING), run, each_index, self._items, room)
            if len(mapped) <= DEFAULT.items:
                if _ONLY_BYTES.issuperset(map(type, mapped)):
                    return JsonResult(mapped)  # type: ignore[arg-type]
                return collect(self._settle(iter(mapped), len(mapped), items, body, request))
        return None

    def _map_portions(self, body: bytes, request: Request, found: FoundElements) -> Stream | None:
        """The outcomes of a body whose items were found, and can be mapped a few at a time."""
        each_index, elements = found
        if len(elements) > DEFAULT.items:
            return None
        if not body.isascii():
            check_text(body)  # all of it, before the first outcome is given
        items = self._items.of(body, each_index, len(elements), found)
        outcomes = self._outcomes_of(elements, request, self._meter(len(elements), len(body)))
        return Stream(self._settle(outcomes, len(elements), items, body, request), len(elements))

    def _outcomes_of(
        self, elements: Sequence[Raw], request: Request, meter: Meter | None
    ) -> Iterator[NarrowOutcome]:
        """The outcome of each element of an array; raises any error if the decoded path has to map it."""
        for text in portions(elements):
            read: Any = self._read(text, request)
            yield from self._outcomes(read[0], read[1], request, meter)
            if meter is not None and meter.is_spent:
                return

    def _explain(self, outcome: NoEvent, body: bytes) -> Skipped | Rejected:
        """The outcome of a body that is one item and no event."""
        return self._collector.explain(0, outcome, at_root, Thunk(read_late, body))

    def _outcomes(
        self, items: Sequence[object], root: object, request: Request, meter: Meter | None
    ) -> Iterator[NarrowOutcome]:
        """The outcome of each item, made when it is asked for; none from the one on that spends the meter."""
        event, kind = self._event, self._item
        if meter is not None:
            event = counted(event, meter, self._work.units)
        for item in items:
            outcome: NarrowOutcome = None
            if isinstance(item, kind):
                try:
                    outcome = event(item, root, request)
                except (Fault, InvalidEvent) as error:
                    if isinstance(error, Fault) and error.code in OUT_OF_WORK:
                        return
                    outcome = _record(error)
                except Exception:
                    pass  # the decoded path finds out why
            else:
                outcome = NO_OBJECT
            yield outcome

    def _settle(
        self,
        outcomes: Iterator[NarrowOutcome],
        count: int,
        items: BodyItems | ChunkItems,
        body: bytes,
        request: Request,
    ) -> Iterator[Outcome]:
        """The outcomes of `count` items, with those that are left to the decoded path."""
        unknown = None if self._decoded.objects_only else NO_OBJECT  # the decoded path has to map it
        room = None if self._is_bounded else self._decoded.room(DEFAULT.result_bytes)
        left: DecodedBody | None = None
        index = 0  # of the item whose outcome is not known yet
        try:
            for outcome in outcomes:
                settled: Outcome | None = None
                if type(outcome) is bytes:
                    settled = outcome if room is None or room.takes_written(outcome) else None
                elif outcome is not None and outcome is not unknown:
                    item = items.find(index)
                    if item is not None:
                        settled = self._collector.explain(index, outcome, items.locate, item)  # type: ignore[arg-type]
                if settled is None:
                    left = left or self._decode(body, count, request)
                    left.room = room
                    settled = self._decoded.outcome(index, left)
                    if left.meter is not None and left.meter.is_spent:
                        break
                index += 1
                yield settled
                if room is not None and room.is_spent:
                    break  # to map the others would cost time for nothing
        except Exception:  # the decoded path maps or explains the others
            pass
        if index < count:
            rest = self._decoded.open(body, request)
            if rest.meter is not None:
                measured, rest.room = rest.room, None
                for earlier in range(index):  # whose work counts, too
                    self._decoded.outcome(earlier, rest)
                rest.room = measured
            if rest.room is not None and room is not None:
                rest.room = room
            yield from self._decoded.outcomes(rest, index)

    def _decode(self, body: bytes, count: int, request: Request) -> DecodedBody:
        """A body that is JSON for sure, decoded as a whole; raises NeedsFullDecode if it has other items."""
        value = read_plain(body)
        items = select(self._alternatives, value, count)
        if items is None or len(items) != count:
            raise NeedsFullDecode
        decoded = DecodedBody(value, value, request, items=items, alternatives=self._alternatives)
        decoded.writes = True
        decoded.meter = self._meter(count, len(body))
        return decoded


def _as_list(outcomes: Iterator[NarrowOutcome]) -> list[NarrowOutcome]:
    return list(outcomes)


def _record(error: Fault | InvalidEvent) -> NarrowOutcome:
    """The outcome of an item whose event was refused; NeedsFullDecode if it took too much work."""
    if isinstance(error, Fault) and error.code in OUT_OF_WORK:
        raise NeedsFullDecode
    if isinstance(error, InvalidEvent):
        return error.with_traceback(None)  # its frames hold the payload
    return record_plain_fault(error)


def _take(outcomes: Iterator[NarrowOutcome], room: int) -> tuple[list[NarrowOutcome], bool]:
    """The outcomes up to the event with which all take more than `room` bytes; True if these are all."""
    first: list[NarrowOutcome] = []
    for outcome in outcomes:
        first.append(outcome)
        if type(outcome) is bytes:
            room -= len(outcome)
            if room < 0:
                return first, False
    return first, True


class NoNarrowPath:
    """Leaves every body to the decoded path."""

    __slots__ = ()

    def begin(self, body: bytes, request: Request, portion: int | None = None) -> None:
        """None, always."""
