"""Printing: the texts that Liquid makes of values of a type, and of one text after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mapper.budget import MAX_CHARACTERS, spend_on
from mapper.checker.types.facts import Arrays, Numbers, Pattern, Texts, Type
from mapper.checker.types.lattice import meet, of_element
from mapper.checker.types.named import NEVER
from mapper.checker.types.text_facts import described, join_texts, texts_in
from mapper.checker.types.text_languages import language_of
from mapper.regex import languages
from mapper.runtime.digits import EXACT
from mapper.runtime.liquid.semantics import compared_text

NOTHING = Texts(values=frozenset({""}))
_ANY = Texts()
_WRITTEN = Texts(blank=False, shortest=1)
_NUMERAL = Texts(blank=False, shortest=1, formats=frozenset({"numeral"}))
_WHOLE = Texts(blank=False, shortest=1, formats=frozenset({"numeral", "whole-numeral"}))
_DIGITS = replace(_WHOLE, patterns=frozenset({"^-?[0-9]+$"}))
_COUNTS = replace(_WHOLE, patterns=frozenset({"^[0-9]+$"}))
_UNSURE = (Type(numbers=Numbers(low=EXACT)), Type(numbers=Numbers(high=-EXACT)))
_MAX_LISTS = 5  # lists inside each other whose numbers are looked at
_MAX_PRINTED = 3  # lists inside each other whose texts are followed
_MAX_VALUES = 32  # listed texts; more are described by facts
_MAX_FOLLOWED = 64  # characters of a shortest text that is put together
_MAX_STATES = 100  # of the automaton of two texts; more would cost more than they tell


def printed(given: Type, depth: int = 0) -> Texts:
    """The texts that `{{ value }}` writes for values of a type; the elements of a list follow one another."""
    if given.texts == _ANY:
        return _ANY
    parts = [texts for _, texts in printed_parts(given, depth)]
    if given.objects:
        parts.append(_WRITTEN)
    whole = parts[0] if parts else NOTHING
    for part in parts[1:]:
        whole = join_texts(whole, part)
    return whole


def printed_parts(given: Type, depth: int = 0) -> Iterator[tuple[str, Texts]]:
    """The kinds of value of a type in words, each with the texts it is printed as; without objects."""
    if given.may_be_nothing:
        yield "nothing" if given.missing else "null", NOTHING
    for flag in (True, False):
        if flag in given.booleans:
            word = compared_text(flag)
            yield word, Texts(values=frozenset({word}))
    if given.numbers is not None:
        yield "a number", numerals(given.numbers)
    if given.texts is not None:
        yield "a text", given.texts
    if given.arrays is not None:
        yield "a list", _elements(given, depth)


def _elements(given: Type, depth: int) -> Texts:
    if given.arrays is None or given.arrays.longest == 0:
        return NOTHING
    if depth > _MAX_PRINTED:
        return _ANY
    element = language_of(printed(of_element(given), depth + 1))
    return texts_in(languages.repeated(element, min_rounds=min(given.arrays.shortest, 1))) or NOTHING


def numerals(numbers: Numbers) -> Texts:
    """The texts of numbers: 1 and 1.0 are written differently, and a whole float below 2^53 in full."""
    if numbers.values is not None:
        return Texts(values=frozenset(text for each in numbers.values for text in _spellings(each, numbers)))
    bounds = (numbers.low, numbers.high)
    if not numbers.integral:
        return _NUMERAL
    texts, end = _WHOLE, ".0"
    if numbers.plain:
        texts, end = _DIGITS if numbers.low is None or numbers.low < 0 else _COUNTS, ""
    if any(bound is None or abs(bound) > EXACT for bound in bounds):
        return texts
    return replace(texts, longest=max(len(f"{bound:.0f}{end}") for bound in bounds if bound is not None))


def _spellings(number: int | float, numbers: Numbers) -> Iterator[str]:
    # JSON Schema takes 1, 1.0 and 1e0 for one number (2020-12 §4.2.2), but they are printed differently.
    return map(compared_text, spellings(number, is_plain=numbers.plain))


def spellings(number: int | float, *, is_plain: bool) -> Iterator[int | float]:
    """The numbers of Python that are the same to a schema."""
    if isinstance(number, float) and not number.is_integer():
        yield number
        return
    yield int(number)
    if isinstance(number, float) or not is_plain:
        try:
            yield float(number)
        except OverflowError:
            return


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
    return Texts(
        blank=blank,
        shortest=one.shortest + other.shortest,
        longest=longest,
        patterns=frozenset(_followed(left, right)),
    )


def _followed(left: Texts, right: Texts) -> Iterator[Pattern]:
    is_long = left.shortest + right.shortest > _MAX_FOLLOWED
    if is_long or not (_is_followed(left) and _is_followed(right)):
        return
    one, other = language_of(left), language_of(right)
    if len(one.edges) + len(other.edges) <= _MAX_STATES:
        both = languages.concatenated(one, other)
        if not both.is_anything:
            yield both


def _is_followed(texts: Texts) -> bool:
    """True if the characters are known, and not only that some are there."""
    return texts.values is not None or bool(texts.formats or texts.patterns - {r"\S"})


def _characters(values: frozenset[str]) -> int:
    return sum(map(len, values))
