"""Type scope: the types of the item, the body and the request at one place of a mapping.

Conditions narrow a scope. If nothing is left of it, that place is never reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from mapper import ir
from mapper.budget import memoize
from mapper.checker.types import (
    ANY_MEMBER,
    ANYTHING,
    MISSING_ONLY,
    NEVER,
    Type,
    join,
    meet,
    only,
    text_type,
)
from mapper.checker.types.lattice import map_member, of_element, of_member
from mapper.checker.types.named import COUNT, TEXT, TIME, array_of, object_with
from mapper.checker.types.text_facts import TRUSTED
from mapper.ir.vars import VARS

Key: TypeAlias = str | int
Refine: TypeAlias = Callable[[Type], Type]
PayloadPlace: TypeAlias = tuple[str, tuple[Key, ...]]  # a root and the keys below it

ITEM = "item"
BODY = "envelope"
ROOTS = (ITEM, BODY, "header", "query", "setting", "received_at")
SPECIAL = ("size", "first", "last")


@dataclass(frozen=True, slots=True)
class TypeScope:
    """The types of the roots and of the variables of a template; unreachable if nothing is possible.

    `computes` is true inside `compute`, whose filters give nothing of nothing.
    """

    roots: Mapping[str, Type]
    local: Mapping[str, Type] = field(default_factory=dict)
    is_reachable: bool = True
    is_inner: bool = False
    computes: bool = False

    def within(self, element: Type) -> TypeScope:
        """The scope inside `map`, in which the item is an element."""
        return TypeScope({**self.roots, ITEM: element}, is_inner=True)

    def with_var(self, var: ir.Var, given: Type) -> TypeScope:
        """The scope in which a var has a type."""
        known = self.roots[VARS].objects[0].members
        return replace(
            self, roots={**self.roots, VARS: object_with({**known, var.name: given}, MISSING_ONLY)}
        )

    def read_var(self, var: ir.Var) -> Type:
        """The type of a var. One that is a path is also what the path finds, as far as that is known here."""
        found = of_member(self.roots[VARS], var.name)
        place = self.place_of_var(var)
        return found if place is None else meet(found, self._at(*place))

    def place_of_var(self, var: ir.Var) -> PayloadPlace | None:
        """The place in the payload that a var is another name of; None if none is known here."""
        if not isinstance(var.value, ir.Path) or (self.is_inner and var.value.root is ir.Root.ITEM):
            return None
        return place_of_path(var.value)

    def _at(self, root: str, keys: tuple[Key, ...]) -> Type:
        found = self.roots[root]
        for key in keys:
            found = of_index(found, key) if isinstance(key, int) else of_member(found, key)
        return found

    def with_local(self, name: str, given: Type) -> TypeScope:
        """The scope after an assignment."""
        return replace(self, local={**self.local, name: given})

    def read(self, name: str) -> Type:
        """The type that a Liquid name means: of a local variable, a root, or a member of the item."""
        if name in self.local:
            return self.local[name]
        if name in ROOTS:
            return self.roots[name]
        return of_member(self.roots[ITEM], name)

    def narrowed_var(self, var: ir.Var, keys: tuple[Key, ...], refine: Refine) -> TypeScope:
        """The scope in which a part of a var is refined, and so is the place that the var is a name of."""
        scope = self.narrowed(VARS, (var.name, *keys), refine)
        place = self.place_of_var(var)
        return scope if place is None else scope.narrowed(place[0], (*place[1], *keys), refine)

    def narrowed(self, root: str, keys: tuple[Key, ...], refine: Refine) -> TypeScope:
        """The scope in which the value at a place is refined; unreachable if no value is left."""
        if not self.is_reachable:
            return self
        left = narrow_at(self.roots[root], keys, refine)
        return replace(self, roots={**self.roots, root: left}, is_reachable=not left.is_never)

    def narrowed_local(self, name: str, refine: Refine) -> TypeScope:
        """The scope in which a local variable is refined; unreachable if no value is left."""
        left = refine(self.local[name])
        return replace(self, local={**self.local, name: left}, is_reachable=not left.is_never)

    def unreachable(self) -> TypeScope:
        """The same types at a place that is never reached."""
        return replace(self, is_reachable=False)


def initial_scope(item: Type, body: Type = ANYTHING) -> TypeScope:
    """The scope before any rule: the item and the body by their schemas, headers and parameters as texts."""
    return _scope_of(item, body, object_with({}, TEXT.with_missing()), object_with({}, ANY_MEMBER))


def tame_scope(item: Type | None, body: Type | None) -> TypeScope:
    """The scope before any rule, with a harmless text wherever there is no schema, as a search tries it.

    `item` and `body` are None if no schema describes them.
    """
    tame = object_with({}, text_type(blank=False, formats=frozenset({TRUSTED})).with_missing())
    return _scope_of(tame if item is None else item, tame if body is None else body, tame, tame)


def _scope_of(item: Type, body: Type, texts: Type, settings: Type) -> TypeScope:
    received = TIME.with_missing()
    roots = dict(zip(ROOTS, (item, body, texts, texts, settings, received), strict=True))
    return TypeScope({**roots, VARS: object_with({}, MISSING_ONLY)})


def join_scopes(left: TypeScope, right: TypeScope) -> TypeScope:
    """The scope after one of two branches, whichever is taken."""
    if not left.is_reachable or not right.is_reachable:
        return right if not left.is_reachable else left
    roots = {name: join(left.roots[name], right.roots[name]) for name in left.roots}
    names = dict.fromkeys((*left.local, *right.local))
    local = {name: join(left.read(name), right.read(name)) for name in names}
    return TypeScope(roots, local, is_inner=left.is_inner)


def narrow_at(given: Type, keys: tuple[Key, ...], refine: Refine) -> Type:
    """The values of a type whose part at `keys` is of the refined type; no keys refine the type itself."""
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
    members = map_member(given, key, lambda member: narrow_at(member, rest, refine))
    return replace(others, objects=members.objects, unfollowed=given.unfollowed)


def of_index(given: Type, index: int) -> Type:
    """The type of the element at an index; missing if there is no such element."""
    element = of_element(given)
    needed = index + 1 if index >= 0 else -index
    is_sure = given.arrays is not None and given.arrays.shortest >= needed and given.kinds == {"array"}
    if given.arrays is not None and given.arrays.longest is not None and given.arrays.longest < needed:
        return MISSING_ONLY
    return element if is_sure and not given.missing else join(element, MISSING_ONLY)


def of_key(given: Type, key: str | int) -> Type:
    """The type that Liquid finds under a key or index; `size`, `first` and `last` are built in."""
    return memoize(_of_key, given, key, 0)


def _of_key(given: Type, key: str | int, _depth: int) -> Type:
    if isinstance(key, int):
        return of_index(given, key)
    if key in ("first", "last") and given.arrays is not None and given.arrays.shortest > 0:
        rest = replace(given, arrays=None)
        return of_element(given) if rest.is_never else join(of_element(given), _of_key(rest, key, 0))
    entry = of_member(given, key)
    if key not in SPECIAL:
        return entry
    # A member of that name hides the built-in one.
    if key == "size" and given.kinds & {"string", "array", "object"}:
        return join(entry, COUNT)
    if key == "first" and given.objects:
        return join(join(entry, array_of(ANYTHING)), of_element(given))
    return join(entry, of_element(given))


def place_of(lookup: ir.Lookup, scope: TypeScope) -> PayloadPlace | None:
    """The root and keys of a lookup whose value can be narrowed; None for any other."""
    found = plain_keys(lookup)
    if found is None:
        return None
    keys = list(found)
    if lookup.name in scope.local or lookup.var is not None:
        return None
    if lookup.name not in ROOTS:
        return ITEM, (lookup.name, *keys)
    if lookup.name == "header" and keys and isinstance(keys[0], str):
        keys[0] = keys[0].lower()
    return lookup.name, tuple(keys)


def place_of_path(path: ir.Path) -> PayloadPlace | None:
    """The root and keys of a singular path; None for any other."""
    root = ITEM if path.root is ir.Root.ITEM else BODY
    return (root, singular_keys(path.segments)) if path.is_singular else None


def narrowed_value(node: ir.Value, scope: TypeScope, refine: Refine) -> TypeScope:
    """The scope in which the place that a value is read from is refined; the same scope if it has none."""
    if isinstance(node, ir.VarRead):
        return scope.narrowed_var(node.var, (), refine)
    place = place_of_path(node) if isinstance(node, ir.Path) else None
    return scope if place is None else scope.narrowed(*place, refine)


def is_narrowed(lookup: ir.Lookup, scope: TypeScope) -> bool:
    """Return True if the value of a lookup can be narrowed by what is known of it."""
    return (lookup.var is not None and plain_keys(lookup) is not None) or place_of(lookup, scope) is not None


def narrowed_lookup(lookup: ir.Lookup, scope: TypeScope, refine: Refine) -> TypeScope:
    """The scope in which the value of a lookup is refined; the same scope if it cannot be narrowed."""
    keys = plain_keys(lookup)
    if lookup.var is not None and keys is not None:
        return scope.narrowed_var(lookup.var, keys, refine)
    place = place_of(lookup, scope)
    return scope if place is None else scope.narrowed(*place, refine)


def plain_keys(lookup: ir.Lookup) -> tuple[Key, ...] | None:
    """The keys that a lookup reads from a variable or var; None if one is built in, or known at run time."""
    keys: list[Key] = []
    for key in lookup.rest:
        if isinstance(key, ir.Lookup) or key in SPECIAL:
            return None
        keys.append(key)
    return tuple(keys)


def singular_keys(segments: tuple[ir.Segment, ...]) -> tuple[Key, ...]:
    """The names and indexes of singular segments."""
    selectors = (segment.selectors[0] for segment in segments)
    return tuple(
        s.name if isinstance(s, ir.Name) else s.index for s in selectors if isinstance(s, ir.Name | ir.Index)
    )


def look_up(lookup: ir.Lookup, scope: TypeScope) -> Type:
    """The type that a lookup finds."""
    found = scope.read(lookup.name) if lookup.var is None else scope.read_var(lookup.var)
    for position, key in enumerate(lookup.rest):
        if isinstance(key, ir.Lookup):
            found = _of_unknown_key(found, look_up(key, scope))
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
