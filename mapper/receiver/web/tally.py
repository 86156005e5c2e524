"""Tally: what a receiver counts in memory from its start on: answers, commits, and outcomes by minute."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from mapper.receiver.outcomes.worker import field_of
from mapper.receiver.spool.tables import EventRow, Portion, RejectionRow, SkipRow
from mapper.receiver.web.app import Answered

MINUTES = 60
# Sets of labels of rejections that are told apart; more are counted as `other`.
MAX_REASONS = 500
OTHER = "other"
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(slots=True)
class Buckets:
    """Durations in seconds by size: `counts` has one number for each of BOUNDS, and one for longer ones."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    sum: float = 0.0

    def add(self, seconds: float) -> None:
        """Count a duration."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    def cumulative(self) -> list[tuple[float, int]]:
        """The number of durations up to each bound, the last one infinite."""
        total = 0
        found = []
        for bound, count in zip((*BOUNDS, float("inf")), self.counts, strict=True):
            total += count
            found.append((bound, total))
        return found


@dataclass(frozen=True, slots=True)
class MinuteCounts:
    """The outcomes of one minute."""

    events: int = 0
    skipped: int = 0
    rejected: int = 0

    def plus(self, other: MinuteCounts) -> MinuteCounts:
        """The sum of both."""
        return MinuteCounts(
            self.events + other.events, self.skipped + other.skipped, self.rejected + other.rejected
        )


class TallyCopies(NamedTuple):
    """Counts of one moment, by the labels of `ReceiverTally`."""

    requests: Counter[tuple[str, int, str]]
    rejected: Counter[tuple[str, str, str]]
    tries: Counter[tuple[str, str]]


@dataclass(slots=True)
class ReceiverTally:
    """Counts that threads share; `requests` by source, status and reason, `rejected` by source, code, field,
    `tries` to deliver by destination and result.

    No label is a text of a request: sources are those of the configuration, codes and reasons words of this
    program, fields those that the mapping writes.
    """

    clock: Callable[[], float] = time.time
    requests: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    tries: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Buckets = field(default_factory=Buckets)
    commits: Buckets = field(default_factory=Buckets)
    _minutes: dict[str, dict[int, MinuteCounts]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, answer: Answered) -> None:
        """Count an answer."""
        with self._lock:
            self.requests[answer.source, answer.status, answer.reason] += 1
            self.answers.add(answer.seconds)

    def committed(self, seconds: float) -> None:
        """Count a group of requests that was written."""
        with self._lock:
            self.commits.add(seconds)

    def entered(self, portions: Iterable[Portion]) -> None:
        """Count outcomes that were entered into the spool."""
        with self._lock:
            for portion in portions:
                self._enter(portion)

    def last_hour(self, source: str) -> list[MinuteCounts]:
        """The outcomes of each of the last minutes, the present one last."""
        with self._lock:
            now, minutes = self._minute(), self._minutes.get(source, {})
            return [minutes.get(minute, MinuteCounts()) for minute in range(now - MINUTES + 1, now + 1)]

    def tried(self, destination: str, result: str, count: int = 1) -> None:
        """Count tries to deliver events; `result` is a word of this program."""
        with self._lock:
            self.tries[destination, result] += count

    def copies(self) -> TallyCopies:
        """The requests, the rejections and the tries of this moment."""
        with self._lock:
            return TallyCopies(Counter(self.requests), Counter(self.rejected), Counter(self.tries))

    def _minute(self) -> int:
        return int(self.clock() // 60)

    def _enter(self, portion: Portion) -> None:
        kinds = Counter(type(row) for row in portion.rows)
        found = MinuteCounts(kinds[EventRow], kinds[SkipRow], kinds[RejectionRow])
        minutes, now = self._minutes.setdefault(portion.source, {}), self._minute()
        minutes[now] = minutes.get(now, MinuteCounts()).plus(found)
        for old in [minute for minute in minutes if minute <= now - MINUTES]:
            del minutes[old]
        if found.rejected:
            for row in portion.rows:
                if isinstance(row, RejectionRow):
                    self._reject(portion, row)

    def _reject(self, portion: Portion, row: RejectionRow) -> None:
        reasons = zip(row.codes, row.messages, strict=True)
        found = ((code, written_part(field_of(message) or "", portion.written)) for code, message in reasons)
        for code, name in dict.fromkeys(found):
            key = (portion.source, code, name)
            if key not in self.rejected and len(self.rejected) >= MAX_REASONS:
                key = (portion.source, OTHER, OTHER)
            self.rejected[key] += 1


def written_part(name: str, written: frozenset[str]) -> str:
    """The longest beginning of a field's name that the mapping writes; names inside may be the payload's."""
    while name and name not in written:
        name = name.rpartition(".")[0]
    return name
