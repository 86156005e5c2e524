"""Scalars: the value of a YAML scalar (YAML 1.2 §10.3, core schema), and the places of its characters."""

from __future__ import annotations

import re
from typing import TypeAlias

from mapper.diagnostics.source import SourceFile, Span, SpannedText

ScalarValue: TypeAlias = str | int | float | bool | None

MAX_DIGITS = 1000  # below 4,300, at which `int` raises an error of its own (CVE-2020-10735)

_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip

# Leading zeros keep a number text: `01234` is a code or an id, whoever writes it.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_BASED = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")

# YAML 1.2 §5.7
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028",
    "P": "\u2029",
}  # fmt: skip
_HEX_LENGTHS = {"x": 2, "u": 4, "U": 8}


def resolve_plain(text: str) -> ScalarValue:
    """The value of a plain scalar by YAML 1.2's core schema.

    Raises ValueError, with the reason, for a number that JSON lacks or that is too long.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-+.0123456789":
        return text
    if _NO_NUMBER.match(text):
        raise ValueError("JSON has no such number")
    if _INTEGER.match(text):
        if len(text) > MAX_DIGITS:
            raise ValueError(f"the number has more than {MAX_DIGITS} digits")
        return int(text)
    if _BASED.match(text):
        if len(text) > MAX_DIGITS:
            raise ValueError(f"the number has more than {MAX_DIGITS} digits")
        return int(text[2:], 8 if text[1] == "o" else 16)
    if _FLOAT.match(text):
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise ValueError("the number is too large for a float")
        return number
    return text


def locate_text(value: str, span: Span, style: str) -> SpannedText:
    """The scalar's text with the place of each of its characters, as far as the style allows.

    `style` is that of the YAML parser: empty for plain, or one of the characters in `'"|>`.
    """
    if style == "|":
        offsets = _literal_offsets(value, span)
        return SpannedText(value, span, offsets=offsets)
    inner = Span(span.file, span.start + 1, span.end - 1) if style in ("'", '"') and style else span
    if inner.text == value:
        return SpannedText(value, inner, exact=True)
    if style == '"':
        return SpannedText(value, span, offsets=_double_quoted_offsets(value, inner))
    if style == "'":
        return SpannedText(value, span, offsets=_single_quoted_offsets(value, inner))
    return SpannedText(value, span)


def _literal_offsets(value: str, span: Span) -> tuple[int, ...] | None:
    """Offsets of a `|` block: its lines are the file's lines without their indentation."""
    text = span.file.text
    position = text.find("\n", span.start) + 1
    if position == 0:
        return (span.end,) if value == "" else None
    offsets: list[int] = []
    lines = value.split("\n")
    for number, line in enumerate(lines):
        if number == len(lines) - 1 and line == "":
            break
        newline = text.find("\n", position)
        end = len(text) if newline == -1 else newline
        raw = text[position:end].removesuffix("\r")
        start = position + len(raw) - len(line)
        if not raw.endswith(line) or raw[: len(raw) - len(line)].strip(" "):
            return None
        offsets.extend(range(start, start + len(line)))
        if number < len(lines) - 1:
            offsets.append(end)
        position = end + 1
    offsets.append(offsets[-1] + 1 if offsets else span.end)
    return tuple(min(offset, len(text)) for offset in offsets)


def _single_quoted_offsets(value: str, inner: Span) -> tuple[int, ...] | None:
    """Offsets of a one-line single-quoted scalar: `''` is one quote."""
    raw = inner.text
    offsets: list[int] = []
    position = 0
    while position < len(raw):
        offsets.append(inner.start + position)
        position += 2 if raw.startswith("''", position) else 1
    if raw.replace("''", "'") != value:
        return None
    return (*offsets, inner.end)


def _double_quoted_offsets(value: str, inner: Span) -> tuple[int, ...] | None:
    """Offsets of a one-line double-quoted scalar; an escape is at its backslash."""
    raw = inner.text
    offsets: list[int] = []
    characters: list[str] = []
    position = 0
    while position < len(raw):
        offsets.append(inner.start + position)
        if raw[position] != "\\":
            characters.append(raw[position])
            position += 1
            continue
        letter = raw[position + 1 : position + 2]
        width = _HEX_LENGTHS.get(letter, 0)
        if width:
            characters.append(chr(int(raw[position + 2 : position + 2 + width], 16)))
        else:
            characters.append(_ESCAPES.get(letter, ""))
        position += 2 + width
    return (*offsets, inner.end) if "".join(characters) == value else None


def quoted(text: str) -> str:
    """`text` as a YAML scalar in the quotes that need the fewest escapes."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def control_characters(file: SourceFile) -> list[tuple[int, str]]:
    """Offsets and names of characters that YAML forbids or that hide line ends, in order."""
    return [(match.start(), f"U+{ord(match.group()[0]):04X}") for match in _FORBIDDEN.finditer(file.text)]


# YAML 1.2 §5.1, less NEL, LS and PS: the parser takes them for line ends, editors and YAML 1.2 do not.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]|\r(?!\n)|(?<!\\A)\ufeff"
)
