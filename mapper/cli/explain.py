"""Explain: a code or its name becomes the page about it."""

from __future__ import annotations

import argparse
import shutil
import textwrap

from mapper.cli import screen
from mapper.cli.screen import Screen
from mapper.diagnostics.codes import CODES, Code, explain
from mapper.diagnostics.diagnostic import did_you_mean
from mapper.diagnostics.stop import Stop

DESCRIPTION = """\
Tells what a diagnostic means, with a wrong and a right example; lines in which they differ are marked.
Without a code: the list of all codes."""
EXAMPLES = """\
examples:
  mapper explain M301
  mapper explain unknown-field"""
WIDTH = 88  # of a wide terminal, and in a pipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("code", metavar="CODE", nargs="?", help="`M301` or its name, `unknown-field`")


def run(arguments: argparse.Namespace) -> int:
    """Print the page, or the list of codes."""
    output = screen.out()
    if arguments.code is None:
        width = max(len(code.slug) for code in CODES.values())
        for code in CODES.values():
            output.line((code.number, "bold"), f"  {code.slug:<{width}}  {code.summary}")
    else:
        _print_page(output, _find(arguments.code))
    return 0


def _find(word: str) -> Code:
    slugs = {code.slug: code for code in CODES.values()}
    code = CODES.get(word.upper()) or slugs.get(word.lower())
    if code is None:
        hint = did_you_mean(word.upper(), CODES) or did_you_mean(word.lower(), slugs)
        raise Stop(f"no code `{word}`; {hint or '`mapper explain` lists all of them'}")
    return code


def _print_page(output: Screen, code: Code) -> None:
    page = explain(code.number)
    output.line((f"{code.number} {code.slug}", "bold"), f": {code.summary}")
    output.line()
    width = min(WIDTH, shutil.get_terminal_size((WIDTH, 0)).columns)
    output.block(textwrap.fill(page.text.strip(), width) + "\n")
    if page.mapping:
        _print_example(output, "With this mapping", page.mapping, page.mapping, " ", "")
    if page.wrong:
        _print_example(output, f"Wrong {page.noun}", page.wrong, page.right or page.wrong, "-", "red")
    if page.right:
        _print_example(output, f"Right {page.noun}", page.right, page.wrong or page.right, "+", "green")


def _print_example(output: Screen, title: str, text: str, other: str, mark: str, style: str) -> None:
    """Print an example; lines the other example lacks carry the mark."""
    output.line()
    output.line(title, style="bold")
    there = set(other.splitlines())
    for line in text.rstrip().splitlines():
        differs = line not in there
        output.line(f"  {mark if differs else ' '} {line}".rstrip(), style=style if differs else "")
