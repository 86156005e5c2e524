"""What the source schema tells of names: which fields exist, and whether there can be others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mapper.checker.types import Type, read_schema
from mapper.schemas.questions import (
    Subschema,
    allows_type,
    is_closed,
    items_of,
    names_property,
    properties_of,
    property_of,
)
from mapper.schemas.schema import Schema


@dataclass(frozen=True, slots=True)
class Known:
    """A source schema's view of the values that an item path leads to."""

    document: Subschema
    schema: Subschema

    def member(self, name: str) -> Known:
        """What stands under a name."""
        return Known(self.document, property_of(self.document, self.schema, name))

    def element(self) -> Known:
        """What stands in an array."""
        return Known(self.document, items_of(self.document, self.schema))

    def names_member(self, name: str) -> bool:
        """Whether the schema names a member, and allows it."""
        return names_property(self.document, self.schema, name)

    @property
    def names(self) -> dict[str, Subschema]:
        """The members the schema names."""
        return properties_of(self.document, self.schema)

    @property
    def is_closed(self) -> bool:
        """Whether there can be no other members."""
        return is_closed(self.document, self.schema)

    def allows(self, type_name: str) -> bool:
        """Whether a value of this JSON type may stand here."""
        return allows_type(self.document, self.schema, type_name)

    def is_only(self, type_name: str) -> bool:
        """Whether nothing but this JSON type may stand here."""
        others = {"null", "boolean", "number", "string", "array", "object"} - {type_name}
        return self.schema is not False and not any(self.allows(other) for other in others)


@lru_cache(maxsize=32)
def type_of_schema(schema: Schema) -> Type:
    """The type of the values that fit; worked out once where several mappings have the same schema."""
    return read_schema(schema.document)


def whole(schema: Schema | None) -> Known | None:
    """The item itself, or None without a source schema."""
    return None if schema is None else Known(schema.document, schema.document)
