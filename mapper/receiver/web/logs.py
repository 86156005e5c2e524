"""Logs: the answers of a receiver, and what happens to it, as lines of JSON.

A line has no value of a request: no body, no header, no query. All its characters are printable ASCII, so
that no text ends a line or moves a cursor. What libraries log is told without its text, which may have
values.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mapper.receiver.web.app import Answered

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGGER = logging.getLogger("mapper.receiver")
QUIET = 60.0  # seconds between two reports of the same place of a library


def log_answer(answered: Answered) -> None:
    """Log an answer: its source, status, reason and time, and the places of the secrets that were right.

    `id` is in the header `x-request-id` of the answer, `received_at` the time that `mapper dead` shows.
    """
    level = logging.WARNING if answered.status >= 500 else logging.INFO
    fields: dict[str, Any] = {
        "id": answered.id,
        "source": answered.source,
        "status": answered.status,
        "reason": answered.reason,
        "seconds": round(answered.seconds, 6),
        "secrets": list(answered.used),
        "received_at": answered.received_at,
    }
    _log(level, "request", {name: value for name, value in fields.items() if value not in ("", [])})


def log_fault(text: str) -> None:
    """Log a fault that passes."""
    _log(logging.ERROR, "fault", {"text": text})


def log_notice(event: str, **fields: Any) -> None:
    """Log a change of the receiver itself."""
    _log(logging.INFO, event, fields)


def _log(level: int, event: str, fields: dict[str, Any]) -> None:
    LOGGER.log(level, event, extra={"fields": fields})


class JsonFormatter(logging.Formatter):
    """A record becomes an object in one line: the time in UTC, the level, the event, and its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = getattr(record, "fields", {})
        line = {
            "at": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        return json.dumps({**line, **fields}, default=str)


class LineHandler(logging.Handler):
    """Gives lines of JSON to a function. A line that cannot be written is lost: no request fails for it."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self._write_line = write

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        with suppress(Exception):
            self._write_line(self.format(record))


class LibraryHandler(logging.Handler):
    """Tells a function that a library logged a warning or an error: its name, the place, and the exception.

    Each place is told once a minute at the most.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._report = report
        self._told: dict[tuple[str, int], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of a record."""
        place, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._told.get(place, float("-inf")) < QUIET:
            return
        self._told[place] = now
        kind = record.exc_info[0] if record.exc_info else None
        cause = "" if kind is None else f", {kind.__name__}"
        level = "an error" if record.levelno >= logging.ERROR else "a warning"
        with suppress(Exception):
            self._report(f"`{record.name}` logs {level} ({record.filename}:{record.lineno}{cause})")


@contextmanager
def libraries_told(report: Callable[[str], None]) -> Iterator[None]:
    """As long as the block runs, what libraries log is told to a function; Python would print it as it is."""
    handler, root = LibraryHandler(report), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


@contextmanager
def json_lines(write: Callable[[str], None]) -> Iterator[None]:
    """As long as the block runs, lines of the log are given to a function, and to no other handler."""
    handler = LineHandler(write)
    before = LOGGER.level, LOGGER.propagate
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.level, LOGGER.propagate = before
