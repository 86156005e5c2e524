"""Object operations: merge, pick, omit, rename, and entries of types."""

from __future__ import annotations

from dataclasses import replace

from mapper import ir
from mapper.budget import spend
from mapper.checker.inference.flat_types import flattened
from mapper.checker.types import (
    ANYTHING,
    MISSING_ONLY,
    NEVER,
    Objects,
    Type,
    join,
    join_all,
    text_type,
    without_missing,
)
from mapper.checker.types.facts import member_of
from mapper.checker.types.lattice import merge_objects, of_element, of_member
from mapper.checker.types.named import EMPTY_OBJECT, TEXT, array_of, object_with


def merged_objects(left: Type, right: Type) -> Type:
    """The objects of the left with the members of the right; missing or null on the right changes nothing."""
    result = left if right.may_be_nothing else NEVER
    if left.objects and right.objects:
        one, other = merge_objects(left.objects), merge_objects(right.objects)
        names = dict.fromkeys((*one.members, *other.members))
        spend(1 + (len(names) >> 4))
        members = {name: _overwritten(member_of(one, name), member_of(other, name)) for name in names}
        rest = None
        if one.rest is not None and other.rest is not None:
            rest = _overwritten(one.rest, other.rest)
        both = Objects(members, rest, max(one.fewest, other.fewest))
        result = join(result, Type(objects=(both,)))
    return result


def _overwritten(left: Type, right: Type) -> Type:
    if not right.missing:
        return right
    return join(left, without_missing(right)) if right.is_present else left


def changed_object(node: ir.Pick | ir.Omit | ir.Rename | ir.Flatten, given: Type) -> tuple[Type, Type]:
    """The objects after the operation, and those given of which two members may get the same name."""
    if not given.objects:
        return NEVER, NEVER
    whole = merge_objects(given.objects)
    match node:
        case ir.Pick(_, keys):
            picked = Objects({key: member_of(whole, key) for key in keys}, MISSING_ONLY)
            return Type(objects=(picked,)), NEVER
        case ir.Omit(_, keys):
            kept = {**whole.members, **dict.fromkeys(keys, MISSING_ONLY)}
            return Type(objects=(Objects(kept, whole.rest),)), NEVER
        case ir.Rename(_, names):
            return _renamed(whole, names)
        case ir.Flatten():
            return flattened(node, whole)


def entries_of(given: Type) -> Type:
    """The lists with the entries of the objects of a type: a key and the value of some member."""
    if not given.objects:
        return NEVER
    whole = merge_objects(given.objects)
    members = [member for member in whole.members.values() if member.is_present]
    spend(1 + (len(members) >> 4))
    rest = ANYTHING if whole.rest is None else whole.rest
    value = without_missing(join_all((*members, rest)))
    sure = sum(1 for member in members if not member.missing)
    shortest = max(sure, whole.fewest)
    if not whole.is_closed:
        return array_of(object_with({"key": TEXT, "value": value}), shortest)
    if not members:
        return array_of(NEVER)
    names = frozenset(name for name, member in whole.members.items() if member.is_present)
    entry = object_with({"key": text_type(values=names), "value": value})
    return array_of(entry, shortest, len(members))


def object_of(entries: Type, *, lists: bool) -> Type:
    """The objects made of lists of entries; with `lists` each value is a list. No member is sure."""
    entry = of_element(entries)
    value = without_missing(of_member(entry, "value"))
    if value.is_never or not of_member(entry, "key").is_present:
        return EMPTY_OBJECT
    rest = array_of(value, 1) if lists else value
    return Type(objects=(Objects({}, rest.with_missing()),))


def _renamed(whole: Objects, names: tuple[tuple[str, str], ...]) -> tuple[Type, Type]:
    members = dict(whole.members)
    bad = NEVER
    moved = {old for old, _ in names}
    for old, new in names:
        if old == new:
            continue
        before = member_of(whole, old)
        there = MISSING_ONLY if new in moved else member_of(whole, new)
        if before.is_present and there.is_present and bad.is_never:
            both = {key: without_missing(whole.members[key]) for key in (old, new) if key in whole.members}
            bad = Type(objects=(replace(whole, members={**whole.members, **both}),))
        members[new] = join(without_missing(before), there) if before.missing else before
    taken = {new for _, new in names}
    for old, _ in names:
        if old not in taken:
            members[old] = MISSING_ONLY
    return Type(objects=(Objects(members, whole.rest, whole.fewest),)), bad
