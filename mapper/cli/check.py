"""Check: mappings and bare templates become diagnostics, printed."""

from __future__ import annotations

import argparse

from mapper.api import check_file
from mapper.cli import screen
from mapper.cli.limit_options import add_limits, read_limits
from mapper.cli.targets import find_targets
from mapper.cli.templates import check_template, is_template
from mapper.diagnostics import render
from mapper.diagnostics.diagnostic import Diagnostic, Severity
from mapper.diagnostics.files import display_name
from mapper.diagnostics.stop import Stop
from mapper.runtime.limits import within

DESCRIPTION = """\
Checks mappings against the language and their schemas, and prints every problem with its place, the reason
and a remedy. For a Liquid template, alone or in a mapping, it proves that the template renders JSON, or shows
a payload for which it does not. Nothing is written."""
EXAMPLES = """\
examples:
  mapper check                          all of ./mappings, or the shipped mappings if there is none
  mapper check orders my/shop.yaml      a mapping by name, another by path
  mapper check --format github          annotations in a pull request
  mapper check --strict                 warnings fail, too
  mapper check body.liquid --dialect NAME --source order.schema.json
                                        a template as it is pasted into a dashboard"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a mapping's name or file, or a folder")
    parser.add_argument("--dialect", metavar="NAME", help="the Liquid engine that bare templates are for")
    parser.add_argument("--source", metavar="SCHEMA", help="what the payloads of bare templates are like")
    parser.add_argument("--target", metavar="SCHEMA", help="what bare templates are to render")
    add_limits(parser)
    parser.add_argument("--format", choices=render.FORMATS, default="text", help="default: text")
    parser.add_argument("--strict", action="store_true", help="warnings are problems, too")
    parser.add_argument(
        "--assumed", action="store_true", help="also say what the checks had to take for granted"
    )
    parser.add_argument(
        "--show-values", action="store_true", help="print offending values, which may be personal data"
    )


def run(arguments: argparse.Namespace) -> int:
    """Check the mappings; 1 if one has an error, or with `--strict` a warning."""
    with within(read_limits(arguments)):
        return _check(arguments)


def _check(arguments: argparse.Namespace) -> int:
    templates = [word for word in arguments.paths if is_template(word)]
    if not templates and (arguments.dialect or arguments.source or arguments.target):
        raise Stop("--dialect, --source and --target are for bare templates; a mapping names its own")
    others = [word for word in arguments.paths if not is_template(word)]
    mappings = find_targets(others) if others or not templates else []
    found: list[Diagnostic] = []
    notes: list[str] = []
    for path in mappings:
        checked, name = check_file(path), display_name(path)
        found += checked.diagnostics
        notes += [f"{name}: {text}" for text in checked.relies_on]
        notes += [f"{name}: not checked: {checked.not_checked}"] if checked.not_checked else []
        notes += [f"{name}: assumed: {text}" for text in checked.assumed if arguments.assumed]
    verdicts = []
    for word in templates:
        diagnostics, verdict = check_template(word, arguments.dialect, arguments.source, arguments.target)
        found += diagnostics
        verdicts.append(verdict)
    output = screen.out()
    text = render.render(
        found,
        arguments.format,
        color=output.has_color,
        show_values=arguments.show_values,
        columns=output.columns,
    )
    is_text = arguments.format == "text"
    output.block(text + "\n" if is_text and found else text, has_commands=arguments.format == "github")
    end = output if is_text else screen.err()
    for line in [*verdicts, *notes]:
        end.line(line)
    count = len(mappings) + len(templates)
    noun = "template" if not mappings else "mapping" if not templates else "file"
    end.line(render.summarize(found, count, noun))
    has_errors = any(d.severity is Severity.ERROR for d in found)
    return 1 if has_errors or (arguments.strict and found) else 0
