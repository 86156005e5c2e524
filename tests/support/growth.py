"""Growth: the processor time of a call for an input and for one eight times as large, compared."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LARGER = 8
TIMES_AS_LONG = 3 * LARGER  # a quadratic cost is 64 times as high
ROUNDS = 4
SHORTEST = 0.005  # seconds; what takes less says nothing
FRAMES = 10


def assert_linear(call: Callable[[T], object], small: T, large: T) -> None:
    """`large` has eight times the size of `small`, and its call takes no more than 24 times as long.

    Both are timed by the processor's clock, one after the other in one process: how fast the machine is does
    not matter. A busy one becomes slower from one moment to the next, so one round of several is enough.

    Each round stands deeper in the stack. Python keeps frames in pieces of 16 kB: if a function with many
    variables happens to fill one, each call that it makes takes a new one from the system and gives it back,
    which costs thirty times the call.
    """
    for number in range(ROUNDS):
        least = max(min(_seconds(call, small) for _ in range(3)), SHORTEST)
        took = _deeper(FRAMES * number, call, large)
        if took <= TIMES_AS_LONG * least:
            return
    raise AssertionError(f"{took:.3f} s against {least:.3f} s")


def _deeper(frames: int, call: Callable[[T], object], size: T) -> float:
    return _deeper(frames - 1, call, size) if frames else _seconds(call, size)


def _seconds(call: Callable[[T], object], size: T) -> float:
    # Python's collector looks at everything that the tests before this one have left.
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        start = time.process_time()
        call(size)
        return time.process_time() - start
    finally:
        if is_collecting:
            gc.enable()
