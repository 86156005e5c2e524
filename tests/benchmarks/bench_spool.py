"""The benchmark of the spool: `python tests/benchmarks/bench_spool.py` prints durable appends per second.

The other contender is a bare loop that writes the same bytes to a file and syncs it, with the same size of
groups. Both run in turn, round after round; each figure is the median of its rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from mapper.receiver.configuration.settings import SpoolSettings  # noqa: E402
from mapper.receiver.spool.intake import SpoolIntake  # noqa: E402
from mapper.receiver.spool.spool import Spool  # noqa: E402
from support.spools import order, received  # noqa: E402

SIZES = (1, 16, 64, 256)


def bare(folder: Path, bodies: list[bytes], group: int) -> float:
    """Seconds in which groups of bodies are written to a file that is synced after each."""
    descriptor = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    start = time.perf_counter()
    for first in range(0, len(bodies), group):
        os.write(descriptor, b"".join(bodies[first : first + group]))
        os.fdatasync(descriptor)
    seconds = time.perf_counter() - start
    os.close(descriptor)
    return seconds


def spooled(folder: Path, bodies: list[bytes], group: int) -> float:
    """Seconds in which groups of requests are appended to a spool."""
    requests = [received(body) for body in bodies]
    spool = Spool.open(folder / "spool")
    start = time.perf_counter()
    for first in range(0, len(requests), group):
        spool.append(requests[first : first + group])
    seconds = time.perf_counter() - start
    spool.close()
    return seconds


def taken(folder: Path, bodies: list[bytes], group: int) -> float:
    """Seconds in which an intake makes requests durable, with as many under way as a group has."""
    requests = [received(body) for body in bodies]
    spool = Spool.open(folder / "taken")
    intake = SpoolIntake(spool, SpoolSettings(folder, min_free=0))
    intake.start()
    start = time.perf_counter()
    for first in range(0, len(requests), group):
        wait([intake.accept(one) for one in requests[first : first + group]])  # type: ignore[misc]
    seconds = time.perf_counter() - start
    intake.stop()
    spool.close()
    return seconds


WORKS: dict[str, Callable[[Path, list[bytes], int], float]] = {
    "bare": bare,
    "spool": spooled,
    "intake": taken,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--groups", type=int, default=100, help="groups in a round")
    parser.add_argument("--bytes", type=int, default=1000, help="size of a body, about")
    parser.add_argument("--folder", type=Path, help="a folder on the disk that is measured")
    arguments = parser.parse_args()
    table = Table("group", *(f"{name}/s" for name in WORKS), "spool/bare", title="durable appends")
    text = "x" * max(0, arguments.bytes - 120)
    for group in SIZES:
        bodies = [received(order(n, details={"t": text})).body for n in range(group * arguments.groups)]
        rates: dict[str, list[float]] = {name: [] for name in WORKS}
        for _ in range(arguments.rounds):
            for name, work in WORKS.items():
                with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
                    rates[name].append(len(bodies) / work(Path(folder), bodies, group))
        medians = {name: statistics.median(found) for name, found in rates.items()}
        figures = (f"{rate:,.0f}" for rate in medians.values())
        table.add_row(str(group), *figures, f"{medians['spool'] / medians['bare']:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
