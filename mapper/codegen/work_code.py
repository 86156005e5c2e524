"""Work of a mapping: that of its program, and that of checking its events by the target schema."""

from __future__ import annotations

from dataclasses import replace

from mapper import ir
from mapper.codegen.validator_code import FORMAT, is_inlined, units_of_schema
from mapper.ir.growth import growth
from mapper.ir.work import work
from mapper.regex.searches import units_of
from mapper.runtime.limits import active
from mapper.runtime.work import UNBOUNDED, Work
from mapper.schemas.questions import Subschema, subschemas


def work_of(program: ir.Program, target: Subschema) -> Work:
    """The work of the items of a mapping, with the checks of their events."""
    found, event, units = work(program), growth(program), _units_of_byte(target)
    if units and event.lists:
        units = UNBOUNDED
    size = event.constant + event.texts * active().text_length
    return replace(
        found,
        units=found.units + units_of_schema(target),
        constant=min(found.constant + units * size, UNBOUNDED),
        own=min(found.own + units * event.own, UNBOUNDED),
        shared=min(found.shared + units * event.shared, UNBOUNDED),
    )


def _units_of_byte(target: Subschema) -> int:
    """The units to check a byte of an event: a character by a pattern, or an element of two bytes."""
    units = 0
    for _, schema in subschemas(target):
        if isinstance(schema, bool):
            continue
        if not is_inlined(schema):
            return UNBOUNDED
        for keyword in ("items", "additionalProperties"):
            if keyword in schema:
                units = max(units, units_of_schema(schema[keyword]) // 2)
        if "pattern" in schema:
            units = max(units, units_of(schema["pattern"]) + FORMAT)
        if "format" in schema:
            units = max(units, FORMAT)
    return units
