"""Collector: the outcomes of items become skips and rejections; both paths use it.

An outcome that is not an event is the number of a skip rule, the reason that a template gave for a skip, the
record of a fault, or an event that does not fit the target schema.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from mapper.runtime.faults import NO_OBJECT, FaultRecord, InvalidEvent
from mapper.runtime.items import Alternative, find_row, locate
from mapper.runtime.json.locations import write_location
from mapper.transform.rejections import (
    Places,
    explain_event,
    fault_diagnostics,
    reject_not_object,
)
from mapper.transform.result import Rejected, Skipped, Thunk

NoEvent: TypeAlias = int | str | FaultRecord | InvalidEvent

# The location of an item, by its index; None if it is not known.
Locate: TypeAlias = Callable[[int], str | None]


def at_root(index: int) -> str:
    """The location of an item that is the body itself."""
    return "$"


def locations(alternatives: tuple[Alternative, ...], body: object) -> Locate:
    """The function that gives the locations of the items that the alternatives of `each` select in a body."""
    if alternatives[0] == () and isinstance(body, dict):  # `$`, of an object: most bodies are one item
        return at_root
    names = find_row(alternatives, body)
    if names is not None:
        row = write_location(names)
        return lambda index: f"{row}[{index}]"
    places = locate(alternatives, body) or []
    return lambda index: write_location(places[index]) if index < len(places) else None


@dataclass(frozen=True, slots=True)
class Collector:
    """Makes the skips and rejections of the items of one mapping that became no events.

    `reasons` are those of its skip rules, `places` those of the module that gave the outcomes, `target` is
    its target schema as JSON text. An item may be given as a Thunk.
    """

    reasons: tuple[str, ...]
    places: Places = field(repr=False)
    target: str = field(repr=False)

    def explain(
        self,
        index: int,
        outcome: NoEvent,
        locate: Locate,
        item: object | Thunk,
        *,
        is_parsed: bool = False,
    ) -> Skipped | Rejected:
        """The skip or rejection of an item; `locate` is only called for a rejection.

        `is_parsed` is true if a host has parsed the body.
        """
        if isinstance(outcome, int):
            return Skipped(index, self.reasons[outcome], item)
        if isinstance(outcome, str):
            return Skipped(index, outcome, item)
        location = locate(index)
        if outcome is NO_OBJECT:
            return reject_not_object(index, location, item, is_parsed=is_parsed)
        if isinstance(outcome, InvalidEvent):
            diagnostics = explain_event(self.target, outcome.event, self.places, location or "$")
            return Rejected(index, location or "$", diagnostics, item)
        return self.reject(index, outcome, location, item)

    def reject(self, index: int, fault: FaultRecord, location: str | None, item: object | Thunk) -> Rejected:
        """The rejection of an item, or of a body, that met a fault."""
        return Rejected(index, location or "$", Thunk(fault_diagnostics, fault, self.places, location), item)
