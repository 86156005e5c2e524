"""Schema form: a parsed document in, whether it is plainly a valid JSON Schema out.

Importing jsonschema takes most of a second, so loading a mapping should not need it. The everyday keywords
are checked here; a document with anything else, or with a fault, is left to jsonschema and its metaschema.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mapper.shapes import TYPES, Subschema, subschemas

_REFERENCE = re.compile(r"#?[A-Za-z0-9/$_.~-]*").fullmatch
_ANCHOR = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*").fullmatch
_ADDRESS = re.compile(r"[a-z]+:[A-Za-z0-9/._-]*").fullmatch


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_anything(value: Any) -> bool:
    return True


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _are_types(value: Any) -> bool:
    return (
        value in TYPES
        if isinstance(value, str)
        else _are_names(value) and bool(value) and set(value) <= {*TYPES}
    )


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _are_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _matches(match: Callable[[str], object]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and match(value) is not None


# The elements of maps and lists of schemas are subschemas, which the walk below comes to by itself.
_FORMS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("$schema", "$id"), _matches(_ADDRESS)),
    **dict.fromkeys(("$ref",), _matches(_REFERENCE)),
    **dict.fromkeys(("$anchor",), _matches(_ANCHOR)),
    **dict.fromkeys(("$comment", "title", "description", "format", "pattern"), _is_text),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
    **dict.fromkeys(("minProperties", "maxProperties"), _is_count),
    **dict.fromkeys(("deprecated", "readOnly", "writeOnly", "uniqueItems"), _is_flag),
    **dict.fromkeys(("const", "default"), _is_anything),
    **dict.fromkeys(("enum", "examples"), _is_list),
    **dict.fromkeys(("properties", "patternProperties", "dependentSchemas", "$defs"), _is_map),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _are_schemas),
    **dict.fromkeys(("items", "additionalProperties", "contains", "propertyNames"), _is_schema),
    **dict.fromkeys(("not", "if", "then", "else"), _is_schema),
    **dict.fromkeys(("unevaluatedItems", "unevaluatedProperties"), _is_schema),
    "required": _are_names,
    "type": _are_types,
}


def is_plainly_valid(document: Subschema) -> bool:
    """Whether every keyword of every subschema is known here and well formed, patterns apart."""
    return all(_is_well_formed(node) for _, node in subschemas(document))


def _is_well_formed(schema: Any) -> bool:
    if isinstance(schema, bool):
        return True
    if not isinstance(schema, dict):
        return False
    for keyword, value in schema.items():
        check = _FORMS.get(keyword)
        if not (check(value) if check is not None else keyword.startswith("x-")):
            return False
    return True
