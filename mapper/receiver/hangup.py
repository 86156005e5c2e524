"""Hangup: SIGHUP asks a receiver to look at its files, and never ends it, also while it begins and ends."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Hangup:
    """SIGHUP, if the system has it, within `caught`; one that comes before `then` is kept for it."""

    _ask: Callable[[], None] | None = None
    _has_come: bool = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Let no SIGHUP end the process; called in the main thread."""
        if not hasattr(signal, "SIGHUP"):
            yield
            return
        before: Any = signal.signal(signal.SIGHUP, lambda number, frame: self._come())
        try:
            yield
        finally:
            signal.signal(signal.SIGHUP, before)

    def then(self, ask: Callable[[], None]) -> None:
        """Call `ask` at each SIGHUP from now on, in its handler, and now if one has come before."""
        self._ask = ask
        if self._has_come:
            ask()

    def _come(self) -> None:
        self._has_come = True
        if self._ask is not None:
            self._ask()
