"""Candidates: the places of a payload and request that a program reads, and payloads with values there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Any, TypeAlias

from mapper import ir
from mapper.checker.inference.path_types import place_of_path
from mapper.checker.inference.type_scope import BODY, ITEM, SPECIAL, Key, initial_scope, of_key, place_of
from mapper.checker.types import NEVER, Type, admits, meet, only
from mapper.checker.types.facts import KINDS
from mapper.checker.types.witnesses import witnesses
from mapper.ir.liquid import walk
from mapper.runtime.missing import MISSING

Place: TypeAlias = tuple[str, tuple[Key, ...]]
Setting: TypeAlias = tuple[Place, object]

_MOST_PLACES = 14
_MOST_BAD = 6
_MOST_OF_KIND = 5
_MOST_TOGETHER = 3
_MOMENT = "2026-11-23T20:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Payload:
    """A body, and the parts of a request that matter."""

    body: object
    headers: Mapping[str, str]
    query: Mapping[str, str]
    settings: Mapping[str, object]
    received_at: str | None = None

    @property
    def size(self) -> tuple[int, int]:
        """What makes one payload smaller than another: first the request, then the body's length."""
        parts = len(self.headers) + len(self.query) + len(self.settings) + (self.received_at is not None)
        return parts, len(json.dumps(self.body))

    @property
    def text(self) -> str:
        """The payload in one line of JSON, with what the request has to hold."""
        extras = [
            *(f"header {name}: {value}" for name, value in self.headers.items()),
            *(f"query {name}={value}" for name, value in self.query.items()),
            *(f"setting {name}: {json.dumps(value)}" for name, value in self.settings.items()),
            *([f"received_at {self.received_at}"] if self.received_at is not None else []),
        ]
        body = json.dumps(self.body, ensure_ascii=False)
        return f"{body} ({', '.join(extras)})" if extras else body


def places_read(*nodes: object) -> dict[Place, None]:
    """The places that nodes of a program read, in the order of the text."""
    found: dict[Place, None] = {}
    scope = initial_scope(Type())
    place: Place | None
    for node in walk(nodes):
        match node:
            case ir.Path():
                place = place_of_path(node) or _first_names(node)
            case ir.Lookup():
                place = place_of(_plain(node), scope)
            case ir.FromRequest(ir.RequestPart.RECEIVED_AT):
                place = ("received_at", ())
            case ir.FromRequest(part, name):
                place = (part.value, (name,))
            case _:
                continue
        if place is not None and (place[1] or place[0] == "received_at"):
            found[place] = None
    return found


def _first_names(path: ir.Path) -> Place:
    """The singular beginning of a path that is not singular."""
    keys: list[Key] = []
    for segment in path.segments:
        match segment:
            case ir.Child((ir.Name(name),)):
                keys.append(name)
            case _:
                break
    return (ITEM if path.root is ir.Root.ITEM else BODY), tuple(keys)


def _plain(lookup: ir.Lookup) -> ir.Lookup:
    """The lookup up to a key that is known at run time only."""
    keys: list[Any] = []
    for key in lookup.keys:
        if isinstance(key, ir.Lookup) or key in SPECIAL:
            break
        keys.append(key)
    return ir.Lookup(lookup.name, tuple(keys), lookup.span)


def constants_in(*nodes: object) -> list[object]:
    """The scalars that conditions, cases and filters compare with."""
    found: dict[str, object] = {}
    for node in walk(nodes):
        match node:
            case ir.Scalar(value) if value is not None and value != "":
                found[repr(value)] = value
            case ir.Case(key) if key is not None:
                found[repr(key)] = key
            case ir.Constant(value) if value is not None:
                found[repr(value)] = value
            case _:
                pass
    return list(found.values())


def values_at(place: Place, item: Type | None, constants: list[object], bad: Type = NEVER) -> list[object]:
    """What to try at a place: bad values, constants it is compared with, and what the source allows there.

    Where nothing is known of a place, only that it is there with a harmless text, or with a constant.
    """
    root, keys = place
    if root == "received_at":
        return [_MOMENT]
    if root != ITEM or item is None:
        return ["x", *constants]
    found = item
    for key in keys:
        found = of_key(found, key)
    worst = [value for value in islice(witnesses(meet(found, bad)), _MOST_BAD) if value is not MISSING]
    known = [value for value in constants if admits(found, value)]
    usual = [
        value
        for kind in KINDS
        for value in islice(witnesses(only(found, kind)), _MOST_OF_KIND)
        if value is not MISSING
    ]
    return list({repr(value): value for value in (*worst, *known, *usual)}.values())


def settings_in_turn(choices: dict[Place, list[object]]) -> Iterator[tuple[Setting, ...]]:
    """Ways to set some places: none, each one, each two, each three."""
    places = list(choices)[:_MOST_PLACES]
    for count in range(_MOST_TOGETHER + 1):
        for chosen in combinations(places, count):
            for values in product(*(choices[place] for place in chosen)):
                yield tuple(zip(chosen, values, strict=True))


def with_value(document: object, keys: tuple[Key, ...], value: object) -> object:
    """A copy of a document with a value at a place; what stands in the way is replaced."""
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(key, str):
        members = dict(document) if isinstance(document, dict) else {}
        members[key] = with_value(members.get(key), rest, value)
        return members
    elements = list(document) if isinstance(document, list) else []
    needed = key + 1 if key >= 0 else -key
    elements.extend([None] * (needed - len(elements)))
    elements[key] = with_value(elements[key], rest, value)
    return elements


def smaller_values(document: object) -> Iterator[object]:
    """Copies of a document with one thing less, the biggest steps first."""
    if isinstance(document, dict):
        for key in document:
            yield {name: member for name, member in document.items() if name != key}
        for key, member in document.items():
            for less in smaller_values(member):
                yield {**document, key: less}
    elif isinstance(document, list):
        for index in range(len(document)):
            yield [*document[:index], *document[index + 1 :]]
        for index, element in enumerate(document):
            for less in smaller_values(element):
                yield [*document[:index], less, *document[index + 1 :]]
    elif isinstance(document, str) and len(document) > 1:
        yield from ("", "x")
