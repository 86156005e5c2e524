"""How long checking takes: each shipped mapping, and many mappings in one process.

    python tests/benchmarks/bench_check.py [--mappings 200]

Times are the processor's, the best of some rounds; for many mappings the time of each must stay level.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

import mapper  # noqa: E402
from mapper.catalog import find_mappings  # noqa: E402
from mapper.compiler import analyse  # noqa: E402
from mapper.diagnostics import Report  # noqa: E402
from mapper.files import read_source  # noqa: E402

ROUNDS = 5
SOURCE = "webengage"  # the mapping that is varied


def best(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The least processor time of some runs, in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        times.append((time.process_time() - start) * 1000)
    return min(times)


def check(path: Path) -> None:
    """Everything `mapper check` does for one mapping."""
    report = Report()
    file = read_source(path, report)
    if file is not None:
        analyse(file, path.parent, report)


def shipped(console: Console) -> None:
    """The table of shipped mappings."""
    table = Table("shipped mapping", "check, ms", title="check time")
    for path in find_mappings():
        table.add_row(path.stem, f"{best(lambda path=path: check(path)):.1f}")
    console.print(table)


def many(console: Console, count: int) -> None:
    """The table of many mappings, no two alike: the time of each must not grow with their number."""
    path = next(path for path in find_mappings() if path.stem == SOURCE)
    text = path.read_text(encoding="utf-8")
    table = Table("mappings in one process", "ms each", title="many mappings")
    start, done = time.process_time(), 0
    for number in range(1, count + 1):
        varied = text.replace("anonymous visitor", f"anonymous visitor {number}")
        found = mapper.check(varied, filename=str(path))
        assert not found
        if number % (count // 4 or 1) == 0:
            spent = time.process_time() - start
            table.add_row(f"{done + 1} to {number}", f"{spent * 1000 / (number - done):.1f}")
            start, done = time.process_time(), number
    console.print(table)


def main(argv: Sequence[str] | None = None) -> int:
    """Print both tables; exit 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mappings", type=int, default=200, help="how many in one process (200)")
    arguments = parser.parse_args(argv)
    console = Console(highlight=False)
    shipped(console)
    many(console, arguments.mappings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
