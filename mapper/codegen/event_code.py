"""Codegen of events: the function `event`, which makes the event of an item.

`event(item, body, request)` returns the event, checked, or the number of the rule that skips the item. It
raises a Fault, InvalidEvent or Skip. If the payload may be no JSON, it has one more parameter, `max_depth`:
the number of levels that an event made of a parsed payload may have; 0 if its values are known to be JSON.
"""

from __future__ import annotations

from typing import Any

from mapper import ir
from mapper.codegen.check_code import emit_checks
from mapper.codegen.decoded_payload import DecodedPayload
from mapper.codegen.emitter import BODY, ITEM, REQUEST, Emitter
from mapper.codegen.metering import emit_room, holds_lists
from mapper.codegen.template_code import emit_parsed, emit_rules
from mapper.codegen.validator_code import emit_functions
from mapper.codegen.value_code import emit_field, emit_object, emit_value
from mapper.codegen.var_code import VarCode
from mapper.codegen.writer import Writer


def emit_event(writer: Writer, payload: DecodedPayload, program: ir.Program, target: Any) -> None:
    """Write `event`, and the functions that it calls, for a target schema."""
    fields, output = [], program.output
    named = VarCode(program, emit_value)
    at = Emitter(writer, payload, named)
    parameters = ", ".join((ITEM, BODY, REQUEST, *(() if payload.is_json else ("max_depth",))))
    with writer.block(f"def event({parameters}):", program.span):
        named.begin(writer)
        if holds_lists(program):
            emit_room(at)
        emit_rules(at, program.rules)
        if isinstance(output, ir.Record):
            fields = [(field, emit_field(at, field)) for field in output.fields]
            event = emit_object(at, output, fields)
        else:
            event = emit_parsed(at, output)
        functions = emit_checks(at, output, event, fields, target)
        writer.line(f"return {payload.outcome(event)}")
    named.finish(at)
    emit_functions(writer, target, functions)
