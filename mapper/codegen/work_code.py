"""Work of a mapping: that of its program, and that of checking its events by the target schema."""

from __future__ import annotations

import json

from mapper import ir
from mapper.codegen.validator_code import FORMAT, SchemaChecks, is_inlined, units_of_schema
from mapper.codegen.writer import Writer
from mapper.ir.growth import size_bound
from mapper.ir.text_work import length_of
from mapper.ir.units import ENDLESS, NOTHING, Units, either, size_of, total
from mapper.ir.work import bounds_of, item_units
from mapper.regex.searches import units_of
from mapper.runtime.limits import active
from mapper.runtime.work import ENTERED, Work
from mapper.schemas.questions import Subschema, subschemas

_BLANK = r"\S"  # the pattern that is no search


def work_of(program: ir.Program, target: Subschema, *, is_few: bool = False) -> Work:
    """The work of the items of a mapping, with the checks of their events.

    With `is_few` it is that of items that can be mapped without counting: their lists have few elements. Few
    items may be large; else it is the smaller bound for small bodies, unless that for large ones is harmless.
    """
    if is_few:
        return _work(program, target, is_few=True, is_large=True)
    work = _work(program, target, is_few=False, is_large=False)
    if work.is_harmless(active()):
        return work
    of_large = _work(program, target, is_few=False, is_large=True)
    return of_large if of_large.is_harmless(active()) else work


def _work(program: ir.Program, target: Subschema, *, is_few: bool, is_large: bool) -> Work:
    found = bounds_of(program, is_few=is_few, is_large=is_large)
    if SchemaChecks(Writer(), target).must_stay_whole:
        found += ENDLESS
    else:
        found += _of_checks(program.output, target, is_large)
    return found.work(item_units(program) + units_of_schema(target), program.each)


def _of_checks(node: ir.Value, schema: Subschema, is_large: bool) -> Units:
    """The work of checking a value, apart from the units of the schema itself."""
    if isinstance(schema, bool):
        return NOTHING
    if not is_inlined(schema):
        return ENDLESS
    if isinstance(node, ir.Record):
        properties, additional = schema.get("properties", {}), schema.get("additionalProperties", True)
        rest = total(
            _of_checks(field.value, properties.get(field.name, additional), is_large) for field in node.fields
        )
        return Units(len(node.fields) * units_of_schema(additional) + _of_constants(schema)) + rest
    parts = ir.alternatives(node)
    if parts:
        return either(_of_checks(part, schema, is_large) for part in parts)
    return _of_any_value(node, schema, is_large)


def _of_any_value(node: ir.Value, schema: Subschema, is_large: bool) -> Units:
    """The work of checking a value whose parts are not known one by one: each is checked by one subschema."""
    characters = elements = 0
    for _, inner in subschemas(schema):
        if isinstance(inner, bool):
            continue
        if not is_inlined(inner):
            return ENDLESS
        pattern = inner.get("pattern", _BLANK)
        searched = 0 if pattern == _BLANK else units_of(pattern)
        characters = max(characters, searched + (FORMAT if "format" in inner else 0))
        elements = max(elements, _of_constants(inner))
        for keyword in ("items", "additionalProperties"):
            if keyword in inner:
                elements = max(elements, units_of_schema(inner[keyword]) + _of_constants(inner))
    if not characters and not elements:
        return NOTHING
    size = size_of(size_bound(node))
    if not isinstance(node, ir.Template):
        return size.characters.times(characters) + size.nodes.times(elements)
    # The event is what the text spells, two characters or more for each value but the first.
    return length_of(node, is_large=is_large).times(characters + (elements + 1) // 2) + Units(elements)


def _of_constants(schema: Subschema) -> int:
    """The units to compare a value with the lists and objects of a schema."""
    allowed = [] if isinstance(schema, bool) else [*schema.get("enum", ()), schema.get("const")]
    return sum(ENTERED * len(json.dumps(value)) for value in allowed if isinstance(value, list | dict))
