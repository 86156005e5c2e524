"""The figures of a soak: what the processes and the spool hold, again and again, and the verdict about it."""

from __future__ import annotations

import csv
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

MEGABYTE = 1_000_000
# How much the medians of the last third may exceed those of the second one.
MEMORY = 8 * MEGABYTE
DISK = 12 * MEGABYTE
HANDLES = 6
THREADS = 2
SHORT = 9.5  # minutes
# Figures whose growth ends a soak with a problem, with their bounds.
BOUNDS = {
    "receiver_memory": MEMORY,
    "spool_file": DISK,
    "spool_log": DISK,
    "spool_used": DISK,
    "receiver_files": HANDLES,
    "receiver_threads": THREADS,
}


class Watchable(Protocol):
    """The receiver of a soak."""

    folder: Path

    @property
    def pid(self) -> int | None: ...

    def metrics(self) -> dict[str, float]: ...


def memory_of(pid: int, name: str = "VmRSS") -> int:
    """The bytes of a process that are in memory; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def handles_of(pid: int, kind: str) -> int:
    """The number of open files (`fd`) or threads (`task`) of a process; 0 if it has ended."""
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/{kind}").iterdir())
    except OSError:
        return 0


def family_of(pid: int) -> list[int]:
    """A process and its children."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [pid, *map(int, text.split())]


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@dataclass
class Sampler:
    """Takes figures at an interval, in a thread, and writes them to `samples.csv`.

    `ask` gives the process that all others of PostgreSQL are children of, and the third of the soak.
    """

    receiver: Watchable
    ask: Callable[[], tuple[int | None, int]]
    interval: float
    rows: list[dict[str, float]] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _begun: float = 0.0

    def start(self) -> None:
        self._begun = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        assert self._thread is not None
        self._thread.join()

    def _run(self) -> None:
        with (self.receiver.folder / "samples.csv").open("w", newline="") as stream:
            writer = None
            while not self._stopping.wait(self.interval):
                row = self.sample()
                if writer is None:
                    writer = csv.DictWriter(stream, row)
                    writer.writeheader()
                writer.writerow(row)
                stream.flush()
                self.rows.append(row)

    def sample(self) -> dict[str, float]:
        """The figures of this moment; 0 for those of a process that is away."""
        pid = self.receiver.pid or 0
        found = self.receiver.metrics()
        spool = self.receiver.folder / "spool"
        parent, third = self.ask()
        postgres = family_of(parent or 0)
        row = {
            "third": third,
            "second": round(time.monotonic() - self._begun, 1),
            "pid": pid,
            "receiver_memory": memory_of(pid),
            "receiver_files": handles_of(pid, "fd"),
            "receiver_threads": handles_of(pid, "task"),
            "postgres_processes": len(postgres),
            "postgres_memory": sum(memory_of(one, "RssAnon") for one in postgres),
            "spool_file": size_of(spool / "spool.db"),
            "spool_log": size_of(spool / "spool.db-wal"),
            "spool_used": found.get("mapper_spool_bytes", 0),
            "waiting": found.get("mapper_waiting_requests", 0),
            "waiting_age": found.get("mapper_waiting_seconds", 0),
        }
        for name in ("http", "files", "postgres"):
            for what in ("events", "seconds"):
                label = f'mapper_pending_{what}{{destination="{name}"}}'
                row[f"{name}_{what}"] = found.get(label, 0)
        return row


def judge(rows: list[dict[str, float]]) -> list[str]:
    """What has grown between the second and the last third; prints the figures of all thirds.

    In less than ten minutes nothing is said to grow: caches fill, and old requests are not removed yet.
    """
    alive = [row for row in rows if row["spool_used"]]  # it does not answer while it starts
    parts = [[row for row in alive if row["third"] == number] for number in range(3)]
    if not all(len(part) > 3 for part in parts):
        return ["there are too few samples"]
    problems = []
    minutes = (rows[-1]["second"] - rows[0]["second"]) / 60
    print(f"{'median, then most, of':>20} {'first third':>24} {'second third':>24} {'last third':>24}")
    for name in list(rows[0])[3:]:
        medians = [statistics.median(row[name] for row in part) for part in parts]
        most = [max(row[name] for row in part) for part in parts]
        shown = (f"{middle:>12,.0f}{top:>12,.0f}" for middle, top in zip(medians, most, strict=True))
        print(f"{name:>20} " + " ".join(shown))
        grown = medians[2] - medians[1]
        if minutes >= SHORT and grown > BOUNDS.get(name, grown):
            problems.append(f"{name} grows: {grown:,.0f} more, {grown / minutes * 3:,.0f} a minute")
    return problems
