"""The traffic of a soak: numbered requests of all shipped sources and one more, and what becomes of each."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import urlencode

from mapper.catalog import find_mappings
from mapper.samples.cases import Sample, find_cases
from support.spools import order
from support.vendor_posts import KEYS, RIGHT, SOURCES

# A sample of each mapping that becomes one event, and the part of its body that makes the event's id.
TEMPLATES = {
    "server": ("lookalike_event_with_events_key", b"s-0"),
    "segment": ("lookalike_batch_that_is_text", b"lk-2"),
    "moengage": ("attribute_keys", b"3f0c1d52-7a64-4e0b-9a51-000000000001"),
    "amplitude": ("lookalike_events_that_are_an_object", b"i-0"),
    "amplitude-cohort": ("computed_time_number", b"4f1e::enter::0"),
    "clevertap": ("both_spellings", b'"u-1"'),
    "clevertap-template": ("items_absent", b"7d9e3b10-4c2f"),
    "webengage": ("survey", b"1kfrn7c"),
}
ID = re.compile(r"soak-(\d+)-")
BACK = 85  # how many requests ago the first one with an id was posted, if a later one has the same id
TIMEOUT = 10.0


class Fate(Enum):
    """What must become of a request."""

    DELIVERED = "an event that all destinations take"
    SKIPPED = "an item that is skipped"
    REJECTED = "an item that is rejected"
    NOT_JSON = "a body that is rejected"
    POISON = "an event that PostgreSQL refuses"
    REFUSED = "an event that the server refuses"
    AGAIN = "an item that came before"
    CONFLICT = "another item under an id that came before"


RARE = (
    Fate.SKIPPED,
    Fate.REJECTED,
    Fate.NOT_JSON,
    Fate.POISON,
    Fate.REFUSED,
    Fate.AGAIN,
    Fate.CONFLICT,
)


def fate_of(number: int) -> Fate:
    """The first ones of each hundred requests are not as the others."""
    fate = RARE[number % 100] if number % 100 < len(RARE) else Fate.DELIVERED
    return Fate.DELIVERED if number < BACK and fate in (Fate.AGAIN, Fate.CONFLICT) else fate


def _goes_to_orders(number: int) -> bool:
    """True for the requests of the source that is not a vendor's, also for those that a conflict follows."""
    fate = fate_of(number)
    return fate is not Fate.DELIVERED or fate_of(number + BACK) is Fate.CONFLICT or number % 9 == 0


@dataclass(frozen=True)
class _Template:
    """A request to a source with a place for the id."""

    source: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    before: bytes
    after: bytes

    def post(self, number: int) -> tuple[str, dict[str, str], bytes]:
        body = self.before + f"soak-{number}-".encode() + self.after
        right = RIGHT[self.source](body)
        query = {**self.query, **right.query}
        target = f"{self.path}?{urlencode(query)}" if query else self.path
        return target, {**self.headers, **right.headers}, body


def _templates() -> Iterator[_Template]:
    for path in find_mappings():
        name, part = TEMPLATES[path.stem]
        (case,) = [case for case in find_cases(path) if case.name == name]
        sample = case.load()
        assert isinstance(sample, Sample)
        before, found, after = sample.body.partition(part)
        assert found, case.title
        if part.startswith(b'"'):
            before, after = before + b'"', b'"' + after
        headers = {name: value.strip() for name, value in sample.request.headers.items()}
        query = dict(sample.request.query)
        yield _Template(path.stem, SOURCES[path.stem][0], headers, query, before, after)


VENDORS = list(_templates())


def post_of(number: int) -> tuple[str, dict[str, str], bytes]:
    """The target, the headers and the body of a request."""
    fate = fate_of(number)
    if fate is Fate.AGAIN:
        return post_of(number - BACK)
    if not _goes_to_orders(number):
        return VENDORS[number % len(VENDORS)].post(number)
    body = json.dumps(_order_of(number, fate)).encode()
    if fate is Fate.NOT_JSON:
        body = body[:-2]
    return "/orders", {"X-API-KEY": KEYS["KEY"]}, body


def _order_of(number: int, fate: Fate) -> dict[str, Any]:
    item = order(f"soak-{number}-", details={"text": "x" * 600}, customer=f"c-{number % 1000}")
    match fate:
        case Fate.SKIPPED:
            return {**item, "test": True}
        case Fate.REJECTED:
            return {**item, "customer": None}
        case Fate.POISON:
            return {**item, "details": {"text": "\0"}}
        case Fate.REFUSED:
            return {**item, "details": {"text": "refused"}}
        case Fate.CONFLICT:
            return {**item, "id": f"soak-{number - BACK}-", "type": "changed"}
        case _:
            return item


def number_of(event_id: str) -> int:
    """The number of the request that an event is of."""
    found = ID.search(event_id)
    assert found is not None, event_id
    return int(found[1])


@dataclass
class Marks:
    """How often each number was seen, up to 255 times; takes ids of events as a list does."""

    counts: bytearray = field(default_factory=bytearray)

    def add(self, number: int) -> None:
        if number >= len(self.counts):
            self.counts.extend(bytes(number + 1 - len(self.counts) + 65_536))
        self.counts[number] = min(255, self.counts[number] + 1)

    def extend(self, event_ids: Iterator[str]) -> None:
        for one in event_ids:
            self.add(number_of(one))

    def __getitem__(self, number: int) -> int:
        return self.counts[number] if number < len(self.counts) else 0


@dataclass
class Sender:
    """Threads that post the next numbers at a rate, each until it is answered with success, as vendors do.

    `accepted` has the numbers that were. `unsure` counts the requests that got no answer: they were sent
    again, and may be in the spool twice.
    """

    port: int
    rate: float = 1e9
    threads: int = 16
    accepted: Marks = field(default_factory=Marks)
    statuses: Counter[int] = field(default_factory=Counter)
    unsure: Counter[Fate] = field(default_factory=Counter)
    slowest: float = 0.0
    next: int = 0
    _due: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ending: threading.Event = field(default_factory=threading.Event)
    _started: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self._due = time.monotonic()
        self._ending.clear()
        self._started = [threading.Thread(target=self._run, daemon=True) for _ in range(self.threads)]
        for thread in self._started:
            thread.start()

    def stop(self) -> None:
        """No new numbers; return when all that were begun are accepted."""
        self._ending.set()
        for thread in self._started:
            thread.join()

    def _take(self) -> tuple[int, float]:
        """The next number, and the moment to post it."""
        with self._lock:
            # Who is late does not catch up: a receiver that was away would get all at once.
            self._due = max(self._due + 1 / self.rate, time.monotonic() - 1.0)
            self.next += 1
            return self.next - 1, self._due

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        while not self._ending.is_set():
            number, at = self._take()
            time.sleep(max(0.0, at - time.monotonic()))
            while (wait := self._post(connection, number)) is not None:
                time.sleep(wait)
        connection.close()

    def _post(self, connection: http.client.HTTPConnection, number: int) -> float | None:
        """The seconds after which to send it again; None if it was accepted."""
        target, headers, body = post_of(number)
        begun, status, wait = time.monotonic(), 0, 0.5
        try:
            connection.request("POST", target, body, headers)
            answer = connection.getresponse()
            answer.read()
            status, wait = answer.status, min(2.0, float(answer.headers.get("retry-after", wait)))
        except ConnectionRefusedError:
            connection.close()
        except (OSError, http.client.HTTPException):
            connection.close()
            with self._lock:
                self.unsure[fate_of(number)] += 1
        with self._lock:
            self.statuses[status] += 1
            if status != 200:
                return wait
            self.accepted.add(number)
            self.slowest = max(self.slowest, time.monotonic() - begun)
        return None
