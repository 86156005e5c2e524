"""Growth of a program: how often its events can repeat a byte of the payload, and what they add.

All numbers are upper bounds. Parts that the mapping alone does not bound are counted apart: then events are
measured at run time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from json import dumps
from math import prod
from typing import TypeAlias

from mapper import ir
from mapper.ir.facts import keeps, types
from mapper.ir.levels import levels
from mapper.runtime.growth import Growth
from mapper.runtime.limits import MAX_NESTING
from mapper.runtime.liquid.filters import ROWS
from mapper.runtime.liquid.filters.row import Effect, Gives
from mapper.runtime.times.writing import PatternForm

# The place at which a value is read, as far as it is given by names. None in place of the root: the item of
# the mapping, by way of a var, also inside of `map`.
ReadPlace: TypeAlias = tuple[ir.Root | None, tuple[str, ...]]

_DIGITS = 4302  # bytes of the longest number that a text is read as
_NUMBER = 30  # bytes of the longest float, written as a text
_QUOTED = 2  # times: the quotes of a text in a text are escaped
_REPEATS = 100
_CONSTANT = 1_000  # bytes of constants that count as one value
_FIXED = 80  # bytes of what `hash` gives, or of a time
_DIGEST = 130  # bytes of the longest digest of a filter
_WRITTEN = 6  # bytes of a character of a pattern that writes a time: `%s` gives 12, a control character 6
# Filters that add nothing to their value and arguments.
_PLAIN_FILTERS = frozenset(
    name
    for name, row in ROWS.items()
    if row.effect is Effect.TRIMMED or row.gives in (Gives.ELEMENT, Gives.DEFAULTED)
)


@dataclass(slots=True)
class SizeBound:
    """A bound of one value: how often each place is repeated, and the rest as in Growth.

    So many of its `texts` are `requested`: headers, query parameters and settings. `spelt` is true if some of
    its values may be spelt by a text of the payload.
    """

    reads: Counter[ReadPlace] = field(default_factory=Counter)
    constant: int = 0
    texts: int = 0
    lists: int = 0
    requested: int = 0
    spelt: bool = False

    def add(self, other: SizeBound) -> SizeBound:
        """This and the other together."""
        self.reads.update(other.reads)
        self.constant += other.constant
        self.texts += other.texts
        self.lists += other.lists
        self.requested += other.requested
        self.spelt |= other.spelt
        return self

    def alternative(self, other: SizeBound) -> SizeBound:
        """This or the other."""
        self.reads |= other.reads
        self.constant = max(self.constant, other.constant)
        built = max(self.texts - self.requested, other.texts - other.requested)
        self.texts = max(self.texts, other.texts)
        self.requested = self.texts - built
        self.spelt |= other.spelt
        self.lists = max(self.lists, other.lists)
        return self

    @property
    def repeats(self) -> int:
        """How often a part of the payload, a text, a list or a constant can be in it, at most."""
        shared, own = self.times(ir.Root.BODY), self.times(ir.Root.ITEM, None)
        return max(own, shared, self.texts, self.lists, self.constant // _CONSTANT)

    def growth(self) -> Growth:
        """The same, with the places counted."""
        own, shared = self.times(ir.Root.ITEM, None), self.times(ir.Root.BODY)
        places = [(names, n) for (root, names), n in self.reads.items() if root is ir.Root.BODY]
        return Growth(own, shared, self.constant, self.texts, self.lists, tuple(sorted(places)))

    def times(self, *roots: ir.Root | None) -> int:
        """How often a byte below a root, or several for the same value, can be repeated."""
        return repeated(self.reads, *roots)


def repeated(reads: Mapping[ReadPlace, int], *roots: ir.Root | None) -> int:
    """The largest sum of the numbers of all places around a byte: of its own, and of those that hold it."""
    numbers: Counter[tuple[str, ...]] = Counter()
    for (root, names), number in reads.items():
        if root in roots:
            numbers[names] += number
    return max((sum(numbers[names[:end]] for end in range(len(names) + 1)) for names in numbers), default=0)


def growth(program: ir.Program) -> Growth:
    """The growth of the events of a program."""
    found = _bound(program.output).growth()
    if may_overlap(program.each):
        return replace(found, own=0, shared=found.shared + found.own, places=None)
    return found


def may_overlap(each: tuple[ir.Path, ...]) -> bool:
    """True if the items that paths find may hold each other."""
    return any(_repeats(path) > 1 for path in each)


def size_bound(node: ir.Value) -> SizeBound:
    """The bound of one value, for callers that do not change it."""
    return _bound(node)


def repeats(node: ir.Value) -> int:
    """How often a part of the payload, a text, a list or a constant can be in a value, at most."""
    return _bound(node).repeats


def is_metered(node: ir.MapItems) -> bool:
    """True if a list must be measured while it is made: its elements repeat more than their source.

    They also are if the source itself was measured: what the list does not keep of it takes no room.
    """
    return holds_metered(node.source) or _is_shared(node.once(_of_its_element))


def holds_metered(node: ir.Value) -> bool:
    """True if a list that must be measured, or names that are repeated, are part of a value."""
    return any(
        isinstance(part, ir.Flatten)
        or (isinstance(part, ir.MapItems) and _is_shared(part.once(_of_its_element)))
        for part in ir.walk(node)
    )


def measured_levels(node: ir.Value) -> int:
    """How many outer levels of a value to measure one by one; none if it repeats few of its parts."""
    return levels(node) if _bound(node).growth().is_large else 0


def _is_shared(element: SizeBound) -> bool:
    """True if each element can repeat what is not in it: a part of the body, a text, a var."""
    return bool(element.times(ir.Root.BODY, None) or element.texts or element.lists)


def _bound(node: ir.Value) -> SizeBound:
    """The bound of a value. That of a list or a var is kept with it, so nobody changes it."""
    match node:
        case ir.Path():
            return _of_path(node)
        case ir.Template(body=body):
            return _of_template(body)
        case ir.Compute(value=operand):
            return _of_computed(operand)
        case ir.Record(fields):
            return _sum([f.value for f in fields], 2 + sum(len(dumps(f.name)) + 2 for f in fields))
        case ir.Array(values):
            return _sum(values, 2 + len(values))
        case ir.Merge(values):
            return _sum(values, 2)
        case ir.Coalesce() | ir.Match() | ir.When() | ir.Default():
            return _either(ir.alternatives(node))
        case ir.MapItems():
            return node.once(_of_map)
        case ir.Entries(value):
            # A member takes five bytes or more, `"":0,`; as an entry it takes sixteen more.
            return _of_element(_bound(value), SizeBound(Counter({(ir.Root.ITEM, ()): 5}), 2))
        case ir.ObjectFrom(entries):
            return _bound(entries)
        case ir.WithItem(source, element):
            return _of_element(_bound(source), _bound(element))
        case ir.Rename(value, names):
            return _sum((value,), sum(len(dumps(new)) for _, new in names))
        case ir.Cast() | ir.Timestamp():
            return _of_cast(node)
        case ir.Take(value) | ir.Pick(value) | ir.Omit(value) | ir.Prune(value) | ir.Required(value):
            return _bound(value)
        case ir.VarRead(_, var):
            return var_bound(var)
        case ir.Flatten(value):
            # A name is repeated for each member below it: the size can grow with the square of the payload's.
            return SizeBound(lists=1).add(_bound(value))
        case ir.Literal(value):
            return SizeBound(constant=len(dumps(value)))
        case ir.FromRequest(part):
            if part is ir.RequestPart.RECEIVED_AT:
                return SizeBound(constant=_FIXED)
            return SizeBound(texts=1, requested=1)
        case ir.Hash():
            return SizeBound(constant=_FIXED)


def _sum(nodes: Iterable[ir.Value], constant: int) -> SizeBound:
    total = SizeBound(constant=constant)
    for node in nodes:
        total.add(_bound(node))
    return total


def _either(nodes: tuple[ir.Value, ...]) -> SizeBound:
    total = SizeBound(constant=len("null"))
    for node in nodes:
        total.alternative(_bound(node))
    return total


def _of_path(path: ir.Path) -> SizeBound:
    names = []
    for segment in path.segments:
        match segment:
            case ir.Child((ir.Name(name),)):
                names.append(name)
            case _:
                break
    return SizeBound(
        Counter({(path.root, tuple(names)): _repeats(path)}), 0 if ir.is_singular(path.segments) else 2
    )


def _repeats(path: ir.Path) -> int:
    """How often a path can select the same byte."""
    return prod(
        len(segment.selectors) * (1 if isinstance(segment, ir.Child) else MAX_NESTING)
        for segment in path.segments
    )


def _of_template(body: tuple[ir.Statement, ...] | None) -> SizeBound:
    """A text without loops, variables and filters is as long as its reads; any other may have any length."""
    total = SizeBound(constant=2)
    for statement in body or ():
        match statement:
            case ir.Write(text):
                total.constant += len(dumps(text))
            case ir.Output(value):
                total.add(_of_operand(value))
            case ir.Branches(branches, otherwise):
                some = _of_template(otherwise)
                for branch in branches:
                    some.alternative(_of_template(branch.body))
                total.add(some)
            case _:
                return SizeBound(texts=1)
    is_long = total.repeats > _REPEATS  # shorter, perhaps, if it is bounded as any text is
    return SizeBound(texts=1) if total.texts or body is None or is_long else total


NUMBERS = frozenset(
    {Gives.NUMBER, Gives.ARITHMETIC, Gives.ROUNDED, Gives.WHOLE, Gives.COUNT, Gives.INDEX, Gives.TRUTH}
)


def _of_computed(operand: object) -> SizeBound:
    """A list of a filter, or a range, may hold more than a text may; any other value is as if printed."""
    match operand:
        case ir.FilterCall(name=name) if ROWS[name].gives in NUMBERS:
            return SizeBound(constant=_DIGITS)
        case ir.FilterCall(name=name) if not ROWS[name].is_text:
            found = _of_operand(operand)
            return SizeBound(lists=1) if found.texts else found
        case ir.Lookup(var=ir.Var() as var):
            return var_bound(var)
        case None | ir.Interval():
            return SizeBound(lists=1)
        case _:
            return _of_operand(operand)


def _of_operand(operand: object) -> SizeBound:
    match operand:
        case ir.Scalar(value):
            return SizeBound(constant=len(dumps(value)))
        case ir.Lookup(var=ir.Var() as var):
            return _printed(var)
        case ir.Lookup(name) if name not in ir.REQUEST_NAMES:
            return SizeBound(Counter({lookup_place(operand): _QUOTED}), _NUMBER)
        case ir.FilterCall(name=name) if ROWS[name].is_digest:
            return SizeBound(constant=_DIGEST)
        case ir.FilterCall(value, name, args, ()) if name in _PLAIN_FILTERS:
            total = SizeBound()
            for part in (value, *args):
                total.add(_of_operand(part))
            return total
        case _:
            return SizeBound(texts=1)


def lookup_place(node: ir.Lookup) -> ReadPlace:
    """The place in the payload at which a template reads a value."""
    root = ir.Root.BODY if node.name == "envelope" else ir.Root.ITEM
    names = [] if node.name in ("envelope", "item") else [node.name]
    for key in node.keys:
        if not isinstance(key, str) or key in ir.SPECIAL_KEYS:  # perhaps an element of a list
            break
        names.append(key)
    return root, tuple(names)


def var_bound(var: ir.Var) -> SizeBound:
    """The bound of a value that is read by way of a var."""
    value = var.once(_bound)
    reads = {(root if root is ir.Root.BODY else None, names): n for (root, names), n in value.reads.items()}
    return replace(value, reads=Counter(reads))


def _printed(var: ir.Var) -> SizeBound:
    """The bound of the text that a var, or a part of it, is printed as."""
    value = var_bound(var)
    if value.texts or value.lists:
        return SizeBound(texts=1)
    times = 1 if var.once(types) == {"string"} else _QUOTED
    reads = Counter({place: count * times for place, count in value.reads.items()})
    return SizeBound(reads, value.constant * times + _NUMBER)


def _of_cast(node: ir.Cast | ir.Timestamp) -> SizeBound:
    given = _bound(node.value)
    made = _of_timestamp(node) if isinstance(node, ir.Timestamp) else _of_type(node.kind, given)
    return SizeBound().alternative(made).alternative(given) if keeps(node) else made


def _of_timestamp(node: ir.Timestamp) -> SizeBound:
    form = node.form
    return SizeBound(constant=2 + _WRITTEN * len(form.pattern) if isinstance(form, PatternForm) else _FIXED)


def _of_type(kind: ir.CastKind, given: SizeBound) -> SizeBound:
    """The bound of a value after a cast."""
    match kind:
        case ir.CastKind.INTEGER | ir.CastKind.NUMBER | ir.CastKind.BOOLEAN if given.texts:
            return SizeBound(constant=_DIGITS)
        case ir.CastKind.INTEGER | ir.CastKind.STRING:
            return SizeBound(constant=_NUMBER).add(given)
        case ir.CastKind.JSON:
            return replace(given, spelt=True)
        case _:
            return given


def _of_map(node: ir.MapItems) -> SizeBound:
    """Each element of the source, two bytes or more, becomes one of the list."""
    element = node.once(_of_its_element)
    if _is_shared(element):
        return SizeBound(lists=1)
    times = element.times(ir.Root.ITEM) + (element.constant + 2) // 2
    return _of_element(_bound(node.source), SizeBound(Counter({(ir.Root.ITEM, ()): times}), 2))


def _of_its_element(node: ir.MapItems) -> SizeBound:
    return _bound(node.element)


def _of_element(source: SizeBound, element: SizeBound) -> SizeBound:
    """The bound of a value that is computed with that of the source as the item."""
    times = element.times(ir.Root.ITEM)
    reads = Counter({place: n for place, n in element.reads.items() if place[0] is not ir.Root.ITEM})
    reads.update({place: count * times for place, count in source.reads.items()})
    return SizeBound(
        reads,
        source.constant * times + element.constant,
        source.texts * times + element.texts,
        source.lists * times + element.lists,
        source.requested * times + element.requested,
        source.spelt or element.spelt,
    )
