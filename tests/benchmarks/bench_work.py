"""What counting work costs: `python tests/benchmarks/bench_work.py` prints a table of all shipped mappings.

Each mapping is made twice: as it is, and with a bound of its work by which nothing has to be counted. Both
map the samples of the mapping, in turn, round after round, in one process; a figure is the least processor
time of its rounds. The rows: a body as bytes, ten as one batch, a parsed payload, and one whose parser is
trusted. "Proven" are mappings of which any body takes little work: both have the same code.

With `--opcodes` it counts the instructions of Python that both execute, instead of their time: the same
numbers on any machine, however busy. What libraries do in C is not in them, so the shares are upper bounds.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

HERE = Path(__file__).resolve().parent
os.environ["MAPPER_CORE"] = "0"  # the native core counts no work: it takes only bodies that take little
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import events  # noqa: E402 - the path above is what makes these importable
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

import mapper  # noqa: E402
from mapper import catalog, ir  # noqa: E402
from mapper.codegen import modules  # noqa: E402
from mapper.runtime.limits import DEFAULT  # noqa: E402
from mapper.runtime.work import Work  # noqa: E402
from mapper.samples.cases import find_cases  # noqa: E402

Job = Callable[[], object]
Trace = Callable[[FrameType, str, object], Any]
MAPPING = HERE / "order_completed.yaml"
BATCH = 10  # bodies of a batch
SHORT = 0.004  # seconds of a round: short ones are less often disturbed


@contextmanager
def uncounted() -> Iterator[None]:
    """Make mappings whose work seems small for any body."""
    known = modules.work_of

    def free(program: ir.Program, target: object, *, is_few: bool = False) -> Work:
        return Work(known(program, target).units, 0, 0, 0)

    modules.work_of = free  # type: ignore[assignment]
    try:
        yield
    finally:
        modules.work_of = known


def bodies_of(path: Path) -> list[tuple[bytes, mapper.Request]]:
    """The samples of a mapping that are JSON."""
    if path == MAPPING:
        return [(body, mapper.Request()) for body in events.generate(20)]
    found = []
    for case in find_cases(path):
        sample = case.load()
        try:
            json.loads(sample.body)
        except ValueError:
            continue
        found.append((sample.body, sample.request))
    return found


def jobs_of(transform: mapper.Transform, bodies: Sequence[tuple[bytes, mapper.Request]]) -> dict[str, Job]:
    """What is timed, by the name of its column."""
    parsed = [(json.loads(body), request) for body, request in bodies]
    batches = [(b"[" + b",".join([body] * BATCH) + b"]", request) for body, request in bodies]
    jobs: dict[str, Job] = {
        "json": lambda: [transform.json(*given) for given in bodies],
        "batch": lambda: [transform.json(*given) for given in batches],
        "parsed": lambda: [transform(*given) for given in parsed],
        "trusted": lambda: [transform(*given, trusted=True) for given in parsed],
    }
    if not any(transform.json(*given).events for given in batches):
        del jobs["batch"]  # the mapping takes no arrays
    return jobs


def cost(counting: Job, free: Job, rounds: int) -> tuple[float, float]:
    """The seconds of a job, and by how much it is slower than the other one."""
    start = time.process_time()
    free()
    times = max(1, round(SHORT / (time.process_time() - start)))
    least = [float("inf"), float("inf")]
    gc.disable()
    for number in range(rounds):
        # In turn the first and the second: the one that comes first finds other data in the caches.
        for index, job in ((0, counting), (1, free)) if number % 2 else ((1, free), (0, counting)):
            start = time.process_time()
            for _ in range(times):
                job()
            least[index] = min(least[index], time.process_time() - start)
    gc.enable()
    return least[0] / times, least[0] / least[1] - 1


def opcodes(job: Job) -> int:
    """The instructions of Python that a job executes. It runs once before: then all it needs is there."""
    executed = 0

    def count(frame: FrameType, event: str, _: object) -> Trace:
        nonlocal executed
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        executed += event == "opcode"
        return count

    job()
    before = sys.gettrace()
    gc.disable()  # a collection may call what others have left behind
    sys.settrace(count)
    try:
        job()
    finally:
        sys.settrace(before)
        gc.enable()
    return executed


def cost_in_opcodes(counting: Job, free: Job) -> tuple[int, float]:
    """The instructions of a job, and by which share they are more than those of the other one."""
    executed = opcodes(counting)
    return executed, executed / opcodes(free) - 1


def pairs_of(path: Path) -> Iterator[tuple[str, Job, Job]]:
    """For each row of a mapping its name, the job as it is, and the same without counting."""
    bodies = bodies_of(path)
    counting = jobs_of(mapper.load(path), bodies)
    with uncounted():
        free = jobs_of(mapper.load(path), bodies)
    for row, job in counting.items():
        yield row, job, free[row]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; exit 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="rounds of each row (200)")
    parser.add_argument("names", nargs="*", metavar="NAME", help="mappings by name (all)")
    parser.add_argument("--opcodes", action="store_true", help="count instructions instead of time")
    arguments = parser.parse_args(argv)
    console = Console(highlight=False)
    unit = "opcodes/body" if arguments.opcodes else "µs/body"
    table = Table("mapping", "", "row", unit, "cost of counting", title="the cost of counting work")
    for path in (*catalog.find_mappings(), MAPPING):
        if arguments.names and path.stem not in arguments.names:
            continue
        bodies = len(bodies_of(path))
        is_proven = "proven" if mapper.load(path)._decoded.work.is_harmless(DEFAULT) else ""
        for row, counting, free in pairs_of(path):
            if arguments.opcodes:
                executed, more = cost_in_opcodes(counting, free)
                table.add_row(path.stem, is_proven, row, f"{executed / bodies:,.0f}", f"{more:+.2%}")
            else:
                seconds, more = cost(counting, free, arguments.rounds)
                table.add_row(path.stem, is_proven, row, f"{seconds / bodies * 1e6:.2f}", f"{more:+.1%}")
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
