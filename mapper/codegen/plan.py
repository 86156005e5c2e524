"""Plan: the tree of payload places that an ir.Program reads, and how the narrow path decodes each of them.

A place that is only stepped through is decoded as far as its members are read. A value is decoded whole. An
object that reaches the event unchanged passes undecoded, byte by byte. The tree decides about speed alone:
code generation checks at every use that it has what it needs, and leaves the rest to the decoded path.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from mapper import ir


class NotNarrow(Exception):
    """Raised if a mapping can have no narrow path; the message is the reason, in words of the plan."""


class Decoding(Enum):
    """How the narrow path decodes a place."""

    VALUE = "decoded"
    OPEN = "decoded in part"
    RAW = "passed as it is"


@dataclass(eq=False)
class PayloadPlace:
    """A place in payloads, and how the mapping uses its value.

    `whole`: read as a value. `spare`: read as a value, but only in rarely taken branches. `tested`: compared
    with blank. `passed`: copied unchanged into the event. `always`: read as a value for every item.
    `is_guard`: only looked for, as a key that would be duplicated or is removed. `is_inside`: a second
    decoding of an object that passes. `name` is the class of the objects here in generated code.
    """

    members: dict[str, PayloadPlace] = field(default_factory=dict)
    elements: PayloadPlace | None = None
    whole: bool = False
    spare: bool = False
    tested: bool = False
    passed: bool = False
    always: bool = False
    is_guard: bool = False
    is_item: bool = False
    is_inside: bool = False
    name: str = ""

    @property
    def kind(self) -> Decoding:
        """The decision that follows from the uses."""
        if self.is_item or self.is_inside:
            return Decoding.OPEN
        # An object in the event is decoded: its bytes may have a name twice, and to look for that costs more.
        is_value = self.passed or self.whole or self.spare or self.tested
        return Decoding.VALUE if is_value or not (self.members or self.elements) else Decoding.OPEN

    @property
    def is_read(self) -> bool:
        """True if the value, or a part of it, is read for every item, so that it is decoded in any case."""
        is_opened = any(not member.is_guard for member in self.members.values())
        return self.always or is_opened or self.elements is not None

    def member(self, name: str) -> PayloadPlace:
        """The place of a member that is read."""
        member = self.members.setdefault(name, PayloadPlace())
        member.is_guard = False
        return member

    def element(self) -> PayloadPlace:
        """The place of all elements."""
        if self.elements is None:
            self.elements = PayloadPlace()
        return self.elements

    def use(self, context: ReadContext) -> None:
        """Note a use of the value."""
        if context.passes:
            self.passed = True
        elif context.is_spare:
            self.spare = True
        else:
            self.whole = True
            self.always = self.always or not context.is_branch

    def inside(self) -> PayloadPlace:
        """The same place for a second decoding, if members of an object that passes are read after all."""
        return PayloadPlace(self.members, self.elements, is_inside=True, name=self.name)


@dataclass(frozen=True, slots=True)
class VarReads:
    """The reads of vars: the item of the mapping, vars that are read `once`, and reads noted already."""

    item: PayloadPlace
    once: frozenset[ir.Var]
    noted: set[tuple[ir.Var, bool, bool]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ReadContext:
    """The places of `$` and `envelope` in an expression, and the use of its value."""

    item: PayloadPlace
    body: PayloadPlace
    passes: bool = False
    is_spare: bool = False
    is_branch: bool = False
    vars: VarReads = field(kw_only=True)

    @property
    def consumed(self) -> ReadContext:
        """The context of a value that is looked at, so that it cannot pass undecoded."""
        return replace(self, passes=False)


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """The places of items and of the body around them; the same place if the body can be an item."""

    item: PayloadPlace
    body: PayloadPlace

    def places(self) -> list[PayloadPlace]:
        """All places with members that are read, inner ones first."""
        found: list[PayloadPlace] = []
        for root in dict.fromkeys((self.item, self.body)):
            _collect(root, found)
        return found

    def attributes(self) -> dict[str, str]:
        """The attribute of each key in generated code; a key has the same attribute in every place."""
        keys = dict.fromkeys(key for place in self.places() for key in place.members)
        return {key: f"f{number}" for number, key in enumerate(keys, 1)}


def _collect(place: PayloadPlace, found: list[PayloadPlace]) -> None:
    if place.kind is Decoding.VALUE:
        return
    for inner in (*place.members.values(), *([place.elements] if place.elements else ())):
        _collect(inner, found)
    if place.members or place.is_item:
        found.append(place)


def make_plan(program: ir.Program, passable: frozenset[str]) -> ReadPlan:
    """The places a program reads; `passable` names the fields of the event that may hold any object."""
    item = PayloadPlace(is_item=True)
    body = item if any(not path.segments for path in program.each) else PayloadPlace(is_item=True)
    context = ReadContext(item, body, vars=VarReads(item, vars_read_once(program)))
    for rule in program.rules:
        _read_text(rule.condition.test, context)
    if isinstance(program.output, ir.Template):
        _read_text(program.output.body, context)
    else:
        for entry in program.output.fields:
            _read(entry.value, replace(context, passes=entry.name in passable))
    # Nothing is gained by decoding in part if all of it is decoded anyway.
    if item.always or body.always:
        raise NotNarrow(f"it uses the {'item' if item.always else 'body'} as a whole")
    plan = ReadPlan(item, body)
    for number, place in enumerate(plan.places(), 1):
        place.name = f"Place{number}"
    return plan


def _read(node: ir.Value, context: ReadContext) -> None:
    """Note the reads of a value."""
    match node:
        case ir.Path():
            _read_path(node, context)
        case ir.Template(body=body):
            _read_text(body, context)
        case ir.Compute(value=operand):
            _read_text(operand, context)
        case ir.Coalesce() | ir.Default() | ir.Required():
            first, *others = ir.alternatives(node)
            _read(first, context)
            _read_each(others, replace(context, is_spare=True, is_branch=True))
        case ir.Match(subject):
            _read(subject, context.consumed)
            _read_each(ir.alternatives(node), replace(context, is_branch=True))
        case ir.When(condition):
            _read_text(condition.test, context)
            _read_each(ir.alternatives(node), replace(context, is_branch=True))
        case ir.Merge():
            _read_merge(node, context)
        case ir.Omit(value, keys):
            _read_changed(value, keys, context)
        case ir.Rename(value, names):
            _read_changed(value, tuple(old for old, _ in names), context)
        case ir.Cast(value, kind):
            _read(value, context if kind is ir.CastKind.OBJECT else context.consumed)
        case ir.WithItem(source, element):
            _read(source, context.consumed)
            _read(element, replace(context.consumed, item=PayloadPlace(whole=True)))
        case ir.MapItems(source, element):
            _read_map(source, element, context)
        case ir.VarRead(_, var):
            _read_var(var, context)
        case _:
            _read_each(ir.children(node), context.consumed)


def is_plain(value: ir.Value) -> bool:
    """True for the value of a var that costs as much as a read of the var, and cannot fail."""
    match value:
        case ir.Path():
            return value.is_singular
        case _:
            return isinstance(value, ir.Literal | ir.FromRequest)


def vars_read_once(program: ir.Program) -> frozenset[ir.Var]:
    """The vars that one place of a program reads, and no text that the library runs."""
    reads: Counter[ir.Var] = Counter()
    for node in ir.walk(program):
        match node:
            case ir.VarRead(_, var) | ir.Lookup(var=ir.Var() as var):
                reads[var] += 1
            case (
                ir.Template(body=None, vars=known)
                | ir.Condition(test=None, vars=known)
                | ir.Compute(value=None, vars=known)
            ):
                reads.update((*known, *known))
    return frozenset(var for var, count in reads.items() if count == 1)


def _read_var(var: ir.Var, context: ReadContext) -> None:
    """Note the reads of a var, whose `$` is the item of the mapping."""
    outer = replace(context, item=context.vars.item)
    if is_plain(var.value) or var in context.vars.once:
        _read(var.value, outer)
        return
    note = (var, context.is_spare, context.is_branch)
    if note not in context.vars.noted:
        context.vars.noted.add(note)
        _read(var.value, outer.consumed)


def _read_each(nodes: Iterable[ir.Value], context: ReadContext) -> None:
    for node in nodes:
        _read(node, context)


def _read_merge(node: ir.Merge, context: ReadContext) -> None:
    spread = spread_operand(node)
    names = computed_names(node)
    for operand in node.operands:
        if operand is spread and context.passes:
            _read_changed(operand, names, context)
        else:
            _read(operand, context.consumed)


def spread_operand(node: ir.Merge) -> ir.Value | None:
    """The operand of a `merge` whose keys are not known; None unless there is exactly one."""
    unknown = [operand for operand in node.operands if not isinstance(operand, ir.Record)]
    return unknown[0] if len(unknown) == 1 else None


def computed_names(node: ir.Merge) -> tuple[str, ...]:
    """The keys a `merge` sets itself."""
    records = (operand for operand in node.operands if isinstance(operand, ir.Record))
    return tuple(dict.fromkeys(entry.name for record in records for entry in record.fields))


def _read_changed(value: ir.Value, names: tuple[str, ...], context: ReadContext) -> None:
    """Note a value that is copied unchanged if it has none of the named keys."""
    _read(value, context)
    paths = dict.fromkeys(_passed_paths(value)) if context.passes else {}
    place = _walk_path(next(iter(paths)), context) if len(paths) == 1 else None
    if place is not None:
        for name in names:
            if name not in place.members:
                place.members[name] = PayloadPlace(is_guard=True)


def _passed_paths(value: ir.Value) -> Iterator[ir.Path]:
    """The paths whose values may end as this value."""
    match value:
        case ir.Path():
            yield value
        case ir.Default(inner) | ir.Cast(inner) | ir.Omit(inner) | ir.Rename(inner):
            yield from _passed_paths(inner)
        case _:
            for possible in ir.alternatives(value):
                yield from _passed_paths(possible)


def _read_map(source: ir.Value, element: ir.Value, context: ReadContext) -> None:
    place = _walk_path(source, context) if isinstance(source, ir.Path) and source.is_singular else None
    if place is None:
        _read(source, context.consumed)
        place = PayloadPlace(whole=True)
        place.elements = PayloadPlace(whole=True)
    _read(element, replace(context.consumed, item=place.element()))


def _read_path(path: ir.Path, context: ReadContext) -> None:
    place = _walk_path(path, context)
    if place is not None:
        place.use(context if path.is_singular else context.consumed)


def _walk_path(path: ir.Path, context: ReadContext) -> PayloadPlace | None:
    """The place of a path; None if it can select several values: then their reads have been noted."""
    place = context.item if path.root is ir.Root.ITEM else context.body
    for segment in path.segments:
        match segment:
            case ir.Child((ir.Name(name),)):
                place = place.member(name)
            case ir.Child((ir.Index(),)) if place.is_item:
                pass  # the elements of a body that is an item are items
            case ir.Child((ir.Index() | ir.Wildcard() | ir.Slice(),)):
                place = place.element()
            case _:
                place.use(context.consumed)
                for query in _queries(path.segments):
                    _read_path(ir.Path(ir.Root.ITEM, query.segments, path.text, path.span), context)
                return None
    return place


def _queries(node: object) -> Iterator[ir.Query]:
    """The queries of filters that start at `$`."""
    return (part for part in ir.walk(node) if isinstance(part, ir.Query) and not part.relative)


def _read_text(node: object, context: ReadContext) -> None:
    """Note the variables that a template or condition reads."""
    parts = list(ir.walk(node))
    own = {part.name for part in parts if isinstance(part, ir.Assign | ir.Capture | ir.For)}
    tested = {id(part) for part in parts for part in _tested(part)}
    compared = {id(part) for part in parts for part in _compared(part)}
    for part in parts:
        if isinstance(part, ir.Lookup):
            place = _walk_lookup(part, own, context)
            if id(part) in tested and place is not None:
                place.tested = True
            elif id(part) not in compared and place is not None:
                place.use(context.consumed)


def _tested(node: object) -> Iterator[object]:
    """The variable that a comparison with `blank` looks at."""
    if isinstance(node, ir.Compare) and node.operator in ("==", "!="):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(one, ir.Special) and one.name == "blank":
                yield other


def _compared(node: object) -> Iterator[object]:
    """The variables that are tested or compared with a constant: objects and lists give equal results."""
    if isinstance(node, ir.Truthy):
        yield node.value
    elif isinstance(node, ir.Compare) and node.operator in ("==", "!="):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(one, ir.Scalar):
                yield other


def _walk_lookup(node: ir.Lookup, own: set[str], context: ReadContext) -> PayloadPlace | None:
    """The place of a variable in the payload; None if it has none, or if its use has been noted already."""
    if node.name in ir.REQUEST_NAMES or node.name == "forloop":
        return None
    if node.var is not None:
        is_path = isinstance(node.var.value, ir.Path) and node.var.value.is_singular
        if not is_path:
            _read_var(node.var, context.consumed)
            return None
        assert isinstance(node.var.value, ir.Path)
        place = _walk_path(node.var.value, replace(context, item=context.vars.item))
        return None if place is None else _walk_keys(node.rest, place, context)
    if node.name in own:
        # Before it is assigned, or outside of its loop, the name means the item's key.
        context.item.member(node.name).use(context.consumed)
        return None
    match node.name:
        case "item":
            place = context.item
        case "envelope":
            place = context.body
        case name:
            place = context.item.member(name)
    return _walk_keys(node.keys, place, context)


def _walk_keys(
    keys: tuple[str | int | ir.Lookup, ...], place: PayloadPlace, context: ReadContext
) -> PayloadPlace | None:
    """The place below keys; None if it is not known, and the value is read."""
    for key in keys:
        if isinstance(key, int):
            # The elements of a body that is an item are items.
            place = place if place.is_item else place.element()
        elif isinstance(key, str) and key not in ir.SPECIAL_KEYS:
            place = place.member(key)
        else:
            place.use(context.consumed)
            return None
    return place


def describe(plan: ReadPlan) -> str:
    """The plan in words: the places that are decoded, that pass undecoded, and that are only looked for."""
    found: dict[str, list[str]] = {"decoded": [], "passed": [], "sought": []}
    _describe(plan.item, "$", found)
    if plan.body is not plan.item:
        _describe(plan.body, "envelope $", found)
    lines = ["A body is decoded as far as it is read."]
    for title, key in (
        ("Decoded", "decoded"),
        ("Passed as it is, undecoded", "passed"),
        ("Looked for, as it would stand twice or is taken out", "sought"),
    ):
        if found[key]:
            lines += [f"{title}:", *(f"  {place}" for place in found[key])]
    lines.append("Items that are skipped or rejected, or are not shaped as usual, are decoded as a whole.")
    return "\n".join(lines) + "\n"


def _describe(place: PayloadPlace, path: str, found: dict[str, list[str]]) -> None:
    if place.is_guard:
        found["sought"].append(path)
        return
    if place.kind is Decoding.VALUE:
        found["decoded"].append(path)
        return
    if place.kind is Decoding.RAW:
        found["passed"].append(path)
    for name, member in place.members.items():
        _describe(member, f"{path}.{name}" if name.isidentifier() else f"{path}[{name!r}]", found)
    if place.elements is not None and place.kind is not Decoding.RAW:
        _describe(place.elements, f"{path}[*]", found)
