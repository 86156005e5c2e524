"""Collector: the outcomes of items become the skips and rejections of a result; both paths use it.

An outcome that is not an event is the number of a skip rule, the reason that a template gave for a skip, the
record of a fault, or an event that does not fit the target schema.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.runtime.faults import Misfit, Refused, Told
from mapper.transform.rejections import Places, explain_event, explain_fault
from mapper.transform.result import JsonResult, Rejected, Result, Skipped, Thunk

NoEvent: TypeAlias = int | str | Told | Misfit | Refused
# The location of an item, by its index; None if it is not known.
Locate: TypeAlias = Callable[[int], str | None]


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
        self, result: Result | JsonResult, index: int, outcome: NoEvent, locate: Locate, item: object | Thunk
    ) -> None:
        """Add the skip or rejection of an item to the result; `locate` is only called for a rejection."""
        if isinstance(outcome, int):
            result.skipped.append(Skipped(index, self.reasons[outcome], item))
        elif isinstance(outcome, str):
            result.skipped.append(Skipped(index, outcome, item))
        else:
            location = locate(index)
            diagnostics: Thunk | tuple[Diagnostic, ...]
            if isinstance(outcome, tuple):
                diagnostics = explain_fault(outcome, self.places, location)
            else:
                diagnostics = explain_event(self.target, outcome.event, self.places, location or "$")
            result.rejected.append(Rejected(index, location or "$", diagnostics, item))
