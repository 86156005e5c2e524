"""Screen: consoles and colours that the commands share."""

from __future__ import annotations

import os
import sys

from rich.console import Console

WIDE = 240  # in a pipe lines are never wrapped; a table grows only as wide as its cells


def out() -> Console:
    """The console on standard output: coloured on a terminal, plain in a pipe, `NO_COLOR` honoured."""
    return _console(stderr=False)


def err() -> Console:
    """The console on standard error."""
    return _console(stderr=True)


def has_color(console: Console) -> bool:
    """True if text for this console may hold colour codes."""
    return console.color_system is not None


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        file=stream,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
        width=None if stream.isatty() else WIDE,
    )
