"""Test: mappings and their samples become a table, differences, and an exit code."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from mapper.cli import screen, test_report
from mapper.cli.junit import write_junit
from mapper.cli.limit_options import add_limits, read_limits
from mapper.cli.selection import parse_selection
from mapper.cli.targets import find_targets
from mapper.diagnostics import render
from mapper.diagnostics.stop import Stop
from mapper.samples.suites import run_suite

DESCRIPTION = """\
Compiles mappings and runs their samples: MAPPING/CASE.json is a request as the vendor sends it,
MAPPING/CASE.expected.json the whole result. Whole documents are compared; `1`, `1.0` and "1" differ."""
EXAMPLES = """\
examples:
  mapper test                           all of ./mappings, or the shipped mappings if there is none
  mapper test orders -k refund          cases of one mapping whose name holds `refund`
  mapper test -k 'refund and not partial'
  mapper test orders --update           write what the mapping gives now as the expectation
  mapper test --junit report.xml        for a build server"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a mapping's name or file, or a folder")
    parser.add_argument(
        "-k", metavar="EXPR", help="only cases whose `mapping/case` holds this (and, or, not)"
    )
    parser.add_argument("--update", action="store_true", help="rewrite expectations that differ")
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write a JUnit XML report, too")
    parser.add_argument("--format", choices=render.FORMATS, default="text", help="default: text")
    add_limits(parser)
    parser.add_argument(
        "--show-values",
        action="store_true",
        help="diagnostics print offending values (differences always do: they compare files of yours)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the cases; 1 if one fails, a mapping does not compile, or nothing was tested at all."""
    start = time.perf_counter()
    selects = parse_selection(arguments.k) if arguments.k else lambda _: True
    limits, update = read_limits(arguments), arguments.update
    tried = [run_suite(path, selects, limits, update=update) for path in find_targets(arguments.paths)]
    suites = [suite for suite in tried if suite is not None]
    if not suites:
        raise Stop(f"no case matches `-k {arguments.k}`" if tried else "no mappings here", code=1)
    if arguments.junit:
        write_junit(arguments.junit, suites)
    closing = test_report.closing(suites, time.perf_counter() - start)
    output = screen.out()
    if arguments.format == "text":
        test_report.print_suites(output, suites, show_values=arguments.show_values)
        output.line(closing)
    else:
        found = [diagnostic for suite in suites for diagnostic in test_report.suite_diagnostics(suite)]
        text = render.render(found, arguments.format, show_values=arguments.show_values)
        output.block(text, has_commands=arguments.format == "github")
        screen.err().line(closing)
    return 0 if any(t.results for t in suites) and all(t.passed for t in suites) else 1
