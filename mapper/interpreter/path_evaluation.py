"""Interpreter of paths: ir.Path on a payload by the words of RFC 9535, with the locations of matches.

The oracle for codegen. It shares no code with generated paths, so that no fault can be in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest
from typing import TypeAlias, assert_never

from mapper import ir
from mapper.ir.work import test_units
from mapper.regex import iregexp
from mapper.runtime import matching
from mapper.runtime.faults import Fault
from mapper.runtime.json.equality import equal
from mapper.runtime.json.locations import write_location
from mapper.runtime.jsonpath import spend_on_children
from mapper.runtime.limits import active
from mapper.runtime.missing import MISSING
from mapper.runtime.work import VALUE, spend, spend_on_comparison

Location: TypeAlias = tuple[str | int, ...]
_Trail: TypeAlias = tuple["_Trail", str | int] | None  # the parent's trail and the last step; None is `$`
_Node: TypeAlias = tuple[_Trail, object]
_Segments: TypeAlias = tuple[ir.Segment, ...]


@dataclass(frozen=True, slots=True)
class _QueryValues:
    """One reading of a path: its root, and the values of the `$` queries in its filters, each read once."""

    root: object
    absolute: dict[str, list[object]] = field(default_factory=dict)

    def values(self, segments: _Segments) -> list[object]:
        """The values that a `$` query selects."""
        key = repr(segments)
        if key not in self.absolute:
            self.absolute[key] = [value for _, value in _select(segments, self.root, self)]
        return self.absolute[key]


NO_SITE = -1  # the interpreter writes no module, so a fault has no number there


def evaluate_path(path: ir.Path, item: object, body: object) -> object:
    """The value of a path: if it is singular its match or MISSING, else the list of matches."""
    values = [value for _, value in _evaluate(path, item, body)]
    if path.is_singular:
        return values[0] if values else MISSING
    return values


def find_nodes(path: ir.Path, item: object, body: object) -> list[tuple[Location, object]]:
    """Each match with its location as names and indexes."""
    return [(_location(trail), value) for trail, value in _evaluate(path, item, body)]


def locate(path: ir.Path, item: object, body: object) -> list[tuple[str, object]]:
    """Each match with its normalized path (RFC 9535 §2.7), such as `$['a'][0]`."""
    return [(write_location(place, normalized=True), value) for place, value in find_nodes(path, item, body)]


def _location(trail: _Trail) -> Location:
    steps: list[str | int] = []
    while trail is not None:
        trail, step = trail
        steps.append(step)
    return tuple(reversed(steps))


def _evaluate(path: ir.Path, item: object, body: object) -> list[_Node]:
    root = item if path.root is ir.Root.ITEM else body
    return _select(path.segments, root, _QueryValues(root))


def _select(segments: _Segments, start: object, reading: _QueryValues) -> list[_Node]:
    """The nodelist of segments applied to one value (§2.1.2)."""
    nodes: list[_Node] = [(None, start)]
    bounded = False
    for number, segment in enumerate(segments):
        is_list = isinstance(segment, ir.Descendant) or not ir.is_singular(segments[:number])
        match segment:
            case ir.Child(selectors):
                bounded = bounded or len(selectors) > 1
            case ir.Descendant(selectors):
                bounded = True
                nodes = _with_descendants(nodes)
            case _:
                assert_never(segment)
        for query in ir.absolute_queries(selectors):
            reading.values(query.segments)
        found: list[_Node] = []
        for node in nodes:
            for selector in selectors:
                spend(VALUE * is_list)
                found.extend(_apply(selector, node, reading))
            if bounded and len(found) > active().path_matches:
                raise Fault("M608", NO_SITE, f"a path matches more than {active().path_matches} values")
        nodes = found
    return nodes


def _children(node: _Node) -> Iterator[_Node]:
    location, value = node
    if isinstance(value, list):
        yield from (((location, index), element) for index, element in enumerate(value))
    elif isinstance(value, dict):
        yield from (((location, name), member) for name, member in value.items())


def _with_descendants(nodes: list[_Node]) -> list[_Node]:
    """The nodes and all below them, each before its children (§2.5.2.2)."""
    found: list[_Node] = []
    open_iterators: list[Iterator[_Node]] = [iter(nodes)]
    while open_iterators:
        node = next(open_iterators[-1], None)
        if node is None:
            open_iterators.pop()
            continue
        found.append(node)
        spend(VALUE)
        if len(found) > active().path_visits:
            raise Fault("M608", NO_SITE, f"a path looks at more than {active().path_visits} values")
        open_iterators.append(_children(node))
    return found


def _apply(selector: ir.Selector, node: _Node, reading: _QueryValues) -> list[_Node]:
    """The nodes one selector selects below one node (§2.3)."""
    location, value = node
    match selector:
        case ir.Name(name):
            return [((location, name), value[name])] if isinstance(value, dict) and name in value else []
        case ir.Index(index):
            if not isinstance(value, list):
                return []
            position = index if index >= 0 else len(value) + index
            return [((location, position), value[position])] if 0 <= position < len(value) else []
        case ir.Wildcard():
            spend_on_children(value)
            return list(_children(node))
        case ir.Slice(start, stop, step):
            if not isinstance(value, list):
                return []
            indices = _indices(len(value), start, stop, step)
            spend(VALUE * len(indices))
            return [((location, i), value[i]) for i in indices]
        case ir.Filter(test):
            spend_on_children(value, test_units(test))
            return [child for child in _children(node) if _holds(test, child[1], reading)]
    assert_never(selector)


def _indices(length: int, start: int | None, stop: int | None, step: int | None) -> range:
    """The indexes a slice selects, after the pseudocode of §2.3.4.2.2."""
    step = 1 if step is None else step
    if step == 0:
        return range(0)
    first = (0 if step > 0 else length - 1) if start is None else start if start >= 0 else length + start
    last = (length if step > 0 else -length - 1) if stop is None else stop
    last = last if last >= 0 else length + last
    if step > 0:
        return range(min(max(first, 0), length), min(max(last, 0), length), step)
    return range(min(max(first, -1), length - 1), min(max(last, -1), length - 1), step)


def _holds(test: ir.Test, current: object, reading: _QueryValues) -> bool:
    """The result of a test (§2.3.5.2). All its parts are evaluated, so that its work is always the same."""
    match test:
        case ir.Exists(query):
            return bool(_query(query, current, reading))
        case ir.Matches(ir.Function(name, (text, pattern))):
            find = {"match": matching.match, "search": matching.search}[name]
            given = _operand(pattern, current, reading)
            if isinstance(pattern, ir.Constant):  # it was compiled with the mapping
                given = iregexp.prepared(given)
            return find(_operand(text, current, reading), given)
        case ir.Comparison(operator, left, right):
            sides = _operand(left, current, reading), _operand(right, current, reading)
            is_counted = not isinstance(left, ir.Constant) and not isinstance(right, ir.Constant)
            return _compare(operator, *sides, is_counted)
        case ir.And(tests):
            results = [_holds(t, current, reading) for t in tests]
            return all(results)
        case ir.Or(tests):
            results = [_holds(t, current, reading) for t in tests]
            return any(results)
        case ir.Not(inner):
            return not _holds(inner, current, reading)
        case _:
            raise AssertionError("refused by the parser")


def _query(query: ir.Query, current: object, reading: _QueryValues) -> list[object]:
    if not query.relative:
        return reading.values(query.segments)
    return [value for _, value in _select(query.segments, current, reading)]


def _operand(operand: ir.Comparable | ir.Test, current: object, reading: _QueryValues) -> object:
    """The value of one side of a comparison, or MISSING (§2.4)."""
    match operand:
        case ir.Constant(value):
            return value
        case ir.Query() as query:
            values = _query(query, current, reading)
            return values[0] if values else MISSING
        case ir.Function("count", (ir.Query() as query,)):
            return len(_query(query, current, reading))
        case ir.Function("value", (ir.Query() as query,)):
            values = _query(query, current, reading)
            return values[0] if len(values) == 1 else MISSING
        case ir.Function("length", (argument,)):
            measured = _operand(argument, current, reading)
            return len(measured) if isinstance(measured, str | list | dict) else MISSING
        case _:
            raise AssertionError("refused by the parser")


def _compare(operator: str, left: object, right: object, is_counted: bool) -> bool:
    """The six comparisons, all in terms of `==` and `<` (§2.3.5.2.2)."""
    match operator:
        case "==":
            return _same(left, right, is_counted)
        case "!=":
            return not _same(left, right, is_counted)
        case "<":
            return _precedes(left, right, is_counted)
        case "<=":
            return _precedes(left, right, is_counted) or _same(left, right, is_counted)
        case ">":
            return _precedes(right, left, is_counted)
        case ">=":
            return _precedes(right, left, is_counted) or _same(left, right, is_counted)
    raise AssertionError("refused by the parser")


def _precedes(left: object, right: object, is_counted: bool) -> bool:
    match left, right:
        case (bool(), _) | (_, bool()):
            return False
        case (int() | float() | Decimal() as low, int() | float() | Decimal() as high):
            return low < high
        case (str() as first, str() as second):
            if is_counted:
                spend_on_comparison(first, second)
            return first < second
    return False


def _same(left: object, right: object, is_counted: bool) -> bool:
    """Return True if two values have the same parts in the same order."""
    if is_counted:
        equal(left, right)  # counts the work
    return all(a == b for a, b in zip_longest(_spelled(left), _spelled(right)))


def _spelled(value: object) -> Iterator[tuple[str, object]]:
    """A value as a flat sequence of (type, detail), object members in the order of their names."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        match value:
            case bool():
                yield "boolean", value
            case int() | float() | Decimal():
                yield "number", value
            case list():
                yield "array", len(value)
                waiting.extend(value)
            case dict():
                names = sorted(value)
                yield "object", names
                waiting.extend(value[name] for name in names)
            case _:
                yield type(value).__name__, value
