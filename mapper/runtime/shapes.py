"""Shapes: objects and lists whose members are removed at every depth, and objects made of one level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mapper.runtime.blank import is_blank_text
from mapper.runtime.casts import COLLISION, Refusal
from mapper.runtime.growth import take_bytes
from mapper.runtime.limits import MAX_EVENT_DEPTH
from mapper.runtime.missing import INVALID, MISSING, Nothing
from mapper.runtime.work import PAIR, PRINTED, spend

_AROUND = 4  # bytes beside a name in JSON: two quotes, a colon, and a comma or bracket


def prune(value: object, kinds: tuple[str, ...]) -> object:
    """A value without its members and elements of the kinds `null`, `blank` and `empty`, at any depth.

    An object or list that becomes empty counts as empty. MISSING if the value itself is of one of the kinds.
    The value itself is not changed. One that nests deeper than the stack is a RecursionError.
    """
    return _Pruning("null" in kinds, "blank" in kinds, "empty" in kinds).of(value)


@dataclass(slots=True)
class _Pruning:
    """One walk; `done` holds the results for containers, since a parsed payload may repeat one many times.

    Each result has its container beside it: a payload's own type may make its members when it is asked for
    them, and no other one may get the `id` of one that is gone.
    """

    null: bool
    blank: bool
    empty: bool
    done: dict[int, tuple[object, object]] = field(default_factory=dict)

    def of(self, value: object) -> object:
        """The value without such members; in one function, as each level takes one frame of the stack."""
        if isinstance(value, str):
            return MISSING if self.blank and is_blank_text(value) else value
        if value is None:
            return MISSING if self.null else None
        if not isinstance(value, dict | list):
            return value
        known = self.done.get(id(value))
        if known is not None:
            return known[1]
        spend(PRINTED * (1 + len(value)))
        kept: dict[object, object] | list[object]
        if isinstance(value, dict):
            kept = {}
            for name, member in value.items():
                pruned = self.of(member)
                if pruned is not MISSING:
                    kept[name] = pruned
        else:
            kept = []
            for element in value:
                pruned = self.of(element)
                if pruned is not MISSING:
                    kept.append(pruned)
        result = MISSING if self.empty and not kept else kept
        self.done[id(value)] = value, result
        return result


def flatten(
    value: object, separator: str, by_index: bool, room: int, site: int
) -> tuple[dict[object, object] | Nothing | Refusal, int]:
    """An object with the members of the objects inside as its own, and the room that its names leave.

    A name is made of those on the way to its member, joined by the separator; with `by_index` elements of
    lists are members, too. Empty objects and lists stay. INVALID if the value is no object, COLLISION if two
    members get the same name. Raises Fault M624 before the names take more than `room` bytes. A value that
    nests deeper than an event may is a RecursionError, as on the way of any other walk.
    """
    if not isinstance(value, dict):
        return INVALID, room
    flat: dict[object, object] = {}
    way: list[str] = []
    # The open objects; the start of the names inside is made only for those with members of their own, so
    # that it is never longer than a name that has taken its room.
    waiting: list[Iterator[tuple[object, object]]] = [iter(value.items())]
    starts: list[str | None] = [""]
    while waiting:
        for name, member in waiting[-1]:
            spend(PAIR, site)
            inner = _members(member, by_index)
            if inner is not None and isinstance(name, str):
                if len(waiting) >= MAX_EVENT_DEPTH:
                    raise RecursionError
                way.append(name)
                waiting.append(inner)
                starts.append(None)
                break
            start = starts[-1]
            if start is None:
                start = starts[-1] = separator.join((*way, ""))
            full = name
            if isinstance(name, str):  # any other is refused with the event
                room = take_bytes(room, len(start) + len(name) + _AROUND, site)
                full = start + name
            if full in flat:
                return COLLISION, room
            flat[full] = member
        else:
            waiting.pop()
            starts.pop()
            if way:
                way.pop()
    return flat, room


def _members(value: object, by_index: bool) -> Iterator[tuple[object, object]] | None:
    """The members of a value that is taken apart; None for any other value."""
    if isinstance(value, dict):
        return iter(value.items()) if value else None
    if by_index and isinstance(value, list) and value:
        return ((str(index), element) for index, element in enumerate(value))
    return None
