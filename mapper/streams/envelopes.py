"""Envelopes: a rejected item keeps what it needs of its body, so that it can be mapped again by itself.

What it needs is its body without the other items, where that gives the same event as the whole body: where
`each` goes by names and `[*]` alone, and the mapping reads nothing through `envelope` that lies under the
first step to the item. Elsewhere, and if the lines would repeat too much, the first rejected line of a body
holds the whole body, and those below it say so.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.runtime.items import Step
from mapper.runtime.json.equality import equal
from mapper.streams.item_lines import encode
from mapper.transform.body import Body, read_body
from mapper.transform.result import Rejected

Place: TypeAlias = tuple[str | int, ...]

ABOVE = b'"body_above":true'  # in each line that needs one above it; `encode` writes it so
MAX_ENVELOPES = 16 * 1024 * 1024  # bytes of the envelopes that are kept of one body
_STEP = re.compile(r"\.(?P<plain>\w+)|\[(?P<index>\d+)\]|\['(?P<quoted>(?:[^'\\]|\\.)*)'\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|(.))", re.DOTALL)
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a mapping's items need of their body.

    `each` is as written. `alternatives` are its steps, None where it holds more than names and `[*]`. `reads`
    are the names read at the top of the body, None where that may be any.
    """

    each: tuple[str, ...]
    alternatives: tuple[tuple[Step, ...], ...] | None
    reads: frozenset[str] | None

    def can_part(self, place: Place) -> bool:
        """Whether the item at a place gives the same event when the other items are left out of its body."""
        if self.alternatives is None or self.reads is None or not place:
            return False
        top = place[0]
        if top in self.reads or (isinstance(top, int) and self.reads):
            return False
        fitting = [steps for steps in self.alternatives if _fits(steps, place, loosely=True)]
        return bool(fitting) and all(_fits(steps, place, loosely=False) for steps in fitting)

    def around(
        self, rejected: Sequence[Rejected], body: bytes, *, is_repaired: bool = False
    ) -> Iterator[dict[str, object]]:
        """For each rejected item of a body, what its line holds beside it; of a repaired body, its bytes."""
        found = read_body(body) if rejected else None
        inner = [one for one in rejected if not self._is_body(one, body, found)]
        places = {one.index: read_place(one.location) for one in inner}
        can_part = (
            not is_repaired
            and isinstance(found, Body)
            and all(
                "M605" not in one.codes
                and not isinstance(one.item, bytes)
                and self.can_part(places[one.index])
                for one in inner
            )
            and _are_small(found.value, places, body)
        )
        has_body = False
        for one in rejected:
            if one.index not in places:
                yield _whole(body) if is_repaired else {}
            elif can_part and isinstance(found, Body):
                yield {"each": self.each, "envelope": part(found.value, places[one.index])}
            elif has_body:
                yield {"each": self.each, "body_above": True}
            else:
                has_body = True
                yield {"each": self.each, **_whole(body)}

    def _is_body(self, rejected: Rejected, body: bytes, found: Body | Diagnostic | None) -> bool:
        """Whether the rejected item is the body itself."""
        if isinstance(rejected.item, bytes):
            return rejected.item == body
        if "M603" in rejected.codes:
            return True
        # Where `each` holds more than names and `[*]`, `$` may also stand for a place that is not known.
        if rejected.location != "$":
            return False
        is_known = self.alternatives is not None
        return is_known or (isinstance(found, Body) and equal(found.value, rejected.item))


def _are_small(body: object, places: dict[int, Place], text: bytes) -> bool:
    """Whether all envelopes of a body together are small, or else the body is to be kept once."""
    if len(places) * len(text) <= MAX_ENVELOPES:
        return True
    left = MAX_ENVELOPES
    try:
        for place in places.values():
            left -= len(encode(part(body, place)))
            if left < 0:
                return False
    except RecursionError:  # such an envelope is not written
        pass
    return True


def part(body: object, place: Place) -> object:
    """The body without the item at a place and without the elements beside it."""
    step, rest = place[0], place[1:]
    if isinstance(body, list) and isinstance(step, int):
        return [part(body[step], rest)] if rest else []
    if isinstance(body, dict) and isinstance(step, str):
        inner = {step: part(body[step], rest)} if rest else {}
        return {key: inner.get(key, value) for key, value in body.items() if key != step or rest}
    raise ValueError("the place is not in the body")


def join(envelope: object, place: Place, item: object) -> object:
    """The body with its one item: the opposite of `part`."""
    if not place:
        return item
    step, rest = place[0], place[1:]
    if isinstance(envelope, list) and isinstance(step, int):
        return [join(envelope[0] if rest else None, rest, item)]
    if isinstance(envelope, dict) and isinstance(step, str):
        return envelope | {step: join(envelope.get(step), rest, item)}
    raise ValueError("the envelope does not fit the item's location")


def read_place(location: str) -> Place:
    """The steps of a location that `write_location` wrote."""
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


def _fits(steps: tuple[Step, ...], place: Place, *, loosely: bool) -> bool:
    """Whether an alternative of `each` leads to a place; `[*]` goes by indexes, `loosely` by names, too."""
    if len(place) not in (len(steps), len(steps) + 1):
        return False
    for number, at in enumerate(place):
        step = steps[number] if number < len(steps) else ("element",)
        if step[0] == "name":
            if step[1] != at:
                return False
        elif not isinstance(at, int) and not (loosely and step[0] == "all"):
            return False
    return True


def _whole(body: bytes) -> dict[str, object]:
    try:
        return {"body_text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode("ascii")}
