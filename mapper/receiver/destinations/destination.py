"""Destination: the part of a place for events that a deliverer sees. A host can bring its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

MAX_ANSWER = 1024  # bytes of an answer that are kept


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """An event in the queue of a destination.

    `id` rises in the order of the events. `item_hash` is the digest of the item that it was made of. The id
    of an event is unique within its source and mapping; None if it has none, and bytes are the JSON of an
    id that is not a text. `attempts` have failed so far, and `queued_at` is in seconds since 1970.
    """

    id: int
    source: str
    mapping: str
    received_at: str
    event_id: str | bytes | None
    item_hash: bytes
    event: bytes = field(repr=False)
    attempts: int = 0
    queued_at: float = 0.0
    lane: str = field(default="", repr=False)


class Verdict(IntEnum):
    """The end of one try to deliver an event."""

    DELIVERED = 0
    DUPLICATE = 1  # the destination has the same event already
    CONFLICT = 2  # the destination has another event under this id, and keeps both
    DEAD = 3  # it will never be taken
    RETRY = 4


@dataclass(frozen=True, slots=True)
class Tried:
    """The end of a try for one event: `status` is a word or number of the destination, `answer` its first kB.

    `retry_after` are the seconds for which the destination asks not to be called.
    """

    verdict: Verdict
    status: str = ""
    answer: str = field(default="", repr=False)
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The ends of tries for some events, in their order; and the position behind them, None for the same."""

    tries: Sequence[Tried]
    position: str | None = None

    @classmethod
    def all(cls, events: Sequence[QueuedEvent], position: str | None = None) -> Delivered:
        """All of them were taken."""
        return cls([Tried(Verdict.DELIVERED)] * len(events), position)


class DeliveryError(Exception):
    """A destination takes no events now, whichever they are; they stay in the queue, and no try is counted.

    The text is shown, so it holds no value and no secret.
    """

    def __init__(
        self, text: str, status: str = "", answer: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(text)
        self.status, self.answer, self.retry_after = status, answer, retry_after


class EventsRefused(Exception):
    """Events are refused for what they hold. Of several, each half is tried; a single one is dead."""

    def __init__(self, status: str, answer: str = "") -> None:
        super().__init__(status)
        self.status, self.answer = status, answer


class DeliveryBroken(Exception):
    """A sync failed: nobody knows which events are on disk, and the process has to end."""


class Destination(Protocol):
    """Takes events. All methods are called in one thread, the coroutines by one event loop.

    A position is a text that the spool keeps together with the marks of delivery.
    """

    @property
    def name(self) -> str:
        """The name, which is unique."""

    @property
    def batch(self) -> int:
        """The largest number of events that are delivered together."""

    @property
    def concurrency(self) -> int:
        """The largest number of deliveries at the same time."""

    def begin(self, position: str) -> None:
        """Go on at a position, the empty one at first; all behind it was not marked and will come again."""

    async def deliver(self, events: Sequence[QueuedEvent]) -> Delivered:
        """Deliver events; returns when they are durable, or raises one of the errors of this module."""

    def tidy(self) -> str | None:
        """Do what is due while nothing is delivered; the new position, None for the same one."""

    async def end(self) -> None:
        """Let go of files and connections; `begin` may follow."""
