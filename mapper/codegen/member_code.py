"""Codegen of members: one member or element of a value, however much of the value has been decoded."""

from __future__ import annotations

from mapper.codegen.plan import NotNarrow, PayloadPlace
from mapper.codegen.writer import Writer, literal
from mapper.diagnostics.source import Span


def emit_member(writer: Writer, holder: str, name: str, span: Span | None = None) -> str:
    """The local that holds a member of the object in `holder`, or MISSING; an earlier one is reused."""
    key = ("member", holder, name)
    local = writer.recall(key)
    if local is None:
        local = emit_step(writer, holder, name, span)
        writer.remember(key, local)
    return local


def emit_step(writer: Writer, holder: str, name: str, span: Span | None = None) -> str:
    """As `emit_member`, for holders that change: always looked up anew."""
    place = writer.places.get(holder)
    missing = writer.use("missing", "MISSING")
    if place is None or not place.is_open:
        local = writer.fresh(name)
        found = f"{holder}.get({literal(name)}, {missing})"
        otherwise = "" if holder in writer.objects else f" if isinstance({holder}, dict) else {missing}"
        writer.line(f"{local} = {found}{otherwise}", span)
        return local
    member = place.members.get(name)
    if member is None:
        raise NotNarrow("it reads a key that the plan does not know")
    local = writer.fresh(name)
    found = f"{holder}.{writer.attributes[name]}"
    otherwise = "" if holder in writer.objects else f" if {is_object(holder, place)} else {missing}"
    writer.line(f"{local} = {found}{otherwise}", span)
    writer.places[local] = member
    return local


def is_object(holder: str, place: PayloadPlace) -> str:
    """The test that a partly decoded local holds an object."""
    # The body may have a class of its own, derived from that of items, with the places of items in it.
    return f"isinstance({holder}, {place.name})" if place.is_item else f"type({holder}) is {place.name}"


def emit_value_of(writer: Writer, local: str) -> str:
    """The local that holds the JSON value itself, for uses that need all of it."""
    place = writer.places.get(local)
    if place is None or not place.is_open:
        return local
    if writer.recall(("whole", local)) is None:
        tests = [is_object(local, place)] if place.members else [f"type({local}) is dict"]
        if place.elements is not None or place.is_item:
            tests.append(f"type({local}) is list")
        writer.line(f"if {' or '.join(tests)}:")
        writer.line(f"    raise {writer.use('json.narrow', 'NeedsFullDecode')}")
        writer.remember(("whole", local), local)
    return local


def emit_element(writer: Writer, holder: str, index: int, span: Span | None = None) -> str:
    """The local that holds one element of the array in `holder`, or MISSING."""
    element = emit_open_element(writer, holder, index, span)
    return element or _emit_element(writer, emit_value_of(writer, holder), index, span)


def emit_open_element(writer: Writer, holder: str, index: int, span: Span | None = None) -> str | None:
    """As `emit_element` if elements are decoded in part; None if they are not."""
    place = writer.places.get(holder)
    if place is None or not place.is_open:
        return None
    if holder in writer.objects:
        return writer.use("missing", "MISSING")
    # The elements of a body that is an item are items.
    elements = place if place.is_item else place.elements
    if elements is None or (place.is_item and place is not writer.places.get("item")):
        raise NotNarrow("it reads an element that the plan does not know")
    local = _emit_element(writer, holder, index, span)
    writer.places[local] = elements
    return local


def _emit_element(writer: Writer, array: str, index: int, span: Span | None) -> str:
    local = writer.recall(("element", array, index))
    if local is None:
        local = writer.fresh("element")
        missing = writer.use("missing", "MISSING")
        found = f"{array}[{index}] if isinstance({array}, list) and {within(array, index)} else {missing}"
        writer.line(f"{local} = {found}", span)
        writer.remember(("element", array, index), local)
    return local


def within(array: str, index: int) -> str:
    """The test that an index is inside an array."""
    if index in (0, -1):
        return array
    return f"len({array}) > {index}" if index > 0 else f"len({array}) >= {-index}"
