"""Budget: the number of steps that one compilation may take, counted and not timed, so that machines agree.

The questions of a checker about a schema can multiply. A definition that refers twice to an earlier one, and
so does that one, describes a tree that no machine holds. Code that walks such trees spends steps. After the
last step the walk ends with TooComplex, which becomes a diagnostic. Outside of `limited` nothing is counted.

Constants double as well: a template that appends a text to itself thirty times makes a gigabyte of two
letters. Code that computes with the texts of a mapping spends steps for their characters, and gives up exact
results beyond MAX_CHARACTERS. Programs that are run while they are checked have limits of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import TypeVar

MAX_STEPS = 1_000_000
MAX_CHARACTERS = 10_000  # of computed texts that one type lists; of longer ones only facts are known
MAX_NODES = 2_000  # of a value that is made up as an example
CHARACTERS_A_STEP = 16
_PARTED = frozenset({dict, list, str})  # values that can count as more than one

_Left = TypeVar("_Left")
_Right = TypeVar("_Right")
_Found = TypeVar("_Found")


class TooComplex(Exception):
    """No steps are left."""


@dataclass(slots=True)
class Budget:
    """The steps that are left, results found with them, and the cached results that have been paid for."""

    left: int
    paid: set[object] = field(default_factory=set)
    found: dict[tuple[object, int, int], tuple[object, object, object]] = field(default_factory=dict)


_current: ContextVar[Budget | None] = ContextVar("mapper_budget", default=None)


@contextmanager
def limited(steps: int = MAX_STEPS) -> Iterator[Budget]:
    """Count the steps that are spent inside the block."""
    budget = Budget(steps)
    token = _current.set(budget)
    try:
        yield budget
    finally:
        _current.reset(token)


def spend(steps: int = 1) -> None:
    """Take some steps; raises TooComplex if fewer are left."""
    budget = _current.get()
    if budget is not None:
        budget.left -= steps
        if budget.left < 0:
            raise TooComplex


def spend_on(characters: int) -> None:
    """Take the steps of work on some characters."""
    spend(1 + characters // CHARACTERS_A_STEP)


def nodes_of(value: object, max_nodes: int) -> int:
    """The number of values in a JSON value, itself included; a long text counts as several.

    Counting ends at `max_nodes + 1`. A value that a list holds several times counts each time, because
    readers visit it each time.
    """
    count, waiting = 1, [value]
    while waiting and count <= max_nodes:
        part = waiting.pop()
        if isinstance(part, str):
            count += len(part) // CHARACTERS_A_STEP
        elif isinstance(part, list | dict):
            inner = part[: max_nodes + 1] if isinstance(part, list) else part.values()
            count += len(inner)
            # In one go: most values are small, and an object can have thousands.
            waiting += [each for each in inner if type(each) in _PARTED and each]
    return min(count, max_nodes + 1)


def remembered(max_results: int) -> Callable[[Callable[..., _Found]], Callable[..., _Found]]:
    """A cache like `lru_cache(max_results)` in which each compilation pays once for a result found earlier.

    Otherwise the steps of a compilation would depend on the compilations before it.
    """

    def decorated(work: Callable[..., _Found]) -> Callable[..., _Found]:
        @lru_cache(maxsize=max_results)
        def measured(*operands: Hashable, **named: Hashable) -> tuple[_Found, int]:
            failure: Exception | None = None
            with limited() as inner:
                try:
                    found = work(*operands, **named)
                except Exception as error:
                    failure = error
            if failure is not None:
                spend(MAX_STEPS - inner.left)
                raise failure
            return found, MAX_STEPS - inner.left

        @wraps(work)
        def call(*operands: Hashable, **named: Hashable) -> _Found:
            found, steps = measured(*operands, **named)
            budget = _current.get()
            if budget is not None:
                key = (call, operands, *named.items())
                if key not in budget.paid:
                    budget.paid.add(key)
                    spend(steps)
            return found

        return call

    return decorated


def memoize(work: Callable[[_Left, _Right, int], _Found], left: _Left, right: _Right, depth: int) -> _Found:
    """The result of `work` for these very operands and depth, computed once in each budget."""
    budget = _current.get()
    if budget is None:
        return work(left, right, depth)
    key = (work, id(left), id(right))
    known = budget.found.get(key)
    if known is None:  # the operands are kept with the result, so that no other object takes their ids
        known = budget.found[key] = (left, right, work(left, right, depth))
    return known[2]  # type: ignore[return-value]
