"""Printing: the texts that Liquid makes of values of a type, and of one text after another."""

from __future__ import annotations

from dataclasses import replace

from mapper.budget import MAX_CHARACTERS, spend_on
from mapper.checker.types.facts import Arrays, Numbers, Texts, Type
from mapper.checker.types.lattice import meet, of_element
from mapper.checker.types.named import NEVER
from mapper.checker.types.text_facts import described, join_texts
from mapper.runtime.digits import EXACT
from mapper.runtime.liquid.semantics import to_text

NOTHING = Texts(values=frozenset({""}))
_WRITTEN = Texts(blank=False, shortest=1)
_NUMERAL = Texts(blank=False, shortest=1, formats=frozenset({"numeral"}))
_WHOLE = Texts(blank=False, shortest=1, formats=frozenset({"numeral", "whole-numeral"}))
_UNSURE = (Type(numbers=Numbers(low=EXACT)), Type(numbers=Numbers(high=-EXACT)))
_MAX_LISTS = 5  # lists inside each other whose numbers are looked at
_MAX_VALUES = 32  # listed texts; more are described by facts


def printed(given: Type) -> Texts:
    """The texts that `{{ value }}` writes for values of a type; the elements of a list follow one another."""
    parts = []
    if given.may_be_nothing:
        parts.append(NOTHING)
    if given.booleans:
        parts.append(Texts(values=frozenset(map(to_text, given.booleans))))
    if given.numbers is not None:
        parts.append(_numeral(given.numbers))
    if given.texts is not None:
        parts.append(given.texts)
    if given.arrays is not None:
        parts.append(NOTHING if given.arrays.longest == 0 else Texts())
    if given.objects:
        parts.append(_WRITTEN)
    whole = parts[0] if parts else NOTHING
    for part in parts[1:]:
        whole = join_texts(whole, part)
    return whole


def _numeral(numbers: Numbers) -> Texts:
    """The texts of numbers: 1 and 1.0 are written differently, and a whole float below 2^53 in full."""
    bounds = (numbers.low, numbers.high)
    if not numbers.integral:
        return _NUMERAL
    if any(bound is None or abs(bound) > EXACT for bound in bounds):
        return _WHOLE
    return replace(_WHOLE, longest=max(len(f"{bound:.0f}.0") for bound in bounds if bound is not None))


def unsure_numbers(given: Type) -> Type:
    """The numbers of a type that may have lost digits if they are written as floats: beyond 2^53 either way.

    If there are some of both signs, only the positive ones: a type with both would have all between them.
    """
    return next((part for part in (meet(given, each) for each in _UNSURE) if not part.is_never), NEVER)


def unprintable(given: Type, depth: int = 0) -> Type:
    """The values that Liquid does not print: numbers that may have lost digits, and lists of them."""
    numbers = unsure_numbers(given)
    if not numbers.is_never or given.arrays is None or depth > _MAX_LISTS:
        return numbers
    element = unprintable(of_element(given), depth + 1)
    return NEVER if element.is_never else Type(arrays=Arrays(element, 1))


def concatenated(left: Texts, right: Texts) -> Texts:
    """The texts made of one text and another after it."""
    if left == NOTHING or right == NOTHING:
        return right if left == NOTHING else left
    if left.values is not None and right.values is not None:
        ones, others = left.values, right.values
        characters = _characters(ones) * len(others) + _characters(others) * len(ones)
        if len(ones) * len(others) <= _MAX_VALUES and characters <= MAX_CHARACTERS:
            spend_on(characters)
            return Texts(values=frozenset(one + other for one in ones for other in others))
    one, other = described(left), described(right)
    blank = None
    if one.blank is False or other.blank is False:
        blank = False
    elif one.blank and other.blank:
        blank = True
    longest = None if one.longest is None or other.longest is None else one.longest + other.longest
    return Texts(blank=blank, shortest=one.shortest + other.shortest, longest=longest)


def _characters(values: frozenset[str]) -> int:
    return sum(map(len, values))
