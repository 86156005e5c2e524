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
from mapper.checker.types.facts import Bound, NameRule
from mapper.checker.types.lattice import (
    MAX_OBJECTS,
    member_of,
    merge_objects,
    of_element,
    of_member,
    rules_of,
    with_limits,
)
from mapper.checker.types.named import EMPTY_OBJECT, TEXT, array_of, object_with
from mapper.checker.types.text_facts import outside_texts


def merged_objects(left: Type, right: Type) -> Type:
    """The objects of the left with the members of the right; missing or null on the right changes nothing."""
    result = left if right.may_be_nothing else NEVER
    if left.objects and right.objects:
        ones, others = left.objects, right.objects
        if len(ones) * len(others) > MAX_OBJECTS:
            ones, others = (merge_objects(ones),), (merge_objects(others),)
        pairs = (Type(objects=(_merged(one, other),)) for one in ones for other in others)
        result = join(result, join_all(pairs))
    return result


def _merged(one: Objects, other: Objects) -> Objects:
    names = dict.fromkeys((*one.members, *other.members))
    spend(1 + (len(names) >> 4))
    members = {name: _overwritten(member_of(one, name), member_of(other, name)) for name in names}
    rest = None
    if one.rest is not None and other.rest is not None:
        rest = _overwritten(one.rest, other.rest)
    limits = (one.possible_members, other.possible_members)
    most = None if limits[0] is None or limits[1] is None else limits[0] + limits[1]
    rules = rules_of((one, other), rest, _overwritten)
    return with_limits(Objects(members, rest, rules=rules), max(one.sure_members, other.sure_members), most)


def _overwritten(left: Type, right: Type) -> Type:
    if not right.missing:
        return right
    return join(left, without_missing(right)) if right.is_present else left


def changed_object(node: ir.Pick | ir.Omit | ir.Rename | ir.Flatten, given: Type) -> tuple[Type, Type]:
    """The objects after the operation, and those given of which two members may get the same name."""
    if not given.objects:
        return NEVER, NEVER
    match node:
        case ir.Pick(_, keys):
            return join_all(Type(objects=(_picked(part, keys),)) for part in given.objects), NEVER
        case ir.Omit(_, keys):
            return join_all(Type(objects=(_without(part, keys),)) for part in given.objects), NEVER
        case ir.Rename(_, names):
            renamed = [_renamed(part, names) for part in given.objects]
            return join_all(found for found, _ in renamed), join_all(bad for _, bad in renamed)
        case ir.Flatten():
            return flattened(node, merge_objects(given.objects))


def _picked(whole: Objects, keys: tuple[str, ...]) -> Objects:
    return with_limits(Objects({key: member_of(whole, key) for key in keys}, MISSING_ONLY), 0, whole.most)


def _without(whole: Objects, keys: tuple[str, ...]) -> Objects:
    removed = sum(member_of(whole, key).is_present for key in set(keys))
    kept = {**whole.members, **dict.fromkeys(keys, MISSING_ONLY)}
    return with_limits(replace(whole, members=kept, fewest=0, most=None), whole.fewest - removed, whole.most)


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


def object_of(entries: Type, *, lists: bool, differ: bool = False) -> Type:
    """The objects made of lists of entries; with `lists` each value is a list. No member is sure.

    The keys of a list `differ` if equal ones are rejected.
    """
    entry = of_element(entries)
    value, key = without_missing(of_member(entry, "value")), of_member(entry, "key")
    if value.is_never or key.texts is None or entries.arrays is None:
        return EMPTY_OBJECT
    rest = (array_of(value, 1) if lists else value).with_missing()
    # An entry without a key or value is left out.
    is_sure = not (key.missing or key.null or of_member(entry, "value").missing)
    fewest = entries.arrays.shortest if differ else min(entries.arrays.shortest, 1)
    made = Objects({}, rest)
    if key.texts.values is not None:
        made = replace(made, members=dict.fromkeys(sorted(key.texts.values), rest), rest=MISSING_ONLY)
    else:
        others = outside_texts(key.texts, Bound.LOWER)
        made = replace(made, rules=tuple(NameRule(each, MISSING_ONLY) for each in others))
    return Type(objects=(with_limits(made, fewest if is_sure else 0, entries.arrays.longest),))


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
    return Type(objects=(replace(whole, members=members),)), bad
