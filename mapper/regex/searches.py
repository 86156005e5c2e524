"""Searches: a pattern of a schema becomes a search whose time grows linearly with the text.

Python's `re` searches if that is certain to be linear. Otherwise an automaton gives the same answer. It is
about ten times slower than `re` on a harmless text, and its time is proportional to the text for any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from mapper.regex.syntax import as_python

if TYPE_CHECKING:
    from mapper.regex.automata import Automaton


@lru_cache(maxsize=16_384)
def automaton_of(pattern: str) -> Automaton | None:
    """The automaton that must search for the pattern; None if `re` may. Raises NoAutomaton if neither may."""
    # A service without patterns starts without importing them.
    from mapper.regex.automata import compile_automaton
    from mapper.regex.backtracking import is_linear

    return None if is_linear(pattern) else compile_automaton(pattern)


@lru_cache(maxsize=16_384)
def searcher(pattern: str) -> Callable[[str], object]:
    """The search for a pattern, as by ECMA-262: None unless the text holds a match. Raises NoAutomaton."""
    automaton = automaton_of(pattern)
    if automaton is not None:
        return automaton.search
    return re.compile(as_python(pattern)).search
