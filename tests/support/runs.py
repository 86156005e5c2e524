"""Runs of one command, each in a folder of its own with the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mapper.cli import main
from support.calls import write
from support.watched_disk import DiskCall, WatchedDisk

REJECTED, REFUSED, UNREAD = 1, 2, 3  # exit codes
OUTPUTS = ("events", "skipped", "rejected")


class Runs:
    """Runs of one command in folders of their own, each with the same inputs."""

    def __init__(self, home: Path, *, inputs: dict[str, bytes], options: list[str], suffix: str = "") -> None:
        self.home, self.inputs, self.suffix = home, inputs, suffix
        self.arguments = ["run", str(home / "mappings/orders.yaml"), *options]
        # Each output has a folder of its own, as its name has to be brought to disk, too.
        for option, name in zip(("-o", "--skipped", "--rejected"), OUTPUTS, strict=True):
            self.arguments += [option, f"{name}-of/{name}{suffix}"]
        self.folder = home
        self.count = 0

    def fresh(self, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A new folder with the inputs, the working directory from now on."""
        self.count += 1
        self.folder = self.home / f"run{self.count}"
        for name, data in self.inputs.items():
            write(self.folder / name, data)
        for name in OUTPUTS:
            (self.folder / f"{name}-of").mkdir()
        monkeypatch.chdir(self.folder)
        return self.folder

    def run(self, *more: str) -> int:
        return main([*self.arguments, *more])

    def watched(self, report: Callable[[DiskCall], None], *more: str) -> int:
        with WatchedDisk(self.folder, report).watch():
            return self.run(*more)

    def files(self) -> dict[str, bytes]:
        """All files of the folder but the inputs, by name."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        files = {str(path.relative_to(self.folder)): path.read_bytes() for path in found}
        return {name: data for name, data in files.items() if name not in self.inputs}
