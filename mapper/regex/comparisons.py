"""Comparisons: sets of texts against each other.

Answers are certain or None: a set that is not exact may hold too many texts.
"""

from __future__ import annotations

from mapper.budget import remembered, spend
from mapper.regex.characters import Ranges, partition, shared
from mapper.regex.languages import (
    ANYTHING,
    EDGES_A_STEP,
    MAX_EDGES,
    MAX_STATES,
    Language,
    TooLarge,
    inexact,
    intersection,
    trimmed,
)

_States = frozenset[int]


@remembered(512)
def _outside(one: Language, other: Language) -> Language:
    """The texts of the first that the automaton of the second does not accept; raises TooLarge.

    The automaton of the second is made deterministic as far as texts of the first need it.
    """
    known: dict[_States, list[tuple[Ranges, _States]]] = {}
    pairs = {(state, other.starts): index for index, state in enumerate(sorted(one.starts))}
    starts, queue = set(range(len(pairs))), list(pairs)
    edges: list[tuple[tuple[Ranges, int], ...]] = []
    count = 0
    for state, reached in queue:
        if reached not in known:
            known[reached] = _moves(other, reached)
            count += sum(len(other.edges[each]) for each in reached)
        out: list[tuple[Ranges, int]] = []
        for given, target in one.edges[state]:
            for part, after in known[reached]:
                both = shared(given, part)
                if both:
                    pair = (target, after)
                    if pair not in pairs:
                        pairs[pair] = len(pairs)
                        queue.append(pair)
                    out.append((both, pairs[pair]))
        edges.append(tuple(out))
        count += 1 + len(one.edges[state]) * len(known[reached])
        if len(pairs) > MAX_STATES or count > 4 * MAX_EDGES:
            spend(1 + count // EDGES_A_STEP)
            raise TooLarge
    spend(1 + count // EDGES_A_STEP)
    finals = {
        i for (state, reached), i in pairs.items() if state in one.finals and not reached & other.finals
    }
    return trimmed(edges, starts, finals, is_exact=one.is_exact)


def _moves(language: Language, states: _States) -> list[tuple[Ranges, _States]]:
    """The states after each character, from any of some states; together all characters."""
    edges = [edge for state in sorted(states) for edge in language.edges[state]]
    found: dict[_States, list[tuple[int, int]]] = {}
    for part, bits in partition([given for given, _ in edges]):
        targets = frozenset(target for number, (_, target) in enumerate(edges) if bits >> number & 1)
        found.setdefault(targets, []).extend(part)
    return [(tuple(sorted(pairs)), targets) for targets, pairs in found.items()]


def difference(one: Language, other: Language) -> Language:
    """The texts of the first that are not in the second; if that cannot be told, those of the first."""
    if not other.is_exact:
        return inexact(one)
    try:
        found: Language = _outside(one, other)
    except TooLarge:
        return inexact(one)
    return found


def complement(language: Language) -> Language:
    """All other texts; if they cannot be told, all texts, as a set that is not exact."""
    return difference(ANYTHING, language)


def is_within(one: Language, other: Language) -> bool | None:
    """True if each text of the first is in the second, False if one is not; None if that is not certain."""
    try:
        rest = _outside(one, other)
    except TooLarge:
        return None
    if rest.is_none:
        return True if other.is_exact or one.is_none else None
    return False if one.is_exact else None


def is_disjoint(one: Language, other: Language) -> bool | None:
    """True if no text is in both, False if one is; None if that is not certain."""
    both = intersection(one, other)
    if both.is_none:
        return True
    return False if both.is_exact else None
