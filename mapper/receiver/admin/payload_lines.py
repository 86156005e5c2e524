"""Payload lines: an item as lines of JSON in which one place is marked; the rest is shortened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from mapper.diagnostics.render.visible import shorten
from mapper.streams.envelopes import ItemPath

MAX_LINES = 400
MAX_ENTRIES = 20
MAX_BESIDE = 6  # entries that are shown beside the way to the marked place
MAX_TEXT = 300
MAX_DEPTH = 3  # levels that are opened there
MAX_WAY = 40


@dataclass(frozen=True, slots=True)
class PayloadLine:
    """A line of JSON: its level, its text, and if it shows the place that is meant."""

    depth: int
    text: str
    is_marked: bool = False


def payload_lines(value: object, place: ItemPath) -> list[PayloadLine]:
    """The lines of a value, with the names and indexes that lead to the marked place.

    If there is nothing at the place, the nearest value around it is marked.
    """
    found = list(_lines(value, place, 0, 0, "", ""))
    at = next(index for index, line in enumerate(found) if line.is_marked)
    half = MAX_LINES // 2
    begin = max(0, min(at - half, len(found) - MAX_LINES))
    shown = found[begin : begin + MAX_LINES]
    gap = [PayloadLine(0, "…")]
    return [*gap * (begin > 0), *shown, *gap * (begin + MAX_LINES < len(found))]


def text_lines(body: bytes) -> list[PayloadLine]:
    """The beginning of a body that is no JSON."""
    text = body[: 20 * MAX_TEXT].decode("utf-8", "backslashreplace")
    lines = [PayloadLine(0, shorten(line, MAX_TEXT)) for line in text.split("\n")[:MAX_ENTRIES]]
    is_cut = len(body) > 20 * MAX_TEXT or text.count("\n") >= MAX_ENTRIES
    return [*lines, PayloadLine(0, f"… {len(body):,} bytes")] if is_cut else lines


def _lines(
    value: object, place: ItemPath | None, depth: int, beside: int, before: str, after: str
) -> Iterator[PayloadLine]:
    """The lines of a value; `place` is None beside the way to the marked place, `beside` the levels there."""
    match value:
        case dict():
            entries: list[tuple[str | int, object]] = [(str(key), each) for key, each in value.items()]
            signs = "{}"
        case list() | tuple():
            entries = list(enumerate(value))
            signs = "[]"
        case _:
            yield PayloadLine(depth, before + _scalar(value) + after, place is not None)
            return
    step = place[0] if place else None
    has_step = any(name == step for name, _ in entries) if step is not None else False
    is_deep = beside >= MAX_DEPTH or depth >= MAX_WAY
    is_marked = place is not None and (not has_step or is_deep)
    if not entries or is_deep:
        inside = "" if not entries else "…"
        yield PayloadLine(depth, f"{before}{signs[0]}{inside}{signs[1]}{after}", is_marked)
        return
    yield PayloadLine(depth, before + signs[0], is_marked)
    limit = MAX_BESIDE if place is None else MAX_ENTRIES
    shown = [entry for number, entry in enumerate(entries) if number < limit or entry[0] == step]
    for number, (name, each) in enumerate(shown):
        title = f"{_scalar(name)}: " if signs == "{}" else ""
        rest = place[1:] if place and name == step else None
        comma = "," if number < len(shown) - 1 or len(shown) < len(entries) else ""
        yield from _lines(each, rest, depth + 1, beside + (rest is None), title, comma)
    if len(shown) < len(entries):
        yield PayloadLine(depth + 1, f"… {len(entries) - len(shown):,} more")
    yield PayloadLine(depth, signs[1] + after)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        text = json.dumps(value[: MAX_TEXT + 1], ensure_ascii=False)
        return shorten(text, MAX_TEXT) + (f" ({len(value):,} characters)" if len(value) > MAX_TEXT else "")
    if isinstance(value, bytes):
        return shorten(value.decode("utf-8", "backslashreplace"), MAX_TEXT)
    try:
        return shorten(json.dumps(value, default=str), MAX_TEXT)
    except ValueError:  # an integer with more digits than Python prints
        return "…"
