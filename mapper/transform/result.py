"""Result: what became of a payload. Every item is an event, a skip or a rejection, never more than one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.runtime.repair.policy import Repair

# What a field will be: a function and its arguments.
Work: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]


class _Late:
    """A record some of whose fields are worked out when they are first asked for, and kept from then on.

    Nearly every service counts its rejections and looks at few of them. `_work` says by name how to work out
    the fields that are not set; it must hold nothing that others may change in the meantime.
    """

    __slots__ = ("_work",)
    _work: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        # Python comes here only for what is not set. Of two threads that do, both get what one found.
        try:
            work = _get_work(self)
        except AttributeError:  # all fields were given
            work = {}
        task = work.get(name)
        if task is not None:
            function, arguments = task
            object.__setattr__(self, name, work.setdefault(f"{name} found", function(*arguments)))
            work.pop(name, None)  # what it was made of is not kept
        return object.__getattribute__(self, name)


def _setter(record: type, name: str) -> Callable[[object, object], None]:
    """What sets a field of a frozen record that is in the making."""
    setter: Callable[[object, object], None] = vars(record)[name].__set__
    return setter


_get_work: Callable[[object], dict[str, Any]] = vars(_Late)["_work"].__get__
_set_work = _setter(_Late, "_work")


@dataclass(frozen=True, slots=True)
class Skipped(_Late):
    """An item left out on purpose: its index among the items, the mapping's reason, the item itself."""

    index: int
    reason: str
    item: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rejected(_Late):
    """An item that cannot become an event.

    `location` says where the item stands in the payload (`$.events[2]`); `item` is the original item, or the
    body's bytes where they could not be parsed.
    """

    index: int
    location: str
    diagnostics: tuple[Diagnostic, ...]
    item: object = field(repr=False)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the diagnostics, in order, each once."""
        return tuple(dict.fromkeys(d.code for d in self.diagnostics))


_new = object.__new__
_set_skip_index, _set_reason = _setter(Skipped, "index"), _setter(Skipped, "reason")
_set_index, _set_location = _setter(Rejected, "index"), _setter(Rejected, "location")
_set_item = _setter(Rejected, "item")


def skip_late(index: int, reason: str, item: Work) -> Skipped:
    """A skip whose item is worked out when it is first asked for."""
    skipped = _new(Skipped)
    _set_skip_index(skipped, index)
    _set_reason(skipped, reason)
    _set_work(skipped, {"item": item})
    return skipped


def reject_late(index: int, location: str, diagnostics: Work, item: Work) -> Rejected:
    """A rejection whose diagnostics and item are worked out when they are first asked for."""
    rejected = _new(Rejected)
    _set_index(rejected, index)
    _set_location(rejected, location)
    _set_work(rejected, {"diagnostics": diagnostics, "item": item})
    return rejected


def explain_late(index: int, location: str, diagnostics: Work, item: object) -> Rejected:
    """A rejection of a known item whose diagnostics are worked out when they are first asked for."""
    rejected = _new(Rejected)
    _set_index(rejected, index)
    _set_location(rejected, location)
    _set_item(rejected, item)
    _set_work(rejected, {"diagnostics": diagnostics})
    return rejected


def set_item(record: _Late, item: object) -> None:
    """Put another item into a skip or rejection that is in the making."""
    object.__setattr__(record, "item", item)


class Result(msgspec.Struct, frozen=True):
    """The outcome of one payload; `items == len(events) + len(skipped) + len(rejected)`, always.

    `repairs` tells what had to be put right in the body before it could be read.
    """

    events: list[dict[str, object]] = []
    skipped: list[Skipped] = []
    rejected: list[Rejected] = []
    repairs: tuple[Repair, ...] = ()

    def __repr__(self) -> str:
        return f"Result(skipped={self.skipped!r}, rejected={self.rejected!r}, repairs={self.repairs!r})"

    @property
    def items(self) -> int:
        """How many items the payload held."""
        return len(self.events) + len(self.skipped) + len(self.rejected)


class JsonResult(msgspec.Struct, frozen=True):
    """As Result, with each event as JSON bytes (UTF-8, no line end)."""

    events: list[bytes] = []
    skipped: list[Skipped] = []
    rejected: list[Rejected] = []
    repairs: tuple[Repair, ...] = ()

    def __repr__(self) -> str:
        return f"JsonResult(skipped={self.skipped!r}, rejected={self.rejected!r})"

    @property
    def items(self) -> int:
        """How many items the payload held."""
        return len(self.events) + len(self.skipped) + len(self.rejected)

    @property
    def ndjson(self) -> bytes:
        """The events as NDJSON: one a line, each line ended."""
        return b"".join(event + b"\n" for event in self.events)


encode = msgspec.json.Encoder().encode
