"""Scale: `mapper.arrow.map_batches` against `transform.json` alone and a copy of the batches.

The bodies are those of `events.py`. The jobs take turns in one process, round after round, and the best of
each counts: ratios are reliable even if absolute times are not.

    python tests/benchmarks/bench_scale.py [--quick] [--bodies 20000] [--rounds 7] [--json figures.json]

`bodies as bytes` copies each body into Python and back into Arrow, as every function on record batches must.
`map_batches` less that copy is what mapper takes; the goal is 1.3 times `transform.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import events  # noqa: E402 - the path above is what makes these importable
import pyarrow as pa  # noqa: E402

import mapper.arrow  # noqa: E402

BATCH = 10_000  # rows, as Spark makes them
GOAL = 1.3


def jobs(
    transform: mapper.Transform, batches: list[Any], bodies: list[bytes]
) -> dict[str, Callable[[], Any]]:
    """What is measured, by name."""

    def copied() -> None:
        for batch in batches:
            pa.array(batch.column("value").to_pylist(), pa.binary())

    def alone() -> None:
        for body in bodies:
            transform.json(body)

    def mapped() -> None:
        for _ in mapper.arrow.map_batches(transform, batches, keep=["offset"]):
            pass

    found: dict[str, Callable[[], Any]] = {
        "bodies as bytes": copied,
        "transform.json": alone,
        "map_batches": mapped,
    }
    try:
        import polars as pl
    except ImportError:
        return found
    schema = mapper.arrow.outcome_schema(transform, batches[0].schema, keep=["offset"])
    frame, empty = pl.from_arrow(pa.Table.from_batches(batches)), pl.from_arrow(schema.empty_table())

    def outcomes(frame: Any) -> Any:
        return pl.from_arrow(
            pa.Table.from_batches(mapper.arrow.map_batches(transform, frame, keep=["offset"]), schema)
        )

    return found | {
        "polars, map_batches": lambda: frame.lazy().map_batches(outcomes, schema=empty.schema).collect()
    }


def measure(work: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The seconds of processor time of each job in its best round."""
    best = dict.fromkeys(work, float("inf"))
    for _ in range(rounds):
        for name, job in work.items():
            begun = time.process_time()
            job()
            best[name] = min(best[name], time.process_time() - begun)
    return best


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mapping", default="segment")
    parser.add_argument("--bodies", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="few bodies and rounds: figures mean nothing")
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    count, rounds = (1_000, 2) if given.quick else (given.bodies, given.rounds)
    transform = mapper.load(given.mapping)
    bodies = events.generate(count)
    whole = pa.table({"value": pa.array(bodies, pa.binary()), "offset": pa.array(range(count))})
    batches = whole.to_batches(max_chunksize=BATCH)
    best = measure(jobs(transform, batches, bodies), rounds)
    figures = {name: seconds / count * 1e6 for name, seconds in best.items()}
    ratio = (figures["map_batches"] - figures["bodies as bytes"]) / figures["transform.json"]
    size = sum(map(len, bodies)) // count
    print(f"µs of processor time a body; {count:,} bodies of {size:,} bytes, pyarrow {pa.__version__}")
    for name, figure in figures.items():
        print(f"  {name:22} {figure:8.2f}")
    print(f"  (map_batches - bodies as bytes) / transform.json = {ratio:.2f}; the goal is {GOAL}")
    if given.json:
        given.json.write_text(json.dumps(figures | {"ratio": ratio}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
