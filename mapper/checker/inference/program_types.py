"""Inference of programs: a program and its source schema in, an Inference out."""

from __future__ import annotations

from functools import lru_cache

from mapper import ir
from mapper.checker.inference.condition_types import divide
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.template_types import infer_template
from mapper.checker.inference.type_scope import TypeScope, initial_scope, tame_scope
from mapper.checker.inference.value_types import infer_record
from mapper.checker.types import ANYTHING, Type, read_schema
from mapper.ir.liquid import walk
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
    for rule in program.rules:
        ended, scope = divide(rule.condition.test, scope, notes)
        notes.note_reached(rule, ended.is_reachable)
    if not scope.is_reachable:
        notes.note_reached(program.output, False)
    elif isinstance(program.output, ir.Record):
        notes.note_type(program.output, infer_record(program.output, scope, notes))
    else:
        notes.note_type(program.output, infer_template(program.output, scope, notes))


def _assumptions(program: ir.Program, source: Schema | None) -> tuple[str, ...]:
    if source is None:
        return ("no source schema: an item may be anything, so what a path finds is unknown",)
    reads_around = any(path.root is ir.Root.BODY for path in _paths(program.output))
    around = (
        ("the body around an item has no schema: what `envelope` finds is unknown",) if reads_around else ()
    )
    return (f"every item fits `{source.name}`", *around)


def _paths(node: object) -> list[ir.Path]:
    return [each for each in walk(node) if isinstance(each, ir.Path)]
