"""Traces: the outcome of each item of a payload, by its transform, with the steps that led there."""

from __future__ import annotations

from dataclasses import dataclass, field

from mapper import ir
from mapper.diagnostics.diagnostic import Diagnostic
from mapper.interpreter.tracing import TraceSteps, trace_item
from mapper.runtime.items import UnmatchedElement
from mapper.runtime.limits import within
from mapper.runtime.stack import on_fresh_stack
from mapper.runtime.work import OUT_OF_WORK
from mapper.transform.request import Request
from mapper.transform.transform import Transform

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
    program: ir.Program, transform: Transform, payload: object, request: Request
) -> tuple[ItemTrace, ...]:
    """Map a payload, and interpret those of its items that the transform could map."""
    result = transform(payload, request)
    body = transform._decoded.open(payload, request)
    if body.rejected is not None or len(body.items) != result.items:
        return tuple(ItemTrace(r.index, "rejected", diagnostics=r.diagnostics) for r in result.rejected)
    skipped = {other.index: other for other in result.skipped}
    rejected = {other.index: other for other in result.rejected}
    events = iter(result.events)
    found: list[ItemTrace] = []
    for index, item in enumerate(body.items):
        steps = TraceSteps()
        if index not in rejected or not _NOT_MAPPED & set(rejected[index].codes):
            steps = _steps(program, transform, item, body.value, request)
        if index in skipped:
            found.append(ItemTrace(index, "skipped", skipped[index].reason, steps=steps))
        elif index in rejected:
            diagnostics = rejected[index].diagnostics
            found.append(ItemTrace(index, "rejected", diagnostics=diagnostics, steps=steps))
        else:
            found.append(ItemTrace(index, "event", event=next(events), steps=steps))
    return tuple(found)


def _steps(
    program: ir.Program, transform: Transform, item: object, body: object, request: Request
) -> TraceSteps:
    if isinstance(item, UnmatchedElement):
        return TraceSteps()
    with within(transform._compiled.limits):
        try:
            return trace_item(program, item, body, request)
        except RecursionError:
            return on_fresh_stack(lambda: trace_item(program, item, body, request))
