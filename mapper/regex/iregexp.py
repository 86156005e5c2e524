"""I-Regexp (RFC 9485) at run time: a pattern of a path becomes an automaton that reads each character once.

Patterns come from mappings and payloads, so Python's backtracking `re` must not run them: `(a*)*b` takes
exponential time there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from mapper.regex.automaton import Automaton, NoAutomaton, compile_automaton
from mapper.regex.reading import MAX_DEPTH, PatternFault, Tree, read_iregexp

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_SIZE",
    "Pattern",
    "PatternFault",
    "match",
    "prepare",
    "prepared",
    "search",
]

MAX_SIZE: Final = 500  # states: the first one, and one for each character, the rounds written out
MAX_LENGTH: Final = 1_000  # characters of a pattern of a payload


@dataclass(slots=True)
class Pattern:
    """A compiled I-Regexp: automata for searches and for whole texts, made when they are first needed."""

    tree: Tree
    automata: dict[bool, Automaton] = field(default_factory=dict, repr=False)

    def automaton(self, searching: bool) -> Automaton:
        """The automaton that searches, or that matches the whole text; raises NoAutomaton."""
        found = self.automata.get(searching)
        if found is None:
            found = compile_automaton(self.tree, is_search=searching, max_positions=MAX_SIZE - 1)
            self.automata[searching] = found
        return found

    def rules(self, searching: bool) -> int:
        """The number of rules that a step can have to look at."""
        return self.automaton(searching).rules

    def matches(self, text: str, searching: bool) -> bool:
        """True if the whole text matches, or (searching) any part of it."""
        return self.automaton(searching).holds(text)


def prepare(text: str) -> Pattern:
    """The automaton of an I-Regexp; raises PatternFault."""
    pattern = Pattern(read_iregexp(text))
    try:
        pattern.automaton(searching=False)  # the other one has the same size
    except NoAutomaton:
        raise PatternFault("the pattern is too large", 0) from None
    return pattern


@lru_cache(maxsize=256)
def _prepare_or_none(text: str) -> Pattern | None:
    try:
        return prepare(text)
    except PatternFault:
        return None


def prepared(pattern: object) -> Pattern | None:
    """The automaton of a pattern that may be its text; None if it is no pattern, or too long."""
    if isinstance(pattern, str):
        return _prepare_or_none(pattern) if len(pattern) <= MAX_LENGTH else None
    return pattern if isinstance(pattern, Pattern) else None


def _holds(value: object, pattern: object, searching: bool) -> bool:
    if not isinstance(value, str):
        return False
    automaton = prepared(pattern)
    return automaton is not None and automaton.matches(value, searching)


def match(value: object, pattern: object) -> bool:
    """The function `match()`: a string that matches as a whole; false for anything else (RFC 9535 §2.4.6)."""
    return _holds(value, pattern, False)


def search(value: object, pattern: object) -> bool:
    """The function `search()`: a string with a matching part; false for anything else (RFC 9535 §2.4.7)."""
    return _holds(value, pattern, True)
