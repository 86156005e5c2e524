"""Looks for the worst: `python tests/fuzz/worst.py bodies|mappings [seconds] [seed]`.

Prints every input that takes more than 10 seconds or 500 MB, and at the end those that took most. The exit
code is 1 if one took more. A finding is mended in `mapper`: work is counted where it was not, or done faster.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

import mapper  # noqa: E402
from support import worst_bodies, worst_mappings  # noqa: E402
from support.worst import Search  # noqa: E402


def main(kind: str, seconds: str = "600", seed: str = "1") -> int:
    """Search for so many seconds; 1 if something took more than the limits."""
    genes: Any = {"bodies": worst_bodies, "mappings": worst_mappings}[kind]
    mapper.load("server")  # what is imported late is not counted
    search = Search(genes.draw, genes.change, genes.measure, random.Random(int(seed)))
    search.run(float(seconds), [], lambda found, taken: print("FOUND", taken, found, flush=True))
    for found, taken in search.worst(10):
        print(f"{taken.share:.2f}", taken, found)
    print(len(search.tried), "tried")
    return int(search.worst(1)[0][1].share > 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
