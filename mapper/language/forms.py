"""Forms: the JSON Schema of a key of the language, and the sentence that editors show beside it.

Each key has one row in a table of its reader. The reader, its hints and `mapper.language.mapping_schema` use
the same row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

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
NAME: JsonForm = {"type": "string", "minLength": 1, "not": {"pattern": r"^\$|\{\{"}}


@dataclass(frozen=True, slots=True)
class LanguageKey:
    """A key of the language: the JSON Schema of its value and one sentence about it."""

    form: JsonForm
    sentence: str

    def described(self) -> JsonForm:
        """The form with its sentence, as an editor reads it."""
        return {"description": self.sentence, **self.form}
