"""Effort: how many steps one compilation may take, counted and not timed, so that every machine agrees.

What a checker asks of a schema can multiply: a definition that refers twice to an earlier one, which refers
twice to an earlier one, stands for a tree that no machine holds. Whoever walks such trees spends steps; where
they are used up the walk ends with TooComplex, which becomes a diagnostic. Outside of `limited` nothing is
counted.

Constants double as well: a template that appends a text to itself thirty times makes a gigabyte of two
letters. Whoever computes with the texts of a mapping spends steps for their characters, and gives up exact
results beyond MAX_CHARACTERS. Programs that are run while they are checked have limits of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import TypeVar

MOST_STEPS = 1_000_000
MAX_CHARACTERS = 10_000  # of computed texts that one type lists; of longer ones only facts are known
MAX_NODES = 2_000  # of a value that is made up to show something
CHARACTERS_A_STEP = 16

_Operand = TypeVar("_Operand")
_Found = TypeVar("_Found")


class TooComplex(Exception):
    """The steps are used up."""


@dataclass(slots=True)
class Effort:
    """The steps that are left, what has been found with them, and which results of caches they have paid."""

    left: int
    paid: set[object] = field(default_factory=set)
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


def spend_on(characters: int) -> None:
    """Take the steps of work on some characters."""
    spend(1 + characters // CHARACTERS_A_STEP)


def nodes_of(value: object, most: int) -> int:
    """The values inside of a JSON value and itself, long texts as several; `most + 1` if they are more.

    A list that holds one value several times counts it as often: whoever reads it does so too.
    """
    count, waiting = 0, [value]
    while waiting and count <= most:
        part = waiting.pop()
        count += 1
        if isinstance(part, str):
            count += len(part) // CHARACTERS_A_STEP
        elif isinstance(part, list):
            waiting.extend(part[: most + 1])
        elif isinstance(part, dict):
            waiting.extend(part.values())
    return min(count, most + 1)


def remembered(most: int) -> Callable[[Callable[..., _Found]], Callable[..., _Found]]:
    """A cache like `lru_cache(most)` in which a result that was found before costs its steps as well, once.

    Otherwise the steps of a compilation would depend on the compilations before it.
    """

    def decorated(work: Callable[..., _Found]) -> Callable[..., _Found]:
        @lru_cache(maxsize=most)
        def measured(*operands: Hashable, **named: Hashable) -> tuple[_Found, int]:
            failure: Exception | None = None
            with limited() as effort:
                try:
                    found = work(*operands, **named)
                except Exception as error:
                    failure = error
            if failure is not None:
                spend(MOST_STEPS - effort.left)
                raise failure
            return found, MOST_STEPS - effort.left

        @wraps(work)
        def call(*operands: Hashable, **named: Hashable) -> _Found:
            found, steps = measured(*operands, **named)
            effort = _effort.get()
            if effort is not None:
                key = (call, operands, *named.items())
                if key not in effort.paid:
                    effort.paid.add(key)
                    spend(steps)
            return found

        return call

    return decorated


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
