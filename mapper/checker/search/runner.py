"""Runner: the search compiles and runs programs through this protocol. A later stage implements it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from mapper import ir
from mapper.diagnostics.source import Span
from mapper.runtime.missing import MISSING

_LONG_NUMBER = re.compile(r"(\d)\1{59,}")


@dataclass(frozen=True, slots=True)
class Payload:
    """A parsed body, and the parts of a request that matter."""

    body: object
    headers: Mapping[str, str]
    query: Mapping[str, str]
    settings: Mapping[str, object]
    received_at: str | None = None

    @property
    def size(self) -> tuple[int, int]:
        """The order of payloads: first the parts of the request, then the characters of the body."""
        parts = len(self.headers) + len(self.query) + len(self.settings) + (self.received_at is not None)
        return parts, len(json.dumps(self.body))

    @property
    def text(self) -> str:
        """The body in one line of JSON, and the request in brackets: `{"a": 1} (header x-id: 7)`."""
        return self.in_words(json.dumps(self.body, ensure_ascii=False))

    def in_words(self, body: str, *remarks: str) -> str:
        """A text of the body, and the request and remarks in brackets; one digit many times stands once."""
        extras = [
            *(f"header {name}: {value}" for name, value in self.headers.items()),
            *(f"query {name}={value}" for name, value in self.query.items()),
            *(f"setting {name}: {json.dumps(value)}" for name, value in self.settings.items()),
            *([f"received_at {self.received_at}"] if self.received_at is not None else []),
            *remarks,
        ]
        body = _LONG_NUMBER.sub(lambda found: f"{found[1]}…({len(found[0])} digits)", body)
        return f"{body} ({', '.join(extras)})" if extras else body


@dataclass(frozen=True, slots=True)
class Run:
    """The result of a program for one payload: the event or MISSING; code, span and message of each fault.

    `skipped` is True if a rule ends the item: then the mapping wants it to have no event.
    """

    event: object = MISSING
    skipped: bool = False
    faults: tuple[tuple[str, Span | None, str], ...] = ()


Execute: TypeAlias = Callable[[Payload], Run]
Decide: TypeAlias = Callable[[object], bool | None]  # the verdict on a value; None if it is not known


def undecided(_value: object) -> None:
    """No verdict on any value."""


class Runner(Protocol):
    """Compiles and runs the programs that the search makes of one mapping.

    All of it spends steps of the budget in force (`mapper.budget`), and raises TooComplex after the last one.
    """

    def prepare(self, program: ir.Program, target: object) -> Execute:
        """Compile a program for a target schema; raises any error of code generation."""

    def fits_source(self, item: object, decide: Decide = undecided) -> bool:
        """Return True if an item is known to be valid under the source schema.

        `decide` may know it, and is asked first if the check of the schema is slow.
        """

    def fits_body(self, body: object, decide: Decide = undecided) -> bool:
        """As `fits_source`, for a whole body and its schema."""
