"""Run: files of request bodies become NDJSON events, with skips and rejections beside them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from mapper.api import load
from mapper.cli import screen
from mapper.cli.limit_options import add_limits, read_limits
from mapper.cli.request_options import add_scopes, read_scopes
from mapper.cli.targets import find_target
from mapper.diagnostics import render
from mapper.diagnostics.errors import CompileError
from mapper.diagnostics.stop import Stop
from mapper.streams.batch_work import Setup
from mapper.streams.batches import Batch
from mapper.streams.envelope_needs import keeping_of
from mapper.streams.inputs import FORMS, STDIN, is_plain, read_batches, total_size
from mapper.streams.journal import SUFFIX, digest, digest_inputs, read_journal
from mapper.streams.journal import Progress as Earlier
from mapper.streams.outputs import Output
from mapper.streams.pool import work_through
from mapper.streams.read_ahead import short_turns
from mapper.streams.recording import Recording
from mapper.streams.tally import Tally
from mapper.version import __version__

DESCRIPTION = """\
Turns request bodies into events. Input is NDJSON, one body a line, or one JSON document, which is one body;
gzip is unpacked. Events go out as NDJSON, packed where the file's name ends in `.gz`. Every item ends as an
event, skipped, or rejected: the closing line on standard error adds them up, and the exit code is 1 where an
item was rejected.

A document over several lines is recognised up to 64 MiB; `--input` says which of the two it is beyond that.
NDJSON is read piece by piece, however long the file is. An array is one body, as some vendors send arrays;
`jq -c '.[]'` makes a file of bodies from a list of them.

Files get their names when they are whole; until then `FILE.part` holds what is written. A run from files into
files that is killed goes on where it was when the same command is given `--resume`. What was rejected, and
nothing else, is mapped again when `--replay` gets the file of `--rejected` after the mapping is mended."""
EXAMPLES = """\
examples:
  mapper run orders events.ndjson.gz -o events.out --rejected rejected.ndjson
  mapper run orders events.ndjson.gz -o events.out --rejected rejected.ndjson --resume
  mapper run orders --replay rejected.ndjson -o more.out --rejected still-rejected.ndjson
  mapper run orders events.ndjson.gz -o events.out.gz --jobs 4
  mapper run my/shop.yaml < bodies.ndjson | head
  mapper run orders body.json --header x-tenant=acme --received-at 2026-11-23T20:00:00Z
  mapper run orders bodies.ndjson --request request.json      {"headers": .., "query": .., "settings": ..}"""

MOST_JOBS = 256

Advance: TypeAlias = Callable[[Batch], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes in and where it goes: inputs, and outputs for events, skipped and rejected items."""

    names: Sequence[str]
    form: str
    size: int | None
    outputs: Sequence[Output | None]
    can_resume: bool
    is_replay: bool
    jobs: int

    @property
    def journal(self) -> Path | None:
        """Where the progress of the run is kept: beside the events."""
        events = self.outputs[0]
        if events is None or not events.is_file:
            return None
        return events.target.with_name(events.target.name + SUFFIX)


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
    files.add_argument("--resume", action="store_true", help="go on where the same run was killed")
    files.add_argument(
        "--show-values", action="store_true", help="print offending values, which may be personal data"
    )
    add_limits(parser)
    add_scopes(parser)


def run(arguments: argparse.Namespace) -> int:
    """Transform every body; 1 where an item was rejected or an input breaks off."""
    request, limits = read_scopes(arguments), read_limits(arguments)
    plan = _plan(arguments)
    console = screen.err()
    mapping = find_target(arguments.mapping)
    try:
        transform = load(mapping, limits=limits)
    except CompileError as error:
        console.file.write(render.render(error.diagnostics, "text", color=screen.has_color(console)))
        return 1
    _, skipped, rejected = plan.outputs
    setup = Setup(
        transform,
        request,
        keeping=keeping_of(mapping) if rejected or plan.is_replay else None,
        keeps_skipped=skipped is not None,
        keeps_rejected=rejected is not None,
        show_values=arguments.show_values,
        is_replay=plan.is_replay,
    )
    same = _same(arguments, plan, setup) if plan.can_resume else None
    recording = Recording(plan.outputs, plan.journal, same)
    earlier = _earlier(plan, same) if arguments.resume else None
    if earlier is not None and earlier.is_whole:
        recording.tally = earlier.tally
        recording.publish()
    else:
        recording.open(earlier)
        _record(plan, setup, recording, console)
    _print_summary(console, recording.tally, arguments)
    return 1 if recording.tally.rejected or recording.tally.faults else 0


def _record(plan: Plan, setup: Setup, recording: Recording, console: Console) -> None:
    """Read, map and write everything from where the recording stands."""
    try:
        batches = read_batches(plan.names, plan.form, recording.position, in_groups=plan.is_replay)
        in_place = not plan.is_replay and all(map(is_plain, plan.names))
        done = work_through(batches, setup, plan.jobs, in_place=in_place)
        with _progress(console, plan) as advance, short_turns(), closing(done):
            for batch, outcome in done:
                recording.write(outcome)
                advance(batch)
                del outcome
        recording.finish()
    except (OSError, KeyboardInterrupt, Stop):
        if plan.can_resume:
            console.print("the run is not whole; the same command with `--resume` goes on", style="dim")
        raise
    finally:
        recording.close()


def _plan(arguments: argparse.Namespace) -> Plan:
    """What the options say; stops where they contradict each other or an input cannot be read."""
    if arguments.replay and (arguments.files or arguments.input != "auto"):
        raise Stop("`--replay` is the input; it goes without other files and without `--input`")
    names = arguments.replay or arguments.files or [STDIN]
    size = total_size(names)
    outputs = [
        Output(None if name == STDIN else name) if name or number == 0 else None
        for number, name in enumerate((arguments.output, arguments.skipped, arguments.rejected))
    ]
    plan = Plan(
        names,
        "ndjson" if arguments.replay else arguments.input,
        size,
        outputs,
        can_resume=size is not None and all(output is None or output.is_file for output in outputs),
        is_replay=bool(arguments.replay),
        jobs=arguments.jobs,
    )
    _check_outputs(plan)
    return plan


def _check_outputs(plan: Plan) -> None:
    """Refuse to write over an input, or two outputs into one file."""
    taken = {Path(name).resolve() for name in plan.names if name != STDIN}
    beside = {plan.journal} if plan.journal else set()
    for output in plan.outputs:
        if output is not None and output.is_file:
            if output.target in taken:
                raise Stop(f"`{output.name}` is used twice; it would be written over")
            taken.add(output.target)
            beside.add(output.part)
    for path in taken & beside:
        raise Stop(f"`{path.name}` is the name of a file that this run makes for itself")


def _same(arguments: argparse.Namespace, plan: Plan, setup: Setup) -> dict[str, str]:
    """What a run must have in common with the one it resumes, in words, and a digest of each."""
    request = setup.request
    scopes = [dict(request.headers), dict(request.query), dict(request.settings), request.received_at]
    options = [plan.form, plan.names, arguments.output, arguments.skipped, arguments.rejected]
    return {
        "the version of mapper": __version__,
        "the mapping": digest(setup.transform.python.encode()),
        "the request": digest(scopes),
        "a limit": digest(arguments.limit),
        "an option": digest([*options, setup.show_values, setup.is_replay]),
        **digest_inputs(plan.names),
    }


def _earlier(plan: Plan, same: dict[str, str] | None) -> Earlier | None:
    """The progress of the run to go on with; None where nothing is there, so that it begins."""
    if plan.journal is None or same is None:
        raise Stop("`--resume` needs files: the inputs, `-o FILE`, and whatever else is written")
    if plan.journal.exists():
        return read_journal(plan.journal, same)
    for output in plan.outputs:
        if output is not None and output.target.exists():
            raise Stop(f"nothing to resume: `{output.name}` is there and `{plan.journal.name}` is not")
    return None


@contextmanager
def _progress(console: Console, plan: Plan) -> Iterator[Advance]:
    """A progress bar on standard error where that is a terminal and events do not run over it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    events = plan.outputs[0]
    if not console.is_terminal or events is None or events.is_terminal:
        yield lambda batch: None
        return
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=plan.size)
        positions: dict[str, int] = {}

        def advance(batch: Batch) -> None:
            positions[batch.name] = batch.packed
            progress.update(task, description=batch.name, completed=sum(positions.values()))

        yield advance


def _print_summary(console: Console, tally: Tally, arguments: argparse.Namespace) -> None:
    color = screen.has_color(console)
    for first in tally.first_rejections():
        console.print(first.place, style="bold")
        text = first.text or render.render(
            first.diagnostics, "text", color=color, show_values=arguments.show_values
        )
        console.file.write(text + "\n")
    for fault in tally.faults:
        console.print(f"mapper: {fault}", style="red")
    for line in tally.summary():
        console.print(line)
    if tally.rejected and not arguments.rejected:
        console.print(
            "  `--rejected FILE` keeps rejected items, `mapper explain CODE` tells more", style="dim"
        )


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"must be between 1 and {MOST_JOBS}")
    return number
