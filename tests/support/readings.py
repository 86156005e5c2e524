"""The oracle of repairs: every reading of a short text, found by trying everything.

Written without regard to speed and without anything of `mapper.runtime.repair` but the names: a value is what
a recursive descent that branches at each doubtful quote can make of the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

CURLY = "“”„‟"
Read = Iterator[tuple[object, int]]


def readings(text: str, allowed: set[str]) -> list[object]:
    """The values of all readings of the whole text."""
    found = _Texts(text, allowed).value(0)
    return [value for value, end in found if _Texts(text, allowed).blank(end) == len(text)]


class _Texts:
    def __init__(self, text: str, allowed: set[str]) -> None:
        self.text, self.allowed = text, allowed

    def blank(self, at: int) -> int:
        comment = r"|//[^\n\r]*" if "comments" in self.allowed else ""
        found = re.compile(rf"(?:[ \t\n\r]{comment})*").match(self.text, at)
        assert found
        return found.end()

    def at(self, place: int) -> str:
        return self.text[place : place + 1]

    def value(self, start: int) -> Read:
        at = self.blank(start)
        match self.at(at):
            case "{":
                yield from self.inside(at, "}")
            case "[":
                yield from self.inside(at, "]")
            case _:
                number = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false|null").match(
                    self.text, at
                )
                if number:
                    yield json.loads(number[0]), number.end()
                yield from self.string(at, is_name=False)

    def inside(self, start: int, closing: str) -> Read:
        """An object or array whose bracket opens here."""
        at = self.blank(start + 1)
        if self.at(at) == closing:
            yield ({} if closing == "}" else []), at + 1
        for entries, end in self.entries(start + 1, closing):
            yield (dict(entries) if closing == "}" else entries), end

    def entries(self, start: int, closing: str) -> Iterator[tuple[list, int]]:
        for entry, end in self.member(start) if closing == "}" else self.value(start):
            after = self.blank(end)
            if self.at(after) == closing:
                yield [entry], after + 1
            elif self.at(after) == ",":
                last = self.blank(after + 1)
                if self.at(last) == closing and "trailing_commas" in self.allowed:
                    yield [entry], last + 1
                for others, beyond in self.entries(after + 1, closing):
                    yield [entry, *others], beyond

    def member(self, start: int) -> Iterator[tuple[tuple[object, object], int]]:
        for name, end in self.string(self.blank(start), is_name=True):
            colon = self.blank(end)
            if self.at(colon) != ":":
                continue
            after = self.blank(colon + 1)
            if self.at(after) in (",", "}") and "missing_values" in self.allowed:
                yield (name, None), after
            for value, beyond in self.value(colon + 1):
                yield (name, value), beyond

    def string(self, start: int, *, is_name: bool) -> Read:
        """Every string that may begin here: the content is tried for each quote as the end."""
        opening = self.at(start)
        if (
            not opening
            or opening not in '"' + CURLY
            or (opening != '"' and "curly_quotes" not in self.allowed)
        ):
            return
        quotes = '"' if opening == '"' else CURLY
        for end in range(start + 1, len(self.text)):
            if self.text[end] in quotes:
                content = self.content(self.text[start + 1 : end], quotes, is_name=is_name)
                if content is not None:
                    yield content, end + 1

    def content(self, raw: str, quotes: str, *, is_name: bool) -> str | None:
        inner = "inner_quotes" in self.allowed
        if any(c < " " for c in raw) and "control_characters" not in self.allowed:
            return None
        if inner:
            bare = raw
        else:
            bare = re.sub(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})', "", raw)
            if "\\" in bare or '"' in bare:
                return None
        if is_name and any(quote in bare for quote in quotes):
            return None
        return raw if inner else json.loads(f'"{raw}"', strict=False)
