"""Fixtures of the tests of runs: a project in memory, and one whose runs take little time."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from mapper.api import load
from mapper.streams.envelope_needs import envelope_needs
from mapper.transform.transform import Transform

CHUNK, CHECKPOINT = 600, 2_500  # bytes


@pytest.fixture
def roomy(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The project in memory, where the system has such a folder: runs sync often, and disks are slow."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        shutil.copytree(project, folder, dirs_exist_ok=True)
        monkeypatch.chdir(folder)
        yield Path(folder)
        os.chdir(project)


@pytest.fixture
def quick(roomy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, with small parts of inputs and many checkpoints; its mapping is compiled once."""

    @cache
    def load_once(path: Path, **_: object) -> Transform:
        return load(path)

    monkeypatch.setattr("mapper.streams.inputs.CHUNK", CHUNK)
    monkeypatch.setattr("mapper.streams.recording.CHECKPOINT", CHECKPOINT)
    monkeypatch.setattr("mapper.cli.run.load", lambda path, limits: load_once(path))
    monkeypatch.setattr("mapper.cli.run.envelope_needs", cache(envelope_needs))
    return roomy
