"""Places: those of a payload and request that a program reads, and the constants it compares with.

A place inside a list is that of its first element, so that paths below `map` and names of a Liquid loop have
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from json import dumps

from mapper import ir
from mapper.checker.inference.type_scope import (
    BODY,
    ITEM,
    SPECIAL,
    Key,
    PayloadPlace,
    initial_scope,
    place_of,
    place_of_path,
    plain_keys,
)
from mapper.checker.search.documents import with_value
from mapper.checker.types import Type
from mapper.ir.liquid import parts_of, vars_below, walk

_MAX_NAMES = 14  # of a path that selects several in each segment
_NOWHERE: PayloadPlace = ("nowhere", ())
_SCOPE = initial_scope(Type())

Names = Mapping[str, PayloadPlace]  # variables of Liquid loops, and ITEM for the item inside `map`


def places_read(*nodes: object, item: PayloadPlace | None = None) -> dict[PayloadPlace, None]:
    """The places that nodes of a program read, in the order of the text, as the keys of a dict.

    `item` is the place of the element that is the item of nodes inside a `map`.
    """
    names = {} if item is None else {ITEM: item}
    found = [place for node in nodes for place in _read(node, names)]
    found += [place for var in vars_below(nodes) for place in _read(var.value, {})]
    # The body is made around an item, which may be a text or a number of its own.
    return {place: None for place in found if place[1] or place[0] in (ITEM, "received_at")}


def element_places(node: object) -> Iterator[tuple[object, PayloadPlace, object]]:
    """The nodes inside a `map`, each with the place of the element that is their item, and the `map`."""
    for each in walk(node):
        if isinstance(each, ir.MapItems):
            place = _element_of(each.source, {})
            if place is not None:
                yield from ((inner, place, each) for inner in walk(each.element))


def _read(node: object, names: Names) -> Iterator[PayloadPlace]:
    match node:
        case ir.Path():
            yield from _of_path(node, names)
        case ir.Lookup():
            place = _of_lookup(node, names)
            if place is not None:
                yield place
            for key in node.keys:
                yield from _read(key, names)
        case ir.FromRequest(ir.RequestPart.RECEIVED_AT):
            yield "received_at", ()
        case ir.FromRequest(part, name):
            yield part.value, (name,)
        case ir.MapItems(source, element):
            yield from _read(source, names)
            yield from _read(element, {**names, ITEM: _element_of(source, names) or _NOWHERE})
        case ir.WithItem(source, element):
            yield from _read(source, names)
            inside = next(_read(source, names), _NOWHERE)
            yield from _read(element, {**names, ITEM: _NOWHERE if _is_text(source) else inside})
        case ir.For(name, source):
            yield from _read(source, names)
            place = _element_of(source, names)
            yield from _read(node.body, names if place is None else {**names, name: place})
            yield from _read(node.otherwise, names)
        case ir.Pick(source, names_of) | ir.Omit(source, names_of):
            yield from _of_members(source, names_of, names)
        case ir.Rename(source, renamed):
            yield from _of_members(source, dict.fromkeys(name for pair in renamed for name in pair), names)
        case tuple():
            for each in node:
                yield from _read(each, names)
        case _:
            for each in parts_of(node):
                yield from _read(each, names)


def _of_members(source: object, members: Iterable[str], names: Names) -> Iterator[PayloadPlace]:
    """The places that an object is read from, and those of some of its members."""
    inside = list(_read(source, names))
    yield from inside
    if isinstance(source, ir.Path) and source.is_singular:
        yield from ((root, (*keys, name)) for root, keys in inside for name in members)


def _of_path(path: ir.Path, names: Names) -> Iterator[PayloadPlace]:
    """The place of a path; if it selects several, those of their names and first elements."""
    root = BODY if path.root is ir.Root.BODY else ITEM
    for keys in _keys_of(path):
        if root == BODY:
            yield root, keys
        else:
            start = names.get(ITEM, (ITEM, ()))
            if start is not _NOWHERE:
                yield start[0], (*start[1], *keys)


def _keys_of(path: ir.Path) -> list[tuple[Key, ...]]:
    """The keys of a singular path; else those of its names and first elements up to any other selector."""
    place = place_of_path(path)
    if place is not None:
        return [place[1]]
    keys: list[tuple[Key, ...]] = [()]
    for segment in takewhile(_is_followed, path.segments):
        steps = [each.name if isinstance(each, ir.Name) else 0 for each in segment.selectors]
        keys = [(*before, step) for before in keys for step in steps][:_MAX_NAMES]
    return keys


def _is_followed(segment: ir.Segment) -> bool:
    return isinstance(segment, ir.Child) and all(
        isinstance(each, ir.Name | ir.Wildcard | ir.Slice | ir.Index) for each in segment.selectors
    )


def _of_lookup(lookup: ir.Lookup, names: Names) -> PayloadPlace | None:
    plain = _plain(lookup)
    if lookup.var is not None:
        path = lookup.var.value
        place = place_of_path(path) if isinstance(path, ir.Path) else None
        keys = plain_keys(plain)
        return None if place is None or keys is None else (place[0], (*place[1], *keys))
    if lookup.name in names:
        start, keys = names[lookup.name], plain_keys(plain)
        return None if start is _NOWHERE or keys is None else (start[0], (*start[1], *keys))
    return place_of(plain, _SCOPE)


def _plain(lookup: ir.Lookup) -> ir.Lookup:
    """The lookup up to its first key that is built in or that only a payload decides."""
    keys = takewhile(lambda key: not isinstance(key, ir.Lookup) and key not in SPECIAL, lookup.keys)
    return ir.Lookup(lookup.name, tuple(keys), lookup.span, lookup.var)


def _element_of(source: object, names: Names) -> PayloadPlace | None:
    """The place of the first element of a list; None if the list is not read from a place."""
    path = next((each for each in walk(source) if isinstance(each, ir.Path | ir.Lookup)), None)
    place = None if path is None else next(_read(path, names), None)
    if place is None or _is_text(source):
        return None
    is_element = isinstance(path, ir.Path) and not path.is_singular and place[1][-1:] == (0,)
    return place if is_element else (place[0], (*place[1], 0))


def _is_text(source: object) -> bool:
    """Return True if a value is read from a JSON text, so that places in it are none of the payload."""
    return any(isinstance(each, ir.Cast) and each.kind is ir.CastKind.JSON for each in walk(source))


def constants_in(*nodes: object) -> list[object]:
    """The scalars that conditions, cases and filters compare with, and JSON texts for paths that read one."""
    found: dict[str, object] = {}
    for node in (*walk(nodes), *(each for var in vars_below(nodes) for each in walk(var.value))):
        match node:
            case ir.Scalar(None | "") | ir.CaseKey(None) | ir.Constant(None):
                pass
            case ir.Scalar(value) | ir.CaseKey(value) | ir.Constant(value):
                found[repr(value)] = value
            case ir.WithItem(source, ir.Path() as path) if _is_text(source):
                found |= {repr(text): text for text in _json_texts(path)}
            case _:
                pass
    return list(found.values())


def _json_texts(path: ir.Path) -> list[str]:
    """Texts of JSON values with values of several types where the path starts to look."""
    values: tuple[object, ...] = ("x", 0.5, None, {}, [])
    return [dumps(with_value({}, keys, value)) for keys in _keys_of(path) for value in values]
