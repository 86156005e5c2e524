"""Paths: a JSONPath and a scope in, the type of its value out."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from mapper import ir
from mapper.checker.inference.condition_types import narrow_by_filter
from mapper.checker.inference.type_scope import BODY, ITEM, TypeScope, of_index
from mapper.checker.types import ANYTHING, MISSING_ONLY, Type, join, join_all, only, without_missing
from mapper.checker.types.lattice import of_element, of_member
from mapper.checker.types.named import array_of


def infer_path(path: ir.Path, scope: TypeScope) -> Type:
    """The type of a path: one value or missing if the path is singular, else the array of all matches."""
    start = scope.roots[ITEM if path.root is ir.Root.ITEM else BODY]
    if path.is_singular:
        for segment in path.segments:
            start = _step(start, segment.selectors[0])
        return start
    found = start
    least = 1
    for segment in path.segments:
        if isinstance(segment, ir.Descendant):
            return array_of(ANYTHING)
        least = _least(found, segment.selectors) if least else 0
        found = join_all(_selected(found, selector) for selector in segment.selectors)
    return array_of(found, least)


def first_match(path: ir.Path, scope: TypeScope) -> Type | None:
    """The type of the first match, or missing, of a path that ends in several names or indexes; else None.

    They are tried in their order (RFC 9535 §2.5.1.2), so that one which is always there hides those after it.
    """
    before, last = path.segments[:-1], path.segments[-1]
    if not ir.is_singular(before) or not isinstance(last, ir.Child):
        return None
    found = MISSING_ONLY
    parent = infer_path(replace(path, segments=before), scope)
    for selector in last.selectors:
        if not isinstance(selector, ir.Name | ir.Index):
            return None
        found = join(without_missing(found), _step(parent, selector))
        if not found.missing:
            break
    return found


def _step(given: Type, selector: ir.Selector) -> Type:
    match selector:
        case ir.Name(name):
            return of_member(given, name)
        case ir.Index(index):
            return of_index(given, index)
        case _:
            return ANYTHING.with_missing()


def _selected(given: Type, selector: ir.Selector) -> Type:
    """The type of the values that a selector selects from a value; never missing."""
    match selector:
        case ir.Name() | ir.Index():
            found = _step(given, selector)
            return only(found, *found.kinds)
        case ir.Wildcard():
            return children_type(given)
        case ir.Slice():
            return of_element(given)
        case ir.Filter(test):
            return narrow_by_filter(test, children_type(given), True)
        case _ as never:
            assert_never(never)


def children_type(given: Type) -> Type:
    """The type of the elements of arrays and the members of objects."""
    members = join_all(
        join_all([*(m for m in part.members.values()), ANYTHING if part.rest is None else part.rest])
        for part in given.objects
    )
    return join(only(members, *members.kinds), of_element(given))


def _least(given: Type, selectors: tuple[ir.Selector, ...]) -> int:
    """1 if some selector is sure to select something from the value, else 0."""
    for selector in selectors:
        match selector:
            case ir.Name() | ir.Index() if not _step(given, selector).missing:
                return 1
            case ir.Wildcard() | ir.Slice(None | 0, None, None | 1) if (
                given.kinds == {"array"} and not given.missing and given.arrays and given.arrays.shortest
            ):
                return 1
            case _:
                pass
    return 0
