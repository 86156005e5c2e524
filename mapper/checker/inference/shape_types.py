"""Shapes: the types of objects and lists whose members are removed at every depth."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from mapper.budget import memoize, spend
from mapper.checker.inference.predicates import blank_texts
from mapper.checker.types import ANYTHING, Arrays, Objects, Texts, Type, without_missing
from mapper.checker.types.facts import NameRule
from mapper.checker.types.lattice import settle_arrays, settle_objects

Kinds = frozenset[str]


def pruned(given: Type, kinds: Kinds) -> Type:
    """The type of what `prune` leaves: nothing in it is of one of the kinds, so members may miss."""
    return memoize(_pruned, given, kinds, 0)


def _pruned(given: Type, kinds: Kinds, _depth: int) -> Type:
    spend()
    if _is_unknown(given):
        null, blank, empty = given.null, given.may_be_blank, "empty" not in kinds
        missing = given.missing or not empty or (null and "null" in kinds) or (blank and "blank" in kinds)
        return _unknown(missing, null and "null" not in kinds, blank and "blank" not in kinds, empty)
    missing, texts = given.missing or (given.null and "null" in kinds), given.texts
    if texts is not None and "blank" in kinds:
        missing = missing or given.may_be_blank
        texts = blank_texts(given, False).texts
    arrays = None
    if given.arrays is not None:
        arrays, may_be_empty = _pruned_arrays(given.arrays, kinds)
        missing = missing or may_be_empty
    objects = []
    for each in given.objects:
        part, may_be_empty = _pruned_objects(each, kinds)
        missing = missing or may_be_empty
        if part is not None:
            objects.append(part)
    null = given.null and "null" not in kinds
    return Type(missing, null, given.booleans, given.numbers, texts, arrays, tuple(objects))


def _pruned_arrays(given: Arrays, kinds: Kinds) -> tuple[Arrays | None, bool]:
    """The arrays that are left, and True if one may be removed because nothing is left in it."""
    element = _pruned_member(given.element, kinds)
    shortest = 0 if element.missing else given.shortest
    is_removed = "empty" in kinds and shortest == 0
    left = Arrays(_present(element), max(shortest, "empty" in kinds), given.longest)
    return settle_arrays(left), is_removed


def _pruned_objects(given: Objects, kinds: Kinds) -> tuple[Objects | None, bool]:
    """The objects that are left, and True if one may be removed because nothing is left in it."""
    spend(len(given.members) >> 4)
    members = {name: pruned(member, kinds) for name, member in given.members.items()}
    rest = _pruned_member(given.rest, kinds)
    rules = tuple(NameRule(rule.names, pruned(rule.member, kinds)) for rule in given.rules)
    left = Objects(members, rest, most=given.most, rules=rules)
    is_removed = "empty" in kinds and left.may_be_empty
    return settle_objects(replace(left, fewest=int("empty" in kinds))), is_removed


def _pruned_member(given: Type | None, kinds: Kinds) -> Type:
    if given is not None:
        return pruned(given, kinds)
    return _unknown(True, "null" not in kinds, "blank" not in kinds, "empty" not in kinds)


@cache
def _unknown(missing: bool, null: bool, blank: bool, empty: bool) -> Type:
    """A member of any type after pruning, and the kinds of nothing that it may still be.

    Of its own members no more is known than before, however often it is pruned: if each time told about one
    more level, twenty would make a type of a million parts. So there is one object for each such type.
    """
    return replace(
        ANYTHING,
        missing=missing,
        null=null,
        texts=Texts(blank=None if blank else False),
        arrays=Arrays(shortest=int(not empty)),
        objects=(Objects(fewest=int(not empty)),),
    )


def _present(given: Type) -> Type:
    """The type without missing."""
    if not _is_unknown(given):
        return without_missing(given)
    return _unknown(False, given.null, given.may_be_blank, not given.objects[0].nonempty)


def _is_unknown(given: Type) -> bool:
    objects = given.objects
    return len(objects) == 1 and given is _unknown(
        given.missing, given.null, given.may_be_blank, not objects[0].nonempty
    )
