"""Columns: the target schema of a mapping becomes the types of the columns that hold its events.

A type is narrow only if the schema allows nothing else: text, a moment, an integer, a number, a truth value,
a closed object, or a list of one of these. Every other value is held as its JSON text: objects with members
that the schema does not name, unions such as text or number, values that nest deeper than MAX_LEVELS, and
objects beyond the first MAX_MEMBERS members. A type that is narrower than the events is no danger: `events`
finds each value that its column cannot hold.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from mapper.budget import TooComplex, limited
from mapper.runtime.json.types import TYPES
from mapper.schemas.questions import (
    Subschema,
    allows_null,
    allows_type,
    demands_keyword,
    find_reference,
    is_closed,
    items_of,
    properties_of,
    required_of,
)

MAX_LEVELS = 8  # of structs and lists inside each other
MAX_MEMBERS = 1_000  # of an event and of all its structs
_STEPS = 200_000  # of questions about a schema (`mapper.budget`), about a second


class Plain(Enum):
    """The types of values without parts; JSON is the text of any value."""

    TEXT = auto()
    MOMENT = auto()
    INTEGER = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    JSON = auto()


@dataclass(frozen=True, slots=True)
class ListType:
    """A list; `has_nulls` if its elements may be null."""

    element: ColumnType
    has_nulls: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object.

    Null in its column means JSON's null if it `is_required`; otherwise that the member is absent.
    """

    name: str
    type: ColumnType
    is_required: bool
    allows_null: bool


@dataclass(frozen=True, slots=True)
class StructType:
    """An object with no other members than these."""

    members: tuple[Member, ...]


ColumnType: TypeAlias = Plain | ListType | StructType


def columns_of(target: str) -> tuple[Member, ...]:
    """The columns for the events of a target schema, given as JSON text; none if it is too complex."""
    document = json.loads(target)
    try:
        with limited(_STEPS):
            return _ColumnReader(document).members(document, 0)
    except TooComplex:
        return ()


@dataclass(slots=True)
class _ColumnReader:
    """Reads the types of one schema; `left` is the number of members that may still become columns."""

    document: Subschema
    left: int = MAX_MEMBERS

    def members(self, schema: Subschema, level: int) -> tuple[Member, ...]:
        """The members of an object that get a column; of names that differ in case alone only the first."""
        required = required_of(self.document, schema)
        named: dict[str, tuple[str, Subschema]] = {}
        for name, demand in properties_of(self.document, schema).items():
            if name and name.isprintable():
                named.setdefault(name.casefold(), (name, demand))
        found: list[Member] = []
        for name, demand in named.values():
            if self.left <= 0:
                break
            self.left -= 1
            has_null = allows_null(self.document, demand)
            found.append(Member(name, self._type(demand, level), name in required, has_null))
        return tuple(found)

    def _type(self, schema: Subschema, level: int) -> ColumnType:
        kinds = {name for name in TYPES if name != "null" and allows_type(self.document, schema, name)}
        match sorted(kinds):
            case ["string"]:
                is_moment = demands_keyword(self.document, schema, "string", "format", _is_date_time)
                return Plain.MOMENT if is_moment else Plain.TEXT
            case ["integer", "number"]:
                is_whole = demands_keyword(self.document, schema, "integer", "type", _is_whole)
                return Plain.INTEGER if is_whole else Plain.NUMBER
            case ["boolean"]:
                return Plain.BOOLEAN
            case ["object"] if level < MAX_LEVELS:
                return self._struct(self._without_others(schema, "object"), level + 1)
            case ["array"] if level < MAX_LEVELS:
                return self._list(self._without_others(schema, "array"), level + 1)
            case _:
                return Plain.JSON

    def _without_others(self, schema: Subschema, name: str) -> Subschema:
        """The schema without those of its choices that no value of a JSON type fits, as null in most."""
        hops = 0
        while isinstance(schema, dict) and schema.keys() == {"$ref"} and hops < MAX_LEVELS:
            schema, hops = find_reference(self.document, schema["$ref"]) or True, hops + 1
        if isinstance(schema, bool):
            return schema
        choices = {keyword: schema[keyword] for keyword in ("anyOf", "oneOf") if keyword in schema}
        return {
            **schema,
            **{
                keyword: [one for one in branches if allows_type(self.document, one, name)]
                for keyword, branches in choices.items()
            },
        }

    def _struct(self, schema: Subschema, level: int) -> ColumnType:
        named = properties_of(self.document, schema)
        if not named or not is_closed(self.document, schema):
            return Plain.JSON
        members = self.members(schema, level)
        return StructType(members) if len(members) == len(named) else Plain.JSON

    def _list(self, schema: Subschema, level: int) -> ColumnType:
        demand = items_of(self.document, schema)
        element = self._type(demand, level)
        if element is Plain.JSON:
            return Plain.JSON
        return ListType(element, allows_null(self.document, demand))


def _is_date_time(value: object) -> bool:
    return value == "date-time"


def _is_whole(value: object) -> bool:
    types = value if isinstance(value, list) else [value]
    return "integer" in types and "number" not in types
