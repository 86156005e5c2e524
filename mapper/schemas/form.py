"""Form: the form of the keywords of a JSON Schema is checked without jsonschema, as far as it is plain.

Importing jsonschema takes most of a second, and its metaschema takes a millisecond for each subschema, so
loading a mapping should need neither. Well-formed subschemas are accepted here. Others are left to
jsonschema, each without those inside of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mapper.runtime.json.types import TYPES
from mapper.schemas.questions import LISTS, MAPS, Pointer, Subschema, children, subschemas

_REFERENCE = re.compile(r"#?[A-Za-z0-9/$_.~-]*").fullmatch
_ANCHOR = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*").fullmatch
_ADDRESS = re.compile(r"[a-z]+:[A-Za-z0-9/._-]*").fullmatch


def _instance_of(*types: type) -> Callable[[Any], bool]:
    """A test for values of these types; true and false are numbers to Python, but not to JSON."""
    return lambda value: isinstance(value, types) and (bool in types or not isinstance(value, bool))


_is_text = _instance_of(str)
_is_number = _instance_of(int, float)
_is_list = _instance_of(list)
_is_schema = _instance_of(dict, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _are_types(value: Any) -> bool:
    return (
        value in TYPES
        if isinstance(value, str)
        else _are_names(value) and bool(value) and set(value) <= {*TYPES}
    )


def _are_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _are_dependents(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_are_names, value.values()))


def _is_step(value: Any) -> bool:
    return _is_number(value) and value > 0


def _matches(match: Callable[[str], object]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and match(value) is not None


# Forms of JSON Schema 2020-12 (Core §8, §10, §11; Validation §6 to §9). Elements of maps and lists of schemas
# are subschemas, which the walk below visits.
_FORMS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("$schema", "$id"), _matches(_ADDRESS)),
    **dict.fromkeys(("$ref", "$dynamicRef"), _matches(_REFERENCE)),
    **dict.fromkeys(("$anchor", "$dynamicAnchor"), _matches(_ANCHOR)),
    **dict.fromkeys(("$comment", "title", "description", "format", "pattern"), _is_text),
    **dict.fromkeys(("contentEncoding", "contentMediaType"), _is_text),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
    **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), _is_count),
    **dict.fromkeys(("deprecated", "readOnly", "writeOnly", "uniqueItems"), _instance_of(bool)),
    **dict.fromkeys(("enum", "examples"), _is_list),
    **dict.fromkeys(("properties", "patternProperties", "dependentSchemas", "$defs"), _instance_of(dict)),
    **dict.fromkeys(("definitions",), _instance_of(dict)),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _are_schemas),
    **dict.fromkeys(("items", "additionalProperties", "contains", "propertyNames"), _is_schema),
    **dict.fromkeys(("not", "if", "then", "else"), _is_schema),
    **dict.fromkeys(("unevaluatedItems", "unevaluatedProperties", "contentSchema"), _is_schema),
    "multipleOf": _is_step,
    "dependentRequired": _are_dependents,
    "required": _are_names,
    "type": _are_types,
}


# Keywords that the metaschema checks and this table does not. The metaschema ignores all others.
_UNUSUAL = frozenset(("$vocabulary", "dependencies", "$recursiveAnchor", "$recursiveRef"))


def unusual_parts(document: Subschema) -> Iterator[tuple[Pointer, Any]]:
    """The subschemas that are not plainly valid, each with `true` for the subschemas inside of it."""
    return ((pointer, _alone(node)) for pointer, node in subschemas(document) if not _is_well_formed(node))


def _is_well_formed(schema: Any) -> bool:
    if isinstance(schema, bool):
        return True
    if not isinstance(schema, dict):
        return False
    for keyword, value in schema.items():
        check = _FORMS.get(keyword)
        if keyword in _UNUSUAL or (check is not None and not check(value)):
            return False
    return True


def _alone(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    alone = dict(schema)
    for keyword in {step[0] for step, _ in children(schema)}:
        value = schema[keyword]
        if isinstance(value, dict) and keyword in MAPS:
            alone[keyword] = dict.fromkeys(value, True)
        else:
            alone[keyword] = [True] * len(value) if isinstance(value, list) and keyword in LISTS else True
    if isinstance(schema.get("dependencies"), dict):  # of older drafts; no stage reads it
        alone["dependencies"] = {}
    return alone
