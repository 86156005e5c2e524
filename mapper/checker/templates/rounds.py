"""Rounds: the possible numbers of rounds of a loop, and its elements."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mapper.checker.templates.environment import Environment
from mapper.checker.templates.value_sets import INTEGER, Items, ValueSet, a_number, a_text, anything, joined
from mapper.ir import liquid as ir
from mapper.regex.languages import ANYTHING, without_empty


@dataclass(frozen=True, slots=True)
class LoopRounds:
    """The possible values of a loop's variable, and the least and greatest number of rounds (None: any)."""

    element: ValueSet
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
        return LoopRounds(a_number(INTEGER), count or 0, count)
    value = env.evaluate(source)
    elements, counts = [], list[tuple[int, int | None]]()
    if value.items is not None:
        elements.append(value.items.element())
        counts.append((value.items.min_items, value.items.max_items))
    if value.members is not None:
        elements.append(ValueSet(items=Items(anything, 2, 2)))
        counts.append((0, None))
    if value.text is not None or value.json:
        text = ANYTHING if value.text is None or value.json else value.text
        elements.append(a_text(without_empty(text)))
        counts.append((0 if text.has_empty else 1, 1))
    if value.is_nil or value.true or value.false or value.number is not None:
        counts.append((0, 0))
    if not counts:
        return LoopRounds(replace(anything()), 0, 0)
    min_rounds = min(low for low, _ in counts)
    max_rounds = None if any(high is None for _, high in counts) else max(high or 0 for _, high in counts)
    return LoopRounds(joined(*elements), min_rounds, max_rounds)


def _length(source: ir.Interval) -> int | None:
    if isinstance(source.start, ir.Scalar) and isinstance(source.stop, ir.Scalar):
        start, stop = source.start.value, source.stop.value
        if type(start) is int and type(stop) is int:
            return max(stop - start + 1, 0)
    return None
