"""What an input at each limit takes: `python tests/benchmarks/bench_limits.py`.

For each limit, an input of 90 % of it and one of 110 % are compiled and mapped in processes of their own: the
processor time, and the memory beside that in use before. docs/language.md#limits shows those of 90 %.
"""

from __future__ import annotations

import pickle
import sys
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

from support.limit_inputs import BEYOND, INPUTS, WITHIN  # noqa: E402
from support.limit_trials import Trial  # noqa: E402
from worst.search import made_elsewhere, measured  # noqa: E402


def main(names: list[str]) -> None:
    """Print a line for each limit that is named, or for all."""
    sys.setrecursionlimit(10_000)  # a deep body is pickled
    Trial().prepared()()  # what is imported late is not counted
    for name in names or INPUTS:
        for share in (WITHIN, BEYOND):
            # Making the input would leave memory behind that its work could use.
            made = made_elsewhere(partial(_pickled, name, share))
            taken = measured(pickle.loads(made).prepared)
            print(f"{name:38} {share:4.0%}  {taken}", flush=True)


def _pickled(name: str, share: float) -> bytes:
    return pickle.dumps(INPUTS[name].trial(share))


if __name__ == "__main__":
    main(sys.argv[1:])
