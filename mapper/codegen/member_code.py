"""Codegen of members: one member or element of a value, however much of the value has been decoded."""

from __future__ import annotations

from mapper.codegen.narrow_classes import check_keys, type_of
from mapper.codegen.plan import Decoding, NotNarrow, PayloadPlace
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
    holder, place = emit_opened(writer, holder)
    missing = writer.use("missing", "MISSING")
    if place is None or place.kind is Decoding.VALUE:
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


def emit_opened(writer: Writer, holder: str) -> tuple[str, PayloadPlace | None]:
    """A local whose members can be read, and its place: `holder`, or its second decoding if undecoded."""
    place = writer.places.get(holder)
    if place is not None and place.kind is Decoding.RAW:
        holder = emit_inside(writer, holder, place)
        place = writer.places.get(holder)
    return holder, place


def emit_inside(writer: Writer, raw: str, place: PayloadPlace) -> str:
    """A second decoding of an undecoded object, for the members that are read after all."""
    local = writer.recall(("inside", raw))
    if local is None:
        local = writer.fresh("inside")
        missing = writer.use("missing", "MISSING")
        opened = writer.constant(f"{writer.use('json.narrow', 'reader')}({type_of(place.inside())})", "open")
        writer.line(f"{local} = {raw} if {raw} is {missing} else {opened}({raw})")
        writer.remember(("inside", raw), local)
        writer.places[local] = place.inside()
    return local


def emit_passing(writer: Writer, raw: str) -> str:
    """The undecoded object in `raw` as it can be written into an event; any other value decoded."""
    local = writer.recall(("passing", raw))
    if local is None:
        local = writer.fresh("passing")
        missing, passing = writer.use("missing", "MISSING"), writer.use("json.narrow", "passing")
        writer.line(f"{local} = {raw} if {raw} is {missing} else {passing}({raw})")
        writer.remember(("passing", raw), local)
        writer.passing[local] = raw
    return local


def emit_value_of(writer: Writer, local: str) -> str:
    """The local that holds the JSON value itself, for uses that need all of it."""
    if local in writer.passing:
        return _emit_decoded(writer, local)
    place = writer.places.get(local)
    if place is None or place.kind is Decoding.VALUE:
        return local
    if place.kind is Decoding.RAW:
        return _emit_decoded(writer, local)
    if writer.recall(("whole", local)) is None:
        tests = [is_object(local, place)] if place.members else [f"type({local}) is dict"]
        if place.elements is not None or place.is_item or place.is_inside:
            tests.append(f"type({local}) is list")
        writer.line(f"if {' or '.join(tests)}:")
        writer.line(f"    raise {writer.use('json.narrow', 'NeedsFullDecode')}")
        writer.remember(("whole", local), local)
    return local


def _emit_decoded(writer: Writer, raw: str) -> str:
    decoded = writer.recall(("decoded", raw))
    if decoded is None:
        decoded = writer.fresh("decoded")
        if raw in writer.passing:
            writer.line(f"{decoded} = {writer.use('json.narrow', 'decoded')}({raw})")
        else:
            kind, decode = writer.use("json.narrow", "Raw"), writer.use("json.narrow", "decode")
            writer.line(f"{decoded} = {decode}({raw}) if type({raw}) is {kind} else {raw}")
        writer.remember(("decoded", raw), decoded)
    return decoded


def emit_element(writer: Writer, holder: str, index: int, span: Span | None = None) -> str:
    """The local that holds one element of the array in `holder`, or MISSING."""
    element = emit_open_element(writer, holder, index, span)
    return element or _emit_element(writer, emit_value_of(writer, holder), index, span)


def emit_open_element(writer: Writer, holder: str, index: int, span: Span | None = None) -> str | None:
    """As `emit_element` if elements are decoded in part; None if they are not."""
    holder, place = emit_opened(writer, holder)
    if place is None or place.kind is not Decoding.OPEN:
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


def emit_lacks(writer: Writer, raw: str, names: tuple[str, ...]) -> str:
    """The test that an undecoded object has none of the named keys."""
    source = writer.passing[raw]
    place = writer.places.get(source)
    if place is not None and all(name in place.members for name in names):
        inside, missing = emit_inside(writer, source, place), writer.use("missing", "MISSING")
        return " and ".join(f"{inside}.{writer.attributes[name]} is {missing}" for name in names) or "True"
    names = tuple(dict.fromkeys(names))
    check_keys(names)
    lacking = writer.constant(f"{writer.use('json.narrow', 'lacking')}({literal(names)})", "lacks")
    return f"{lacking}({raw})"


def emit_joined(
    writer: Writer, raw: str, around: tuple[str, str], names: tuple[str, ...], merged: str
) -> None:
    """Fill `merged` with the members before (a local or "") an undecoded object, its own, and those after."""
    before, after = around
    first = f"**{before}, " if before else ""
    none = f"not {before} and not {after}" if before else f"not {after}"
    writer.line(f"if {none}:")
    writer.line(f"    {merged} = {raw}")
    with writer.block("else:"):
        with writer.block(f"if {emit_lacks(writer, raw, names)}:"):
            spliced = f"{writer.use('json.narrow', 'spliced')}({raw}, {before or '{}'}, {after})"
            if not before:  # the common case: members follow, and the object has some of its own
                pieces = f"{raw}[:-1], b',', {writer.use('json.narrow', 'encode')}({after})[1:]"
                joined = f"{writer.use('json.narrow', 'joined')}(({pieces}))"
                spliced = f"{joined} if {raw}[1] == 34 else {spliced}"
            writer.line(f"{merged} = {spliced}")
        with writer.block("else:"):
            whole = writer.use("json.narrow", "decoded")
            writer.line(f"{merged} = {{{first}**{whole}({raw}), **{after}}}")
