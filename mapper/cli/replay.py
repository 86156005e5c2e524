"""Replay: rejected items of a spool are mapped again, and undelivered events queued again."""

from __future__ import annotations

import argparse
from pathlib import Path

from mapper.cli import screen
from mapper.cli.dead_options import add_filter, read_filters
from mapper.cli.receivers import ReceiverPlace, read_receiver
from mapper.cli.spool_options import add_folder, read_folder
from mapper.cli.targets import find_target
from mapper.diagnostics.stop import Stop
from mapper.receiver.delivery.places import queues_of
from mapper.receiver.outcomes.dead_letters import Replayed, Replayer
from mapper.receiver.outcomes.replay_requests import ReplayRequest, read_answer
from mapper.receiver.outcomes.worker import source_mappings
from mapper.receiver.outfit import own_key
from mapper.receiver.spool.control import ControlError, ask
from mapper.receiver.spool.spool import DATABASE, Spool
from mapper.receiver.spool.tables import SpoolError

DESCRIPTION = """\
Maps dead letters again: by the present mapping of their source, or by another one. Items that become events
now are delivered, those that are rejected again stay, with their new reasons. `--dry-run` tells what would
become of them, and changes nothing. Events that a destination did not take are queued for it again.

The receiver that has the spool open does it. If none has, this command does, and the events are delivered
when a receiver is started again; `--configuration` then names the sources, else all shipped mappings."""
EXAMPLES = """\
examples:
  mapper replay --code M611 --since 2h --dry-run
  mapper replay --code M611 --since 2h
  mapper replay --destination events-api --status 400
  mapper replay --source /segment/v4 --mapping new.yaml"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    add_folder(parser)
    parser.add_argument("--dry-run", action="store_true", help="change nothing")
    parser.add_argument("--mapping", metavar="MAPPING", help="map all of them by this mapping")
    parser.add_argument(
        "--configuration", metavar="FILE", help="the configuration, if no receiver is running"
    )
    add_filter(parser)


def run(arguments: argparse.Namespace) -> int:
    """Replay; 1 if some are rejected again, or cannot be replayed."""
    mapping = None if arguments.mapping is None else find_target(arguments.mapping)
    items, events = read_filters(arguments)
    if mapping is not None and items is None:
        raise Stop("`--mapping` is for rejected items; events are delivered as they are")
    request = ReplayRequest(items, mapping, arguments.dry_run, events if mapping is None else None)
    try:
        answer = ask(read_folder(arguments), request.question())
        if answer is None:
            answer = _replay_here(arguments, request)
    except (SpoolError, ControlError) as error:
        raise Stop(str(error)) from None
    done = read_answer(answer)
    if isinstance(done, str):
        raise Stop(done, 1)
    _print(done, request)
    return 1 if done.counts["rejected"] or done.refused else 0


def _replay_here(arguments: argparse.Namespace, request: ReplayRequest) -> dict[str, object]:
    folder = read_folder(arguments)
    if arguments.configuration is None and not (folder / DATABASE).is_file():
        raise Stop(f"no spool in `{folder}`; name the folder of one with `--spool`")
    if arguments.configuration is None:
        own_key(folder)
    file = None if arguments.configuration is None else Path(arguments.configuration)
    read = read_receiver(ReceiverPlace(file, folder))
    if read is None:
        raise Stop("the configuration has errors")
    configuration, mappings = read
    if (
        arguments.spool is not None
        and Path(arguments.spool).resolve() != configuration.spool.folder.resolve()
    ):
        raise Stop(f"the configuration has its spool in `{configuration.spool.folder}`")
    settings = configuration.spool
    spool = Spool.open(settings.folder, queues_of(configuration.destinations))
    try:
        served = source_mappings(configuration.sources, mappings)
        return request.run(Replayer(spool, served, settings.keep))
    finally:
        spool.close()


def _print(done: Replayed, request: ReplayRequest) -> None:
    output = screen.out()
    verb = "would be" if request.dry_run else "is" if done.queued == 1 else "are"
    noun = "event" if done.queued == 1 else "events"
    if request.chosen is None or done.queued:
        output.line(f"{done.queued:,} undelivered {noun} {verb} queued again")
    if request.chosen is None:
        return
    kinds = ("fresh", "duplicate", "conflict", "skipped", "rejected")
    counts = ", ".join(f"{done.counts[kind]:,} {kind}" for kind in kinds if done.counts[kind])
    verb = "would be replayed" if request.dry_run else "replayed"
    output.line(
        f"{done.letters:,} dead {'letter' if done.letters == 1 else 'letters'} {verb}: {counts or 'none'}"
    )
    for reason, count in sorted(done.refused.items()):
        output.line(f"{count:,} stay: {reason}")
