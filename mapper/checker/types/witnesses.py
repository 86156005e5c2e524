"""Witnesses: small values of a type, the smallest first, to be shown to a reader as examples."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from mapper.budget import MAX_NODES, nodes_of, spend
from mapper.checker.types.example_texts import example_texts
from mapper.checker.types.facts import Arrays, Numbers, Objects, Type, element_of
from mapper.checker.types.lattice import member_of
from mapper.checker.types.named import only
from mapper.checker.types.number_facts import fits_number, is_whole_and_a_double
from mapper.runtime.missing import MISSING

_NUMBERS = (0, 1, -1, 2, 0.5, 1.5, 1_795_464_000, 1_795_464_000_000, 1_795_464_000_000_000, 10**18)
_PRECISE = 2**52  # beyond it, a float has no halves
_MAX_LENGTH = 200  # of arrays
_MAX_DEPTH = 5
_MAX_MEMBERS = 12  # of objects that are made to have many
_KINDS_OF_REST = ("number", "array", "object", "string", "null", "boolean")
_MAX_VARIANTS = 8  # of an array or object that differ in one element or member


def witnesses(given: Type, depth: int = 0) -> Iterator[object]:
    """A few different values of a type, each with at most MAX_NODES nodes; MISSING first if possible."""
    spend()
    if given.missing:
        yield MISSING
    if given.null:
        yield None
    yield from sorted(given.booleans)
    if given.numbers is not None:
        yield from _numbers(given.numbers)
    if given.texts is not None:
        yield from example_texts(given.texts)
    if depth > _MAX_DEPTH:
        return
    if given.arrays is not None:
        yield from _arrays(given.arrays, depth)
    for part in given.objects:
        yield from _objects(part, depth)


def smallest(given: Type, depth: int = 0) -> object:
    """The first witness; MISSING if there is none."""
    return next(witnesses(given, depth), MISSING)


def _numbers(numbers: Numbers) -> Iterator[int | float]:
    """Numbers, and those beyond 2^53 also as floats: these are equal, but casts distinguish them."""
    for number in _different(numbers):
        yield number
        if is_whole_and_a_double(number):
            yield float(number)


def _different(numbers: Numbers) -> Iterator[int | float]:
    if numbers.values is not None:
        yield from sorted(numbers.values)
        return
    seen: set[float] = set()
    for number in (*_NUMBERS, *numbers_near(numbers)):
        if number not in seen and fits_number(number, numbers):
            seen.add(number)
            yield number


def numbers_near(numbers: Numbers) -> Iterator[int | float]:
    """Numbers at and beside the bounds, and those that are listed."""
    if numbers.values is not None:
        yield from sorted(numbers.values)
    for bound in (numbers.low, numbers.high):
        if bound is not None:
            yield from (bound + step for step in ((0, 1, -1, 0.5) if abs(bound) < _PRECISE else (0, 1, -1)))


def _arrays(arrays: Arrays, depth: int) -> Iterator[list[object]]:
    if arrays.shortest == 0:
        yield []
    if arrays.longest == 0:
        return
    count = max(arrays.shortest, 1)
    element = element_of(arrays)
    for index, value in enumerate(islice(witnesses(element, depth + 1), _MAX_VARIANTS)):
        if value is not MISSING and count <= _MAX_LENGTH and count * nodes_of(value, MAX_NODES) <= MAX_NODES:
            yield [value] * count
            if index == 0 and count == 1 and arrays.longest != 1:
                yield [value, value]
        mixed = _mixed(element, depth) if index == 0 else []
        if len(mixed) > 1 and arrays.shortest <= len(mixed) <= (arrays.longest or len(mixed)):
            yield mixed


def _mixed(element: Type, depth: int) -> list[object]:
    """A value of each kind, and an object with and one without a member: lists of such cannot be sorted."""
    found: list[object] = []
    for kind in sorted(element.kinds):
        most = 2 if kind == "object" else 1
        values = islice(witnesses(only(element, kind), depth + 1), most)
        found += [value for value in values if value is not MISSING]
    return found if nodes_of(found, MAX_NODES) <= MAX_NODES else []


def _objects(part: Objects, depth: int) -> Iterator[dict[str, object]]:
    least: dict[str, object] = {}
    nodes = 0
    for name, member in part.members.items():
        value = smallest(member, depth + 1)
        if value is not MISSING:
            least[name] = value
            nodes += nodes_of(value, MAX_NODES)
            if nodes > MAX_NODES:
                return
        elif not member.missing:
            return  # a required member without a known value
    if least or not part.nonempty:
        yield least
    optional = [name for name, member in part.members.items() if name not in least and member.is_present]
    for name in (*optional[:_MAX_VARIANTS], *islice(least, _MAX_VARIANTS)):
        member = member_of(part, name)
        for kind in sorted(member.kinds):
            value = smallest(only(member, kind), depth + 1)
            # Of a required member only the other kinds: the first has been shown.
            if value is not MISSING and (name not in least or type(value) is not type(least[name])):
                yield {**least, name: value}
    if part.most is not None and part.most > len(least) + 1:
        yield from with_members(part, least, part.most)
    for name in () if "x" in part.members else ("x", *islice(_other_names(part), _MAX_VARIANTS)):
        yield from _with_other(part, name, least, nodes, depth)


def _with_other(
    part: Objects, name: str, least: dict[str, object], nodes: int, depth: int
) -> Iterator[dict[str, object]]:
    """An object with one more member of each kind."""
    rest = member_of(part, name)
    for kind in _KINDS_OF_REST:
        value = smallest(only(rest, kind), depth + 1)
        if value is not MISSING and nodes + nodes_of(value, MAX_NODES) <= MAX_NODES:
            yield {**least, name: value}


def _other_names(part: Objects) -> Iterator[str]:
    """Names that a rule of an object is for, and that it does not name itself."""
    for rule in part.rules:
        if rule.member.is_present:
            yield from (name for name in example_texts(rule.names) if name not in part.members)


def with_members(part: Objects, least: dict[str, object], count: int) -> Iterator[dict[str, object]]:
    """An object with so many members, if it may have so many and some are known."""
    if count > _MAX_MEMBERS or not count <= (part.possible_members or count):
        return
    found = dict(least)
    for name in (*part.members, *(f"x{number}" for number in range(count)), *_other_names(part)):
        if len(found) >= count:
            break
        value = smallest(member_of(part, name).with_missing(False), 1)
        if name not in found and value is not MISSING:
            found[name] = value
    if len(found) == count:
        yield found
