r"""Reading: the text of a regular expression becomes a tree.

Patterns of schemas are those of ECMA-262 with the flag `u`, as JSON Schema 2020-12 §6.4 has it. One thing is
allowed beyond that: all but letters and digits of ASCII may have a backslash, as in `\-`. Patterns of paths
are I-Regexp (RFC 9485). The same reader reads both, each with the table of its notation.

`^` at the beginning and `$` at the end of a branch of an I-Regexp are anchors, as the mappings to other
dialects in RFC 9485 §5 and the JSONPath compliance tests have it; elsewhere both are plain characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import Final, TypeAlias

from mapper.regex.characters import LAST, CharacterSet, joined
from mapper.regex.notations import ECMA, IREGEXP, PROPERTIES, Notation

MAX_DEPTH: Final = 50  # nested groups
_MAX_COUNT: Final = 1_000_000_000  # rounds; no text is as long


class PatternFault(ValueError):
    """The text is not a pattern; `position` is the offset of the fault, in characters."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Place(IntEnum):
    """A condition for a place between two characters; the numbers are bits."""

    BEGIN = 1
    END = 2
    BOUNDARY = 4
    NO_BOUNDARY = 8


@dataclass(frozen=True, slots=True)
class Look:
    """A condition for a place: the text ahead begins with a match, or that behind ends with one."""

    inner: Tree
    is_ahead: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """One of the branches must match."""

    branches: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    """A part repeated at least `min_rounds` times and at most `max_rounds` (None: without limit)."""

    part: Tree
    min_rounds: int
    max_rounds: int | None


Tree: TypeAlias = CharacterSet | Place | Look | Sequence | Alternatives | Repetition


_LOOKS = {"(?=": (True, False), "(?!": (True, True), "(?<=": (False, False), "(?<!": (False, True)}
_HINTS = {
    "A": "write `^` for the beginning of the text",
    "Z": "write `$` for the end of the text",
    "z": "write `$` for the end of the text",
    "h": r"write `[\t\u0020]`",
}
_CATEGORY = (
    "unknown category; only general categories are known, such as `\\p{L}`, and `Any`, `ASCII`, `Assigned`"
)
_BACK_REFERENCE = "a back-reference cannot be matched in time proportional to the text"


@lru_cache(maxsize=4_096)
def read_ecma(text: str) -> Tree:
    """The tree of a pattern of ECMA-262; raises PatternFault."""
    return _PatternReader(text, ECMA).read()


def is_ecma(text: str) -> bool:
    """True if a text is a pattern of ECMA-262, also one with parts that cannot be matched here."""
    try:
        _PatternReader(text, ECMA).tree()
    except PatternFault:
        return False
    return True


def read_iregexp(text: str) -> Tree:
    """The tree of an I-Regexp; raises PatternFault."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise PatternFault("half a surrogate pair", 0)
    return _PatternReader(text, IREGEXP).read()


@dataclass(slots=True)
class _PatternReader:
    """Recursive descent over a pattern, by the grammars of ECMA-262 §22.2.1 and RFC 9485 §3.1."""

    text: str
    notation: Notation
    position: int = 0
    depth: int = 0
    groups: int = 0
    names: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)  # back-references, by number or name
    refused: PatternFault | None = None  # of what is part of the notation, but cannot be matched

    def peek(self, count: int = 1) -> str:
        return self.text[self.position : self.position + count]

    def take(self) -> str:
        character = self.peek()
        self.position += 1
        return character

    def fault(self, message: str) -> PatternFault:
        return PatternFault(message, min(self.position, len(self.text)))

    def read(self) -> Tree:
        """The tree; raises PatternFault also for what cannot be matched."""
        tree = self.tree()
        if self.refused is not None:
            raise self.refused
        return tree

    def tree(self) -> Tree:
        tree = self.choice()
        if self.position < len(self.text):
            raise self.fault("`)` closes no group")
        known = {*self.names, *map(str, range(1, self.groups + 1))}
        if not self.references <= known and self.refused is not None:
            raise self.refused
        return tree

    def refuse(self, message: str) -> CharacterSet:
        """Remember the first part that cannot be matched; the set is of no use."""
        if self.refused is None:
            self.refused = self.fault(message)
        return CharacterSet()

    def choice(self) -> Tree:
        branches = [self.branch()]
        while self.peek() == "|":
            self.take()
            branches.append(self.branch())
        return branches[0] if len(branches) == 1 else Alternatives(tuple(branches))

    def branch(self) -> Tree:
        parts: list[Tree] = []
        while self.peek() not in ("", "|", ")"):
            part: Tree | None = self.place(is_first=not parts) or self.look()
            parts.append(self.quantified(self.atom()) if part is None else part)
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def place(self, is_first: bool) -> Place | None:
        """The anchor at this position, if there is one."""
        found, after = self.peek(), self.text[self.position + 1 : self.position + 2]
        if found == "^" and (self.notation.has_conditions or (is_first and after not in tuple("*+?{"))):
            place = Place.BEGIN
        elif found == "$" and (self.notation.has_conditions or after in ("", "|", ")")):
            place = Place.END
        elif self.notation.has_conditions and self.peek(2) in (r"\b", r"\B"):
            place = Place.BOUNDARY if after == "b" else Place.NO_BOUNDARY
            self.take()
        else:
            return None
        self.take()
        return place

    def quantified(self, part: Tree) -> Tree:
        match self.peek():
            case "*":
                rounds: tuple[int, int | None] = (0, None)
            case "+":
                rounds = (1, None)
            case "?":
                rounds = (0, 1)
            case "{":
                rounds = self.counted()
            case _:
                return part
        self.take()
        if self.notation.has_conditions and self.peek() == "?":
            self.take()  # a lazy repetition is found in the same texts
        return Repetition(part, *rounds)

    def counted(self) -> tuple[int, int | None]:
        """The bounds of a repetition, up to its closing brace."""
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
        return min_rounds, max_rounds

    def count(self) -> int:
        start = self.position
        while self.peek() and self.peek() in "0123456789":
            self.take()
        digits = self.text[start : self.position].lstrip("0")
        if start == self.position:
            raise self.fault("a repetition is written `{2}`, `{2,}` or `{2,5}`")
        if self.notation.has_conditions:
            return min(int(digits[:12] or "0"), _MAX_COUNT)
        if len(digits) > 4:
            raise self.fault("a repetition beyond the limit")
        return int(digits or "0")

    def atom(self) -> Tree:
        character = self.take()
        match character:
            case "(":
                self.position -= 1
                return self.group(1)
            case ".":
                return self.notation.any
            case "[":
                return self.bracket()
            case "\\":
                return self.escape(in_class=False)
            case "*" | "+" | "?" | "{":
                self.position -= 1
                escaped = "; write `\\{` for the character" if character == "{" else ""
                raise self.fault(f"`{character}` repeats nothing{escaped}")
            case "]" | "}":
                self.position -= 1
                raise self.fault(f"`{character}` must be written `\\{character}`")
            case _:
                return _one(character)

    def look(self) -> Look | None:
        """The look-around at this position, if there is one."""
        if self.notation.has_conditions:
            for sign, (is_ahead, negated) in _LOOKS.items():
                if self.text.startswith(sign, self.position):
                    return Look(self.group(len(sign)), is_ahead, negated)
        return None

    def group(self, opening: int) -> Tree:
        """The content of a group that begins with a bracket and other signs, so many in all."""
        start = self.position
        self.position += opening
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fault("groups nest too deep")
        if self.peek() == "?" and opening == 1:
            self.name_group()
        elif opening == 1:
            self.groups += 1
        tree = self.choice()
        if self.peek() != ")":
            self.position = start if self.notation.has_conditions else self.position
            raise self.fault("a group is never closed")
        self.take()
        self.depth -= 1
        return tree

    def name_group(self) -> None:
        """Read what is between the bracket of a group and its content: `?:`, or a name."""
        if not self.notation.has_conditions:
            raise self.fault("I-Regexp has no `(?...)`")
        if self.peek(2) == "?:":
            self.position += 2
            return
        if self.peek(2) != "?<":
            raise self.fault(f"ECMA-262 has no `({self.peek(2)}`" + self.group_hint())
        end = self.text.find(">", self.position)
        name = self.text[self.position + 2 : end] if end > 0 else ""
        if not name.replace("$", "_").isidentifier() or name in self.names:
            raise self.fault("the name of a group is not a name, or is used twice")
        self.names.add(name)
        self.groups += 1
        self.position = end + 1

    def group_hint(self) -> str:
        match self.peek(2):
            case "?P":
                return "; a named group is written `(?<name>...)`"
            case "?>":
                return "; write `(?:...)`"
            case "?#":
                return "; a pattern has no comments"
        return "; flags are not part of a pattern, write both cases: `[aA]`"

    def escape(self, *, in_class: bool) -> CharacterSet:
        """An escape after its backslash: one character, a class or a category."""
        notation, character = self.notation, self.take()
        if in_class and character == "b" and notation.has_conditions:
            return _one("\b")
        if character in notation.escapes:
            return _one(notation.escapes[character])
        if notation.has_conditions and character and not (character.isascii() and character.isalnum()):
            return _one(character)
        if character in notation.classes:
            return notation.classes[character]
        if character in ("p", "P"):
            return self.category(character == "P")
        if notation.has_conditions and character in ("c", "0", "x", "u"):
            return self.numbered(character)
        self.position -= 1
        if not notation.has_conditions and character in ("d", "w", "s", "D", "W", "S"):
            raise self.fault(f"I-Regexp has no `\\{character}`; write a class such as `[0-9]`")
        if notation.has_conditions and not in_class and character in tuple("123456789k"):
            return self.back_reference()
        hint = _HINTS.get(character) if notation.has_conditions and not in_class else None
        raise self.fault(f"unknown escape `\\{character}`" + (f"; {hint}" if hint else ""))

    def back_reference(self) -> CharacterSet:
        """A back-reference, after its backslash."""
        found = re.compile(r"k<([^>]*)>|([0-9]+)").match(self.text, self.position)
        if found is None:
            raise self.fault("`\\k` needs the name of a group")
        nothing = self.refuse(_BACK_REFERENCE)
        self.references.add(found[1] or found[2])
        self.position = found.end()
        return nothing

    def category(self, complemented: bool) -> CharacterSet:
        """A category in braces."""
        end = self.text.find("}", self.position)
        name = self.text[self.position + 1 : end] if self.peek() == "{" and end > 0 else ""
        found = self.notation.categories.get(name)
        if found is None and self.notation.has_conditions:
            known = PROPERTIES.get(name)
            if known is None:
                nothing = self.refuse(_CATEGORY)
                if not re.fullmatch(r"[A-Za-z_]+(?:=[A-Za-z0-9_]+)?", name):
                    raise self.fault(_CATEGORY)
                self.position = end + 1
                return nothing
            self.position = end + 1
            return CharacterSet(known.given, known.categories, negated=complemented)
        if found is None:
            raise self.fault("unknown category")
        self.position = end + 1
        return CharacterSet(categories=((found, complemented),))

    def numbered(self, kind: str) -> CharacterSet:
        """A character that is written by its number: `\\cA`, `\\0`, `\\x41`, `\\u0041`, `\\u{1F600}`."""
        if kind == "0":
            if self.peek() and self.peek() in "0123456789":
                raise self.fault("a number of an octal escape")
            return _one("\0")
        if kind == "c":
            letter = self.take()
            if not (letter.isascii() and letter.isalpha()):
                raise self.fault("`\\c` needs a letter")
            return _one(chr(ord(letter) % 32))
        if kind == "x":
            return _point(self.hexadecimal(2))
        if self.peek() == "{":
            end = self.text.find("}", self.position)
            digits = self.text[self.position + 1 : end].lstrip("0") if end > 0 else "-"
            if not _is_hex(digits or "0") or len(digits) > 6 or int(digits or "0", 16) > LAST:
                raise self.fault("no number of a character")
            if end == self.position + 1:
                raise self.fault("no number of a character")
            self.position = end + 1
            return _point(int(digits or "0", 16))
        point = self.hexadecimal(4)
        if 0xD800 <= point < 0xDC00 and self.peek(2) == r"\u":
            before = self.position
            self.position += 2
            low = self.hexadecimal(4) if self.peek() != "{" else 0
            if 0xDC00 <= low < 0xE000:
                return _point(0x10000 + ((point & 0x3FF) << 10 | low & 0x3FF))
            self.position = before
        return _point(point)

    def hexadecimal(self, count: int) -> int:
        digits = self.peek(count)
        if len(digits) < count or not _is_hex(digits):
            raise self.fault(f"needs {count} hexadecimal digits")
        self.position += count
        return int(digits, 16)

    def bracket(self) -> CharacterSet:
        """A class in brackets, after its `[`."""
        start = self.position - 1
        is_ecma = self.notation.has_conditions
        parts: list[CharacterSet] = []
        negated = self.peek() == "^"
        if negated:
            self.take()
        if not is_ecma and self.peek() == "]":
            raise self.fault("a class is empty")
        is_first = True
        while self.peek() != "]":
            if self.position >= len(self.text):
                self.position = start if is_ecma else self.position + 1
                raise self.fault("a class is never closed")
            parts.append(self.class_part(is_first))
            is_first = False
        self.take()
        return _united(parts, negated)

    def class_part(self, is_first: bool) -> CharacterSet:
        """A character, range or class in brackets."""
        is_ecma = self.notation.has_conditions
        low = self.class_atom(is_ecma or is_first or self.peek(2) == "-]")
        if self.peek() != "-" or self.peek(2) == "-]":
            return low
        if not is_ecma and (not low.only or (is_first and low.only == "-")):
            return low  # the hyphen after it is a fault of its own
        self.take()
        high = self.class_atom(is_ecma)
        if not low.only or not high.only:
            raise self.fault("a class cannot be an end of a range")
        if high.only < low.only:
            raise self.fault("a range of a class ends below its beginning")
        return CharacterSet(((ord(low.only), ord(high.only)),))

    def class_atom(self, allows_hyphen: bool) -> CharacterSet:
        character = self.take()
        if character == "":
            raise self.fault("a class is never closed")
        if character == "\\":
            return self.escape(in_class=True)
        if (character == "[" and not self.notation.has_conditions) or (
            character == "-" and not allows_hyphen
        ):
            self.position -= 1
            raise self.fault(f"`{character}` must be written `\\{character}` in a class")
        return _one(character)


def _one(character: str) -> CharacterSet:
    return _point(ord(character))


def _point(point: int) -> CharacterSet:
    return CharacterSet(((point, point),))


def _is_hex(digits: str) -> bool:
    return bool(digits) and all(digit in "0123456789abcdefABCDEF" for digit in digits)


def _united(parts: list[CharacterSet], negated: bool) -> CharacterSet:
    """One set of all characters of the parts, or of all others."""
    plain = [part for part in parts if not part.negated]
    pairs = [pair for part in plain for pair in part.given]
    pairs += [pair for part in parts if part.negated for pair in part.ranges]
    categories = dict.fromkeys(each for part in plain for each in part.categories)
    return CharacterSet(joined(pairs), tuple(categories), negated)
