"""Candidates: the places of a payload and request that a program reads, and payloads with values there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, islice, product, takewhile
from json import dumps
from typing import TypeAlias

from mapper import ir
from mapper.checker.inference.type_scope import (
    BODY,
    ITEM,
    SPECIAL,
    Key,
    PayloadPlace,
    initial_scope,
    of_key,
    place_of,
    place_of_path,
    plain_keys,
)
from mapper.checker.types import NEVER, Type, admits, meet, only
from mapper.checker.types.facts import KINDS
from mapper.checker.types.witnesses import witnesses
from mapper.ir.liquid import walk_with_vars
from mapper.runtime.missing import MISSING

PlacedValue: TypeAlias = tuple[PayloadPlace, object]

# The number of choices grows with all four; the search tries them in order until its runs are used up.
_MAX_PLACES = 14
_MAX_BAD = 10
_MAX_OF_KIND = 5
_MAX_TOGETHER = 3
_MOMENT = "2026-11-23T20:00:00.000Z"


def places_read(*nodes: object) -> dict[PayloadPlace, None]:
    """The places that nodes of a program read, in the order of the text, as the keys of a dict."""
    found: dict[PayloadPlace, None] = {}
    scope = initial_scope(Type())
    for node in walk_with_vars(nodes):
        match node:
            case ir.Path():
                places = _places_of(node)
            case ir.Lookup(var=ir.Var() as var):
                place = _below_var(node, var)
                places = [] if place is None else [place]
            case ir.Lookup():
                place = place_of(_plain(node), scope)
                places = [] if place is None else [place]
            case ir.FromRequest(ir.RequestPart.RECEIVED_AT):
                places = [("received_at", ())]
            case ir.FromRequest(part, name):
                places = [(part.value, (name,))]
            case _:
                continue
        # The body is made around an item, which may be a text or a number of its own.
        found |= {place: None for place in places if place[1] or place[0] in (ITEM, "received_at")}
    return found


def _below_var(lookup: ir.Lookup, var: ir.Var) -> PayloadPlace | None:
    """The place of a part of a var that is a path; None for any other var."""
    place = place_of_path(var.value) if isinstance(var.value, ir.Path) else None
    keys = plain_keys(_plain(lookup))
    return None if place is None or keys is None else (place[0], (*place[1], *keys))


def _places_of(path: ir.Path) -> list[PayloadPlace]:
    """The place of a singular path; of any other those of its names, up to its first other selector."""
    place = place_of_path(path)
    if place is not None:
        return [place]
    root = ITEM if path.root is ir.Root.ITEM else BODY
    keys: list[tuple[Key, ...]] = [()]
    for segment in takewhile(_is_names, path.segments):
        names = [each.name for each in segment.selectors if isinstance(each, ir.Name)]
        keys = [(*before, name) for before in keys for name in names][:_MAX_PLACES]
    return [(root, each) for each in keys]


def _is_names(segment: ir.Segment) -> bool:
    return isinstance(segment, ir.Child) and all(isinstance(each, ir.Name) for each in segment.selectors)


def _plain(lookup: ir.Lookup) -> ir.Lookup:
    """The lookup up to its first key that is built in or that only a payload decides."""
    keys = takewhile(lambda key: not isinstance(key, ir.Lookup) and key not in SPECIAL, lookup.keys)
    return ir.Lookup(lookup.name, tuple(keys), lookup.span, lookup.var)


def constants_in(*nodes: object) -> list[object]:
    """The scalars that conditions, cases and filters compare with, and JSON texts for paths that read one."""
    found: dict[str, object] = {}
    for node in walk_with_vars(nodes):
        match node:
            case ir.Scalar(None | "") | ir.CaseKey(None) | ir.Constant(None):
                pass
            case ir.Scalar(value) | ir.CaseKey(value) | ir.Constant(value):
                found[repr(value)] = value
            case ir.WithItem(source, ir.Path() as path) if any(map(_is_json, ir.walk(source))):
                found |= {repr(text): text for text in _json_texts(path)}
            case _:
                pass
    return list(found.values())


def _is_json(node: object) -> bool:
    return isinstance(node, ir.Cast) and node.kind is ir.CastKind.JSON


def _json_texts(path: ir.Path) -> list[str]:
    """Texts of JSON values with values of several types where the path starts to look."""
    places = [keys for _, keys in _places_of(path)]
    values: tuple[object, ...] = ("x", 0.5, None, {}, [])
    return [dumps(with_value({}, keys, value)) for keys in places for value in values]


def values_at(
    place: PayloadPlace, roots: Mapping[str, Type | None], constants: list[object], bad: Type = NEVER
) -> list[object]:
    """Values to try at a place: first those of `bad`, then constants, then a few of each allowed type.

    `roots` has the types of the item and the body. If no schema describes the place, the values are a
    harmless text and the constants.
    """
    root, keys = place
    if root == "received_at":
        return [_MOMENT]
    found = roots.get(root)
    if found is None:
        return ["x", *constants]
    for key in keys:
        found = of_key(found, key)
    worst = [value for value in islice(witnesses(meet(found, bad)), _MAX_BAD) if value is not MISSING]
    known = [value for value in constants if admits(found, value)]
    usual = [
        value
        for kind in KINDS
        for value in islice(witnesses(only(found, kind)), _MAX_OF_KIND)
        if value is not MISSING
    ]
    return list({repr(value): value for value in (*worst, *known, *usual)}.values())


def placements(choices: dict[PayloadPlace, list[object]]) -> Iterator[tuple[PlacedValue, ...]]:
    """Choices of values for no place, for each single place, for each two and each three places."""
    places = list(choices)[:_MAX_PLACES]
    for count in range(_MAX_TOGETHER + 1):
        for chosen in combinations(places, count):
            for values in product(*(choices[place] for place in chosen)):
                yield tuple(zip(chosen, values, strict=True))


def with_value(document: object, keys: tuple[Key, ...], value: object) -> object:
    """A copy of a document with a value below `keys`; anything else in the way is replaced."""
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
    """Copies of a document that are smaller by one step, the biggest steps first."""
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
