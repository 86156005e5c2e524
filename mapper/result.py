"""Result: what became of a payload. Every item is an event, a skip or a rejection, never more than one."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from mapper.diagnostics import Diagnostic
from mapper.repair import Repair


@dataclass(frozen=True, slots=True)
class Skipped:
    """An item left out on purpose: its index among the items, the mapping's reason, the item itself."""

    index: int
    reason: str
    item: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rejected:
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
