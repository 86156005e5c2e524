"""Plan: the tree of payload places that an ir.Program reads, and how the narrow path decodes each of them.

A place that is only stepped through is decoded as far as its members are read. A value is decoded whole, also
if it reaches the event unchanged: its bytes may have a name twice, and to look for that costs more. The tree
decides about speed alone: code generation checks at every use that it has what it needs, and leaves the rest
to the decoded path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from mapper import ir


class NotNarrow(Exception):
    """Raised if a mapping can have no narrow path; the message is the reason, in words of the plan."""


@dataclass(eq=False)
class PayloadPlace:
    """A place in payloads, and how the mapping uses its value.

    `whole`: read as a value. `always`: read as a value for every item. `name` is the class of the objects
    here in generated code.
    """

    members: dict[str, PayloadPlace] = field(default_factory=dict)
    elements: PayloadPlace | None = None
    whole: bool = False
    always: bool = False
    is_item: bool = False
    name: str = ""

    @property
    def is_open(self) -> bool:
        """True if it is decoded in part: as far as its members are read."""
        return self.is_item or (not self.whole and bool(self.members or self.elements))

    def member(self, name: str) -> PayloadPlace:
        """The place of a member that is read."""
        return self.members.setdefault(name, PayloadPlace())

    def element(self) -> PayloadPlace:
        """The place of all elements."""
        if self.elements is None:
            self.elements = PayloadPlace()
        return self.elements

    def use(self, context: ReadContext) -> None:
        """Note a use of the value."""
        self.whole = True
        self.always = self.always or not context.is_branch


@dataclass(frozen=True, slots=True)
class VarReads:
    """The reads of vars: the item of the mapping, and reads noted already."""

    item: PayloadPlace
    noted: set[tuple[ir.Var, bool]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ReadContext:
    """The places of `$` and `envelope` in an expression; `is_branch` if only some items need its value."""

    item: PayloadPlace
    body: PayloadPlace
    is_branch: bool = False
    vars: VarReads = field(kw_only=True)


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
    if not place.is_open:
        return
    for inner in (*place.members.values(), *([place.elements] if place.elements else ())):
        _collect(inner, found)
    if place.members or place.is_item:
        found.append(place)


def make_plan(program: ir.Program) -> ReadPlan:
    """The places a program reads. Raises NotNarrow if it reads an item or the body as a whole."""
    item = PayloadPlace(is_item=True)
    body = item if any(not path.segments for path in program.each) else PayloadPlace(is_item=True)
    context = ReadContext(item, body, vars=VarReads(item))
    for rule in program.rules:
        _read_text(rule.condition.test, context)
    if isinstance(program.output, ir.Template):
        _read_text(program.output.body, context)
    else:
        for entry in program.output.fields:
            _read(entry.value, context)
    # Nothing is gained by decoding in part if all of it is decoded anyway.
    if item.always or body.always:
        raise NotNarrow(f"it uses the {'item' if item.always else 'body'} as a whole")
    plan = ReadPlan(item, body)
    for number, place in enumerate(plan.places(), 1):
        place.name = f"Place{number}"
    return plan


def reads_of(node: ir.Value) -> ReadPlan:
    """The places that one value reads, those of the body apart from those of the item."""
    item, body = PayloadPlace(is_item=True), PayloadPlace(is_item=True)
    _read(node, ReadContext(item, body, vars=VarReads(item)))
    return ReadPlan(item, body)


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
            _read_each(others, replace(context, is_branch=True))
        case ir.Match(subject):
            _read(subject, context)
            _read_each(ir.alternatives(node), replace(context, is_branch=True))
        case ir.When(condition):
            _read_text(condition.test, context)
            _read_each(ir.alternatives(node), replace(context, is_branch=True))
        case ir.WithItem(source, element):
            _read(source, context)
            _read(element, replace(context, item=PayloadPlace(whole=True)))
        case ir.MapItems(source, element):
            _read_map(source, element, context)
        case ir.VarRead(_, var):
            _read_var(var, context)
        case _:
            _read_each(ir.children(node), context)


def _read_var(var: ir.Var, context: ReadContext) -> None:
    """Note the reads of a var, whose `$` is the item of the mapping."""
    if (var, context.is_branch) not in context.vars.noted:
        context.vars.noted.add((var, context.is_branch))
        _read(var.value, replace(context, item=context.vars.item))


def _read_each(nodes: Iterable[ir.Value], context: ReadContext) -> None:
    for node in nodes:
        _read(node, context)


def _read_map(source: ir.Value, element: ir.Value, context: ReadContext) -> None:
    place = _walk_path(source, context) if isinstance(source, ir.Path) and source.is_singular else None
    if place is None:
        _read(source, context)
        place = PayloadPlace(whole=True)
        place.elements = PayloadPlace(whole=True)
    _read(element, replace(context, item=place.element()))


def _read_path(path: ir.Path, context: ReadContext) -> None:
    place = _walk_path(path, context)
    if place is not None:
        place.use(context)


def _walk_path(path: ir.Path, context: ReadContext) -> PayloadPlace | None:
    """The place of a path; None if it can select several values: then their reads have been noted."""
    place = context.item if path.root is ir.Root.ITEM else context.body
    for segment in path.segments:
        match segment:
            case ir.Child((ir.Name(name),)):
                place = place.member(name)
            case ir.Child((ir.Index(),)) if place.is_item:
                pass  # the elements of a body that is an item are items
            case ir.Child((ir.Index() | ir.Wildcard() | ir.Slice(),)) if not place.is_item:
                place = place.element()
            case _:
                place.use(context)
                for query in _queries(path.segments):
                    _read_path(ir.Path(ir.Root.ITEM, query.segments, path.text, path.span), context)
                return None
    return place


def _queries(node: object) -> Iterator[ir.Query]:
    """The queries of filters that start at `$`."""
    return (part for part in ir.walk(node) if isinstance(part, ir.Query) and not part.relative)


def _read_text(node: object, context: ReadContext) -> None:
    """Note the variables that a template or condition reads."""
    if node is None:
        raise NotNarrow("its Liquid is run by the library, which may read anything")
    parts = list(ir.walk(node))
    own = {part.name for part in parts if isinstance(part, ir.Assign | ir.Capture | ir.For)}
    compared = {id(part) for part in parts for part in _compared(part)}
    for part in parts:
        if isinstance(part, ir.Lookup):
            place = _walk_lookup(part, own, context)
            if id(part) not in compared and place is not None:
                place.use(context)


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
            _read_var(node.var, context)
            return None
        assert isinstance(node.var.value, ir.Path)
        place = _walk_path(node.var.value, replace(context, item=context.vars.item))
        return None if place is None else _walk_keys(node.rest, place, context)
    if node.name in own:
        # Before it is assigned, or outside of its loop, the name means the item's key.
        context.item.member(node.name).use(context)
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
            place.use(context)
            return None
    return place


def describe(plan: ReadPlan) -> str:
    """The plan in words: the places that are decoded."""
    found = list(_decoded(plan.item, "$"))
    if plan.body is not plan.item:
        found += _decoded(plan.body, "envelope $")
    lines = ["A body is decoded as far as it is read."]
    if found:
        lines += ["Decoded:", *(f"  {place}" for place in found)]
    lines.append("Items that are skipped or rejected, or are not shaped as usual, are decoded as a whole.")
    return "\n".join(lines) + "\n"


def _decoded(place: PayloadPlace, path: str) -> Iterator[str]:
    if not place.is_open:
        yield path
        return
    for name, member in place.members.items():
        yield from _decoded(member, f"{path}.{name}" if name.isidentifier() else f"{path}[{name!r}]")
    if place.elements is not None:
        yield from _decoded(place.elements, f"{path}[*]")
