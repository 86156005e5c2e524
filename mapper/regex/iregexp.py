"""I-Regexp (RFC 9485) at run time: a pattern becomes an automaton that reads each character once.

Patterns come from mappings and payloads, so Python's backtracking `re` must not run them: `(a*)*b` takes
exponential time there.

`^` at the beginning and `$` at the end of a branch are anchors, as the mappings to other dialects in RFC 9485
§5 and the JSONPath compliance tests have it; elsewhere both are plain characters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias
from unicodedata import category

from mapper.regex.positions import (
    Alternatives,
    Assertion,
    Character,
    Node,
    Readers,
    Repetition,
    Sequence,
    Steps,
)

MAX_SIZE: Final = 500  # states of one automaton
MAX_DEPTH: Final = 50  # nested groups
MAX_LENGTH: Final = 1_000  # characters of a pattern of a payload
_AT_START, _AT_END = 1, 2  # bits of the places at which an anchor holds

_CATEGORIES = {"L": "lmotu", "M": "cen", "N": "dlo", "P": "cdefios", "Z": "lps", "S": "ckmo", "C": "cfno"}
_ESCAPES = {**{c: c for c in "()*+-.?[\\]^{|}"}, "n": "\n", "r": "\r", "t": "\t"}


class PatternFault(ValueError):
    """The text is not I-Regexp; `position` is the offset of the fault, in characters."""

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
    """A piece repeated at least `min_rounds` times and at most `max_rounds` (None: without limit)."""

    piece: _Node
    min_rounds: int
    max_rounds: int | None


@dataclass(frozen=True, slots=True)
class _Branches:
    """Branches; one of them must match."""

    branches: tuple[_Node, ...]


# A text is one character; a tuple is a sequence, whose pieces follow one after the other.
_Node: TypeAlias = "str | _Set | _Anchor | _Repeat | _Branches | tuple[_Node, ...]"


class _PatternReader:
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
        return branches[0] if len(branches) == 1 else _Branches(tuple(branches))

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
        return tuple(pieces)

    def quantified(self, piece: _Node) -> _Node:
        match self.peek():
            case "*":
                min_rounds, max_rounds = 0, None
            case "+":
                min_rounds, max_rounds = 1, None
            case "?":
                min_rounds, max_rounds = 0, 1
            case "{":
                return self.ranged(piece)
            case _:
                return piece
        self.take()
        return _Repeat(piece, min_rounds, max_rounds)

    def ranged(self, piece: _Node) -> _Node:
        self.take()
        min_rounds = self.count()
        max_rounds: int | None = min_rounds
        if self.peek() == ",":
            self.take()
            max_rounds = None if self.peek() == "}" else self.count()
        if self.peek() != "}":
            raise self.fault("a repetition is written `{2}`, `{2,}` or `{2,5}`")
        if max_rounds is not None and max_rounds < min_rounds:
            raise self.fault("a repetition ends below its beginning")
        self.take()
        return _Repeat(piece, min_rounds, max_rounds)

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
                return self.escape()
            case "*" | "+" | "?" | "{":
                self.position -= 1
                raise self.fault(f"`{character}` repeats nothing")
            case "]" | "}":
                self.position -= 1
                raise self.fault(f"`{character}` must be written `\\{character}`")
            case _:
                return character

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
        """An escape after its backslash: one character, or a category."""
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
    """A compiled I-Regexp. `anchors` are the bits of those that occur in it."""

    node: Node
    readers: Readers
    anchors: int
    steps: dict[int, Steps] = field(default_factory=dict)

    def at(self, held: int, searching: bool) -> Steps:
        """The steps at places at which some anchors hold; those that do not occur make no difference."""
        held &= self.anchors
        key = held << 1 | searching
        steps = self.steps.get(key)
        if steps is None:
            steps = self.steps[key] = Steps(self.node, held, is_search=searching)
        return steps

    def rules(self, searching: bool) -> int:
        """The number of rules that a step can have to look at."""
        return len(self.at(0, searching).others)

    def matches(self, text: str, searching: bool) -> bool:
        """True if the whole text matches, or (searching) any part of it."""
        if not text:
            return bool(self.at(_AT_START | _AT_END, searching).start & 1)
        readers = self.readers
        alive = self.at(_AT_START, searching).start
        steps = self.at(0, searching)
        if searching:
            for character in text[:-1]:
                if alive & 1:
                    return True
                alive = steps[alive & readers[character]]
            if alive & 1:
                return True
        else:
            for character in text[:-1]:
                alive = steps[alive & readers[character]]
                if not alive:
                    return False
        return bool(self.at(_AT_END, searching)[alive & readers[text[-1]]] & 1)


@dataclass(slots=True)
class _NodeBuilder:
    """Turns a tree into the nodes of an automaton. Repetitions are written out, so the size is bounded."""

    exact: dict[str, int] = field(default_factory=dict)
    matchers: dict[_Set, int] = field(default_factory=dict)
    positions: int = 0
    anchors: int = 0
    size: int = 1
    built: int = 0

    def count(self, states: int) -> None:
        """Add to the size of the automaton."""
        self.size += states
        self.built += 1  # repetitions of nothing add no states
        if self.size > MAX_SIZE or self.built > 10 * MAX_SIZE:
            raise PatternFault("the pattern is too large", 0)

    def build(self, node: _Node) -> Node:
        match node:
            case str() | _Set():
                self.count(1)
                self.positions += 1
                bit = 1 << self.positions
                if isinstance(node, str):
                    self.exact[node] = self.exact.get(node, 0) | bit
                else:
                    self.matchers[node] = self.matchers.get(node, 0) | bit
                return Character(bit)
            case _Anchor(at_start):
                self.count(1)
                bit = _AT_START if at_start else _AT_END
                self.anchors |= bit
                return Assertion(bit)
            case tuple():
                self.count(0)
                return Sequence(tuple(map(self.build, node)))
            case _Branches(branches):
                self.count(1)
                return Alternatives(tuple(map(self.build, branches)))
            case _Repeat(piece, min_rounds, max_rounds):
                self.count(1 if max_rounds is None else max_rounds - min_rounds)
                copies = max(min_rounds, 1) if max_rounds is None else max_rounds
                return Repetition(
                    tuple(self.build(piece) for _ in range(copies)), min_rounds, max_rounds is None
                )


def prepare(text: str) -> Pattern:
    """The automaton of an I-Regexp; raises PatternFault."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise PatternFault("half a surrogate pair", 0)
    builder = _NodeBuilder()
    node = builder.build(_PatternReader(text).read())
    matchers = ((characters.__contains__, bits) for characters, bits in builder.matchers.items())
    return Pattern(node, Readers(matchers, builder.exact), builder.anchors)


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
