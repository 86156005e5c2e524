"""Effort: how many steps one compilation may take, counted and not timed, so that every machine agrees.

What a checker asks of a schema can multiply: a definition that refers twice to an earlier one, which refers twice
to an earlier one, stands for a tree that no machine holds. Whoever walks such trees spends steps; where they are
used up the walk ends with TooComplex, which becomes a diagnostic. Outside of `limited` nothing is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MOST_STEPS = 2_000_000


class TooComplex(Exception):
    """The steps are used up."""


_left: ContextVar[list[int] | None] = ContextVar("mapper_effort", default=None)


@contextmanager
def limited(steps: int = MOST_STEPS) -> Iterator[list[int]]:
    """Count what is spent inside the block; gives the steps that are left."""
    left = [steps]
    token = _left.set(left)
    try:
        yield left
    finally:
        _left.reset(token)


def spend(steps: int = 1) -> None:
    """Take some steps; raises TooComplex where there are no more."""
    left = _left.get()
    if left is not None:
        left[0] -= steps
        if left[0] < 0:
            raise TooComplex
