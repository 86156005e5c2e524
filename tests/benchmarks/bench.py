"""The benchmark: `python tests/benchmarks/bench.py` prints tables; `--json FILE` keeps the figures.

All contenders of a table run in turn, round after round, in one process, and each figure is the median of its
rounds; so ratios hold on a noisy machine where absolute times do not. What a contender needs and is not
installed is left out with a word.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

import command  # noqa: E402 - the path above is what makes these importable
import contenders  # noqa: E402
import events  # noqa: E402
import msgspec  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

import mapper  # noqa: E402
from mapper import catalog  # noqa: E402
from mapper.samples.cases import find_cases  # noqa: E402
from support.traffic import traffic  # noqa: E402

Work = Callable[[], object]


def interleave(works: dict[str, Work], rounds: int) -> dict[str, float]:
    """The median seconds of each work over `rounds` rounds, each round running all of them once.

    One round more comes first and warms up; a single round is a smoke run and needs none.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(int(rounds == 1), rounds + 1):
        for name, work in works.items():
            gc.collect()
            start = time.perf_counter()
            work()
            if number:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def table(console: Console, title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table whose first column is text and whose others are figures."""
    drawn = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for position, name in enumerate(head):
        drawn.add_column(name, justify="right" if position else "left", no_wrap=True)
    for row in rows:
        drawn.add_row(*row)
    console.print(drawn)
    console.print()


def each(job: Callable[[bytes], object], bodies: Sequence[bytes]) -> Work:
    def work() -> None:
        for body in bodies:
            job(body)

    return work


def bench_events(console: Console, count: int, rounds: int) -> dict[str, Any]:
    """One event a body, bytes to bytes, all contenders; events compared with the hand-written ones."""
    bodies = events.generate(count)
    expected = [canonical(contenders.by_hand(json.loads(body))) for body in bodies]
    works: dict[str, Work] = {}
    validates = dict.fromkeys(contenders.FLOORS, "")
    for name, make in contenders.FLOORS.items():
        works[name] = each(make(), bodies)
    for name, (make, checks) in contenders.CONTENDERS.items():
        try:
            job = make()
        except ImportError as error:
            console.print(f"left out: {name} ({error.name} is not installed)")
            continue
        found = [canonical(msgspec.json.decode(event) if (event := job(body)) else None) for body in bodies]
        wrong = sum(a != b for a, b in zip(found, expected, strict=True))
        if wrong:
            console.print(f"{name}: {wrong} of {count} events differ from the hand-written ones")
        works[name] = each(job, bodies)
        validates[name] = "yes" if checks else "no"
    seconds = interleave(works, rounds)
    base, parse = seconds["hand-written, orjson"], seconds["orjson.loads alone"]
    rows = [
        (name, f"{s / count * 1e6:.2f}", f"{s / base:.2f}", f"{s / parse:.2f}", validates[name])
        for name, s in sorted(seconds.items(), key=lambda pair: pair[1])
    ]
    head = ("bytes to bytes", "µs/event", "/ by hand", "/ parsing", "validated")
    table(console, f"{count} events of {sum(map(len, bodies)) // count} bytes", head, rows)
    return {
        name: {"us": s / count * 1e6, "by_hand": s / base, "parsing": s / parse}
        for name, s in seconds.items()
    }


def canonical(event: object) -> object:
    """An event with integral floats as integers, so that 4200.0 and 4200 compare equal."""
    if isinstance(event, dict):
        return {key: canonical(value) for key, value in event.items()}
    if isinstance(event, list):
        return [canonical(value) for value in event]
    if isinstance(event, float) and event.is_integer():
        return int(event)
    return event


def bench_parsed(console: Console, count: int, rounds: int) -> dict[str, Any]:
    """Parsed JSON in, event as dict out."""
    messages = [json.loads(body) for body in events.generate(count)]
    transform = contenders.transform()
    works = {
        "mapper": each(transform, messages),
        "mapper, trusting the parser": each(partial(transform, trusted=True), messages),
        "hand-written": each(contenders.by_hand, messages),
        "hand-written, all checks": each(contenders.by_hand_checked, messages),
    }
    seconds = interleave(works, rounds)
    base = seconds["hand-written"]
    rows = [(name, f"{s / count * 1e6:.2f}", f"{s / base:.2f}") for name, s in seconds.items()]
    table(console, "parsed JSON to events", ("dict to dict", "µs/event", "/ by hand"), rows)
    return {name: {"us": s / count * 1e6, "by_hand": s / base} for name, s in seconds.items()}


def bench_batches(console: Console, rounds: int, sizes: Sequence[int]) -> dict[str, Any]:
    """The cost per event of one array of 1, 10, 100, 1000 events."""
    run = contenders.transform().json
    parse = contenders.orjson_loads()
    works: dict[str, Work] = {}
    counts = {}
    for size in sizes:
        batch = b"[" + b",".join(events.generate(size)) + b"]"
        repeats = max(1, 1000 // size)
        works[str(size)] = lambda batch=batch, repeats=repeats: [run(batch) for _ in range(repeats)]
        works[f"parse {size}"] = lambda batch=batch, repeats=repeats: [parse(batch) for _ in range(repeats)]
        counts[str(size)] = size * repeats
    seconds = interleave(works, rounds)
    cost = {size: seconds[size] / counts[size] * 1e6 for size in counts}
    parsing = {size: seconds[size] / seconds[f"parse {size}"] for size in counts}
    single = cost[str(sizes[0])]
    rows = [(size, f"{us:.2f}", f"{us / single:.2f}", f"{parsing[size]:.2f}") for size, us in cost.items()]
    table(console, "batches, bytes to bytes", ("events a body", "µs/event", "/ single", "/ parsing"), rows)
    return {size: {"us": us, "single": us / single, "parsing": parsing[size]} for size, us in cost.items()}


def bench_shipped(console: Console, rounds: int) -> dict[str, Any]:
    """Each shipped mapping on its own samples, against parsing and writing them with orjson."""
    around = contenders.orjson_loads_dumps()
    figures: dict[str, Any] = {}
    for path in catalog.find_mappings():
        transform = mapper.load(path)
        samples = [case.load() for case in find_cases(path)]
        samples = [sample for sample in samples if is_json(sample.body)]
        compiled = interleave({"compile": lambda path=path: mapper.load(path)}, rounds)["compile"]
        works = {
            "ours": lambda t=transform, s=samples: [t.json(x.body, x.request) for _ in range(20) for x in s],
            "orjson": lambda s=samples: [around(x.body) for _ in range(20) for x in s],
        }
        seconds = interleave(works, rounds)
        figures[path.stem] = {
            "us": seconds["ours"] / 20 / len(samples) * 1e6,
            "orjson": seconds["ours"] / seconds["orjson"],
            "compile_ms": compiled * 1e3,
        }
    rows = [(n, f"{f['us']:.1f}", f"{f['orjson']:.2f}", f"{f['compile_ms']:.1f}") for n, f in figures.items()]
    head = ("shipped mapping", "µs/body", "/ orjson loads+dumps", "compile ms")
    table(console, "shipped mappings on their own samples, bytes to bytes", head, rows)
    return figures


def bench_traffic(console: Console, count: int, rounds: int) -> dict[str, Any]:
    """Each shipped mapping on traffic as its vendor sends it, with and without the native core."""
    around = contenders.orjson_loads_dumps()
    figures: dict[str, Any] = {}
    for path in catalog.find_mappings():
        ours, pure = mapper.load(path), mapper.load(path)
        pure._first = pure._load_narrow()
        samples = traffic(path.stem, count)
        items = sum(ours.json(sample.body, sample.request).items for sample in samples)
        works = {
            "us": lambda t=ours, s=samples: [t.json(x.body, x.request) for x in s],
            "us_without_core": lambda t=pure, s=samples: [t.json(x.body, x.request) for x in s],
            "us_orjson": lambda s=samples: [around(x.body) for x in s],
        }
        costs = {name: s / items * 1e6 for name, s in interleave(works, rounds).items()}
        figures[path.stem] = {
            **costs,
            "orjson": costs["us"] / costs["us_orjson"],
            "orjson_without_core": costs["us_without_core"] / costs["us_orjson"],
        }
    rows = [(name, *(f"{figure:.2f}" for figure in found.values())) for name, found in figures.items()]
    head = (
        "µs/item",
        "mapper",
        "without core",
        "orjson loads+dumps",
        "mapper / orjson",
        "without core / orjson",
    )
    table(console, "shipped mappings on realistic traffic, bytes to bytes", head, rows)
    return figures


def is_json(body: bytes) -> bool:
    """Whether orjson can read a sample at all; broken bodies are samples too."""
    try:
        contenders.orjson_loads()(body)
    except ValueError:
        return False
    return True


def bench_start(console: Console, rounds: int, mappings: int) -> dict[str, Any]:
    """Import, and many distinct mappings in one process: time and memory each."""
    bare, imported = _processes(("pass", "import mapper"), rounds)
    text = (HERE / "order_completed.yaml").read_text(encoding="utf-8")
    opened = _open_largest(rounds)
    half = _load_many(text, mappings // 2, 0)
    whole = _load_many(text, mappings, mappings)
    figures = {
        "import_ms": (imported - bare) * 1e3,
        **opened,
        "load_ms_each": whole[0] / mappings * 1e3,
        "load_ms_each_half": half[0] / (mappings // 2) * 1e3,
        "load_kb_each": whole[1] / mappings / 1e3,
    }
    rows = [
        ("`import mapper` over bare Python, ms", f"{figures['import_ms']:.0f}"),
        *((f"{what}, ms", f"{figures[key]:.2f}") for key, what in OPENED.items()),
        (f"{mappings // 2} distinct mappings, ms each", f"{figures['load_ms_each_half']:.1f}"),
        (f"{mappings} distinct mappings, ms each", f"{figures['load_ms_each']:.1f}"),
        (f"{mappings} distinct mappings, kB each", f"{figures['load_kb_each']:.0f}"),
    ]
    table(console, "start-up", ("", "figure"), rows)
    return figures


# What is timed of a saved transform; files are warm. Its narrow path is made when `json` is called first.
OPENED = {
    "open_ms": "`Transform.open` of the largest shipped mapping",
    "open_json_ms": "the same, and its first call of `json`",
    "cache_ms": "`mapper.load` of it from a cache",
}


def _open_largest(rounds: int) -> dict[str, float]:
    """Milliseconds until the saved form of the shipped mapping with the longest code can be called."""
    path = max(catalog.find_mappings(), key=lambda path: len(mapper.load(path).python))
    body = find_cases(path)[0].load().body
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "saved"
        mapper.load(path, cache=folder).save(saved)
        works: dict[str, Work] = {
            "open_ms": lambda: [mapper.Transform.open(saved) for _ in range(20)],
            "open_json_ms": lambda: [mapper.Transform.open(saved).json(body) for _ in range(20)],
            "cache_ms": lambda: [mapper.load(path, cache=folder) for _ in range(20)],
        }
        return {name: seconds / 20 * 1e3 for name, seconds in interleave(works, rounds).items()}


def _processes(codes: Sequence[str], rounds: int) -> list[float]:
    """The seconds of a Python process for each text; byte code is there, as after an installation."""
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE.parents[1], env=outside)

    return list(interleave({code: partial(run, code) for code in codes}, rounds).values())


def _load_many(text: str, count: int, offset: int) -> tuple[float, int]:
    """Seconds and bytes for `count` mappings, no two alike."""
    path = str(HERE / "order_completed.yaml")
    mapper.compile(text, filename=path)
    start = time.perf_counter()
    for number in range(count):
        mapper.compile(text.replace("unknown", f"unknown {offset + number}"), filename=path)
    seconds = time.perf_counter() - start
    tracemalloc.start()
    kept = [
        mapper.compile(text.replace("unknown", f"kept {number}"), filename=path)
        for number in range(min(count, 20))
    ]
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return seconds, size * count // len(kept)


def main(argv: Sequence[str] | None = None) -> int:
    """Run all tables; exit 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run of seconds; its figures mean nothing"
    )
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the input of `mapper run`")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    arguments = parser.parse_args(argv)
    count, rounds, mappings = (100, 1, 4) if arguments.quick else (5000, 7, 1000)
    size = 1 if arguments.quick else arguments.megabytes * 1_000_000
    console = Console(width=110, highlight=False)
    figures: dict[str, Any] = {"python": platform.python_version(), "mapper": mapper.__version__}
    figures["events"] = bench_events(console, count, rounds)
    figures["parsed"] = bench_parsed(console, count, rounds)
    figures["batches"] = bench_batches(console, rounds, (1, 10, 100, 1000))
    figures["shipped"] = bench_shipped(console, rounds)
    figures["traffic"] = bench_traffic(console, count // 5, rounds)
    figures["start"] = bench_start(console, rounds, mappings)
    with tempfile.TemporaryDirectory() as folder:
        figures["run"] = command.bench(console, size, min(rounds, 3), Path(folder))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
