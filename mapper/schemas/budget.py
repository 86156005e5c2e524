"""Effort: how many steps one compilation may take, counted and not timed, so that every machine agrees.

What a checker asks of a schema can multiply: a definition that refers twice to an earlier one, which refers
twice to an earlier one, stands for a tree that no machine holds. Whoever walks such trees spends steps; where
they are used up the walk ends with TooComplex, which becomes a diagnostic. Outside of `limited` nothing is
counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

MOST_STEPS = 1_000_000

_Operand = TypeVar("_Operand")
_Found = TypeVar("_Found")


class TooComplex(Exception):
    """The steps are used up."""


@dataclass(slots=True)
class Effort:
    """The steps that are left, and what has been found with them."""

    left: int
    found: dict[tuple[object, int, int, int], tuple[object, object, object]] = field(default_factory=dict)


_effort: ContextVar[Effort | None] = ContextVar("mapper_effort", default=None)


@contextmanager
def limited(steps: int = MOST_STEPS) -> Iterator[Effort]:
    """Count what is spent inside the block."""
    effort = Effort(steps)
    token = _effort.set(effort)
    try:
        yield effort
    finally:
        _effort.reset(token)


def spend(steps: int = 1) -> None:
    """Take some steps; raises TooComplex where there are no more."""
    effort = _effort.get()
    if effort is not None:
        effort.left -= steps
        if effort.left < 0:
            raise TooComplex


def once(
    work: Callable[[_Operand, _Operand, int], _Found], left: _Operand, right: _Operand, depth: int
) -> _Found:
    """What `work` finds of these very operands at a depth, worked out once while steps are counted."""
    effort = _effort.get()
    if effort is None:
        return work(left, right, depth)
    key = (work, id(left), id(right), depth)
    known = effort.found.get(key)
    if known is None:  # the operands are kept with it, so that their identities stay theirs
        known = effort.found[key] = (left, right, work(left, right, depth))
    return known[2]  # type: ignore[return-value]
