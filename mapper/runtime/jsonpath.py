"""Paths at run time: the rarely used parts of RFC 9535, which generated code calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from mapper.runtime.digits import is_number
from mapper.runtime.faults import Fault
from mapper.runtime.limits import active
from mapper.runtime.missing import MISSING
from mapper.runtime.work import VALUE, meter, spend, spend_on, spend_on_comparison


def children(value: object) -> Collection[object]:
    """The elements of an array or the member values of an object, in order; a scalar has none."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return value.values()
    return ()


def spend_on_children(value: object, units: int = VALUE) -> None:
    """Count the children of a value, so many units for each."""
    if isinstance(value, list | dict):
        spend(units * len(value))


def children_of_all(nodes: list[object], children: Callable[[object], Collection[object]]) -> list[object]:
    """The children of several values, each value's behind those of the one before."""
    counting = meter()
    if counting is None:
        return [value for node in nodes for value in children(node)]
    found: list[object] = []
    for node in nodes:
        inner = children(node)
        counting.spend(VALUE * len(inner))
        found.extend(inner)
    return found


def elements_of_all(nodes: list[object], part: slice) -> list[object]:
    """The elements of a part of each array among several values."""
    found: list[object] = []
    for node in nodes:
        if isinstance(node, list):
            elements = node[part]
            spend_on(elements)
            found.extend(elements)
    return found


def descendants(nodes: Iterable[object], site: int) -> list[object]:
    """Each node followed by all its descendants, parents before children (RFC 9535 §2.5.2).

    Raises Fault M608 beyond `path_visits`: a parsed payload may repeat or contain itself, without an end.
    """
    visited: list[object] = []
    stack = list(nodes)
    stack.reverse()
    limit = active().path_visits
    while stack and len(visited) + len(stack) <= limit:
        value = stack.pop()
        visited.append(value)
        if isinstance(value, list):
            stack.extend(reversed(value))
        elif isinstance(value, dict):
            stack.extend(reversed(value.values()))
    spend(VALUE * len(visited), site)
    if stack:
        raise Fault("M608", site, f"a path looks at more than {limit} values")
    return visited


def check_matches(nodes: list[object], site: int) -> None:
    """Raise Fault M608 for a path whose matches multiply (`$..*..*`) beyond `path_matches`."""
    limit = active().path_matches
    if len(nodes) > limit:
        raise Fault("M608", site, f"a path matches more than {limit} values")


def less(left: object, right: object) -> bool:
    """The `<` of RFC 9535 §2.3.5.2.2: between two numbers or two strings; of anything else it is false."""
    if isinstance(left, str):
        spend_on_comparison(left, right)
        return isinstance(right, str) and left < right
    return is_number(left) and is_number(right) and left < right


def length(value: object) -> object:
    """The function `length()`: characters, elements or members; MISSING for anything else (§2.4.4)."""
    return len(value) if isinstance(value, str | list | dict) else MISSING


def only(nodes: list[object]) -> object:
    """The function `value()`: the value of a single node, else MISSING (§2.4.8)."""
    return nodes[0] if len(nodes) == 1 else MISSING
