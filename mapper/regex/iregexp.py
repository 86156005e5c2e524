"""I-Regexp (RFC 9485) at run time: a pattern becomes a small automaton that reads each character once.

Patterns come from mappings and payloads, so Python's backtracking `re` is no place for them: `(a*)*b` takes
exponential time there. Here the states of a non-deterministic automaton are followed side by side (Thompson),
and each step is remembered (a lazily built DFA). The work is bounded by pattern times text.

`^` at the beginning and `$` at the end of a branch are anchors, as the mappings to other dialects in RFC 9485
§5 and the JSONPath compliance tests have it; elsewhere both are plain characters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias
from unicodedata import category

MAX_SIZE: Final = 500  # states of one automaton
MAX_DEPTH: Final = 50  # nested groups
_MAX_REMEMBERED: Final = 4_096  # steps an automaton remembers

_CATEGORIES = {"L": "lmotu", "M": "cen", "N": "dlo", "P": "cdefios", "Z": "lps", "S": "ckmo", "C": "cfno"}
_ESCAPES = {**{c: c for c in "()*+-.?[\\]^{|}"}, "n": "\n", "r": "\r", "t": "\t"}


class PatternFault(ValueError):
    """The text is not I-Regexp; `position` is where."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(frozen=True, slots=True)
class _Set:
    """A set of characters: ranges and (perhaps complemented) categories, or all others."""

    ranges: tuple[tuple[str, str], ...] = ()
    categories: tuple[tuple[str, bool], ...] = ()
    negated: bool = False

    def __contains__(self, character: str) -> bool:
        found = any(low <= character <= high for low, high in self.ranges) or any(
            category(character).startswith(name) is not complement for name, complement in self.categories
        )
        return found is not self.negated


_ANY = _Set((("\n", "\n"), ("\r", "\r")), negated=True)


@dataclass(frozen=True, slots=True)
class _Anchor:
    """`^` or `$`."""

    at_start: bool


@dataclass(frozen=True, slots=True)
class _Repeat:
    """A piece repeated at least `least` times and at most `most` (None: without limit)."""

    piece: _Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class _Sequence:
    """Pieces one after the other."""

    pieces: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    """Branches of which one must match."""

    branches: tuple[_Node, ...]


_Node: TypeAlias = _Set | _Anchor | _Repeat | _Sequence | _Choice


class _Reader:
    """Recursive descent over a pattern, by the grammar of RFC 9485 §3.1."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def take(self) -> str:
        character = self.peek()
        self.position += 1
        return character

    def fault(self, message: str) -> PatternFault:
        return PatternFault(message, min(self.position, len(self.text)))

    def read(self) -> _Node:
        node = self.choice()
        if self.position < len(self.text):
            raise self.fault("`)` closes no group")
        return node

    def choice(self) -> _Node:
        branches = [self.branch()]
        while self.peek() == "|":
            self.take()
            branches.append(self.branch())
        return branches[0] if len(branches) == 1 else _Choice(tuple(branches))

    def branch(self) -> _Node:
        pieces: list[_Node] = []
        if self.peek() == "^" and self.text[self.position + 1 : self.position + 2] not in tuple("*+?{"):
            self.take()
            pieces.append(_Anchor(True))
        while self.peek() not in ("", "|", ")"):
            if self.peek() == "$" and self.text[self.position + 1 : self.position + 2] in ("", "|", ")"):
                self.take()
                pieces.append(_Anchor(False))
            else:
                pieces.append(self.quantified(self.atom()))
        return _Sequence(tuple(pieces))

    def quantified(self, piece: _Node) -> _Node:
        match self.peek():
            case "*":
                least, most = 0, None
            case "+":
                least, most = 1, None
            case "?":
                least, most = 0, 1
            case "{":
                return self.ranged(piece)
            case _:
                return piece
        self.take()
        return _Repeat(piece, least, most)

    def ranged(self, piece: _Node) -> _Node:
        self.take()
        least = self.count()
        most: int | None = least
        if self.peek() == ",":
            self.take()
            most = None if self.peek() == "}" else self.count()
        if self.peek() != "}":
            raise self.fault("a repetition is written `{2}`, `{2,}` or `{2,5}`")
        if most is not None and most < least:
            raise self.fault("a repetition ends below its beginning")
        self.take()
        return _Repeat(piece, least, most)

    def count(self) -> int:
        start = self.position
        while self.peek() and self.peek() in "0123456789":
            self.take()
        digits = self.text[start : self.position]
        if not digits:
            raise self.fault("a repetition is written `{2}`, `{2,}` or `{2,5}`")
        if len(digits.lstrip("0")) > 4:
            raise self.fault("a repetition beyond the limit")
        return int(digits)

    def atom(self) -> _Node:
        character = self.take()
        match character:
            case "(":
                return self.group()
            case ".":
                return _ANY
            case "[":
                return self.bracket()
            case "\\":
                escaped = self.escape()
                return _Set(((escaped, escaped),)) if isinstance(escaped, str) else escaped
            case "*" | "+" | "?" | "{":
                self.position -= 1
                raise self.fault(f"`{character}` repeats nothing")
            case "]" | "}":
                self.position -= 1
                raise self.fault(f"`{character}` must be written `\\{character}`")
            case _:
                return _Set(((character, character),))

    def group(self) -> _Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fault("groups nest too deep")
        if self.peek() == "?":
            raise self.fault("I-Regexp has no `(?...)`")
        node = self.choice()
        if self.peek() != ")":
            raise self.fault("a group is never closed")
        self.take()
        self.depth -= 1
        return node

    def escape(self) -> str | _Set:
        """What follows a backslash: one character, or a category."""
        character = self.take()
        if character in _ESCAPES:
            return _ESCAPES[character]
        if character not in ("p", "P"):
            self.position -= 1
            if character in ("d", "w", "s", "D", "W", "S"):
                raise self.fault(f"I-Regexp has no `\\{character}`; write a class such as `[0-9]`")
            raise self.fault(f"unknown escape `\\{character}`")
        end = self.text.find("}", self.position)
        name = self.text[self.position + 1 : end] if self.peek() == "{" else ""
        if end < 0 or not 1 <= len(name) <= 2 or name[1:] not in ("", *_CATEGORIES.get(name[0], ())):
            raise self.fault("unknown category")
        if name[0] not in _CATEGORIES:
            raise self.fault("unknown category")
        self.position = end + 1
        return _Set(categories=((name, character == "P"),))

    def bracket(self) -> _Set:
        """A class in brackets, after its `[`."""
        ranges: list[tuple[str, str]] = []
        categories: list[tuple[str, bool]] = []
        negated = self.peek() == "^"
        if negated:
            self.take()
        if self.peek() == "-":
            ranges.append((self.take(), "-"))
        elif self.peek() == "]":
            raise self.fault("a class is empty")
        while self.peek() != "]":
            if self.peek() == "-" and self.text[self.position + 1 : self.position + 2] == "]":
                ranges.append((self.take(), "-"))
                break
            low = self.class_character()
            if isinstance(low, _Set):
                categories.extend(low.categories)
                continue
            high: str | _Set = low
            if self.peek() == "-" and self.text[self.position + 1 : self.position + 2] != "]":
                self.take()
                high = self.class_character()
            if isinstance(high, _Set) or high < low:
                raise self.fault("a range of a class ends below its beginning")
            ranges.append((low, high))
        self.take()
        return _Set(tuple(ranges), tuple(categories), negated)

    def class_character(self) -> str | _Set:
        character = self.take()
        if character == "":
            raise self.fault("a class is never closed")
        if character in "-[":
            self.position -= 1
            raise self.fault(f"`{character}` must be written `\\{character}` in a class")
        return self.escape() if character == "\\" else character


@dataclass(slots=True)
class Pattern:
    """A compiled I-Regexp. `edges[s]` are the states `s` goes to: by a character in the set, or freely."""

    sets: list[_Set | _Anchor | None] = field(default_factory=list)
    edges: list[tuple[int, ...]] = field(default_factory=list)
    start: int = 0
    accept: int = 0
    built: int = 0
    remembered: dict[tuple[frozenset[int], str, bool], frozenset[int]] = field(default_factory=dict)

    def state(self, matcher: _Set | _Anchor | None, *edges: int) -> int:
        """Add a state; its number."""
        if len(self.sets) >= MAX_SIZE:
            raise PatternFault("the pattern is too large", 0)
        self.sets.append(matcher)
        self.edges.append(edges)
        return len(self.sets) - 1

    def closure(self, states: set[int], at_start: bool, at_end: bool) -> frozenset[int]:
        """All states that can be reached without reading a character."""
        reached, waiting = set(states), list(states)
        while waiting:
            state = waiting.pop()
            matcher = self.sets[state]
            if isinstance(matcher, _Anchor):
                is_free = at_start if matcher.at_start else at_end
            else:
                is_free = matcher is None
            if is_free:
                new = [s for s in self.edges[state] if s not in reached]
                reached.update(new)
                waiting.extend(new)
        return frozenset(reached)

    def step(self, states: frozenset[int], character: str, searching: bool) -> frozenset[int]:
        """The states after one more character; a search may also begin anew there."""
        key = (states, character, searching)
        known = self.remembered.get(key)
        if known is not None:
            return known
        moved = {
            self.edges[state][0]
            for state in states
            if isinstance(matcher := self.sets[state], _Set) and character in matcher
        }
        if searching:
            moved.add(self.start)
        if len(self.remembered) >= _MAX_REMEMBERED:
            self.remembered.clear()
        after = self.remembered[key] = self.closure(moved, False, False)
        return after

    def matches(self, text: str, searching: bool) -> bool:
        """Whether the whole text matches, or (searching) any part of it."""
        states = self.closure({self.start}, True, not text)
        for character in text:
            if searching and self.accept in states:
                return True
            states = self.step(states, character, searching)
            if not states:
                return False
        return self.accept in self.closure(set(states), not text, True)


def _build(pattern: Pattern, node: _Node, then: int) -> int:
    """Add states for `node` that go on to `then`; the state to enter by."""
    pattern.built += 1
    if pattern.built > 10 * MAX_SIZE:  # repetitions of nothing add no states
        raise PatternFault("the pattern is too large", 0)
    match node:
        case _Set() | _Anchor():
            return pattern.state(node, then)
        case _Sequence(pieces):
            for piece in reversed(pieces):
                then = _build(pattern, piece, then)
            return then
        case _Choice(branches):
            return pattern.state(None, *(_build(pattern, branch, then) for branch in branches))
        case _Repeat(piece, least, most):
            if most is None:
                loop = pattern.state(None)
                pattern.edges[loop] = (_build(pattern, piece, loop), then)
                then = loop
            for _ in range((most or least) - least):
                then = pattern.state(None, _build(pattern, piece, then), then)
            for _ in range(least):
                then = _build(pattern, piece, then)
            return then


def prepare(text: str) -> Pattern:
    """The automaton of an I-Regexp, or PatternFault."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise PatternFault("half a surrogate pair", 0)
    pattern = Pattern()
    pattern.accept = pattern.state(None)
    pattern.start = _build(pattern, _Reader(text).read(), pattern.accept)
    return pattern


@lru_cache(maxsize=256)
def _prepare_or_none(text: str) -> Pattern | None:
    try:
        return prepare(text)
    except PatternFault:
        return None


def _holds(value: object, pattern: object, searching: bool) -> bool:
    if not isinstance(value, str):
        return False
    if isinstance(pattern, str):
        pattern = _prepare_or_none(pattern) if len(pattern) <= 1_000 else None
    return isinstance(pattern, Pattern) and pattern.matches(value, searching)


def match(value: object, pattern: object) -> bool:
    """The function `match()`: a string that matches as a whole; false for anything else (RFC 9535 §2.4.6)."""
    return _holds(value, pattern, False)


def search(value: object, pattern: object) -> bool:
    """The function `search()`: a string with a matching part; false for anything else (RFC 9535 §2.4.7)."""
    return _holds(value, pattern, True)
