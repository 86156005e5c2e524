"""Traces: the outcome of each item of a payload, by its transform, with the steps that led there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from mapper import ir
from mapper.diagnostics.diagnostic import Diagnostic
from mapper.interpreter.tracing import TraceSteps, trace_item
from mapper.interpreter.watching import BODY, Reading, watched
from mapper.runtime.items import UnmatchedElement
from mapper.runtime.limits import within
from mapper.runtime.schema.validation import violations
from mapper.runtime.stack import on_fresh_stack
from mapper.runtime.work import OUT_OF_WORK
from mapper.transform.request import Request
from mapper.transform.transform import Transform

_Found = TypeVar("_Found")

# Codes of items that are not mapped, or whose mapping was stopped: nothing is interpreted then.
_NOT_MAPPED = frozenset({"M603", "M604", "M605", "M606", "M608", "M619", "M620"}) | OUT_OF_WORK


@dataclass(frozen=True, slots=True)
class ItemTrace:
    """One item: `outcome` is `event`, `skipped` or `rejected`, always that of the transform."""

    index: int
    outcome: str
    reason: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    event: object = field(default=None, repr=False)
    steps: TraceSteps = TraceSteps()


def trace_items(
    program: ir.Program, transform: Transform, payload: object, request: Request, only: int | None = None
) -> tuple[ItemTrace, ...]:
    """Map a payload, and interpret those of its items that the transform could map; `only` the item there."""
    result = transform(payload, request)
    body = transform._decoded.open(payload, request)
    if body.rejected is not None or len(body.items) != result.items:
        return tuple(
            ItemTrace(r.index, "rejected", diagnostics=r.diagnostics)
            for r in result.rejected
            if only is None or only == r.index
        )
    skipped = {other.index: other for other in result.skipped}
    rejected = {other.index: other for other in result.rejected}
    events = iter(result.events)
    found: list[ItemTrace] = []
    tracer = _Tracer(program, transform, body.value, request)
    for index, item in enumerate(body.items):
        event = next(events) if index not in skipped and index not in rejected else None
        if only is not None and only != index:
            continue
        steps = TraceSteps()
        if index not in rejected or not _NOT_MAPPED & set(rejected[index].codes):
            steps = tracer.steps(item, rejected[index].codes if index in rejected else ())
        if index in skipped:
            found.append(ItemTrace(index, "skipped", skipped[index].reason, steps=steps))
        elif index in rejected:
            diagnostics = rejected[index].diagnostics
            found.append(ItemTrace(index, "rejected", diagnostics=diagnostics, steps=steps))
        else:
            found.append(ItemTrace(index, "event", event=event, steps=steps))
    return tuple(found)


class _Tracer:
    """Interprets the items of one body, which is copied once."""

    def __init__(self, program: ir.Program, transform: Transform, body: object, request: Request) -> None:
        self._program, self._transform, self._request = program, transform, request
        self._reading = Reading()
        self._body = _with_room(lambda: watched(body, BODY, self._reading))

    def steps(self, item: object, codes: tuple[str, ...]) -> TraceSteps:
        """The steps of an item; of an event that was rejected the leaves that do not fit have the code."""
        if isinstance(item, UnmatchedElement):
            return TraceSteps()
        with within(self._transform._compiled.limits):
            return _with_room(lambda: self._interpreted(item, codes))

    def _interpreted(self, item: object, codes: tuple[str, ...]) -> TraceSteps:
        steps = trace_item(self._program, item, self._body, self._request, self._reading)
        if steps.event is None or not codes:
            return steps
        refused = [one.location[1:] for one in violations(self._transform._compiled.target, steps.event)]
        return steps.refused(refused, codes[0])


def _with_room(work: Callable[[], _Found]) -> _Found:
    try:
        return work()
    except RecursionError:
        return on_fresh_stack(work)
