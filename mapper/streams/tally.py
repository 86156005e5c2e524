"""Tally: every item is counted as event, skip or rejection, so that the summary accounts for all of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from mapper.diagnostics.codes import CODES
from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.render.summary import counted
from mapper.diagnostics.render.visible import visible

FIRST_SHOWN = 10
# The field of the event that a message begins with, and its first part.
_FIELD = re.compile(r"`(([A-Za-z_]\w{0,39})[\w.]{0,80})[`\[]", re.ASCII)
# Their messages name places in events: these may hold names of payloads, and there may be any number of them.
_OF_EVENTS = {"M606", "M607", "M612", "M623"}


@dataclass(frozen=True, slots=True)
class FirstRejection:
    """The first rejection with some faults: its place and diagnostics, as `text` if an earlier run met it."""

    file: str
    line: int
    item: int
    diagnostics: tuple[Diagnostic, ...]
    text: str = ""

    @property
    def place(self) -> str:
        """Its place, for people."""
        return f"{self.file}:{self.line}, item {self.item}"


@dataclass(slots=True)
class Tally:
    """The counts of a run, or of a part of it. If it `has_requests`, bodies look like lines of requests.

    `ids` are up to two ids of events, if they are compared.
    """

    bodies: int = 0
    items: int = 0
    events: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    faults: Counter[tuple[str, ...]] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    firsts: dict[tuple[str, ...], FirstRejection] = field(default_factory=dict)
    has_requests: bool = False
    ids: frozenset[bytes] = frozenset()

    @property
    def rejected(self) -> int:
        """The number of rejected items."""
        return self.faults.total()

    def add(self, later: Tally) -> None:
        """Add the counts of the part that follows."""
        self.bodies += later.bodies
        self.items += later.items
        self.events += later.events
        self.reasons.update(later.reasons)
        self.faults.update(later.faults)
        self.repairs.update(later.repairs)
        self.firsts = later.firsts | self.firsts
        self.has_requests |= later.has_requests
        self.ids |= later.ids if len(self.ids) < 2 else frozenset()

    def moved(self, lines: int) -> Tally:
        """The same, with `lines` added to all numbers of lines."""
        if not self.firsts:
            return self
        firsts = {faults: replace(first, line=first.line + lines) for faults, first in self.firsts.items()}
        return replace(self, firsts=firsts)

    def summary(self) -> list[str]:
        """The closing lines; the numbers of the first one add up, and so do the rows of items below it."""
        bodies, items = counted(self.bodies, "body", "bodies"), counted(self.items, "item")
        events, skipped = counted(self.events, "event"), self.reasons.total()
        head = f"{bodies} · {items} = {events} + {skipped:,} skipped + {self.rejected:,} rejected"
        rows = [("skipped", number, visible(reason)) for reason, number in self.reasons.most_common()]
        rows += [("rejected", number, _slugs(faults)) for faults, number in self.faults.most_common()]
        rows += [("repaired", number, _bodies(name, number)) for name, number in self.repairs.most_common()]
        width = max((len(f"{number:,}") for _, number, _ in rows), default=0)
        return [head, *(f"  {title:<8}  {number:>{width},}  {text}" for title, number, text in rows)]

    def document(self) -> dict[str, object]:
        """The numbers and the first rejections, as `schemas/reports/run.schema.json` describes them."""
        return {
            "bodies": self.bodies,
            "items": self.items,
            "events": self.events,
            "skipped": [{"reason": reason, "items": number} for reason, number in self.reasons.most_common()],
            "rejected": [self._kind(faults, number) for faults, number in self.faults.most_common()],
            "repaired": [{"repair": name, "bodies": number} for name, number in self.repairs.most_common()],
        }

    def _kind(self, faults: tuple[str, ...], number: int) -> dict[str, object]:
        pairs = [fault.partition(" ") for fault in faults]
        first = self.firsts[faults]
        return {
            "faults": [{"code": code, "field": name or None} for code, _, name in pairs],
            "items": number,
            "first": {"file": first.file, "line": first.line, "item": first.item},
        }

    def first_rejections(self) -> Iterator[FirstRejection]:
        """The first rejection of each of the most frequent kinds."""
        for faults, _ in self.faults.most_common(FIRST_SHOWN):
            yield self.firsts[faults]


def _bodies(name: str, number: int) -> str:
    return f"{'body' if number == 1 else 'bodies'}: {name}"


def faults_of(diagnostics: Iterable[Diagnostic]) -> tuple[str, ...]:
    """The faults of a rejection, each once: `M611 user_id`, or the code alone if no field has the fault."""
    return tuple(dict.fromkeys(map(_fault, diagnostics)))


def _fault(diagnostic: Diagnostic) -> str:
    found = _FIELD.match(diagnostic.message)
    if found is None:
        return diagnostic.code
    return f"{diagnostic.code} {found[2] if diagnostic.code in _OF_EVENTS else found[1]}"


def code_of(fault: str) -> str:
    """The code of a fault as `faults_of` writes it."""
    return fault.partition(" ")[0]


def _slugs(faults: tuple[str, ...]) -> str:
    return ", ".join(map(_slug, faults))


def _slug(fault: str) -> str:
    code, _, name = fault.partition(" ")
    return f"{code} {CODES[code].slug}" + (f": {name}" if name else "")
