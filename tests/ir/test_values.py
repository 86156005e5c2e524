"""Values: what walks over all kinds of nodes find, and what is known of each kind."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest

from mapper import ir
from mapper.diagnostics.source import SourceFile, Span
from mapper.ir.facts import FIXED, types

SPAN = Span(SourceFile("<test>", "x"), 0, 1)
KINDS = get_args(ir.Value)
# Nodes whose type depends on the values inside, or on more than their kind.
OPEN = {
    ir.Path,
    ir.Literal,
    ir.Compute,
    ir.Cast,
    ir.Timestamp,
    ir.FromRequest,
    ir.VarRead,
    ir.Take,
    ir.WithItem,
    ir.Coalesce,
    ir.Match,
    ir.When,
    ir.Default,
    ir.Required,
    ir.Prune,
}


def literal(number: int) -> ir.Literal:
    return ir.Literal(number, SPAN)


def node_with(kind: type, values: list[ir.Literal]) -> Any:
    """A node with the values in all attributes that hold values, in order; nothing useful in the others."""
    given: dict[str, Any] = {}
    hints = get_type_hints(kind)
    for part in (part for part in fields(kind) if part.init):
        match hints[part.name]:
            case ir.Value:
                given[part.name] = next_of(values)
            case hint if hint == ir.Value | None:
                given[part.name] = next_of(values)
            case hint if hint == tuple[ir.Value, ...]:
                given[part.name] = (next_of(values), next_of(values))
            case hint if hint == tuple[ir.Field, ...]:
                given[part.name] = (ir.Field("a", next_of(values), True, True, SPAN),)
            case hint if hint == tuple[ir.Case, ...]:
                given[part.name] = (ir.Case((ir.CaseKey("a", SPAN),), next_of(values), SPAN),)
            case _:
                given[part.name] = ()
    return kind(**given)


def next_of(values: list[ir.Literal]) -> ir.Literal:
    values.append(literal(len(values)))
    return values[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_children_are_all_values_inside(kind: type) -> None:
    inside: list[ir.Literal] = []
    node = node_with(kind, inside)
    assert [child.value for child in ir.children(node)] == [each.value for each in inside]  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", KINDS)
def test_alternatives_are_children(kind: type) -> None:
    node = node_with(kind, [])
    assert set(map(id, ir.alternatives(node))) <= set(map(id, ir.children(node)))


def test_children_of_a_choice_without_else() -> None:
    node = ir.Match(literal(0), (ir.Case((ir.CaseKey("a", SPAN),), literal(1), SPAN),), None, SPAN)
    assert list(ir.children(node)) == [literal(0), literal(1)]
    assert ir.alternatives(node) == (literal(1),)


def test_every_kind_of_node_has_a_type() -> None:
    assert set(FIXED).isdisjoint(OPEN)
    assert set(FIXED) | OPEN == set(KINDS)
    assert types(ir.Hash((), SPAN)) == {"string"}
