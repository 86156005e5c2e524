"""Differences: two JSON documents become the list of places in which they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from typing import TypeAlias

from mapper.runtime.json.locations import write_location
from mapper.runtime.json.types import written_type_of
from mapper.runtime.missing import MISSING

Steps: TypeAlias = tuple[str | int, ...]
LONGEST = 60  # characters of a value that are shown
DEEPEST = 100  # steps into a document after which values are compared whole


class ChangeKind(Enum):
    """The kind of a difference."""

    ADDED = "added"  # only the actual document has it
    REMOVED = "removed"  # only the expected document has it
    CHANGED = "changed"
    ORDER = "order"  # the same elements of an array in another order


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in which two documents differ; `MISSING` is a value that a document does not have."""

    location: str
    expected: object
    actual: object
    kind: ChangeKind = ChangeKind.CHANGED

    def texts(self) -> tuple[str | None, str | None]:
        """Both values cut to a line, with their types if those differ; None for a value that is not there."""
        typed = self.kind is ChangeKind.CHANGED and written_type_of(self.expected) != written_type_of(
            self.actual
        )
        before, after = _text(self.expected, typed), _text(self.actual, typed)
        start = _shared(before or "", after or "")
        return _cut(before, start), _cut(after, start)


def differences(expected: object, actual: object) -> list[Difference]:
    """Every place in which `actual` differs from `expected`; `1`, `1.0`, `"1"` and `true` all differ."""
    return list(_compare(expected, actual, ()))


def _compare(expected: object, actual: object, steps: Steps) -> Iterator[Difference]:
    if len(steps) >= DEEPEST:
        if expected is MISSING or actual is MISSING or _canonical(expected) != _canonical(actual):
            yield Difference(write_location(steps), expected, actual, _kind(expected, actual))
    elif isinstance(expected, dict) and isinstance(actual, dict):
        yield from _compare_objects(expected, actual, steps)
    elif isinstance(expected, list) and isinstance(actual, list):
        yield from _compare_arrays(expected, actual, steps)
    elif written_type_of(expected) != written_type_of(actual) or expected != actual:
        yield Difference(write_location(steps), expected, actual, _kind(expected, actual))


def _kind(expected: object, actual: object) -> ChangeKind:
    if expected is MISSING:
        return ChangeKind.ADDED
    return ChangeKind.REMOVED if actual is MISSING else ChangeKind.CHANGED


def _compare_objects(
    expected: dict[str, object], actual: dict[str, object], steps: Steps
) -> Iterator[Difference]:
    for name in expected | actual:
        yield from _compare(expected.get(name, MISSING), actual.get(name, MISSING), (*steps, name))


def _compare_arrays(expected: list[object], actual: list[object], steps: Steps) -> Iterator[Difference]:
    """Aligns equal elements first, so that one element more does not make all later ones differ."""
    before, after = [_canonical(v) for v in expected], [_canonical(v) for v in actual]
    if before != after and sorted(before) == sorted(after):
        yield Difference(write_location(steps), expected, actual, ChangeKind.ORDER)
        return
    for i, i_end, j, j_end in _alignment(before, after):
        paired = min(i_end - i, j_end - j)
        for k in range(paired):
            yield from _compare(expected[i + k], actual[j + k], (*steps, i + k))
        for k in range(i + paired, i_end):
            yield from _compare(expected[k], MISSING, (*steps, k))
        for k in range(j + paired, j_end):
            yield from _compare(MISSING, actual[k], (*steps, k))


def _alignment(before: list[str], after: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Ranges of both lists that correspond and differ.

    Equal beginnings and ends are set apart first, so that one element more is always one difference.
    """
    start = _equal(before, after)
    end = _equal(before[start:][::-1], after[start:][::-1])
    middles = before[start : len(before) - end], after[start : len(after) - end]
    for tag, i, i_end, j, j_end in SequenceMatcher(None, *middles, autojunk=False).get_opcodes():
        if tag != "equal":
            yield start + i, start + i_end, start + j, start + j_end


def _equal(before: Sequence[str], after: Sequence[str]) -> int:
    """The number of leading elements that are equal."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(before), len(after)))


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _text(value: object, typed: bool) -> str | None:
    if value is MISSING:
        return None
    text = json.dumps(value, ensure_ascii=False)
    return f"{text} ({written_type_of(value)})" if typed else text


def _shared(before: str, after: str) -> int:
    """The number of leading characters to leave out, so that the part in which long texts differ is seen."""
    if max(len(before), len(after)) <= LONGEST:
        return 0
    return max(_equal(before, after) - LONGEST // 3, 0)


def _cut(text: str | None, start: int) -> str | None:
    if text is None or (start == 0 and len(text) <= LONGEST):
        return text
    head = "…" if start else ""
    tail = "…" if len(text) - start > LONGEST else ""
    return head + text[start : start + LONGEST] + tail
