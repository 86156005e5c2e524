"""Work of a program: the units that its nodes take, and bounds of what a body of a known size can cost.

`mapper.runtime.work` says what a unit is. Here is the part that the mapping alone decides: an item begins
with the units of all its nodes, apart from those that are repeated for each element, candidate or round.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from mapper import ir
from mapper.ir.facts import types
from mapper.ir.growth import size_bound
from mapper.ir.text_work import of_text
from mapper.ir.units import ENDLESS, NOTHING, Size, Units, either, inside, size_of, total
from mapper.runtime.growth import FORM_INFLATION
from mapper.runtime.work import CALL, FEW, LONG_DIGIT, PAIR, PRINTED, VALUE, Work

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


_CANONICAL: Final = 24  # characters of a number in a canonical text, beside those in the payload
_NUMBER: Final = 25_000  # units to read or write the longest number
_BYTES: Final = frozenset({ir.CastKind.STRING, ir.CastKind.INTEGER, ir.CastKind.NUMBER})


def work(program: ir.Program) -> Work:
    """The work of a program: the units with which an item begins, and a bound of all of them."""
    return bounds_of(program).work(item_units(program), program.each)


def bounds_of(program: ir.Program, *, is_few: bool = False, is_large: bool = False) -> Units:
    """A bound of the work of an item, beside the units with which it begins.

    With `is_few` it is that of an item that is mapped without counting: its lists have few elements.
    Of two bounds of a text it takes the smaller one for a small body, or with `is_large` for the largest one.
    """
    values = (*(var.value for var in program.vars), program.output)
    found = total(bounds(value, is_few=is_few, is_large=is_large) for value in values)
    found += total(of_text(rule.condition, 0, is_large=is_large) for rule in program.rules)
    for path in program.each:
        if ir.plain_steps(path, indexes=True) is not None:
            continue  # it looks at no more values than there may be items
        selection = _of_path(path)  # once for all items
        found += Units(
            selection.constant, {}, {(ir.Root.ITEM, ()): max(selection.values.values(), default=0)}
        )
    return found.times(FORM_INFLATION) if program.policy.format == "form" else found


def bounds(node: ir.Value, *, is_few: bool = False, is_large: bool = False) -> Units:
    """A bound of the work of a value, beside the units of its nodes. A list keeps that of its element.

    With `is_few`, lists that are in no other list are taken to have few elements.
    """
    inner = partial(bounds, is_few=is_few, is_large=is_large)
    match node:
        case ir.Path():
            return _of_path(node)
        case ir.Template():
            return of_text(node, round_units(node), is_large=is_large)
        case ir.Compute():
            return of_text(node, 0, is_large=is_large)
        case ir.MapItems(source):
            element = node.once(_of_element)
            if any(root is not ir.Root.ITEM for root, _ in (*element.bytes, *element.values)):
                return ENDLESS  # a product of sizes
            each = element_units(node) + element.constant
            members = Units(FEW) if is_few else _members(source)
            return inner(source) + members.times(each) + _of_elements(element, source)
        case ir.WithItem(source, element):
            found = inner(element)
            rest = Units(found.constant) + inside(found, _size(source))
            return inner(source) + rest
        case ir.Match(subject):
            return inner(subject) + either(inner(part) for part in ir.alternatives(node))
        case ir.When(condition):
            test = of_text(condition, 0, is_large=is_large)
            return test + either(inner(part) for part in ir.alternatives(node))
    return total(map(inner, ir.children(node))) + _of_operation(node)


def _of_operation(node: ir.Value) -> Units:
    """The work of a node itself, with the values of its operands."""
    match node:
        case ir.Hash(operands):
            sizes = [_size(operand) for operand in operands]
            # A digit of a long integer takes more than the two bytes of UTF-8 for one of Latin-1 or UTF-16.
            written = total(
                size.characters.times(1 + LONG_DIGIT) + size.nodes.times(_CANONICAL + PRINTED)
                for size in sizes
            )
            return written + Units(VALUE * (1 + len(operands)))
        case ir.Cast(value, kind):
            return _of_cast(value, kind)
        case ir.Merge(operands):
            # The fields of a record are not looked at again.
            return total(_looked_at(value) for value in operands if not isinstance(value, ir.Record))
        case ir.ObjectFrom(value) | ir.Entries(value) | ir.Pick(value) | ir.Omit(value) | ir.Rename(value):
            return _members(value).times(VALUE)
        case ir.Prune(value):
            size = _size(value)
            return size.nodes.times(PAIR) + size.characters
        case ir.Flatten(value):
            return _size(value).nodes.times(PAIR)
        case ir.Coalesce(options, nonblank) if nonblank:
            return total(_size(option).characters for option in options)
        case _:
            return NOTHING


def _of_element(node: ir.MapItems) -> Units:
    return bounds(node.element)


def _of_elements(element: Units, source: ir.Value) -> Units:
    """The work of an element for all parts of a source, apart from its constant.

    An entry is larger than its member, but its key and its value share the bytes of the member.
    """
    if not isinstance(source, ir.Entries):
        return inside(element, _size(source))
    whole, parts = element.parted({(ir.Root.ITEM, ())})
    return inside(whole, _size(source)) + inside(parts, _size(source.value).with_keys())


def _size(node: ir.Value) -> Size:
    return size_of(size_bound(node))


def _looked_at(node: ir.Value) -> Units:
    """The units for each member of an operand of `merge`; what is no object costs as much before it fails."""
    members = _members(node).times(VALUE)
    return members if types(node) == {"object"} else members + _size(node).characters


def _members(node: ir.Value) -> Units:
    """The number of members or elements of a value, without those inside of them."""
    match node:
        case ir.MapItems(source):
            return _members(source)
        case ir.Entries(value) | ir.ObjectFrom(value) | ir.Pick(value) | ir.Omit(value) | ir.Rename(value):
            return _members(value)
        case ir.Record() | ir.Array():
            return Units(sum(1 for _ in ir.children(node)))
        case ir.Merge(operands):
            return total(map(_members, operands))
        case _:
            return _size(node).nodes


def _of_cast(value: ir.Value, kind: ir.CastKind) -> Units:
    if kind is ir.CastKind.JSON:
        return Units(2 * CALL) + _size(value).characters
    if kind not in _BYTES or (kind is ir.CastKind.STRING and types(value) == {"string"}):
        return NOTHING
    # As long as the value, and not longer than the longest number.
    size = _size(value).characters
    digit = LONG_DIGIT if kind is ir.CastKind.STRING else 1 + LONG_DIGIT  # a text is read, too
    return Units(min(size.constant, _NUMBER)) + Units(0, size.bytes).times(digit)


def _of_path(path: ir.Path) -> Units:
    if path.is_singular:
        return NOTHING
    units = descendants = 0
    for segment in path.segments:
        descendants += isinstance(segment, ir.Descendant)
        if len(segment.selectors) > 1 or descendants > 1:
            return ENDLESS
        units += 3 * VALUE
        selector = segment.selectors[0]
        if isinstance(selector, ir.Filter):
            if not _is_plain_test(selector.test):
                return ENDLESS
            units += test_units(selector.test)
    (place,) = size_bound(path).reads
    return Units(units, {}, {place: units})


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
