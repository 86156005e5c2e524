"""Screen: the one gate between the texts of the commands and the standard streams.

No other module of the command line prints. Texts of users (names of files, reasons, messages of a library)
reach a terminal or a build server's log only as visible characters: no control character moves the cursor,
no mark turns a line around, and no line is a command to the server (`render.visible`). Events are data; they
go around the gate.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO, TypeAlias

from mapper.diagnostics.render.visible import printable, visible
from mapper.diagnostics.stop import Stop

if TYPE_CHECKING:  # a command that fails early prints its one line without it
    from rich.console import Console

WIDE = 240  # in a pipe lines are never wrapped; a table grows only as wide as its cells
CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
}  # ECMA-48 §8.3.117
CLOSED = "is closed; use `{} /dev/null` if nothing is to be printed"

Styled: TypeAlias = str | tuple[str, str]  # a text, or a text and its style: words of CODES
Advance: TypeAlias = Callable[[str, int], None]  # shows a name, and how much is done


class Screen:
    """A standard stream: coloured on a terminal, plain in a pipe, `NO_COLOR` honoured.

    A stream that cannot be written raises Stop with the reason, or BrokenPipeError if its reader is gone.
    """

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._lazy_console: Console | None = None

    @property
    def has_color(self) -> bool:
        """True if its text may hold colour codes."""
        return self._console.color_system is not None

    @property
    def is_terminal(self) -> bool:
        """True for a terminal; also for one without colours, and not for a pipe that is to have them."""
        return self._stream.isatty()

    @property
    def columns(self) -> int | None:
        """The width of the terminal; None for another stream."""
        return shutil.get_terminal_size().columns if self._stream.isatty() else None

    def line(self, *parts: Styled, style: str = "") -> None:
        """Print one line. Its parts may be any text; `style` is that of parts without their own."""
        pairs = [(part, style) if isinstance(part, str) else part for part in parts]
        self.block("".join(self._paint(visible(text), own) for text, own in pairs) + "\n")

    def block(self, text: str, *, has_commands: bool = False) -> None:
        """Print lines that a renderer has made; `has_commands` if commands to a build server are meant."""
        has_color = "\x1b" in text and self.has_color
        self._write(printable(text, has_color=has_color, has_commands=has_commands))

    @contextmanager
    def progress(self, total: int | None) -> Iterator[Advance]:
        """A progress bar, as long as the block runs."""
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        text = TextColumn("{task.description}", markup=False)
        columns = (text, BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task("", total=total)
            yield lambda name, done: progress.update(
                task, description=printable(visible(name)), completed=done
            )

    @property
    def _console(self) -> Console:
        if self._lazy_console is None:
            from rich.console import Console

            self._lazy_console = Console(
                file=self._stream,
                color_system=None if os.environ.get("NO_COLOR") else "auto",
                highlight=False,
                markup=False,
                emoji=False,
                soft_wrap=True,
                width=None if self._stream.isatty() else WIDE,
            )
        return self._lazy_console

    def _paint(self, text: str, style: str) -> str:
        if not (text and style and self.has_color):
            return text
        codes = ";".join(CODES[word] for word in style.split())
        return f"\x1b[{codes}m{text}\x1b[0m"

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Stop(f"{self._name} cannot be written: {error.strerror or error}", 1) from None


def out() -> Screen:
    """Standard output."""
    return Screen(sys.stdout, "standard output")


def err() -> Screen:
    """Standard error."""
    return Screen(sys.stderr, "standard error")


def of(stream: object) -> Screen:
    """The screen of one of the two streams, as libraries name them; None is standard error."""
    return out() if stream is not None and stream is sys.stdout else err()


def report(text: str) -> None:
    """Print the one line that says why a command ends; nothing if there is no place for it."""
    stream = sys.stderr
    if stream is None and sys.stdout is not None and sys.stdout.isatty():
        stream = sys.stdout
    if stream is not None:
        with suppress(OSError, Stop):
            Screen(stream, "").line(f"mapper: {text}")


def prepare() -> None:
    """Make the standard streams ready for a command; raises Stop if one for output is closed.

    The descriptor of a closed stream is occupied. Otherwise the next file that is opened would get it, and
    whatever a library or another process prints would be written into that file.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # It is the lowest that is free, so it is the one that is given. It can be read where writing is
            # meant and the other way around: using it fails, as if it were closed.
            os.set_inheritable(os.open(os.devnull, os.O_RDONLY if descriptor else os.O_WRONLY), True)
    for stream, name, sign in ((sys.stdout, "output", ">"), (sys.stderr, "error", "2>")):
        if stream is None:
            raise Stop(f"standard {name} {CLOSED.format(sign)}")
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a narrow terminal encoding is no reason to fail


def silence() -> None:
    """Point the streams that cannot be written at nothing: Python flushes them once more when it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            with suppress(OSError, ValueError):  # a stream that is no file, as under a test
                descriptor = os.open(os.devnull, os.O_WRONLY)
                os.dup2(descriptor, stream.fileno())
                os.close(descriptor)
