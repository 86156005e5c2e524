"""Dead options: the options that choose dead letters."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta

from mapper.diagnostics.stop import Stop
from mapper.receiver.delivery.undelivered import UndeliveredFilter
from mapper.receiver.outcomes.dead_letters import DeadLetterFilter

_AGE = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def add_filter(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    chosen = parser.add_argument_group("the dead letters that are meant; default: all")
    chosen.add_argument("--source", metavar="NAME", default="", help="the name of a source")
    chosen.add_argument("--code", metavar="CODE", default="", help="a code, such as M611")
    chosen.add_argument("--field", metavar="NAME", default="", help="a field of the event, such as user_id")
    chosen.add_argument(
        "--destination", metavar="NAME", default="", help="undelivered events of a destination"
    )
    chosen.add_argument(
        "--status", metavar="WORD", default="", help="undelivered events with this status, such as 400"
    )
    chosen.add_argument("--of", metavar="MAPPING", default="", help="the name of their mapping")
    chosen.add_argument("--version", metavar="HASH", default="", help="the beginning of its version")
    chosen.add_argument("--since", metavar="TIME", default="", help="an age such as 2h, or an RFC 3339 time")


def read_filters(arguments: argparse.Namespace) -> tuple[DeadLetterFilter | None, UndeliveredFilter | None]:
    """The rejected items and the undelivered events of the options; one is None if only the other is meant.

    Raises Stop for a time that cannot be read, and for options that go together for nothing.
    """
    of_items = bool(arguments.code or arguments.field)
    of_events = bool(arguments.destination or arguments.status)
    if of_items and of_events:
        raise Stop("`--code` and `--field` are of rejected items, `--destination` and `--status` of events")
    since = _since(arguments.since)
    items = DeadLetterFilter(
        arguments.source, arguments.code.upper(), arguments.field, arguments.of, arguments.version, since
    )
    events = UndeliveredFilter(
        arguments.source, arguments.destination, arguments.status, arguments.of, arguments.version, since
    )
    return (None if of_events else items), (None if of_items else events)


def _since(text: str) -> str:
    if not text:
        return ""
    age = _AGE.fullmatch(text)
    try:
        if age is not None:
            moment = datetime.now(UTC) - timedelta(seconds=int(age[1]) * _SECONDS[age[2]])
        else:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                raise ValueError(text)
    except (ValueError, OverflowError):
        raise Stop(
            "`--since` takes an age such as 30m, 2h or 7d, or a time such as 2026-11-23T20:00:00Z"
        ) from None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
