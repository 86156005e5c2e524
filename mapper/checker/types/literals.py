"""Literals: the type of one JSON value, and the test that a value is of a type."""

from __future__ import annotations

from dataclasses import replace

from mapper.checker.types.facts import Arrays, Bound, Numbers, Objects, Texts, Type, element_of
from mapper.checker.types.lattice import join_all, member_of
from mapper.checker.types.named import MISSING_ONLY, NEVER, NULL_ONLY
from mapper.checker.types.number_facts import fits_number
from mapper.checker.types.text_facts import fits
from mapper.runtime.json.equality import has_repetitions
from mapper.runtime.missing import MISSING


def literal_type(value: object, bound: Bound = Bound.UPPER) -> Type:
    """The type of one value alone; the elements of an array are joined to one type.

    The lower bound of an array of different elements has no values.
    """
    match value:
        case None:
            return NULL_ONLY
        case bool():
            return Type(booleans=frozenset({value}))
        case int() | float():
            return Type(numbers=Numbers(values=frozenset({value})))
        case str():
            return Type(texts=Texts(values=frozenset({value})))
        case list():
            elements = [literal_type(each, bound) for each in value]
            if bound is Bound.LOWER and any(each.is_never or each != elements[0] for each in elements):
                return NEVER
            return Type(arrays=Arrays(join_all(elements), len(value), len(value)))
        case dict():
            members = {str(name): literal_type(member, bound) for name, member in value.items()}
            if any(member.is_never for member in members.values()):
                return NEVER
            return Type(objects=(Objects(members, MISSING_ONLY),))
        case _:
            return MISSING_ONLY


def constant_type(value: object) -> Type:
    """The type of a value that a mapping holds: a whole number is written there as it is."""
    given = literal_type(value)
    if type(value) is int and given.numbers is not None:
        return replace(given, numbers=replace(given.numbers, plain=True))
    return given


def admits(given: Type, value: object, bound: Bound = Bound.UPPER) -> bool:
    """Return True if a value, or MISSING, may be of a type; if it surely is, for a lower bound."""
    asked = given.unfollowed if bound is Bound.LOWER and value is not MISSING else ()
    if not all(admits(part.surely, value, bound) for part in asked):
        return False
    match value:
        case None:
            return given.null
        case bool():
            return value in given.booleans
        case int() | float():
            return given.numbers is not None and fits_number(value, given.numbers)
        case str():
            return given.texts is not None and fits(value, given.texts)
        case list() | tuple():
            return given.arrays is not None and _is_array(given.arrays, value, bound)
        case dict():
            return any(_is_object(part, value, bound) for part in given.objects)
        case _:
            return value is MISSING and given.missing


def _is_array(arrays: Arrays, value: list[object] | tuple[object, ...], bound: Bound) -> bool:
    if len(value) < arrays.shortest or (arrays.longest is not None and len(value) > arrays.longest):
        return False
    if arrays.unique and has_repetitions(list(value)):
        return False
    element = element_of(arrays)
    return all(admits(element, each, bound) for each in value)


def _is_object(part: Objects, value: dict[str, object], bound: Bound) -> bool:
    if len(value) < part.fewest or (part.most is not None and len(value) > part.most):
        return False
    names = dict.fromkeys((*part.members, *value))
    return all(admits(member_of(part, name), value.get(name, MISSING), bound) for name in names)
