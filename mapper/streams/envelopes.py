"""Envelopes: a body without its items, which is enough to map one of its items again.

It is enough if it gives the same event as the whole body: if `each` holds only names and `[*]`, and the
mapping reads nothing through `envelope` below the first step to the item.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from mapper.runtime.items import Step

# The names and indexes that lead to an item.
ItemPath: TypeAlias = tuple[str | int, ...]

_STEP = re.compile(r"\.(?P<plain>\w+)|\[(?P<index>\d+)\]|\['(?P<quoted>(?:[^'\\]|\\.)*)'\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|(.))", re.DOTALL)
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


@dataclass(frozen=True, slots=True)
class EnvelopeNeeds:
    """The parts of a body that the items of a mapping need.

    `each` is as written. `alternatives` are its steps, None if it holds more than names and `[*]`. `reads`
    are the names read at the top of the body, None if that may be any name.
    """

    each: tuple[str, ...]
    alternatives: tuple[tuple[Step, ...], ...] | None
    reads: frozenset[str] | None

    def can_part(self, path: ItemPath) -> bool:
        """True if the item at a path gives the same event after the other items are removed from its body."""
        if self.alternatives is None or self.reads is None or not path:
            return False
        top = path[0]
        if top in self.reads or (isinstance(top, int) and self.reads):
            return False
        fitting = [steps for steps in self.alternatives if _fits(steps, path, loosely=True)]
        return bool(fitting) and all(_fits(steps, path, loosely=False) for steps in fitting)


def part(body: object, path: ItemPath) -> object:
    """The body without the item at a path and the elements beside it; ValueError if it has no such item."""
    step, rest = path[0], path[1:]
    if isinstance(body, list) and isinstance(step, int):
        return [part(body[step], rest)] if rest else []
    if isinstance(body, dict) and isinstance(step, str):
        inner = {step: part(body[step], rest)} if rest else {}
        return {key: inner.get(key, value) for key, value in body.items() if key != step or rest}
    raise ValueError("the item is not in the body")


def join(envelope: object, path: ItemPath, item: object) -> object:
    """The body with its one item: the inverse of `part`."""
    if not path:
        return item
    step, rest = path[0], path[1:]
    if isinstance(envelope, list) and isinstance(step, int):
        return [join(envelope[0] if rest else None, rest, item)]
    if isinstance(envelope, dict) and isinstance(step, str):
        return envelope | {step: join(envelope.get(step), rest, item)}
    raise ValueError("the envelope does not fit the item's location")


def read_location(location: str) -> ItemPath:
    """The path in a location: the inverse of `write_location`; raises ValueError for other texts."""
    steps: list[str | int] = []
    end = 1
    while end < len(location):
        step = _STEP.match(location, end)
        if step is None:
            raise ValueError("this is no location")
        if step["index"] is not None:
            steps.append(int(step["index"]))
        else:
            steps.append(step["plain"] or _ESCAPE.sub(_unescape, step["quoted"] or ""))
        end = step.end()
    return tuple(steps)


def _unescape(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else _ESCAPES.get(escape[2], escape[2])


def _fits(steps: tuple[Step, ...], path: ItemPath, *, loosely: bool) -> bool:
    """True if an alternative of `each` leads to a path; `[*]` selects indexes, `loosely` names, too."""
    if len(path) not in (len(steps), len(steps) + 1):
        return False
    for number, at in enumerate(path):
        step = steps[number] if number < len(steps) else ("element",)
        if step[0] == "name":
            if step[1] != at:
                return False
        elif not isinstance(at, int) and not (loosely and step[0] == "all"):
            return False
    return True
