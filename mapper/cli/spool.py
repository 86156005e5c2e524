"""Spool: the totals of a spool, its law, and all that it holds."""

from __future__ import annotations

import argparse
import sqlite3

from mapper.cli import screen
from mapper.cli.spool_options import add_folder, plain_line, read_folder
from mapper.diagnostics.stop import Stop
from mapper.receiver.spool.reports import (
    QUEUE_ENDS,
    SourceStats,
    export_lines,
    failing_destinations,
    open_reader,
    read_stats,
    verify,
)
from mapper.receiver.spool.tables import SpoolError

DESCRIPTION = """\
Looks into a spool, which may be in use. `stats` prints the totals of each source since its first request.
`verify` checks that each request, item and event is accounted for, and that the pages of the database are
whole. `export` writes the requests that are there as lines of JSON, with their bodies."""
EXAMPLES = """\
examples:
  mapper spool stats
  mapper spool verify --spool /var/lib/mapper
  mapper spool export > requests.ndjson"""
NAMES = ("accepted", "mapped", "items", "events", "fresh", "duplicate", "conflict", "skipped", "rejected")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("what", choices=("stats", "verify", "export"))
    add_folder(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print it; 1 if `verify` finds a fault."""
    try:
        with open_reader(read_folder(arguments)) as db:
            match arguments.what:
                case "stats":
                    return _print_stats(db)
                case "verify":
                    return _print_faults(db)
                case _:
                    return _export(db)
    except SpoolError as error:
        raise Stop(str(error)) from None


def _print_stats(db: sqlite3.Connection) -> int:
    output = screen.out()
    for stats in read_stats(db):
        output.line(stats.source, style="bold")
        for name, text in _rows(stats):
            output.line(f"  {name:<12} {text}")
    for failing in failing_destinations(db):
        output.line(failing)
    return 0


def _rows(stats: SourceStats) -> list[tuple[str, str]]:
    rows = [(name, f"{stats.total(name):,}") for name in NAMES]
    rows.insert(2, ("waiting", f"{stats.rows['waiting', '']:,}"))
    for name in stats.destinations():
        ends = [(end, stats.totals[end, name]) for end in QUEUE_ENDS]
        counts = [f"{count:,} {end}" for end, count in ends if count or end == "delivered"]
        rows.append((f"`{name}`", ", ".join([*counts, f"{stats.rows['pending', name]:,} pending"])))
    return rows


def _print_faults(db: sqlite3.Connection) -> int:
    output = screen.out()
    faults = verify(db)
    for fault in faults:
        output.line(fault)
    output.line("every request, item and event is accounted for" if not faults else f"{len(faults):,} faults")
    return 1 if faults else 0


def _export(db: sqlite3.Connection) -> int:
    output = screen.out()
    for line in export_lines(db):
        output.block(plain_line(line))
    return 0
