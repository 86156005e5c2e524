"""Plan: an ir.Program becomes the tree of payload places it reads, and what the bytes path makes of each.

A place that is only stepped through is decoded as far as its members are read. A value is decoded whole. An
object that reaches the event unchanged passes as it stands in the body, undecoded. The tree decides about
speed alone: code generation checks at every use that it has what it needs, and leaves the rest to the general
path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from mapper import ir
from mapper.ir.liquid import walk

REQUEST_NAMES = frozenset({"header", "query", "setting", "received_at"})
SPECIAL_KEYS = frozenset({"size", "first", "last"})


class NotNarrow(Exception):
    """Why a mapping cannot be run on narrowly decoded payloads; the message says so in words."""


class Kind(Enum):
    """What the bytes path makes of a place."""

    VALUE = "decoded"
    OPEN = "decoded in part"
    RAW = "passed as it is"


@dataclass(eq=False)
class Place:
    """A place in payloads, and how the mapping uses what stands there.

    `whole`: as a value; `spare`: as a value, on side ways that few items take; `tested`: for being blank;
    `passed`: as a part of the event that stays as it is; `always`: as a value, of every item. `name` is what
    generated code calls the type of objects here.
    """

    members: dict[str, Place] = field(default_factory=dict)
    elements: Place | None = None
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
    def kind(self) -> Kind:
        """The decision that follows from the uses."""
        if self.is_item or self.is_inside:
            return Kind.OPEN
        # What is read of every item is decoded in any case: to encode it again costs no more than to look for
        # the keys that stand twice, and to join.
        if self.passed and not self.is_read:
            return Kind.RAW
        is_value = self.passed or self.whole or self.spare or self.tested
        return Kind.VALUE if is_value or not (self.members or self.elements) else Kind.OPEN

    @property
    def is_read(self) -> bool:
        """Whether the value is looked at, or into, for every item, so that it is decoded in any case."""
        is_opened = any(not member.is_guard for member in self.members.values())
        return self.always or is_opened or self.elements is not None

    def member(self, name: str) -> Place:
        """The place of a member that is read."""
        member = self.members.setdefault(name, Place())
        member.is_guard = False
        return member

    def element(self) -> Place:
        """The place of all elements."""
        if self.elements is None:
            self.elements = Place()
        return self.elements

    def use(self, context: _Context) -> None:
        """Note a use of the value."""
        if context.passes:
            self.passed = True
        elif context.is_spare:
            self.spare = True
        else:
            self.whole = True
            self.always = self.always or not context.is_branch

    def inside(self) -> Place:
        """What is read of an object that passes as it is: the same members, decoded a second time."""
        return Place(self.members, self.elements, is_inside=True, name=self.name)


@dataclass(frozen=True, slots=True)
class _Context:
    """Where a value is computed: what `$` and `envelope` mean, and what becomes of the value."""

    item: Place
    body: Place
    passes: bool = False
    is_spare: bool = False
    is_branch: bool = False

    @property
    def consumed(self) -> _Context:
        return replace(self, passes=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """The places of items and of the body around them; one and the same where the body can be an item."""

    item: Place
    body: Place

    def places(self) -> list[Place]:
        """All places of which members are read, inner ones before those around them."""
        found: list[Place] = []
        for root in dict.fromkeys((self.item, self.body)):
            _collect(root, found)
        return found

    def attributes(self) -> dict[str, str]:
        """What generated code calls each member: one name for a key, wherever it stands."""
        keys = dict.fromkeys(key for place in self.places() for key in place.members)
        return {key: f"f{number}" for number, key in enumerate(keys, 1)}


def _collect(place: Place, found: list[Place]) -> None:
    if place.kind is Kind.VALUE:
        return
    for inner in (*place.members.values(), *([place.elements] if place.elements else ())):
        _collect(inner, found)
    if place.members or place.is_item:
        found.append(place)


def make_plan(program: ir.Program, passable: frozenset[str]) -> Plan:
    """The places a program reads; `passable` names the fields of the event that may hold any object."""
    item = Place(is_item=True)
    body = item if any(not path.segments for path in program.each) else Place(is_item=True)
    context = _Context(item, body)
    for rule in program.skips:
        _read_text(rule.condition.test, context)
    if isinstance(program.output, ir.Template):
        _read_text(program.output.body, context)
    else:
        for entry in program.output.fields:
            _read(entry.value, replace(context, passes=entry.name in passable))
    plan = Plan(item, body)
    _refuse(plan)
    for number, place in enumerate(plan.places(), 1):
        place.name = f"Place{number}"
    return plan


def _refuse(plan: Plan) -> None:
    """Raise NotNarrow where nothing would be gained."""
    if plan.item.always:
        raise NotNarrow("it uses the item as a whole")
    if plan.body.always:
        raise NotNarrow("it uses the body as a whole")


def _read(node: ir.Value, context: _Context) -> None:
    """Note what a value reads."""
    match node:
        case ir.Path():
            _read_path(node, context)
        case ir.Template(body=body):
            _read_text(body, context)
        case ir.Coalesce() | ir.Default() | ir.Required():
            for number, option in enumerate(ir.alternatives(node)):
                _read(option, context if number == 0 else replace(context, is_spare=True, is_branch=True))
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
        case ir.MapItems(source, element):
            _read_map(source, element, context)
        case _:
            _read_each(ir.children(node), context.consumed)


def _read_each(nodes: Iterable[ir.Value], context: _Context) -> None:
    for node in nodes:
        _read(node, context)


def _read_merge(node: ir.Merge, context: _Context) -> None:
    spread = spread_operand(node)
    names = computed_names(node)
    for operand in node.operands:
        if operand is spread and context.passes:
            _read_changed(operand, names, context)
        else:
            _read(operand, context.consumed)


def spread_operand(node: ir.Merge) -> ir.Value | None:
    """The one operand of a `merge` whose keys are not known, or None where there are none or several."""
    unknown = [operand for operand in node.operands if not isinstance(operand, ir.Record)]
    return unknown[0] if len(unknown) == 1 else None


def computed_names(node: ir.Merge) -> tuple[str, ...]:
    """The keys a `merge` sets itself."""
    records = (operand for operand in node.operands if isinstance(operand, ir.Record))
    return tuple(dict.fromkeys(entry.name for record in records for entry in record.fields))


def _read_changed(value: ir.Value, names: tuple[str, ...], context: _Context) -> None:
    """A value that stays as it is where it has none of the named keys."""
    _read(value, context)
    paths = dict.fromkeys(_passed_paths(value)) if context.passes else {}
    place = _walk_path(next(iter(paths)), context) if len(paths) == 1 else None
    if place is not None:
        for name in names:
            if name not in place.members:
                place.members[name] = Place(is_guard=True)


def _passed_paths(value: ir.Value) -> Iterator[ir.Path]:
    """The paths whose values may end as this value."""
    match value:
        case ir.Path():
            yield value
        case ir.Cast(inner) | ir.Default(inner) | ir.Omit(inner) | ir.Rename(inner):
            yield from _passed_paths(inner)
        case _:
            for option in ir.alternatives(value):
                yield from _passed_paths(option)


def _read_map(source: ir.Value, element: ir.Value, context: _Context) -> None:
    place = _walk_path(source, context) if isinstance(source, ir.Path) and source.is_singular else None
    if place is None:
        _read(source, context.consumed)
        place = Place(whole=True)
        place.elements = Place(whole=True)
    _read(element, replace(context.consumed, item=place.element()))


def _read_path(path: ir.Path, context: _Context) -> None:
    place = _walk_path(path, context)
    if place is not None:
        place.use(context if path.is_singular else context.consumed)


def _walk_path(path: ir.Path, context: _Context) -> Place | None:
    """The place a path leads to; None where it leads to many, and all on the way has been noted as read."""
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
    return (part for part in walk(node) if isinstance(part, ir.Query) and not part.relative)


def _read_text(node: object, context: _Context) -> None:
    """Note the variables that a template or condition reads."""
    parts = list(walk(node))
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
    """The variables that are compared with a constant, or with nothing: objects and lists differ from all."""
    if isinstance(node, ir.Truthy):
        yield node.value
    elif isinstance(node, ir.Compare) and node.operator in ("==", "!="):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(one, ir.Scalar):
                yield other


def _walk_lookup(node: ir.Lookup, own: set[str], context: _Context) -> Place | None:
    """The place a variable stands for; None where it is none, or where its use has been noted already."""
    if node.name in REQUEST_NAMES or node.name == "forloop":
        return None
    if node.name in own:
        context.item.member(node.name).use(context.consumed)
        return None
    match node.name:
        case "item":
            place = context.item
        case "envelope":
            place = context.body
        case name:
            place = context.item.member(name)
    for key in node.keys:
        if isinstance(key, int):
            # The elements of a body that is an item are items.
            place = place if place.is_item else place.element()
        elif isinstance(key, str) and key not in SPECIAL_KEYS:
            place = place.member(key)
        else:
            place.use(context.consumed)
            return None
    return place


def describe(plan: Plan) -> str:
    """The plan in words: what is decoded, what passes as it is, what is only looked for."""
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


def _describe(place: Place, path: str, found: dict[str, list[str]]) -> None:
    if place.is_guard:
        found["sought"].append(path)
        return
    if place.kind is Kind.VALUE:
        found["decoded"].append(path)
        return
    if place.kind is Kind.RAW:
        found["passed"].append(path)
    for name, member in place.members.items():
        _describe(member, f"{path}.{name}" if name.isidentifier() else f"{path}[{name!r}]", found)
    if place.elements is not None and place.kind is not Kind.RAW:
        _describe(place.elements, f"{path}[*]", found)
