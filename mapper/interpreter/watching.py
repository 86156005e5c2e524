"""Watching: copies of payloads that report each place that is read of them.

A place is a root (`$` the item, `^` the body, `@` an element whose place is not known, or a part of the
request) and the names and indexes below it. Containers report only while someone reads (`Reading`).
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import SupportsIndex, TypeAlias

from mapper import ir
from mapper.interpreter.value_evaluation import EvaluationContext
from mapper.runtime.json.locations import write_location
from mapper.runtime.liquid.lazy_vars import VarValues
from mapper.runtime.liquid.semantics import GivenNames, Headers, variables
from mapper.runtime.missing import MISSING
from mapper.transform.request import Request

Place: TypeAlias = tuple[str | int, ...]
ITEM, BODY, ELEMENT = ("$",), ("^",), ("@",)


class Reading:
    """The places read by each node that is being evaluated, the innermost last; None if they do not count."""

    def __init__(self) -> None:
        self.in_path = False  # then the members of an object are tested one by one
        self.frames: list[dict[Place, None] | None] = []
        self.found: dict[int, tuple[Place, ...]] = {}  # by the identity of the node, until it is observed

    def note(self, place: Place) -> None:
        """Remember a place that is read now."""
        if self.frames and self.frames[-1] is not None:
            self.frames[-1][place] = None

    @contextmanager
    def of(self, node: object, *, counts: bool = True) -> Iterator[None]:
        """Collect the places that are read meanwhile, for `node`."""
        self.frames.append({} if counts else None)
        try:
            yield
        finally:
            frame = self.frames.pop()
            if frame is not None:
                self.found[id(node)] = innermost(tuple(frame))

    def take(self, node: object) -> tuple[Place, ...]:
        """The places that were read for `node` since this was asked last."""
        return self.found.pop(id(node), ())


def innermost(places: tuple[Place, ...]) -> tuple[Place, ...]:
    """Places without those that were only passed on the way to others."""
    passed = {place[:length] for place in places for length in range(1, len(place))}
    return tuple(place for place in dict.fromkeys(places) if place not in passed)


def write_place(place: Place) -> str:
    """A place as people read it: `$.a[0]`, `^.a`, `header x`."""
    root, *steps = place
    if root in ir.REQUEST_NAMES:
        return " ".join(map(str, place)).strip()
    # No path leads to a member whose name is not a text.
    return f"{root}{write_location(s if isinstance(s, str | int) else None for s in steps)[1:]}"


class WatchedObject(dict[str, object]):
    """An object of a payload; its place is that in the payload."""

    place: Place
    reading: Reading

    def __getitem__(self, key: str) -> object:
        if isinstance(key, str):
            self.reading.note((*self.place, key))
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str):
            self.reading.note((*self.place, key))
        return super().__contains__(key)

    def get(self, key: object, default: object = None) -> object:
        """The member of that name, or `default`."""
        return self[key] if isinstance(key, str) and key in self else default

    def items(self) -> ItemsView[str, object]:  # type: ignore[override]
        """The members."""
        if self.reading.in_path:
            for key in self:
                if isinstance(key, str):
                    self.reading.note((*self.place, key))
        return super().items()


class WatchedHeaders(WatchedObject, Headers):
    """The headers of a request, found by names in any case."""

    def __getitem__(self, key: str) -> object:
        return super().__getitem__(key.lower() if isinstance(key, str) else key)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key.lower() if isinstance(key, str) else key)


class WatchedList(list[object]):
    """A list of a payload; its place is that in the payload."""

    place: Place
    reading: Reading

    def __getitem__(self, index: SupportsIndex | slice) -> object:  # type: ignore[override]
        if not isinstance(index, slice):
            position = index.__index__()
            self.reading.note((*self.place, position + len(self) * (position < 0)))
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[object]:
        for index, element in enumerate(super().__iter__()):
            self.reading.note((*self.place, index))
            yield element


class WatchedNames(GivenNames):
    """The names of a Liquid text: those of the item, and the reserved ones with places of their own."""

    place: Place
    reading: Reading

    def __getitem__(self, name: str) -> object:
        if name == "item":
            self.reading.note(self.place)
        elif name == "envelope":
            self.reading.note(BODY)
        elif name in ir.REQUEST_NAMES:
            self.reading.note((name,))
        elif name != ir.VARS:
            self.reading.note((*self.place, name))
        return super().__getitem__(name)

    def get(self, name: object, default: object = None) -> object:
        """The variable of that name, or `default`."""
        try:
            return self[name]  # type: ignore[index]
        except KeyError:
            return default


def watched(value: object, place: Place, reading: Reading) -> object:
    """A copy of a value whose objects and lists report what is read of them."""
    if isinstance(value, dict):
        return _object(WatchedObject(), value, place, reading)
    if isinstance(value, list):
        elements = WatchedList(watched(v, (*place, i), reading) for i, v in enumerate(value))
        elements.place, elements.reading = place, reading
        return elements
    return value


def _object(
    empty: WatchedObject, members: Mapping[str, object], place: Place, reading: Reading
) -> WatchedObject:
    empty.update({key: watched(member, (*place, key), reading) for key, member in members.items()})
    empty.place, empty.reading = place, reading
    return empty


def unwatched(value: object) -> object:
    """The value with plain objects and lists."""
    if isinstance(value, dict):
        return {key: unwatched(member) for key, member in value.items()}
    if isinstance(value, list):
        return [unwatched(element) for element in list.__iter__(value)]
    return value


@dataclass(frozen=True, slots=True)
class WatchedContext(EvaluationContext):
    """A context whose texts report the names that they read."""

    reading: Reading = field(default_factory=Reading)

    @property
    def root(self) -> Place:
        """The place of the item; inside `map`, that of the element."""
        if isinstance(self.item, WatchedObject | WatchedList):
            return self.item.place
        return ITEM if self.outer is MISSING else ELEMENT

    def var(self, var: ir.Var) -> object:
        """The value of a var; the places that it reads are those of its own nodes."""
        with self.reading.of(var, counts=False):
            return EvaluationContext.var(self, var)

    def text(self, template: ir.Template) -> str:
        """The text of a template."""
        with self.reading.of(template):
            return EvaluationContext.text(self, template)

    def computed(self, node: ir.Compute) -> object:
        """The value of a Liquid expression."""
        with self.reading.of(node):
            return EvaluationContext.computed(self, node)

    def holds(self, condition: ir.Condition) -> bool:
        """Return True if a condition holds."""
        with self.reading.of(condition):
            return EvaluationContext.holds(self, condition)

    def _given(self, read: tuple[ir.Var, ...]) -> tuple[object, object, Request, int, VarValues]:
        names, (_, *others) = self._names(), EvaluationContext._given(self, read)
        return (names, *others)  # type: ignore[return-value]

    def _names(self) -> WatchedNames:
        """The names that the library gets: each reports that it is read."""
        names = WatchedNames(variables(self.item, self.body, self.request))
        names.place, names.reading = self.root, self.reading
        for part in ("header", "query", "setting"):
            kind = WatchedHeaders if part == "header" else WatchedObject
            names[part] = _object(kind(), _part(self.request, part), (part,), self.reading)
        return names


def _part(request: Request, part: str) -> Mapping[str, object]:
    return {"header": request.headers, "query": request.query, "setting": request.settings}[part]
