"""Spool options: the options of commands that look into a spool."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

DEFAULT_FOLDER = "spool"
# All that the gate to the terminal would write in another way; in JSON it can only be inside of a text.
_UNPRINTABLE = re.compile(r"[^ -~]|#(?=\w*\[)")


def add_folder(parser: argparse.ArgumentParser, text: str = "the folder of the spool") -> None:
    """Declare `--spool`; it is None if it is not given."""
    parser.add_argument("--spool", metavar="FOLDER", help=f"{text}; default: ./{DEFAULT_FOLDER}")


def read_folder(arguments: argparse.Namespace) -> Path:
    """The folder of the spool."""
    return Path(arguments.spool or DEFAULT_FOLDER)


def plain_line(line: bytes) -> str:
    """A line of JSON with the same values in printable ASCII."""
    return _UNPRINTABLE.sub(_escape, line.decode("utf-8").rstrip("\n")) + "\n"


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
