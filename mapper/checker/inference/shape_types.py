"""Shapes: the types of objects and lists whose members are removed at every depth."""

from __future__ import annotations

from dataclasses import replace

from mapper.budget import memoize, spend
from mapper.checker.inference.predicates import blank_texts
from mapper.checker.types import ANYTHING, Arrays, Objects, Texts, Type, without_missing
from mapper.checker.types.lattice import settle_arrays, settle_objects

Kinds = frozenset[str]


def pruned(given: Type, kinds: Kinds) -> Type:
    """The type of what `prune` leaves: nothing in it is of one of the kinds, so members may miss."""
    return memoize(_pruned, given, kinds, 0)


def _pruned(given: Type, kinds: Kinds, _depth: int) -> Type:
    spend()
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
    element = _unknown(kinds) if given.element is None else pruned(given.element, kinds)
    shortest = 0 if element.missing else given.shortest
    is_removed = "empty" in kinds and shortest == 0
    left = Arrays(without_missing(element), max(shortest, "empty" in kinds), given.longest)
    return settle_arrays(left), is_removed


def _pruned_objects(given: Objects, kinds: Kinds) -> tuple[Objects | None, bool]:
    """The objects that are left, and True if one may be removed because nothing is left in it."""
    spend(len(given.members) >> 4)
    members = {name: pruned(member, kinds) for name, member in given.members.items()}
    rest = _unknown(kinds).with_missing() if given.rest is None else pruned(given.rest, kinds)
    left = Objects(members, rest)
    is_removed = "empty" in kinds and left.may_be_empty
    return settle_objects(replace(left, nonempty="empty" in kinds)), is_removed


def _unknown(kinds: Kinds) -> Type:
    """A member of any type after pruning. Of its own members no more is known than before."""
    return replace(
        ANYTHING,
        missing=True,
        null="null" not in kinds,
        texts=Texts(blank=False if "blank" in kinds else None),
        arrays=Arrays(shortest=int("empty" in kinds)),
        objects=(Objects(nonempty="empty" in kinds),),
    )
