"""Items: a body becomes its items, by the paths of `each`. No part of it is lost on the way.

An alternative of `each` is a tuple of steps, or a function if its path needs more than steps:
`("name", key)`, `("index", number)`, `("all",)` for `[*]`, `("elements",)` for `[:]`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import Any, TypeAlias

from mapper.runtime.missing import MISSING

Step: TypeAlias = tuple[Any, ...]
Alternative: TypeAlias = tuple[Step, ...] | Callable[[object], list[object]]
# Names and indexes; None for a name that is not text, which a parsed payload may have.
Place: TypeAlias = tuple[str | int | None, ...]

_ALL = sys.maxsize >> 1


class UnmatchedElement:
    """An element of the body in which the rest of `each` finds nothing; it is rejected, not lost."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


def select(alternatives: tuple[Alternative, ...], body: object, most: int) -> list[object] | None:
    """The items of the first alternative that selects anything, or None if none does.

    A selected array counts as its elements. An empty one gives no items, which is no fault. Of more than
    `most` items there may be any number, but more than `most`: who asks maps none of them, and a body of tiny
    elements must not take many times its size.
    """
    emptied = False
    for alternative in alternatives:
        if not alternative:  # the body itself
            return body if isinstance(body, list) else [body]
        if callable(alternative):
            found = _flatten(alternative(body), most)
        else:
            walk = _Walk(alternative, most)
            found = walk.items if walk.enter(0, body, ()) else None
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
        walk = _Walk(alternative, _ALL, [])
        if walk.enter(0, body, ()) and walk.places:
            return walk.places
    return []


def find_row(alternatives: tuple[Alternative, ...], body: object) -> tuple[str, ...] | None:
    """The names that lead to the array whose elements are the items of `select`; None if there is none."""
    for alternative in alternatives:
        if callable(alternative):
            return None
        names = names_of(alternative)
        rest = alternative[len(names) :]
        if len(rest) > 1 or (rest and rest[0][0] == "index"):
            if select((alternative,), body, 1):
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


def _flatten(matches: list[object], most: int) -> list[object] | None:
    if not matches:
        return None
    items: list[object] = []
    for match in matches:
        items.extend(match if isinstance(match, list) else (match,))
        if len(items) > most:
            break
    return items


@dataclass(slots=True)
class _Walk:
    """The way through a body by the steps of one alternative; collects items, and their places if asked."""

    steps: tuple[Step, ...]
    most: int
    places: list[Place] | None = None
    items: list[object] = field(default_factory=list)

    def enter(self, position: int, node: object, place: Place) -> bool:
        """Collect what the steps from a position on select in a node; False if they select nothing."""
        for number in range(position, len(self.steps)):
            match self.steps[number]:
                case ("name", key):
                    if not isinstance(node, dict) or key not in node:
                        return False
                    node, place = node[key], (*place, key)
                case ("index", index):
                    if not isinstance(node, list) or not -len(node) <= index < len(node):
                        return False
                    place = (*place, index % len(node))
                    node = node[index]
                case (kind, *_):
                    return self._enter_each(number, _elements(node, kind), place)
        if isinstance(node, list):
            self._add_all(enumerate(node), place)
        else:
            self._add(node, place)
        return True

    def _enter_each(
        self, number: int, elements: Iterator[tuple[str | int | None, object]] | None, place: Place
    ) -> bool:
        if elements is None:
            return False
        if number + 1 == len(self.steps):
            self._add_all(elements, place)
            return True
        start = len(self.items)
        selected = seen = False
        for key, element in elements:
            seen = True
            if self.enter(number + 1, element, (*place, key)):
                selected = True
            else:
                self._add(UnmatchedElement(element), (*place, key))
            if selected and len(self.items) > self.most:
                break
        if seen and not selected:  # whoever asked has the element around these as an unmatched one
            del self.items[start:]
            if self.places is not None:
                del self.places[start:]
            return False
        return True

    def _add_all(self, elements: Iterator[tuple[str | int | None, object]], place: Place) -> None:
        found = islice(elements, self.most + 1 - len(self.items))
        if self.places is None:
            self.items.extend(element for _, element in found)
            return
        for key, element in found:
            self._add(element, (*place, key))

    def _add(self, item: object, place: Place) -> None:
        if len(self.items) <= self.most:
            self.items.append(item)
            if self.places is not None:
                self.places.append(place)


def _elements(node: object, kind: str) -> Iterator[tuple[str | int | None, object]] | None:
    if isinstance(node, list):
        return iter(enumerate(node))
    if isinstance(node, dict) and kind == "all":
        return ((name if isinstance(name, str) else None, member) for name, member in node.items())
    return None
