"""Inference of programs: a program and its source schema in, an Inference out."""

from __future__ import annotations

from mapper import ir
from mapper.checker.inference.condition_types import divide
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.sources import type_of_schema
from mapper.checker.inference.template_types import infer_template
from mapper.checker.inference.type_scope import TypeScope, initial_scope, tame_scope
from mapper.checker.inference.value_types import infer_record
from mapper.checker.types import ANYTHING, Type
from mapper.ir.liquid import walk
from mapper.schemas.schema import Schema


def item_type(source: Schema | None) -> Type:
    """What an item can be: what the source schema says, or anything."""
    return ANYTHING if source is None else type_of_schema(source)


def infer_program(program: ir.Program, source: Schema | None, item: Type | None = None) -> Inference:
    """The types of a program's nodes, and all that may go wrong; `item` where its type is known already."""
    notes = Inference(_assumptions(program, source))
    _infer(program, initial_scope(item_type(source) if item is None else item), notes)
    return notes


def infer_tame(program: ir.Program, source: Schema | None, item: Type | None) -> Inference:
    """The same, supposing that whatever has no schema is a harmless text, or not there."""
    notes = Inference()
    _infer(program, tame_scope(item or ANYTHING, knows_item=source is not None), notes)
    return notes


def _infer(program: ir.Program, scope: TypeScope, notes: Inference) -> None:
    for rule in program.skips:
        skipped, scope = divide(rule.condition.test, scope, notes)
        notes.reach(rule, skipped.is_reachable)
    if not scope.is_reachable:
        notes.reach(program.output, False)
    elif isinstance(program.output, ir.Record):
        notes.node(program.output, infer_record(program.output, scope, notes))
    else:
        notes.node(program.output, infer_template(program.output, scope, notes))


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
