"""Replay: lines of rejected items become bodies again, of which only the rejected items are mapped.

`item_lines` writes the lines and documents their format.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NoReturn

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.stop import Stop
from mapper.samples.cases import request_of
from mapper.streams.envelopes import EnvelopeNeeds, join, read_location
from mapper.streams.item_lines import encode
from mapper.transform.body import read_body
from mapper.transform.request import Request
from mapper.transform.result import Outcome, Rejected, Skipped
from mapper.transform.stream import Stream


@dataclass(frozen=True, slots=True)
class ReplayBody:
    """A body to be mapped again: `items` of it, None for all; `location` is that of its only item before.

    `request` is what the line holds of the request, None if it holds nothing of it. If it `is_line`, the body
    is a line of `--input requests` that could not be read.
    """

    file: str
    line: int
    body: bytes
    items: frozenset[int] | None
    location: str = ""
    request: Request | None = None
    is_line: bool = False

    def chosen(self, stream: Stream) -> Iterator[Outcome]:
        """The outcomes of these items, with the indexes they had before.

        A body that is rejected as a whole now is one outcome. Raises Stop if it has fewer items than before.
        """
        if self.location:
            for outcome in stream:
                yield self._relocated(outcome, min(self.items or (0,)))
        elif self.items is not None and max(self.items) >= stream.items:
            whole = next(stream, None) if stream.items == 1 else None
            if not isinstance(whole, Rejected):
                _refuse(f"`{self.file}:{self.line}`", "the body has fewer items now")
            yield whole
        else:
            for index, outcome in enumerate(stream):
                if self.items is None or index in self.items:
                    yield outcome

    def _relocated(self, outcome: Outcome, index: int) -> Outcome:
        match outcome:
            case Skipped():
                return Skipped(index, outcome.reason, outcome.item)
            case Rejected():
                diagnostics = tuple(self._moved(outcome))
                return Rejected(index, self.location, diagnostics, outcome.item)
        return outcome

    def _moved(self, rejected: Rejected) -> Iterator[Diagnostic]:
        for diagnostic in rejected.diagnostics:
            inside = (diagnostic.location or "").removeprefix(rejected.location)
            yield replace(diagnostic, location=self.location + inside)


def replay_bodies(
    file: str, lines: Iterable[tuple[int, bytes]], needs: EnvelopeNeeds
) -> Iterator[ReplayBody]:
    """The bodies of lines that `--rejected` wrote; raises Stop at a line that cannot be mapped again."""
    group: ReplayBody | None = None
    for number, line in lines:
        again = _read(f"{file}:{number}", line, needs, group)
        if group is not None and again.items is not None and again.body is group.body:
            group = replace(group, items=(group.items or frozenset()) | again.items)
            continue
        if group is not None:
            yield group
        group = again
    if group is not None:
        yield group


def _read(place: str, line: bytes, needs: EnvelopeNeeds, above: ReplayBody | None) -> ReplayBody:
    try:
        return _parse(place, line, needs, above)
    except (KeyError, TypeError, ValueError):
        raise Stop(f"{place} is no line that `--rejected` wrote") from None


def under(given: Request, own: Request | None) -> Request:
    """The request of a line: what the line says counts, and for the rest what was given for all lines."""
    if own is None:
        return given
    return Request(
        {**given.headers, **own.headers},
        {**given.query, **own.query},
        {**given.settings, **own.settings},
        own.received_at or given.received_at,
    )


def _parse(place: str, line: bytes, needs: EnvelopeNeeds, above: ReplayBody | None) -> ReplayBody:
    found = read_body(line)
    if isinstance(found, Diagnostic) or not isinstance(found.value, dict):
        raise ValueError(place)
    entry = found.value
    file, number, index, location = entry["file"], entry["line"], entry["item"], entry["location"]
    if not (isinstance(file, str) and isinstance(location, str)):
        raise TypeError(place)
    whole, items = _bytes(entry, "payload"), frozenset({int(index)})
    request = request_of(entry["request"]) if "request" in entry else None
    if "each" not in entry:  # the item is the body itself
        raw = _bytes(entry, "body") if whole is None else whole  # a body may be empty
        raw = encode(entry["payload"]) if raw is None else raw
        is_line = "M011" in entry.get("codes", ())
        return ReplayBody(file, int(number), raw, None, request=request, is_line=is_line)
    if list(entry["each"]) != list(needs.each):
        _refuse(place, "`each` of the mapping changed since the item was rejected")
    if "envelope" in entry:
        steps = read_location(location)
        if not needs.can_part(steps):
            _refuse(place, "the mapping now reads more of the body than was kept")
        again = encode(join(entry["envelope"], steps, entry["payload"]))
        return ReplayBody(file, int(number), again, items, location, request)
    body = _bytes(entry, "body")
    if body is None and "body_above" in entry:
        if above is None or (above.file, above.line) != (file, number):
            _refuse(place, "the line above it, which held its body, is gone")
        body, request = above.body, above.request
    body = whole if body is None else body
    if body is None:
        raise KeyError(place)
    return ReplayBody(file, int(number), body, items, request=request)


def _bytes(entry: dict[str, object], key: str) -> bytes | None:
    text, packed = entry.get(key + "_text"), entry.get(key + "_base64")
    if isinstance(text, str):
        return text.encode("utf-8")
    return base64.b64decode(packed, validate=True) if isinstance(packed, str) else None


def _refuse(place: str, why: str) -> NoReturn:
    raise Stop(f"cannot replay {place}: {why}; run its body again")
