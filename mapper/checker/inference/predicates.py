"""Predicates: the part of a type for which a test holds, or does not hold. If unsure, a value is in both."""

from __future__ import annotations

from dataclasses import replace

from mapper.checker.types import MISSING_ONLY, NEVER, Objects, Type, join, meet, only
from mapper.checker.types.facts import Arrays, Numbers, Texts
from mapper.checker.types.from_schema import remove_literals
from mapper.checker.types.lattice import settle_arrays, settle_objects
from mapper.checker.types.named import text_type
from mapper.checker.types.number_facts import bounded
from mapper.checker.types.text_facts import fits, literal_pattern, meet_texts, without_texts
from mapper.ir.liquid import Operand, Special

_EMPTY_TEXT = text_type(values=frozenset({""}))
_EMPTY_ARRAY = Type(arrays=Arrays(NEVER, 0, 0))
MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def nil(given: Type) -> Type:
    """Missing and null."""
    return only(given, "missing", "null")


def not_nil(given: Type) -> Type:
    """Values other than null."""
    return only(given, *(given.kinds - {"null"}))


def truthy(given: Type) -> Type:
    """Everything but missing, null and false."""
    return replace(not_nil(given), booleans=given.booleans - {False})


def falsy(given: Type) -> Type:
    """Missing, null and false."""
    return replace(nil(given), booleans=given.booleans - {True})


def empty(given: Type) -> Type:
    """Empty texts, arrays and objects."""
    objects = tuple(
        Objects({name: only(m, "missing") for name, m in part.members.items()}, MISSING_ONLY)
        for part in given.objects
        if part.may_be_empty
    )
    containers = meet(only(given, "string", "array"), join(_EMPTY_TEXT, _EMPTY_ARRAY))
    return replace(containers, objects=objects)


def not_empty(given: Type) -> Type:
    """Everything but empty texts, arrays and objects."""
    texts = None if given.texts is None else without_texts(given.texts, [""])
    arrays = None
    if given.arrays is not None:
        arrays = settle_arrays(replace(given.arrays, shortest=max(given.arrays.shortest, 1)))
    objects = tuple(
        part
        for each in given.objects
        if (part := settle_objects(replace(each, fewest=max(each.fewest, 1)))) is not None
    )
    return replace(given, texts=texts, arrays=arrays, objects=objects)


def blank_texts(given: Type, holds: bool) -> Type:
    """Only texts: those that are blank, or those that are not."""
    texts = None if given.texts is None else meet_texts(given.texts, Texts(blank=holds))
    return replace(only(given), texts=texts)


def blank(given: Type) -> Type:
    """The values with `== blank` in Liquid: nothing, false, blank texts, empty arrays and objects."""
    containers = only(empty(given), "array", "object")
    return join(join(falsy(given), containers), blank_texts(given, True))


def not_blank(given: Type) -> Type:
    """The values with `!= blank` in Liquid."""
    filled = only(not_empty(given), "array", "object")
    scalars = replace(only(given, "boolean", "number"), booleans=given.booleans - {False})
    return join(join(scalars, filled), blank_texts(given, False))


def content(given: Type) -> Type:
    """The values that `first_nonblank` takes: neither missing nor null nor blank text."""
    return join(only(given, *(given.kinds - {"null", "string"})), blank_texts(given, False))


def without_content(given: Type) -> Type:
    """The values that `first_nonblank` passes over."""
    return join(nil(given), blank_texts(given, True))


def equal_to(given: Type, other: Type) -> Type:
    """The values that may equal one of another type, in Liquid: missing equals nil."""
    found = meet(
        only(given, *given.kinds - {"null", "object"}), only(other, *other.kinds - {"null", "object"})
    )
    if other.may_be_nothing:
        found = join(found, nil(given))
    return join(found, only(given, "object")) if other.objects else found


def unequal_to(given: Type, other: Type) -> Type:
    """The values that may differ from one of another type: all but the only value the other can be."""
    if not other.kinds - {"null"}:
        return not_nil(given)
    single = single_value(other)
    return given if single is None else remove_literals(given, [single])


def single_value(given: Type) -> str | int | float | bool | None:
    """The only value of a type, if it is a scalar other than null; None for any other type."""
    if given.may_be_nothing or given.arrays or given.objects:
        return None
    values: list[str | int | float | bool] = list(given.booleans)
    for part in (given.numbers, given.texts):
        if part is not None:
            if part.values is None or len(part.values) > 1:
                return None
            values.extend(part.values)
    return values[0] if len(values) == 1 else None


def refined(given: Type, operator: str, written: Operand, other: Type, *, holds: bool) -> Type:
    """The values for which a comparison in Liquid may hold, or not, with what is written beside it."""
    if isinstance(written, Special):
        if operator not in ("==", "!="):
            return given
        does, does_not = _SPECIALS[written.name]
        return does(given) if holds is (operator == "==") else does_not(given)
    if operator in ("==", "!="):
        return equal_to(given, other) if holds is (operator == "==") else unequal_to(given, other)
    return ordered(given, other, operator) if holds else not_ordered(given, other, operator)


def ordered(given: Type, other: Type, operator: str) -> Type:
    """The values for which `given operator other` may hold in Liquid; missing and null have no order."""
    kinds = {"number", "boolean"} if other.numbers or other.booleans else set()
    kinds |= {"string"} if other.texts else set()
    if operator in ("<=", ">="):
        kinds |= {kind for kind in ("array", "object") if kind in other.kinds}
    left = only(given, *kinds)
    bounded = _bounds(other, operator)
    if left.numbers is not None and bounded is not None and not left.booleans:
        return replace(left, numbers=meet(only(left, "number"), Type(numbers=bounded)).numbers)
    return left


def not_ordered(given: Type, other: Type, operator: str) -> Type:
    """The values for which `given operator other` may fail to hold."""
    opposite = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}[operator]
    bounded = _bounds(other, opposite)
    if given.numbers is None or bounded is None or other.kinds != {"number"} or other.missing:
        return given
    return replace(given, numbers=meet(only(given, "number"), Type(numbers=bounded)).numbers)


def _bounds(other: Type, operator: str) -> Numbers | None:
    """The numbers that can be on the left of an operator, if the right is of `other`; None for any."""
    if other.numbers is None or other.booleans:
        return None
    right = bounded(other.numbers)
    if operator in ("<", "<="):
        is_open = operator == "<" or right.open_high
        return Numbers(high=right.high, open_high=is_open and right.high is not None)
    is_open = operator == ">" or right.open_low
    return Numbers(low=right.low, open_low=is_open and right.low is not None)


def holding(given: Type, other: Type) -> Type:
    """The values for which `contains other` may hold in Liquid."""
    texts = only(not_empty(given), "string") if not _may_be_empty_text(other) else only(given, "string")
    return join(texts, only(not_empty(given), "array", "object"))


def _may_be_empty_text(other: Type) -> bool:
    return other.texts is not None and fits("", other.texts)


def lacking(given: Type, other: Type) -> Type:
    """The values for which `contains other` may fail to hold in Liquid."""
    part = single_value(other)
    if not isinstance(part, str) or given.texts is None:
        return given
    return replace(given, texts=meet_texts(given.texts, Texts(unmatched=frozenset({literal_pattern(part)}))))


_SPECIALS = {"blank": (blank, not_blank), "empty": (empty, not_empty)}
