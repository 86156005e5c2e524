"""Reruns: rejected items become bodies that are mapped again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from mapper.streams.envelopes import EnvelopeNeeds, ItemPath, read_location


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """A row of a rejected item.

    `data` is the item, `body` its whole body if that was kept. `beside` are the values of the row that must
    be equal for two rows to be items of one body.
    """

    row: int
    item: int
    location: str
    codes: tuple[str, ...]
    data: bytes | None
    body: bytes | None
    beside: tuple[object, ...] = ()


@dataclass(slots=True)
class Rerun:
    """A body to be mapped again; `row` is one of the rows that it came from.

    `wanted` has the row for each index of an item that was rejected; None if all outcomes count.
    """

    body: bytes | None
    row: int
    wanted: dict[int, int] | None


def reruns_of(
    items: Iterable[RejectedItem], needs: EnvelopeNeeds, *, has_bodies: bool
) -> tuple[list[Rerun], list[int]]:
    """The bodies to be mapped again, and the rows of the items that the mapping does not lead to any more."""
    runs: list[Rerun] = []
    left: list[int] = []
    last: RejectedItem | None = None  # the first item of the last body, if it is one of several
    for one in items:
        path = _path(one.location)
        if _is_whole(one, needs):
            runs.append(Rerun(one.data if one.body is None else one.body, one.row, None))
            last = None
        elif path is None or (needs.alternatives is not None and not needs.can_part(path)):
            left.append(one.row)
        elif not has_bodies and "M605" in one.codes:
            left.append(one.row)  # an element that `each` passes through: alone, it could be an item
        elif not has_bodies:
            runs.append(Rerun(b"".join(_around(path, one.data or b"")), one.row, {0: one.row}))
        elif one.body is None:
            left.append(one.row)
        elif last is not None and _is_same_body(last, one) and one.item not in (runs[-1].wanted or {}):
            (runs[-1].wanted or {})[one.item] = one.row
        else:
            runs.append(Rerun(one.body, one.row, {one.item: one.row}))
            last = one
    return runs, left


def _is_whole(one: RejectedItem, needs: EnvelopeNeeds) -> bool:
    """True if a rejected item is its body."""
    if one.data is None or "M603" in one.codes:
        return True
    # If `each` holds more than names and `[*]`, `$` may also mean that the location is not known.
    return one.location == "$" and (needs.alternatives is not None or one.data == one.body)


def _is_same_body(above: RejectedItem, one: RejectedItem) -> bool:
    return above.body == one.body and above.beside == one.beside


def _path(location: str) -> ItemPath | None:
    try:
        return read_location(location)
    except ValueError:
        return None


def _around(path: ItemPath, item: bytes) -> Iterator[bytes]:
    """The parts of a body that holds nothing but the item, which keeps all its digits."""
    for step in path:
        yield b"[" if isinstance(step, int) else b"{%b:" % msgspec.json.encode(step)
    yield item
    for step in reversed(path):
        yield b"]" if isinstance(step, int) else b"}"
