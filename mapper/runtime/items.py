"""Items: a body becomes its items, by the paths of `each`. No part of it is lost on the way.

An alternative of `each` is a tuple of steps, or a function if its path needs more than steps:
`("name", key)`, `("index", number)`, `("all",)` for `[*]`, `("elements",)` for `[:]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any, TypeAlias

from mapper.runtime.missing import MISSING

Step: TypeAlias = tuple[Any, ...]
Alternative: TypeAlias = tuple[Step, ...] | Callable[[object], list[object]]
# Names and indexes; None for a name that is not text, which a parsed payload may have.
Place: TypeAlias = tuple[str | int | None, ...]


class UnmatchedElement:
    """An element of the body in which the rest of `each` finds nothing; it is rejected, not lost."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


def select(alternatives: tuple[Alternative, ...], body: object) -> list[object] | None:
    """The items of the first alternative that selects anything, or None if none does.

    A selected array counts as its elements. An empty one gives no items, which is no fault.
    """
    emptied = False
    for alternative in alternatives:
        if not alternative:  # the body itself
            return body if isinstance(body, list) else [body]
        if callable(alternative):
            found = _flatten(alternative(body))
        else:
            walked = _walk(alternative, 0, body, ())
            found = None if walked is None else [item for item, _ in walked]
        if found:
            return found
        if found is not None:
            if not callable(alternative) and not _is_inside(alternative):
                return found
            emptied = True
    return [] if emptied else None


def locate(alternatives: tuple[Alternative, ...], body: object) -> list[Place] | None:
    """The places of the items of `select`, in the same order; None if they are not known."""
    for alternative in alternatives:
        if callable(alternative):
            if alternative(body):
                return None
            continue
        walked = _walk(alternative, 0, body, ())
        if walked:
            return [place for _, place in walked]
    return []


def find_row(alternatives: tuple[Alternative, ...], body: object) -> tuple[str, ...] | None:
    """The names that lead to the array whose elements are the items of `select`; None if there is none."""
    for alternative in alternatives:
        if callable(alternative):
            return None
        names = names_of(alternative)
        rest = alternative[len(names) :]
        if len(rest) > 1 or (rest and rest[0][0] == "index"):
            if _walk(alternative, 0, body, ()):
                return None
            continue
        node = _descend(body, names)
        if isinstance(node, list):
            if node:
                return names
        elif (node is not MISSING and not rest) or isinstance(node, dict):
            return None
    return None


def names_of(alternative: Alternative) -> tuple[str, ...]:
    """The names that an alternative begins with."""
    return () if callable(alternative) else tuple(step[1] for step in takewhile(_is_name, alternative))


def _is_name(step: Step) -> bool:
    return bool(step[0] == "name")


def _descend(node: object, names: tuple[str, ...]) -> object:
    for name in names:
        if not isinstance(node, dict) or name not in node:
            return MISSING
        node = node[name]
    return node


def _is_inside(steps: tuple[Step, ...]) -> bool:
    # `$.a[*].b` on an empty `a`: nothing was selected, so a later alternative may still find something.
    return any(step[0] in ("all", "elements") for step in steps[:-1])


def _flatten(matches: list[object]) -> list[object] | None:
    if not matches:
        return None
    items: list[object] = []
    for match in matches:
        if isinstance(match, list):
            items.extend(match)
        else:
            items.append(match)
    return items


def _walk(
    steps: tuple[Step, ...], position: int, node: object, place: Place
) -> list[tuple[object, Place]] | None:
    for number in range(position, len(steps)):
        match steps[number]:
            case ("name", key):
                if not isinstance(node, dict) or key not in node:
                    return None
                node, place = node[key], (*place, key)
            case ("index", index):
                if not isinstance(node, list) or not -len(node) <= index < len(node):
                    return None
                place = (*place, index % len(node))
                node = node[index]
            case (kind, *_):
                return _walk_each(steps, number, _elements(node, kind), place)
    if isinstance(node, list):
        return [(element, (*place, index)) for index, element in enumerate(node)]
    return [(node, place)]


def _walk_each(
    steps: tuple[Step, ...],
    number: int,
    elements: Iterator[tuple[str | int | None, object]] | None,
    place: Place,
) -> list[tuple[object, Place]] | None:
    if elements is None:
        return None
    if number + 1 == len(steps):
        return [(element, (*place, key)) for key, element in elements]
    items: list[tuple[object, Place]] = []
    selected = seen = False
    for key, element in elements:
        seen = True
        inner = _walk(steps, number + 1, element, (*place, key))
        if inner is None:
            items.append((UnmatchedElement(element), (*place, key)))
        else:
            selected = True
            items.extend(inner)
    return items if selected or not seen else None


def _elements(node: object, kind: str) -> Iterator[tuple[str | int | None, object]] | None:
    if isinstance(node, list):
        return iter(enumerate(node))
    if isinstance(node, dict) and kind == "all":
        return ((name if isinstance(name, str) else None, member) for name, member in node.items())
    return None
