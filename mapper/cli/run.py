"""Run: files of request bodies become NDJSON events, with skips and rejections beside them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from mapper.api import load
from mapper.cli import screen
from mapper.cli.limit_options import add_limits, read_limits
from mapper.cli.request_options import add_scopes, read_scopes
from mapper.cli.screen import Screen
from mapper.cli.targets import find_target
from mapper.diagnostics import render
from mapper.diagnostics.errors import CompileError
from mapper.diagnostics.render.visible import visible
from mapper.diagnostics.stop import Stop
from mapper.streams.batch_mapper import RunSetup
from mapper.streams.batches import Batch, BrokenInput
from mapper.streams.envelope_needs import envelope_needs
from mapper.streams.inputs import FORMS, REQUESTS, STDIN
from mapper.streams.run import RunPlan, begin_run, finish_run, plan_run
from mapper.streams.shared_ids import headers_of_ids
from mapper.streams.tally import Tally

DESCRIPTION = """\
Turns request bodies into events. Input is NDJSON, one body a line, or one JSON document, which is one body;
gzip is unpacked. A form is one line, too, and empty lines are left out. With `--input requests` a line is
an object as in samples, `{"request": {"headers": .., "query": .., "received_at": .., "body": ..}}`; the
options below count for what it does not say. Events go out as NDJSON, packed if the name of the file ends
in `.gz`. Every item becomes an event, is skipped, or is rejected: the last line on standard error counts
them, and the exit code is 1 if an item was rejected. It is 3 if an input could not be read to its end or
changed meanwhile; no file gets its name then.

A document of several lines is recognised up to 64 MiB; `--input` decides beyond that. NDJSON is read piece by
piece, however long the file is. An array is one body, as some vendors send arrays; `jq -c '.[]'` makes a file
of bodies from a list of them.

Files get their names when they are complete; until then they are called `FILE.part`. If a run from files into
files did not end, the same command with `--resume` continues it. After you have corrected the mapping,
`--replay` with the file of `--rejected` maps the rejected items again, and nothing else."""
EXAMPLES = """\
examples:
  mapper run orders events.ndjson.gz -o events.out --rejected rejected.ndjson
  mapper run orders events.ndjson.gz -o events.out --rejected rejected.ndjson --resume
  mapper run orders --replay rejected.ndjson -o more.out --rejected still-rejected.ndjson
  mapper run orders events.ndjson.gz -o events.out.gz --jobs 4
  mapper run my/shop.yaml < bodies.ndjson | head
  mapper run orders body.json --header x-tenant=acme --received-at 2026-11-23T20:00:00Z
  mapper run orders recorded.ndjson --input requests -o events.out
  mapper run orders bodies.ndjson --request request.json      {"headers": .., "query": .., "settings": ..}"""

MAX_JOBS = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("mapping", metavar="MAPPING", help="a mapping's name or file")
    parser.add_argument("files", metavar="FILE", nargs="*", help="input; `-` or none is standard input")
    parser.add_argument("--input", choices=FORMS, default="auto", help="form of the input; default: auto")
    parser.add_argument(
        "--replay", metavar="FILE", action="append", default=[], help="map again what `--rejected` kept"
    )
    parser.add_argument(
        "--jobs", metavar="N", type=_count, default=1, help="processes; the order stays; default: 1"
    )
    files = parser.add_argument_group("output")
    files.add_argument("-o", "--output", metavar="FILE", help="events; default: standard output")
    files.add_argument("--rejected", metavar="FILE", help="rejected items with codes, messages and payload")
    files.add_argument("--skipped", metavar="FILE", help="skipped items with reason and payload")
    files.add_argument("--resume", action="store_true", help="go on where the same run ended too early")
    files.add_argument(
        "--show-values", action="store_true", help="print offending values, which may be personal data"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="of the closing numbers; default: text"
    )
    add_limits(parser)
    add_scopes(parser)


def run(arguments: argparse.Namespace) -> int:
    """Transform every body; 1 if an item was rejected. Raises BrokenInput if an input cannot be read."""
    request, limits = read_scopes(arguments), read_limits(arguments)
    plan = _plan(arguments)
    messages = screen.err()
    mapping = find_target(arguments.mapping)
    try:
        transform = load(mapping, limits=limits)
    except CompileError as error:
        messages.block(
            render.render(error.diagnostics, "text", color=messages.has_color, columns=messages.columns)
        )
        return 1
    _, skipped, rejected = plan.outputs
    ids_read = headers_of_ids(mapping, request.headers)
    setup = RunSetup(
        transform,
        request,
        needs=envelope_needs(mapping) if rejected or plan.is_replay else None,
        keeps_skipped=skipped is not None,
        keeps_rejected=rejected is not None,
        show_values=arguments.show_values,
        is_replay=plan.is_replay,
        reads_requests=plan.form == REQUESTS,
        compares_ids=bool(ids_read),
    )
    if sys.stdin is not None and STDIN in plan.names and sys.stdin.isatty():
        messages.line("waiting for bodies on the terminal, one a line; Ctrl-D ends them", style="dim")
    recording = begin_run(plan, setup, arguments.limit, resume=arguments.resume)
    if not recording.is_whole:
        try:
            with _progress(messages, plan) as advance:
                finish_run(plan, setup, recording, advance)
        except (OSError, KeyboardInterrupt, Stop) as error:
            if plan.can_resume:
                condition = " once its input is whole" if isinstance(error, BrokenInput) else ""
                text = f"the run is not whole; the same command with `--resume` goes on{condition}"
                messages.line(text, style="dim")
            raise
    _print_summary(messages, recording.tally, arguments, ids_read)
    return 1 if recording.tally.rejected else 0


def _plan(arguments: argparse.Namespace) -> RunPlan:
    if arguments.replay and (arguments.files or arguments.input != "auto"):
        raise Stop("`--replay` is the input; it goes without other files and without `--input`")
    return plan_run(
        arguments.replay or arguments.files or [STDIN],
        "ndjson" if arguments.replay else arguments.input,
        (arguments.output, arguments.skipped, arguments.rejected),
        is_replay=bool(arguments.replay),
        jobs=arguments.jobs,
    )


@contextmanager
def _progress(messages: Screen, plan: RunPlan) -> Iterator[Callable[[Batch], None]]:
    """A progress bar on standard error, if that is a terminal and events do not run over it."""
    events = plan.outputs[0]
    if not messages.is_terminal or events is None or events.is_terminal:
        yield lambda batch: None
        return
    with messages.progress(plan.size) as show:
        positions: dict[str, int] = {}

        def advance(batch: Batch) -> None:
            positions[batch.name] = batch.file_end
            show(batch.name, sum(positions.values()))

        yield advance


def _print_summary(
    messages: Screen, tally: Tally, arguments: argparse.Namespace, ids_read: Sequence[str]
) -> None:
    if arguments.format == "json":
        messages.block(json.dumps(tally.document()) + "\n")
        return
    for first in tally.first_rejections():
        messages.line(first.place, style="bold")
        text = first.text or render.render(
            first.diagnostics,
            "text",
            color=messages.has_color,
            show_values=arguments.show_values,
            columns=messages.columns,
        )
        messages.block(text + "\n")
    for line in tally.summary():
        messages.line(line)
    if tally.events > 1 and len(tally.ids) == 1:
        names = ", ".join(f"`{visible(name)}`" for name in ids_read)
        messages.line(
            f"  warning: all {tally.events:,} events have the same `event_id`: it is read from {names}, given"
            " once for all bodies; `--input requests` reads headers for each",
            style="yellow",
        )
    if tally.has_requests:
        text = "  bodies look like requests with what came beside them: `--input requests` reads such lines"
        messages.line(text, style="dim")
    if tally.rejected and not arguments.rejected:
        text = "  `--rejected FILE` keeps rejected items, `mapper explain CODE` tells more"
        messages.line(text, style="dim")


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MAX_JOBS:
        raise argparse.ArgumentTypeError(f"must be between 1 and {MAX_JOBS}")
    return number
