"""Conditions: a test and a scope in, the scopes in which it holds and does not hold out."""

from __future__ import annotations

from typing import assert_never

from mapper import ir
from mapper.checker.inference import predicates as p
from mapper.checker.inference.findings import Inference, PossibleRejection
from mapper.checker.inference.operand_types import operand_type
from mapper.checker.inference.type_scope import (
    Refine,
    TypeScope,
    is_narrowed,
    join_scopes,
    narrow_at,
    narrowed_lookup,
    singular_keys,
)
from mapper.checker.types import Type, join_all, literal_type, meet, only
from mapper.checker.types.from_schema import remove_literals
from mapper.ir.liquid import Operand


def divide_condition(
    condition: ir.Condition, scope: TypeScope, notes: Inference
) -> tuple[TypeScope, TypeScope]:
    """As `divide`, for a condition; one that the library evaluates may fail."""
    if condition.test is None:
        notes.note_unfollowed(condition, condition.span, scope)
    return divide(condition.test, scope, notes)


def divide(test: ir.TextTest | None, scope: TypeScope, notes: Inference) -> tuple[TypeScope, TypeScope]:
    """The scopes in which a test holds and does not hold; twice the given scope if unknown."""
    if test is None or not scope.is_reachable:
        return scope, scope
    match test:
        case ir.AllOf(tests) | ir.AnyOf(tests):
            return _divide_list(tests, scope, isinstance(test, ir.AllOf), notes)
        case ir.Negation(inner):
            holding, failing = divide(inner, scope, notes)
            return failing, holding
        case ir.Truthy(ir.AllOf() | ir.AnyOf() | ir.Negation() | ir.Compare() | ir.Contains() as inner):
            return divide(inner, scope, notes)
        case ir.Truthy() | ir.Compare() | ir.Contains():
            holding, failing = (_assume_single(test, scope, side, notes) for side in (True, False))
            notes.note_test(test, can_hold=holding.is_reachable, can_fail=failing.is_reachable)
            return holding, failing
        case _ as never:
            assert_never(never)


def _divide_list(
    tests: tuple[ir.TextTest, ...], scope: TypeScope, is_all: bool, notes: Inference
) -> tuple[TypeScope, TypeScope]:
    """`and` and `or`: each test is evaluated only if those before it have not decided."""
    decided: TypeScope = scope.unreachable()
    for test in tests:
        holding, failing = divide(test, scope, notes)
        decided = join_scopes(decided, failing if is_all else holding)
        scope = holding if is_all else failing
    return (scope, decided) if is_all else (decided, scope)


def _assume_single(
    test: ir.Truthy | ir.Compare | ir.Contains, scope: TypeScope, holds: bool, notes: Inference
) -> TypeScope:
    match test:
        case ir.Truthy(value):
            return _refine(value, scope, p.truthy if holds else p.falsy, notes)
        case ir.Contains(left, right):
            one, other = operand_type(left, scope, notes), operand_type(right, scope, notes)
            if not holds:
                return _refine(left, scope, lambda given: p.lacking(given, other), notes)
            scope = _refine(left, scope, lambda given: p.holding(given, other), notes)
            possible = not p.truthy(other).is_never and not p.holding(one, other).is_never
            return scope if possible else scope.unreachable()
        case ir.Compare(operator, left, right):
            return _compare(operator, left, right, scope, holds, notes)


def _compare(
    operator: str, left: Operand, right: Operand, scope: TypeScope, holds: bool, notes: Inference
) -> TypeScope:
    if operator not in ("==", "!=") and isinstance(left, ir.Special) | isinstance(right, ir.Special):
        return scope
    one, other = (operand_type(each, scope, notes) for each in (left, right))
    if operator in ("<", ">") and _may_clash(one, other):
        notes.note_rejection(PossibleRejection("M618", left.span, "texts and numbers are not in order"))

    def refine(given: Type) -> Type:
        return p.refined(given, operator, right, other, holds=holds)

    def mirrored(given: Type) -> Type:
        return p.refined(given, p.MIRRORED[operator], left, one, holds=holds)

    return _refine(right, _refine(left, scope, refine, notes), mirrored, notes)


def _may_clash(one: Type, other: Type) -> bool:
    """Return True if `<` may get two values that it cannot compare."""
    numbers, texts = {"number", "boolean"}, {"string"}
    left, right = p.not_nil(one).kinds, p.not_nil(other).kinds
    pairs = [(a, b) for a in left for b in right]
    return any(not ({a, b} <= numbers or {a, b} <= texts) for a, b in pairs)


def _refine(operand: Operand, scope: TypeScope, refine: Refine, notes: Inference) -> TypeScope:
    """Narrow the place that an operand reads; any other operand only decides if the scope is reachable."""
    if not scope.is_reachable:
        return scope
    if isinstance(operand, ir.Lookup):
        if is_narrowed(operand, scope):
            return narrowed_lookup(operand, scope, refine)
        if operand.name in scope.local and not operand.keys:
            return scope.narrowed_local(operand.name, refine)
    found = operand_type(operand, scope, notes)
    return scope.unreachable() if refine(found).is_never else scope


def narrow_by_filter(test: ir.Test, given: Type, holds: bool) -> Type:
    """The part of a type, as `@`, that a JSONPath filter (RFC 9535 §2.3.5) selects, or does not select."""
    match test:
        case ir.And(tests) | ir.Or(tests):
            is_all = isinstance(test, ir.And)
            left = given
            decided: list[Type] = []
            for each in tests:
                decided.append(narrow_by_filter(each, left, not is_all))
                left = narrow_by_filter(each, left, is_all)
            return left if holds is is_all else join_all(decided)
        case ir.Not(inner):
            return narrow_by_filter(inner, given, not holds)
        case ir.Exists(query):
            return _at(query, given, _present if holds else _absent)
        case ir.Comparison(operator, left_side, right_side):
            return _by_comparison(operator, left_side, right_side, given, holds)
        case _:
            return given


def _present(given: Type) -> Type:
    return only(given, *given.kinds)


def _absent(given: Type) -> Type:
    return only(given, "missing")


def _at(query: ir.Query, given: Type, refine: Refine) -> Type:
    if not query.relative or not ir.is_singular(query.segments):
        return given
    return narrow_at(given, singular_keys(query.segments), refine)


def _by_comparison(operator: str, left: object, right: object, given: Type, holds: bool) -> Type:
    if isinstance(left, ir.Constant):
        left, right, operator = right, left, p.MIRRORED[operator]
    if not isinstance(left, ir.Query) or not isinstance(right, ir.Constant):
        return given
    constant = right.value
    if operator in ("==", "!="):
        if holds is (operator == "=="):
            return _at(left, given, lambda found: meet(found, literal_type(constant)))
        return _at(left, given, lambda found: remove_literals(found, [constant]))
    if holds and isinstance(constant, str | int | float) and not isinstance(constant, bool):
        kind = "string" if isinstance(constant, str) else "number"
        other = literal_type(constant)
        return _at(left, given, lambda found: p.ordered(only(found, kind), other, operator))
    return given
