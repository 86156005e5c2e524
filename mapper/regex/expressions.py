"""Expressions: a regular expression of a schema becomes the language of the texts it admits.

JSON Schema 2020-12 §6.4 reads patterns as ECMA-262 does. `\\s` admits the characters that it has in ECMA-262
or in Python, for a vendor may validate with either.
Constructs without a counterpart (look-arounds, back-references) admit any text.
"""

from __future__ import annotations

import re
from typing import Any

from mapper.budget import remembered
from mapper.regex.characters import (
    BEYOND_ASCII,
    EVERY,
    WHITE_SPACE,
    Ranges,
    inverse,
    joined,
    ranges,
    shared,
)
from mapper.regex.languages import (
    ANYTHING,
    EMPTY,
    Language,
    concatenated,
    one_of,
    optional,
    repeated,
    union,
)
from mapper.regex.syntax import codes, parse

_MAX_ROUNDS = 64
_MAY_BE_SPACE = joined((*WHITE_SPACE, *BEYOND_ASCII))
_MAY_BE_NO_SPACE = inverse(ranges("\t\n\v\f\r "))
_BEGINNINGS = ((codes.AT, codes.AT_BEGINNING), (codes.AT, codes.AT_BEGINNING_STRING))
_ENDS = ((codes.AT, codes.AT_END), (codes.AT, codes.AT_END_STRING))


class _Unknown(Exception):
    """A part of an expression without a counterpart here."""


@remembered(256)
def matching(pattern: str) -> Language:
    """The texts in which the pattern is found; all texts if the pattern cannot be followed."""
    try:
        tree, flags = parse(pattern)
        if flags & (re.IGNORECASE | re.MULTILINE | re.VERBOSE):
            return ANYTHING
        return _found(list(tree))
    except (re.error, RecursionError, OverflowError, _Unknown):
        return ANYTHING


def _found(nodes: list[Any]) -> Language:
    # An expression is searched for anywhere in the text unless anchors hold its ends.
    if len(nodes) == 1 and nodes[0][0] is codes.BRANCH:
        return union(*(_found(list(branch)) for branch in nodes[0][1][1]))
    if len(nodes) == 1 and nodes[0][0] is codes.SUBPATTERN and not any(nodes[0][1][1:3]):
        return _found(list(nodes[0][1][3]))
    tied_first = bool(nodes) and nodes[0] in _BEGINNINGS
    tied_last = bool(nodes) and nodes[-1] in _ENDS
    inside = nodes[tied_first : len(nodes) - tied_last]
    return concatenated(
        EMPTY if tied_first else ANYTHING, _sequence(inside), EMPTY if tied_last else ANYTHING
    )


def _sequence(nodes: Any) -> Language:
    return concatenated(*(_node(name, given) for name, given in nodes))


def _node(name: Any, given: Any) -> Language:
    match name:
        case codes.LITERAL:
            return one_of(((given, given),))
        case codes.NOT_LITERAL:
            return one_of(inverse(((given, given),)))
        case codes.ANY:
            return one_of(inverse(ranges("\n")))
        case codes.IN:
            return one_of(_set(given))
        case codes.BRANCH:
            return union(*(_sequence(branch) for branch in given[1]))
        case codes.SUBPATTERN if not given[1] and not given[2]:
            return _sequence(given[3])
        case codes.MAX_REPEAT | codes.MIN_REPEAT:
            return _repeat(*given)
    raise _Unknown


def _set(items: Any) -> Ranges:
    negated = bool(items) and items[0][0] is codes.NEGATE
    pairs: list[tuple[int, int]] = []
    for name, given in items[1:] if negated else items:
        if name is codes.LITERAL:
            pairs.append((given, given))
        elif name is codes.RANGE:
            pairs.append(given)
        elif name is codes.CATEGORY:
            # Only characters that both readings leave out are left out.
            is_space = (given is codes.CATEGORY_SPACE) is not negated
            possible = _MAY_BE_SPACE if is_space else _MAY_BE_NO_SPACE
            pairs += inverse(possible) if negated else possible
        else:
            raise _Unknown
    found = joined(pairs)
    return inverse(found) if negated else shared(found, EVERY)


def _repeat(min_rounds: int, max_rounds: Any, nodes: Any) -> Language:
    inner = _sequence(nodes)
    if min_rounds > _MAX_ROUNDS:
        return concatenated(*[inner] * _MAX_ROUNDS, repeated(inner))
    if max_rounds is codes.MAXREPEAT or max_rounds > _MAX_ROUNDS:
        return concatenated(*[inner] * min_rounds, repeated(inner))
    rest = EMPTY
    for _ in range(max_rounds - min_rounds):
        rest = optional(concatenated(inner, rest))
    return concatenated(*[inner] * min_rounds, rest)
