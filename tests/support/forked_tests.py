"""Forked tests: many runs of pytest, each in a fork of one process that has imported all but the receiver.

`python -m support.forked_tests` reads a line of JSON for each run, with the patience of its tests and their
names, and prints a line with its exit code and its output. A fork imports the receiver anew, as it is on disk
by then.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import waiting
from support.calls import ORDERS
from support.waiting import PATIENCE

# Plugins are imported before pytest can rewrite their assertions; they have none that tell anything.
QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
# Each fork would import all plugins anew; the options of the project need this one.
PLUGINS = ("-p", "xdist.plugin", "-p", "no:cacheprovider")
OPTIONS = ("-q", "-x", *PLUGINS, "-n", "0", *QUIET, "-m", "slow or not slow", "--basetemp", "../temporary")
PACKAGES = (
    "aiohttp",
    "httpx",
    "hypothesis",
    "jinja2",
    "msgspec",
    "prometheus_client",
    "psycopg",
    "starlette.applications",
    "uvicorn",
    "watchfiles",
    "xdist.plugin",
    "mapper.catalog",
    "mapper.samples.suites",
    "mapper.streams.item_lines",
)


@dataclass
class ForkedTests:
    """The process that forks; `run` gives the output and the exit code, -SIGALRM if the time is over.

    Tests that are expected to fail get little patience with what does not come.
    """

    process: subprocess.Popen[str]

    def run(self, tests: Sequence[str], patience: float = PATIENCE) -> tuple[int, str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps([patience, *tests]), file=self.process.stdin, flush=True)
        code, out = json.loads(self.process.stdout.readline())
        return code, out


@contextmanager
def forked_tests(folder: Path) -> Iterator[ForkedTests]:
    """Runs of the tests of a checkout, until the end of the block."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(folder / "tests")))}
    environment = {name: text for name, text in environment.items() if not name.startswith("PYTEST_")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    pipe = subprocess.PIPE
    command = [sys.executable, "-B", "-m", "support.forked_tests"]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, text=True
    ) as process:
        yield ForkedTests(process)


def _serve() -> None:
    for name in PACKAGES:
        with suppress(ImportError):
            importlib.import_module(name)
    import mapper

    mapper.compile(ORDERS).json(b"{}")  # imports what it needs
    assert not any(name.startswith("mapper.receiver") for name in sys.modules)
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out:
            child = os.fork()
            if not child:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(out.fileno(), 1)
                os.dup2(out.fileno(), 2)
                patience, *tests = json.loads(line)
                waiting.PATIENCE = patience
                # A run that does not end by itself has not passed either.
                signal.alarm(60 + int(patience * len(tests)))
                code = int(pytest.main([*OPTIONS, *tests]))
                sys.stdout.flush()
                os._exit(code)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            out.seek(0)
            print(json.dumps((code, out.read().decode("utf-8", "replace"))), flush=True)


if __name__ == "__main__":
    _serve()
