"""Growth of a program: how often its events can repeat a byte of the payload, and what they add.

All numbers are upper bounds. What a mapping alone does not bound is counted apart: then events are measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from json import dumps
from math import prod
from typing import TypeAlias

from mapper.ir.jsonpath import Child, Name, Path, Root, is_singular
from mapper.ir.levels import levels
from mapper.ir.liquid import Branches, FilterCall, Lookup, Output, Scalar, Statement, Template, Write, walk
from mapper.ir.values import (
    Array,
    Cast,
    CastKind,
    Coalesce,
    Default,
    FromRequest,
    Hash,
    Literal,
    MapItems,
    Match,
    Merge,
    Omit,
    Pick,
    Program,
    Record,
    Rename,
    RequestPart,
    Required,
    Timestamp,
    Value,
    When,
    alternatives,
)
from mapper.runtime.growth import Growth
from mapper.runtime.limits import MAX_NESTING
from mapper.runtime.liquid.filters import ROWS
from mapper.runtime.liquid.filters.row import Effect, Gives

# Where a value is read, as far as names lead.
Place: TypeAlias = tuple[Root, tuple[str, ...]]

_DIGITS = 4302  # bytes of the longest number that a text is read as
_NUMBER = 330  # bytes of the longest float, written as an integer
_QUOTED = 2  # times: the quotes of a text in a text are escaped
_FIXED = 80  # bytes of a digest, or of a time
_REQUEST = frozenset({"header", "query", "setting", "received_at"})
# Filters that add nothing to their value and arguments.
_PLAIN_FILTERS = frozenset(
    name
    for name, row in ROWS.items()
    if row.effect is Effect.TRIMMED or row.gives in (Gives.ELEMENT, Gives.DEFAULTED)
)


@dataclass(slots=True)
class Bound:
    """A bound of one value: how often each place is repeated, and the rest as in Growth."""

    reads: Counter[Place] = field(default_factory=Counter)
    constant: int = 0
    texts: int = 0
    lists: int = 0

    def add(self, other: Bound) -> Bound:
        """This and the other together."""
        self.reads.update(other.reads)
        self.constant += other.constant
        self.texts += other.texts
        self.lists += other.lists
        return self

    def alternative(self, other: Bound) -> Bound:
        """This or the other."""
        self.reads |= other.reads
        self.constant = max(self.constant, other.constant)
        self.texts = max(self.texts, other.texts)
        self.lists = max(self.lists, other.lists)
        return self

    def growth(self) -> Growth:
        """The same, with the places counted."""
        own, shared = self.times(Root.ITEM), self.times(Root.BODY)
        return Growth(own, shared, self.constant, self.texts, self.lists)

    def times(self, root: Root) -> int:
        """How often a byte below a root can be repeated."""
        reads = {names: count for (start, names), count in self.reads.items() if start is root}
        return max(
            (sum(reads.get(names[:end], 0) for end in range(len(names) + 1)) for names in reads), default=0
        )


def growth(program: Program) -> Growth:
    """The growth of the events of a program."""
    found = _bound(program.output).growth()
    if any(_repeats(path) > 1 for path in program.each):
        return replace(found, own=0, shared=found.shared + found.own)  # items may hold each other
    return found


def is_metered(node: MapItems) -> bool:
    """Whether a list in the making has to be measured: its elements repeat more than what it is made of."""
    return _is_shared(_bound(node.element))


def holds_metered(node: Value) -> bool:
    """Whether a list that has to be measured is part of a value."""
    return any(isinstance(part, MapItems) and is_metered(part) for part in walk(node))


def measured_levels(node: Value) -> int:
    """How many outer levels of a value to measure one by one; none if it repeats few of its parts."""
    return levels(node) if _bound(node).growth().is_large else 0


def _is_shared(element: Bound) -> bool:
    return bool(element.times(Root.BODY) or element.texts or element.lists)


def _bound(node: Value) -> Bound:
    """The bound of a value."""
    match node:
        case Path():
            return _of_path(node)
        case Template(body=body):
            return _of_template(body)
        case Record(fields):
            return _sum([f.value for f in fields], 2 + sum(len(dumps(f.name)) + 2 for f in fields))
        case Array(values):
            return _sum(values, 2 + len(values))
        case Merge(values):
            return _sum(values, 2)
        case Coalesce() | Match() | When() | Default():
            return _either(alternatives(node))
        case MapItems():
            return _of_map(node)
        case Rename(value, names):
            return _sum((value,), sum(len(dumps(new)) for _, new in names))
        case Cast(value, kind):
            return _of_cast(value, kind)
        case Pick(value) | Omit(value) | Required(value):
            return _bound(value)
        case Literal(value):
            return Bound(constant=len(dumps(value)))
        case FromRequest(part):
            return Bound(constant=_FIXED) if part is RequestPart.RECEIVED_AT else Bound(texts=1)
        case Timestamp() | Hash():
            return Bound(constant=_FIXED)


def _sum(nodes: Iterable[Value], constant: int) -> Bound:
    total = Bound(constant=constant)
    for node in nodes:
        total.add(_bound(node))
    return total


def _either(nodes: tuple[Value, ...]) -> Bound:
    total = Bound(constant=len("null"))
    for node in nodes:
        total.alternative(_bound(node))
    return total


def _of_path(path: Path) -> Bound:
    names = []
    for segment in path.segments:
        match segment:
            case Child((Name(name),)):
                names.append(name)
            case _:
                break
    return Bound(Counter({(path.root, tuple(names)): _repeats(path)}), 0 if is_singular(path.segments) else 2)


def _repeats(path: Path) -> int:
    """How often a path can select the same byte."""
    return prod(
        len(segment.selectors) * (1 if isinstance(segment, Child) else MAX_NESTING)
        for segment in path.segments
    )


def _of_template(body: tuple[Statement, ...] | None) -> Bound:
    """A text without loops, variables and filters prints what it reads; any other may be of any length."""
    total = Bound(constant=2)
    for statement in body or ():
        match statement:
            case Write(text):
                total.constant += len(dumps(text))
            case Output(value):
                total.add(_of_operand(value))
            case Branches(branches, otherwise):
                some = _of_template(otherwise)
                for branch in branches:
                    some.alternative(_of_template(branch.body))
                total.add(some)
            case _:
                return Bound(texts=1)
    return Bound(texts=1) if total.texts or body is None else total


def _of_operand(operand: object) -> Bound:
    match operand:
        case Scalar(value):
            return Bound(constant=len(dumps(value)))
        case Lookup(name, keys) if name not in _REQUEST:
            root = Root.BODY if name == "envelope" else Root.ITEM
            names = [] if name in ("envelope", "item") else [name]
            for key in keys:
                if not isinstance(key, str):
                    break
                names.append(key)
            return Bound(Counter({(root, tuple(names)): _QUOTED}), _NUMBER)
        case FilterCall(value, name, args, ()) if name in _PLAIN_FILTERS:
            total = Bound()
            for part in (value, *args):
                total.add(_of_operand(part))
            return total
        case _:
            return Bound(texts=1)


def _of_cast(value: Value, kind: CastKind) -> Bound:
    bound = _bound(value)
    match kind:
        case CastKind.INTEGER | CastKind.NUMBER | CastKind.BOOLEAN if bound.texts:
            return Bound(constant=_DIGITS)
        case CastKind.INTEGER | CastKind.STRING:
            bound.constant += _NUMBER
    return bound


def _of_map(node: MapItems) -> Bound:
    """Each element of the source, two bytes or more, becomes one of the list."""
    element = _bound(node.element)
    if _is_shared(element):
        return Bound(lists=1)
    source = _bound(node.source)
    times = element.times(Root.ITEM) + (element.constant + 2) // 2
    source.reads = Counter({place: count * times for place, count in source.reads.items()})
    source.constant = 2 + source.constant * times
    return source
