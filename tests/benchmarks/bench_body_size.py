"""Body size: time and memory of every shipped mapping from 1 kB to 64 MB, as a table in Markdown.

    python tests/benchmarks/bench_body_size.py [--largest MB] [--mappings NAME ...]

Two bodies of each size: a batch, which is the items of a sample over and over, and one huge event, which is
a sample with a large list in it. Each runs in a process of its own, so its memory is its own. `its own` is
the time without Python's collector of cycles, which goes through all that is alive as a large body is read.
Lines where that is not linear (over 2.5 times the cost a byte of any body up to 1 MB) are marked; the exit
code is 1 then.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import mapper  # noqa: E402
from mapper.catalog import find_mappings  # noqa: E402
from mapper.samples.cases import find_cases  # noqa: E402

SIZES = [1_000, 16_000, 256_000, 1_000_000, 4_000_000, 16_000_000, 64_000_000]
LIMITS = mapper.Limits(body_bytes=70_000_000, items=10_000_000, values=100_000_000)
TOLERATED = 2.5


def samples(name: str) -> list[Any]:
    """The parsed bodies of a mapping's samples with at least one event, those with most events first."""
    transform = mapper.load(name)
    path = next(path for path in find_mappings() if path.stem == name)
    found = []
    for case in find_cases(path):
        sample = case.load()
        if isinstance(sample, mapper.Diagnostic):
            continue
        result = transform(sample.body, sample.request)
        if result.events and not result.rejected and not result.repairs:
            found.append((len(result.events), json.loads(sample.body), sample.request))
    return [(body, request) for _, body, request in sorted(found, key=lambda case: -case[0])]


def batch(body: Any, size: int) -> bytes | None:
    """The body with the elements of its list repeated; None where it holds no list of objects."""
    lists = [body] if isinstance(body, list) else list(body.values()) if isinstance(body, dict) else []
    items = next(
        (entry for entry in lists if isinstance(entry, list) and entry and isinstance(entry[0], dict)), None
    )
    if items is None:
        return None
    each = max(len(json.dumps(items)), 1)
    items[:] = items * max(size // each, 1)
    return json.dumps(body).encode()


def huge(body: Any, size: int) -> bytes:
    """The body with a list of many small values inside each object that holds objects."""
    node = body
    while isinstance(node, list | dict):
        inner = [
            v for v in (node if isinstance(node, list) else node.values()) if isinstance(v, dict | list) and v
        ]
        if not inner:
            break
        node = inner[0]
    entry = {"sku": "A-1", "price": 12.5, "tags": ["x", None, True]}
    filler = [entry] * max((size - len(json.dumps(body))) // (len(json.dumps(entry)) + 2), 0)
    if isinstance(node, dict):
        node["filler"] = filler
    elif isinstance(node, list):
        node.extend(filler)
    return json.dumps(body).encode()


def timed(work: Callable[[], mapper.Result]) -> tuple[float, mapper.Result]:
    """The seconds of one call, over a tenth of a second of calls, and what it gives."""
    start = time.perf_counter()
    rounds = 0
    while time.perf_counter() - start < 0.1:
        result = work()
        rounds += 1
    return (time.perf_counter() - start) / rounds, result


def measure(name: str, form: str, size: int) -> dict[str, Any] | None:
    """Time and memory of one body, in this process; the shape is the first sample's that takes part in it."""
    transform = mapper.load(name, limits=LIMITS)
    for sample, request in samples(name):
        body = batch(sample, size) if form == "batch" else huge(sample, size)
        if body is None:
            continue
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds, result = timed(lambda body=body, request=request: transform(body, request))
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        gc.disable()
        own, _ = timed(lambda body=body, request=request: transform(body, request))
        assert result.items == len(result.events) + len(result.skipped) + len(result.rejected)
        counts = (len(result.events), len(result.skipped), len(result.rejected))
        return {"bytes": len(body), "seconds": seconds, "own": own, "memory": memory, "counts": counts}
    return None


def apart(name: str, form: str, size: int) -> dict[str, Any] | None:
    """`measure` in a fresh process."""
    command = [sys.executable, __file__, "--one", name, form, str(size)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(ended.stderr)
    return json.loads(ended.stdout)  # type: ignore[no-any-return]


def rows(name: str, form: str, sizes: list[int]) -> list[str]:
    """The table's lines of one mapping and form."""
    lines, standard = [], 0.0
    for size in sizes:
        found = apart(name, form, size)
        if found is None:
            return []
        each, own = (found[key] / found["bytes"] * 1e9 for key in ("seconds", "own"))
        standard = max(own, standard) if size <= 1_000_000 else standard
        mark = " not linear" if size > 1_000_000 and own > TOLERATED * standard else ""
        memory = f"{found['memory'] / found['bytes']:.1f}" if size >= 4_000_000 else ""
        events, skipped, rejected = found["counts"]
        lines.append(
            f"| {name} | {form} | {found['bytes']:,} | {events:,} + {skipped:,} + {rejected:,} "
            f"| {found['seconds'] * 1000:,.2f} | {each:,.1f} | {own:,.1f}{mark} | {memory} |"
        )
    return lines


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--largest", type=int, default=64, metavar="MB")
    parser.add_argument("--mappings", nargs="*", default=mapper.catalog.mapping_names())
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        name, form, size = arguments.one
        print(json.dumps(measure(name, form, int(size))))
        return 0
    print(
        "| mapping | body | bytes | events + skipped + rejected | ms | ns a byte | its own | memory a byte |"
    )
    print("|---|---|---|---|---|---|---|---|")
    failed = False
    for name in arguments.mappings:
        for form in ("batch", "one event"):
            for line in rows(name, form, [size for size in SIZES if size <= arguments.largest * 1_000_000]):
                failed = failed or "not linear" in line
                print(line, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
