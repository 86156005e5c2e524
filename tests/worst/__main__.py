"""Looks for the mapping, or the mapping and body, that take most: `python tests/worst bodies --seconds 600`.

Prints every input that takes more than 10 seconds or 500 MB, and at the end those that took most. The exit
code is 1 if one took more; `--most-seconds` is for machines that are slower. A finding is mended in `mapper`:
work is counted where it was not, or done faster.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

import mapper  # noqa: E402
from worst import bodies, mappings  # noqa: E402
from worst.search import MOST_MEGABYTES, MOST_SECONDS, Search  # noqa: E402

KINDS: dict[str, Any] = {"bodies": bodies, "mappings": mappings}


def main(given: list[str]) -> int:
    """Search as the arguments say; 1 if something took more than the limits."""
    parser = argparse.ArgumentParser(prog="worst", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--seconds", type=float, default=600, help="of the clock")
    parser.add_argument("--most-seconds", type=float, default=MOST_SECONDS, help="for one try")
    parser.add_argument("--seed", type=int, default=1, help="another one tries other inputs")
    asked = parser.parse_args(given)
    kind = KINDS[asked.kind]
    mapper.load("server")  # what is imported late is not counted
    search = Search(kind.draw, kind.change, kind.measure, random.Random(asked.seed))
    search.run(asked.seconds, kind.SEEDS, lambda genes, taken: print("FOUND", taken, genes, flush=True))
    worst = search.worst(10)
    for genes, taken in worst:
        print(f"{taken.share:.2f}", taken, genes)
    print(len(search.tried), "tried")
    tried = search.tried.values()
    is_too_much = any(taken.failure or taken.seconds > asked.most_seconds for taken in tried)
    return int(is_too_much or any(taken.megabytes > MOST_MEGABYTES for taken in tried))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
