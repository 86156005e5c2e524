"""Settings: the parts of a configuration that the spool and the destinations need, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mapper.receiver.configuration.keys import Secret

GIGABYTE = 1000**3
DAY = 86_400.0
# The log of a spool counts as used, and can have 64 MiB before it is emptied: with less, requests could be
# refused for ever.
MIN_MAX_BYTES = 100 * 1000**2


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    """The folder of a spool, and the bounds beyond which new requests are refused.

    `keep` is the time in seconds for which finished requests are kept. `max_bytes` are the bytes of the
    spool, `min_free` those that are left free on its disk. `max_waiting` is the number of requests that are
    accepted and not yet mapped, `max_delay` the time in seconds that a commit may take.
    """

    folder: Path = Path("spool")
    keep: float = 30 * DAY
    max_bytes: int = 20 * GIGABYTE
    min_free: int = GIGABYTE
    max_waiting: int = 100_000
    max_delay: float = 1.0


@dataclass(frozen=True, slots=True)
class GiveUp:
    """How long an event is tried: a number of tries, and the seconds since it was queued."""

    attempts: int = 50
    age: float = 7 * 86_400.0

    def is_over(self, attempts: int, age: float) -> bool:
        """True if an event that failed again is given up."""
        return attempts >= self.attempts or age >= self.age


@dataclass(frozen=True, slots=True)
class FilesSettings:
    """Files of events in a folder: a new one after `rotate` seconds or `max_bytes`, packed if `gzip`."""

    folder: Path
    rotate: float = 3600.0
    gzip: bool = False
    max_bytes: int = GIGABYTE


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """A server that takes events by POST.

    A request has one event, or an array of up to `events_per_request`. `concurrency` is the largest number
    of requests at the same time, `timeout` the seconds that one may take. If `is_ordered`, an event waits
    for all earlier ones of its user.
    """

    url: str = field(repr=False)
    headers: tuple[tuple[str, Secret], ...] = ()
    events_per_request: int = 1
    concurrency: int = 8
    timeout: float = 30.0
    is_ordered: bool = False
    give_up: GiveUp = GiveUp()


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """A table in PostgreSQL; `schema` is empty for the first one of the search path."""

    dsn: Secret
    table: str
    schema: str = ""


@dataclass(frozen=True, slots=True)
class DestinationSettings:
    """A destination of events: its name, which is unique, and its kind."""

    name: str
    kind: FilesSettings | HttpSettings | PostgresSettings
