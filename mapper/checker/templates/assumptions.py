"""Conditions: an environment and a test become the environments in which the test holds, or does not."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from mapper.checker.templates.environment import Environment, joined_environments
from mapper.checker.templates.value_sets import Items, ValueSet
from mapper.ir import liquid as ir
from mapper.regex.characters import ECMA_SPACE, ranges
from mapper.regex.languages import (
    Language,
    intersection,
    many,
    union,
    without_characters,
    without_empty,
    word,
)

_MAX_ENVIRONMENTS = 6
_SWAPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


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
            return _narrowed(value, known.truthy if holds else known.falsy, env)
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


def _narrowed(operand: ir.Operand, value: ValueSet, env: Environment) -> list[Environment]:
    """The environment in which an expression is no more than the value."""
    if value.is_impossible:
        return []
    if isinstance(operand, ir.Lookup) and not env.is_loop_field(operand):
        spot = env.spot_of(operand)
        if spot is not None and env.value_at(spot) != value:
            return [env.knowing(spot, value)]
    return [env]


def _compare(test: ir.Compare, holds: bool, env: Environment) -> list[Environment]:
    operator, left, right = test.operator, test.left, test.right
    if operator == "!=":
        return _compare(ir.Compare("==", left, right, test.span), not holds, env)
    known = _loop_compare(operator, left, right, env)
    if known is not None:
        return [env] if known is holds else []
    if isinstance(left, ir.Scalar | ir.Special) and not isinstance(right, ir.Scalar | ir.Special):
        left, right, operator = right, left, _SWAPPED[operator]
    if operator == "==":
        return _equals(left, right, holds, env)
    return _ordered(left, right, holds, env)


def _equals(left: ir.Operand, right: ir.Operand, holds: bool, env: Environment) -> list[Environment]:
    known = env.evaluate(left)
    match right:
        case ir.Special("blank"):
            return _narrowed(left, _blank(known) if holds else _not_blank(known), env)
        case ir.Special():
            return _narrowed(left, _empty(known) if holds else _not_empty(known), env)
        case ir.Scalar(None):
            return _narrowed(
                left, known.only_nil if holds else replace(known, missing=False, null=False), env
            )
        case ir.Scalar(bool() as wanted):
            if holds:
                return _narrowed(
                    left, ValueSet(true=known.true and wanted, false=known.false and not wanted), env
                )
            other = replace(known, true=False) if wanted else replace(known, false=False)
            return _narrowed(left, other, env)
        case ir.Scalar(str() as wanted):
            return _narrowed(left, _is_text(known, wanted) if holds else _is_not_text(known, wanted), env)
        case ir.Scalar():
            return _narrowed(left, ValueSet(number=known.number) if holds else known, env)
        case _:
            return [env]


def _is_text(known: ValueSet, wanted: str) -> ValueSet:
    is_possible = known.text is not None and known.text.holds(wanted)
    return ValueSet(text=word(wanted) if is_possible else None, json=known.json)


def _is_not_text(known: ValueSet, wanted: str) -> ValueSet:
    if known.text is None:
        return known
    if not wanted:
        return replace(known, text=_some(without_empty(known.text)))
    if known.text.few is not None and wanted in known.text.few:
        rest = [text for text in known.text.few if text != wanted]
        return replace(known, text=_some(union(*map(word, rest))))
    return known


def _some(language: Language) -> Language | None:
    return None if language.is_none else language


def _blank(known: ValueSet) -> ValueSet:
    white = None if known.text is None else _some(intersection(many(ECMA_SPACE), known.text))
    return replace(_hollow(known), text=white, missing=known.missing, null=known.null, false=known.false)


def _not_blank(known: ValueSet) -> ValueSet:
    return replace(_not_empty(known), missing=False, null=False, false=False)


def _empty(known: ValueSet) -> ValueSet:
    text = word("") if known.text is not None and known.text.has_empty else None
    return replace(_hollow(known), text=text)


def _hollow(known: ValueSet) -> ValueSet:
    items = None
    if known.items is not None and not known.items.min_items:
        items = Items(known.items.element, 0, 0)
    return ValueSet(items=items, members=known.members)


def _not_empty(known: ValueSet) -> ValueSet:
    text = None if known.text is None else _some(without_empty(known.text))
    items = known.items
    if items is not None:
        items = (
            None if items.max_items == 0 else Items(items.element, max(items.min_items, 1), items.max_items)
        )
    return replace(known, text=text, items=items)


def _ordered(left: ir.Operand, right: ir.Operand, holds: bool, env: Environment) -> list[Environment]:
    # Only numbers and texts have an order. Other values stop the template, or the comparison is false.
    if not holds:
        return [env]
    envs = [env]
    for operand in (left, right):
        if not isinstance(operand, ir.Scalar | ir.Special):
            envs = [after for before in envs for after in _present(operand, before)]
    return envs


def _present(operand: ir.Operand, env: Environment) -> list[Environment]:
    known = env.evaluate(operand)
    return _narrowed(operand, replace(known, missing=False, null=False), env)


def _contains(left: ir.Operand, right: ir.Operand, holds: bool, env: Environment) -> list[Environment]:
    known = env.evaluate(left)
    if holds:
        fitting = replace(known, missing=False, null=False, true=False, false=False, number=None)
        if fitting.items is not None:
            fitting = _not_empty(fitting) if fitting.text is None else fitting
        return _narrowed(left, fitting, env)
    if isinstance(right, ir.Scalar) and isinstance(right.value, str) and known.text is not None:
        return _narrowed(left, _lacking(known, right.value), env)
    return [env]


def _lacking(known: ValueSet, part: str) -> ValueSet:
    if len(part) != 1 or known.text is None:
        return known
    return replace(known, text=_some(without_characters(known.text, ranges(part))))


# --- the state of a loop


def _loop_compare(operator: str, left: ir.Operand, right: ir.Operand, env: Environment) -> bool | None:
    """The outcome of a comparison of a loop's counts, if it follows from the round being first or last."""
    one, other = _count_name(left, env), _count_name(right, env)
    if not env.loops:
        return None
    loop = env.loops[-1]
    if one is not None and other is not None:
        if (one, other) == ("length", "index"):
            one, other, operator = other, one, _SWAPPED[operator]
        return _against_length(operator, loop.last) if (one, other) == ("index", "length") else None
    if one is None and other is not None:
        one, left, right, operator = other, right, left, _SWAPPED[operator]
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
