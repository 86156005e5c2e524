"""Processes: the children of a running command; the memory of a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from support.places import ROOT, TESTS


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


def peak() -> int:
    """The most memory that this process has held, in megabytes (Linux).

    Not ru_maxrss: after exec that still counts the memory of the process that started this one.
    """
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) // 1024


def run_measured(code: str, *arguments: str, given: str = "") -> Any:
    """The JSON that Python code prints in a process of its own; it may import `support.processes.peak`.

    `given` is its standard input.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(TESTS)))}
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        input=given,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr[-1000:]
    return json.loads(ended.stdout)
