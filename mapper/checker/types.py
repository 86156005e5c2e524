"""Types: what a program's values can be, against what their places and operators take."""

from __future__ import annotations

from mapper import ir
from mapper.diagnostics import Label, Report, Severity
from mapper.ir.facts import JSON_TYPES, Facts
from mapper.schema import Schema
from mapper.shapes import Subschema, allows_type

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
WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
READABLE_TIMES = JSON_TYPES - CONTAINERS - {"boolean"}


def in_words(types: frozenset[str]) -> str:
    """Types as a diagnostic names them: `text or a list`."""
    names = types - {"integer"} if "number" in types else types
    return " or ".join(WORDS[name] for name in WORDS if name in names)


def has_wrong_type(
    field: ir.Field, schema: Subschema, target: Schema, facts: Facts, report: Report, asked: tuple[Label, ...]
) -> bool:
    """Report a field none of whose types the target allows (M401; M402 where it is always null)."""
    types = facts.types(field.value)
    if types == {"null"} and not field.required:
        return False
    if any(allows_type(target.document, schema, name) for name in types):
        return False
    found = in_words(types)
    report.add(
        "M402" if types == {"null"} else "M401",
        f"`{field.name}` cannot be {found}",
        field.value.span,
        f"this is always {found}",
        _cast_hints(target, schema, types),
        Severity.ERROR,
        asked,
    )
    return True


def _cast_hints(target: Schema, schema: Subschema, types: frozenset[str]) -> tuple[str, ...]:
    if isinstance(schema, dict) and schema.get("format") == "date-time" and types & READABLE_TIMES:
        return ("convert it with `as: timestamp`",)
    kinds = [k for k in CASTABLE if k.value in JSON_TYPES and allows_type(target.document, schema, k.value)]
    if len(kinds) != 1 or not types & CASTABLE[kinds[0]]:
        return ()
    return (f"convert it with `as: {kinds[0].value}`",)


def check_operands(value: ir.Value, facts: Facts, report: Report) -> None:
    """Report an operand that its operator or cast can never take (M401)."""
    match value:
        case ir.Merge(operands):
            for operand in operands:
                _check_operand(operand, "`merge` takes objects", {"object", "null"}, facts, report)
        case ir.MapItems(source):
            _check_operand(source, "`map` takes an array", {"array", "null"}, facts, report)
        case ir.Pick(inner) | ir.Omit(inner) | ir.Rename(inner):
            verb = type(value).__name__.lower()
            _check_operand(inner, f"`{verb}` takes an object", {"object", "null"}, facts, report)
        case ir.Cast(inner, kind):
            taken = CASTABLE[kind] | {"null"}
            _check_operand(inner, f"`as: {kind.value}` always fails", taken, facts, report)
        case ir.Timestamp(inner):
            _check_operand(inner, "`as: timestamp` always fails", READABLE_TIMES | {"null"}, facts, report)
        case _:
            pass


def _check_operand(
    operand: ir.Value, headline: str, taken: frozenset[str] | set[str], facts: Facts, report: Report
) -> None:
    types = facts.types(operand)
    if types and not types & taken:
        found = in_words(types)
        report.error("M401", f"{headline}, found {found}", operand.span, f"this is always {found}")
