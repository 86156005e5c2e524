"""Bytes path: a body becomes events as bytes and is decoded no further than its mapping reads it.

What it cannot take, or not prove to be the same, it leaves to the general path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, TypeAlias

from mapper.runtime.faults import Fault, record_plain_fault
from mapper.runtime.growth import ROOM, Growth, is_bounded
from mapper.runtime.items import Alternative, select
from mapper.runtime.json.narrow import take_apart
from mapper.runtime.limits import DEFAULT
from mapper.transform.body import read_plain
from mapper.transform.chunks import find_portioned, map_portions, portions
from mapper.transform.outcomes import Items, Outcome, Outcomes, Reason, Split, Taken
from mapper.transform.rejections import NO_PLACE, reject
from mapper.transform.request import Request
from mapper.transform.result import JsonResult, Result, encode

_NESTING, _MOST_BYTES = DEFAULT.nesting, DEFAULT.body_bytes
_SHALLOW = 2 * _NESTING  # bytes that cannot nest too deep: a level takes two brackets
_NOT_TAKEN: Taken | Items = (-1, ())
_ONLY_BYTES = frozenset({bytes})

# Outcomes of items and the alternative of `each` they are from, or the outcome of a body that is one item.
Mapped: TypeAlias = Outcome | tuple[list[Outcome], int]
# The general path, given items and their indexes, the body they are from, and the request.
General: TypeAlias = Callable[[Iterable[tuple[int, object]], object, Request], Result]


class BytesPath:
    """The bytes path of a mapping under the usual limits: `module` is what code generation made of it."""

    __slots__ = ("_alternatives", "_general", "_is_bounded", "_most", "_outcomes", "_row", "_run", "_splits")

    def __init__(
        self,
        module: dict[str, Any],
        alternatives: tuple[Alternative, ...],
        outcomes: Outcomes,
        general: General,
        growth: Growth,
    ) -> None:
        self._alternatives = alternatives
        self._general = general
        self._outcomes = outcomes
        self._is_bounded = is_bounded(growth)
        # A larger body could become too large an event before that one is measured.
        self._most = min(_MOST_BYTES, DEFAULT.result_bytes // max(1, growth.own + growth.shared))
        self._run: Callable[[bytes, Request], Mapped] = module["run"]
        self._splits: tuple[Split | None, ...] = module["SPLIT"]
        self._row = find_portioned(alternatives) if module["ALONE"] else None

    def map(self, body: bytes, request: Request) -> JsonResult | None:
        """The result; None, or an exception of any kind, where the general path has to map the body."""
        mapped: Mapped = None
        size, known = len(body), _NOT_TAKEN
        if size > _SHALLOW:
            if size > self._most:
                return None
            # An object around others takes five bytes: brackets, quotes, a colon. Taking brackets out is
            # faster than counting them: it jumps from one to the next.
            arrays = size - len(body.replace(b"[", b"", _NESTING + 1))
            if arrays + size // 5 >= _NESTING and (
                arrays + size - len(body.replace(b"{", b"", _NESTING + 1)) > _NESTING
            ):
                mapped, known = self._take_apart(body, request)
        if mapped is None:
            try:
                mapped = self._run(body, request)
            except Fault as fault:
                mapped = record_plain_fault(fault)
        if isinstance(mapped, bytes):
            return JsonResult([mapped]) if len(mapped) <= ROOM or self._is_bounded else None
        return self._collect(mapped, body, request, known)

    def _take_apart(
        self, body: bytes, request: Request
    ) -> tuple[tuple[list[Outcome], int] | None, Taken | Items]:
        """The outcomes of a body with many brackets, where its items can be mapped a few at a time.

        Else at least what it was seen by that none of them nests too deep; Redo where one may.
        """
        way = self._row
        if way is not None:
            with suppress(Exception):  # what has gone wrong may be the fault of how it was cut
                found, items = map_portions(
                    portions(body, _NESTING), lambda text: self._run(text, request), way, self._outcomes
                )
                return (found, way), items
        return None, take_apart(body, self._splits, _NESTING)

    def _collect(
        self,
        mapped: Reason | tuple[list[Outcome], int] | None,
        body: bytes,
        request: Request,
        known: Taken | Items,
    ) -> JsonResult | None:
        if mapped is None:
            return self._map_whole(body, request)
        if not isinstance(mapped, tuple) or len(mapped) != 2:
            return self._outcomes.of_body(mapped, body)
        outcomes, way = mapped
        if len(outcomes) > DEFAULT.items:
            return None
        if not self._is_bounded and not _have_room(outcomes):
            return None
        if _ONLY_BYTES.issuperset(map(type, outcomes)):
            return JsonResult(outcomes)  # type: ignore[arg-type]
        return self._outcomes.of_items(
            outcomes, way, body, known, lambda left, count: self._map_left(left, count, body, request)
        )

    def _map_whole(self, body: bytes, request: Request) -> JsonResult | None:
        """What the general path makes of a body that has been found to be JSON."""
        value = read_plain(body)
        items = select(self._alternatives, value)
        if items is None:
            return JsonResult([], [], [reject(0, "$", "M603", NO_PLACE, value)])
        if len(items) > DEFAULT.items:
            return None
        result = self._general(enumerate(items), value, request)
        return JsonResult([encode(event) for event in result.events], result.skipped, result.rejected)

    def _map_left(self, left: list[int], count: int, body: bytes, request: Request) -> Result | None:
        """The result of some of the `count` items of a body; None where it is found to have others."""
        value = read_plain(body)
        items = select(self._alternatives, value)
        if items is None or len(items) != count:
            return None
        return self._general([(index, items[index]) for index in left], value, request)


def _have_room(outcomes: list[Outcome]) -> bool:
    """Whether events take so few bytes that none of them is too large, alone or with the others."""
    return sum(len(outcome) for outcome in outcomes if isinstance(outcome, bytes)) <= ROOM


class NoBytesPath:
    """What leaves every body to the general path."""

    __slots__ = ()

    def map(self, body: bytes, request: Request) -> None:
        """Nothing, ever."""
