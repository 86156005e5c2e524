"""Codegen of calls: the module of the functions that the native core calls for values it does not compute.

`value_N(item, body, request)` returns the value of one node as JSON text, None if it is missing. It raises
an exception if the item is for Python. The texts that it is given hold no more members than the node reads;
item and body are decoded as on the narrow path.
"""

from __future__ import annotations

from typing import Any

from mapper import ir
from mapper.codegen.emitter import BODY, ITEM, REQUEST, Emitter
from mapper.codegen.frame import fill_frame
from mapper.codegen.metering import emit_room
from mapper.codegen.narrow_classes import place_classes
from mapper.codegen.narrow_payload import NarrowPayload
from mapper.codegen.plan import ReadPlan
from mapper.codegen.value_code import emit_value
from mapper.codegen.var_code import VarCode
from mapper.codegen.work_code import work_of
from mapper.codegen.writer import Writer
from mapper.runtime.limits import DEFAULT

_ITEM = frozenset({ITEM})


def generate_calls(
    program: ir.Program, target: Any, nodes: list[ir.Value], plan: ReadPlan, filename: str, version: str
) -> str:
    """The text of the module with one function for each node, in their order."""
    writer = Writer(counts=not work_of(program, target).is_harmless(DEFAULT))
    attributes = plan.attributes()
    names = [f"value_{number}" for number in range(len(nodes))]
    for name, node in zip(names, nodes, strict=True):
        payload = NarrowPayload(writer, _ITEM, attributes, {ITEM: plan.item, BODY: plan.body})
        _emit_function(Emitter(writer, payload, VarCode(program, emit_value)), program, name, node)
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


def _emit_function(at: Emitter, program: ir.Program, name: str, node: ir.Value) -> None:
    writer = at.writer
    assert isinstance(at.vars, VarCode)
    with writer.block(f"def {name}({ITEM}, {BODY}, {REQUEST}):", node.span):
        at.vars.begin(writer)
        emit_room(at, program)
        value = emit_value(at, node)
        writer.line(f"return None if {value} is MISSING else {writer.use('json.narrow', 'encode')}({value})")
    at.vars.finish(at)
