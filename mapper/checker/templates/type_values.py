"""Type values: a type becomes the set of its values, with the texts that they are printed as.

A `format` counts as a promise, as a `pattern` does, although JSON Schema 2020-12 §7.2.1 makes it an
annotation by default.
"""

from __future__ import annotations

from functools import cache

from mapper.checker.inference.type_scope import TypeScope
from mapper.checker.templates.value_sets import (
    IMPOSSIBLE,
    MISSING,
    NUMBER,
    Items,
    Members,
    ValueSet,
    anything,
    constant,
    joined,
    something,
)
from mapper.checker.types import ANY_MEMBER, ANYTHING, Numbers, Objects, Texts, Type
from mapper.checker.types.facts import Arrays, element_of
from mapper.checker.types.lattice import member_of
from mapper.checker.types.text_languages import language_of
from mapper.regex.languages import Language, union, word


def values_of_scope(scope: TypeScope, *, item_is_body: bool) -> dict[str, ValueSet]:
    """The possible values of the roots that a template reads."""
    found = {name: values_of(given) for name, given in scope.roots.items()}
    return {**found, "envelope": found["item"]} if item_is_body else found


def values_of(given: Type) -> ValueSet:
    """The values of a type."""
    if given is ANYTHING or given is ANY_MEMBER:
        return something() if given is ANYTHING else anything()
    return ValueSet(
        missing=given.missing,
        null=given.null,
        true=True in given.booleans,
        false=False in given.booleans,
        number=None if given.numbers is None else _numerals(given.numbers),
        text=None if given.texts is None else _language(given.texts),
        items=None if given.arrays is None else _items(given.arrays),
        members=_members(given.objects) if given.objects else None,
    )


def _numerals(numbers: Numbers) -> Language:
    # JSON Schema takes 1, 1.0 and 1e0 for one number (2020-12 §4.2.2), but they are printed differently.
    if numbers.values is None:
        return NUMBER
    spelled = joined(*(each for number in numbers.values for each in _spellings(number)))
    return NUMBER if spelled.number is None else spelled.number


def _spellings(number: int | float) -> list[ValueSet]:
    if number != number or number in (float("inf"), float("-inf")) or number != int(number):
        return [constant(number)]
    return [constant(number), constant(int(number)), _as_float(number)]


def _as_float(number: int | float) -> ValueSet:
    try:
        return constant(float(number))
    except OverflowError:
        return IMPOSSIBLE


def _language(texts: Texts) -> Language:
    if texts.values is not None:
        return union(*map(word, sorted(texts.values)))
    return language_of(texts)


def _items(arrays: Arrays) -> Items:
    @cache
    def of_element() -> ValueSet:
        return values_of(element_of(arrays))

    return Items(of_element, arrays.shortest, arrays.longest)


def _members(parts: tuple[Objects, ...]) -> Members:
    always = [frozenset(n for n, member in part.members.items() if not member.missing) for part in parts]

    @cache
    def member(name: str) -> ValueSet:
        found = joined(*(values_of(member_of(part, name)) for part in parts))
        return MISSING if found.is_impossible else found

    return Members(member, tuple(sorted(frozenset.intersection(*always))))
