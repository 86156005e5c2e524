"""What the source schema tells of paths: which fields exist, which can be missing, null or blank."""

from __future__ import annotations

from dataclasses import dataclass, field

from mapper import ir
from mapper.ir.facts import JSON_TYPES, Facts, Nothings
from mapper.schema import Schema
from mapper.shapes import Subschema, allows_type, is_closed, items_of, properties_of, property_of, required_of


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

    def requires(self, name: str) -> bool:
        """Whether a member is always there."""
        return name in required_of(self.document, self.schema)

    def may_be_blank(self) -> bool:
        """Whether an empty or white-space text may stand here."""
        if not self.allows("string"):
            return False
        schema = self.schema
        if isinstance(schema, dict):
            values = [schema["const"]] if "const" in schema else schema.get("enum")
            if values is not None:
                return any(isinstance(v, str) and (not v or v.isspace()) for v in values)
            return schema.get("pattern") != "\\S"
        return True


def whole(schema: Schema | None) -> Known | None:
    """The item itself, or None without a source schema."""
    return None if schema is None else Known(schema.document, schema.document)


@dataclass(frozen=True)
class SourceFacts(Facts):
    """Facts about paths under a source schema, and after the skip rules that precede.

    `present` holds the item's paths (as tuples of names) that a skip rule has shown to be neither missing,
    null nor blank.
    """

    item: Known | None
    present: frozenset[tuple[str, ...]] = field(default=frozenset())

    def of_path(self, path: ir.Path) -> Nothings:
        """The nothings of a path that the schema and the skip rules leave possible."""
        if not path.is_singular or path.root is not ir.Root.ITEM:
            return super().of_path(path)
        names = tuple(s.selectors[0].name for s in path.segments if isinstance(s.selectors[0], ir.Name))
        if len(names) == len(path.segments) and names in self.present:
            return Nothings()
        if self.item is None:
            return super().of_path(path)
        return self._walk(path, self.item)

    def types_of_path(self, path: ir.Path) -> frozenset[str]:
        """The types the schema allows where the path leads."""
        if path.root is not ir.Root.ITEM or self.item is None:
            return JSON_TYPES
        known = self.item
        for segment in path.segments:
            selector = segment.selectors[0]
            known = known.member(selector.name) if isinstance(selector, ir.Name) else known.element()
        return frozenset(name for name in JSON_TYPES if known.allows(name)) or JSON_TYPES

    def _walk(self, path: ir.Path, known: Known) -> Nothings:
        missing = False
        for segment in path.segments:
            match segment.selectors[0]:
                case ir.Name(name):
                    missing = missing or not known.is_only("object") or not known.requires(name)
                    known = known.member(name)
                case _:
                    missing, known = True, known.element()
        return Nothings(missing, known.allows("null"), known.may_be_blank())
