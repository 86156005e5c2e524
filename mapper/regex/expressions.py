"""Expressions: a regular expression of a schema becomes the language of the texts it admits.

Read as JSON Schema says, by ECMA-262: `$` is the end of the text. `\\d`, `\\w` and `\\s` stand for what they
mean there or in Python, whichever is more. What has no counterpart (look-around, back-references) admits
anything.
"""

from __future__ import annotations

import re
import warnings
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from mapper.budget import remembered
from mapper.regex.characters import EVERY, Ranges, inverse, joined, ranges, shared, span
from mapper.regex.languages import (
    ANYTHING,
    EMPTY,
    Language,
    TooLarge,
    concatenated,
    one_of,
    optional,
    repeated,
    union,
)

_MOST_ROUNDS = 64
_BEYOND_ASCII: Ranges = ((0x80, 0x10FFFF),)
_DIGITS = span("0", "9")
_WORDS = joined((*_DIGITS, *span("A", "Z"), *span("a", "z"), *ranges("_")))
_BLANKS = joined((*ranges("\t\n\v\f\r "), (0x1C, 0x1F)))
_BLANKS_OF_BOTH = ranges("\t\n\v\f\r ")
_CATEGORIES: dict[Any, Ranges] = {
    constants.CATEGORY_DIGIT: joined((*_DIGITS, *_BEYOND_ASCII)),
    constants.CATEGORY_NOT_DIGIT: inverse(_DIGITS),
    constants.CATEGORY_WORD: joined((*_WORDS, *_BEYOND_ASCII)),
    constants.CATEGORY_NOT_WORD: inverse(_WORDS),
    constants.CATEGORY_SPACE: joined((*_BLANKS, *_BEYOND_ASCII)),
    constants.CATEGORY_NOT_SPACE: inverse(_BLANKS_OF_BOTH),
}


class _Unknown(Exception):
    """A part of an expression that has no counterpart here."""


@remembered(256)
def matching(pattern: str) -> Language:
    """The texts in which the pattern is found."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = parser.parse(pattern)
        if tree.state.flags & (re.IGNORECASE | re.MULTILINE | re.VERBOSE):
            return ANYTHING
        return _found(list(tree))
    except (re.error, RecursionError, OverflowError, TooLarge, _Unknown):
        return ANYTHING


def _found(nodes: list[Any]) -> Language:
    # An expression is looked for anywhere in the text unless its ends are tied down.
    if len(nodes) == 1 and nodes[0][0] is constants.BRANCH:
        return union(*(_found(list(branch)) for branch in nodes[0][1][1]))
    if len(nodes) == 1 and nodes[0][0] is constants.SUBPATTERN and not any(nodes[0][1][1:3]):
        return _found(list(nodes[0][1][3]))
    tied_first = bool(nodes) and nodes[0] in _BEGINNINGS
    tied_last = bool(nodes) and nodes[-1] in _ENDS
    inside = nodes[tied_first : len(nodes) - tied_last]
    return concatenated(
        EMPTY if tied_first else ANYTHING, _sequence(inside), EMPTY if tied_last else ANYTHING
    )


_BEGINNINGS = (
    (constants.AT, constants.AT_BEGINNING),
    (constants.AT, constants.AT_BEGINNING_STRING),
)
_ENDS = ((constants.AT, constants.AT_END), (constants.AT, constants.AT_END_STRING))


def _sequence(nodes: Any) -> Language:
    return concatenated(*(_node(name, given) for name, given in nodes))


def _node(name: Any, given: Any) -> Language:
    if name is constants.LITERAL:
        return one_of(((given, given),))
    if name is constants.NOT_LITERAL:
        return one_of(inverse(((given, given),)))
    if name is constants.ANY:
        return one_of(inverse(ranges("\n")))
    if name is constants.IN:
        return one_of(_set(given))
    if name is constants.BRANCH:
        return union(*(_sequence(branch) for branch in given[1]))
    if name is constants.SUBPATTERN and not given[1] and not given[2]:
        return _sequence(given[3])
    if name in (constants.MAX_REPEAT, constants.MIN_REPEAT):
        return _repeat(*given)
    raise _Unknown


def _set(items: Any) -> Ranges:
    negated = bool(items) and items[0][0] is constants.NEGATE
    pairs: list[tuple[int, int]] = []
    for name, given in items[1:] if negated else items:
        if name is constants.LITERAL:
            pairs.append((given, given))
        elif name is constants.RANGE:
            pairs.append(given)
        elif name is constants.CATEGORY and not negated:
            pairs += _CATEGORIES[given]
        elif name is constants.CATEGORY:
            # Left out is only what both readings leave out.
            opposite = _OPPOSITE[given]
            pairs += inverse(_CATEGORIES[opposite])
        else:
            raise _Unknown
    found = joined(pairs)
    return inverse(found) if negated else shared(found, EVERY)


_OPPOSITE = {
    constants.CATEGORY_DIGIT: constants.CATEGORY_NOT_DIGIT,
    constants.CATEGORY_NOT_DIGIT: constants.CATEGORY_DIGIT,
    constants.CATEGORY_WORD: constants.CATEGORY_NOT_WORD,
    constants.CATEGORY_NOT_WORD: constants.CATEGORY_WORD,
    constants.CATEGORY_SPACE: constants.CATEGORY_NOT_SPACE,
    constants.CATEGORY_NOT_SPACE: constants.CATEGORY_SPACE,
}


def _repeat(least: int, most: Any, nodes: Any) -> Language:
    inner = _sequence(nodes)
    if least > _MOST_ROUNDS:
        return concatenated(*[inner] * _MOST_ROUNDS, repeated(inner))
    if most is constants.MAXREPEAT or most > _MOST_ROUNDS:
        return concatenated(*[inner] * least, repeated(inner))
    rest = EMPTY
    for _ in range(most - least):
        rest = optional(concatenated(inner, rest))
    return concatenated(*[inner] * least, rest)
