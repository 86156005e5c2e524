"""Serve messages: what `mapper serve` prints while it runs, as text or as lines of JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mapper.cli import screen
from mapper.cli.spool_options import plain_line
from mapper.diagnostics import render

if TYPE_CHECKING:
    from mapper.receiver.reload import Reloaded
    from mapper.receiver.web.app import Answered

FORMATS = ("text", "json")


@dataclass(frozen=True, slots=True)
class ServeMessages:
    """Functions that tell of answers, faults and changed files, and of what happens once."""

    answered: Callable[[Answered], None]
    fault: Callable[[str], None]
    reloaded: Callable[[Reloaded], None]
    notice: Callable[[str], None]


@contextmanager
def serve_messages(form: str) -> Iterator[ServeMessages]:
    """Messages in a form of FORMATS, on the standard error."""
    from mapper.receiver.web import logs

    if form == "text":
        with logs.libraries_told(screen.report):
            yield ServeMessages(
                lambda answered: None, screen.report, _print_reloaded, lambda text: screen.err().line(text)
            )
        return

    def write(line: str) -> None:
        screen.err().block(plain_line(line.encode()))

    with logs.json_lines(write), logs.libraries_told(logs.log_fault):
        yield ServeMessages(
            logs.log_answer, logs.log_fault, _log_reloaded, lambda text: logs.log_notice("notice", text=text)
        )


def _print_reloaded(reloaded: Reloaded) -> None:
    messages = screen.err()
    for text in _changes(reloaded):
        messages.line(text)
    if reloaded.diagnostics:
        messages.block(render.render(reloaded.diagnostics, "text", color=messages.has_color) + "\n")
    for text in reloaded.failed:
        messages.line(text)
    if reloaded.is_degraded:
        messages.line("what was there before serves until this is mended")


def _log_reloaded(reloaded: Reloaded) -> None:
    from mapper.receiver.web import logs

    for text in _changes(reloaded):
        logs.log_notice("changed", text=text)
    for note in reloaded.notes:
        logs.log_notice("degraded", code=note.code, place=note.place, text=note.message)


def _changes(reloaded: Reloaded) -> Iterator[str]:
    if reloaded.is_configured:
        yield "the configuration changed and is used from now on"
    for name in reloaded.replaced:
        yield f"`{name}` changed and is used from now on"
