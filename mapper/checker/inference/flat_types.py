"""Flat types: the type of an object whose inner objects became members with joined names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from mapper import ir
from mapper.budget import memoize, spend, spend_on
from mapper.checker.types import (
    ANYTHING,
    NEVER,
    Arrays,
    Objects,
    Type,
    join,
    join_all,
    without_missing,
)
from mapper.checker.types.facts import element_of
from mapper.checker.types.lattice import member_of, merge_objects, settle_objects
from mapper.checker.types.named import EMPTY_OBJECT

MAX_OBJECTS = 1_000  # whose names are joined; those behind them are of members that may have any name
_MAX_DEPTH = 40
_MAX_DIGITS = 10  # of an index; lists are never that long
_EMPTY_ARRAY = Arrays(NEVER, 0, 0)


def flattened(node: ir.Flatten, whole: Objects) -> tuple[Type, Type]:
    """The objects that `flatten` makes, and those given of which two members may get the same name."""
    names = _Names(node)
    names.collect((), "", whole, True)
    members = {name: names.widened(name, found) for name, found in names.members.items()}
    rest = join_all([each.leaf for parts in names.unknown.values() for each in parts]).with_missing()
    made = Type(objects=(Objects(members, rest, int(not whole.may_be_empty)),))
    ways = names.meeting or names.meeting_unknown()
    bad = whole
    for way in ways:  # a search for a payload begins with both members
        bad = _with_member(bad, way, node)
    return made, Type(objects=(bad,)) if ways or names.may_meet_unknown() else NEVER


@dataclass(frozen=True, slots=True)
class _Unnamed:
    """Values whose names are not known.

    They are in the object or list `part` at the end of a `way`, so their names begin with `start`. Without a
    `part`, the names may go on in any way. `leaf` is the type of the values, or of those inside them.
    `is_numbered` is True if the names go on with indexes alone.
    """

    way: tuple[str, ...]
    start: str
    part: Objects | Arrays | None
    leaf: Type
    is_numbered: bool = False


@dataclass(slots=True)
class _Names:
    """The joined names, with the types of their values and the ways to them.

    `unknown` are the values of unknown names, by the start of these names. `meeting` are the ways to two
    members that get the same name, if there are any.
    """

    node: ir.Flatten
    members: dict[str, Type] = field(default_factory=dict)
    unknown: dict[str, list[_Unnamed]] = field(default_factory=dict)
    ways: dict[str, tuple[str, ...]] = field(default_factory=dict)
    meeting: tuple[tuple[str, ...], ...] = ()
    takes_apart: bool = False
    count: int = 0

    def collect(self, way: tuple[str, ...], start: str, part: Objects, is_sure: bool) -> None:
        """Add the members of an object, and of those inside; it is there for certain if `is_sure`."""
        self.count += 1
        for name, member in part.members.items():
            spend_on(len(start) + len(name))
            leaf, inner, elements = _split(member, self.node)
            is_apart = inner is not None or elements.is_present
            self._add(
                (*way, name), start + name, leaf.with_missing(member.missing or is_apart or not is_sure)
            )
            self.takes_apart = self.takes_apart or is_apart
            behind = start + name + self.node.separator
            if elements.is_present:
                leaf_of_elements = _leaves(elements, self.node)
                is_numbered = not _holds_objects(elements)
                self._add_unknown(
                    _Unnamed((*way, name), behind, member.arrays, leaf_of_elements, is_numbered)
                )
            if inner is None:
                continue
            if len(way) < _MAX_DEPTH and self.count < MAX_OBJECTS:
                is_whole = not (member.missing or leaf.is_present or elements.is_present)
                self.collect((*way, name), behind, inner, is_sure and is_whole)
            else:
                leaf = _leaves(Type(objects=(inner,)), self.node)
                self._add_unknown(_Unnamed(way, behind, None, leaf))
        rest = ANYTHING if part.rest is None else part.rest
        if rest.is_present:
            self._add_unknown(_Unnamed(way, start, part, _leaves(rest, self.node)))
            _, inner, elements = _split(rest, self.node)
            self.takes_apart = self.takes_apart or inner is not None or elements.is_present

    def _add(self, way: tuple[str, ...], name: str, found: Type) -> None:
        if not found.is_present:
            return
        known = self.members.get(name)
        if known is not None:
            self.meeting = self.meeting or (self.ways[name], way)
            found = join(known, found).with_missing(known.missing and found.missing)
        self.members[name] = found
        self.ways[name] = way

    def _add_unknown(self, unknown: _Unnamed) -> None:
        self.unknown.setdefault(unknown.start, []).append(unknown)

    def widened(self, name: str, found: Type) -> Type:
        """The type of a member that may come from another place, too, if it is not in its own."""
        if not found.missing:
            return found
        for each in self._around(name):
            if any(self._others(name, each)):
                found = join(found, each.leaf)
        return found

    def meeting_unknown(self) -> tuple[tuple[str, ...], ...]:
        """The ways to two members that get the same name, one of them not listed; none if none is known."""
        for name, way in self.ways.items():
            for each in self._around(name):
                other = next(self._others(name, each), None)
                if other is not None and each.part is not None:
                    return way, (*each.way, *other)
        return ()

    def may_meet_unknown(self) -> bool:
        """True unless all unknown names are different: those of one list, or with starts that differ."""
        unknown = [each for parts in self.unknown.values() for each in parts]
        if not self.takes_apart or not unknown:
            return False
        if any(not each.is_numbered for each in unknown) or any(map(str.isdigit, self.node.separator)):
            return True
        starts = sorted(each.start for each in unknown)
        return any(other.startswith(one) for one, other in pairwise(starts))

    def _around(self, name: str) -> Iterator[_Unnamed]:
        """The values of unknown names that may have this name, by its start."""
        yield from self.unknown.get("", ())
        separator = self.node.separator
        end = name.find(separator)
        while end >= 0:
            spend_on(end)
            yield from self.unknown.get(name[: end + len(separator)], ())
            end = name.find(separator, end + 1)

    def _others(self, name: str, unknown: _Unnamed) -> Iterator[tuple[str, ...]]:
        """The ways, behind the start, to members of a name that begin with one which is not listed."""
        rest, part = name[len(unknown.start) :], unknown.part
        if part is None or _may_have(part, rest):
            yield (rest,)
        end = rest.find(self.node.separator)
        while end >= 0:
            first, others = rest[:end], rest[end + len(self.node.separator) :]
            if part is not None and _may_have(part, first):
                yield first, others
            end = rest.find(self.node.separator, end + 1)


def _holds_objects(given: Type) -> bool:
    """True if there may be an object in lists, at any depth."""
    for _ in range(_MAX_DEPTH):
        if given.objects or given.arrays is None:
            return bool(given.objects)
        given = element_of(given.arrays)
    return True


def _may_have(part: Objects | Arrays, name: str) -> bool:
    """True if an object may have a member of a name that is not listed, or a list such an element."""
    if isinstance(part, Objects):
        return name not in part.members
    index = _index(name)
    return index is not None and (part.longest is None or index < part.longest)


def _index(name: str) -> int | None:
    """The index that a name is, as `flatten` writes it; none beyond those that a type can tell apart."""
    is_index = name.isascii() and name.isdecimal() and (name == "0" or name[0] != "0")
    return int(name) if is_index and len(name) < _MAX_DIGITS else None


def _split(given: Type, node: ir.Flatten) -> tuple[Type, Objects | None, Type]:
    """The values that stay as they are, the objects that are taken apart, and the elements of such lists."""
    filled = [
        part for each in given.objects if (part := settle_objects(replace(each, fewest=max(each.fewest, 1))))
    ]
    empty = EMPTY_OBJECT.objects if any(each.may_be_empty for each in given.objects) else ()
    arrays, elements = given.arrays, NEVER
    if arrays is not None and node.by_index:
        elements = NEVER if arrays.longest == 0 else element_of(arrays)
        arrays = _EMPTY_ARRAY if arrays.shortest == 0 else None
    leaf = replace(given, arrays=arrays, objects=empty)
    return leaf, merge_objects(filled) if filled else None, elements


def _with_member(part: Objects, way: tuple[str, ...], node: ir.Flatten) -> Objects:
    """Those of the objects that have a member at the end of a way."""
    name, *others = way
    return replace(part, members={**part.members, name: _with(member_of(part, name), tuple(others), node)})


def _with(given: Type, way: tuple[str, ...], node: ir.Flatten) -> Type:
    """Those of the values that are a member themselves, or that have one at the end of a way."""
    leaf, inner, elements = _split(given, node)
    index = _index(way[0]) if way else None
    if index is not None and given.arrays is not None and elements.is_present:
        arrays = given.arrays
        return Type(
            arrays=replace(
                arrays, element=_with(elements, way[1:], node), shortest=max(arrays.shortest, index + 1)
            )
        )
    if way and inner is not None:
        return Type(objects=(_with_member(inner, way, node),))
    return without_missing(leaf)


def _leaves(given: Type, node: ir.Flatten) -> Type:
    """The values that stay as they are, at any depth of such a value."""
    return memoize(_all_leaves, given, node, 0)


def _all_leaves(given: Type, node: ir.Flatten, _depth: int) -> Type:
    spend()
    if given is ANYTHING:
        arrays = _EMPTY_ARRAY if node.by_index else Arrays()
        return replace(ANYTHING, arrays=arrays, objects=EMPTY_OBJECT.objects)
    leaf, inner, elements = _split(given, node)
    found = without_missing(leaf)
    if inner is not None:
        for each in (*inner.members.values(), ANYTHING if inner.rest is None else inner.rest):
            found = join(found, _leaves(each, node))
    return join(found, _leaves(elements, node)) if elements.is_present else found
