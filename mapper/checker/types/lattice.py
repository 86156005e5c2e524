"""Lattice: join, meet and order of types.

A result that is not exact permits too much, never too little; that of a lower bound too little, never too
much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from mapper.budget import memoize, spend
from mapper.checker.types.facts import (
    ANY_MEMBER,
    ANYTHING,
    Arrays,
    Bound,
    NameRule,
    Objects,
    Texts,
    Type,
    Unfollowed,
    element_of,
)
from mapper.checker.types.named import MISSING_ONLY, NEVER
from mapper.checker.types.number_facts import join_numbers, meet_numbers, numbers_within
from mapper.checker.types.text_facts import fits, join_texts, meet_texts, outside_texts, texts_within

MAX_OBJECTS = 8  # separate alternatives; more are joined into one, or each join would multiply them
_MAX_DEPTH = 40  # of types inside types; below, a meet returns its left side or nothing, an order is unknown


def _is_deep(given: Type) -> bool:
    """Return True if a type contains types, so that it pays to cache its combinations."""
    return any(part.members or part.rest is not None or part.rules for part in given.objects) or (
        given.arrays is not None and given.arrays.element is not None
    )


def join(left: Type, right: Type, bound: Bound = Bound.UPPER) -> Type:
    """The values of either type."""
    if left is right or right.is_never:
        return left
    if left.is_never or right is ANY_MEMBER:
        return right
    if left is ANY_MEMBER:
        return left
    work = _join if bound is Bound.UPPER else _join_lower
    return memoize(work, left, right, 0) if _is_deep(left) and _is_deep(right) else work(left, right, 0)


def _join_lower(left: Type, right: Type, depth: int) -> Type:
    return _join(left, right, depth, Bound.LOWER)


def _join(left: Type, right: Type, _depth: int, bound: Bound = Bound.UPPER) -> Type:
    spend()
    shared: frozenset[Unfollowed] = frozenset()
    if left.unfollowed or right.unfollowed:
        parts = left.unfollowed | right.unfollowed
        shared = frozenset(
            part for part in parts if _fits_unfollowed(left, part) and _fits_unfollowed(right, part)
        )
        left, right = (facts_of(each, bound, shared) for each in (left, right))
    numbers = (
        join_numbers(left.numbers, right.numbers, bound)
        if left.numbers and right.numbers
        else left.numbers or right.numbers
    )
    texts = (
        _join_texts(left.texts, right.texts, bound)
        if left.texts and right.texts
        else left.texts or right.texts
    )
    arrays = (
        _join_arrays(left.arrays, right.arrays, bound)
        if left.arrays and right.arrays
        else left.arrays or right.arrays
    )
    return Type(
        left.missing or right.missing,
        left.null or right.null,
        left.booleans | right.booleans,
        numbers,
        texts,
        arrays,
        _join_objects(left.objects, right.objects, bound),
        shared,
    )


def _join_texts(left: Texts, right: Texts, bound: Bound) -> Texts:
    found = join_texts(left, right, bound)
    if left.json is None or right.json is None:
        return found
    return replace(found, json=join(left.json, right.json))


def _fits_unfollowed(given: Type, part: Unfollowed, depth: int = 0) -> bool:
    """Return True if all values of a type are known to fit a part of a schema that facts do not follow."""
    return part in given.unfollowed or is_subtype(given.with_missing(False), part.surely, depth + 1)


def facts_of(given: Type, bound: Bound, but: frozenset[Unfollowed] = frozenset()) -> Type:
    """The type as facts alone tell it: all that is unfollowed but some becomes facts, as a bound of it."""
    if not given.unfollowed:
        return given
    found = replace(given, unfollowed=given.unfollowed & but)
    for part in given.unfollowed - but if bound is Bound.LOWER else ():
        found = meet(found, part.surely.with_missing(given.missing), bound=bound)
    return found


def join_all(types: Iterable[Type], bound: Bound = Bound.UPPER) -> Type:
    """The values of any of the types."""
    result = NEVER
    for each in types:
        result = join(result, each, bound)
    return result


def _join_arrays(left: Arrays, right: Arrays, bound: Bound) -> Arrays:
    if bound is Bound.LOWER:
        return _join_arrays_lower(left, right)
    element: Type | None
    if left.longest == 0 or right.longest == 0:
        element = right.element if left.longest == 0 else left.element
    else:
        element = None if left.element is None or right.element is None else join(left.element, right.element)
    longest = None if left.longest is None or right.longest is None else max(left.longest, right.longest)
    unique = _is_unique(left) and _is_unique(right)
    return Arrays(element, min(left.shortest, right.shortest), longest, unique)


def _is_unique(arrays: Arrays) -> bool:
    return arrays.unique or (arrays.longest is not None and arrays.longest < 2)


def _join_arrays_lower(left: Arrays, right: Arrays) -> Arrays:
    if arrays_within(left, right):
        return right
    if arrays_within(right, left):
        return left
    low, high = sorted((left, right), key=lambda part: part.shortest)
    if low.longest == 0 and high.shortest == 1:
        return replace(high, shortest=0)
    has_gap = low.longest is not None and low.longest + 1 < high.shortest
    if (
        has_gap
        or low.unique is not high.unique
        or (low.element is not high.element and low.element != high.element)
    ):
        return left
    longest = None if low.longest is None or high.longest is None else max(low.longest, high.longest)
    return replace(low, longest=longest)


def _join_objects(left: tuple[Objects, ...], right: tuple[Objects, ...], bound: Bound) -> tuple[Objects, ...]:
    kept = list(left)
    for part in right:
        if not any(part is other or objects_within(part, other) for other in kept):
            kept = [other for other in kept if not objects_within(other, part)]
            kept.append(part)
    return _few(kept, bound)


def _few(parts: list[Objects], bound: Bound) -> tuple[Objects, ...]:
    """The alternatives; of too many, one that contains all, or for a lower bound the first ones."""
    if len(parts) > MAX_OBJECTS and bound is Bound.UPPER:
        return (merge_objects(parts),)
    return tuple(parts[:MAX_OBJECTS])


def merge_objects(parts: Iterable[Objects]) -> Objects:
    """One alternative that contains all; `parts` is not empty."""
    whole, *others = parts
    for part in others:
        different, members = _compared(whole, part)
        for name in different:
            members[name] = join(member_of(whole, name), member_of(part, name))
        rest = None if whole.rest is None or part.rest is None else join(whole.rest, part.rest)
        fewest = min(whole.sure_members, part.sure_members)
        limits = (whole.possible_members, part.possible_members)
        most = None if limits[0] is None or limits[1] is None else max(limits[0], limits[1])
        merged = Objects(members, rest, rules=rules_of((whole, part), rest, join))
        whole = with_limits(merged, fewest, most)
    return whole


def with_limits(part: Objects, fewest: int, most: int | None) -> Objects:
    """The objects with limits for the number of members, but for those that the members already have."""
    least, greatest = part.sure_members, part.possible_members
    is_implied = most is None or (greatest is not None and greatest <= most)
    return replace(part, fewest=fewest if fewest > least else 0, most=None if is_implied else most)


def _compared(left: Objects, right: Objects) -> tuple[list[str], dict[str, Type]]:
    """The names of members that differ, and the members of both, of which these are to be replaced.

    Most objects that are compared have most of their members in common, and many have many.
    """
    mine, theirs = left.members, right.members
    members = {**mine, **theirs}
    spend(1 + (len(members) >> 4))
    return [name for name in members if mine.get(name) is not theirs.get(name)], members


def meet(left: Type, right: Type, depth: int = 0, bound: Bound = Bound.UPPER) -> Type:
    """The values of both types, and perhaps more; of a lower bound, perhaps fewer."""
    if left is right or right is ANY_MEMBER:
        return left
    if left is ANY_MEMBER:
        return right
    if left is ANYTHING or right is ANYTHING:
        return (right if left is ANYTHING else left).with_missing(False)
    if depth > _MAX_DEPTH:
        return left if bound is Bound.UPPER else NEVER
    work = _meet if bound is Bound.UPPER else _meet_lower
    return (
        memoize(work, left, right, depth) if _is_deep(left) and _is_deep(right) else work(left, right, depth)
    )


def _meet_lower(left: Type, right: Type, depth: int) -> Type:
    return _meet(left, right, depth, Bound.LOWER)


def _meet(left: Type, right: Type, depth: int, bound: Bound = Bound.UPPER) -> Type:
    spend()
    return Type(
        left.missing and right.missing,
        left.null and right.null,
        left.booleans & right.booleans,
        meet_numbers(left.numbers, right.numbers) if left.numbers and right.numbers else None,
        meet_texts(left.texts, right.texts, bound) if left.texts and right.texts else None,
        _meet_arrays(left.arrays, right.arrays, depth, bound) if left.arrays and right.arrays else None,
        _meet_all_objects(left.objects, right.objects, depth, bound),
        left.unfollowed | right.unfollowed,
    )


def _meet_arrays(left: Arrays, right: Arrays, depth: int, bound: Bound) -> Arrays | None:
    longest = [length for length in (left.longest, right.longest) if length is not None]
    element = (
        left.element
        if right.element is None
        else right.element
        if left.element is None
        else meet(left.element, right.element, depth + 1, bound)
    )
    return settle_arrays(
        Arrays(
            element,
            max(left.shortest, right.shortest),
            min(longest) if longest else None,
            left.unique or right.unique,
        )
    )


def settle_arrays(arrays: Arrays) -> Arrays | None:
    """The facts of arrays with their consequences; None if no array has them all."""
    longest = 0 if arrays.element is not None and arrays.element.is_never else arrays.longest
    if longest is not None and arrays.shortest > longest:
        return None
    return arrays if longest == arrays.longest else replace(arrays, longest=longest)


def _meet_all_objects(
    left: tuple[Objects, ...], right: tuple[Objects, ...], depth: int, bound: Bound
) -> tuple[Objects, ...]:
    if left is right:
        return left
    work = _meet_objects if bound is Bound.UPPER else _meet_objects_lower
    # Types that differ in their other parts often share their objects: models that others refer to.
    met = (memoize(work, one, other, depth) for one in left for other in right)
    return _few([both for both in met if both is not None], bound)


def _meet_objects_lower(left: Objects, right: Objects, depth: int) -> Objects | None:
    return _meet_objects(left, right, depth, Bound.LOWER)


def _meet_objects(left: Objects, right: Objects, depth: int, bound: Bound = Bound.UPPER) -> Objects | None:
    if left is right:
        return left
    different, members = _compared(left, right)
    for name in different:
        members[name] = meet(member_of(left, name), member_of(right, name), depth + 1, bound)
    rest = (
        left.rest
        if right.rest is None
        else right.rest
        if left.rest is None
        else meet(left.rest, right.rest, 0, bound)
    )
    limits = [limit for limit in (left.most, right.most) if limit is not None]
    rules = left.rules if left.rules == right.rules else tuple(_different((*left.rules, *right.rules)))
    return settle_objects(
        Objects(members, rest, max(left.fewest, right.fewest), min(limits) if limits else None, rules)
    )


def settle_objects(part: Objects) -> Objects | None:
    """The facts of objects; None if no object has them all."""
    if any(not member.missing and member.is_never for member in part.members.values()):
        return None
    most = part.possible_members if part.fewest or part.most is not None else None
    return None if most is not None and part.sure_members > most else part


def is_subtype(left: Type, right: Type, depth: int = 0) -> bool:
    """Return True if all values of the left are known to be of the right; False also if that is unknown."""
    if left is right or right is ANY_MEMBER or (right is ANYTHING and not left.missing):
        return True
    if depth > _MAX_DEPTH or left.missing > right.missing or left.null > right.null:
        return False
    if _is_deep(left) and _is_deep(right):
        return memoize(_is_subtype, left, right, depth)
    return _is_subtype(left, right, depth)


def _is_subtype(left: Type, right: Type, depth: int) -> bool:
    spend()
    if not left.booleans <= right.booleans:
        return False
    if left.numbers and not (right.numbers and numbers_within(left.numbers, right.numbers)):
        return False
    if left.texts and not (right.texts and texts_within(left.texts, right.texts)):
        return False
    if left.arrays and not (right.arrays and arrays_within(left.arrays, right.arrays, depth)):
        return False
    if left.objects is not right.objects and not all(
        any(one is other or objects_within(one, other, depth) for other in right.objects)
        for one in left.objects
    ):
        return False
    return all(_fits_unfollowed(left, part, depth) for part in right.unfollowed)


def arrays_within(left: Arrays, right: Arrays, depth: int = 0) -> bool:
    """Return True if all arrays of the left are known to be among those of the right."""
    if right.shortest > left.shortest:
        return False
    if right.longest is not None and (left.longest is None or left.longest > right.longest):
        return False
    if right.unique and not _is_unique(left):
        return False
    return left.longest == 0 or is_subtype(element_of(left), element_of(right), depth + 1)


def objects_within(left: Objects, right: Objects, depth: int = 0) -> bool:
    """Return True if all objects of the left are known to be among those of the right."""
    if right.fewest > left.sure_members:
        return False
    if right.most is not None and (left.possible_members is None or left.possible_members > right.most):
        return False
    different, _ = _compared(left, right)
    for name in different:
        if not is_subtype(member_of(left, name), member_of(right, name), depth + 1):
            return False
    return _follows(left, right.rest, Texts(), depth) and all(
        rule in left.rules or _follows(left, rule.member, rule.names, depth) for rule in right.rules
    )


def _follows(part: Objects, wanted: Type | None, names: Texts, depth: int) -> bool:
    """Return True if all members with some names are known to be of a type; named ones do not count."""
    if wanted is None or is_subtype(ANY_MEMBER if part.rest is None else part.rest, wanted, depth + 1):
        return True
    left = [names]
    for rule in part.rules:
        if is_subtype(rule.member, wanted, depth + 1):
            left = [
                both
                for each in left
                for other in outside_texts(rule.names, Bound.UPPER)
                if (both := meet_texts(each, other)) is not None
            ]
    return not left


def member_of(part: Objects, name: str) -> Type:
    """The type of a member, missing included."""
    if name in part.members:
        return part.members[name]
    found = ANY_MEMBER if part.rest is None else part.rest
    for rule in part.rules:
        if fits(name, rule.names):
            found = meet(found, rule.member)
    return found


def members_named(part: Objects, names: Texts) -> Type:
    """The type of all members with some names, missing included; named ones do not count."""
    found = ANY_MEMBER if part.rest is None else part.rest
    for rule in part.rules:
        if texts_within(names, rule.names):
            found = meet(found, rule.member)
    return found


def rules_of(
    parts: tuple[Objects, Objects], rest: Type | None, combine: Callable[[Type, Type], Type]
) -> tuple[NameRule, ...]:
    """The rules of objects whose members are combined from those of two objects; `rest` is that of all."""
    found = []
    for rule in _different((*parts[0].rules, *parts[1].rules)):
        member = combine(*(members_named(part, rule.names) for part in parts))
        if not is_subtype(ANY_MEMBER if rest is None else rest, member):
            found.append(NameRule(rule.names, member))
    return tuple(found)


def _different(rules: tuple[NameRule, ...]) -> list[NameRule]:
    return [rule for position, rule in enumerate(rules) if rule not in rules[:position]]


def overlaps(left: Type, right: Type) -> bool:
    """Return False if it is known that no value is of both types."""
    return not meet(left, right).is_never


def of_member(given: Type, name: str) -> Type:
    """The type that a path finds under a name: missing in anything but an object."""
    found = join_all(member_of(part, name) for part in given.objects)
    others = given.missing or given.null or given.booleans or given.numbers or given.texts or given.arrays
    return join(found, MISSING_ONLY) if others else found


def of_element(given: Type) -> Type:
    """The type of the elements of all arrays of a type; NEVER if there are none."""
    if given.arrays is None or given.arrays.longest == 0:
        return NEVER
    return element_of(given.arrays)


def map_member(given: Type, name: str, change: Callable[[Type], Type]) -> Type:
    """The type with the member `name` of all objects changed; objects that become impossible are left out."""
    parts = []
    for part in given.objects:
        spend(1 + (len(part.members) >> 4))
        member = change(member_of(part, name))
        settled = settle_objects(replace(part, members={**part.members, name: member}))
        if settled is not None:
            parts.append(settled)
    return replace(given, objects=tuple(parts))
