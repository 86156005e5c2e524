"""Check: mappings and bare templates become diagnostics, printed."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mapper.api import check_file
from mapper.catalog.references import places_of_references
from mapper.cli import screen
from mapper.cli.limit_options import add_limits, read_limits
from mapper.cli.targets import find_targets
from mapper.cli.templates import check_template, find_template, is_template
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
  mapper check orders --watch           again at each change of the mapping or its schemas
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
    parser.add_argument("--watch", action="store_true", help="check again at each change, until Ctrl-C")
    parser.add_argument("--strict", action="store_true", help="warnings are problems, too")
    parser.add_argument(
        "--assumed", action="store_true", help="also say what the checks had to take for granted"
    )
    parser.add_argument(
        "--show-values", action="store_true", help="print offending values, which may be personal data"
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """The diagnostics of one file, and lines: a template's verdict, or notes on what the checks rest on."""

    diagnostics: tuple[Diagnostic, ...]
    lines: tuple[str, ...] = ()


def run(arguments: argparse.Namespace) -> int:
    """Check the mappings; 1 if one has an error, or with `--strict` a warning. A watch ends with 0."""
    if not any(map(is_template, arguments.paths)) and (
        arguments.dialect or arguments.source or arguments.target
    ):
        raise Stop("--dialect, --source and --target are for bare templates; a mapping names its own")
    with within(read_limits(arguments)):
        return _watch(arguments) if arguments.watch else _check(arguments)


def _check(arguments: argparse.Namespace) -> int:
    answers = {path: _answer(path, arguments) for path in _find(arguments.paths)}
    _print(answers, answers, arguments)
    found = [diagnostic for answer in answers.values() for diagnostic in answer.diagnostics]
    has_errors = any(d.severity is Severity.ERROR for d in found)
    return 1 if has_errors or (arguments.strict and found) else 0


def _watch(arguments: argparse.Namespace) -> int:
    from mapper.cli.watching import finder, watch  # only this option needs it

    if arguments.format != "text":
        raise Stop("`--watch` is for people; it prints text")
    answers: dict[Path, _Answer] = {}

    def answer(changed: Sequence[Path], gone: Sequence[Path]) -> None:
        for path in gone:
            answers.pop(path, None)
        for path in changed:
            answers[path] = _answer(path, arguments)
        _print(answers, changed, arguments)

    def files_of(path: Path) -> tuple[Path, ...] | None:
        if not is_template(path.name):
            return places_of_references(path)
        return tuple(Path(name) for name in (arguments.source, arguments.target) if name)

    return watch(finder(arguments.paths, _find), files_of, answer)


def _find(words: Sequence[str]) -> list[Path]:
    """The mappings that words name, then the templates."""
    templates = [find_template(word) for word in words if is_template(word)]
    others = [word for word in words if not is_template(word)]
    return [*(find_targets(others) if others or not templates else []), *templates]


def _answer(path: Path, arguments: argparse.Namespace) -> _Answer:
    if is_template(path.name):
        given = (arguments.dialect, arguments.source, arguments.target)
        diagnostics, verdict = check_template(path, *given)
        return _Answer(diagnostics, (verdict,))
    checked, name = check_file(path), display_name(path)
    notes = [f"{name}: {text}" for text in checked.relies_on]
    notes += [f"{name}: not checked: {checked.not_checked}"] if checked.not_checked else []
    notes += [f"{name}: assumed: {text}" for text in checked.assumed if arguments.assumed]
    return _Answer(checked.diagnostics, tuple(notes))


def _print(answers: Mapping[Path, _Answer], shown: Collection[Path], arguments: argparse.Namespace) -> None:
    """The diagnostics and notes of the files that are shown; of the others, those with problems are named."""
    found = [diagnostic for path in shown for diagnostic in answers[path].diagnostics]
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
    # Verdicts of templates come first.
    for path in sorted(shown, key=lambda path: not is_template(path.name)):
        for line in answers[path].lines:
            end.line(line)
    for path, answer in answers.items():
        if path not in shown and answer.diagnostics:
            end.line(f"{display_name(path)}: as before, {render.count_problems(answer.diagnostics)}")
    templates = sum(is_template(path.name) for path in answers)
    noun = "file" if 0 < templates < len(answers) else "template" if templates else "mapping"
    end.line(render.summarize([d for one in answers.values() for d in one.diagnostics], len(answers), noun))
