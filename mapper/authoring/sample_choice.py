"""Sample choice: of the bodies of files, those that become the samples of a new mapping.

The first body is a sample, and each that shows something new: a field, a type, another word in a field that
names the event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mapper.authoring.privacy import are_constants, is_field_name
from mapper.authoring.traffic import Advance, BrokenBody, Traffic
from mapper.runtime.json.exact import write

MAX_SAMPLES = 12  # of bodies that show something new
MAX_BODIES = 2_000  # that are read for guesses and samples
MAX_BYTES = 64 * 1024 * 1024
_MAX_ELEMENTS = 20
_NAMES_OF_EVENTS = frozenset({"event", "type", "event_type", "event_name", "action"})
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class ReadBody:
    """A parsed body and the name of the sample that it may become."""

    value: Any
    case: str


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """The first bodies of files, and those that cannot be read."""

    bodies: tuple[ReadBody, ...]
    unread: int
    broken: tuple[BrokenBody, ...]
    left_out: int


def read_files(names: Sequence[str], advance: Advance = lambda name, done: None) -> ReadFiles:
    """The first bodies of each file, together not more than MAX_BODIES; raises BrokenInput."""
    found: list[ReadBody] = []
    unread, left_out = 0, 0
    broken: list[BrokenBody] = []
    used: set[str] = set()
    for number, name in enumerate(names):
        room = (MAX_BODIES - len(found)) // (len(names) - number)
        traffic, values = Traffic(), list[Any]()
        size = 0

        def watch(file: str, done: int) -> None:
            nonlocal size
            size = done
            advance(file, done)

        for some in traffic.of_files([name], watch):
            values += some[: max(room, 1) - len(values)]
            if len(values) >= max(room, 1) or size > MAX_BYTES:
                break
        stem = _case_name(name)
        for at, value in enumerate(values, 1):
            case = _unused(stem if len(values) == 1 else f"{stem}_{at}", used)
            found.append(ReadBody(value, case))
        unread, left_out = unread + traffic.unread, left_out + traffic.left_out
        broken += traffic.broken
    return ReadFiles(tuple(found), unread, tuple(broken), left_out)


def _case_name(name: str) -> str:
    stem = Path(name).name.removesuffix(".gz").rpartition(".")[0] or Path(name).name
    return _NO_NAME.sub("_", stem).strip("_") or "sample"


def _unused(name: str, used: set[str]) -> str:
    number, found = 1, name
    while found.lower() in used:  # some systems do not tell capitals apart
        number, found = number + 1, f"{name}_{number + 1}"
    used.add(found.lower())
    return found


def choose(bodies: Sequence[ReadBody]) -> list[ReadBody]:
    """The bodies that become samples: the first, and those that show something new; MAX_SAMPLES at most."""
    chosen: list[ReadBody] = []
    seen: set[tuple[Any, ...]] = set()
    for body in bodies:
        signs = set(_signs(body.value, ()))
        if not chosen or signs - seen:
            chosen.append(body)
            seen |= signs
        if len(chosen) == MAX_SAMPLES:
            break
    return chosen


def _signs(value: Any, names: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """The paths of a body with their types, and words of a vendor at the top two levels."""
    yield (names, type(value).__name__, value == "" or value == [])
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _signs(member, (*names, name if is_field_name(name) else "*"))
    elif isinstance(value, list):
        for element in value[:_MAX_ELEMENTS]:
            yield from _signs(element, (*names, "[]"))
    elif isinstance(value, str) and names and names[-1] in _NAMES_OF_EVENTS and are_constants([value]):
        yield (names, value)


def case_bytes(body: Any, received_at: str) -> bytes:
    """The file of a sample; with a time of receipt, if the mapping needs one. Numbers keep their digits."""
    is_like_a_request = isinstance(body, dict) and body.keys() == {"request"}
    if received_at or is_like_a_request:
        body = {"request": {**({"received_at": received_at} if received_at else {}), "body": body}}
    try:
        return write(body, is_ascii=False, is_strict=False).encode() + b"\n"
    except UnicodeEncodeError:  # half of a surrogate pair can only be written as an escape
        return write(body, is_ascii=True, is_strict=False).encode() + b"\n"
