"""Payload types: the types of the items and bodies of a program, from their schemas and the body's format."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mapper import ir
from mapper.checker.inference.path_types import infer_path
from mapper.checker.inference.type_scope import TypeScope, initial_scope
from mapper.checker.types import ANY_MEMBER, ANYTHING, SchemaTypes, Type, join, join_all, only, read_types
from mapper.checker.types.facts import KINDS
from mapper.checker.types.lattice import of_element
from mapper.checker.types.named import EMPTY_OBJECT, TEXT, object_with
from mapper.schemas.schema import Schema

_OF_BRACKETS = only(ANY_MEMBER, "missing", "string", "object", "array")


@dataclass(frozen=True, slots=True)
class PayloadTypes:
    """The types of an item and of the whole body. They are known if a schema describes them.

    `source` and `schema` are the JSON Schemas of an item and of the body, None if there is none.
    """

    item: Type = ANYTHING
    body: Type = ANYTHING
    source: Schema | None = None
    schema: Schema | None = None

    @property
    def knows_item(self) -> bool:
        """True if a schema describes the items."""
        return self.source is not None or self.schema is not None

    @property
    def item_of_search(self) -> Type | None:
        """The type of the items of counterexamples; None if they may be anything."""
        return self.item if self.knows_item or self.item != ANYTHING else None


@lru_cache(maxsize=32)
def types_of_schema(schema: Schema) -> SchemaTypes:
    """Both types of the values that fit; cached, because several mappings share one target schema."""
    return read_types(schema.document)


def type_of_schema(schema: Schema) -> Type:
    """The type of the values that may fit."""
    return types_of_schema(schema).upper


def item_type(source: Schema | None) -> Type:
    """The type of an item: that of the source schema, or anything."""
    return ANYTHING if source is None else type_of_schema(source)


def payload_types(program: ir.Program, source: Schema | None, schema: Schema | None) -> PayloadTypes:
    """The types of a program's items and bodies; items without a schema are what `each` finds in a body."""
    body = _format_type(program) if schema is None else type_of_schema(schema)
    if source is not None:
        return PayloadTypes(item_type(source), body, source, schema)
    if body == ANYTHING:
        return PayloadTypes()
    scope = initial_scope(ANYTHING, body)
    item = join_all(_items(path, scope) for path in program.each)
    # If `each` finds nothing, that is reported elsewhere; nothing else follows from it.
    return PayloadTypes(item if item.is_present else ANYTHING, body, None, schema)


def _format_type(program: ir.Program) -> Type:
    policy = program.policy
    if policy.format == "none":
        return EMPTY_OBJECT
    if policy.format == "json":
        return ANYTHING
    read = {} if policy.field is None else {policy.field: ANY_MEMBER}
    return object_with(read, _OF_BRACKETS if policy.nests else TEXT.with_missing())


def _items(path: ir.Path, scope: TypeScope) -> Type:
    """The type of the items that a path of `each` selects; a selected array counts as its elements."""
    found = infer_path(path, scope)
    if not path.is_singular:
        found = of_element(found)
        if isinstance(path.segments[-1].selectors[0], ir.Wildcard | ir.Slice):
            return only(found, *KINDS)
    arrays = only(found, "array")
    others = only(found, *(kind for kind in KINDS if kind != "array"))
    return join(others, only(of_element(arrays), *KINDS)) if arrays.is_present else others
