"""Serve: the configuration of a receiver is checked."""

from __future__ import annotations

import argparse
from pathlib import Path

from mapper.cli import screen
from mapper.diagnostics import render
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import read_source
from mapper.receiver.configuration_reader import read_configuration
from mapper.receiver.served_mapping import load_mappings

DESCRIPTION = """\
Reports what is wrong with the configuration of a receiver: its keys, its secrets, the mappings and the
profiles that it names. Secrets are looked up, and never printed. Nothing is served and nothing is written."""
EXAMPLES = """\
examples:
  mapper serve --check receiver.yaml
  mapper serve --check receiver.yaml --format github      annotations in a pull request"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("configuration", metavar="FILE", help="the configuration of the receiver")
    parser.add_argument("--check", action="store_true", required=True, help="check it, and serve nothing")
    parser.add_argument("--format", choices=render.FORMATS, default="text", help="default: text")


def run(arguments: argparse.Namespace) -> int:
    """Check the configuration; 2 if it has an error."""
    report = Report()
    file = read_source(Path(arguments.configuration), report)
    if file is not None:
        path = Path(arguments.configuration)
        load_mappings(read_configuration(file, report, path.parent).mappings, report)
    found = report.ordered()
    output = screen.out()
    text = render.render(found, arguments.format, color=output.has_color)
    is_text = arguments.format == "text"
    output.block(text + "\n" if is_text and found else text, has_commands=arguments.format == "github")
    end = output if is_text else screen.err()
    end.line(render.summarize(found, 1, "configuration"))
    return 2 if report.has_errors else 0
