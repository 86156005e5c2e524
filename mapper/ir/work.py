"""Work of a program: the units that its nodes take, and bounds of what a body of a known size can cost.

`mapper.runtime.work` says what a unit is. Here is the part that the mapping alone decides: an item begins
with the units of all its nodes, apart from those that are repeated for each element, candidate or round.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mapper import ir
from mapper.runtime.work import VALUE

_TIME: Final = 400  # a format in which a time is tried
_HASH: Final = 400
_LIBRARY: Final = 2_500  # a text that the library runs, and
_LIBRARY_CHARACTER: Final = 64  # each of its characters
_ROUND_CHARACTER: Final = 8  # of a text with a loop, in each round: no block has more nodes than characters


def item_units(program: ir.Program) -> int:
    """The units with which an item of a program begins; each var counts, as it is computed at most once."""
    return units_of((program.rules, program.output, tuple(var.value for var in program.vars)))


def element_units(node: ir.MapItems) -> int:
    """The units of an element of a list, apart from what is repeated inside of it."""
    return node.once(_element_units)


def _element_units(node: ir.MapItems) -> int:
    return units_of(node.element)


def test_units(test: ir.Test) -> int:
    """The units of the test of a filter for one candidate, apart from its other queries and patterns."""
    return units_of(test)


def round_units(template: ir.Template) -> int:
    """The units of one round of a loop of a template, apart from filters and from loops inside."""
    characters = len(template.text) + sum(len(text) for _, text in template.partials)
    return characters * (_ROUND_CHARACTER if template.body is not None else _LIBRARY_CHARACTER)


def units_of(node: object) -> int:
    """The units of a node, or a tuple of them, apart from what is repeated in it."""
    units, waiting = 0, [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting.extend(node)
            continue
        own = _OWN.get(type(node))
        if own is not None:
            units += own(node)
        elif ir.is_node(node):
            units += VALUE
        waiting.extend(_once(node))
    return units


def _once(node: object) -> list[object]:
    """The parts of a node that are evaluated once, each time that the node is."""
    match node:
        case ir.MapItems(source):
            return [source]
        case ir.Filter() | ir.Literal():
            return []
        case ir.For(source=source, limit=limit, offset=offset, otherwise=otherwise):
            return [source, limit, offset, otherwise]
        case _ if ir.is_node(node):
            return list(ir.parts_of(node))
        case _:
            return []


def _of_text(node: ir.Template | ir.Condition | ir.Compute) -> int:
    match node:
        case ir.Template(body=None) | ir.Condition(test=None) | ir.Compute(value=None):
            return _LIBRARY + _LIBRARY_CHARACTER * len(node.text)
        case _:
            return VALUE


def _of_time(node: ir.Timestamp) -> int:
    return VALUE + _TIME * len(node.formats)


def _of_constant(node: ir.Literal) -> int:
    units, waiting = 0, [node.value]
    while waiting:
        value = waiting.pop()
        units += VALUE
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return units


def _of_hash(node: ir.Hash) -> int:
    return _HASH


_OWN: dict[type, Callable[..., int]] = {
    ir.Template: _of_text,
    ir.Condition: _of_text,
    ir.Compute: _of_text,
    ir.Timestamp: _of_time,
    ir.Literal: _of_constant,
    ir.Hash: _of_hash,
}
