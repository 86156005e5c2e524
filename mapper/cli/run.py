"""Run: files of request bodies become NDJSON events, with skips and rejections beside them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from mapper import render
from mapper.cli import screen
from mapper.cli.bodies import FORMS, STDIN, Input, ReadError, open_input, total_size
from mapper.cli.ledger import Ledger
from mapper.cli.stop import Stop
from mapper.cli.targets import find_target
from mapper.compiler import load
from mapper.errors import CompileError
from mapper.request import Request
from mapper.samples import request_of
from mapper.transform import Transform

DESCRIPTION = """\
Turns request bodies into events. Input is NDJSON, one body a line, or one JSON document, which is one body;
gzip is unpacked. Events go out as NDJSON. Every item ends as an event, skipped, or rejected: the closing line
on standard error adds them up, and the exit code is 1 where an item was rejected.

A document over several lines is recognised up to 64 MiB; `--input` says which of the two it is beyond that.
NDJSON is read one body at a time, however long the file is. An array is one body, as some vendors send
arrays; `jq -c '.[]'` makes a file of bodies from a list of them."""
EXAMPLES = """\
examples:
  mapper run orders events.ndjson.gz -o events.out --rejected rejected.ndjson
  mapper run my/shop.yaml < bodies.ndjson | head
  mapper run orders body.json --header x-tenant=acme --received-at 2026-11-23T20:00:00Z
  mapper run orders bodies.ndjson --request request.json      {"headers": .., "query": .., "settings": ..}"""
EVERY = 200  # bodies between two updates of the progress bar

Advance: TypeAlias = Callable[[Input], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("mapping", metavar="MAPPING", help="a mapping's name or file")
    parser.add_argument("files", metavar="FILE", nargs="*", help="input; `-` or none is standard input")
    parser.add_argument("--input", choices=FORMS, default="auto", help="form of the input; default: auto")
    files = parser.add_argument_group("output")
    files.add_argument("-o", "--output", metavar="FILE", help="events; default: standard output")
    files.add_argument("--rejected", metavar="FILE", help="rejected items with codes, messages and payload")
    files.add_argument("--skipped", metavar="FILE", help="skipped items with reason and payload")
    files.add_argument(
        "--show-values", action="store_true", help="print offending values, which may be personal data"
    )
    scopes = parser.add_argument_group("request", "what a host would pass in beside each body")
    scopes.add_argument("--request", metavar="FILE", help="JSON with headers, query, settings, received_at")
    for name in ("header", "query", "setting"):
        scopes.add_argument(f"--{name}", metavar="KEY=VALUE", action="append", default=[])
    scopes.add_argument("--received-at", metavar="TIME", help="RFC 3339 date-time")


def run(arguments: argparse.Namespace) -> int:
    """Transform every body; 1 where an item was rejected or an input breaks off."""
    request = _request(arguments)
    names = arguments.files or [STDIN]
    size = total_size(names)
    _check_outputs(names, [arguments.output, arguments.rejected, arguments.skipped])
    console = screen.err()
    try:
        transform = load(find_target(arguments.mapping))
    except CompileError as error:
        console.file.write(render.render(error.diagnostics, "text", color=screen.has_color(console)))
        return 1
    with ExitStack() as stack:
        events_to = sys.stdout.buffer if arguments.output in (None, STDIN) else _open(stack, arguments.output)
        ledger = Ledger(
            events_to,
            _open(stack, arguments.skipped) if arguments.skipped else None,
            _open(stack, arguments.rejected) if arguments.rejected else None,
            arguments.show_values,
        )
        with _progress(console, events_to, size) as advance:
            faults = _transform_all(transform, request, names, arguments.input, ledger, advance)
        events_to.flush()
    _print_summary(console, ledger, faults, arguments)
    return 1 if ledger.rejected or faults else 0


def _transform_all(
    transform: Transform, request: Request, names: Sequence[str], form: str, ledger: Ledger, advance: Advance
) -> list[str]:
    """Enter every body into the ledger; the inputs that break off, in words."""
    faults: list[str] = []
    for name in names:
        try:
            with open_input(name) as source:
                for number, body in enumerate(source.bodies(form)):
                    if number % EVERY == 0:
                        advance(source)
                    ledger.enter(body, transform(body.data, request=request))
        except ReadError as error:
            faults.append(str(error))
    return faults


@contextmanager
def _progress(console: Console, events_to: BinaryIO, size: int | None) -> Iterator[Advance]:
    """A progress bar on standard error where that is a terminal and events do not run over it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    hidden = not console.is_terminal or events_to.isatty()
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=size)
        positions: dict[str, int] = {}

        def advance(source: Input) -> None:
            positions[source.name] = source.position()
            progress.update(task, description=source.name, completed=sum(positions.values()))

        yield advance


def _print_summary(
    console: Console, ledger: Ledger, faults: Sequence[str], arguments: argparse.Namespace
) -> None:
    for place, diagnostics in ledger.first_rejections():
        console.print(place, style="bold")
        text = render.render(
            diagnostics, "text", color=screen.has_color(console), show_values=arguments.show_values
        )
        console.file.write(text + "\n")
    for fault in faults:
        console.print(f"mapper: {fault}", style="red")
    for line in ledger.summary():
        console.print(line)
    if ledger.rejected and not arguments.rejected:
        console.print(
            "  `--rejected FILE` keeps rejected items, `mapper explain CODE` tells more", style="dim"
        )


def _open(stack: ExitStack, name: str) -> BinaryIO:
    try:
        return stack.enter_context(Path(name).open("wb"))
    except OSError as error:
        raise Stop(f"cannot write `{name}`: {error.strerror}") from None


def _check_outputs(inputs: Sequence[str], outputs: Sequence[str | None]) -> None:
    """Refuse to write over an input, or two outputs into one file."""
    taken = {Path(name).resolve() for name in inputs if name != STDIN}
    for name in outputs:
        path = Path(name).resolve() if name else None
        if path is None or (path.exists() and not path.is_file()):
            continue
        if path in taken:
            raise Stop(f"`{name}` is used twice; it would be written over")
        taken.add(path)


def _request(arguments: argparse.Namespace) -> Request:
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
        fields = json.loads(Path(name).read_bytes())
    except OSError as error:
        raise Stop(f"cannot read `{name}`: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise Stop(f"`{name}` is not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise Stop(f"`{name}` must hold an object with headers, query, settings, received_at")
    return fields


def _pair(option: str, text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise Stop(f"`--{option}` must be KEY=VALUE")  # what was given may be a secret
    return key, value
