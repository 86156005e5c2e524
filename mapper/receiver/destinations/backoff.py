"""Backoff: how long a destination is left alone after a failure.

Pauses double and are drawn at random between zero and their bound ("full jitter",
aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter), so that many receivers do not call at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

FIRST = 5.0  # seconds
LONGEST = 36_000.0
# Failures in a row, of whatever events, after which it is the destination that is taken to fail.
IN_A_ROW = 5


def pause(failures: int, chance: Callable[[], float], retry_after: float | None = None) -> float:
    """Seconds until the next try after some failures in a row; `chance` gives a number from 0 to 1."""
    bound = FIRST * 2.0 ** min(max(failures - 1, 0), 30)
    wait = chance() * min(LONGEST, bound)
    return wait if retry_after is None else max(wait, min(LONGEST, retry_after))


def read_retry_after(text: str | None, now: float) -> float | None:
    """The seconds of a `Retry-After` header (RFC 9110, 10.2.3), which are at least 0 and bounded.

    None if there is none that can be read.
    """
    written = (text or "").strip()
    if written.isascii() and written.isdigit():
        return float(min(int(written[:12]), LONGEST))
    try:
        moment = parsedate_to_datetime(written)
        return min(LONGEST, max(0.0, moment.timestamp() - now))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@dataclass(slots=True)
class Circuit:
    """Knows when a destination may be called.

    It is open from a failure of the destination until a delivery succeeds. Meanwhile one delivery is tried
    after each pause. `failures` is the number of failures in a row, `until` the time before which nothing
    is tried, `status` and `answer` are those of the last failure.
    """

    failures: int = 0
    until: float = 0.0
    status: str = ""
    answer: str = field(default="", repr=False)
    _in_a_row: int = 0

    @property
    def is_open(self) -> bool:
        """True while the destination is taken to fail."""
        return self.failures > 0

    def succeed(self) -> None:
        """The destination answered about an event."""
        self.failures, self.until, self.status, self.answer, self._in_a_row = 0, 0.0, "", "", 0

    def miss(
        self, now: float, wait: float, status: str, answer: str, retry_after: float | None = None
    ) -> None:
        """One event could not be delivered; of several in a row the destination is the cause."""
        self._in_a_row += 1
        if self._in_a_row >= IN_A_ROW or retry_after is not None or self.is_open:
            self.fail(now, wait, status, answer)

    def fail(self, now: float, wait: float, status: str, answer: str) -> None:
        """The destination takes nothing for now."""
        if now >= self.until:
            # Deliveries that were begun together and fail together are one failure.
            self.failures += 1
        self.until = max(self.until, now + wait)
        self.status, self.answer = status, answer
