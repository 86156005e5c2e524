"""Comparisons: sets of texts against each other, and examples of their texts.

Answers are certain or None: a set that is not exact may hold too many texts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from mapper.budget import remembered, spend
from mapper.regex.characters import Ranges, partition, readable, shared
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


def examples(language: Language, count: int = 8) -> tuple[str, ...]:
    """Some texts of the language, a shortest one first, then those that differ most; fewer if it has fewer.

    Each edge of the automaton is taken by one text before an edge is taken with another character, and before
    a text takes an edge twice.
    """
    found: dict[str, None] = {}
    for text in islice(_texts(language), 64 * count):
        found[text] = None
        if len(found) == count:
            break
    return tuple(found)


def _texts(language: Language) -> Iterator[str]:
    if language.has_empty:
        yield ""
    spend(1 + sum(map(len, language.edges)) // EDGES_A_STEP)
    before = _shortest_ways(language.starts, [list(out) for out in language.edges], is_forward=True)
    after = _shortest_ways(language.finals, _backward(language), is_forward=False)
    edges = [(state, given, target) for state, out in enumerate(language.edges) for given, target in out]
    edges.sort(key=lambda edge: len(before[edge[0]]) + len(after[edge[2]]))
    for number in range(_CHOICES):
        for state, given, target in edges:
            characters = _characters(given)
            if number < len(characters):
                yield before[state] + characters[number] + after[target]
    waiting = deque((state, before[state]) for state in sorted(before, key=lambda state: len(before[state])))
    while waiting:
        state, text = waiting.popleft()
        for given, target in language.edges[state]:
            for character in _characters(given)[:2]:
                longer = text + character
                yield longer + after[target]
                waiting.append((target, longer))


_CHOICES = 8  # characters of an edge


def _characters(given: Ranges) -> tuple[str, ...]:
    """A few characters of a set, plain ones first, from different ranges, and from their ends."""
    of_ranges = given[: _CHOICES // 2] + given[-1:]
    ends = [pair for low, high in of_ranges for pair in (((low, high),), ((low, low),), ((high, high),))]
    return tuple(dict.fromkeys(readable(part) for part in (given, *ends)))[:_CHOICES]


_Edges = list[list[tuple[Ranges, int]]]


def _backward(language: Language) -> _Edges:
    found: _Edges = [[] for _ in language.edges]
    for state, out in enumerate(language.edges):
        for given, target in out:
            found[target].append((given, state))
    return found


def _shortest_ways(starts: Iterable[int], edges: _Edges, *, is_forward: bool) -> dict[int, str]:
    """A shortest text that leads to each state (or from it to an end)."""
    found = dict.fromkeys(sorted(starts), "")
    queue = list(found)
    for state in queue:
        for given, target in edges[state]:
            if target not in found:
                character = readable(given)
                found[target] = found[state] + character if is_forward else character + found[state]
                queue.append(target)
    return found
