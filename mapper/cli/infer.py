"""Infer: files of samples or traffic become a JSON Schema, and a report of what could not be read."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mapper.authoring.infer import InferredSchema, infer_files
from mapper.authoring.inferred_schema import ENOUGH
from mapper.authoring.layout import lay_out
from mapper.authoring.new_files import write_new
from mapper.authoring.traffic import WHOLE_BODY, Advance
from mapper.cli import screen
from mapper.cli.screen import Screen
from mapper.diagnostics import render
from mapper.diagnostics.errors import CompileError
from mapper.diagnostics.render.summary import counted
from mapper.diagnostics.stop import Stop
from mapper.streams.inputs import STDIN, total_size

DESCRIPTION = """\
Makes a JSON Schema of samples or of traffic: NDJSON, one body a line, or JSON documents, each a body; gzip is
unpacked. It tells types, forms and how often each field was there. It is marked as inferred: `mapper check`
says how far its answers reach. A field is required only if many samples all had it.

No value gets into the schema but short words that repeat often, as an `enum`; never ids or addresses."""
EXAMPLES = """\
examples:
  mapper infer orders.ndjson -o orders.schema.json
  mapper infer orders/*.json                       the samples of a mapping; expected results are left out
  mapper infer traffic.ndjson.gz --each '$.events[*]' -o event.schema.json
  zcat traffic.gz | mapper infer - --format json   the schema, and the numbers behind it"""
NAMED = 5  # broken bodies that are named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("files", metavar="FILE", nargs="+", help="samples or NDJSON; `-` is standard input")
    parser.add_argument(
        "-o", "--output", metavar="SCHEMA", help="a new file for the schema; default: standard output"
    )
    parser.add_argument(
        "--each", metavar="PATH", action="append", default=[], help="where the items are, as in a mapping"
    )
    parser.add_argument(
        "--required-from",
        metavar="N",
        type=_count,
        default=ENOUGH,
        help=f"samples that must all have a field before it is required; at least, and by default, {ENOUGH}",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(arguments: argparse.Namespace) -> int:
    """Write the schema; 1 if a body cannot be read or there is no item at all."""
    if arguments.output and Path(arguments.output).exists():
        raise Stop(f"`{arguments.output}` exists; name a new file, nothing is overwritten")
    messages = screen.err()
    try:
        with progress(messages, arguments.files) as advance:
            found = infer_files(
                arguments.files,
                each=arguments.each or WHOLE_BODY,
                required_from=arguments.required_from,
                advance=advance,
            )
    except CompileError as error:
        messages.block(render.render(error.diagnostics, "text", color=messages.has_color))
        return 2
    if found.samples:
        text = lay_out(found.document)
        if arguments.output:
            write_new(Path(arguments.output), text.encode())
        elif arguments.format == "text":
            screen.out().block(text)
    if arguments.format == "json":
        screen.out().block(json.dumps(found.as_json()) + "\n")
    _print_report(messages, found, arguments.output)
    return 1 if found.unread or not found.samples else 0


@contextmanager
def progress(messages: Screen, names: list[str]) -> Iterator[Advance]:
    """A progress bar on standard error, if that is a terminal."""
    size = total_size(names)
    if messages.is_terminal and STDIN not in names:
        with messages.progress(size) as show:
            yield show
    else:
        yield lambda name, done: None


def _print_report(messages: Screen, found: InferredSchema, output: str | None) -> None:
    for broken in found.broken[:NAMED]:
        messages.line((broken.place, "bold"), f": {broken.reason}")
    if found.unread > NAMED:
        messages.line(
            f"and {counted(found.unread - NAMED, 'other body', 'other bodies')} that cannot be read"
        )
    parts = [counted(found.samples, "sample"), f"of {counted(found.bodies, 'body', 'bodies')}"]
    line = " ".join(parts)
    for number, text in (
        (found.unread, "cannot be read"),
        (found.without_items, "without an item at `--each`"),
        (found.unmatched, "elements that the path does not match"),
        (found.left_out, "expected results left out"),
    ):
        line += f"; {number:,} {text}" if number else ""
    messages.line(line)
    if not found.samples:
        messages.line("there is nothing to infer a schema from")
    elif output:
        messages.line(f"wrote {output}")


def _count(text: str) -> int:
    number = int(text)
    if number < ENOUGH:
        raise argparse.ArgumentTypeError(f"must be {ENOUGH} or more: fewer samples agree by chance")
    return number
