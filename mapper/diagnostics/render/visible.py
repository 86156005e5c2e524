"""Visible: text of users becomes text a terminal cannot misread, and its width in terminal cells."""

from __future__ import annotations

import re
import unicodedata

TAB = "    "

# Joiners shape scripts and emoji. Every other format character can hide text or turn it around, so that a
# reader sees other code than the compiler (CVE-2021-42574, "Trojan Source").
_JOINERS = "\u200c\u200d"
_HIDING = {"Cc", "Cf", "Cs", "Zl", "Zp"}

_color_codes = re.compile("(\x1b\\[[0-9;]*m)")
# Build servers take some lines of a log as commands: `::set-env name=..::` at the start of a line (GitHub),
# `##[error]`, `##vso[..]` and `##teamcity[..]` anywhere in it (GitHub, Azure, TeamCity).
_command_starts = re.compile(r"\A(?:\s|\x1b\[[0-9;]*m)*:(?=:[^:])|#(?=#\w*\[)")


def cell(character: str) -> str:
    """The text printed for one character of a source line; a tab is four blanks."""
    if " " <= character <= "~":
        return character
    if character == "\t":
        return TAB
    if character not in _JOINERS and unicodedata.category(character) in _HIDING:
        return _escape(character)
    return character


def visible(text: str) -> str:
    """`text` on one line, with control characters and bidirectional marks as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if c == "\t" else cell(c) for c in text)


def printable(text: str, *, has_color: bool = False, has_commands: bool = False) -> str:
    """Lines of text as they may be printed: no control characters, no commands to a build server.

    Line feeds end lines. Colour codes stay if `has_color`, commands if `has_commands`: a renderer made them,
    and escaped the texts inside.
    """
    return "\n".join(_printable_line(line, has_color, has_commands) for line in text.split("\n"))


def _printable_line(line: str, has_color: bool, has_commands: bool) -> str:
    if has_color:
        # Every second part is a colour code.
        parts = _color_codes.split(line)
        parts[::2] = map(visible, parts[::2])
        line = "".join(parts)
    else:
        line = visible(line)
    return line if has_commands else _command_starts.sub(_inert, line)


def _inert(match: re.Match[str]) -> str:
    sign = match[0][-1]
    return f"{match[0][:-1]}\\u{ord(sign):04x}"


def shown(text: str, limit: int = 40) -> str:
    """A name from a payload as a message shows it: on one line, short, without control characters."""
    return visible(shorten(text, limit))


def width(text: str) -> int:
    """How many terminal cells `text` takes: wide characters count two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    is_joining = unicodedata.category(character) in ("Mn", "Me") or character in _JOINERS
    return 0 if is_joining or "\u1160" <= character <= "\u11ff" else 1


def _escape(character: str) -> str:
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if short:
        return short
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def shorten(text: str, limit: int = 40) -> str:
    """At most `limit` characters; the last one is `…` if the text was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
