"""A script that runs the command line in processes that die: at a step, by a signal, or by a full disk.

It reads trials as JSON from standard input, forks a process for each run of each trial, and writes how they
ended as JSON. Forking saves the start of Python; the processes and the signals are real.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import mapper
import mapper.cli.run
import mapper.streams.batch_mapper
import mapper.streams.envelope_needs
import mapper.streams.inputs
import mapper.streams.recording
import mapper.transform.transform
from mapper.cli import main
from mapper.streams.outputs import OutputStream


class Steps:
    """Counts the steps a run takes on the disk; ends the process at one of them, before, amid or after."""

    def __init__(self, last: int, when: str) -> None:
        self.left, self.when = last, when

    def watch(self) -> None:
        """From now on count: writes, syncs, renames and removals."""
        for name in ("fsync", "replace", "rename", "unlink", "truncate", "ftruncate"):
            setattr(os, name, self._counted(getattr(os, name)))
        put = OutputStream._put

        def write(output: OutputStream, data: bytes) -> None:
            if self._is_last():
                put(output, data[: {"before": 0, "amid": len(data) // 2, "after": len(data)}[self.when]])
                self._die()
            put(output, data)

        OutputStream._put = write  # type: ignore[method-assign]

    def _counted(self, call: Any) -> Any:
        def counted(*arguments: Any, **named: Any) -> Any:
            if self._is_last():
                if self.when == "after":
                    call(*arguments, **named)
                self._die()
            return call(*arguments, **named)

        return counted

    def _is_last(self) -> bool:
        self.left -= 1
        return self.left == 0

    def _die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)


NOTHING_TO_RESUME = 2
INTERRUPTED, CRASHED = 130, 70


def run(trial: dict[str, Any], attempt: dict[str, Any]) -> int:
    """One run in a process of its own; its exit code, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = INTERRUPTED  # also before and after the part of `main` that tells of it
        try:
            code = _run(trial, attempt)
        except KeyboardInterrupt:
            pass
        except Exception:
            traceback.print_exc()
            code = CRASHED
        finally:
            os._exit(code)
    if "signal" in attempt:
        time.sleep(attempt["delay"])
        os.kill(child, attempt["signal"])
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run_all(trial: dict[str, Any]) -> list[int]:
    """The attempts of a trial until one ends as the whole run does."""
    ended: list[int] = []
    for attempt in trial["attempts"]:
        if trial["done"] not in ended:
            ended.append(run(trial, attempt))
            if ended[-1] == NOTHING_TO_RESUME and _was_whole(trial, ended):
                ended.append(trial["done"])
    return ended


def _was_whole(trial: dict[str, Any], ended: list[int]) -> bool:
    """Whether the run was killed or interrupted when all was done and only Python had still to end."""
    said = (Path(trial["folder"]) / "log").read_text()
    return "nothing to resume" in said and any(code < 0 or code == INTERRUPTED for code in ended)


def _run(trial: dict[str, Any], attempt: dict[str, Any]) -> int:
    os.chdir(trial["folder"])
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    mapper.streams.inputs.CHUNK = trial["chunk"]
    mapper.streams.recording.CHECKPOINT = trial["checkpoint"]
    if "portion" in trial:  # then lines are written before their body ends
        mapper.transform.transform.PORTION = 1
        mapper.streams.batch_mapper.MAX_BYTES = trial["portion"]
    if "step" in attempt:
        Steps(attempt["step"], attempt["when"]).watch()
    if "room" in attempt:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (attempt["room"], resource.RLIM_INFINITY))
    try:
        return main([*trial["arguments"], *attempt.get("more", [])])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def import_all(trial: dict[str, Any]) -> None:
    """Import what a run imports as it goes, so that no fork has to."""
    transform = mapper.load(Path(trial["folder"]) / "mappings/orders.yaml")
    assert transform.json(b"{}").rejected


if __name__ == "__main__":
    trials = json.load(sys.stdin)
    import_all(trials[0])
    json.dump([run_all(trial) for trial in trials], sys.stdout)
