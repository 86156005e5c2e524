"""Result: the events, skips and rejections of one payload. Every item is exactly one of the three."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import msgspec

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.runtime.repair.policy import Repair


class Thunk(partial[Any]):
    """A value that is computed when it is first asked for: a function and its arguments.

    Nobody may change the arguments in the meantime. A type of its own: a payload may hold a `partial`.
    """

    __slots__ = ()


class _LazyRecord:
    """A frozen record. A field that is given as a Thunk is computed when it is first read, and then kept.

    Nearly every service counts its rejections and reads few of them.
    """

    __slots__ = ("_unread",)
    _unread: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        # Python calls this only for an attribute that is not set. If two threads do, both get the same value.
        try:
            unread = _get_unread(self)
        except AttributeError:  # all fields are set
            unread = {}
        if name in unread:
            given = unread.get(name)
            value = given() if type(given) is Thunk else given
            object.__setattr__(self, name, unread.setdefault(f"{name} read", value))
            unread.pop(name, None)  # the arguments of a Thunk are not kept
        return object.__getattribute__(self, name)


@dataclass(frozen=True, slots=True, init=False)
class Skipped(_LazyRecord):
    """An item left out on purpose: its index among the items, the mapping's reason, the item itself."""

    index: int
    reason: str
    item: object = field(repr=False)

    def __init__(self, index: int, reason: str, item: object | Thunk) -> None:
        _set_skip_index(self, index)
        _set_reason(self, reason)
        if type(item) is Thunk:
            _set_unread(self, {"item": item})
        else:
            _set_item(self, item)


@dataclass(frozen=True, slots=True, init=False)
class Rejected(_LazyRecord):
    """An item that cannot become an event.

    `location` is the item's place in the payload (`$.events[2]`), `$` if it is not known. `item` is the
    original item, or the bytes of the body if they could not be parsed. All rejections are made by this
    class: those of both paths, of bodies that cannot be read, and of `mapper run`.
    """

    index: int
    location: str
    diagnostics: tuple[Diagnostic, ...]
    item: object = field(repr=False)

    def __init__(
        self, index: int, location: str, diagnostics: tuple[Diagnostic, ...] | Thunk, item: object | Thunk
    ) -> None:
        _set_index(self, index)
        _set_location(self, location)
        if type(item) is Thunk:
            _set_unread(self, {"diagnostics": diagnostics, "item": item})
        else:
            _set_rejected_item(self, item)
            _set_unread(self, {"diagnostics": diagnostics})

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the diagnostics, in order, each once."""
        return tuple(dict.fromkeys(d.code for d in self.diagnostics))


def _setter(record: type, name: str) -> Callable[[object, object], None]:
    """The function that sets a field of a frozen record; faster than `object.__setattr__`."""
    setter: Callable[[object, object], None] = vars(record)[name].__set__
    return setter


_get_unread: Callable[[object], dict[str, Any]] = vars(_LazyRecord)["_unread"].__get__
_set_unread = _setter(_LazyRecord, "_unread")
_set_skip_index, _set_reason = _setter(Skipped, "index"), _setter(Skipped, "reason")
_set_item = _setter(Skipped, "item")
_set_index, _set_location = _setter(Rejected, "index"), _setter(Rejected, "location")
_set_rejected_item = _setter(Rejected, "item")


def set_item(record: _LazyRecord, item: object) -> None:
    """Put another item into a skip or rejection that is in the making."""
    object.__setattr__(record, "item", item)


class Result(msgspec.Struct, frozen=True):
    """The outcome of one payload; `items == len(events) + len(skipped) + len(rejected)`, always.

    `repairs` lists the repairs without which the body could not have been read.
    """

    events: list[dict[str, object]] = []
    skipped: list[Skipped] = []
    rejected: list[Rejected] = []
    repairs: tuple[Repair, ...] = ()

    def __repr__(self) -> str:
        return summary(self)

    def _repr_html_(self) -> str:
        """A table for notebooks, without values."""
        return _table(self)

    @property
    def items(self) -> int:
        """The number of items of the payload."""
        return len(self.events) + len(self.skipped) + len(self.rejected)


class JsonResult(msgspec.Struct, frozen=True):
    """As Result, with each event as JSON bytes (UTF-8, no line end)."""

    events: list[bytes] = []
    skipped: list[Skipped] = []
    rejected: list[Rejected] = []
    repairs: tuple[Repair, ...] = ()

    def __repr__(self) -> str:
        return summary(self)

    def _repr_html_(self) -> str:
        """A table for notebooks, without values."""
        return _table(self)

    @property
    def items(self) -> int:
        """The number of items of the payload."""
        return len(self.events) + len(self.skipped) + len(self.rejected)

    @property
    def ndjson(self) -> bytes:
        """The events as NDJSON: one a line, each line ended."""
        return b"".join(event + b"\n" for event in self.events)


def summary(result: Result | JsonResult) -> str:
    """`<Result 1 event, 0 skipped, 0 rejected>`; repairs are named if there are any."""
    events, skipped, rejected = len(result.events), len(result.skipped), len(result.rejected)
    names = "".join(f", repaired: {repair.name}" for repair in result.repairs)
    counts = f"{events:,} event{'' if events == 1 else 's'}, {skipped:,} skipped, {rejected:,} rejected"
    return f"<{type(result).__name__} {counts}{names}>"


def _table(result: Result | JsonResult) -> str:
    from mapper.transform.result_table import html_table  # notebooks alone ask for it

    skipped = ((skip.index, skip.reason) for skip in result.skipped)
    rejected = (
        (one.index, "; ".join(f"{found.code} {found.message}" for found in one.diagnostics))
        for one in result.rejected
    )
    return html_table(summary(result), len(result.events), skipped, rejected)


# The outcome of an item: its event as JSON bytes, a skip or a rejection.
Outcome: TypeAlias = bytes | Skipped | Rejected
