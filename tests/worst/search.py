"""Worst: a search for the input that takes most seconds and megabytes, each try in a process of its own.

An input is made from genes, which a generator draws, changes a little, and turns into a mapping or a body.
The search keeps the genes that took most and changes them again and again.
"""

from __future__ import annotations

import json
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

MOST_SECONDS = 10
MOST_MEGABYTES = 500
_MEGABYTE = 1024 * 1024
_LAST_MEMORY = 4 * 1024 * _MEGABYTE  # of the process: what takes more is ended
_LAST_SECONDS = 30
_KEPT = 6  # genes that are changed again

Genes = TypeVar("Genes")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one try has taken; `note` is its own, `failure` names what left it."""

    seconds: float = 0.0
    megabytes: float = 0.0
    note: str = ""
    failure: str = ""

    @property
    def share(self) -> float:
        """The part of the limits that was taken; more than 1 is a finding."""
        return 9.0 if self.failure else max(self.seconds / MOST_SECONDS, self.megabytes / MOST_MEGABYTES)

    def __str__(self) -> str:
        return self.failure or f"{self.seconds:.2f} s, {self.megabytes:.0f} MB {self.note}"


def measured(prepare: Callable[[], Callable[[], str]]) -> Taken:
    """What the call that `prepare` gives takes: processor seconds, and memory besides that in use before."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            json.dump(_tried(prepare), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    return Taken(**json.loads(answer)) if answer else Taken(failure=f"ended with status {status}")


def _tried(prepare: Callable[[], Callable[[], str]]) -> dict[str, Any]:
    resource.setrlimit(resource.RLIMIT_AS, (_LAST_MEMORY, _LAST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_LAST_SECONDS, _LAST_SECONDS))
    try:
        before = _memory("VmRSS")
        work = prepare()
        Path("/proc/self/clear_refs").write_text("5", "ascii")  # forgets the most memory so far
        start = time.process_time()
        note = work()
        seconds = time.process_time() - start
        return {"seconds": seconds, "megabytes": (_memory("VmHWM") - before) / 1024, "note": note}
    except BaseException as error:  # a MemoryError is what is looked for
        return {"failure": f"{type(error).__name__}: {str(error)[:200]}"}


def made_elsewhere(make: Callable[[], bytes]) -> bytes:
    """Bytes that a process of their own makes, so that the making leaves no memory behind in this one."""
    with tempfile.TemporaryFile() as file:
        child = os.fork()
        if not child:
            file.write(make())
            file.flush()
            os._exit(0)
        os.waitpid(child, 0)
        file.seek(0)
        return file.read()


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


@dataclass(slots=True)
class Search(Generic[Genes]):
    """Draws genes and changes those that took most; `tried` holds all of them with what they took."""

    draw: Callable[[random.Random], Genes]
    change: Callable[[random.Random, Genes], Genes]
    measure: Callable[[Genes], Taken]
    dice: random.Random
    tried: dict[Genes, Taken] = field(default_factory=dict)
    end: float = 0.0

    def run(self, seconds: float, seeds: list[Genes], report: Callable[[Genes, Taken], object]) -> None:
        """Try the seeds, then drawn and changed genes for so many seconds of the clock; report findings."""
        self.end = time.monotonic() + seconds
        for genes in seeds:
            self._try(genes, report)
        while time.monotonic() < self.end:
            usual = [genes for genes, taken in self.tried.items() if taken.share <= 1]  # a finding is found
            best = sorted(usual, key=lambda genes: -self.tried[genes].share)[:_KEPT]
            is_new = not best or self.dice.random() < 0.25
            genes = self.draw(self.dice) if is_new else self.change(self.dice, self.dice.choice(best))
            self._try(genes, report)

    def stop(self) -> None:
        """End the search after this try."""
        self.end = 0.0

    def _try(self, genes: Genes, report: Callable[[Genes, Taken], object]) -> None:
        if genes not in self.tried:
            taken = self.tried[genes] = self.measure(genes)
            if taken.share > 1:
                report(genes, taken)

    def worst(self, count: int) -> list[tuple[Genes, Taken]]:
        """The genes that took most, with what they took."""
        return sorted(self.tried.items(), key=lambda each: -each[1].share)[:count]
