"""Spool options: the options of commands that look into a spool."""

from __future__ import annotations

import argparse
from pathlib import Path

DEFAULT_FOLDER = "spool"


def add_folder(parser: argparse.ArgumentParser, text: str = "the folder of the spool") -> None:
    """Declare `--spool`; it is None if it is not given."""
    parser.add_argument("--spool", metavar="FOLDER", help=f"{text}; default: ./{DEFAULT_FOLDER}")


def read_folder(arguments: argparse.Namespace) -> Path:
    """The folder of the spool."""
    return Path(arguments.spool or DEFAULT_FOLDER)
