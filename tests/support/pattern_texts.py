"""Random texts for a regular expression, made from its text alone; they may miss it, so each is to be tried.

It shares no code with `mapper.regex`, so that it may be used to test that. It passes over look-arounds
and `\\b`.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from random import Random

_WORD = string.ascii_letters + string.digits + "_"
_CLASSES = {"d": string.digits, "w": _WORD, "s": " \t\n", "D": "a-Z ", "W": " -.é", "S": "aZ9-é_"}
_ANY = "aZ0 -_.é"
_MORE = 4  # repetitions beyond the least number, for `*` and `+`
_COUNTS = {"*": (0, _MORE), "+": (1, 1 + _MORE), "?": (0, 1)}


@dataclass(frozen=True, slots=True)
class _Piece:
    """A character out of some, or one of several sequences of pieces, repeated."""

    characters: str = ""
    options: tuple[tuple[_Piece, ...], ...] = ()
    low: int = 1
    high: int = 1


@dataclass(slots=True)
class _Reader:
    text: str
    at: int = 0
    anchors: set[str] = field(default_factory=set)

    def options(self) -> tuple[tuple[_Piece, ...], ...]:
        found = [self._sequence()]
        while self._takes("|"):
            found.append(self._sequence())
        return tuple(found)

    def _sequence(self) -> tuple[_Piece, ...]:
        pieces = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            piece = self._atom()
            low, high = self._count()
            if piece is not None:
                pieces.append(_Piece(piece.characters, piece.options, low, high))
        return tuple(pieces)

    def _atom(self) -> _Piece | None:
        first = self._next()
        match first:
            case "^" | "$":
                self.anchors.add(first)
                return None
            case ".":
                return _Piece(_ANY)
            case "[":
                return _Piece(self._class())
            case "(":
                return self._group()
            case "\\":
                escaped = self._escaped()
                return _Piece(escaped) if escaped else None
            case _:
                return _Piece(first)

    def _group(self) -> _Piece | None:
        is_around = self.text.startswith(("?=", "?!", "?<=", "?<!"), self.at)
        if self._takes("?:"):
            pass
        elif self._takes("?"):
            self.at = self.text.find(">", self.at) + 1 if not is_around else self.at + 1
        options = self.options()
        self._takes(")")
        return None if is_around else _Piece(options=options)

    def _escaped(self) -> str:
        """The characters of an escape; none if it is of no width."""
        name = self._next()
        if name in "bB":
            return ""
        if name == "u":
            self.at += 4
            return chr(int(self.text[self.at - 4 : self.at], 16))
        if name in "pP":
            self.at = self.text.find("}", self.at) + 1
            return "aZé"
        return _CLASSES.get(name) or {"n": "\n", "t": "\t", "r": "\r"}.get(name, name)

    def _class(self) -> str:
        is_negated = self._takes("^")
        found = ""
        while not (self._takes("]") and found):
            first = self._next()
            if first == "\\":
                found += self._escaped()
            elif (
                self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2] not in "]\\"
            ):
                self.at += 1
                found += "".join(map(chr, range(ord(first), min(ord(self._next()), ord(first) + 200) + 1)))
            else:
                found += first
        return "".join(c for c in string.printable + "é😀" if c not in found) if is_negated else found

    def _count(self) -> tuple[int, int]:
        low, high = _COUNTS.get(self.text[self.at : self.at + 1], (1, 1))
        if (low, high) != (1, 1):
            self.at += 1
        elif self.text[self.at : self.at + 1] == "{" and self.text[self.at + 1 : self.at + 2].isdigit():
            least, comma, most = self.text[self.at + 1 : self.text.index("}", self.at)].partition(",")
            self.at = self.text.index("}", self.at) + 1
            low = int(least)
            high = int(most) if most else low + _MORE * bool(comma)
        self._takes("?")
        return low, high

    def _next(self) -> str:
        self.at += 1
        return self.text[self.at - 1 : self.at]

    def _takes(self, text: str) -> bool:
        starts = self.text.startswith(text, self.at)
        self.at += len(text) * starts
        return starts


def text_near(pattern: str, chance: Random, around: str = "") -> str:
    """A text that nearly always matches; beside an unanchored pattern there may be `around`."""
    reader = _Reader(pattern)
    options = reader.options()
    found = _text(options, chance)
    if around and "^" not in reader.anchors and chance.random() < 0.5:
        found = around + found
    if around and "$" not in reader.anchors and chance.random() < 0.5:
        found += around
    return found


def _text(options: tuple[tuple[_Piece, ...], ...], chance: Random) -> str:
    found = []
    for piece in chance.choice(options):
        few = chance.choice((piece.low, piece.high, chance.randint(piece.low, piece.high)))
        for _ in range(min(few, 300)):
            found.append(_text(piece.options, chance) if piece.options else chance.choice(piece.characters))
    return "".join(found)
