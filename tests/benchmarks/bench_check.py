"""How long checking takes: in a fresh process, each shipped mapping, and many mappings in one process.

    python tests/benchmarks/bench_check.py [--mappings 200]

Times are the processor's, the best of some rounds; for many mappings the time of each must stay level. Those
of whole processes are also given as multiples of what Python itself takes to start and end.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
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
from mapper.diagnostics.diagnostic import Report  # noqa: E402
from mapper.diagnostics.files import read_source  # noqa: E402

ROUNDS = 5
OPEN = """\
import mapper, sys
from pathlib import Path
transform = mapper.Transform.open(sys.argv[1])
transform(Path(sys.argv[2]).read_bytes(), mapper.Request(received_at="2026-11-23T20:00:00Z"))"""
WRONG = """\
mapping: shop
version: 1
source: source.json
target: target.json
event:
  a: {path: $.a, as: string}
"""
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


def process(*arguments: str) -> float:
    """The least processor time of some fresh Python processes, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times) * 1000


def write_wrong(folder: Path, form: str) -> Path:
    """A mapping that sets a required field from a text that may be missing, of some format."""
    text = {"type": "string", "format": form}
    schema = {"type": "object", "properties": {"a": text}}
    (folder / "source.json").write_text(json.dumps(schema))
    (folder / "target.json").write_text(json.dumps({**schema, "required": ["a"]}))
    path = folder / f"{form}.yaml"
    path.write_text(WRONG)
    return path


def fresh(console: Console) -> None:
    """The table of fresh processes."""
    table = Table("fresh process", "processor, ms", "times Python alone", title="start-up")
    alone = process("-c", "pass")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = {
            "python -c pass": ("-c", "pass"),
            "import mapper": ("-c", "import mapper"),
            "mapper --help": ("-m", "mapper", "--help"),
            "mapper explain M502": ("-m", "mapper", "explain", "M502"),
            "mapper check server": ("-m", "mapper", "check", "server"),
        }
        for form in ("date-time", "hostname", "iri"):
            path = folder / form
            path.mkdir()
            rows[f"mapper check, wrong, {form}"] = ("-m", "mapper", "check", str(write_wrong(path, form)))
        for vendor in ("server", "clevertap-template"):
            saved = folder / f"{vendor}.transform"
            mapper.load(vendor).save(saved)
            body = folder / f"{vendor}.json"
            body.write_text("{}")
            rows[f"open {vendor}, first call"] = ("-c", OPEN, str(saved), str(body))
        for label, arguments in rows.items():
            spent = process(*arguments)
            table.add_row(label, f"{spent:.0f}", f"{spent / alone:.1f}")
    console.print(table)


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
    """Print the tables; exit 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mappings", type=int, default=200, help="how many in one process (200)")
    arguments = parser.parse_args(argv)
    console = Console(highlight=False)
    fresh(console)
    shipped(console)
    many(console, arguments.mappings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
