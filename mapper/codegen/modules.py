"""Codegen of modules: an ir.Program and its target schema become the two modules of a Transform.

The decoded module maps items of parsed bodies: it defines `event`. The narrow module decodes only the parts
of a body that the mapping reads: it defines `event` and `run`, see `codegen.narrow_items`. One generator
writes the code of both (`codegen.event_code`). They differ in this, and in nothing else:

1. Members. `DecodedPayload` looks them up in dicts. `NarrowPayload` reads attributes of objects that were
   decoded in part; a use that needs more than that is refused (NotNarrow), or raises NeedsFullDecode.
2. Values. Those of the decoded path may come from a host: `event` has the parameter `max_depth`, and tests
   that they are JSON. Those of the narrow path are JSON.
3. The outcome. `event` returns the event itself on the decoded path, and its bytes on the narrow path.
4. The frame. The decoded module has the tables of the mapping: FIELDS, REASONS, LEVELS, GROWTH, WORK, EACH.
   The narrow module has classes, the selection of the items, SPLIT, ITEM and ALONE.
5. Every mapping has a decoded module. A mapping without a narrow module has the reason in its plan.

Both import nothing but `mapper.runtime` and `mapper.regex`. The same program always gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any

from mapper import ir
from mapper.codegen.decoded_payload import DecodedPayload
from mapper.codegen.emitter import BODY, ITEM, Emitter
from mapper.codegen.event_code import emit_event
from mapper.codegen.frame import GeneratedModule, fill_frame
from mapper.codegen.narrow_classes import place_classes
from mapper.codegen.narrow_items import ItemSelection, emit_selection, emit_split
from mapper.codegen.narrow_payload import NarrowPayload
from mapper.codegen.path_code import emit_path
from mapper.codegen.plan import NotNarrow, describe, make_plan
from mapper.codegen.work_code import work_of
from mapper.codegen.writer import Writer, literal
from mapper.ir.growth import growth
from mapper.ir.levels import levels
from mapper.runtime.json.locations import write_location
from mapper.runtime.limits import DEFAULT, active

_ITEM = frozenset({ITEM})


def generate_decoded(
    program: ir.Program, target: Any, filename: str, version: str, *, objects_only: bool = False
) -> GeneratedModule:
    """The decoded module of a program; with `objects_only` every item that it will be given is an object."""
    work = work_of(program, target)
    writer = Writer(counts=not work.is_harmless(active()))
    payload = DecodedPayload(writer, _ITEM if objects_only else frozenset())
    each = _emit_each(writer, program)
    emit_event(writer, payload, program, target)
    return fill_frame(
        writer,
        "decoded",
        filename,
        version,
        fields=list(_fields_of(program.output, ())),
        reasons=literal(tuple(rule.reason for rule in program.rules if not rule.rejects)),
        levels=literal(levels(program.output)),
        growth=literal(astuple(growth(program))),
        work=literal((astuple(work), astuple(work_of(program, target, is_few=True)))),
        each=each,
    )


def _fields_of(value: ir.Value, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The fields of the event, also those inside others, by their locations in it."""
    for field in value.fields if isinstance(value, ir.Record) else ():
        inner = (*names, field.name)
        place = (field.span.start, field.span.end, ir.read_place(field.value))
        yield literal(write_location(inner)), literal(place)
        yield from _fields_of(field.value, inner)


def _emit_each(writer: Writer, program: ir.Program) -> str:
    """The alternatives of `each` as an expression, after a function for each that needs more than steps."""
    alternatives = []
    for number, path in enumerate(program.each, start=1):
        steps = ir.plain_steps(path, indexes=True)
        if steps is not None:
            alternatives.append(literal(steps))
            continue
        name = f"matches_{number}"
        with writer.block(f"def {name}({BODY}):", path.span):
            at = Emitter(writer, DecodedPayload(writer), item=BODY, request="None")
            writer.line(f"return {emit_path(at, path)}")
        alternatives.append(name)
    return f"({', '.join(alternatives)},)"


def generate_narrow(program: ir.Program, target: Any, filename: str, version: str) -> tuple[str, str]:
    """The narrow module's text, empty if a mapping can have none, and the plan in words."""
    if program.policy.format == "none":
        return "", "A body is not read.\n"
    if program.policy.format == "form":
        return "", "A body is decoded as a whole: it is a form.\n"
    try:
        return _generate_narrow(program, target, filename, version)
    except NotNarrow as reason:
        return "", f"A body is decoded as a whole: {reason}.\n"
    except RecursionError:
        return "", "A body is decoded as a whole: the mapping nests too deep.\n"


def _generate_narrow(program: ir.Program, target: Any, filename: str, version: str) -> tuple[str, str]:
    plan = make_plan(program)
    selection = ItemSelection.of(program, plan)
    attributes = selection.attributes
    work = work_of(program, target)
    writer = Writer(counts=not work.is_harmless(DEFAULT))
    payload = NarrowPayload(writer, _ITEM, attributes, {ITEM: plan.item, BODY: plan.body})
    emit_event(writer, payload, program, target)
    reads_body = any(_names_body(text) for text, _ in writer.lines[1:])
    emit_selection(writer, selection)
    classes = [*place_classes(plan, attributes), *selection.classes()]
    writer.constants["read"] = f"{writer.use('json.narrow', 'reader')}({selection.type_of(selection.root)})"
    types = " ".join(
        (plan.item.name, *classes, *writer.constants.values(), *(text for text, _ in writer.lines))
    )
    for name in re.findall(r"\b(?:Any|Struct)\b", types):
        writer.use("json.narrow", name)
    module = fill_frame(
        writer,
        "narrow",
        filename,
        version,
        classes=classes,
        split=emit_split(writer, selection),
        item=plan.item.name,
        alone=str(not reads_body),
    )
    return module.python, describe(plan)


# A text of the mapping with this word costs no more than the mapping of its bodies in chunks.
_names_body = re.compile(rf"\b{BODY}\b").search
