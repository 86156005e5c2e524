"""Pairs: the text of a form becomes pairs of a name and a text, as the WHATWG URL standard (§5.1) reads it.

The standard forgives bytes that are no UTF-8 and a `%` that begins no byte. Here both are faults unless the
mapping replaces bytes; then they are read as the standard reads them, and reported as repairs.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from mapper.runtime.forms.percents import unquoted
from mapper.runtime.repair.policy import Repair, place

Pairs: TypeAlias = list[tuple[str, str]]

_SEPARATOR = "&"
_REPLACED = "\ufffd"
_CHARSET = "_charset_"  # browsers fill in a field of this name with the encoding of the form
_READABLE = frozenset({"utf-8", "ascii"})
_bad_percent = re.compile(r"%(?![0-9A-Fa-f]{2})").finditer
_REPLACE = "with `encoding_errors: replace` it is taken as it is, and the result says so"
_TO_UTF8 = "have the form sent as UTF-8; `encoding_errors: replace` reads what is not UTF-8 as U+FFFD"


class FormFault(Exception):
    """A form that cannot be read. `name` is that of the field at fault, None if it is the form as a whole.

    `message` follows the words "the form" or "the field".
    """

    def __init__(self, code: str, message: str, hint: str = "", name: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.hint = hint
        self.name = name


@dataclass(frozen=True, slots=True)
class FormText:
    """The pairs of a form in the order of the text, and the repairs of their bytes."""

    pairs: Pairs
    repairs: tuple[Repair, ...] = ()


def read_pairs(text: str, max_fields: int, *, replaces: bool) -> FormText:
    """The pairs of a form; raises FormFault (M602, M608, M628). Empty ones between two `&` are no pairs."""
    if text.count(_SEPARATOR) >= max_fields:
        raise FormFault("M608", f"has more than {max_fields:,} fields")
    repairs = _read_percents(text, replaces=replaces)
    try:
        pairs = _parse(text, "strict")
    except UnicodeDecodeError:
        if not replaces:
            message = "holds bytes that are not UTF-8"
            raise FormFault("M602", message, _TO_UTF8, next(_undecodable(text))[1]) from None
        return FormText(_parse(text, "replace"), (_replacements(text), *repairs))
    if not replaces:
        _check_charset(pairs)
    return FormText(pairs, repairs)


def _parse(text: str, errors: str) -> Pairs:
    parts = (part.partition("=") for part in text.split(_SEPARATOR) if part)
    return [(unquoted(name, errors), unquoted(value, errors)) for name, _, value in parts]


def _read_percents(text: str, *, replaces: bool) -> tuple[Repair, ...]:
    found = [match.start() for match in _bad_percent(text)]
    if not found:
        return ()
    if not replaces:
        line, column = place(text, found[0])
        message = f"has a `%` without two hexadecimal digits (line {line}, column {column})"
        raise FormFault("M628", message, _REPLACE)
    return (Repair("invalid_percent", len(found), *place(text, found[0])),)


def _undecodable(text: str) -> Iterator[tuple[int, str, int]]:
    """The offset, the name and the number of replaced characters of each pair that is not UTF-8."""
    offset = 0
    for part in text.split(_SEPARATOR):
        try:
            _parse(part, "strict")
        except UnicodeDecodeError:
            name, value = _parse(part, "replace")[0]
            sent = part.count(_REPLACED) + part.upper().count("%EF%BF%BD")
            yield offset, name, max(1, (name + value).count(_REPLACED) - sent)
        offset += len(part) + 1


def _replacements(text: str) -> Repair:
    found = list(_undecodable(text))
    return Repair("invalid_utf8", sum(count for _, _, count in found), *place(text, found[0][0]))


def _check_charset(pairs: Pairs) -> None:
    """Refuse a form that says itself that it is in another encoding, unless it holds ASCII alone."""
    declared = next((value for name, value in pairs if name == _CHARSET and value), None)
    if declared is None or all(name.isascii() and value.isascii() for name, value in pairs):
        return
    try:
        encoding = codecs.lookup(declared).name
    except (LookupError, ValueError):
        encoding = "an encoding that is not known"
    if encoding not in _READABLE:
        raise FormFault("M602", f"says that it is {encoding}, not UTF-8", _TO_UTF8, _CHARSET)
