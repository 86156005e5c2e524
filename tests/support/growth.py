"""Growth: the processor time of a call for an input and for one eight times as large, compared."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LARGER = 8
TIMES_AS_LONG = 3 * LARGER  # a quadratic cost is 64 times as high
SHORTEST = 0.005  # seconds; what takes less says nothing


def assert_linear(call: Callable[[T], object], small: T, large: T) -> None:
    """`large` has eight times the size of `small`, and its call takes no more than 24 times as long.

    Both are timed by the processor's clock in one process, three times at most: neither a slow machine nor a
    busy one matters.
    """
    least = max(min(_seconds(call, small) for _ in range(3)), SHORTEST)
    took = [_seconds(call, large)]
    while min(took) > TIMES_AS_LONG * least and len(took) < 3:
        took.append(_seconds(call, large))
    assert min(took) <= TIMES_AS_LONG * least, f"{min(took):.3f} s against {least:.3f} s"


def _seconds(call: Callable[[T], object], size: T) -> float:
    start = time.process_time()
    call(size)
    return time.process_time() - start
