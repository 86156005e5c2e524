"""Codegen of the narrow path: an ir.Program becomes a module that decodes only the parts of a body it reads.

The module defines `run(body, request)`. It returns the outcomes of the items and the index of the alternative
of `each` that selects them; for a body that is itself the one item, its outcome alone. An outcome is the
event as bytes, the number of the rule that skips the item, the record of a fault, an InvalidEvent, or None if
the decoded path has to map the item. `run` returns None, or raises, if the decoded path has to map the whole
body; it also raises the Fault of a body that is one item.
"""

from __future__ import annotations

import re
from typing import Any

from mapper import ir
from mapper.codegen.check_code import emit_field_checks, has_known_members
from mapper.codegen.frame import fill_frame
from mapper.codegen.metering import emit_room
from mapper.codegen.narrow_classes import place_classes
from mapper.codegen.narrow_items import ItemSelection, emit_selection, emit_split
from mapper.codegen.plan import NotNarrow, describe, make_plan
from mapper.codegen.template_code import emit_parsed, emit_rules
from mapper.codegen.validator_code import emit_validator
from mapper.codegen.value_code import emit_field, emit_object, emit_value
from mapper.codegen.var_code import VarCode
from mapper.codegen.writer import Scope, Writer
from mapper.ir.growth import growth
from mapper.ir.work import work
from mapper.runtime.growth import is_bounded
from mapper.runtime.limits import DEFAULT

_SCOPE = Scope()


def generate_narrow(program: ir.Program, target: Any, filename: str, version: str) -> tuple[str, str]:
    """The narrow module's text, empty if a mapping can have none, and the plan in words."""
    if program.policy.format == "none":
        return "", "A body is not read.\n"
    if program.policy.format == "form":
        return "", "A body is decoded as a whole: it is a form.\n"
    try:
        return _generate(program, target, filename, version)
    except NotNarrow as reason:
        return "", f"A body is decoded as a whole: {reason}.\n"
    except RecursionError:
        return "", "A body is decoded as a whole: the mapping nests too deep.\n"


def _generate(program: ir.Program, target: Any, filename: str, version: str) -> tuple[str, str]:
    plan = make_plan(program)
    selection = ItemSelection.of(program, plan)
    writer = Writer(
        attributes=plan.attributes() | selection.attributes, counts=not work(program).is_harmless(DEFAULT)
    )
    writer.places |= {"item": plan.item, "body": plan.body}
    writer.objects.add("item")
    _emit_event(writer, program, target)
    reads_body = any(_names_body(text) for text, _ in writer.lines[1:])
    emit_selection(writer, selection, is_bounded=is_bounded(growth(program)))
    classes = [*place_classes(plan, writer.attributes), *selection.classes(writer.attributes)]
    writer.constants["read"] = f"{writer.use('json.narrow', 'reader')}({selection.type_of(selection.root)})"
    types = " ".join((*classes, *writer.constants.values(), *(text for text, _ in writer.lines)))
    for name in re.findall(r"\b(?:Any|Struct)\b", types):
        writer.use("json.narrow", name)
    module = fill_frame(
        writer,
        "narrow",
        filename,
        version,
        classes=classes,
        split=emit_split(writer, selection),
        alone=str(not reads_body),
    )
    return module.python, describe(plan)


# A text of the mapping with this word costs no more than the mapping of its bodies in chunks.
_names_body = re.compile(r"\bbody\b").search


def _emit_event(writer: Writer, program: ir.Program, target: Any) -> None:
    """`event(item, body, request)`: the event as bytes, or the number of a skip rule."""
    writer.vars = named = VarCode(program, emit_value)
    with writer.block("def event(item, body, request):"):
        named.begin(writer)
        emit_room(writer, program)
        emit_rules(writer, program.rules, _SCOPE)
        if isinstance(program.output, ir.Template):
            is_checked = False
            _emit_validated(writer, emit_parsed(writer, program.output, _SCOPE))
        else:
            is_checked = has_known_members(program.output, target)
            _emit_record(writer, program.output, target, is_checked)
    named.finish(writer)
    if not is_checked:
        emit_validator(writer, target, "valid")


def _emit_validated(writer: Writer, event: str) -> None:
    encode, invalid = writer.use("json.narrow", "encode"), writer.use("faults", "InvalidEvent")
    writer.line(f"return {encode}({event}) if valid({event}) else {invalid}({event})")


def _emit_record(writer: Writer, record: ir.Record, target: Any, is_checked: bool) -> None:
    fields = []
    for field in record.fields:
        value = emit_field(writer, field, _SCOPE)
        fields.append((field, value))
        if is_checked:
            emit_field_checks(writer, field, value, target, "return None")  # the decoded path reports it
    event = emit_object(writer, record, fields, writer.fresh("event"))
    if is_checked:
        writer.line(f"return {writer.use('json.narrow', 'encode')}({event})")
    else:
        _emit_validated(writer, event)
