"""Literals of a path: token text becomes a string or number (RFC 9535 §2.3.1, §2.3.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mapper.diagnostics.source import Span, SpannedText
from mapper.expressions.jsonpath.path_faults import PathFault, cut

MAX_INTEGER = 2**53 - 1  # RFC 9535 §2.1: integers of indexes and slices are I-JSON integers

_NUMBER = re.compile(r"(?:-?0|-?[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_MEANINGS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\"}
_PIECE = re.compile(
    r"""\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"""
    r"""|\\u(?P<unit>(?![dD][89abcdefABCDEF])[0-9a-fA-F]{4})"""
    r"""|\\(?P<escape>[bfnrt/\\'"])"""
    r"""|(?P<plain>[^\\\x00-\x1f\ud800-\udfff]+)"""
)


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A token's text, or its value, with its place in the path."""

    value: str
    text: SpannedText
    start: int
    end: int

    @property
    def span(self) -> Span:
        """The token in the mapping."""
        return self.text.part(self.start, self.end)


def decode_string(text: SpannedText, start: int, end: int) -> str:
    """The value of the quoted string `text.value[start:end]`."""
    quote = text.value[start]
    pieces: list[str] = []
    position = start + 1
    while position < end - 1:
        match = _PIECE.match(text.value, position, end - 1)
        if match is None or (match["escape"] in ("'", '"') and match["escape"] != quote):
            raise _string_fault(text, position, end - 1)
        if match["high"]:
            code = 0x10000 + ((int(match["high"], 16) - 0xD800) << 10) + (int(match["low"], 16) - 0xDC00)
            pieces.append(chr(code))
        elif match["unit"]:
            pieces.append(chr(int(match["unit"], 16)))
        elif match["escape"]:
            pieces.append(_MEANINGS.get(match["escape"], match["escape"]))
        else:
            pieces.append(match["plain"])
        position = match.end()
    return "".join(pieces)


def _string_fault(text: SpannedText, position: int, end: int) -> PathFault:
    """The fault of a character or escape that a string must not contain."""
    character = text.value[position]
    if character != "\\":
        name = f"U+{ord(character):04X}"
        span = text.part(position, position + 1)
        if "\ud800" <= character <= "\udfff":
            return PathFault(f"half a surrogate pair ({name}) in a string", span, "not a character")
        hint = f"write it as `\\u{ord(character):04x}`"
        return PathFault(f"control character {name} in a string", span, "must be escaped", hint)
    unit = re.compile(r"\\u[0-9a-fA-F]{4}").match(text.value, position, end)
    if unit is not None:
        span = text.part(position, unit.end())
        hint = "a character beyond U+FFFF is a pair: `\\ud83d\\ude00`"
        return PathFault("half a surrogate pair in a string", span, "has no partner", hint)
    if text.value.startswith("\\u", position):
        span = text.part(position, min(position + 2, end))
        return PathFault("incomplete escape in a string", span, "`\\u` takes four hexadecimal digits")
    escape = text.value[position : min(position + 2, end)]
    hint = "the escapes are `\\b \\f \\n \\r \\t \\/ \\\\ \\uXXXX` and the surrounding quote"
    return PathFault("unknown escape in a string", text.part(position, position + len(escape)), "", hint)


def decode_integer(lexeme: Lexeme) -> int:
    """The value of an index or a slice bound."""
    if not _INTEGER.fullmatch(lexeme.value):
        hint = "write it without leading zeros, fraction or exponent"
        raise PathFault("an index is a plain integer", lexeme.span, f"`{cut(lexeme.value, 30)}` is not", hint)
    if len(lexeme.value) > 17 or abs(int(lexeme.value)) > MAX_INTEGER:
        label = "the limit is 2^53 - 1 (9007199254740991)"
        raise PathFault("an index outside the range of exact integers", lexeme.span, label)
    return int(lexeme.value)


def decode_number(lexeme: Lexeme) -> int | float:
    """The value of a number literal inside a filter; integers stay exact."""
    if not _NUMBER.fullmatch(lexeme.value):
        hint = "numbers are written as in JSON, without leading zeros"
        raise PathFault("not a JSON number", lexeme.span, "", hint)
    number = float(lexeme.value)
    if number in (float("inf"), float("-inf")):
        raise PathFault("a number too large to compare with", lexeme.span, "beyond the range of a double")
    return int(lexeme.value) if lexeme.value.lstrip("-").isdigit() else number
