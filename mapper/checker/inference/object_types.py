"""Object operations: merge, pick, omit and rename of types."""

from __future__ import annotations

from mapper import ir
from mapper.budget import spend
from mapper.checker.types import MISSING_ONLY, NEVER, Objects, Type, join, without_missing
from mapper.checker.types.facts import member_of
from mapper.checker.types.lattice import merge_objects


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
        both = Objects(members, rest, one.nonempty or other.nonempty)
        result = join(result, Type(objects=(both,)))
    return result


def _overwritten(left: Type, right: Type) -> Type:
    if not right.missing:
        return right
    return join(left, without_missing(right)) if right.is_present else left


def changed_object(node: ir.Pick | ir.Omit | ir.Rename, given: Type) -> tuple[Type, bool]:
    """The objects after the operation, and True if a renamed key may be there already."""
    if not given.objects:
        return NEVER, False
    whole = merge_objects(given.objects)
    match node:
        case ir.Pick(_, keys):
            picked = Objects({key: member_of(whole, key) for key in keys}, MISSING_ONLY)
            return Type(objects=(picked,)), False
        case ir.Omit(_, keys):
            kept = {**whole.members, **dict.fromkeys(keys, MISSING_ONLY)}
            return Type(objects=(Objects(kept, whole.rest),)), False
        case ir.Rename(_, names):
            return _renamed(whole, names)


def _renamed(whole: Objects, names: tuple[tuple[str, str], ...]) -> tuple[Type, bool]:
    members = dict(whole.members)
    collides = False
    moved = {old for old, _ in names}
    for old, new in names:
        if old == new:
            continue
        before = member_of(whole, old)
        there = MISSING_ONLY if new in moved else member_of(whole, new)
        collides = collides or (before.is_present and there.is_present)
        members[new] = join(without_missing(before), there) if before.missing else before
    taken = {new for _, new in names}
    for old, _ in names:
        if old not in taken:
            members[old] = MISSING_ONLY
    return Type(objects=(Objects(members, whole.rest, whole.nonempty),)), collides
