"""Types: what a program's values can be, against what their places and operators take."""

from __future__ import annotations

from mapper import ir
from mapper.checker.inference.findings import Inference
from mapper.checker.types import Type
from mapper.diagnostics.diagnostic import Report
from mapper.ir.liquid import walk
from mapper.runtime.json.types import TYPES, in_words

JSON_TYPES = frozenset(TYPES)
CONTAINERS = frozenset({"object", "array"})
# What a cast can turn into its type; every other type fails, whatever the value.
CASTABLE = {
    ir.CastKind.STRING: JSON_TYPES - CONTAINERS,
    ir.CastKind.INTEGER: JSON_TYPES - CONTAINERS - {"boolean"},
    ir.CastKind.NUMBER: JSON_TYPES - CONTAINERS - {"boolean"},
    ir.CastKind.BOOLEAN: JSON_TYPES - CONTAINERS,
    ir.CastKind.OBJECT: frozenset({"object"}),
    ir.CastKind.ARRAY: frozenset({"array"}),
    ir.CastKind.JSON: JSON_TYPES,
}
READABLE_TIMES = JSON_TYPES - CONTAINERS - {"boolean"}


def json_types(given: Type | None) -> frozenset[str]:
    """The JSON types a type allows; a number may be an integer too."""
    if given is None:
        return frozenset()
    kinds = given.kinds
    if given.numbers is None:
        return kinds
    return (kinds - {"number"}) | {"integer"} if given.numbers.integral else kinds | {"integer"}


def cast_hint(wanted: Type, types: frozenset[str]) -> str:
    """The cast that turns such values into what the target wants; empty where there is none, or several."""
    if wanted.texts is not None and "date-time" in wanted.texts.formats and types & READABLE_TIMES:
        return "convert it with `as: timestamp`"
    asked = json_types(wanted)
    kinds = [kind for kind in CASTABLE if kind.value in asked]
    if len(kinds) != 1 or not types & CASTABLE[kinds[0]]:
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
                _check_operand(operand, "`merge` takes objects", {"object", "null"}, notes, report)
        case ir.MapItems(source):
            _check_operand(source, "`map` takes an array", {"array", "null"}, notes, report)
        case ir.Pick(inner) | ir.Omit(inner) | ir.Rename(inner):
            verb = type(value).__name__.lower()
            _check_operand(inner, f"`{verb}` takes an object", {"object", "null"}, notes, report)
        case ir.Cast(inner, kind):
            taken = CASTABLE[kind] | {"null"}
            _check_operand(inner, f"`as: {kind.value}` always fails", taken, notes, report)
        case ir.Timestamp(inner):
            _check_operand(inner, "`as: timestamp` always fails", READABLE_TIMES | {"null"}, notes, report)
        case _:
            pass


def _check_operand(
    operand: ir.Value, headline: str, taken: frozenset[str] | set[str], notes: Inference, report: Report
) -> None:
    types = json_types(notes.type_of(operand))
    if types and not types & taken:
        found = in_words(types)
        report.error("M401", f"{headline}, found {found}", operand.span, f"this is always {found}")
