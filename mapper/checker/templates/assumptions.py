"""Conditions: an environment and a test become the environments in which the test holds, or does not."""

from __future__ import annotations

from typing import assert_never

from mapper.checker.inference import predicates as p
from mapper.checker.templates.environment import Environment, joined_environments
from mapper.checker.types import Type
from mapper.ir import liquid as ir

_MAX_ENVIRONMENTS = 6


def assume(test: ir.TextTest, holds: bool, env: Environment) -> list[Environment]:
    """The environments in which the test holds (or does not); none if that is impossible."""
    match test:
        case ir.Negation(inner):
            return assume(inner, not holds, env)
        case ir.AllOf(tests):
            return _chain(tests, True, env) if holds else _broken(tests, True, env)
        case ir.AnyOf(tests):
            return _broken(tests, False, env) if holds else _chain(tests, False, env)
        case ir.Truthy(value):
            known = env.evaluate(value)
            return _narrowed(value, p.truthy(known) if holds else p.falsy(known), env)
        case ir.Contains(left, right):
            return _contains(left, right, holds, env)
        case ir.Compare():
            return _compare(test, holds, env)
        case _ as never:
            assert_never(never)


def _chain(tests: tuple[ir.TextTest, ...], outcome: bool, env: Environment) -> list[Environment]:
    """All tests have the outcome."""
    envs = [env]
    for test in tests:
        envs = few([after for before in envs for after in assume(test, outcome, before)])
    return envs


def _broken(tests: tuple[ir.TextTest, ...], outcome: bool, env: Environment) -> list[Environment]:
    """Some test, the first of its kind, does not have the outcome."""
    found: list[Environment] = []
    envs = [env]
    for test in tests:
        found += [after for before in envs for after in assume(test, not outcome, before)]
        envs = few([after for before in envs for after in assume(test, outcome, before)])
    return few(found)


def few(envs: list[Environment]) -> list[Environment]:
    """The same environments, without repetition and joined if they are many."""
    unique = list({env.mark: env for env in envs}.values())
    return unique if len(unique) <= _MAX_ENVIRONMENTS else [joined_environments(unique)]


def _narrowed(operand: ir.Operand, value: Type, env: Environment) -> list[Environment]:
    """The environment in which an expression is no more than the value."""
    if value.is_never:
        return []
    if isinstance(operand, ir.Lookup) and not env.is_loop_field(operand):
        spot = env.spot_of(operand)
        if spot is not None and env.value_at(spot) != value:
            return [env.knowing(spot, value)]
    return [env]


def _compare(test: ir.Compare, holds: bool, env: Environment) -> list[Environment]:
    operator, left, right = test.operator, test.left, test.right
    if operator == "!=":
        operator, holds = "==", not holds
    known = _loop_compare(operator, left, right, env)
    if known is not None:
        return [env] if known is holds else []
    if operator not in ("==", "!=") and isinstance(left, ir.Special) | isinstance(right, ir.Special):
        return [env]
    one, other = env.evaluate(left), env.evaluate(right)
    envs = _narrowed(left, p.refined(one, operator, right, other, holds=holds), env)
    refine = p.refined(other, p.MIRRORED[operator], left, one, holds=holds)
    return [after for before in envs for after in _narrowed(right, refine, before)]


def _contains(left: ir.Operand, right: ir.Operand, holds: bool, env: Environment) -> list[Environment]:
    known, part = env.evaluate(left), env.evaluate(right)
    return _narrowed(left, p.holding(known, part) if holds else p.lacking(known, part), env)


# --- the state of a loop


def _loop_compare(operator: str, left: ir.Operand, right: ir.Operand, env: Environment) -> bool | None:
    """The outcome of a comparison of a loop's counts, if it follows from the round being first or last."""
    one, other = _count_name(left, env), _count_name(right, env)
    if not env.loops:
        return None
    loop = env.loops[-1]
    if one is not None and other is not None:
        if (one, other) == ("length", "index"):
            one, other, operator = other, one, p.MIRRORED[operator]
        return _against_length(operator, loop.last) if (one, other) == ("index", "length") else None
    if one is None and other is not None:
        one, left, right, operator = other, right, left, p.MIRRORED[operator]
    if one is None or not isinstance(right, ir.Scalar) or type(right.value) is not int:
        return None
    low, high = _bounds(one, loop.first, loop.last)
    return _decided(operator, low, high, right.value)


def _count_name(operand: ir.Operand, env: Environment) -> str | None:
    if isinstance(operand, ir.Lookup) and env.is_loop_field(operand) and len(operand.keys) == 1:
        return str(operand.keys[0])
    return None


def _against_length(operator: str, last: bool | None) -> bool | None:
    if last is None:
        return True if operator == "<=" else False if operator == ">" else None
    return {"==": last, "<": not last, "<=": True, ">": False, ">=": last}[operator]


def _bounds(name: str, first: bool | None, last: bool | None) -> tuple[int, int | None]:
    """The least and the greatest that a count can be."""
    if name in ("index", "index0"):
        start, end = 1, first
    elif name in ("rindex", "rindex0"):
        start, end = 1, last
    elif name == "length":
        return (1, 1) if first and last else (1 if first is None or last is None else 2, None)
    else:
        return 0, None
    low, high = (1, 1) if end else (2, None) if end is False else (start, None)
    shift = 1 if name.endswith("0") else 0
    return low - shift, None if high is None else high - shift


def _decided(operator: str, low: int, high: int | None, number: int) -> bool | None:
    match operator:
        case "==":
            if number < low or (high is not None and number > high):
                return False
            return True if low == high == number else None
        case "<":
            return True if high is not None and high < number else False if low >= number else None
        case "<=":
            return True if high is not None and high <= number else False if low > number else None
        case ">":
            return True if low > number else False if high is not None and high <= number else None
        case _:
            return True if low >= number else False if high is not None and high < number else None
