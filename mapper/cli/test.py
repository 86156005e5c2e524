"""Test: mappings and their samples become a table, differences, and an exit code."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from mapper.cli import screen, test_report
from mapper.cli.junit import write_junit
from mapper.cli.limit_options import add_limits, read_limits
from mapper.cli.selection import parse_selection
from mapper.cli.targets import find_targets
from mapper.diagnostics import render
from mapper.diagnostics.stop import Stop
from mapper.samples.suites import SuiteResult, run_suite

DESCRIPTION = """\
Compiles mappings and runs their samples: MAPPING/CASE.json is a request as the vendor sends it,
MAPPING/CASE.expected.json the whole result. Whole documents are compared; `1`, `1.0` and "1" differ."""
EXAMPLES = """\
examples:
  mapper test                           all of ./mappings, or the shipped mappings if there is none
  mapper test orders -k refund          cases of one mapping whose name holds `refund`
  mapper test -k 'refund and not partial'
  mapper test orders --update           write what the mapping gives now as the expectation
  mapper test orders --watch            again at each change of the mapping, its schemas and samples
  mapper test --junit report.xml        for a build server"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a mapping's name or file, or a folder")
    parser.add_argument(
        "-k", metavar="EXPR", help="only cases whose `mapping/case` holds this (and, or, not)"
    )
    parser.add_argument("--update", action="store_true", help="rewrite expectations that differ")
    parser.add_argument("--watch", action="store_true", help="test again at each change, until Ctrl-C")
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
    if arguments.watch:
        return _watch(arguments)
    start = time.perf_counter()
    tried = [_suite(path, arguments) for path in find_targets(arguments.paths)]
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


def _suite(path: Path, arguments: argparse.Namespace) -> SuiteResult | None:
    selects = parse_selection(arguments.k) if arguments.k else lambda _: True
    return run_suite(path, selects, read_limits(arguments), update=arguments.update)


def _watch(arguments: argparse.Namespace) -> int:
    from mapper.cli.watching import finder, watch, with_samples  # only this option needs it

    if arguments.format != "text" or arguments.junit or arguments.update:
        raise Stop("`--watch` is for people: it prints text, and writes no file")
    suites: dict[Path, SuiteResult] = {}

    def answer(changed: Sequence[Path], gone: Sequence[Path]) -> None:
        start = time.perf_counter()
        for path in [*gone, *changed]:
            suites.pop(path, None)
        for path in changed:
            if suite := _suite(path, arguments):
                suites[path] = suite
        output, tested = screen.out(), [suites[path] for path in sorted(suites)]
        again = [suite for suite in tested if suite.mapping in changed]
        test_report.print_suites(output, tested, again, show_values=arguments.show_values)
        output.line(test_report.closing(tested, time.perf_counter() - start))

    return watch(finder(arguments.paths, find_targets), with_samples, answer)
