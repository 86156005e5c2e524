"""Languages: sets of texts as automata over ranges of characters, and operations on them.

An operation is exact unless its automaton grows too large. Then the result holds more texts than possible,
never fewer: mostly all texts, which are UNKNOWN. So is every result that is made from such a set; `is_exact`
tells them apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce, wraps
from typing import ParamSpec, TypeAlias, TypeVar

from mapper.budget import remembered, spend
from mapper.regex.characters import EVERY, Ranges, inverse, joined, ranges, readable, shared

P = ParamSpec("P")
T = TypeVar("T")
Edges: TypeAlias = tuple[tuple[tuple[Ranges, int], ...], ...]

MAX_STATES = 2000
MAX_EDGES = 20_000
EDGES_A_STEP = 4


class TooLarge(Exception):
    """An automaton of too many states or edges."""


def _bounded(build: Callable[P, Language]) -> Callable[P, Language]:
    """The same operation, with UNKNOWN as the result if the automaton grows too large."""

    @wraps(build)
    def bounded(*args: P.args, **kwargs: P.kwargs) -> Language:
        try:
            return build(*args, **kwargs)
        except TooLarge:
            return UNKNOWN

    return bounded


@dataclass(frozen=True, eq=False)
class Language:
    """A set of texts: an automaton; each of its states lies on a path from a start to an end.

    One that is not `is_exact` may hold too many texts.
    """

    edges: Edges = field(repr=False)
    starts: frozenset[int] = field(repr=False)
    finals: frozenset[int] = field(repr=False)
    is_exact: bool = True

    @property
    def is_anything(self) -> bool:
        """True for ANYTHING and UNKNOWN."""
        return self.edges is _EVERY_TEXT

    @property
    def is_none(self) -> bool:
        """True if no text is in it."""
        return not self.starts

    @property
    def has_empty(self) -> bool:
        """True if the empty text is in it."""
        return bool(self.starts & self.finals)

    @cached_property
    def is_finite(self) -> bool:
        """True if it holds finitely many texts: no state can be reached from itself."""
        # Kahn's order: a state is ready once all steps that lead to it have been taken.
        left = Counter(target for out in self.edges for _, target in out)
        ready = [state for state in range(len(self.edges)) if not left[state]]
        for state in ready:
            for _, target in self.edges[state]:
                left[target] -= 1
                if not left[target]:
                    ready.append(target)
        return len(ready) == len(self.edges)

    @cached_property
    def few(self) -> tuple[str, ...] | None:
        """All its texts, shorter ones first, if they are few, else None."""
        if not self.is_finite:
            return None
        found: dict[str, None] = {}
        stack = [(state, "") for state in sorted(self.starts)]
        for _ in range(_LOOKS):
            if not stack:
                return tuple(sorted(found, key=lambda text: (len(text), text)))
            state, text = stack.pop()
            if state in self.finals:
                found[text] = None
            for given, target in self.edges[state]:
                if sum(high - low + 1 for low, high in given) > _FEW or len(stack) > 4 * _FEW:
                    return None
                stack += [(target, text + chr(c)) for low, high in given for c in range(low, high + 1)]
            if len(found) > _FEW:
                return None
        return None  # many paths lead to the same texts

    @property
    def only(self) -> str | None:
        """Its text if it has just one, else None."""
        return self.few[0] if self.few is not None and len(self.few) == 1 else None

    def holds(self, text: str) -> bool:
        """True if a text is in it."""
        states = set(self.starts)
        for character in map(ord, text):
            states = {
                target
                for state in states
                for given, target in self.edges[state]
                if any(low <= character <= high for low, high in given)
            }
        return bool(states & self.finals)


_FEW = 64
_LOOKS = 20_000


@dataclass(slots=True)
class Draft:
    """An automaton in the making; steps without a character are allowed until it is done."""

    edges: list[list[tuple[Ranges, int]]] = field(default_factory=list)
    silent: list[list[int]] = field(default_factory=list)
    is_exact: bool = True

    def state(self) -> int:
        """A new state."""
        if len(self.edges) >= MAX_STATES:
            raise TooLarge
        self.edges.append([])
        self.silent.append([])
        return len(self.edges) - 1

    def add(self, language: Language) -> tuple[int, int]:
        """A copy of a language; its first and its last state."""
        self.is_exact &= language.is_exact
        first = self.state()
        offset = len(self.edges)
        for _ in language.edges:
            self.state()
        last = self.state()
        for number, edges in enumerate(language.edges):
            self.edges[offset + number] = [(given, offset + target) for given, target in edges]
        self.silent[first] = [offset + state for state in language.starts]
        for state in language.finals:
            self.silent[offset + state].append(last)
        return first, last

    def done(self, first: int, last: int) -> Language:
        """The language of all paths from one state to another."""
        edges, finals, count = [], set(), 0
        for state in range(len(self.edges)):
            reach = reachable(self.silent.__getitem__, (state,))
            count += sum(1 + len(self.edges[inner]) for inner in reach)
            if count > MAX_EDGES:
                spend(1 + count // EDGES_A_STEP)
                raise TooLarge
            edges.append(tuple({edge: None for inner in sorted(reach) for edge in self.edges[inner]}))
            if last in reach:
                finals.add(state)
        spend(1 + count // EDGES_A_STEP)
        return trimmed(edges, {first}, finals, is_exact=self.is_exact)


def reachable(following: Callable[[T], Iterable[T]], starts: Iterable[T]) -> set[T]:
    """All nodes that steps from the starts lead to, the starts included."""
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        for node in following(waiting.pop()):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return seen


def trimmed(
    edges: list[tuple[tuple[Ranges, int], ...]], starts: set[int], finals: set[int], *, is_exact: bool = True
) -> Language:
    """The language of an automaton, without the states that no text needs."""
    forward = reachable(lambda state: (target for _, target in edges[state]), starts)
    back = defaultdict[int, list[int]](list)
    for state, out in enumerate(edges):
        for _, target in out:
            back[target].append(state)
    backward = reachable(back.__getitem__, finals)
    kept = sorted(forward & backward)
    number = {state: index for index, state in enumerate(kept)}
    return Language(
        tuple(tuple((r, number[t]) for r, t in edges[state] if t in number) for state in kept),
        frozenset(number[s] for s in starts if s in number),
        frozenset(number[s] for s in finals if s in number),
        is_exact,
    )


NONE = Language((), frozenset(), frozenset())
_EVERY_TEXT: Edges = (((EVERY, 0),),)
ANYTHING = Language(_EVERY_TEXT, frozenset({0}), frozenset({0}))
UNKNOWN = Language(_EVERY_TEXT, frozenset({0}), frozenset({0}), is_exact=False)


@remembered(512)
def word(text: str) -> Language:
    """One text; any text in place of one that is longer than an automaton may be."""
    if len(text) >= MAX_STATES:
        return UNKNOWN
    edges = [((ranges(c), index + 1),) for index, c in enumerate(text)]
    return Language((*edges, ()), frozenset({0}), frozenset({len(text)}))


@remembered(512)
def one_of(given: Ranges) -> Language:
    """The texts of one character."""
    return Language((((given, 1),), ()), frozenset({0}), frozenset({1})) if given else NONE


@remembered(512)
def many(given: Ranges) -> Language:
    """All texts of these characters, the empty one among them."""
    if given == EVERY:
        return ANYTHING
    return Language((((given, 0),),), frozenset({0}), frozenset({0})) if given else word("")


EMPTY = word("")


@remembered(2048)
@_bounded
def union(*languages: Language) -> Language:
    """The texts of any of them."""
    given = list(dict.fromkeys(language for language in languages if not language.is_none))
    if ANYTHING in given:
        return ANYTHING
    if UNKNOWN in given:
        return UNKNOWN
    if len(given) <= 1:
        return given[0] if given else NONE
    draft = Draft()
    first, last = draft.state(), draft.state()
    for language in given:
        start, end = draft.add(language)
        draft.silent[first].append(start)
        draft.silent[end].append(last)
    return draft.done(first, last)


@remembered(2048)
@_bounded
def concatenated(*languages: Language) -> Language:
    """A text of each, one after another."""
    given = [language for language in languages if language is not EMPTY]
    if any(language.is_none for language in given):
        return NONE
    if len(given) <= 1:
        return given[0] if given else EMPTY
    if all(language.is_anything for language in given):
        return ANYTHING if all(language is ANYTHING for language in given) else UNKNOWN
    draft = Draft()
    first = last = draft.state()
    for language in given:
        start, end = draft.add(language)
        draft.silent[last].append(start)
        last = end
    return draft.done(first, last)


@remembered(512)
@_bounded
def repeated(language: Language, *, min_rounds: int = 0) -> Language:
    """Any number of its texts in a row; with `min_rounds=1` at least one."""
    if language.is_anything or language is EMPTY or language.is_none:
        return EMPTY if language.is_none and not min_rounds else language
    draft = Draft()
    start, end = draft.add(language)
    draft.silent[end].append(start)
    if not min_rounds:
        draft.silent[start].append(end)
    return draft.done(start, end)


def optional(language: Language) -> Language:
    """Its texts and the empty one."""
    return union(language, EMPTY)


@remembered(512)
def intersection(one: Language, other: Language) -> Language:
    """The texts of both. If that grows too large, those of the first, which may be too many."""
    if ANYTHING in (one, other):
        return one if other is ANYTHING else other
    if other is UNKNOWN or one is UNKNOWN:
        return inexact(one if other is UNKNOWN else other)
    pairs = {(a, b): index for index, (a, b) in enumerate((a, b) for a in one.starts for b in other.starts)}
    starts = set(range(len(pairs)))
    queue = list(pairs)
    edges: list[tuple[tuple[Ranges, int], ...]] = []
    count = 0
    for a, b in queue:
        out = []
        count += 1 + len(one.edges[a]) * len(other.edges[b])
        if len(queue) > MAX_STATES or count > MAX_EDGES:
            spend(1 + count // EDGES_A_STEP)
            return inexact(one)
        for given, left in one.edges[a]:
            for allowed, right in other.edges[b]:
                both = shared(given, allowed)
                if both:
                    if (left, right) not in pairs:
                        pairs[left, right] = len(pairs)
                        queue.append((left, right))
                    out.append((both, pairs[left, right]))
        edges.append(tuple(out))
    spend(1 + count // EDGES_A_STEP)
    finals = {index for (a, b), index in pairs.items() if a in one.finals and b in other.finals}
    return trimmed(edges, starts, finals, is_exact=one.is_exact and other.is_exact)


@remembered(512)
def inexact(language: Language) -> Language:
    """The same texts, as a set that may hold too many."""
    return UNKNOWN if language is ANYTHING else replace(language, is_exact=False)


# Some characters, and the texts that each of them may become.
Piece: TypeAlias = tuple[Ranges, Callable[[Ranges], Language]]


@_bounded
def replaced(language: Language, pieces: Iterable[Piece]) -> Language:
    """The texts with characters replaced; characters that no piece names stay.

    Each character is replaced independently of its neighbours.
    """
    given = list(pieces)
    rest = inverse(reduce(lambda seen, piece: joined((*seen, *piece[0])), given, ()))
    draft = Draft(is_exact=language.is_exact)
    states = [draft.state() for _ in language.edges]
    for state, edges in zip(states, language.edges, strict=True):
        for allowed, target in edges:
            kept = shared(allowed, rest)
            if kept:
                draft.edges[state].append((kept, states[target]))
            for place, become in given:
                hit = shared(allowed, place)
                if hit:
                    start, end = draft.add(become(hit))
                    draft.silent[state].append(start)
                    draft.silent[end].append(states[target])
    first, last = draft.state(), draft.state()
    draft.silent[first] = [states[state] for state in language.starts]
    for state in language.finals:
        draft.silent[states[state]].append(last)
    return draft.done(first, last)


def parts_of(language: Language) -> Language:
    """A set that holds every text with some characters left out."""
    return many(alphabet(language))


@_bounded
def beginnings(language: Language, length: int) -> Language:
    """The first so many characters of each text, or all of it if it has no more."""
    draft = Draft(is_exact=language.is_exact)
    end = draft.state()
    layer = {state: draft.state() for state in sorted(language.starts)}
    start = draft.state()
    draft.silent[start] = list(layer.values())
    for _ in range(length):
        after: dict[int, int] = {}
        for state, copy in layer.items():
            if state in language.finals:
                draft.silent[copy].append(end)
            for given, target in language.edges[state]:
                if target not in after:
                    after[target] = draft.state()
                draft.edges[copy].append((given, after[target]))
        layer = after
    for copy in layer.values():
        draft.silent[copy].append(end)
    return draft.done(start, end)


def alphabet(language: Language) -> Ranges:
    """The characters of its texts."""
    return joined(pair for edges in language.edges for given, _ in edges for pair in given)


@remembered(1024)
def shortest_with(language: Language, given: Ranges) -> str | None:
    """A shortest text that holds one of the characters, else None."""
    seen = {(state, False) for state in language.starts}
    queue: list[tuple[int, bool, str]] = [(state, False, "") for state in sorted(language.starts)]
    for state, has, text in queue:
        if has and state in language.finals:
            return text
        for allowed, target in language.edges[state]:
            for hit, holds in ((shared(allowed, given), True), (allowed, has)):
                if hit and (target, holds) not in seen:
                    seen.add((target, holds))
                    queue.append((target, holds, text + readable(hit)))
    return None


def shortest(language: Language) -> str | None:
    """A shortest text; None if there are no texts."""
    return "" if language.has_empty else shortest_with(language, EVERY)
