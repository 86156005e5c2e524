"""Spark: `mapInArrow` with identity, the same with mapper, and `transform.json` alone, in one run.

    python tests/benchmarks/bench_spark.py --events 40000 --rounds 3

It needs the extra `spark` and Java. Bodies are those of `events.py`, one event each, in a parquet file; Spark
has one core. A round times each of the three, and the best of all rounds counts: microseconds an event, first
of the clock, then of the processor in the Python worker alone. At the end the memory of the worker, after the
first record batch and after the last.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

from events import generate  # noqa: E402

import mapper  # noqa: E402
import mapper.spark  # noqa: E402
from mapper.spark import columns  # noqa: E402
from support.spark_sessions import start_session  # noqa: E402

GOAL = 1.3  # of the time of transform.json: the most that mapper may add to identity


def watched(run: Callable[[Iterable[Any]], Iterable[Any]], path: str) -> Any:
    """The function, which adds to a file the seconds of the processor and the memory after each batch."""

    def map_partition(batches: Iterable[Any]) -> Iterator[Any]:
        def memory() -> int:
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

        sizes = []
        begun = time.process_time()
        for batch in run(batches):
            yield batch
            sizes.append(memory())
        with open(path, "a") as file:
            file.write(json.dumps([time.process_time() - begun, sizes]) + "\n")

    return map_partition


def identity(batches: Iterable[Any]) -> Iterable[Any]:
    """The batches as they are."""
    return batches


def timed(action: Callable[[], object]) -> float:
    """Seconds of the clock."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    bodies = generate(options.events)
    transform = mapper.load("segment")
    with tempfile.TemporaryDirectory() as folder:
        session = start_session(Path(folder), "local[1]")
        session.createDataFrame([(body,) for body in bodies], "value binary").coalesce(1).write.parquet(
            f"{folder}/bodies"
        )
        frame = session.read.parquet(f"{folder}/bodies")
        logs = {name: f"{folder}/{name}" for name in ("identity", "mapper")}
        same = frame.mapInArrow(watched(identity, logs["identity"]), frame.schema)
        ship = columns.ship
        columns.ship = lambda work: watched(ship(work), logs["mapper"])
        outcomes = mapper.spark.transform(frame, transform).outcomes
        actions: dict[str, Callable[[], object]] = {
            "identity": lambda: same.write.format("noop").mode("overwrite").save(),
            "mapper": lambda: outcomes.write.format("noop").mode("overwrite").save(),
            "transform.json": lambda: [transform.json(body) for body in bodies],
        }
        for action in actions.values():
            action()  # what happens once is not timed
        clock = {
            name: min(timed(action) for _ in range(options.rounds)) / options.events * 1e6
            for name, action in actions.items()
        }
        begun = time.process_time()
        actions["transform.json"]()
        processor = {"transform.json": (time.process_time() - begun) / options.events * 1e6}
        sizes: list[int] = []
        for name, path in logs.items():
            lines = [json.loads(line) for line in Path(path).read_text().splitlines()]
            processor[name] = min(seconds for seconds, _ in lines) / options.events * 1e6
            sizes = lines[-1][1]
        session.stop()
    report(clock, processor, sizes)
    if options.json:
        figures = {"clock": clock, "processor": processor, "memory": [sizes[0], sizes[-1], max(sizes)]}
        options.json.write_text(json.dumps(figures))


def report(clock: dict[str, float], processor: dict[str, float], sizes: list[int]) -> None:
    """Print them as a table."""
    print(f"{'µs an event':16} {'clock':>8} {'worker':>8}")
    for name in ("identity", "mapper", "transform.json"):
        print(f"{name:16} {clock[name]:8.2f} {processor[name]:8.2f}")
    for title, figures in (("clock", clock), ("worker", processor)):
        share = (figures["mapper"] - figures["identity"]) / figures["transform.json"]
        print(f"{title}: (mapper - identity) / transform.json = {share:.2f}, the goal is {GOAL} at most")
    first, last, most = (f"{size / 2**20:.0f} MiB" for size in (sizes[0], sizes[-1], max(sizes)))
    print(f"memory of the worker: {first} after the first batch, {last} after {len(sizes)}, at most {most}")


if __name__ == "__main__":
    main()
