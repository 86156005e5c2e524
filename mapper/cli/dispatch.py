"""Dispatch: the first argument chooses the command; its module is imported only then."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn, Protocol, cast

from mapper.cli import screen
from mapper.diagnostics.diagnostic import did_you_mean
from mapper.diagnostics.render.visible import visible
from mapper.diagnostics.stop import Stop
from mapper.native import load_core
from mapper.version import __version__

COMMANDS = {
    "check": "report what is wrong in mappings before any event flows",
    "test": "run the samples of mappings and compare whole results",
    "run": "turn files of request bodies into events",
    "trace": "tell why the items of one body came out as they did",
    "infer": "make a JSON Schema of samples or traffic",
    "new": "make a mapping, its schema and its samples from payloads",
    "serve": "take requests of vendors, make them durable, and turn them into events",
    "dead": "list the items that a receiver could not turn into events",
    "replay": "map dead letters of a receiver again",
    "spool": "look into the spool of a receiver: totals, law, requests",
    "explain": "tell what a diagnostic code means, with a wrong and a right example",
    "schema": "print the schema of mappings, events or configurations, or the line an editor reads",
    "completion": "print a script that completes commands in a shell",
}
EXIT_CODES = """\
exit codes:
  0  clean
  1  problems found: a diagnostic, a failed case, a rejected item, a full disk
  2  wrong usage: an unknown option, mapping or file, a closed standard stream, a wrong configuration
  3  an input of `run`, `infer` or `new` could not be read to its end, or changed meanwhile

`mapper COMMAND --help` tells more about a command."""
WIDEST = 110  # characters of a line of help that are still easy to read
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
READER_GONE = 141  # 128 + SIGPIPE
OUT_OF_MEMORY = "no memory is left; give the process more, or give it less to do at once"


class Parser(argparse.ArgumentParser):
    """Reports wrong arguments without the text behind `=`, which may be a secret."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message, and leave."""
        super().error(visible(re.sub(r"=\S.*", "=...", message)))

    def _print_message(self, message: str, file: object = None) -> None:
        # argparse prints usage, help, version and errors by this method, and would swallow a full disk.
        if message:
            screen.of(file).block(message)


class Help(argparse.RawDescriptionHelpFormatter):
    """Wraps the paragraphs of help texts. Those with indented lines, such as examples, stay as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.split("\n\n")
        widest = min(width, WIDEST)
        return "\n\n".join(one if "\n  " in one else textwrap.fill(one, widest) for one in paragraphs)


class Command(Protocol):
    """The module of a command."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options and the help text."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do the work and return the exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what a user can cause never ends in a traceback."""
    try:
        screen.prepare()
        return _run(list(sys.argv[1:] if argv is None else argv))
    except Stop as stop:
        screen.report(str(stop))
        return stop.code
    except BrokenPipeError:
        return READER_GONE
    except OSError as error:
        # Whoever opens a file gives its name. Without one it is a full disk, which is known by its reason.
        place = f"`{error.filename}` cannot be used: " if error.filename else ""
        screen.report(f"{place}{error.strerror or error}")
        return 1
    except KeyboardInterrupt:
        screen.report("interrupted")
        return INTERRUPTED
    finally:
        screen.silence()


def _run(argv: list[str]) -> int:
    chosen = next((word for word in argv if not word.startswith("-")), "")
    if chosen and chosen not in COMMANDS:
        raise Stop(f"no command `{chosen}`; {did_you_mean(chosen, COMMANDS) or 'see `mapper --help`'}")
    try:
        arguments = _read(argv, chosen)
        return _command(chosen).run(arguments)
    except ImportError as error:  # some modules are loaded late; without memory they cannot be, either
        raise Stop(f"a part of mapper or of a library cannot be loaded: {error}", 1) from None
    except SystemError as error:
        raise Stop(f"Python failed: {error}; it does so if no memory is left", 1) from None
    except MemoryError:
        pass  # the frames that hold the memory are left before a word is said
    raise Stop(OUT_OF_MEMORY, 1)


def _read(argv: list[str], chosen: str) -> argparse.Namespace:
    """The arguments. An unknown option is reported first, with the usage of its command."""
    parser = build_parser(chosen)
    command = next((one for one in _parsers(parser) if one.prog.endswith(f" {chosen}")), parser)
    known = {*parser._option_string_actions, *command._option_string_actions}
    for word in argv[: argv.index("--") if "--" in argv else None]:
        name = word.partition("=")[0]  # behind it may be a secret
        if name.startswith("--") and name not in known:
            hint = did_you_mean(name, (option for option in known if option.startswith("--")))
            command.error(f"no option `{name}`" + (f"; {hint}" if hint else ""))
    return parser.parse_args(argv)


def _parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parsers of the commands."""
    found = [action.choices for action in parser._actions if isinstance(action.choices, dict)]
    return [one for choices in found for one in choices.values()]


def _command(name: str) -> Command:
    return cast(Command, import_module(f"mapper.cli.{name}"))


def version_line() -> str:
    """The version, and in words if the native core maps bodies."""
    return f"mapper {__version__} ({'with' if load_core() else 'without'} the native core)"


def build_parser(chosen: str) -> argparse.ArgumentParser:
    """The parser of the whole command line; only the chosen command's options are filled in."""
    parser = Parser(
        prog="mapper",
        description="Checks mappings of vendor webhooks and turns payloads into canonical events.",
        epilog=EXIT_CODES,
        formatter_class=Help,
    )
    parser.add_argument("--version", action="version", version=version_line())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, formatter_class=Help, allow_abbrev=False)
        if name == chosen:
            _command(name).add_arguments(command)
    return parser
