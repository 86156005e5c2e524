"""Interpreter of paths: ir.Path on a payload by the words of RFC 9535, with the locations of matches.

The oracle for codegen. It shares no code with generated paths, so that no fault can be in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import zip_longest
from typing import TypeAlias, assert_never

from mapper import ir
from mapper.regex import iregexp
from mapper.runtime.faults import Fault
from mapper.runtime.json.locations import write_location
from mapper.runtime.limits import active
from mapper.runtime.missing import MISSING

Location: TypeAlias = tuple[str | int, ...]
_Trail: TypeAlias = tuple["_Trail", str | int] | None  # the parent's trail and the last step; None is `$`
_Node: TypeAlias = tuple[_Trail, object]

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
    return _select(path.segments, root, root)


def _select(segments: tuple[ir.Segment, ...], start: object, root: object) -> list[_Node]:
    """The nodelist of segments applied to one value (§2.1.2)."""
    nodes: list[_Node] = [(None, start)]
    bounded = False
    for segment in segments:
        match segment:
            case ir.Child(selectors):
                bounded = bounded or len(selectors) > 1
            case ir.Descendant(selectors):
                bounded = True
                nodes = _with_descendants(nodes)
            case _:
                assert_never(segment)
        found: list[_Node] = []
        for node in nodes:
            for selector in selectors:
                found.extend(_apply(selector, node, root))
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
        if len(found) > active().path_visits:
            raise Fault("M608", NO_SITE, f"a path looks at more than {active().path_visits} values")
        open_iterators.append(_children(node))
    return found


def _apply(selector: ir.Selector, node: _Node, root: object) -> list[_Node]:
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
            return list(_children(node))
        case ir.Slice(start, stop, step):
            if not isinstance(value, list):
                return []
            return [((location, i), value[i]) for i in _indices(len(value), start, stop, step)]
        case ir.Filter(test):
            return [child for child in _children(node) if _holds(test, child[1], root)]
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


def _holds(test: ir.Test, current: object, root: object) -> bool:
    match test:
        case ir.Exists(query):
            return bool(_query(query, current, root))
        case ir.Matches(ir.Function(name, (text, pattern))):
            find = {"match": iregexp.match, "search": iregexp.search}[name]
            return find(_operand(text, current, root), _operand(pattern, current, root))
        case ir.Comparison(operator, left, right):
            return _compare(operator, _operand(left, current, root), _operand(right, current, root))
        case ir.And(tests):
            return all(_holds(t, current, root) for t in tests)
        case ir.Or(tests):
            return any(_holds(t, current, root) for t in tests)
        case ir.Not(inner):
            return not _holds(inner, current, root)
        case _:
            raise AssertionError("refused by the parser")


def _query(query: ir.Query, current: object, root: object) -> list[object]:
    start = current if query.relative else root
    return [value for _, value in _select(query.segments, start, root)]


def _operand(operand: ir.Comparable | ir.Test, current: object, root: object) -> object:
    """The value of one side of a comparison, or MISSING (§2.4)."""
    match operand:
        case ir.Constant(value):
            return value
        case ir.Query() as query:
            values = _query(query, current, root)
            return values[0] if values else MISSING
        case ir.Function("count", (ir.Query() as query,)):
            return len(_query(query, current, root))
        case ir.Function("value", (ir.Query() as query,)):
            values = _query(query, current, root)
            return values[0] if len(values) == 1 else MISSING
        case ir.Function("length", (argument,)):
            measured = _operand(argument, current, root)
            return len(measured) if isinstance(measured, str | list | dict) else MISSING
        case _:
            raise AssertionError("refused by the parser")


def _compare(operator: str, left: object, right: object) -> bool:
    """The six comparisons, all in terms of `==` and `<` (§2.3.5.2.2)."""
    match operator:
        case "==":
            return _same(left, right)
        case "!=":
            return not _same(left, right)
        case "<":
            return _precedes(left, right)
        case "<=":
            return _precedes(left, right) or _same(left, right)
        case ">":
            return _precedes(right, left)
        case ">=":
            return _precedes(right, left) or _same(left, right)
    raise AssertionError("refused by the parser")


def _precedes(left: object, right: object) -> bool:
    match left, right:
        case (bool(), _) | (_, bool()):
            return False
        case (int() | float() | Decimal() as low, int() | float() | Decimal() as high):
            return low < high
        case (str() as first, str() as second):
            return first < second
    return False


def _same(left: object, right: object) -> bool:
    """Return True if two values have the same parts in the same order."""
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
