"""Documents: places inside a JSON value, and copies of the value with one of them changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from mapper.checker.types import Type
from mapper.checker.types.lattice import member_of, of_element, of_member
from mapper.runtime.missing import MISSING

Key: TypeAlias = str | int
Place: TypeAlias = tuple[Key, ...]
PlacedValue: TypeAlias = tuple[tuple[str, Place], object]  # a root of the payload, the keys below it, a value


def value_at(document: object, place: Place) -> object:
    """The value at a place; MISSING if there is none."""
    for key in place:
        is_there = (
            isinstance(document, dict) and key in document
            if isinstance(key, str)
            else isinstance(document, list) and -len(document) <= key < len(document)
        )
        if not is_there:
            return MISSING
        document = document[key]  # type: ignore[index]
    return document


def with_value(document: object, place: Place, value: object) -> object:
    """A copy with a value at a place; anything else in the way is replaced. MISSING removes the place."""
    if not place:
        return value
    key, rest = place[0], place[1:]
    if value is MISSING and value_at(document, (key,)) is MISSING:
        return document
    if isinstance(key, str):
        members = dict(document) if isinstance(document, dict) else {}
        member = with_value(members.get(key), rest, value)
        if member is MISSING:
            members.pop(key, None)
        else:
            members[key] = member
        return members
    elements = list(document) if isinstance(document, list) else []
    needed = key + 1 if key >= 0 else -key
    elements.extend([None] * (needed - len(elements)))
    element = with_value(elements[key], rest, value)
    if element is MISSING:
        elements.pop(key)
    else:
        elements[key] = element
    return elements


def _member(given: Type, name: str) -> Type:
    """The type of a member of the objects of a type."""
    if len(given.objects) == 1:  # objects with thousands of members are of one kind
        return member_of(given.objects[0], name)
    return of_member(given, name)


def smaller_values(document: object, given: Type | None = None) -> Iterator[object]:
    """Copies of a document that are smaller by one step, the biggest steps first.

    `given` is the type of the values that may be: members that it requires are not left out.
    """
    if isinstance(document, dict):
        types = {name: None if given is None else _member(given, name) for name in document}
        for key, wanted in types.items():
            if wanted is None or wanted.missing:
                yield {name: member for name, member in document.items() if name != key}
        for key, member in document.items():
            for less in smaller_values(member, types[key]):
                yield {**document, key: less}
    elif isinstance(document, list):
        element = None if given is None else of_element(given)
        for index in range(len(document)):
            yield [*document[:index], *document[index + 1 :]]
        for index, each in enumerate(document):
            for less in smaller_values(each, element):
                yield [*document[:index], less, *document[index + 1 :]]
    elif isinstance(document, str) and len(document) > 1:
        yield from ("", "x")
