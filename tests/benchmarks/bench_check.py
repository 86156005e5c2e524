"""How long checking takes: in a fresh process, shipped mappings, large schemas, many mappings in a process.

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
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

import mapper  # noqa: E402
from mapper.api import check_file  # noqa: E402
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
MOST = {"shipped": 60, "casts": 3_000, "models": 3_000}  # ms that a check may take


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
    table = Table("shipped mapping", "check, ms", "at most", title="check time")
    for path in find_mappings():
        table.add_row(path.stem, f"{best(lambda path=path: check(path)):.1f}", str(MOST["shipped"]))
    console.print(table)


def write_casts(folder: Path, *, required: bool) -> Path:
    """A mapping with 300 casts that can fail, of a source with 2,000 members."""
    names = [f"p{number}" for number in range(2_000)]
    source = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    fields = {f"f{number}": {"path": f"$.p{number}", "as": "number"} for number in range(300)}
    target = {"type": "object", "properties": {name: {"type": "number"} for name in fields}}
    return write(folder, {**source, "required": names if required else []}, target, fields)


def write_models(folder: Path, members: int = 8, wrap: str = "") -> Path:
    """A mapping of a source with 600 models that refer to each other, 1 MB in all.

    With `wrap` ("oneOf", "anyOf" or "allOf"), a third of the references are inside of it, a third inside of
    arrays, and every fifth model extends the one before it.
    """
    models: dict[str, object] = {}
    chance = Random(1)
    for number in range(600):
        others: dict[str, object] = {}
        for step in range(members):
            other = chance.randrange(600) if wrap else (7 * number + 13 * step + 1) % 600
            refer: dict[str, object] = {"$ref": f"#/$defs/M{other}"}
            inside = [refer] if wrap == "allOf" else [refer, {"type": "null"}]
            forms: list[dict[str, object]] = [refer, {"type": "array", "items": refer}, {wrap: inside}]
            others[f"m{step}"] = forms[step % 3] if wrap else refer
        length = 100 if members < 20 else 50
        texts = {f"s{step}": {"type": "string", "description": "x" * length} for step in range(10)}
        model: dict[str, object] = {"type": "object", "properties": {**others, **texts}, "required": ["s0"]}
        if wrap and number % 5 == 4:
            model = {"allOf": [{"$ref": f"#/$defs/M{number - 1}"}, model]}
        models[f"M{number}"] = model
    fields = {"a": "$.s0", "b": "$.m0.m0.s0", "c": {"path": "$.m2.s1", "as": "number"}}
    target = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    return write(folder, {"$ref": "#/$defs/M0", "$defs": models}, target, fields)


def write(folder: Path, source: object, target: object, fields: dict[str, object]) -> Path:
    """A mapping as a file, with its schemas beside it."""
    (folder / "source.json").write_text(json.dumps(source))
    (folder / "target.json").write_text(json.dumps(target))
    mapping = {"mapping": "large", "version": 1, "source": "source.json", "target": "target.json"}
    path = folder / "large.yaml"
    path.write_text(json.dumps({**mapping, "event": fields}))
    return path


def write_choice(folder: Path, wrap: str) -> Path:
    """A mapping of a source with 600 models; a member of each is one of all of them."""
    texts = {f"s{step}": {"type": "string", "description": "x" * 100} for step in range(10)}
    models: dict[str, object] = {
        f"M{number}": {
            "type": "object",
            "properties": {"kind": {"const": f"k{number}"}, **texts, "m0": {"$ref": "#/$defs/Any"}},
            "required": ["kind", "s0"],
        }
        for number in range(600)
    }
    models["Any"] = {wrap: [{"$ref": f"#/$defs/{name}"} for name in models]}
    fields = {"a": "$.s0", "b": "$.m0.m0.s0", "c": {"path": "$.m0.m0.m0.s1", "as": "number"}}
    target = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    return write(folder, {"$ref": "#/$defs/M0", "$defs": models}, target, fields)


def large(console: Console) -> None:
    """The table of large schemas, with the diagnostics by code: none may be left out."""
    table = Table("large schemas", "check, ms", "at most", "reported", title="large schemas")
    rows: dict[str, tuple[Callable[[Path], Path], str]] = {
        "2,000 members, 300 casts": (lambda folder: write_casts(folder, required=False), "casts"),
        "2,000 required members, 300 casts": (lambda folder: write_casts(folder, required=True), "casts"),
        "600 models that refer to each other": (write_models, "models"),
        **{
            f"600 models, {members} members, {wrap}": (
                partial(write_models, members=members, wrap=wrap),
                "models",
            )
            for members in (8, 20)
            for wrap in ("oneOf", "anyOf", "allOf")
        },
        **{
            f"600 models, a choice of all, {wrap}": (partial(write_choice, wrap=wrap), "models")
            for wrap in ("oneOf", "anyOf")
        },
    }
    for label, (write_case, most) in rows.items():
        with tempfile.TemporaryDirectory() as name:
            path = write_case(Path(name))
            spent = best(lambda path=path: check(path), 1)
            codes = Counter(found.code for found in check_file(path)[0])
        reported = ", ".join(f"{count} {code}" for code, count in sorted(codes.items()))
        table.add_row(label, f"{spent:,.0f}", f"{MOST[most]:,}", reported)
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
    large(console)
    many(console, arguments.mappings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
