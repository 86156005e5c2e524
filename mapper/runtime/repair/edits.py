"""Edits: the places in which a reading differs from JSON become JSON text and a list of repairs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mapper.runtime.repair.policy import NAMES, Repair, place

CURLY = "\u201c\u201d\u201e\u201f"
STRING = "string"  # the edit of a whole string; its characters tell the repairs
MAX_REPAIRS = 10_000  # a body that needs more is not almost JSON

_WRITTEN = {"missing_values": "null", "trailing_commas": "", "comments": ""}
_INSIDE = re.compile(r'\\.|["\x00-\x1f]', re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """One place of the text that is read as another text, linked to the edit before it."""

    start: int
    end: int
    name: str
    previous: Edit | None


@dataclass(frozen=True, slots=True)
class Repaired:
    """JSON text, and the repairs that led to it."""

    text: str
    repairs: tuple[Repair, ...]


def in_order(last: Edit | None) -> list[Edit]:
    """The edits of a reading in the order of the text."""
    edits = []
    while last is not None:
        edits.append(last)
        last = last.previous
    edits.reverse()
    return edits


def parting(left: Edit | None, right: Edit | None) -> int:
    """The offset at which two readings of a text part."""
    for one, other in zip(in_order(left), in_order(right), strict=False):
        if (one.start, one.end, one.name) != (other.start, other.end, other.name):
            return min(one.start, other.start)
    longer = max(in_order(left), in_order(right), key=len)
    shorter = min(len(in_order(left)), len(in_order(right)))
    return longer[shorter].start if shorter < len(longer) else 0


def apply(text: str, edits: list[Edit]) -> Repaired | None:
    """The text with its edits made; None if these are too many repairs."""
    pieces: list[str] = []
    found: dict[str, list[int]] = {}
    end = 0
    for edit in edits:
        pieces.append(text[end : edit.start])
        if edit.name == STRING:
            pieces.append(_rewritten(text[edit.start : edit.end]))
            for name, offset in _faults(text, edit):
                found.setdefault(name, []).append(offset)
        else:
            pieces.append(_WRITTEN[edit.name])
            found.setdefault(edit.name, []).append(edit.start)
        end = edit.end
    if sum(map(len, found.values())) > MAX_REPAIRS:
        return None
    repairs = (
        Repair(name, len(found[name]), *place(text, min(found[name]))) for name in NAMES if name in found
    )
    return Repaired("".join(pieces) + text[end:], tuple(repairs))


def _rewritten(string: str) -> str:
    """A string with its delimiters as JSON writes it."""
    return f'"{_INSIDE.sub(_escaped, string[1:-1])}"'


def _escaped(found: re.Match[str]) -> str:
    text = found[0]
    if len(text) == 2:
        return text
    return '\\"' if text == '"' else f"\\u{ord(text):04x}"


def _faults(text: str, edit: Edit) -> Iterator[tuple[str, int]]:
    if text[edit.start] in CURLY:
        yield "curly_quotes", edit.start
        yield "curly_quotes", edit.end - 1
    for found in _INSIDE.finditer(text, edit.start + 1, edit.end - 1):
        if len(found[0]) == 1:
            yield ("inner_quotes" if found[0] == '"' else "control_characters"), found.start()
