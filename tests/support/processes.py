"""Processes: the children of a running command."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path


def workers_of(process: subprocess.Popen[bytes], number: int) -> list[int]:
    """The worker processes of a run, as soon as there are so many."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        found = [int(child) for child in children if b"spawn_main" in command_of(int(child))]
        if len(found) == number:
            return found
        time.sleep(0.02)
    raise AssertionError("the workers did not start")


def command_of(process: int) -> bytes:
    """The command line of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
