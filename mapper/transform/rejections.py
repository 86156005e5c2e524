"""Rejections: a fault or an invalid event becomes diagnostics that point into mapping and payload.

The diagnostics are computed when they are first read.
"""

from __future__ import annotations

import marshal
from collections.abc import Sized
from dataclasses import dataclass
from typing import Any

from mapper.diagnostics.codes import CODES
from mapper.diagnostics.diagnostic import Diagnostic, Label
from mapper.diagnostics.source import SourceFile, Span
from mapper.runtime.digits import LOST_DIGITS, may_have_lost_digits
from mapper.runtime.faults import FaultRecord, Shown, show
from mapper.runtime.json.types import in_words, type_of
from mapper.runtime.missing import MISSING
from mapper.runtime.schema.validation import Violation, violations
from mapper.runtime.stack import on_fresh_stack
from mapper.transform.result import Rejected, Thunk

BLANKS = b" \t\n\r"  # RFC 8259 §2
_HINTS = {
    "M611": "give it a `default`, add an alternative, or leave such items out with a `skip` rule",
    "M613": "say what becomes of such values with `on_error`",
    "M614": "say what becomes of such values with `on_error`, or name their format in `from`",
}

_OF_DIGITS = frozenset({"string", "integer", "hash"})
_EXACT = "ask the sender for a text or a whole number, or say what becomes of such values with `on_error`"

NOT_OBJECT = "the item is not a JSON object"
PASS_BYTES = "pass bytes to have them parsed"
JSON_INSIDE = "the body is JSON inside JSON: a text that holds an object or a list"
SEND_OBJECT = "have the sender send the object itself, or read the text before it is mapped"
TOO_DEEP = "the item nests deeper than can be mapped"
_NO_MEMORY = "no memory is left to map it"
_MORE_MEMORY = "map it again when the process has more memory, or send fewer and smaller items at once"

# The codes of values that Python has and JSON has not, by the words of `find_non_json`.
_NOT_JSON = {
    "is not a finite number": "M607",
    "is a number out of range": "M607",
    "nests too deep": "M606",
    "holds half of a surrogate pair": "M623",
    "has a name with half of a surrogate pair": "M623",
}


@dataclass(frozen=True, slots=True)
class Places:
    """The places in a mapping at which the sites and fields of a generated module are written."""

    file: SourceFile
    sites: tuple[tuple[int, int, str, str | None], ...]
    fields: dict[str, tuple[int, int, str | None]]

    def site(self, number: int) -> tuple[Span | None, str, str | None]:
        """The span, the output field and the path of a numbered site; -1 is no place."""
        if number < 0:
            return None, "", None
        start, end, what, path = self.sites[number]
        return Span(self.file, start, end), what, path

    def field(self, location: str) -> tuple[Span, str | None] | None:
        """The span of the innermost field at or around a location in the event (`$.user_id`).

        Also the path that the value at this location was read from, if that is known.
        """
        name = location
        while name not in self.fields:
            name = name[: max(name.rfind("."), name.rfind("["), 0)]
            if not name:
                return None
        start, end, path = self.fields[name]
        return Span(self.file, start, end), None if path is None else path + location[len(name) :]


_LARGE = 1 << 16  # bytes of an event that are not kept for the sake of a question that may never be asked


def reject(
    index: int, location: str | None, code: str, message: str, item: object, hints: tuple[str, ...] = ()
) -> Rejected:
    """The rejection of an item for a reason that has no place in the mapping."""
    location = location or "$"
    return Rejected(index, location, Thunk(_plain_diagnostics, code, message, location, hints), item)


def reject_for_memory(index: int, location: str | None, item: object) -> Rejected:
    """The rejection of an item or a body that ended in a MemoryError (M902), which takes little memory."""
    return reject(index, location, "M902", _NO_MEMORY, item, (_MORE_MEMORY,))


def reject_not_object(index: int, location: str | None, item: object, *, is_parsed: bool) -> Rejected:
    """The rejection of an item that is no object (M604); if `is_parsed`, a host has parsed the body."""
    message = NOT_OBJECT
    hints: tuple[str, ...] = ()
    text = _text_of(item) if location == "$" else None
    if text is not None and is_parsed:
        hints = (PASS_BYTES,)
    elif text is not None:
        from mapper.transform.other_formats import is_json_inside  # slow to import

        if is_json_inside(text):
            message, hints = JSON_INSIDE, (SEND_OBJECT,)
    return reject(index, location, "M604", message, item, hints)


def _text_of(item: object) -> str | None:
    if type(item) is Thunk:
        raw: bytes = item.args[0]
        item = item() if raw.lstrip(BLANKS).startswith(b'"') else None
    return item if isinstance(item, str) else None


def explain_event(target: str, event: Any, places: Places, location: str) -> Thunk | tuple[Diagnostic, ...]:
    """One diagnostic for each reason why an event does not fit the target schema.

    An event shares its parts with a payload that the caller may change, so a copy is explained later. An
    event that is large, or cannot be copied, is explained at once.
    """
    try:
        copy = marshal.dumps(event)
    except ValueError:  # a value that no JSON text holds
        copy = b""
    if 0 < len(copy) <= _LARGE:
        return Thunk(_explain_copy, target, copy, places, location)
    return explain_violations(target, event, places, location)


def _plain_diagnostics(
    code: str, message: str, location: str, hints: tuple[str, ...]
) -> tuple[Diagnostic, ...]:
    return (Diagnostic(code, message, hints=hints, location=location),)


def fault_diagnostics(record: FaultRecord, places: Places, location: str | None) -> tuple[Diagnostic, ...]:
    """The diagnostic of a fault; its location is the item's, if known, and the path that was read."""
    code, site, detail, value, field = record
    span, what, path = places.site(site)
    what = field or what
    location = _read_from(location or "$", path) if location or (path or "").startswith("^") else "$"
    message = f"`{what}`: {CODES[code].summary}" if what else CODES[code].summary
    if detail:
        message = f"{message} ({detail})"
    hint = _HINTS.get(code)
    if code == "M613" and detail in _OF_DIGITS and may_have_lost_digits(value):
        message, hint = f"{message}: {LOST_DIGITS}", _EXACT
    resembled = _resemblance(value, detail) if code == "M614" else None
    shown = None if value is MISSING else str(value) if type(value) is Shown else show(value)
    hints = tuple(hint for hint in (resembled, hint) if hint)
    labels = () if span is None else (Label(span),)
    return (Diagnostic(code, message, labels, hints, location=location, value=shown),)


def _resemblance(value: object, formats: str) -> str | None:
    from mapper.runtime.times.formats import resemblance  # a service without such faults loads no zones

    return resemblance(value, formats)


def _explain_copy(target: str, copy: bytes, places: Places, location: str) -> tuple[Diagnostic, ...]:
    event = marshal.loads(copy)
    try:
        return explain_violations(target, event, places, location)
    except RecursionError:
        # The caller has used up nearly all of its stack; diagnostics must not depend on that.
        return on_fresh_stack(lambda: _explain_deep(target, event, places, location))


def _explain_deep(target: str, event: object, places: Places, location: str) -> tuple[Diagnostic, ...]:
    try:
        return explain_violations(target, event, places, location)
    except RecursionError:
        return (Diagnostic("M606", TOO_DEEP, location=location),)


def explain_violations(target: str, event: object, places: Places, location: str) -> tuple[Diagnostic, ...]:
    """One diagnostic for each violation of the target schema by the event of the item at `location`."""
    found = violations(target, event)
    if not found:
        message = "defect of mapper: the event was refused, yet the schema allows it"
        return (Diagnostic("M901", message, location=location),)
    return tuple(_violation(v, places, location) for v in found)


def _violation(violation: Violation, places: Places, location: str) -> Diagnostic:
    place, message = violation.location, violation.message
    code = _NOT_JSON.get(message, "M612") if violation.keyword == "json" else "M612"
    field = place.removeprefix("$.") if place != "$" else "the event"
    found = places.field(place)
    labels = () if found is None else (Label(found[0]),)
    read = _read_from(location, None if found is None else found[1])
    value = violation.value
    if code != "M612" or value is MISSING:
        return Diagnostic(code, f"`{field}` {message}", labels, location=read)
    message = f"`{field}` {message}; it is {_shape(value)}"
    return Diagnostic(code, message, labels, location=read, value=show(value))


def _shape(value: object) -> str:
    """The type and the size of a value, but nothing of its content."""
    words = in_words([type_of(value)])
    match value:
        case str():
            return f"{words} of {_count(value, 'character')}"
        case list():
            return f"{words} of {_count(value, 'element')}"
        case dict():
            return f"{words} of {_count(value, 'member')}"
        case _:
            return words


def _count(value: Sized, noun: str) -> str:
    return f"{len(value):,} {noun}{'' if len(value) == 1 else 's'}"


def _read_from(location: str, path: str | None) -> str:
    """The location of a value that was read by a path from the item at `location`, or from the body (`^`)."""
    if path is None:
        return location
    return ("$" if path.startswith("^") else location) + path[1:]
