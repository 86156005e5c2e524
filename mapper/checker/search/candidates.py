"""Candidates: values to try at the places that a program reads, and choices of several of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from itertools import combinations, islice, product

from mapper.checker.inference.type_scope import Key, PayloadPlace, of_key
from mapper.checker.search.documents import PlacedValue
from mapper.checker.types import ANYTHING, NEVER, Type, admits, meet, only, text_type
from mapper.checker.types.facts import KINDS, Bound
from mapper.checker.types.lattice import facts_of
from mapper.checker.types.named import TEXT, array_of
from mapper.checker.types.strays import strays
from mapper.checker.types.witnesses import numbers_near, witnesses
from mapper.runtime.missing import MISSING

# The number of choices grows with all four; the search tries them in order until its steps are used up.
MAX_PLACES = 14
_MAX_BAD = 12
_MAX_SIZE = 50
_MAX_OF_KIND = 5
_MAX_TOGETHER = 3
MOMENT = "2026-11-23T20:00:00.000Z"


def values_at(
    place: PayloadPlace,
    roots: Mapping[str, Type | None],
    constants: list[object],
    bad: Type = NEVER,
    wanted: Type | None = None,
) -> list[object]:
    """Values to try at a place: first those of `bad` or not of `wanted`, then constants, then usual ones.

    `roots` has the types of the item and the body. If no schema describes the place, the values are a
    harmless text and the constants. Of usual values there are a few of each allowed type.
    """
    root, keys = place
    if root == "received_at":
        return [MOMENT]
    found = roots.get(root)
    if found is None:
        return ["x", *(constants if root == "setting" else filter(_is_text, constants))]
    found = reduce(of_key, keys, found)
    worst = [*islice(witnesses(meet(found, bad)), _MAX_BAD)]
    if wanted is not None:
        worst = [*islice(strays(found, wanted), _MAX_BAD), *worst]
    known = [value for value in constants if admits(found, value)]
    sizes = [each for value in constants if isinstance(value, int) for each in _of_size(found, value)]
    usual = [value for kind in KINDS for value in islice(witnesses(only(found, kind)), _MAX_OF_KIND)]
    values = (value for value in (*worst, *known, *usual, *sizes) if value is not MISSING)
    return list({repr(value): value for value in values}.values())


def _of_size(given: Type, size: int) -> Iterator[object]:
    """Texts and arrays as long as a constant, one longer and one shorter: `size` is often compared."""
    if not 0 <= size <= _MAX_SIZE:
        return
    for count in (size, size + 1, max(size - 1, 0)):
        if given.texts is not None:
            yield from islice(witnesses(meet(given, text_type(shortest=count, longest=count))), 1)
        if given.arrays is not None:
            yield from islice(witnesses(meet(given, array_of(ANYTHING, count, count))), 1)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def boundaries(wanted: Type | None) -> list[object]:
    """The numbers (also as texts) and texts at which a type ends, and the names of its members."""
    if wanted is None:
        return []
    wanted = facts_of(wanted, Bound.LOWER)
    numbers = [] if wanted.numbers is None else [*islice(numbers_near(wanted.numbers), _MAX_BAD)]
    texts = [] if wanted.texts is None or wanted.texts.values is None else sorted(wanted.texts.values)
    others = list(strays(TEXT, only(wanted, "string"))) if wanted.texts is not None else []
    names = list(dict.fromkeys(name for part in wanted.objects for name in part.members))
    return [*numbers, *map(repr, numbers), *texts[:_MAX_BAD], *others[:_MAX_BAD], *names[:_MAX_BAD]]


def placements(choices: Mapping[PayloadPlace, list[object]], count: int) -> Iterator[tuple[PlacedValue, ...]]:
    """Choices of values for so many of the places."""
    for chosen in combinations(list(choices)[:MAX_PLACES], count):
        for values in product(*(choices[place] for place in chosen)):
            yield tuple(zip(chosen, values, strict=True))


def counts() -> range:
    """The numbers of places that are changed together."""
    return range(_MAX_TOGETHER + 1)


def narrowed_places(
    before: Type, after: Type, keys: tuple[Key, ...] = ()
) -> Iterator[tuple[tuple[Key, ...], Type]]:
    """The places at which one type is narrower than another, each with the type there."""
    if before is after or before == after:
        return
    if after.kinds != {"object"} or after.missing or len(after.objects) != 1 or "object" not in before.kinds:
        yield keys, after
        return
    (part,) = after.objects
    known = before.objects[0].members if len(before.objects) == 1 else {}
    for name, member in part.members.items():
        if known.get(name) is not member:
            yield from narrowed_places(of_key(before, name), member, (*keys, name))
