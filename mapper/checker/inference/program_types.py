"""Inference of programs: a program and its source schema in, an Inference out."""

from __future__ import annotations

from functools import lru_cache

from mapper import ir
from mapper.checker.inference.condition_types import divide
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.template_types import infer_template
from mapper.checker.inference.type_scope import TypeScope, initial_scope, tame_scope
from mapper.checker.inference.value_types import infer_record, infer_value
from mapper.checker.types import ANY_MEMBER, ANYTHING, Type, meet, read_schema
from mapper.ir.liquid import walk_with_vars
from mapper.schemas.schema import Schema


@lru_cache(maxsize=32)
def type_of_schema(schema: Schema) -> Type:
    """The type of the values that fit; cached, because several mappings share one target schema."""
    return read_schema(schema.document)


def item_type(source: Schema | None) -> Type:
    """The type of an item: that of the source schema, or anything."""
    return ANYTHING if source is None else type_of_schema(source)


def infer_program(program: ir.Program, source: Schema | None, item: Type | None = None) -> Inference:
    """Infer the types and possible rejections of a program; `item` is the item's type, if known."""
    notes = Inference(_assumptions(program, source))
    _infer(program, initial_scope(item_type(source) if item is None else item), notes)
    return notes


def infer_tame(program: ir.Program, source: Schema | None, item: Type | None) -> Inference:
    """Infer a program, supposing that every value without a schema is a harmless text or missing."""
    notes = Inference()
    _infer(program, tame_scope(item or ANYTHING, knows_item=source is not None), notes)
    return notes


def _infer(program: ir.Program, scope: TypeScope, notes: Inference) -> None:
    """Infer a program: first the vars that rules read, then the rules, then all vars by what rules leave."""
    first = frozenset(ir.vars_below(program.rules))
    for var in program.vars:
        known = _var_type(var, scope, notes) if var in first else ANY_MEMBER
        scope = scope.with_var(var, known)
    for rule in program.rules:
        ended, scope = divide(rule.condition.test, scope, notes)
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


def _assumptions(program: ir.Program, source: Schema | None) -> tuple[str, ...]:
    if source is None:
        return ("no source schema: an item may be anything, so what a path finds is unknown",)
    reads_around = any(path.root is ir.Root.BODY for path in _paths(program))
    around = (
        ("the body around an item has no schema: what `envelope` finds is unknown",) if reads_around else ()
    )
    return (f"every item fits `{source.name}`", *around)


def _paths(program: ir.Program) -> list[ir.Path]:
    return [each for each in walk_with_vars(program.output) if isinstance(each, ir.Path)]
