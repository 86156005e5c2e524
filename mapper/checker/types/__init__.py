"""Types: sets of JSON values, and missing; a lattice that never excludes a value that is possible."""

from mapper.checker.types.facts import ANY_MEMBER, ANYTHING, Arrays, Numbers, Objects, Texts, Type
from mapper.checker.types.from_schema import read_schema
from mapper.checker.types.lattice import is_subtype, join, join_all, meet
from mapper.checker.types.literals import admits, literal_type
from mapper.checker.types.named import (
    MISSING_ONLY,
    NEVER,
    NULL_ONLY,
    only,
    text_type,
    without_missing,
    without_nothing,
)
from mapper.checker.types.schema_types import Obstacle, SchemaTypes, read_types, unknown_types

__all__ = [
    "ANYTHING",
    "ANY_MEMBER",
    "MISSING_ONLY",
    "NEVER",
    "NULL_ONLY",
    "Arrays",
    "Numbers",
    "Objects",
    "Obstacle",
    "SchemaTypes",
    "Texts",
    "Type",
    "admits",
    "is_subtype",
    "join",
    "join_all",
    "literal_type",
    "meet",
    "only",
    "read_schema",
    "read_types",
    "text_type",
    "unknown_types",
    "without_missing",
    "without_nothing",
]
