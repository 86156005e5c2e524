"""Worlds: what is known of the item, the body and the request at one place of a mapping.

Conditions narrow a world; where nothing is left of it, that place is never reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from mapper import ir
from mapper.budget import spend
from mapper.checker.types import (
    ANY_MEMBER,
    ANYTHING,
    MISSING_ONLY,
    NEVER,
    Objects,
    Type,
    join,
    only,
    text_type,
)
from mapper.checker.types.facts import member_of
from mapper.checker.types.lattice import of_element, of_member, settle_objects
from mapper.checker.types.named import COUNT, TEXT, TIME, array_of, object_with
from mapper.checker.types.text_facts import TRUSTED

Key: TypeAlias = str | int
Refine: TypeAlias = Callable[[Type], Type]

ITEM = "item"
BODY = "envelope"
ROOTS = (ITEM, BODY, "header", "query", "setting", "received_at")
SPECIAL = ("size", "first", "last")


@dataclass(frozen=True, slots=True)
class World:
    """The types of the roots, and of what a template has assigned; impossible where nothing can be so."""

    roots: Mapping[str, Type]
    local: Mapping[str, Type] = field(default_factory=dict)
    is_possible: bool = True

    def within(self, element: Type) -> World:
        """The world in which an element is the item."""
        return World({**self.roots, ITEM: element})

    def with_local(self, name: str, given: Type) -> World:
        """The world after an assignment."""
        return replace(self, local={**self.local, name: given})

    def read(self, name: str) -> Type:
        """What a Liquid name means: a local variable, a scope, a key of the item."""
        if name in self.local:
            return self.local[name]
        if name in ROOTS:
            return self.roots[name]
        return of_member(self.roots[ITEM], name)

    def narrowed(self, root: str, keys: tuple[Key, ...], refine: Refine) -> World:
        """The world in which the value at a place is refined; impossible where nothing is left."""
        if not self.is_possible:
            return self
        left = narrow_at(self.roots[root], keys, refine)
        return replace(self, roots={**self.roots, root: left}, is_possible=not left.is_never)

    def narrowed_local(self, name: str, refine: Refine) -> World:
        """The same for a local variable."""
        left = refine(self.local[name])
        return replace(self, local={**self.local, name: left}, is_possible=not left.is_never)

    def impossible(self) -> World:
        """The same, never reached."""
        return replace(self, is_possible=False)


def first_world(item: Type) -> World:
    """What is known before any rule: the item by its schema, headers and parameters as texts, no body."""
    scope = object_with({}, TEXT.with_missing())
    settings = object_with({}, ANY_MEMBER)
    roots = {
        ITEM: item,
        BODY: ANYTHING,
        "header": scope,
        "query": scope,
        "setting": settings,
        "received_at": TIME.with_missing(),
    }
    return World(roots)


def tame_world(item: Type, *, knows_item: bool) -> World:
    """The same, with a harmless text wherever nothing is known: what the search for counterexamples tries."""
    filled = object_with({}, text_type(blank=False, formats=frozenset({TRUSTED})).with_missing())
    roots = {
        ITEM: item if knows_item else filled,
        BODY: filled,
        "header": filled,
        "query": filled,
        "setting": filled,
        "received_at": TIME.with_missing(),
    }
    return World(roots)


def join_worlds(left: World, right: World) -> World:
    """What is known after one or the other."""
    if not left.is_possible or not right.is_possible:
        return right if not left.is_possible else left
    roots = {name: join(left.roots[name], right.roots[name]) for name in left.roots}
    names = dict.fromkeys((*left.local, *right.local))
    local = {name: join(left.read(name), right.read(name)) for name in names}
    return World(roots, local)


def narrow_at(given: Type, keys: tuple[Key, ...], refine: Refine) -> Type:
    """The values of a type in which what stands at `keys` is of the refined type."""
    if not keys:
        return refine(given)
    key, rest = keys[0], keys[1:]
    absent = not narrow_at(MISSING_ONLY, rest, refine).is_never
    if isinstance(key, int):
        found = narrow_at(of_element(given), rest, refine)
        others = only(given, "missing", *(given.kinds - {"array"})) if absent else NEVER
        arrays = only(given, "array") if absent or not found.is_never else NEVER
        return join(others, arrays)
    others = only(given, "missing", *(given.kinds - {"object"})) if absent else NEVER
    parts = []
    for part in given.objects:
        spend(1 + (len(part.members) >> 4))
        member = narrow_at(member_of(part, key), rest, refine)
        settled = settle_objects(Objects({**part.members, key: member}, part.rest, part.nonempty))
        if settled is not None:
            parts.append(settled)
    return replace(others, objects=tuple(parts))


def of_index(given: Type, index: int) -> Type:
    """What stands at an index; missing where there is no such element."""
    element = of_element(given)
    needed = index + 1 if index >= 0 else -index
    is_sure = given.arrays is not None and given.arrays.shortest >= needed and given.kinds == {"array"}
    if given.arrays is not None and given.arrays.longest is not None and given.arrays.longest < needed:
        return MISSING_ONLY
    return element if is_sure and not given.missing else join(element, MISSING_ONLY)


def of_key(given: Type, key: str | int) -> Type:
    """What Liquid finds under a key: entries, elements, and `size`, `first` and `last`."""
    if isinstance(key, int):
        return of_index(given, key)
    entry = of_member(given, key)
    if key not in SPECIAL:
        return entry
    # A key of that name comes first; whatever else there is, it can be that of Liquid.
    if key == "size" and given.kinds & {"string", "array", "object"}:
        return join(entry, COUNT)
    if key == "first" and given.objects:
        return join(join(entry, array_of(ANYTHING)), of_element(given))
    return join(entry, of_element(given))


def place_of(lookup: ir.Lookup, world: World) -> tuple[str, tuple[Key, ...]] | None:
    """The root and keys of a lookup whose value can be narrowed; None for any other."""
    keys: list[Key] = []
    for key in lookup.keys:
        if isinstance(key, ir.Lookup) or key in SPECIAL:
            return None
        keys.append(key)
    if lookup.name in world.local:
        return None
    if lookup.name not in ROOTS:
        return ITEM, (lookup.name, *keys)
    if lookup.name == "header" and keys and isinstance(keys[0], str):
        keys[0] = keys[0].lower()
    return lookup.name, tuple(keys)


def look_up(lookup: ir.Lookup, world: World) -> Type:
    """What a lookup finds."""
    found = world.read(lookup.name)
    for position, key in enumerate(lookup.keys):
        if isinstance(key, ir.Lookup):
            found = _of_unknown_key(found, look_up(key, world))
        elif position == 0 and lookup.name == "header" and isinstance(key, str):
            found = of_key(found, key.lower())
        else:
            found = of_key(found, key)
    return found


def _of_unknown_key(given: Type, key: Type) -> Type:
    names = key.texts.values if key.texts is not None else frozenset()
    if names is not None and not key.numbers and len(names) == 1 and not key.missing:
        return of_key(given, next(iter(names)))
    return ANY_MEMBER
