"""Complements: the values that are not of a type.

Facts cannot describe each complement. Therefore the bound that is asked for decides: see `Bound`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mapper.budget import spend
from mapper.checker.types.facts import Arrays, Bound, Numbers, Objects, Texts, Type
from mapper.checker.types.lattice import MAX_OBJECTS, facts_of, join_all, meet
from mapper.checker.types.named import NEVER
from mapper.checker.types.text_facts import outside_texts

_ALL = Type(objects=(Objects(),))


def complement(given: Type, bound: Bound, *, missing: bool = False) -> Type:
    """The values that are not of a type; with `missing` also missing, if the type does not have it."""
    spend()
    given = facts_of(given, bound.opposite)
    parts = (
        *_numbers(given.numbers, bound),
        *_texts(given.texts, bound),
        *_arrays(given.arrays, bound),
        _objects(given.objects, bound),
    )
    rest = Type(
        missing and not given.missing,
        not given.null,
        frozenset({True, False}) - given.booleans,
    )
    return join_all((rest, *parts), bound)


def _numbers(numbers: Numbers | None, bound: Bound) -> Iterator[Type]:
    if numbers is None:
        yield Type(numbers=Numbers())
        return
    if numbers.values is not None:
        yield Type(numbers=Numbers(excluded=numbers.values))
        return
    if bound is Bound.UPPER and (numbers.integral or numbers.steps):
        yield Type(numbers=Numbers())
        return
    if numbers.low is not None:
        yield Type(numbers=Numbers(high=numbers.low, open_high=not numbers.open_low))
    if numbers.high is not None:
        yield Type(numbers=Numbers(low=numbers.high, open_low=not numbers.open_high))
    if numbers.excluded:
        yield Type(numbers=Numbers(values=numbers.excluded))


def _texts(texts: Texts | None, bound: Bound) -> Iterator[Type]:
    for part in (Texts(),) if texts is None else outside_texts(texts, bound):
        yield Type(texts=part)


def _arrays(arrays: Arrays | None, bound: Bound) -> Iterator[Type]:
    if arrays is None:
        yield Type(arrays=Arrays())
        return
    if arrays.shortest:
        yield Type(arrays=Arrays(longest=arrays.shortest - 1))
    if arrays.longest is not None:
        yield Type(arrays=Arrays(shortest=arrays.longest + 1))
    if arrays.unique and bound is Bound.UPPER:
        yield Type(arrays=Arrays(shortest=2))
    others = NEVER if arrays.element is None else complement(arrays.element, bound)
    if others.is_present:  # some element is of another type
        yield Type(arrays=Arrays(None if bound is Bound.UPPER else others, 1))


def _objects(parts: tuple[Objects, ...], bound: Bound) -> Type:
    found = _ALL
    for part in parts:
        others = list(_outside(part, bound))
        if len(others) > MAX_OBJECTS:
            others = [Objects()] if bound is Bound.UPPER else others[:MAX_OBJECTS]
        found = meet(found, Type(objects=tuple(others)), bound=bound)
    return found


def _outside(part: Objects, bound: Bound) -> Iterator[Objects]:
    """The objects that lack one of the facts of an alternative."""
    for name, member in part.members.items():
        other = complement(member, bound, missing=True)
        if not other.is_never:
            yield Objects({name: other})
    if part.fewest:
        yield Objects(most=part.fewest - 1)
    if part.most is not None:
        yield Objects(fewest=part.most + 1)
    if bound is Bound.UPPER and (part.rest is not None or part.rules):
        yield Objects(fewest=1)  # some other member is of another type
