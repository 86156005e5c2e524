"""Faults explained: what generated code raises becomes diagnostics that point into mapping and payload."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass

from mapper.codes import CODES
from mapper.diagnostics import Diagnostic, Label
from mapper.result import Rejected
from mapper.runtime.faults import Fault
from mapper.runtime.locations import write_location
from mapper.runtime.nothing import MISSING
from mapper.runtime.validation import Violation, violations
from mapper.source import SourceFile, Span

_HINTS = {
    "M611": "give it a `default`, add an alternative, or leave such items out with a `skip` rule",
    "M613": "say what becomes of such values with `on_error`",
    "M614": "say what becomes of such values with `on_error`, or name their format in `from`",
}

# What an event may hold in Python but not in JSON, by the words of `find_non_json`.
_NOT_JSON = {
    "is not a finite number": "M607",
    "is a number out of range": "M607",
    "nests too deep": "M606",
    "holds half of a surrogate pair": "M623",
    "has a name with half of a surrogate pair": "M623",
}


@dataclass(frozen=True, slots=True)
class Places:
    """Where a module's sites and fields are written in its mapping."""

    file: SourceFile
    sites: tuple[tuple[int, int, str, str | None], ...]
    fields: dict[str, tuple[int, int]]

    def site(self, number: int) -> tuple[Span, str, str | None]:
        """The span, the output field and the path of a numbered site."""
        start, end, what, path = self.sites[number]
        return Span(self.file, start, end), what, path

    def field(self, location: str) -> Span | None:
        """Where the top-level field of a location in the event (`$.user_id`) is written."""
        name = location.removeprefix("$.").partition(".")[0].partition("[")[0]
        place = self.fields.get(name)
        return None if place is None else Span(self.file, *place)


def explain_fault(fault: Fault, places: Places, item: tuple[str | int, ...] | None) -> tuple[Diagnostic, ...]:
    """The diagnostic of a fault; its location is the item's, followed by the path that was read."""
    span, what, path = places.site(fault.site)
    location = None if item is None else write_location(item) + (path or "$")[1:]
    message = f"`{what}`: {CODES[fault.code].summary}" if what else CODES[fault.code].summary
    if fault.detail:
        message = f"{message} ({fault.detail})"
    hint = _HINTS.get(fault.code)
    value = None if fault.value is MISSING else reprlib.repr(fault.value)
    hints = (hint,) if hint else ()
    return (Diagnostic(fault.code, message, (Label(span),), hints, location=location, value=value),)


def explain_violations(target: str, event: object, places: Places) -> tuple[Diagnostic, ...]:
    """One diagnostic for each way in which an event does not fit the target schema."""
    found = violations(target, event)
    if not found:
        return (Diagnostic("M901", "defect of mapper: the event was refused, yet the schema allows it"),)
    return tuple(_violation(v, places) for v in found)


def _violation(violation: Violation, places: Places) -> Diagnostic:
    location, message = violation.location, violation.message
    code = _NOT_JSON.get(message, "M612") if violation.keyword == "json" else "M612"
    field = location.removeprefix("$.") if location != "$" else "the event"
    span = places.field(location)
    labels = () if span is None else (Label(span),)
    return Diagnostic(code, f"`{field}` {message}", labels)


def reject(
    index: int, place: tuple[str | int, ...] | None, diagnostics: tuple[Diagnostic, ...], item: object
) -> Rejected:
    """A rejection; its diagnostics get the item's location where they have none."""
    location = "$" if place is None else write_location(place)
    located = tuple(_located(d, location) if d.location is None else d for d in diagnostics)
    return Rejected(index, location, located, item)


def _located(diagnostic: Diagnostic, location: str) -> Diagnostic:
    return Diagnostic(
        diagnostic.code,
        diagnostic.message,
        diagnostic.labels,
        diagnostic.hints,
        diagnostic.severity,
        location,
        diagnostic.value,
    )
