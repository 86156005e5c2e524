"""Ledger: results are written line by line and counted, so that every item is accounted for."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import BinaryIO

import msgspec

from mapper.cli.bodies import Body
from mapper.codes import CODES
from mapper.diagnostics import Diagnostic
from mapper.render.visible import visible
from mapper.result import Rejected, Result, Skipped

FIRST_SHOWN = 5

_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(slots=True)
class Ledger:
    """Writes events, skips and rejections to their files and keeps the counts of the closing summary."""

    events_to: BinaryIO
    skipped_to: BinaryIO | None = None
    rejected_to: BinaryIO | None = None
    show_values: bool = False
    bodies: int = 0
    items: int = 0
    events: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    codes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    firsts: dict[tuple[str, ...], tuple[Body, Rejected]] = field(default_factory=dict)

    def enter(self, body: Body, result: Result) -> None:
        """Write and count everything one body gave."""
        self.bodies += 1
        self.items += result.items
        self.repairs.update(repair.name for repair in result.repairs)
        self.events += len(result.events)
        for event in result.events:
            self.events_to.write(encode(event) + b"\n")
        for skip in result.skipped:
            self.reasons[skip.reason] += 1
            if self.skipped_to:
                line = _skip_line(body, skip) | _repairs(result)
                _write(self.skipped_to, line, skip.item, body)
        for rejected in result.rejected:
            codes = tuple(dict.fromkeys(rejected.codes))
            self.codes[codes] += 1
            self.firsts.setdefault(codes, (body, rejected))
            if self.rejected_to:
                line = _rejection_line(body, rejected, self.show_values) | _repairs(result)
                _write(self.rejected_to, line, rejected.item, body)

    @property
    def rejected(self) -> int:
        """How many items were rejected."""
        return self.codes.total()

    def summary(self) -> list[str]:
        """The closing lines; the first one's numbers add up, and so do the rows of items below it."""
        skipped, bodies = self.reasons.total(), "body" if self.bodies == 1 else "bodies"
        head = (
            f"{self.bodies:,} {bodies} · {self.items:,} {'item' if self.items == 1 else 'items'} = "
            f"{self.events:,} {'event' if self.events == 1 else 'events'} + {skipped:,} skipped + "
            f"{self.rejected:,} rejected"
        )
        rows = [("skipped", number, visible(reason)) for reason, number in self.reasons.most_common()]
        rows += [("rejected", number, _slugs(codes)) for codes, number in self.codes.most_common()]
        rows += [("repaired", number, _bodies(name, number)) for name, number in self.repairs.most_common()]
        width = max((len(f"{number:,}") for _, number, _ in rows), default=0)
        return [head, *(f"  {title:<8}  {number:>{width},}  {text}" for title, number, text in rows)]

    def first_rejections(self) -> Iterable[tuple[str, tuple[Diagnostic, ...]]]:
        """The first rejection of each of the most frequent kinds: where it stands, and why."""
        for codes, _ in self.codes.most_common(FIRST_SHOWN):
            body, rejected = self.firsts[codes]
            yield f"{body.file}:{body.line}, item {rejected.index}", rejected.diagnostics


def encode(value: object) -> bytes:
    """A value as one line of JSON; numbers keep all their digits, halves of surrogate pairs are escapes."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return _escaped(value).encode("ascii")


def _escaped(value: object) -> str:
    match value:
        case dict():
            return f"{{{','.join(f'{json.dumps(key)}:{_escaped(inner)}' for key, inner in value.items())}}}"
        case list() | tuple():
            return f"[{','.join(map(_escaped, value))}]"
        case Decimal():
            return str(value)
        case _:
            return json.dumps(value)


def _write(to: BinaryIO, line: dict[str, object], item: object, body: Body) -> None:
    """Write a line with the original item; one too deep to be written goes out as the body's text."""
    try:
        to.write(encode(line | _payload(item)) + b"\n")
    except RecursionError:
        to.write(encode(line | _payload(body.data)) + b"\n")


def _skip_line(body: Body, skip: Skipped) -> dict[str, object]:
    return {"file": body.file, "line": body.line, "item": skip.index, "reason": skip.reason}


def _rejection_line(body: Body, rejected: Rejected, show_values: bool) -> dict[str, object]:
    line: dict[str, object] = {
        "file": body.file,
        "line": body.line,
        "item": rejected.index,
        "codes": list(rejected.codes),
        "location": rejected.location,
        "messages": [diagnostic.message for diagnostic in rejected.diagnostics],
    }
    if show_values:
        line["values"] = [diagnostic.value for diagnostic in rejected.diagnostics]
    return line


def _repairs(result: Result) -> dict[str, object]:
    """What was put right in the body of an item, where anything was: the payload shows it repaired."""
    return {"repairs": [repair.name for repair in result.repairs]} if result.repairs else {}


def _payload(item: object) -> dict[str, object]:
    """The original item: as JSON, or where it is no JSON as text, or where it is no text in base64."""
    if not isinstance(item, bytes):
        return {"payload": item}
    try:
        return {"payload_text": item.decode("utf-8")}
    except UnicodeDecodeError:
        return {"payload_base64": base64.b64encode(item).decode("ascii")}


def _bodies(name: str, number: int) -> str:
    return f"{'body' if number == 1 else 'bodies'}: {name}"


def _slugs(codes: tuple[str, ...]) -> str:
    return ", ".join(f"{code} {CODES[code].slug}" for code in codes)
