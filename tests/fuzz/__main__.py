"""Runs a fuzzer: `python tests/fuzz NAME [--seed N] [--count N | --seconds S]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import cast

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

from fuzz.loop import Fuzzer, Outcome, fuzz, limit_memory  # noqa: E402

# The class of each fuzzer and its module, which is imported only if it is to run.
FUZZERS = {
    "bodies": ("fuzz.bodies", "BodyFuzzer"),
    "mappings": ("fuzz.mappings", "MappingFuzzer"),
    "schemas": ("fuzz.schemas", "SchemaFuzzer"),
    "inputs": ("fuzz.runs", "InputFuzzer"),
    "replays": ("fuzz.runs", "ReplayFuzzer"),
    "journals": ("fuzz.journals", "JournalFuzzer"),
    "stored": ("fuzz.stored", "StoredFuzzer"),
    "checks": ("fuzz.checks", "CheckFuzzer"),
}


def main() -> int:
    """Run until the count or the time is over; 1 if something was found."""
    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument("name", choices=FUZZERS)
    parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same inputs; default: 0")
    parser.add_argument("--count", type=int, help="executions")
    parser.add_argument("--seconds", type=float, help="seconds on the clock; default: 60")
    given = parser.parse_args()
    limit_memory()
    seconds = 60.0 if given.count is None and given.seconds is None else given.seconds

    def report(line: str) -> None:
        print(line, flush=True)

    fuzzer = make_fuzzer(given.name, given.seed)
    outcome = fuzz(fuzzer, given.seed, given.count, seconds, report)
    _print_outcome(outcome, fuzzer.summary(outcome.reached))
    return 1 if outcome.findings else 0


def make_fuzzer(name: str, seed: int) -> Fuzzer:
    """The fuzzer of a name; the seed is that of its random mappings."""
    module, kind = FUZZERS[name]
    return cast(Fuzzer, getattr(import_module(module), kind)(seed))


def _print_outcome(outcome: Outcome, summary: Iterable[str]) -> None:
    for word, count in outcome.reached.most_common():
        print(f"{count:>12,}  {word}")
    for finding in outcome.findings.values():
        print(f"{finding.count:>12,}  FINDING {finding.kind}")
    for line in summary:
        print(line)
    print(outcome.line())


if __name__ == "__main__":
    sys.exit(main())
