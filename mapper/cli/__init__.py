"""Command line: arguments become a printed report and an exit code. One command, one file."""

from mapper.cli.dispatch import main

__all__ = ["main"]
