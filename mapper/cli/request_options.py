"""Request options: options of the command line become the request that a host passes in beside a body."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mapper.diagnostics.stop import Stop
from mapper.runtime.limits import DEFAULT
from mapper.samples.cases import request_of
from mapper.transform.request import Request


def add_scopes(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a request."""
    scopes = parser.add_argument_group("request", "what a host would pass in beside each body")
    scopes.add_argument("--request", metavar="FILE", help="JSON with headers, query, settings, received_at")
    for name in ("header", "query", "setting"):
        scopes.add_argument(f"--{name}", metavar="KEY=VALUE", action="append", default=[])
    scopes.add_argument("--received-at", metavar="TIME", help="RFC 3339 date-time")


def read_scopes(arguments: argparse.Namespace) -> Request:
    """The request of `--request`, with what the other options set in place of its parts."""
    fields = _request_file(arguments.request) if arguments.request else {}
    for option, name in (("header", "headers"), ("query", "query"), ("setting", "settings")):
        given = dict(_pair(option, text) for text in getattr(arguments, option))
        if given:
            part = fields.get(name, {})
            fields[name] = (part | given) if isinstance(part, dict) else part
    if arguments.received_at:
        fields["received_at"] = arguments.received_at
    try:
        return request_of(fields)
    except (ValueError, TypeError) as error:
        raise Stop(f"the request cannot be used: {error}") from None


def _request_file(name: str) -> dict[str, object]:
    try:
        # It may be a pipe, as a shell makes one of the output of a command.
        with Path(name).open("rb") as stream:
            data = stream.read(DEFAULT.body_bytes + 1)
        if len(data) > DEFAULT.body_bytes:
            raise Stop(f"`{name}` is larger than {DEFAULT.body_bytes:,} bytes")
        fields = json.loads(data)
    except OSError as error:
        raise Stop(f"cannot read `{name}`: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise Stop(f"`{name}` is not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise Stop(f"`{name}` must hold an object with headers, query, settings, received_at")
    return fields


def _pair(option: str, text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        # The text is not shown: it may be a secret that slipped out of its place.
        raise Stop(f"`--{option}` must be KEY=VALUE")  # what was given may be a secret
    return key, value
