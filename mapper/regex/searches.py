"""Searches: a pattern of a schema in, the search for it out, whose time grows with the text and no faster.

Python's `re` searches where that is sure to be quick. Elsewhere an automaton gives the same answer, some ten
times slower than `re` on a harmless text and never worse than in proportion on any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mapper.regex.automata import Automaton


@lru_cache(maxsize=16_384)
def automaton_of(pattern: str) -> Automaton | None:
    """What must search for the pattern; None where `re` may. Raises NoAutomaton where neither may."""
    # A service without patterns starts without them.
    from mapper.regex.automata import compile_automaton
    from mapper.regex.backtracking import is_cheap

    return None if is_cheap(pattern) else compile_automaton(pattern)


@lru_cache(maxsize=16_384)
def searcher(pattern: str) -> Callable[[str], object]:
    """The search for a pattern, as by `re`: something where a text holds it, None where it does not."""
    automaton = automaton_of(pattern)
    return re.compile(pattern).search if automaton is None else automaton.search
