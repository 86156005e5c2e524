"""Limit options: `--limit NAME=VALUE` options become the limits under which mappings are compiled and run."""

from __future__ import annotations

import argparse
from dataclasses import fields

from mapper.diagnostics.diagnostic import did_you_mean
from mapper.diagnostics.stop import Stop
from mapper.runtime.limits import Limits

NAMES = tuple(field.name for field in fields(Limits))


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--limit",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help=f"another limit than the default, of these: {', '.join(NAMES)}",
    )


def read_limits(arguments: argparse.Namespace) -> Limits:
    """The limits; of equal names the last counts. Wrong text is not repeated, for it may be a secret."""
    chosen: dict[str, int] = {}
    for text in arguments.limit:
        name, equals, value = text.partition("=")
        if not equals:
            raise Stop("`--limit` must be NAME=VALUE")
        if name not in NAMES:
            known = did_you_mean(name, NAMES) or f"there are {', '.join(NAMES)}"
            raise Stop(f"`--limit` names no limit; {known}")
        if not (value.isascii() and value.isdigit() and len(value) <= 18):
            raise Stop(f"`--limit {name}` must be a whole number of at most 18 digits")
        chosen[name] = int(value)
    try:
        return Limits(**chosen)
    except ValueError as error:
        raise Stop(f"`--limit` cannot be used: {error}") from None
