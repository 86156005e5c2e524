"""New: a name and files of samples become a mapping, its schema and its samples."""

from __future__ import annotations

import argparse
import json

from mapper.authoring.new import NewMapping, places_of, write_mapping
from mapper.cli import screen
from mapper.cli.infer import NAMED, progress
from mapper.cli.screen import Screen
from mapper.diagnostics import render
from mapper.diagnostics.errors import CompileError
from mapper.diagnostics.render.summary import counted

DESCRIPTION = """\
Makes a mapping of samples or traffic: it finds the items of the bodies, and for each field of the event the
field that is most likely meant. Each guess has its reason as a comment; those marked UNSURE need a person.

It writes mappings/NAME.yaml, schemas/NAME.schema.json, and samples in mappings/NAME/ with their results, so
that `mapper test NAME` passes. Nothing is overwritten, and nothing is sent anywhere. Samples are bodies
as they are: replace personal data in them before you share them."""
EXAMPLES = """\
examples:
  mapper new shop --from order.json
  mapper new shop --from traffic.ndjson.gz
  mapper new vendors/shop.yaml --from samples/*.json     the schema lies beside the mapping"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("name", metavar="NAME", help="a name for `./mappings`, or a file to be written")
    parser.add_argument(
        "--from", dest="files", metavar="FILE", nargs="+", required=True, help="samples or NDJSON"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(arguments: argparse.Namespace) -> int:
    """Write the files; 1 if a body cannot be read, or there is no item at all."""
    places = places_of(arguments.name)
    messages = screen.err()
    try:
        with progress(messages, arguments.files) as advance:
            made = write_mapping(places, arguments.files, advance)
    except CompileError as error:
        messages.block(render.render(error.diagnostics, "text", color=messages.has_color))
        return 1
    if arguments.format == "json":
        screen.out().block(json.dumps(made.as_json()) + "\n")
    else:
        _print_report(screen.out(), made)
    for broken in made.read.broken[:NAMED]:
        messages.line((broken.place, "bold"), f": {broken.reason}")
    if made.read.unread:
        messages.line(f"{counted(made.read.unread, 'body', 'bodies')} cannot be read")
    return 1 if made.read.unread else 0


def _print_report(output: Screen, made: NewMapping) -> None:
    places = made.places
    output.line("wrote ", (places.mapping.as_posix(), "bold"))
    output.line("wrote ", (places.schema.as_posix(), "bold"))
    output.line(
        "wrote ",
        (f"{places.samples.as_posix()}/", "bold"),
        f"  {counted(len(made.cases), 'sample')}:"
        f" {counted(made.events, 'event')}, {made.rejected:,} rejected",
    )
    width = max(map(len, made.draft.guesses))
    for name, guess in made.draft.guesses.items():
        mark = ("sure   ", "green") if guess.is_sure else ("unsure ", "yellow")
        output.line("  ", mark, f"{name:<{width}}  ", ", ".join(guess.paths) or guess.reason)
    word = places.name if places.mapping.parts[0] == "mappings" else places.mapping.as_posix()
    unsure = counted(len(made.draft.unsure), "field")
    if made.draft.unsure:
        output.line(
            f"next: look at {unsure} marked UNSURE, then `mapper check {word}` and `mapper test {word}`"
        )
    else:
        output.line(f"next: read the guesses, then `mapper check {word}` and `mapper test {word}`")
