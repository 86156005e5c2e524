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

__all__ = [
    "ANYTHING",
    "ANY_MEMBER",
    "MISSING_ONLY",
    "NEVER",
    "NULL_ONLY",
    "Arrays",
    "Numbers",
    "Objects",
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
    "text_type",
    "without_missing",
    "without_nothing",
]
