"""Codegen of items on the bytes path: where they are in a partly decoded body, and the loop over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from mapper import ir
from mapper.codegen.narrow_classes import SCALARS, class_lines
from mapper.codegen.plan import NotNarrow, Plan
from mapper.codegen.writer import Writer, literal

# ("name", key), ("all", "") for `[*]`, ("elements", "") for `[:]`.
Step: TypeAlias = tuple[str, str]


@dataclass(eq=False)
class _Node:
    """A place on the way to items; `is_item` where an item itself can stand."""

    name: str = ""
    members: dict[str, _Node] = field(default_factory=dict)
    element: _Node | None = None
    is_item: bool = False

    def elements(self) -> _Node:
        self.element = self.element or _Node()
        return self.element


@dataclass
class Selection:
    """The alternatives of `each` as steps, and the tree of all places on their way."""

    plan: Plan
    alternatives: list[tuple[Step, ...]]
    root: _Node
    nodes: list[_Node]
    attributes: dict[str, str]

    @classmethod
    def of(cls, program: ir.Program, plan: Plan) -> Selection:
        """What `each` means for decoding; raises NotNarrow where its paths need more than names and `[*]`."""
        alternatives = [_steps(path) for path in program.each]
        root = _Node()
        for steps in alternatives:
            _grow(root, steps)
        nodes: list[_Node] = []
        _collect(root, nodes)
        for number, node in enumerate(nodes, 1):
            node.name = f"Way{number}"
        keys = dict.fromkeys(key for node in nodes for key in node.members)
        selection = cls(plan, alternatives, root, nodes, {key: f"w{n}" for n, key in enumerate(keys, 1)})
        for node in nodes:
            selection._refuse(node)
        return selection

    def _refuse(self, node: _Node) -> None:
        read = set(self.plan.item.members) if node.is_item else set()
        if node is self.root:
            read |= set(self.plan.body.members)
        if read & set(node.members):
            raise NotNarrow("`each` steps through a key that the mapping also reads")

    def parent(self, node: _Node) -> str:
        """The class of which a node's own class is a special case."""
        if node is self.root:
            return self.plan.body.name
        return self.plan.item.name if node.is_item else "Struct"

    def types(self, attributes: dict[str, str]) -> list[str]:
        """The classes of the objects around the items, and the decoder of bodies."""
        lines: list[str] = []
        for node in self.nodes:
            members = {key: self.type_of(inner) for key, inner in node.members.items()}
            lines += class_lines(node.name, self.parent(node), members, attributes)
        return [*lines, "", f"read = reader({self.type_of(self.root)})"]

    def type_of(self, node: _Node) -> str:
        """The type that the decoder is told for a node."""
        name = node.name or ("dict" if self.parent(node) == "Struct" else self.parent(node))
        array = f"list[{self.type_of(node.element)}]" if node.element is not None else "list"
        return f"{name} | {array} | {SCALARS}"


def _collect(node: _Node, nodes: list[_Node]) -> None:
    for inner in (*node.members.values(), *([node.element] if node.element else ())):
        _collect(inner, nodes)
    if node.members:
        nodes.append(node)


def _steps(path: ir.Path) -> tuple[Step, ...]:
    steps: list[Step] = []
    for segment in path.segments:
        match segment:
            case ir.Child((ir.Name(name),)):
                steps.append(("name", name))
            case ir.Child((ir.Wildcard(),)):
                steps.append(("all", ""))
            case ir.Child((ir.Slice(None | 0, None, None | 1),)):
                steps.append(("elements", ""))
            case _:
                raise NotNarrow("`each` uses more than names, `[*]` and `[:]`")
    if sum(kind != "name" for kind, _ in steps[:-1]) > 1:
        raise NotNarrow("`each` goes through arrays in arrays")
    return tuple(steps)


def _grow(node: _Node, steps: tuple[Step, ...]) -> None:
    for kind, key in steps:
        node = node.members.setdefault(key, _Node()) if kind == "name" else node.elements()
    node.is_item = True
    if not steps or steps[-1][0] == "name":
        node.elements().is_item = True  # an array here counts as its elements


def emit_selection(writer: Writer, selection: Selection, *, is_bounded: bool) -> None:
    """`run(body, request)` and one function for each alternative of `each`.

    Unless the events of any body are `bounded`, it returns None once it has made ROOM bytes of them.
    """
    for number, steps in enumerate(selection.alternatives, 1):
        if steps:
            _emit_alternative(writer, selection, steps, number)
    writer.use("json.narrow", "reader")
    with writer.block("def run(body, request):"):
        writer.line("if not body.isascii():")
        check = writer.use("json.narrow", "check_text")
        writer.line(f"    {check}(body)  # the decoder does not look at the UTF-8 of what it skips")
        writer.line("root = read(body)")
        alone = _is_alone(writer, selection)
        if alone:
            with writer.block(f"if {alone}:"):
                writer.line("return event(root, root, request)")
        if selection.alternatives == [()]:
            writer.line("items, way = root if type(root) is list else (root,), 0")
        else:
            _emit_choice(writer, selection)
        writer.line("outcomes = []")
        if not is_bounded:
            writer.line(f"room = {writer.use('growth', 'ROOM')}")
        with writer.block("for item in items:"):
            writer.line("outcome = None")
            with writer.block(f"if isinstance(item, {selection.plan.item.name}):"):
                writer.line("try:")
                writer.line("    outcome = event(item, root, request)")
                fault, record = writer.use("faults", "Fault"), writer.use("faults", "record_plain_fault")
                writer.line(f"except {fault} as fault:")
                writer.line(f"    outcome = {record}(fault)")
                writer.line("except Exception:")
                writer.line("    pass  # the general path finds out why")
            writer.line("else:")
            writer.line(f"    outcome = {writer.use('faults', 'NO_OBJECT')}")
            writer.line("outcomes.append(outcome)")
            if not is_bounded:
                with writer.block("if type(outcome) is bytes:"):
                    writer.line("room -= len(outcome)")
                    with writer.block("if room < 0:"):
                        writer.line("return None")
        writer.line("return outcomes, way")
    _emit_split(writer, selection)


def _is_alone(writer: Writer, selection: Selection) -> str:
    """The test that a body is an object and itself the one item; empty where it never is."""
    if () not in selection.alternatives:
        return ""
    tests = [f"type(root) is {selection.root.name or selection.plan.item.name}"]
    for steps in selection.alternatives[: selection.alternatives.index(())]:
        kind, key = steps[0]
        if kind == "all":
            return ""
        if kind == "name":
            tests.append(f"root.{writer.attributes[key]} is {writer.use('missing', 'MISSING')}")
    return " and ".join(dict.fromkeys(tests))


def _emit_split(writer: Writer, selection: Selection) -> None:
    """`SPLIT`: for each alternative what gives its items undecoded, where they stand in one array."""
    writer.line("")
    splitters = []
    for steps in selection.alternatives:
        names = tuple(key for kind, key in steps if kind == "name")
        is_plain = all(kind == "name" for kind, _ in steps[:-1])
        splitters.append(f"{writer.use('json.narrow', 'splitter')}({literal(names)})" if is_plain else "None")
    writer.line(f"SPLIT = ({', '.join(splitters)},)")


def _emit_choice(writer: Writer, selection: Selection) -> None:
    """The items of the first alternative that selects any."""
    writer.line("items = None")
    for number, steps in enumerate(selection.alternatives, 1):
        with writer.block("if not items:"):
            writer.line(f"way = {number - 1}")
            if not steps:
                writer.line("items = root if type(root) is list else (root,)")
                return
            writer.line(f"items = select_{number}(root)")
            if all(kind == "name" for kind, _ in steps[:-1]):
                writer.line("if items == []:")
                writer.line("    return None")
    with writer.block("if not items:"):
        writer.line("return None")


def _emit_alternative(writer: Writer, selection: Selection, steps: tuple[Step, ...], number: int) -> None:
    """`select_N(root)`: the items an alternative selects, or None."""
    missing = writer.use("missing", "MISSING")
    with writer.block(f"def select_{number}(root):"):
        holder, node, position = "root", selection.root, 0
        while position < len(steps) and steps[position][0] == "name":
            holder, node = _emit_name(writer, selection, holder, node, steps[position][1])
            writer.line(f"if {holder} is {missing}:")
            writer.line("    return None")
            position += 1
        if position == len(steps):
            writer.line(f"return {holder} if type({holder}) is list else [{holder}]")
            return
        with writer.block(f"if type({holder}) is not list:"):
            if steps[position][0] == "all":
                writer.line(f"if isinstance({holder}, (dict, Struct)):")
                writer.line(f"    raise {writer.use('json.narrow', 'Redo')}")
            writer.line("return None")
        if position + 1 == len(steps):
            writer.line(f"return {holder}")
            return
        _emit_inner(writer, selection, holder, node.elements(), steps[position + 1 :])


def _emit_name(writer: Writer, selection: Selection, holder: str, node: _Node, key: str) -> tuple[str, _Node]:
    inner = node.members[key]
    local = writer.fresh(key)
    missing = writer.use("missing", "MISSING")
    found = f"{holder}.{writer.attributes[key]} if isinstance({holder}, {node.name}) else {missing}"
    writer.line(f"{local} = {found}")
    return local, inner


def _emit_inner(
    writer: Writer, selection: Selection, array: str, node: _Node, steps: tuple[Step, ...]
) -> None:
    """The rest of a path in each element of an array; an element in which it finds nothing is left over."""
    missing = writer.use("missing", "MISSING")
    writer.line("found = []")
    writer.line("selected = False")
    with writer.block(f"for element in {array}:"):
        holder = "element"
        for kind, key in steps:
            if kind != "name":
                raise NotNarrow("`each` goes through arrays in arrays")
            holder, node = _emit_name(writer, selection, holder, node, key)
        with writer.block(f"if {holder} is {missing}:"):
            writer.line("found.append(None)")
            writer.line("continue")
        writer.line("selected = True")
        with writer.block(f"if type({holder}) is list:"):
            writer.line(f"found.extend({holder})")
        with writer.block("else:"):
            writer.line(f"found.append({holder})")
    writer.line(f"return found if selected or not {array} else None")
