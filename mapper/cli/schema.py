"""Schema: a shipped JSON Schema is printed, or its path, or the line by which an editor finds it."""

from __future__ import annotations

import argparse
import json

from mapper import catalog
from mapper.cli import screen

DESCRIPTION = """\
Prints the JSON Schema of mappings, of events, of a receiver's configurations, or of profiles of vendors, or
its path. Without a name it prints the line that an editor with a YAML language server reads: as the first
line of a mapping it gives completion and checks while you type."""
EXAMPLES = """\
examples:
  mapper schema                       # yaml-language-server: $schema=...
  mapper schema mapping --path        for the settings of an editor
  mapper schema event                 the fields of an event"""
SCHEMAS = {
    "mapping": "mapping.schema.json",
    "event": "event.schema.json",
    "receiver": "receiver.schema.json",
    "profile": "profile.schema.json",
}
MODELINE = "# yaml-language-server: $schema="


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("name", metavar="NAME", nargs="?", choices=SCHEMAS, help=", ".join(SCHEMAS))
    parser.add_argument("--path", action="store_true", help="print the path of the file, not its content")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(arguments: argparse.Namespace) -> int:
    """Print what was asked for."""
    output, name = screen.out(), arguments.name or "mapping"
    path = catalog.shipped_schemas() / SCHEMAS[name]
    if arguments.format == "json":
        named = [arguments.name] if arguments.name else list(SCHEMAS)
        output.block(json.dumps({"schemas": [_described(one) for one in named]}) + "\n")
    elif arguments.path:
        output.line(str(path))
    elif arguments.name:
        output.block(path.read_text("utf-8"))
    else:
        output.line(f"{MODELINE}{path.as_posix()}")
    return 0


def _described(name: str) -> dict[str, str]:
    path = catalog.shipped_schemas() / SCHEMAS[name]
    return {"name": name, "path": str(path), "title": json.loads(path.read_text("utf-8"))["title"]}
