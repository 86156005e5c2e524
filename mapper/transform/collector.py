"""Collector: the outcomes of items become the skips and rejections of a result; both paths use it.

An outcome that is not an event is the number of a skip rule, the reason that a template gave for a skip, the
record of a fault, or an event that does not fit the target schema.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.runtime.faults import NO_OBJECT, FaultRecord, InvalidEvent
from mapper.runtime.items import Alternative, find_row, locate
from mapper.runtime.json.locations import write_location
from mapper.transform.rejections import (
    Places,
    explain_event,
    fault_diagnostics,
    reject_not_object,
)
from mapper.transform.result import JsonResult, Rejected, Result, Skipped, Thunk

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
    """Enters items that became no events into results of one mapping.

    `reasons` are those of its skip rules, `places` those of the module that gave the outcomes, `target` is
    its target schema as JSON text. An item may be given as a Thunk.
    """

    reasons: tuple[str, ...]
    places: Places = field(repr=False)
    target: str = field(repr=False)

    def enter(
        self,
        result: Result | JsonResult,
        index: int,
        outcome: NoEvent,
        locate: Locate,
        item: object | Thunk,
        *,
        is_parsed: bool = False,
    ) -> None:
        """Add the skip or rejection of an item to the result; `locate` is only called for a rejection.

        `is_parsed` is true if a host has parsed the body.
        """
        if type(outcome) is int:
            result.skipped.append(Skipped(index, self.reasons[outcome], item))
            return
        if type(outcome) is str:
            result.skipped.append(Skipped(index, outcome, item))
            return
        location = locate(index)
        if outcome is NO_OBJECT:
            result.rejected.append(reject_not_object(index, location, item, is_parsed=is_parsed))
            return
        diagnostics: Thunk | tuple[Diagnostic, ...]
        if isinstance(outcome, InvalidEvent):
            diagnostics = explain_event(self.target, outcome.event, self.places, location or "$")
        else:
            diagnostics = Thunk(fault_diagnostics, outcome, self.places, location)
        result.rejected.append(Rejected(index, location or "$", diagnostics, item))
