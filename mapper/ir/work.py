"""Work of a program: the units that its nodes take, and bounds of what a body of a known size can cost.

`mapper.runtime.work` says what a unit is. Here is the part that the mapping alone decides: an item begins
with the units of all its nodes, apart from those that are repeated for each element, candidate or round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mapper import ir
from mapper.ir.growth import NUMBERS, growth_of
from mapper.runtime.limits import active
from mapper.runtime.liquid.filters import ROWS
from mapper.runtime.liquid.filters.row import Gives
from mapper.runtime.work import (
    CALL,
    DATE,
    DATE_PATTERN,
    FREE_DATE,
    FREE_DATE_CHARACTER,
    LONGEST_DATE,
    NUMBER,
    UNBOUNDED,
    VALUE,
    Work,
)

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
    return 2 * units_of(node.element)


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


def _units_of_text(node: ir.Template | ir.Condition | ir.Compute) -> int:
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
    ir.Template: _units_of_text,
    ir.Condition: _units_of_text,
    ir.Compute: _units_of_text,
    ir.Timestamp: _of_time,
    ir.Literal: _of_constant,
    ir.Hash: _of_hash,
}


@dataclass(frozen=True, slots=True)
class _Units:
    """A bound of units: some for each time, and some for each byte of the item and of the whole body."""

    constant: int = 0
    own: int = 0
    shared: int = 0

    def __add__(self, other: _Units) -> _Units:
        return _Units(
            min(self.constant + other.constant, UNBOUNDED),
            min(self.own + other.own, UNBOUNDED),
            min(self.shared + other.shared, UNBOUNDED),
        )

    def times(self, factor: int) -> _Units:
        """So many times as much."""
        return _Units(
            min(self.constant * factor, UNBOUNDED),
            min(self.own * factor, UNBOUNDED),
            min(self.shared * factor, UNBOUNDED),
        )


_NOTHING = _Units()
_ENDLESS = _Units(UNBOUNDED)  # a product of two sizes, or work whose bound is not worth a rule
_BYTE = 16  # units of a byte that is read: a value of two bytes, `0,`, takes 16
_NUMBER = 25_000  # units to read or write the longest number
_LOOKED_AT = 80  # units of a byte of a value that is printed: an opening bracket takes 65, a digit 8
_TAKEN_APART = 8  # times: as many more if it is pruned or flattened: an opening bracket takes 128
_COMPARED = 3  # times: as many more if it is compared with another one: two bytes, `0,`, take 64
_FIXED = 200  # characters of a digest, of a time, or of what a number becomes, nearly always
_REQUEST = 10_000  # characters of a header, query parameter or setting: HTTP servers refuse longer ones
_ENTRY = 8  # times: how much larger an entry is than its member
_LONG_PATTERN = 1_000  # characters of a pattern that is not known
_LONGER = 3  # times: a text in upper case
# Filters whose result is about as long as their value and arguments, or short.
_STEADY = frozenset(
    name
    for name, row in ROWS.items()
    if row.method or row.is_digest or row.gives in (*NUMBERS, Gives.DEFAULTED, Gives.ELEMENT, Gives.DATE)
)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Bounds of a value: the units that it takes beside those of its nodes, and those to read it."""

    work: _Units = _NOTHING
    size: _Units = _NOTHING


def work(program: ir.Program) -> Work:
    """The work of a program: the units with which an item begins, and a bound of all of them."""
    found = _bounds(program.output).work
    for rule in program.rules:
        found += _of_text(rule.condition)
    for var in program.vars:
        found += var.once(_bounds).work
    each = sum(map(_of_path, program.each), _NOTHING)
    return Work(item_units(program), found.constant, found.own + each.own + each.shared, found.shared)


def _bounds(node: ir.Value) -> _Bounds:
    """The bounds of a value. Those of a list or a var are kept with it."""
    match node:
        case ir.Path():
            return _Bounds(_of_path(node), _read(node))
        case ir.Template() | ir.Compute():
            return _Bounds(_of_text(node), _read(node))
        case ir.Literal():
            return _Bounds(size=_read(node))
        case ir.FromRequest():
            return _Bounds(size=_Units(_REQUEST))
        case ir.VarRead(_, var):
            # Of the item around a list, not of its element: so it counts as a part of the body.
            size = var.once(_bounds).size
            return _Bounds(size=_Units(size.constant, 0, size.own + size.shared))
        case ir.MapItems(source):
            return _of_elements(_bounds(source), node.once(_of_element), element_units(node))
        case ir.WithItem(source, element):
            return _of_elements(_bounds(source), _bounds(element), 0)
    inner = [_bounds(value) for value in ir.children(node)]
    units = sum((bounds.work for bounds in inner), _NOTHING)
    size = sum((bounds.size for bounds in inner), _NOTHING)
    match node:
        case ir.When(condition):
            return _Bounds(units + _of_text(condition), size)
        case ir.Hash():
            return _Bounds(units + size.times(_LOOKED_AT // _BYTE), _Units(_FIXED))
        case ir.Timestamp():
            return _Bounds(units, size + _Units(_FIXED))
        case ir.Flatten():
            return _Bounds(units + size.times(_TAKEN_APART), _ENDLESS)
        case ir.Prune():
            return _Bounds(units + size.times(_TAKEN_APART), size)
        case ir.Entries() | ir.ObjectFrom():
            return _Bounds(units + size, size.times(_ENTRY))
        case ir.Record(fields):
            return _Bounds(units, size + _Units(VALUE + sum(VALUE + len(field.name) for field in fields)))
        case ir.Cast(_, kind) if kind is not ir.CastKind.JSON:
            read = _Units(min(size.constant, _NUMBER), size.own // _BYTE, size.shared // _BYTE)
            return _Bounds(units + read, size + _Units(_FIXED))
        case ir.Merge(operands):
            # The fields of a record are not looked at again.
            pairs = zip(operands, inner, strict=True)
            copied = [bounds.size for operand, bounds in pairs if not isinstance(operand, ir.Record)]
            return _Bounds(sum(copied, units), size + _Units(VALUE))
        case ir.Pick() | ir.Omit() | ir.Rename() | ir.Cast() | ir.Coalesce():
            return _Bounds(units + size, size + _Units(VALUE + _renamed(node)))
        case _:
            return _Bounds(units, size + _Units(VALUE))


def _renamed(node: ir.Value) -> int:
    return sum(len(new) for _, new in node.names) if isinstance(node, ir.Rename) else 0


def _read(node: ir.Value) -> _Units:
    """The units to read a value without operands, with all that it holds."""
    size = growth_of(node)
    if size.lists:
        return _ENDLESS
    texts = size.texts * active().text_length
    return _Units(size.constant + texts + VALUE, size.own, size.shared).times(_BYTE)


def _of_element(node: ir.MapItems) -> _Bounds:
    return _bounds(node.element)


def _of_elements(source: _Bounds, element: _Bounds, units: int) -> _Bounds:
    """The bounds of an element for each element of the source, which takes two bytes or more of it."""
    rest = element.work.shared or element.size.shared
    if rest or source.size.constant >= UNBOUNDED:  # a product
        return _Bounds(source.work + _ENDLESS, _ENDLESS)
    taken = source.size.times(units + element.work.constant + element.work.own + 1)
    return _Bounds(
        source.work + taken + element.work, source.size.times(element.size.constant + element.size.own + 1)
    )


def _of_path(path: ir.Path) -> _Units:
    if path.is_singular:
        return _NOTHING
    units = descendants = 0
    for segment in path.segments:
        descendants += isinstance(segment, ir.Descendant)
        if len(segment.selectors) > 1 or descendants > 1:
            return _ENDLESS
        units += 3 * VALUE
        selector = segment.selectors[0]
        if isinstance(selector, ir.Filter):
            if not _is_plain_test(selector.test):
                return _ENDLESS
            units += test_units(selector.test)
    return _Units(0, units, 0) if path.root is ir.Root.ITEM else _Units(0, 0, units)


def _is_plain_test(test: ir.Test) -> bool:
    """True if a test takes no more than the units of its nodes."""
    for node in ir.walk(test):
        match node:
            case ir.Query(_, segments) if not ir.is_singular(segments):
                return False
            case ir.Function("match" | "search"):
                return False
            case ir.Comparison(_, left, right):
                if not isinstance(left, ir.Constant) and not isinstance(right, ir.Constant):
                    return False
    return True


def _of_text(node: ir.Template | ir.Condition | ir.Compute) -> _Units:
    """A text without loops and captures, whose filters make no text much longer, reads its values in turn."""
    match node:
        case ir.Template(body=None) | ir.Condition(test=None) | ir.Compute(value=None):
            return _ENDLESS
        case ir.Template(body=parts) | ir.Condition(test=parts) | ir.Compute(value=parts):
            pass
    total, assigned, filters, calls = _NOTHING, 0, 0, 0
    for part in ir.walk(parts):
        match part:
            case ir.For() | ir.Interval() | ir.Capture() | ir.Cycle():
                return _ENDLESS
            case ir.FilterCall(name=name):
                if name not in _STEADY:
                    return _ENDLESS
                filters += 1
                calls += _units_of_call(part)
            case ir.Assign():
                assigned += 1
            case ir.Lookup():
                total += _of_lookup(part)
            case ir.Compare(left=left, right=right) | ir.Contains(left=left, right=right):
                total += _of_lookups(left, right)
            case ir.Choice(values=tuple(values)):
                total += _of_lookups(*values)
    if assigned and filters:
        return _ENDLESS
    return _Units(calls) + total.times(1 + _LONGER * filters)


def _units_of_call(node: ir.FilterCall) -> int:
    """The units of a call of a filter, apart from the values that it reads."""
    if ROWS[node.name].gives is not Gives.DATE:
        characters = sum(len(str(part.value)) for part in node.args if isinstance(part, ir.Scalar))
        return CALL + characters + NUMBER * (1 + len(node.args))
    patterns = [
        len(str(pattern.value)) if isinstance(pattern, ir.Scalar) else _LONG_PATTERN for pattern in node.args
    ]
    read = FREE_DATE + FREE_DATE_CHARACTER * LONGEST_DATE
    return DATE + read + DATE_PATTERN * sum(patterns, _LONG_PATTERN * (not patterns))


def _of_lookups(*parts: object) -> _Units:
    looked_at = sum((_of_lookup(part) for part in parts if isinstance(part, ir.Lookup)), _NOTHING)
    return looked_at.times(_COMPARED)


def _of_lookup(node: ir.Lookup) -> _Units:
    """A value that a text names is printed, compared or tested."""
    if isinstance(node.var, ir.Var):
        size = node.var.once(_bounds).size.times(_LOOKED_AT // _BYTE)
        return _Units(size.constant, 0, size.own + size.shared)
    return _Units(0, 0, _LOOKED_AT) if node.name == "envelope" else _Units(0, _LOOKED_AT, 0)
