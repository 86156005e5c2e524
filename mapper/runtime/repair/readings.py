"""Readings: a text that is almost JSON becomes JSON text if the allowed repairs give it exactly one reading.

All readings are followed side by side, from left to right. Those that reach the same place with the same open
brackets go on in the same way, so they are merged; only that they were more than one is remembered.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from heapq import heappop, heappush

from mapper.runtime.limits import MAX_REPAIRED_DEPTH
from mapper.runtime.repair.edits import CURLY, STRING, Edit, Repaired, apply, in_order, parting

MAX_CHARACTERS = 256 * 1024  # characters of a body that is worth repairing
STEPS_AT_LEAST = 1_000
STEPS_A_CHARACTER = 2  # JSON itself takes less than one and a half

_BLANKS = re.compile(r"[ \t\n\r]*")
_LINE_END = re.compile(r"[\n\r]")
_ATOM = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_SPECIAL = re.compile(rf'["\\{CURLY}\x00-\x1f]')
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')


class Expect(IntEnum):
    """The kinds of text that may follow in a reading."""

    VALUE = 0
    VALUE_OR_END = 1
    MEMBER_VALUE = 2
    NAME = 3
    NAME_OR_END = 4
    COLON = 5
    COMMA_OR_END = 6


@dataclass(frozen=True, slots=True, eq=False)
class Open:
    """An open bracket, inside the one before it. Equal ones are the same object."""

    closing: str
    outer: Open | None
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """The edits that lead to a place, and in `rival` those of one other reading that leads there, if any."""

    edits: Edit | None
    rival: tuple[Edit | None] | None = None

    def then(self, start: int, end: int, name: str) -> Way:
        """This way and one more edit."""
        return Way(Edit(start, end, name, self.edits), self.rival)


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The text has several readings, which part at `offset` (None if they are too many to follow)."""

    offset: int | None
    hint: str


_ON_A_LINE = "put each text that may hold a quote on a line of its own, or have the sender escape it"
_BACKSLASH = "who leaves quotes as they are leaves backslashes, too: `\\n` may stand for one character or two"


class TooManyWaysError(Exception):
    """The readings take more steps than a text of this length may."""


class TooDeepError(Exception):
    """A reading has more open brackets than a body may have."""


def repair(text: str, repairs: Collection[str]) -> Repaired | Ambiguous | None:
    """The JSON text that `text` was meant to be; Ambiguous if there are several; None if there is none.

    `text` itself is not JSON. The number of steps is linear in its length. Raises TooDeepError.
    """
    if len(text) > MAX_CHARACTERS:
        return None
    allowed = frozenset(repairs)
    readings = Readings(text, allowed)
    try:
        ways = readings.follow()
    except TooManyWaysError:
        return Ambiguous(None, _ON_A_LINE)
    if not ways:
        return None
    if "inner_quotes" in allowed and "\\" in text:
        return Ambiguous(text.index("\\"), _BACKSLASH)
    rival = ways[0].rival or ((ways[1].edits,) if len(ways) > 1 else None)
    if rival is not None:
        return Ambiguous(parting(ways[0].edits, rival[0]), _ON_A_LINE)
    return apply(text, in_order(ways[0].edits))


class Readings:
    """All readings of one text. `steps` counts the work done."""

    def __init__(self, text: str, allowed: frozenset[str]) -> None:
        self.text = text
        self.steps = 0
        self._max_steps = STEPS_AT_LEAST + STEPS_A_CHARACTER * len(text)
        self._allowed = allowed
        self._waiting: dict[int, dict[tuple[Expect, Open | None], Way]] = {}
        self._offsets: list[int] = []  # a heap of the keys of `_waiting`
        self._brackets: dict[tuple[str, Open | None], Open] = {}
        self._special = [found.start() for found in _SPECIAL.finditer(text)]
        self._line_ends = [found.start() for found in _LINE_END.finditer(text)]
        self._skipped: dict[int, tuple[int, tuple[tuple[int, int], ...]]] = {}
        self._ends: dict[tuple[int, bool], list[tuple[int, bool]]] = {}
        self._atoms: dict[int, int] = {}

    def follow(self) -> list[Way]:
        """The ways of reading the whole text. Raises TooManyWaysError, TooDeepError."""
        complete: list[Way] = []
        self._expect(0, Expect.VALUE, None, Way(None))
        while self._offsets:
            offset = heappop(self._offsets)
            for (expect, bracket), arrived in self._waiting.pop(offset).items():
                place, way = self._skip(offset, arrived)
                if place < len(self.text):
                    self._step(place, expect, bracket, way)
                elif expect is Expect.COMMA_OR_END and bracket is None:
                    complete.append(way)
        return complete

    def _count(self) -> None:
        self.steps += 1
        if self.steps > self._max_steps:
            raise TooManyWaysError

    def _expect(self, offset: int, expect: Expect, bracket: Open | None, way: Way) -> None:
        """Go on at an offset later, together with another reading that waits for the same there."""
        self._count()
        if offset not in self._waiting:
            self._waiting[offset] = {}
            heappush(self._offsets, offset)
        waiting = self._waiting[offset]
        known = waiting.get((expect, bracket))
        if known is None:
            waiting[expect, bracket] = way
        elif known.rival is None:
            waiting[expect, bracket] = Way(known.edits, (way.edits,))

    def _step(self, offset: int, expect: Expect, bracket: Open | None, way: Way) -> None:
        character = self.text[offset]
        match expect:
            case Expect.COLON:
                if character == ":":
                    self._expect(offset + 1, Expect.MEMBER_VALUE, bracket, way)
            case Expect.COMMA_OR_END:
                self._after(offset, bracket, way)
            case Expect.NAME_OR_END | Expect.VALUE_OR_END if bracket and character == bracket.closing:
                self._expect(offset + 1, Expect.COMMA_OR_END, bracket.outer, way)
            case Expect.NAME | Expect.NAME_OR_END:
                self._string(offset, bracket, way, is_name=True)
            case Expect.MEMBER_VALUE if character in ",}" and "missing_values" in self._allowed:
                self._after(offset, bracket, way.then(offset, offset, "missing_values"))
            case _:
                self._value(offset, bracket, way)

    def _after(self, offset: int, bracket: Open | None, way: Way) -> None:
        """Go on behind a value inside a bracket: at its end, a comma and more, or a comma too many."""
        if bracket is None:
            return
        if self.text[offset] == bracket.closing:
            self._expect(offset + 1, Expect.COMMA_OR_END, bracket.outer, way)
        elif self.text[offset] == ",":
            end = self._skipped_from(offset + 1)[0]
            if "trailing_commas" in self._allowed and self.text[end : end + 1] == bracket.closing:
                _, way = self._skip(offset + 1, way.then(offset, offset + 1, "trailing_commas"))
                self._expect(end + 1, Expect.COMMA_OR_END, bracket.outer, way)
            else:
                expect = Expect.NAME if bracket.closing == "}" else Expect.VALUE
                self._expect(offset + 1, expect, bracket, way)

    def _value(self, offset: int, bracket: Open | None, way: Way) -> None:
        match self.text[offset]:
            case "{":
                self._expect(offset + 1, Expect.NAME_OR_END, self._bracket("}", bracket), way)
            case "[":
                self._expect(offset + 1, Expect.VALUE_OR_END, self._bracket("]", bracket), way)
            case '"' | "\u201c" | "\u201d" | "\u201e" | "\u201f":
                self._string(offset, bracket, way, is_name=False)
            case _:
                if offset not in self._atoms:
                    found = _ATOM.match(self.text, offset)
                    self._atoms[offset] = found.end() if found else offset
                if self._atoms[offset] > offset:
                    self._expect(self._atoms[offset], Expect.COMMA_OR_END, bracket, way)

    def _bracket(self, closing: str, outer: Open | None) -> Open:
        key = (closing, outer)
        if key not in self._brackets:
            depth = outer.depth + 1 if outer else 1
            if depth > MAX_REPAIRED_DEPTH:
                raise TooDeepError
            self._brackets[key] = Open(closing, outer, depth)
        return self._brackets[key]

    def _string(self, offset: int, bracket: Open | None, way: Way, *, is_name: bool) -> None:
        """Follow every string that begins here and after which JSON can go on."""
        if is_name:
            followers, expect = ":", Expect.COLON
        else:
            followers, expect = "" if bracket is None else "," + bracket.closing, Expect.COMMA_OR_END
        if (offset, is_name) not in self._ends:
            self._ends[offset, is_name] = self._string_ends(offset, is_name=is_name)
        for end, is_broken in self._ends[offset, is_name]:
            self._count()
            after = self._skipped_from(end)[0]
            if self.text[after : after + 1] in followers:
                self._expect(end, expect, bracket, way.then(offset, end, STRING) if is_broken else way)

    def _string_ends(self, offset: int, *, is_name: bool) -> list[tuple[int, bool]]:
        """The offsets at which a string may end, each with True if it needs repair then.

        A string ends at a quote of the kind it began with: a straight one at the first unless inner quotes
        are allowed, a curly one at any, as nothing can escape those. A name always ends at the first.
        """
        is_curly = self.text[offset] in CURLY
        if self.text[offset] not in CURLY + '"' or (is_curly and "curly_quotes" not in self._allowed):
            return []
        takes_more = not is_name and (is_curly or "inner_quotes" in self._allowed)
        ends, is_broken, resume = [], is_curly, offset + 1
        for index in range(bisect_left(self._special, resume), len(self._special)):
            self._count()
            place = self._special[index]
            character = self.text[place]
            if place < resume:
                continue
            if character == "\\":
                if "inner_quotes" in self._allowed:
                    continue  # it makes the text ambiguous, if it can be read at all
                escape = _ESCAPE.match(self.text, place)
                if escape is None:
                    break
                resume = escape.end()
            elif character < " ":
                if "control_characters" not in self._allowed:
                    break
                is_broken = True
            elif (character in CURLY) if is_curly else character == '"':
                ends.append((place + 1, is_broken))
                if not takes_more:
                    break
                is_broken = True
            elif character == '"' and "inner_quotes" not in self._allowed:
                break
        return ends

    def _skip(self, offset: int, way: Way) -> tuple[int, Way]:
        """The offset of the next character outside of comments, and the way with these comments."""
        place, comments = self._skipped_from(offset)
        for start, end in comments:
            self._count()
            way = way.then(start, end, "comments")
        return place, way

    def _skipped_from(self, offset: int) -> tuple[int, tuple[tuple[int, int], ...]]:
        if offset not in self._skipped:
            place, comments = self._blanks(offset), []
            while "comments" in self._allowed and self.text.startswith("//", place):
                self._count()
                index = bisect_left(self._line_ends, place)
                end = self._line_ends[index] if index < len(self._line_ends) else len(self.text)
                comments.append((place, end))
                place = self._blanks(end)
            self._skipped[offset] = (place, tuple(comments))
        return self._skipped[offset]

    def _blanks(self, offset: int) -> int:
        found = _BLANKS.match(self.text, offset)
        return found.end() if found else offset
