"""Operands: values that their operator or cast can never take, and JSON types in words."""

from __future__ import annotations

from functools import cache

from mapper import ir
from mapper.checker.inference.cast_types import cast_type
from mapper.checker.inference.findings import Inference
from mapper.checker.types import Type
from mapper.checker.types.named import kind_type
from mapper.diagnostics.diagnostic import Report
from mapper.ir.liquid import walk
from mapper.runtime.json.types import TYPES, in_words

READABLE_TIMES = frozenset({"string", "number", "integer", "null"})


@cache
def castable(kind: ir.CastKind) -> frozenset[str]:
    """The JSON types with values that a cast converts; null passes every cast."""
    return frozenset(name for name in TYPES if not cast_type(kind, kind_type(name)).good.is_never) | {"null"}


def json_types(given: Type | None) -> frozenset[str]:
    """The JSON types of the values of a type; a number may be an integer too."""
    if given is None:
        return frozenset()
    kinds = given.kinds
    if given.numbers is None:
        return kinds
    return (kinds - {"number"}) | {"integer"} if given.numbers.integral else kinds | {"integer"}


def cast_hint(wanted: Type, types: frozenset[str]) -> str:
    """A hint at the cast that turns such values into the target's type; empty unless exactly one does."""
    if wanted.texts is not None and "date-time" in wanted.texts.formats and types & READABLE_TIMES:
        return "convert it with `as: timestamp`"
    asked = json_types(wanted)
    kinds = [kind for kind in ir.CastKind if kind.value in asked]
    if len(kinds) != 1 or not types & castable(kinds[0]):
        return ""
    return f"convert it with `as: {kinds[0].value}`"


def check_operands(value: ir.Value, notes: Inference, report: Report) -> None:
    """Report every operand inside a value that its operator or cast can never take (M401)."""
    for node in walk(value):
        _check_node(node, notes, report)


def _check_node(value: object, notes: Inference, report: Report) -> None:
    match value:
        case ir.Merge(operands):
            for operand in operands:
                _check_operand(operand, "`merge` takes objects", frozenset({"object", "null"}), notes, report)
        case ir.MapItems(source):
            _check_operand(source, "`map` takes an array", frozenset({"array", "null"}), notes, report)
        case ir.Entries(source, takes_lists):
            headline, taken = "`entries` takes an object", frozenset({"object", "null"})
            if takes_lists:
                headline, taken = "`object_from` takes a list or an object", taken | {"array"}
            _check_operand(source, headline, taken, notes, report)
        case ir.WithItem(source):
            headline, hint = "`of` takes an object or a list", "read a JSON text with `as: json`"
            _check_operand(source, headline, frozenset({"object", "array", "null"}), notes, report, hint)
        case ir.Pick(inner) | ir.Omit(inner) | ir.Rename(inner) | ir.Flatten(inner):
            verb = type(value).__name__.lower()
            _check_operand(inner, f"`{verb}` takes an object", frozenset({"object", "null"}), notes, report)
        case ir.Prune(inner):
            taken = frozenset({"object", "array"})  # to make null missing is not its purpose
            _check_operand(inner, "`prune` takes an object or a list", taken, notes, report)
        case ir.Cast(inner, kind):
            is_written = value.span != inner.span  # nobody writes the cast of the keys of `object_from`
            headline = f"`as: {kind.value}` always fails" if is_written else "`key` takes text or a number"
            _check_operand(inner, headline, castable(kind), notes, report)
        case ir.Timestamp(inner):
            _check_operand(inner, "`as: timestamp` always fails", READABLE_TIMES, notes, report)
        case _:
            pass


def _check_operand(
    operand: ir.Value,
    headline: str,
    taken: frozenset[str],
    notes: Inference,
    report: Report,
    text_hint: str = "",
) -> None:
    types = json_types(notes.type_of(operand))
    # That null passes does not help if every other value fails.
    if types and not (types - {"null"} or types) & taken:
        found, hint = in_words(types), text_hint if types == {"string"} else ""
        report.error("M401", f"{headline}, found {found}", operand.span, f"this is always {found}", hint)
