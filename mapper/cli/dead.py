"""Dead: the rejected items and the undelivered events of a spool are listed."""

from __future__ import annotations

import argparse
import sqlite3
from itertools import groupby

from mapper.cli import screen
from mapper.cli.dead_options import add_filter, read_filters
from mapper.cli.spool_options import add_folder, plain_line, read_folder
from mapper.diagnostics.render.visible import shorten
from mapper.diagnostics.stop import Stop
from mapper.receiver.delivery.undelivered import UndeliveredFilter, all_undelivered
from mapper.receiver.outcomes.dead_letters import DeadLetter, DeadLetterFilter, all_dead_letters, letter_lines
from mapper.receiver.spool.reports import open_reader
from mapper.receiver.spool.spool import stored_request
from mapper.receiver.spool.tables import SpoolError

DESCRIPTION = """\
Lists the items that a receiver could not turn into events, and the events that a destination did not take:
the number, the time of receipt, the source, the mapping and the beginning of its version, the request and the
place in its body, and the reasons. Values of items are not shown; answers of destinations are.

`--lines` writes them with their bodies, as `mapper run --rejected` does, and events with the whole answer:
`mapper run MAPPING --replay` maps such lines again. With `--requests` they also hold what came beside the
body, as far as it is kept, and a replay takes it from there. The spool may be in use."""
EXAMPLES = """\
examples:
  mapper dead
  mapper dead --code M611 --field user_id --since 2h
  mapper dead --destination events-api --status 400
  mapper dead --source /segment/v4 --lines > rejected.ndjson"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    add_folder(parser)
    parser.add_argument("--lines", action="store_true", help="write lines of JSON with the bodies")
    parser.add_argument(
        "--requests", action="store_true", help="with `--lines`: also headers, query, time of receipt"
    )
    add_filter(parser)


def run(arguments: argparse.Namespace) -> int:
    """List them; 1 if there are any."""
    items, events = read_filters(arguments)
    count = 0
    try:
        with open_reader(read_folder(arguments)) as db:
            if items is not None:
                count += _write_lines(db, items, arguments.requests) if arguments.lines else _list(db, items)
            if events is not None:
                count += _list_events(db, events, arguments.lines)
    except SpoolError as error:
        raise Stop(str(error)) from None
    end = screen.err() if arguments.lines else screen.out()
    end.line(f"{count:,} dead {'letter' if count == 1 else 'letters'}")
    return 1 if count else 0


def _list(db: sqlite3.Connection, chosen: DeadLetterFilter) -> int:
    output = screen.out()
    count = 0
    for letter in all_dead_letters(db, chosen):
        count += 1
        where = f"request {letter.request}, {letter.location}"
        by = f"{letter.mapping}@{letter.version[:8]}"
        output.line((f"#{letter.id}", "bold"), f" {letter.received_at} {letter.source} {by}, {where}")
        for code, message in zip(letter.codes, letter.messages, strict=True):
            output.line(f"    {code} {message}")
    return count


def _list_events(db: sqlite3.Connection, chosen: UndeliveredFilter, lines: bool) -> int:
    output = screen.out()
    count = 0
    for event in all_undelivered(db, chosen):
        request = stored_request(db, event.request) if lines else None
        count += 1
        if request is not None:
            output.block(plain_line(event.line(request)))
            continue
        where = f"request {event.request}, item {event.item}"
        by = f"{event.mapping}@{event.version[:8]}"
        output.line((f"event {event.id}", "bold"), f" {event.received_at} {event.source} {by}, {where}")
        answer = f": {shorten(event.answer)}" if event.answer else ""
        output.line(f"    `{event.destination}` {event.reason}{answer}")
    return count


def _write_lines(db: sqlite3.Connection, chosen: DeadLetterFilter, with_request: bool) -> int:
    output = screen.out()
    count = 0

    def key(letter: DeadLetter) -> tuple[int, str]:
        return letter.request, letter.mapping

    for (number, _), letters in groupby(all_dead_letters(db, chosen), key):
        request = stored_request(db, number)
        if request is not None:
            for line in letter_lines(letters, request, with_request=with_request):
                output.block(plain_line(line))
                count += 1
    return count
