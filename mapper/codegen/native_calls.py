"""Codegen of calls: the module of the functions that the native core calls for values it does not compute.

`value_N(item, body, request)` returns the value of one node as JSON text, None if it is missing. It raises
an exception if the item is for Python. The texts that it is given hold no more members than the node reads;
item and body are decoded as on the narrow path.
"""

from __future__ import annotations

from mapper import ir
from mapper.codegen.emitter import BODY, ITEM, REQUEST, Emitter
from mapper.codegen.frame import fill_frame
from mapper.codegen.metering import emit_room, holds_lists
from mapper.codegen.narrow_classes import place_classes
from mapper.codegen.narrow_payload import NarrowPayload
from mapper.codegen.plan import ReadPlan
from mapper.codegen.value_code import emit_value
from mapper.codegen.var_code import VarCode
from mapper.codegen.writer import Writer

_ITEM = frozenset({ITEM})


def generate_calls(
    program: ir.Program, nodes: list[ir.Value], plan: ReadPlan, filename: str, version: str
) -> str:
    """The text of the module with one function for each node, in their order; they share those of vars."""
    writer = Writer()  # nothing is counted: no body gets here that could take more work than is allowed
    attributes = plan.attributes()
    payload = NarrowPayload(writer, _ITEM, attributes, {ITEM: plan.item, BODY: plan.body})
    named = VarCode(program, emit_value)
    at = Emitter(writer, payload, named)
    is_measured = holds_lists(program)
    names = [f"value_{number}" for number in range(len(nodes))]
    for name, node in zip(names, nodes, strict=True):
        with writer.block(f"def {name}({ITEM}, {BODY}, {REQUEST}):", node.span):
            named.begin(writer)
            if is_measured:
                emit_room(at)
            value = emit_value(at, node)
            writer.line(
                f"return None if {value} is MISSING else {writer.use('json.narrow', 'encode')}({value})"
            )
    named.finish(at)
    reader = writer.use("json.narrow", "reader")
    for constant, place in (("read_item", plan.item), ("read_body", plan.body)):
        writer.constants[constant] = f"{reader}({place.name})"
    for name in ("Any", "Struct"):
        writer.use("json.narrow", name)
    writer.sites.clear()  # faults in these functions leave the item to another path
    classes = list(place_classes(plan, attributes))
    return fill_frame(
        writer, "native", filename, version, classes=classes, calls=f"({''.join(f'{n}, ' for n in names)})"
    ).python
