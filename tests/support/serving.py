"""Serving: `mapper serve` as a process of its own, and other commands beside it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from support.places import ROOT
from support.waiting import PATIENCE, until


class Served:
    """A running command: its output, its address, and how it ends."""

    def __init__(self, folder: Path, *words: str, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mapper", "serve", *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.errors: list[str] = []
        self.url = ""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors.append(line)
            found = re.search(r"listening on (http://[0-9.:]+)", line)
            if found:
                self.url = found[1]
                break

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def end(self) -> tuple[int, str]:
        """Exit code and output after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=PATIENCE)
        self.errors.append(err)
        return self.process.returncode, out


@contextmanager
def serving(folder: Path, *words: str, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """A command that is killed at the end, if it has not ended."""
    served = Served(folder, *words, environment=environment)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.kill()
        served.process.communicate()


def events_in(folder: Path, count: int) -> list[str]:
    """The ids in `events.ndjson` as soon as there are so many."""
    path = folder / "events.ndjson"

    def lines() -> list[str]:
        text = path.read_text("utf-8") if path.exists() else ""
        return text[: text.rfind("\n") + 1].splitlines()

    until(lambda: len(lines()) >= count)
    return [json.loads(line)["event_id"] for line in lines()]


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Another command that has ended."""
    return subprocess.run(
        [sys.executable, "-m", "mapper", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
