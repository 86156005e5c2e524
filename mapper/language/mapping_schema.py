"""Mapping schema: the JSON Schema of the mapping language, built from the tables that the reader uses.

It is written to `schemas/mapping.schema.json` for editors (the `yaml-language-server` line). Its keywords are
also in draft-07, which many editors read.
"""

from __future__ import annotations

from mapper.language.body_reader import body_form, unread_form
from mapper.language.forms import EXPRESSION, FIELDS, VALUE, JsonForm
from mapper.language.modifiers import CHANGES, MODIFIERS
from mapper.language.reader import RULE_KEYS, TOP_LEVEL
from mapper.language.time_modifiers import TIME_MODIFIERS
from mapper.language.value_reader import OPERATORS


def mapping_schema() -> JsonForm:
    """The schema document of a whole mapping file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A mapping from webhook payloads to canonical events",
        "type": "object",
        "properties": {name: key.described() for name, key in TOP_LEVEL.items()},
        "required": ["mapping"],
        "additionalProperties": False,
        "oneOf": [{"required": ["event"]}, {"required": ["template"]}],
        "allOf": [unread_form()],
        "$defs": {
            "body": body_form(),
            "value": _value(),
            "listValue": {"allOf": [VALUE, {"anyOf": [{"type": ["array", "object"]}, EXPRESSION]}]},
            "fields": {"type": "object", "additionalProperties": VALUE},
            "rule": {
                "type": "object",
                "properties": {name: key.described() for name, key in RULE_KEYS.items()},
                "required": list(RULE_KEYS),
                "additionalProperties": False,
            },
            **{f"operator_{name}": _operator(name) for name in OPERATORS},
        },
    }


def _value() -> JsonForm:
    has_operator = {"type": "object", "anyOf": [{"required": [name]} for name in OPERATORS]}
    return {
        "anyOf": [
            {"type": ["string", "number", "boolean", "null"]},
            {"type": "array", "items": VALUE},
            *({"$ref": f"#/$defs/operator_{name}"} for name in OPERATORS),
            {"allOf": [FIELDS, {"not": has_operator}]},
        ]
    }


def _operator(name: str) -> JsonForm:
    operator = OPERATORS[name]
    properties = {name: operator.described(), **operator.companions}
    properties |= {modifier: key.described() for modifier, key in MODIFIERS.items()}
    return {
        "type": "object",
        "properties": properties,
        "required": [name, *operator.required],
        "additionalProperties": False,
        "allOf": _modifier_rules(),
    }


def _modifier_rules() -> list[JsonForm]:
    is_time = {"required": ["as"], "properties": {"as": {"const": "timestamp"}}}
    changes = {
        "properties": {"on_error": {"const": "reject"}},
        "anyOf": [{"required": [key]} for key in CHANGES],
    }
    can_fail = {"anyOf": [{"required": ["as"]}, changes]}
    falls_back = {"required": ["on_error"], "properties": {"on_error": {"const": "default"}}}
    return [
        *({"if": {"required": [key]}, "then": is_time} for key in TIME_MODIFIERS),
        {"if": {"required": ["on_error"]}, "then": can_fail},
        {"if": falls_back, "then": {"required": ["default"]}},
        {"not": {"required": ["on_missing", "default"]}},
    ]
