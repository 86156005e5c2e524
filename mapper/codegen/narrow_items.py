"""Codegen of items on the narrow path: their places in a partly decoded body, and their selection.

`run(body, request)` decodes a body and returns its items, the decoded body, and the index of the alternative
of `each` that selects the items; for a body that is itself the one item, its outcome alone. It returns None,
or raises, if the decoded path has to map the whole body. It also raises the Fault or the InvalidEvent of a
body that is one item.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mapper import ir
from mapper.codegen.narrow_classes import SCALARS, class_text
from mapper.codegen.plan import NotNarrow, ReadPlan
from mapper.codegen.writer import Writer, literal
from mapper.runtime.items import Step, names_of


@dataclass(eq=False)
class AroundItems:
    """A place that `each` steps through; `is_item` if an item can be there."""

    name: str = ""
    members: dict[str, AroundItems] = field(default_factory=dict)
    element: AroundItems | None = None
    is_item: bool = False

    def elements(self) -> AroundItems:
        """The place of all elements, made if there is none."""
        self.element = self.element or AroundItems()
        return self.element


@dataclass
class ItemSelection:
    """The alternatives of `each` as steps, and the tree of all places on their way.

    `attributes` has the attribute of each key in generated code, also those that the mapping reads.
    """

    plan: ReadPlan
    alternatives: list[tuple[Step, ...]]
    root: AroundItems
    nodes: list[AroundItems]
    attributes: dict[str, str]

    @classmethod
    def of(cls, program: ir.Program, plan: ReadPlan) -> ItemSelection:
        """The places of the items of a program. Raises NotNarrow if `each` needs more than plain steps."""
        alternatives = [_narrow_steps(path) for path in program.each]
        root = AroundItems()
        for steps in alternatives:
            _grow(root, steps)
        nodes: list[AroundItems] = []
        _collect(root, nodes)
        for number, node in enumerate(nodes, 1):
            node.name = f"Around{number}"
        keys = dict.fromkeys(key for node in nodes for key in node.members)
        attributes = plan.attributes() | {key: f"w{n}" for n, key in enumerate(keys, 1)}
        selection = cls(plan, alternatives, root, nodes, attributes)
        for node in nodes:
            selection._refuse(node)
        return selection

    def _refuse(self, node: AroundItems) -> None:
        read = set(self.plan.item.members) if node.is_item else set()
        if node is self.root:
            read |= set(self.plan.body.members)
        if read & set(node.members):
            raise NotNarrow("`each` steps through a key that the mapping also reads")

    def parent(self, node: AroundItems) -> str:
        """The base of a node's class: it has all members that the mapping reads at the same place."""
        if node is self.root:
            return self.plan.body.name
        return self.plan.item.name if node.is_item else "Struct"

    def classes(self) -> Iterator[str]:
        """The classes of the objects around the items, inner ones first."""
        for node in self.nodes:
            members = {key: self.type_of(inner) for key, inner in node.members.items()}
            yield class_text(node.name, self.parent(node), members, self.attributes)

    def type_of(self, node: AroundItems) -> str:
        """The type of a node, for the decoder (msgspec)."""
        name = node.name or ("dict" if self.parent(node) == "Struct" else self.parent(node))
        array = f"list[{self.type_of(node.element)}]" if node.element is not None else "list"
        return f"{name} | {array} | {SCALARS}"


def _collect(node: AroundItems, nodes: list[AroundItems]) -> None:
    for inner in (*node.members.values(), *([node.element] if node.element else ())):
        _collect(inner, nodes)
    if node.members:
        nodes.append(node)


def _narrow_steps(path: ir.Path) -> tuple[Step, ...]:
    steps = ir.plain_steps(path)
    if steps is None:
        raise NotNarrow("`each` uses more than names, `[*]` and `[:]`")
    if sum(step[0] != "name" for step in steps[:-1]) > 1:
        raise NotNarrow("`each` goes through arrays in arrays")
    return steps


def _grow(node: AroundItems, steps: tuple[Step, ...]) -> None:
    for step in steps:
        node = node.members.setdefault(step[1], AroundItems()) if step[0] == "name" else node.elements()
    node.is_item = True
    if not steps or steps[-1][0] == "name":
        node.elements().is_item = True  # an array here counts as its elements


def emit_selection(writer: Writer, selection: ItemSelection) -> None:
    """`run(body, request)` and one function for each alternative of `each`."""
    for number, steps in enumerate(selection.alternatives, 1):
        if steps:
            _emit_alternative(writer, selection, steps, number)
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
            writer.line("items, each_index = root if type(root) is list else (root,), 0")
        else:
            _emit_choice(writer, selection)
        writer.line("return items, root, each_index")


def _is_alone(writer: Writer, selection: ItemSelection) -> str:
    """The test that a body is an object and itself the one item; empty if it never is."""
    if () not in selection.alternatives:
        return ""
    tests = [f"type(root) is {selection.root.name or selection.plan.item.name}"]
    for steps in selection.alternatives[: selection.alternatives.index(())]:
        if steps[0][0] == "all":
            return ""
        if steps[0][0] == "name":
            tests.append(f"root.{selection.attributes[steps[0][1]]} is {writer.use('missing', 'MISSING')}")
    return " and ".join(dict.fromkeys(tests))


def emit_split(writer: Writer, selection: ItemSelection) -> str:
    """The functions of SPLIT as an expression; None for an alternative whose items are not in one array."""
    splitters = []
    for steps in selection.alternatives:
        names = names_of(steps)
        is_row = len(names) >= len(steps) - 1
        splitters.append(f"{writer.use('json.narrow', 'splitter')}({literal(names)})" if is_row else "None")
    return f"({', '.join(splitters)},)"


def _emit_choice(writer: Writer, selection: ItemSelection) -> None:
    """The items of the first alternative that selects any."""
    writer.line("items = None")
    for number, steps in enumerate(selection.alternatives, 1):
        with writer.block("if not items:"):
            writer.line(f"each_index = {number - 1}")
            if not steps:
                writer.line("items = root if type(root) is list else (root,)")
                return
            writer.line(f"items = select_{number}(root)")
            if len(names_of(steps)) >= len(steps) - 1:
                writer.line("if items == []:")
                writer.line("    return None")
    with writer.block("if not items:"):
        writer.line("return None")


def _emit_alternative(writer: Writer, selection: ItemSelection, steps: tuple[Step, ...], number: int) -> None:
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
                writer.line(f"    raise {writer.use('json.narrow', 'NeedsFullDecode')}")
            writer.line("return None")
        if position + 1 == len(steps):
            writer.line(f"return {holder}")
            return
        _emit_inner(writer, selection, holder, node.elements(), steps[position + 1 :])


def _emit_name(
    writer: Writer, selection: ItemSelection, holder: str, node: AroundItems, key: str
) -> tuple[str, AroundItems]:
    inner = node.members[key]
    local = writer.fresh(key)
    missing = writer.use("missing", "MISSING")
    found = f"{holder}.{selection.attributes[key]} if isinstance({holder}, {node.name}) else {missing}"
    writer.line(f"{local} = {found}")
    return local, inner


def _emit_inner(
    writer: Writer, selection: ItemSelection, array: str, node: AroundItems, steps: tuple[Step, ...]
) -> None:
    """The rest of a path in each element of an array; an element in which it finds nothing is left over."""
    missing = writer.use("missing", "MISSING")
    writer.line("found = []")
    writer.line("selected = False")
    with writer.block(f"for element in {array}:"):
        holder = "element"
        for step in steps:
            if step[0] != "name":
                raise NotNarrow("`each` goes through arrays in arrays")
            holder, node = _emit_name(writer, selection, holder, node, step[1])
        with writer.block(f"if {holder} is {missing}:"):
            writer.line("found.append(None)")
            writer.line("continue")
        writer.line("selected = True")
        with writer.block(f"if type({holder}) is list:"):
            writer.line(f"found.extend({holder})")
        with writer.block("else:"):
            writer.line(f"found.append({holder})")
    writer.line(f"return found if selected or not {array} else None")
