"""Check: mappings become diagnostics, printed."""

from __future__ import annotations

import argparse
import sys

from mapper import render
from mapper.cli import screen
from mapper.cli.targets import find_targets
from mapper.compiler import check_file
from mapper.diagnostics import Diagnostic, Severity

DESCRIPTION = """\
Checks mappings against the language and their schemas, and prints every problem with its place, the reason
and a way out. Nothing is written."""
EXAMPLES = """\
examples:
  mapper check                          all of ./mappings, or the shipped mappings where there is none
  mapper check orders my/shop.yaml      a mapping by name, another by path
  mapper check --format github          annotations in a pull request
  mapper check --strict                 warnings fail, too"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a mapping's name or file, or a folder")
    parser.add_argument("--format", choices=render.FORMATS, default="text", help="default: text")
    parser.add_argument("--strict", action="store_true", help="warnings are problems, too")
    parser.add_argument(
        "--show-values", action="store_true", help="print offending values, which may be personal data"
    )


def run(arguments: argparse.Namespace) -> int:
    """Check the mappings; 1 where one has an error, or with `--strict` a warning."""
    mappings = find_targets(arguments.paths)
    found: list[Diagnostic] = []
    for path in mappings:
        found += check_file(path)
    console = screen.out()
    text = render.render(
        found, arguments.format, color=screen.has_color(console), show_values=arguments.show_values
    )
    sys.stdout.write(text)
    is_text = arguments.format == "text"
    if is_text and found:
        console.print()
    (console if is_text else screen.err()).print(render.summarize(found, len(mappings)))
    has_errors = any(d.severity is Severity.ERROR for d in found)
    return 1 if has_errors or (arguments.strict and found) else 0
