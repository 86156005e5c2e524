"""Kills: servers are killed while clients count successes; each of these ends once, and is delivered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

from support.kill_trials import check_file, run_trial
from support.places import TESTS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="servers are forked")

KILLS = 6


@pytest.fixture
def shim(tmp_path: Path) -> Path:
    """A library that keeps what was synced."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path / "dropping.so"
    source = TESTS / "support/dropping.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def test_what_was_answered_survives_kills(tmp_path: Path) -> None:
    clients = run_trial(tmp_path, KILLS)
    assert len(clients.answered) > KILLS
    check_file(tmp_path / "spool", clients)


def test_what_was_answered_survives_power_cuts(tmp_path: Path, shim: Path) -> None:
    clients = run_trial(tmp_path, 6, shim=shim)
    assert len(clients.answered) > 6
    check_file(tmp_path / "spool", clients)


def test_without_syncs_power_cuts_lose_what_was_answered(tmp_path: Path, shim: Path) -> None:
    """The test before fails if the promise is taken out."""
    for cuts in (3, 12, 48):  # the first is enough, if the machine has time to answer between them
        folder = tmp_path / str(cuts)
        folder.mkdir()
        clients = run_trial(folder, cuts, shim=shim, without="sync")
        try:
            check_file(folder / "spool", clients)
        except AssertionError:
            return
    pytest.fail("nothing was lost")


@pytest.mark.slow
def test_what_was_answered_survives_many_kills(tmp_path: Path) -> None:
    clients = run_trial(tmp_path, 200)
    assert len(clients.answered) > 200
    check_file(tmp_path / "spool", clients)


@pytest.mark.slow
def test_what_was_answered_survives_many_power_cuts(tmp_path: Path, shim: Path) -> None:
    clients = run_trial(tmp_path, 100, shim=shim)
    check_file(tmp_path / "spool", clients)
