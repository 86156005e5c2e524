"""Waiting: for what other threads and processes do.

Each wait ends as soon as its condition is met. A bound for it only says when a test gives up, so it is far
above the time that this takes on a slow machine: no test fails because the machine is busy.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 120.0  # seconds


def until(met: Callable[[], object], pause: float = 0.01) -> None:
    """Return when a condition is met; an AssertionError says that it was not."""
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(pause)
