"""Codegen of classes: the types that the narrow path decodes to, one class for each place with members."""

from __future__ import annotations

from collections.abc import Iterator

from mapper.codegen.plan import NotNarrow, PayloadPlace, ReadPlan
from mapper.codegen.writer import literal

SCALARS = "None | bool | int | float | str"


def type_of(place: PayloadPlace) -> str:
    """The type of a place, for the decoder (msgspec)."""
    if not place.is_open:
        return "Any"
    array = f"list[{type_of(place.elements)}]" if place.elements is not None else "list"
    return f"{place.name if place.members else 'dict'} | {array} | {SCALARS}"


def place_classes(plan: ReadPlan, attributes: dict[str, str]) -> Iterator[str]:
    """The classes that objects are decoded to, inner ones first."""
    for place in plan.places():
        members = {key: type_of(member) for key, member in place.members.items()}
        yield class_text(place.name, "Struct", members, attributes)


def class_text(name: str, parent: str, members: dict[str, str], attributes: dict[str, str]) -> str:
    """One class: a field for each key, MISSING if an object lacks the key."""
    for key in members:
        if not key.isprintable() or '"' in key or "\\" in key:  # msgspec takes no such names of fields
            raise NotNarrow("it reads a key with a quote, a backslash or a character that does not print")
    # A key never becomes a Python name: attributes are numbered, and `rename` has the keys as data.
    names = literal({attributes[key]: key for key in members})
    fields = [f"    {attributes[key]}: {kind} = MISSING" for key, kind in members.items()]
    # gc=False: decoded JSON has no reference cycles, so the garbage collector need not track these objects.
    return "\n".join((f"class {name}({parent}, gc=False, rename={names}):", *(fields or ["    pass"])))
