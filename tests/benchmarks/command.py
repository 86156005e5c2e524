"""`mapper run` beside a bare loop: `python tests/benchmarks/command.py` prints speed and peak memory.

All rows run in turn, each in a process of its own, round after round; a figure is the median of its rounds,
less what the same command needs for an input of one line. Wall time shows overlap and needs an idle machine;
the processor time beside it holds on a busy machine, too.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import events  # noqa: E402 - the path above is what makes it importable
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

MAPPING = str(HERE / "order_completed.yaml")
LOOP = """
import sys, mapper
run = mapper.load(sys.argv[1]).json
for line in open(sys.argv[2], "rb"):
    run(line)
"""
STARTER = """
import os, sys, time
quiet = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
start = time.perf_counter()
process = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ, file_actions=quiet)
_, status, usage = os.wait4(process, 0)
wall = time.perf_counter() - start
print([status, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024])
"""
RUN = ["-m", "mapper", "run", MAPPING]
PATTERN = 5_000  # different events; a larger file repeats them


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    wall: float
    cpu: float
    peak: int

    def less(self, other: Cost) -> Cost:
        return Cost(max(self.wall - other.wall, 1e-9), max(self.cpu - other.cpu, 1e-9), self.peak)


def measure(command: Sequence[str]) -> Cost:
    """Run Python with these arguments; the peak is that of its largest process, in bytes."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    # By way of a small process: on Linux a peak begins with the memory of whoever has started the process.
    starter = [sys.executable, "-S", "-c", STARTER, *command]
    found = subprocess.run(starter, env=environment, stdout=subprocess.PIPE, check=True)
    status, wall, cpu, peak = json.loads(found.stdout)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Cost(wall, cpu, peak)


def commands(source: str, packed: str, out: str) -> dict[str, list[str]]:
    """The rows of the table, for one input."""
    return {
        "bare transform.json loop": ["-c", LOOP, MAPPING, source],
        "mapper run": [*RUN, source, "-o", out],
        "mapper run --jobs 2": [*RUN, source, "-o", out, "--jobs", "2"],
        "mapper run, gzip in": [*RUN, packed, "-o", out],
        "mapper run, gzip out": [*RUN, source, "-o", out + ".gz"],
        "mapper run --jobs 2, gzip both": [*RUN, packed, "-o", out + ".gz", "--jobs", "2"],
    }


def write_inputs(folder: Path, size: int) -> tuple[tuple[str, str], tuple[str, str], int]:
    """An input of about `size` bytes and one of a line, plain and packed; how many events the first has."""
    different = PATTERN if size > 1 else 100  # a smoke run asks for one byte
    pattern = b"".join(body + b"\n" for body in events.generate(different))
    times = max(1, size // len(pattern))
    names = []
    for name, blocks in (("large", [pattern] * times), ("small", [pattern[: pattern.find(b"\n") + 1]])):
        plain, packed = folder / name, folder / f"{name}.gz"
        with plain.open("wb") as to, packed.open("wb") as packed_to:
            for block in blocks:
                to.write(block)
                packed_to.write(gzip.compress(block, 1))
        names.append((str(plain), str(packed)))
    return names[0], names[1], times * different


def bench(console: Console, size: int, rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    """Measure every row and print the table."""
    large, small, count = write_inputs(folder, size)
    rows = commands(*large, str(folder / "out"))
    starts = commands(*small, str(folder / "out"))
    costs: dict[str, list[Cost]] = {name: [] for name in rows}
    for _ in range(rounds):
        for name, command in rows.items():
            costs[name].append(measure(command).less(measure(starts[name])))
    figures = {
        name: {
            "wall": statistics.median(cost.wall for cost in found),
            "cpu": statistics.median(cost.cpu for cost in found),
            "peak": max(cost.peak for cost in found),
        }
        for name, found in costs.items()
    }
    base = figures["bare transform.json loop"]
    table = Table(title=f"{count:,} events, {size / 1e6:,.0f} MB", title_justify="left", box=None)
    for number, head in enumerate(("", "µs/event", "loop / it", "processor µs", "loop / it", "peak MB")):
        table.add_column(head, justify="right" if number else "left", no_wrap=True)
    for name, row in figures.items():
        table.add_row(
            name,
            f"{row['wall'] / count * 1e6:.2f}",
            f"{base['wall'] / row['wall']:.2f}",
            f"{row['cpu'] / count * 1e6:.2f}",
            f"{base['cpu'] / row['cpu']:.2f}",
            f"{row['peak'] / 1e6:.0f}",
        )
    console.print(table)
    return figures


def main(argv: Sequence[str] | None = None) -> int:
    """Run the table; exit 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200, help="size of the input")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a smoke run; its figures mean nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    parser.add_argument("--folder", help="where the files go; a folder in memory leaves the disk out")
    arguments = parser.parse_args(argv)
    size, rounds = (1, 1) if arguments.quick else (arguments.megabytes * 1_000_000, arguments.rounds)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        figures = bench(Console(width=110, highlight=False), size, rounds, Path(folder))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
