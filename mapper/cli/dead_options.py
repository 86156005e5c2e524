"""Dead options: the options that choose dead letters."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta

from mapper.diagnostics.stop import Stop
from mapper.receiver.dead_letters import DeadLetterFilter

_AGE = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def add_filter(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    chosen = parser.add_argument_group("the dead letters that are meant; default: all")
    chosen.add_argument("--source", metavar="NAME", default="", help="the name of a source")
    chosen.add_argument("--code", metavar="CODE", default="", help="a code, such as M611")
    chosen.add_argument("--field", metavar="NAME", default="", help="a field of the event, such as user_id")
    chosen.add_argument(
        "--of", metavar="MAPPING", default="", help="the name of the mapping that rejected them"
    )
    chosen.add_argument("--version", metavar="HASH", default="", help="the beginning of its version")
    chosen.add_argument("--since", metavar="TIME", default="", help="an age such as 2h, or an RFC 3339 time")


def read_filter(arguments: argparse.Namespace) -> DeadLetterFilter:
    """The filter of the options; raises Stop for a time that cannot be read."""
    return DeadLetterFilter(
        arguments.source,
        arguments.code.upper(),
        arguments.field,
        arguments.of,
        arguments.version,
        _since(arguments.since),
    )


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
