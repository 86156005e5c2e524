"""Dead: the rejected items of a spool are listed."""

from __future__ import annotations

import argparse
import sqlite3
from itertools import groupby

from mapper.cli import screen
from mapper.cli.dead_options import add_filter, read_filter
from mapper.cli.spool_options import add_folder, plain_line, read_folder
from mapper.diagnostics.stop import Stop
from mapper.receiver.dead_letters import DeadLetter, DeadLetterFilter, all_dead_letters, letter_lines
from mapper.receiver.spool import stored_request
from mapper.receiver.spool_reports import open_reader
from mapper.receiver.spool_schema import SpoolError

DESCRIPTION = """\
Lists the items that a receiver could not turn into events: the number, the time of receipt, the source, the
mapping and the beginning of its version, the request and the place in its body, and the reasons. Values of
items are not shown.

`--lines` writes them with their bodies, as `mapper run --rejected` does: `mapper run MAPPING --replay` maps
such lines again. The spool may be in use."""
EXAMPLES = """\
examples:
  mapper dead
  mapper dead --code M611 --field user_id --since 2h
  mapper dead --source /segment/v4 --lines > rejected.ndjson"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    add_folder(parser)
    parser.add_argument("--lines", action="store_true", help="write lines of JSON with the bodies")
    add_filter(parser)


def run(arguments: argparse.Namespace) -> int:
    """List them; 1 if there are any."""
    chosen = read_filter(arguments)
    try:
        with open_reader(read_folder(arguments)) as db:
            count = _write_lines(db, chosen) if arguments.lines else _list(db, chosen)
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


def _write_lines(db: sqlite3.Connection, chosen: DeadLetterFilter) -> int:
    output = screen.out()
    count = 0

    def key(letter: DeadLetter) -> tuple[int, str]:
        return letter.request, letter.mapping

    for (number, _), letters in groupby(all_dead_letters(db, chosen), key):
        request = stored_request(db, number)
        if request is not None:
            for line in letter_lines(letters, request):
                output.block(plain_line(line))
                count += 1
    return count
