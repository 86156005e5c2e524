"""First steps: the transcript of docs/receiver.md, in which two terminals are used, is run for real."""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

from support.markdown import Block, Page
from support.places import ROOT
from support.waiting import PATIENCE

PAGE = ROOT / "docs" / "receiver.md"
ADDRESS = "http://127.0.0.1:8080"
# These only look, so that they can be repeated until the receiver has done its part.
LOOKS = ("cat ", "mapper dead", "mapper spool")


class Terminals:
    """A folder with the files of README.md; the receiver runs in the first terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for block in Page(ROOT / "README.md").parts():
            if isinstance(block, Block) and block.info.endswith((".yaml", ".ndjson")):
                (folder / block.info).write_text(block.text, "utf-8")
        command = folder / "bin" / "mapper"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mapper "$@"\n')
        command.chmod(0o755)
        path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
        self.process: subprocess.Popen[str] | None = None
        self.printed: queue.SimpleQueue[str] = queue.SimpleQueue()
        # The texts of the page that are others in each run, and those of this one.
        self.here: dict[str, str] = {}

    def run(self, command: str, expected: list[str]) -> list[str]:
        """The lines that a command prints; one that looks is repeated until they are the expected ones."""
        for said, here in self.here.items():
            command = command.replace(said, here)
        deadline = time.monotonic() + PATIENCE
        while True:
            done = subprocess.run(
                ["/bin/sh", "-c", command],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            lines = [comparable(line) for line in done.stdout.splitlines()]
            if lines == expected or not command.startswith(LOOKS) or time.monotonic() > deadline:
                return lines
            time.sleep(0.05)

    def serve(self, expected: list[str]) -> None:
        """Begin to serve on any free port, and read all that the page shows of it."""
        self.process = subprocess.Popen(
            ["mapper", "serve", "--port", "0"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reading = threading.Thread(target=self._read, daemon=True)
        self.reading.start()
        lines: list[str] = []
        while not lines or not lines[-1].startswith("listening on "):
            lines.append(self.printed.get(timeout=PATIENCE))
        self.here = {ADDRESS: lines[-1].split()[-1], expected[0].split()[-1]: lines_with_key(lines)}
        shown = "\n".join(lines)
        for said, here in self.here.items():
            shown = shown.replace(here, said)
        assert_shown(expected, shown.splitlines())

    def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self.printed.put(line.rstrip("\n"))

    def end(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.reading.join(PATIENCE)
        return self.process.wait(PATIENCE)


def lines_with_key(lines: list[str]) -> str:
    (key,) = [line.split()[-1] for line in lines if line.startswith("The key is ")]
    return key


def assert_shown(expected: list[str], lines: list[str]) -> None:
    """The expected lines are there in their order; `...` stands for any others."""
    rest = iter(lines)
    for line in expected:
        if line != "...":
            assert line in rest, f"not printed: {line}"


def comparable(line: str) -> str:
    """A line without the time of receipt and the version of a mapping."""
    return re.sub(r"^(#\d+ )\S+Z (.*@)[0-9a-f]{8}", r"\1TIME \2VERSION", line)


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block with the lines below each; lines before the first one have none."""
    command, lines = "", list[str]()
    for line in text.splitlines():
        if line.startswith("$ "):
            if command or lines:
                yield command, lines
            command, lines = line[2:], []
        else:
            lines.append(line)
    yield command, lines


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Terminals]:
    terminals = Terminals(tmp_path)
    yield terminals
    if terminals.process is not None and terminals.process.poll() is None:
        terminals.process.kill()
        terminals.process.wait()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_the_first_steps_are_true(terminals: Terminals) -> None:
    blocks = [part for part in Page(PAGE).parts() if isinstance(part, Block) and part.language == "session"]
    assert len(blocks) >= 5
    for block in blocks:
        for command, lines in commands(block.text):
            expected = [comparable(line) for line in lines]
            if command == "mapper serve":
                terminals.serve(lines)
            elif command:
                assert terminals.run(command, expected) == expected, f"{PAGE.name}:{block.line}: {command}"
            else:
                for line in lines:
                    assert terminals.printed.get(timeout=PATIENCE) == line
    assert terminals.end() == 0
