"""The JSON Schema of the mapping language, built from the tables the reader itself uses.

Written to `schemas/mapping.schema.json` for editors (the `yaml-language-server` line). Only keywords that
draft-07 tools know too.
"""

from __future__ import annotations

from typing import Any

from mapper.language.modifiers import CASTS, CHANGES, MODIFIERS, ON_ERROR, TIME_ONLY
from mapper.language.reader import SKIP_KEYS, TOP_LEVEL
from mapper.language.value_reader import OPERATORS, Form
from mapper.runtime.repair.policy import ENCODING_ERRORS, REPAIRS

Json = dict[str, Any]

_VALUE: Json = {"$ref": "#/$defs/value"}
_TEXT: Json = {"type": "string"}
_NAME: Json = {"type": "string", "minLength": 1, "not": {"pattern": r"^\$|\{\{"}}
_TEXTS: Json = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
_REPAIR: Json = {"enum": list(REPAIRS)}
_VALUES: Json = {"type": "array", "items": _VALUE, "minItems": 1}

_FORMS: dict[Form, Json] = {
    Form.ANY: {},
    Form.TEXT: _TEXT,
    Form.NAME: _NAME,
    Form.TRUE: {"const": True},
    Form.VALUE: _VALUE,
    Form.VALUES: _VALUES,
    Form.LIST: {"$ref": "#/$defs/listValue"},
    Form.FIELDS: {"$ref": "#/$defs/fields"},
}

_PARTS: dict[str, Json] = {
    "cases": {"type": "object", "additionalProperties": _VALUE, "minProperties": 1},
    "then": _VALUE,
    "else": _VALUE,
    "to": _VALUE,
}

_MODIFIERS: dict[str, tuple[Json, str]] = {
    "pick": ({"type": "array", "items": _TEXT}, "Keep only these keys of an object."),
    "omit": ({"type": "array", "items": _TEXT}, "Leave these keys of an object out."),
    "rename": ({"type": "object", "additionalProperties": _TEXT}, "Rename keys of an object: old to new."),
    "as": ({"enum": list(CASTS)}, "The declared type."),
    "from": (_TEXTS, "How a time is written: iso8601, epoch_s, epoch_ms, epoch_us, or a strptime pattern."),
    "zone": (_TEXT, "What zone-less times mean: UTC, +05:30, Asia/Kolkata."),
    "within": (
        {"type": "array", "items": {"type": ["string", "null"]}, "minItems": 2, "maxItems": 2},
        "A window; a time outside counts as missing. Bounds may be relative to received_at.",
    ),
    "default": (_VALUE, "Stands in for a missing or null value."),
    "on_error": ({"enum": [*ON_ERROR, None]}, "What becomes of a value whose cast fails."),
    "on_missing": ({"enum": ["reject"]}, "Declares that an item without this value is rejected."),
}

_TOP: dict[str, tuple[Json, str]] = {
    "mapping": (_TEXT, "The mapping's name."),
    "version": ({"const": 1}, "The version of the mapping language."),
    "description": (_TEXT, "What the mapping is for."),
    "source": (_TEXT, "The JSON Schema of one item; beside the mapping, or in schemas/."),
    "target": (_TEXT, "The JSON Schema of the event; default event.schema.json."),
    "dialect": (_TEXT, "The Liquid engine whose language templates keep to."),
    "encoding_errors": ({"enum": list(ENCODING_ERRORS)}, "What becomes of a body that is not UTF-8."),
    "repair": (
        {"anyOf": [_REPAIR, {"type": "array", "items": _REPAIR, "minItems": 1}]},
        "What may be put right in a body that is not JSON, where it can be read in one way only.",
    ),
    "each": (_TEXTS, "Where the items are; of several paths the first that selects anything."),
    "skip": (
        {"type": "array", "items": {"$ref": "#/$defs/skip"}},
        "Items left out on purpose; the first rule wins.",
    ),
    "event": ({"$ref": "#/$defs/fields"}, "The fields of the event."),
    "template": (_TEXT, "A Liquid text that renders the event as JSON."),
}


def mapping_schema() -> Json:
    """The schema document of a whole mapping file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A mapping from webhook payloads to canonical events",
        "type": "object",
        "properties": {key: _described(*_TOP[key]) for key in TOP_LEVEL},
        "required": ["mapping"],
        "additionalProperties": False,
        "oneOf": [{"required": ["event"]}, {"required": ["template"]}],
        "$defs": {
            "value": _value(),
            "listValue": {"allOf": [_VALUE, {"anyOf": [{"type": ["array", "object"]}, _expression_text()]}]},
            "fields": {"type": "object", "additionalProperties": _VALUE},
            "skip": {
                "type": "object",
                "properties": {"when": _TEXT, "reason": {"type": "string", "pattern": r"\S"}},
                "required": list(SKIP_KEYS),
                "additionalProperties": False,
            },
            **{f"operator_{name}": _operator(name) for name in OPERATORS},
        },
    }


def _described(schema: Json, description: str) -> Json:
    return {"description": description, **schema}


def _expression_text() -> Json:
    return {"type": "string", "pattern": r"^\$|\{\{|\{%"}


def _value() -> Json:
    has_operator = {"type": "object", "anyOf": [{"required": [name]} for name in OPERATORS]}
    return {
        "anyOf": [
            {"type": ["string", "number", "boolean", "null"]},
            {"type": "array", "items": _VALUE},
            *({"$ref": f"#/$defs/operator_{name}"} for name in OPERATORS),
            {"allOf": [{"$ref": "#/$defs/fields"}, {"not": has_operator}]},
        ]
    }


def _operator(name: str) -> Json:
    row = OPERATORS[name]
    properties = {name: _described(_FORMS[row.form], row.sentence)}
    properties |= {part: _PARTS[part] for part in row.companions}
    properties |= {key: _described(*_MODIFIERS[key]) for key in MODIFIERS}
    return {
        "type": "object",
        "properties": properties,
        "required": [name, *row.required],
        "additionalProperties": False,
        "allOf": _modifier_rules(),
    }


def _modifier_rules() -> list[Json]:
    is_time = {"required": ["as"], "properties": {"as": {"const": "timestamp"}}}
    changes = {
        "properties": {"on_error": {"const": "reject"}},
        "anyOf": [{"required": [key]} for key in CHANGES],
    }
    can_fail = {"anyOf": [{"required": ["as"]}, changes]}
    falls_back = {"required": ["on_error"], "properties": {"on_error": {"const": "default"}}}
    return [
        *({"if": {"required": [key]}, "then": is_time} for key in TIME_ONLY),
        {"if": {"required": ["on_error"]}, "then": can_fail},
        {"if": falls_back, "then": {"required": ["default"]}},
        {"not": {"required": ["on_missing", "default"]}},
    ]
