"""Strays: values of one type that another type does not have, each with as little else as possible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from mapper.budget import spend
from mapper.checker.types.example_texts import example_texts
from mapper.checker.types.facts import Arrays, Bound, Numbers, Objects, Texts, Type, element_of
from mapper.checker.types.lattice import facts_of, is_subtype, member_of, of_member
from mapper.checker.types.literals import admits
from mapper.checker.types.named import only
from mapper.checker.types.number_facts import fits_number
from mapper.checker.types.text_facts import settle
from mapper.checker.types.witnesses import numbers_near, smallest, with_members, witnesses
from mapper.regex.examples import MAX_LENGTH
from mapper.runtime.missing import MISSING

_MAX_DEPTH = 5
_MAX_OF_KIND = 6
_MAX_TRIED = 200


def strays(given: Type, wanted: Type, depth: int = 0) -> Iterator[object]:
    """A few values of a type that are not of the wanted one, MISSING among them."""
    spend()
    if depth > _MAX_DEPTH or is_subtype(given, wanted):
        return
    wanted = facts_of(wanted, Bound.LOWER)
    for tried in (_scalars(given, wanted), _arrays(given, wanted, depth), _objects(given, wanted, depth)):
        found = (value for value in islice(tried, _MAX_TRIED) if not admits(wanted, value, Bound.LOWER))
        yield from islice(found, 2 * _MAX_OF_KIND)


def _scalars(given: Type, wanted: Type) -> Iterator[object]:
    for kind in ("missing", "null", "boolean"):
        yield from witnesses(only(given, kind))
    if given.numbers is not None:
        yield from _numbers(given.numbers, wanted.numbers)
        yield from witnesses(only(given, "number"))
    if given.texts is not None:
        yield from _texts(given.texts, wanted.texts)
        yield from example_texts(given.texts)


def _numbers(given: Numbers, wanted: Numbers | None) -> Iterator[int | float]:
    """Numbers beside the bounds and listed values of the wanted ones."""
    near = () if wanted is None else numbers_near(wanted)
    yield from (number for number in near if fits_number(number, given))


def _texts(given: Texts, wanted: Texts | None) -> Iterator[str]:
    """Texts that are listed, too long or too short."""
    if wanted is None or given.values is not None:
        return
    narrower = []
    if wanted.longest is not None and wanted.longest < MAX_LENGTH:
        narrower.append(replace(given, shortest=max(given.shortest, wanted.longest + 1)))
    if wanted.shortest > given.shortest:
        longest = wanted.shortest - 1
        narrower.append(replace(given, longest=min(longest, given.longest or longest)))
    for each in narrower:
        settled = settle(each)
        if settled is not None:
            yield from islice(example_texts(settled), _MAX_OF_KIND)


def _arrays(given: Type, wanted: Type, depth: int) -> Iterator[object]:
    arrays = given.arrays
    if arrays is None:
        return
    element = element_of(arrays)
    inner = only(wanted, "array").arrays
    if inner is not None:
        yield from _beside_lengths(arrays, inner, depth)
        if arrays.longest != 0:
            for value in strays(element, element_of(inner), depth + 1):
                if value is not MISSING:
                    yield [value] * max(arrays.shortest, 1)
    yield from witnesses(only(given, "array"))


def _beside_lengths(arrays: Arrays, wanted: Arrays, depth: int) -> Iterator[object]:
    value = smallest(element_of(arrays), depth + 1)
    most = MAX_LENGTH if arrays.longest is None else min(arrays.longest, MAX_LENGTH)
    for count in (wanted.shortest - 1, *(() if wanted.longest is None else (wanted.longest + 1,))):
        if arrays.shortest <= count <= most and (value is not MISSING or count == 0):
            yield [value] * count


def _objects(given: Type, wanted: Type, depth: int) -> Iterator[object]:
    """Objects with one member that strays: it has a wrong value, is absent or not allowed."""
    inner = only(wanted, "object")
    for part in given.objects:
        least = smallest(Type(objects=(part,)), depth)
        if not isinstance(least, dict):
            continue
        yield from _of_other_sizes(part, inner.objects, least)
        for name in _names_in((part, *inner.objects)):
            if name not in least and len(inner.objects) > 1:  # perhaps it needs another one
                yield from ({**least, name: value} for value in islice(_present(part, name, depth), 1))
            member = of_member(inner, name) if inner.objects else inner
            for value in islice(strays(member_of(part, name), member, depth + 1), _MAX_OF_KIND):
                if value is MISSING:
                    yield {key: each for key, each in least.items() if key != name}
                else:
                    yield {**least, name: value}
    yield from witnesses(only(given, "object"))


def _names_in(parts: tuple[Objects, ...]) -> dict[str, None]:
    """Names of members that some objects name, or have a rule for, and another one."""
    named = dict.fromkeys(name for part in parts for name in part.members)
    ruled = (name for part in parts for rule in part.rules for name in islice(example_texts(rule.names), 2))
    return {**named, **dict.fromkeys(ruled), "x": None}


def _of_other_sizes(
    part: Objects, wanted: tuple[Objects, ...], least: dict[str, object]
) -> Iterator[dict[str, object]]:
    """Objects with one member more than the wanted ones, or one less."""
    for each in wanted:
        for count in (each.fewest - 1, *(() if each.most is None else (each.most + 1,))):
            if count > len(least):
                yield from with_members(part, least, count)


def _present(part: Objects, name: str, depth: int) -> Iterator[object]:
    return (value for value in witnesses(member_of(part, name), depth + 1) if value is not MISSING)
