"""Inference of programs: a program and the types of its payloads in, an Inference out."""

from __future__ import annotations

from mapper import ir
from mapper.checker.inference.condition_types import divide_condition
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.payload_types import PayloadTypes
from mapper.checker.inference.template_types import infer_template
from mapper.checker.inference.type_scope import TypeScope, initial_scope, tame_scope
from mapper.checker.inference.value_types import infer_record, infer_value
from mapper.checker.types import ANY_MEMBER, Type, meet
from mapper.ir.liquid import walk_with_vars
from mapper.runtime.schema.formats import CHECKED
from mapper.schemas.questions import subschemas
from mapper.schemas.schema import Schema

# The assumption about bodies of each format if no schema describes them.
_WITHOUT_SCHEMA = {
    "json": "no source schema: an item may be anything, so what a path finds is unknown",
    "form": "no source schema: a form may have any fields, each of them a text",
    "none": "no body is read",
}


def infer_program(program: ir.Program, payload: PayloadTypes) -> Inference:
    """Infer the types and possible rejections of a program for payloads of some types."""
    notes = Inference(_assumptions(program, payload))
    _infer(program, initial_scope(payload.item, payload.body), notes)
    return notes


def infer_tame(program: ir.Program, payload: PayloadTypes) -> Inference:
    """Infer a program, supposing that every value without a schema is a harmless text or missing."""
    notes = Inference()
    item = payload.item if payload.knows_item else None
    _infer(program, tame_scope(item, None if payload.schema is None else payload.body), notes)
    return notes


def _infer(program: ir.Program, scope: TypeScope, notes: Inference) -> None:
    """Infer a program: first the vars that rules read, then the rules, then all vars by what rules leave."""
    first = frozenset(ir.vars_below(program.rules))
    for var in program.vars:
        known = _var_type(var, scope, notes) if var in first else ANY_MEMBER
        scope = scope.with_var(var, known)
    for rule in program.rules:
        ended, scope = divide_condition(rule.condition, scope, notes)
        notes.note_reached(rule, ended.is_reachable)
    for var in program.vars if scope.is_reachable else ():
        known = meet(_var_type(var, scope, notes), scope.read_var(var))
        scope = scope.with_var(var, known)
    if not scope.is_reachable:
        notes.note_reached(program.output, False)
    elif isinstance(program.output, ir.Record):
        notes.note_type(program.output, infer_record(program.output, scope, notes))
    else:
        notes.note_type(program.output, infer_template(program.output, scope, notes))


def _var_type(var: ir.Var, scope: TypeScope, notes: Inference) -> Type:
    """The type of a var. It is any if the var always rejects the item: then its rejection is reported."""
    found = infer_value(var.value, scope, notes)
    return ANY_MEMBER if found.is_never else found


def _assumptions(program: ir.Program, payload: PayloadTypes) -> tuple[str, ...]:
    source, schema = payload.source, payload.schema
    if source is None and schema is None:
        return (_WITHOUT_SCHEMA[program.policy.format],)
    items = () if source is None else (_fits("item", source),)
    if schema is not None:
        return (*items, _fits("body", schema))
    reads_around = any(path.root is ir.Root.BODY for path in _paths(program))
    around = "the body around an item has no schema: what `envelope` finds is unknown"
    return (*items, around) if reads_around else items


def _fits(noun: str, schema: Schema) -> str:
    parts = (part for _, part in subschemas(schema.document) if isinstance(part, dict))
    formats = sorted(CHECKED & {part["format"] for part in parts if "format" in part})
    if not formats:
        return f"every {noun} fits `{schema.name}`"
    years = ", within the years 1 to 9999 of UTC" if {"date", "date-time"} & set(formats) else ""
    return f"every {noun} fits `{schema.name}`, and its texts have their formats: {', '.join(formats)}{years}"


def _paths(program: ir.Program) -> list[ir.Path]:
    return [each for each in walk_with_vars(program.output) if isinstance(each, ir.Path)]
