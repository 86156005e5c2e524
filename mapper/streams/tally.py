"""Tally: every item is counted as event, skip or rejection, so that the summary accounts for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mapper.diagnostics.codes import CODES
from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.render.summary import counted
from mapper.diagnostics.render.visible import visible

FIRST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class FirstRejection:
    """The first rejection with some codes: its place and diagnostics, as `text` if an earlier run met it."""

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
    """The counts of a run, or of a part of it."""

    bodies: int = 0
    items: int = 0
    events: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    codes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    firsts: dict[tuple[str, ...], FirstRejection] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        """The number of rejected items."""
        return self.codes.total()

    def add(self, later: Tally) -> None:
        """Add the counts of the part that follows."""
        self.bodies += later.bodies
        self.items += later.items
        self.events += later.events
        self.reasons.update(later.reasons)
        self.codes.update(later.codes)
        self.repairs.update(later.repairs)
        self.firsts = later.firsts | self.firsts

    def moved(self, lines: int) -> Tally:
        """The same, with `lines` added to all numbers of lines."""
        if not self.firsts:
            return self
        firsts = {codes: replace(first, line=first.line + lines) for codes, first in self.firsts.items()}
        return replace(self, firsts=firsts)

    def summary(self) -> list[str]:
        """The closing lines; the numbers of the first one add up, and so do the rows of items below it."""
        bodies, items = counted(self.bodies, "body", "bodies"), counted(self.items, "item")
        events, skipped = counted(self.events, "event"), self.reasons.total()
        head = f"{bodies} · {items} = {events} + {skipped:,} skipped + {self.rejected:,} rejected"
        rows = [("skipped", number, visible(reason)) for reason, number in self.reasons.most_common()]
        rows += [("rejected", number, _slugs(codes)) for codes, number in self.codes.most_common()]
        rows += [("repaired", number, _bodies(name, number)) for name, number in self.repairs.most_common()]
        width = max((len(f"{number:,}") for _, number, _ in rows), default=0)
        return [head, *(f"  {title:<8}  {number:>{width},}  {text}" for title, number, text in rows)]

    def first_rejections(self) -> Iterator[FirstRejection]:
        """The first rejection of each of the most frequent kinds."""
        for codes, _ in self.codes.most_common(FIRST_SHOWN):
            yield self.firsts[codes]


def _bodies(name: str, number: int) -> str:
    return f"{'body' if number == 1 else 'bodies'}: {name}"


def _slugs(codes: tuple[str, ...]) -> str:
    return ", ".join(f"{code} {CODES[code].slug}" for code in codes)
