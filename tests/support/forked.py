"""Forked commands: many calls of the command line with odd standard streams, in processes of their own.

`python -m support.forked` reads the calls as JSON, forks for each one, and prints how each ended. A fresh
Python for each would take most of the time. In the fork a closed stream is what Python makes of one when it
starts: the descriptor is closed and `sys.stdout` is None.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from support.calls import ENVIRONMENT, ORDERS
from support.places import ROOT

STREAMS = ("stdin", "stdout", "stderr")


@dataclass(frozen=True)
class ForkedCall:
    """A call in a folder; each stream is `plain`, `closed`, `full` (a full disk) or `gone` (no reader)."""

    folder: str
    arguments: tuple[str, ...]
    stdin: str = "plain"
    stdout: str = "plain"
    stderr: str = "plain"


@dataclass(frozen=True)
class ForkedEnd:
    """How a call ended; `out` and `err` are what reached a plain stream."""

    code: int
    out: str
    err: str


def run_forked(calls: Iterable[ForkedCall], more: Mapping[str, str] | None = None) -> list[ForkedEnd]:
    """How each of the calls ended, with more variables of the environment."""
    # With buffers more can go wrong at the end, so they are there unless a test has none of them.
    paths = f"{ROOT}:{ROOT / 'tests'}"
    environment = {**ENVIRONMENT, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "", **dict(more or {})}
    done = subprocess.run(
        [sys.executable, "-m", "support.forked"],
        input=json.dumps([asdict(call) for call in calls]),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return [ForkedEnd(**end) for end in json.loads(done.stdout)]


def _serve() -> None:
    for name in ("check", "test", "run", "explain", "junit"):
        __import__(f"mapper.cli.{name}")
    import rich.progress
    import rich.text  # noqa: F401

    import mapper

    mapper.compile(ORDERS).json(b"{}")  # imports what each call would

    ends = []
    for fields in json.loads(sys.stdin.read()):
        call = ForkedCall(**fields)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if not child:
                _become(call, out.fileno(), err.fileno())
                os._exit(_call(call.arguments))
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            texts = []
            for stream in (out, err):
                stream.seek(0)
                texts.append(stream.read().decode("utf-8", "surrogateescape"))
        ends.append(asdict(ForkedEnd(code, *texts)))
    print(json.dumps(ends))


def _call(arguments: Sequence[str]) -> int:
    """Call a command and end as Python does, but without the time that it takes to take itself apart."""
    from mapper.cli import main

    try:
        code = main(list(arguments))
    except SystemExit as error:
        code = int(error.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            code = 120  # as Python does if it cannot flush a standard stream at its end
    return code


def _become(call: ForkedCall, out: int, err: int) -> None:
    os.chdir(Path(call.folder))
    plain = (os.open(os.devnull, os.O_RDONLY), out, err)
    for descriptor, name in enumerate(STREAMS):
        match getattr(call, name):
            case "plain":
                os.dup2(plain[descriptor], descriptor)
            case "full":
                os.dup2(os.open("/dev/full", os.O_RDWR), descriptor)
            case "gone":
                reading, writing = os.pipe()
                os.close(reading)
                os.dup2(writing, descriptor)
            case "closed":
                setattr(sys, name, None)
    for descriptor, name in enumerate(STREAMS):
        if getattr(call, name) == "closed":
            os.close(descriptor)


if __name__ == "__main__":
    _serve()
