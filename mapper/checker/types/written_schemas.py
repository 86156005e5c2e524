"""Written schemas: a text for a schema, the same for all that are written alike, whatever they are named.

Such schemas have the same values. Notes do not count: titles, defaults, formats that nothing checks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mapper.budget import spend
from mapper.runtime.schema.formats import CHECKED
from mapper.schemas.questions import LISTS, MAPS, SINGLES, Subschema, find_reference

MAX_WRITTEN = 500  # subschemas of one text, those behind references included
MAX_TARGETS = 40  # of the references of one text
_REFERENCES = ("$ref", "$dynamicRef")
_NOTES = frozenset(
    {
        *("$schema", "$id", "$anchor", "$dynamicAnchor", "$comment", "$defs", "definitions", "$vocabulary"),
        *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"),
        *("contentEncoding", "contentMediaType", "contentSchema"),
    }
)
_UNORDERED = frozenset({"required", "type", "enum"})


class _TooLong(Exception):
    """The text is too long, or a reference leads nowhere."""


@dataclass(slots=True)
class SchemaTexts:
    """The texts of parts of schemas of a document; `long` are the schemas that have none, by identity."""

    document: Subschema
    long: set[int] = field(default_factory=set)

    def text_of(self, schema: Mapping[str, Any], part: Mapping[str, Any]) -> str | None:
        """The text of a part of a schema; None if that or the schema is too long."""
        if id(schema) in self.long:
            return None
        writing = _Writing(self.document, self.long)
        try:
            forms = [writing.form(part)]
            for target in writing.targets:
                forms.append(writing.form(target))
        except _TooLong:
            self.long.add(id(schema))
            return None
        return json.dumps(forms, sort_keys=True)


@dataclass(slots=True)
class _Writing:
    """The targets of references in the order in which they are met, and the subschemas written so far."""

    document: Subschema
    long: set[int]
    targets: list[Subschema] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    count: int = 0

    def form(self, schema: Any) -> Any:
        """The keywords of a schema that judge values, its references as numbers."""
        spend()
        self.count += 1
        if self.count > MAX_WRITTEN:
            raise _TooLong
        if not isinstance(schema, Mapping):
            return schema
        # Those of one text that have the same targets meet them in the same order.
        return {
            keyword: self.value(keyword, schema[keyword])
            for keyword in sorted(schema)
            if keyword not in _NOTES and (keyword != "format" or schema[keyword] in CHECKED)
        }

    def value(self, keyword: str, value: Any) -> Any:
        """The value of a keyword, its subschemas replaced by their forms."""
        if keyword in _REFERENCES:
            return self.number(value)
        if keyword in SINGLES:
            return self.form(value)
        if keyword in MAPS and isinstance(value, Mapping):
            return {name: self.form(value[name]) for name in sorted(value)}
        if keyword in LISTS and isinstance(value, list):
            return [self.form(part) for part in value]
        if keyword in _UNORDERED and isinstance(value, list):
            return sorted(json.dumps(each, sort_keys=True) for each in value)
        return value

    def number(self, reference: str) -> int:
        """The number of the target of a reference."""
        target = find_reference(self.document, reference)
        if target is None:
            raise _TooLong
        if id(target) not in self.numbers:
            self.numbers[id(target)] = len(self.targets)
            self.targets.append(target)
        if id(target) in self.long or len(self.targets) > MAX_TARGETS:
            raise _TooLong
        return self.numbers[id(target)]
