"""Examples: short and different texts of a language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from mapper.budget import spend
from mapper.regex.characters import Ranges, ranges, readable, shared
from mapper.regex.languages import EDGES_A_STEP, Language

MAX_LENGTH: Final = 300  # characters of an example
_MUCH_LONGER = 40  # characters more than the shortest text has; for a number in digits too many
_LENGTHS = 6  # different lengths of one automaton
_PREFERRED = ("a1A0 -", "0Z9zb", "B5c_ ")  # characters of the first, second and third text of a length
_PRINTABLE: Ranges = ((0x21, 0x7E),)
_CHOICES = 8  # characters of an edge

_Edges = list[list[tuple[Ranges, int]]]


def examples(language: Language, shortest: int = 0, longest: int | None = None) -> Iterator[str]:
    """Different texts of a language, of several lengths between the bounds; each at most MAX_LENGTH long.

    The first one is as short as any. After some of each length, each edge of the automaton is taken by a text
    that is as short as it can be then, with characters from the ends of its ranges, too.
    """
    seen: set[str] = set()
    for text in chain(_of_lengths(language, shortest, longest), _over_edges(language)):
        if text not in seen and shortest <= len(text) <= (MAX_LENGTH if longest is None else longest):
            seen.add(text)
            yield text


def _of_lengths(language: Language, shortest: int, longest: int | None) -> Iterator[str]:
    ends = _ends(language, MAX_LENGTH if longest is None else min(longest, MAX_LENGTH))
    lengths = [length for length in range(shortest, len(ends)) if language.starts & ends[length]]
    if longest is None and lengths:
        lengths = [length for length in lengths if length <= lengths[0] + _MUCH_LONGER]
    chosen = [*lengths[:_LENGTHS], *lengths[-1:]]
    for variant in range(len(_PREFERRED)):
        for length in dict.fromkeys(chosen):
            yield _text(language, ends, length, variant)


def _ends(language: Language, longest: int) -> list[frozenset[int]]:
    """The states from which an end is reached by so many characters: by none, by one, and so on."""
    back: dict[int, list[int]] = {}
    for state, out in enumerate(language.edges):
        for _, target in out:
            back.setdefault(target, []).append(state)
    ends = [language.finals]
    while len(ends) <= longest and ends[-1]:
        spend(1 + len(ends[-1]) // 8)
        ends.append(frozenset(before for state in ends[-1] for before in back.get(state, ())))
    return ends


def _text(language: Language, ends: list[frozenset[int]], length: int, variant: int) -> str:
    """A text of this length; another variant takes other ways and other characters if there are any."""
    state = min(language.starts & ends[length])
    characters = []
    for left in range(length - 1, -1, -1):
        ways = [(given, target) for given, target in language.edges[state] if target in ends[left]]
        given, state = ways[variant * (left + 1) % len(ways)]
        characters.append(_character(given, variant))
    return "".join(characters)


def _character(given: Ranges, variant: int) -> str:
    preferred = shared(given, ranges(_PREFERRED[variant]))
    if preferred:
        return next(c for c in _PREFERRED[variant] if shared(preferred, ranges(c)))
    low, _ = (shared(given, _PRINTABLE) or given)[0]
    return chr(low)


def _over_edges(language: Language) -> Iterator[str]:
    spend(1 + sum(map(len, language.edges)) // EDGES_A_STEP)
    before = _shortest_ways(language.starts, [list(out) for out in language.edges], is_forward=True)
    after = _shortest_ways(language.finals, _reversed(language), is_forward=False)
    edges = [(state, given, target) for state, out in enumerate(language.edges) for given, target in out]
    edges.sort(key=lambda edge: len(before[edge[0]]) + len(after[edge[2]]))
    for number in range(_CHOICES):
        for state, given, target in edges:
            characters = _characters(given)
            if number < len(characters):
                yield before[state] + characters[number] + after[target]


def _characters(given: Ranges) -> list[str]:
    """A few characters of a set, plain ones first, from different ranges, and from their ends."""
    of_ranges = given[: _CHOICES // 2] + given[-1:]
    ends = [pair for low, high in of_ranges for pair in (((low, high),), ((low, low),), ((high, high),))]
    return list(dict.fromkeys(readable(part) for part in (given, *ends)))[:_CHOICES]


def _reversed(language: Language) -> _Edges:
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
