"""Forms: the JSON Schema of a key of the language, and the sentence that editors show beside it.

Each key has one row in a table of its reader. The reader, its hints and `mapper.language.mapping_schema` use
the same row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from mapper.runtime.json.equality import equal
from mapper.runtime.json.types import type_of

JsonForm: TypeAlias = dict[str, Any]

ANYTHING: JsonForm = {}
VALUE: JsonForm = {"$ref": "#/$defs/value"}
VALUES: JsonForm = {"type": "array", "items": VALUE, "minItems": 1}
LIST_VALUE: JsonForm = {"$ref": "#/$defs/listValue"}
FIELDS: JsonForm = {"$ref": "#/$defs/fields"}
TEXT: JsonForm = {"type": "string"}
TEXTS: JsonForm = {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]}
KEYS: JsonForm = {"type": "array", "items": TEXT}
VAR_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
VARS: JsonForm = {
    "type": "object",
    "additionalProperties": False,
    "patternProperties": {VAR_NAME: VALUE},
}
_EXPRESSION = r"^\$|\{[{%]"  # a path or Liquid
EXPRESSION: JsonForm = {"type": "string", "pattern": _EXPRESSION}
NAME: JsonForm = {"type": "string", "minLength": 1, "not": {"pattern": _EXPRESSION}}


@dataclass(frozen=True, slots=True)
class LanguageKey:
    """A key of the language: the JSON Schema of its value and one sentence about it."""

    form: JsonForm
    sentence: str

    def described(self) -> JsonForm:
        """The form with its sentence, as an editor reads it."""
        return {"description": self.sentence, **self.form}


def takes(form: JsonForm, value: object) -> bool:
    """True if a form takes a JSON value, by the keywords that the tables of the language use.

    A form that is a value or a list value takes whatever may be one: it can hold an expression.
    """
    if "$ref" in form:
        return (
            form == VALUE
            or isinstance(value, dict if form == FIELDS else list | dict)
            or is_expression(value)
        )
    kinds = form.get("type", type_of(value))
    return (
        type_of(value) in ((kinds,) if isinstance(kinds, str) else kinds)
        and ("const" not in form or equal(form["const"], value))
        and ("enum" not in form or any(equal(each, value) for each in form["enum"]))
        and ("anyOf" not in form or any(takes(each, value) for each in form["anyOf"]))
        and ("not" not in form or not takes(form["not"], value))
        and _takes_inside(form, value)
    )


def _takes_inside(form: JsonForm, value: object) -> bool:
    match value:
        case str():
            is_long_enough = len(value) >= form.get("minLength", 0)
            return is_long_enough and re.search(form.get("pattern", ""), value) is not None
        case list():
            is_in_bounds = form.get("minItems", 0) <= len(value) <= form.get("maxItems", len(value))
            return is_in_bounds and all(takes(form.get("items", ANYTHING), item) for item in value)
        case dict():
            is_whole = len(value) >= form.get("minProperties", 0) and value.keys() >= {
                *form.get("required", ())
            }
            return is_whole and all(_takes_member(form, name, inner) for name, inner in value.items())
        case _:
            return True


def _takes_member(form: JsonForm, name: str, value: object) -> bool:
    inner = form.get("properties", {}).get(name, form.get("additionalProperties", ANYTHING))
    return inner is not False and takes({} if inner is True else inner, value)


def is_expression(value: object) -> bool:
    """True for a text that is a path or Liquid."""
    return isinstance(value, str) and re.search(_EXPRESSION, value) is not None
