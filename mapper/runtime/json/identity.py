"""Identity: JSON values become keys of sets, equal for equal values only; so repetitions are found fast."""

from __future__ import annotations

from collections.abc import Iterable


def identity(value: object) -> object:
    """Equal for equal values only: 1 and 1.0 are one value, 1 and true are two."""
    if isinstance(value, dict):
        return "object", frozenset((key, identity(entry)) for key, entry in value.items())
    if isinstance(value, list | tuple):
        return "list", tuple(identity(element) for element in value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and value.bit_length() > 60:
        return hex(value)  # many such numbers share one hash, chosen by whoever sends them
    return isinstance(value, bool), value


def has_repetitions(values: Iterable[object]) -> bool:
    """Whether a value stands among them twice, in time that grows with their size alone."""
    seen: set[object] = set()
    for value in values:
        mark = identity(value)
        if mark in seen:
            return True
        seen.add(mark)
    return False
