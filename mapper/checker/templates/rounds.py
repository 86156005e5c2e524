"""Rounds: the possible numbers of rounds of a loop, and its elements."""

from __future__ import annotations

from dataclasses import dataclass

from mapper.checker.inference import predicates as p
from mapper.checker.templates.environment import Environment
from mapper.checker.types import ANY_MEMBER, ANYTHING, Type, join, only
from mapper.checker.types.lattice import of_element
from mapper.checker.types.named import DIGITS, array_of
from mapper.ir import liquid as ir


@dataclass(frozen=True, slots=True)
class LoopRounds:
    """The possible values of a loop's variable, and the least and greatest number of rounds (None: any)."""

    element: Type
    min_rounds: int
    max_rounds: int | None


def rounds_of(statement: ir.For, env: Environment) -> LoopRounds:
    """The rounds of a loop in an environment."""
    found = _whole(statement.source, env)
    min_rounds, max_rounds = found.min_rounds, found.max_rounds
    if statement.limit is not None or statement.offset is not None or statement.resumes:
        min_rounds = 0
    limit = statement.limit
    if isinstance(limit, ir.Scalar) and type(limit.value) is int:
        max_rounds = max(limit.value, 0) if max_rounds is None else min(max_rounds, max(limit.value, 0))
        if statement.offset is None and not statement.resumes:
            min_rounds = min(found.min_rounds, max_rounds)
    return LoopRounds(found.element, min_rounds, max_rounds)


def _whole(source: ir.Operand, env: Environment) -> LoopRounds:
    if isinstance(source, ir.Interval):
        count = _length(source)
        return LoopRounds(DIGITS, count or 0, count)
    value = env.evaluate(source)
    element, counts = of_element(value), list[tuple[int, int | None]]()
    if value.arrays is not None:
        counts.append((value.arrays.shortest, value.arrays.longest))
    if value.objects:
        element = join(element, array_of(ANYTHING, 2, 2))
        counts.append((0, None))
    if value.texts is not None:
        filled = p.not_empty(only(value, "string"))
        element = join(element, filled)
        counts.append((0 if p.empty(only(value, "string")).is_present else 1, int(not filled.is_never)))
    if value.may_be_nothing or value.booleans or value.numbers is not None:
        counts.append((0, 0))
    if not counts:
        return LoopRounds(ANY_MEMBER, 0, 0)
    min_rounds = min(low for low, _ in counts)
    max_rounds = None if any(high is None for _, high in counts) else max(high or 0 for _, high in counts)
    return LoopRounds(element, min_rounds, max_rounds)


def _length(source: ir.Interval) -> int | None:
    if isinstance(source.start, ir.Scalar) and isinstance(source.stop, ir.Scalar):
        start, stop = source.start.value, source.stop.value
        if type(start) is int and type(stop) is int:
            return max(stop - start + 1, 0)
    return None
