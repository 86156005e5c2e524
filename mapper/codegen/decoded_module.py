"""Codegen of the decoded path: an ir.Program and its target schema become a module for parsed bodies.

The module defines `event(item, body, request, max_depth)`: the event of an item, checked, or the number of
the rule that skips it. `max_depth` is the number of levels that an event made of a parsed payload may have;
0 if its values are known to be JSON. The module imports nothing but `mapper.runtime`. The same program always
gives the same text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, replace

from mapper import ir
from mapper.codegen.check_code import emit_checks
from mapper.codegen.frame import GeneratedModule, fill_frame
from mapper.codegen.metering import emit_room
from mapper.codegen.path_code import emit_path
from mapper.codegen.template_code import emit_parsed, emit_rules
from mapper.codegen.validator_code import emit_validator, units_of_schema
from mapper.codegen.value_code import emit_field, emit_object, emit_value
from mapper.codegen.var_code import VarCode
from mapper.codegen.writer import Scope, Writer, literal
from mapper.ir.growth import growth
from mapper.ir.levels import levels
from mapper.ir.work import work
from mapper.runtime.json.locations import write_location
from mapper.runtime.limits import active


def generate_decoded(
    program: ir.Program,
    target: dict[str, object] | bool,
    filename: str,
    version: str,
    *,
    objects_only: bool = False,
) -> GeneratedModule:
    """The decoded module of a program; with `objects_only` every item that it will be given is an object."""
    found = work(program)
    writer = Writer(counts=not found.is_harmless(active()))
    if objects_only:
        writer.objects.add("item")
    each = _emit_each(writer, program)
    _emit_event(writer, program, target)
    return fill_frame(
        writer,
        "decoded",
        filename,
        version,
        fields=_fields(program),
        reasons=literal(tuple(rule.reason for rule in program.rules if not rule.rejects)),
        levels=literal(levels(program.output)),
        growth=literal(astuple(growth(program))),
        work=literal(astuple(replace(found, units=found.units + units_of_schema(target)))),
        each=each,
    )


def _fields(program: ir.Program) -> list[tuple[str, str]]:
    """The fields of the event, also those inside others, by their locations in it."""
    if not isinstance(program.output, ir.Record):
        return []
    return list(_fields_of(program.output, ()))


def _fields_of(record: ir.Record, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for field in record.fields:
        inner = (*names, field.name)
        place = (field.span.start, field.span.end, ir.read_place(field.value))
        yield literal(write_location(inner)), literal(place)
        if isinstance(field.value, ir.Record):
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
        with writer.block(f"def {name}(body):", path.span):
            writer.line(f"return {emit_path(writer, path, Scope('body', 'body', 'None'))}")
        alternatives.append(name)
    return f"({', '.join(alternatives)},)"


def _emit_event(writer: Writer, program: ir.Program, target: dict[str, object] | bool) -> None:
    scope, fields, output = Scope(), [], program.output
    writer.vars = named = VarCode(program, emit_value)
    with writer.block("def event(item, body, request, max_depth):", program.span):
        named.begin(writer)
        emit_room(writer, program)
        emit_rules(writer, program.rules, scope)
        if isinstance(output, ir.Record):
            fields = [(field, emit_field(writer, field, scope)) for field in output.fields]
            event = emit_object(writer, output, fields, writer.fresh("event"))
        else:
            event = emit_parsed(writer, output, scope)
        calls_valid = emit_checks(writer, output, event, fields, target)
        writer.line(f"return {event}")
    named.finish(writer)
    if calls_valid:
        emit_validator(writer, target, "valid")
