"""Searches: a pattern of a schema becomes a search whose time grows linearly with the text.

An automaton does that for each pattern. Python's `re` is several times faster for most, so it searches if
that is certain to be linear, too (`mapper.regex.translation`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mapper.regex.automaton import Automaton

_CHARACTER, _RULE = 16, 4  # units of work of an automaton, for each character of a text


@lru_cache(maxsize=16_384)
def _search(pattern: str) -> tuple[Automaton | None, Callable[[str], object]]:
    # A service without patterns starts without importing them.
    from mapper.regex.automaton import compile_automaton
    from mapper.regex.reading import read_ecma
    from mapper.regex.translation import reduced, translated

    tree = reduced(read_ecma(pattern))
    quick = translated(tree)
    if quick is not None:
        return None, quick
    automaton = compile_automaton(tree)
    return automaton, automaton.search


def automaton_of(pattern: str) -> Automaton | None:
    """The automaton that must search for a pattern of ECMA-262; None if `re` may.

    Raises PatternFault, and NoAutomaton if neither may.
    """
    return _search(pattern)[0]


def searcher(pattern: str) -> Callable[[str], object]:
    """The search for a pattern, as by ECMA-262: None unless the text holds a match.

    Raises PatternFault and NoAutomaton.
    """
    return _search(pattern)[1]


def units_of(pattern: str) -> int:
    """The units of work of a search, for each character of the text."""
    automaton = automaton_of(pattern)
    return 1 if automaton is None else _CHARACTER + _RULE * automaton.rules
