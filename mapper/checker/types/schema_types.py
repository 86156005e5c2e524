"""Schema types: both bounds of a schema, place by place, with the keywords that keep them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, TypeAlias

from mapper.budget import spend
from mapper.checker.types.facts import ANY_MEMBER, Bound, Type
from mapper.checker.types.from_schema import SchemaReading
from mapper.checker.types.lattice import facts_of, is_subtype, meet, member_of, of_element, of_member
from mapper.checker.types.named import NEVER
from mapper.schemas.questions import (
    Pointer,
    Subschema,
    children,
    find_reference,
    items_of,
    property_of,
    subschemas,
)

# Keywords whose subschemas are for the same value.
_IN_PLACE = frozenset(("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"))
# Keywords that make the type of one member depend on others.
_CHOICES = ("oneOf", "anyOf", "if", "not", "dependentSchemas", "dependentRequired")


_Node: TypeAlias = tuple[Pointer, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A keyword that the types of a schema do not follow exactly; the pointer leads to it."""

    pointer: Pointer
    keyword: str


@dataclass(frozen=True, slots=True, eq=False)
class SchemaTypes:
    """The bounds of the values that a schema permits at one place.

    A type that is a subtype of `lower` surely fits; one without a common value with `upper` never does. At
    the places inside an object, `lower` holds the values that fit whatever else the object has. Even if all
    members are of these types, the object may have too few or too many: only its own type proves that.
    """

    upper: Type
    lower: Type
    reading: SchemaReading = field(repr=False)
    schema: Subschema = field(repr=False)
    around: tuple[Obstacle, ...] = ()

    def of_member(self, name: str) -> SchemaTypes:
        """The types of a member, missing included."""
        parts = [member_of(part, name) for part in facts_of(self.lower, Bound.LOWER).objects]
        lower = reduce(lambda one, other: meet(one, other, bound=Bound.LOWER), parts) if parts else NEVER
        upper = of_member(self.upper, name)
        schema = property_of(self.reading.document, self.schema, name)
        has_choice = len(parts) > 1 and not is_subtype(upper, lower)
        return SchemaTypes(upper, lower, self.reading, schema, self._around(has_choice=has_choice))

    def of_element(self) -> SchemaTypes:
        """The types of all elements of an array, whatever their position."""
        upper, lower = of_element(self.upper), of_element(facts_of(self.lower, Bound.LOWER))
        schema = items_of(self.reading.document, self.schema)
        return SchemaTypes(upper, lower, self.reading, schema, self._around(has_choice=False))

    @property
    def alone(self) -> Type:
        """The values that surely fit the schema of this very place.

        Keywords around it may still make it depend on other members: the place around has them to answer for.
        """
        return self.reading.read(self.schema).lower

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """The keywords that keep the bounds apart: of the place, inside of it, and around it."""
        inside = self._noted(self._reachable(lambda _: True))
        found = dict.fromkeys((*inside, *self.around))
        if not found and not is_subtype(self.upper, self.lower):
            found = dict.fromkeys(self._noted(_nodes(self.reading.document)))
        return tuple(found)

    def _around(self, *, has_choice: bool) -> tuple[Obstacle, ...]:
        nodes = list(self._reachable(_IN_PLACE.__contains__))
        choices = (
            Obstacle((*pointer, keyword), keyword)
            for pointer, node in nodes
            for keyword in _CHOICES
            if has_choice and keyword in node
        )
        return tuple(dict.fromkeys((*choices, *self._noted(nodes), *self.around)))

    def _noted(self, nodes: Iterator[_Node] | list[_Node]) -> Iterator[Obstacle]:
        for pointer, node in nodes:
            for keyword in self.reading.obstacles.get(id(node), ()):
                yield Obstacle((*pointer, keyword), keyword)

    def _reachable(self, is_followed: Callable[[str], bool]) -> Iterator[_Node]:
        """The subschemas of the place behind some keywords, and those behind references; near ones first."""
        pointers = self.reading.pointers
        queue, seen = [self.schema], {id(self.schema)}
        for node in queue:
            spend()
            if isinstance(node, bool):
                continue
            yield pointers.get(id(node), ()), node
            references = (node[key] for key in ("$ref", "$dynamicRef") if key in node)
            inside = (child for steps, child in children(node) if is_followed(str(steps[0])))
            for part in (*(find_reference(self.reading.document, each) for each in references), *inside):
                if part is not None and id(part) not in seen:
                    seen.add(id(part))
                    queue.append(part)


def _nodes(document: Subschema) -> Iterator[_Node]:
    return ((pointer, node) for pointer, node in subschemas(document) if not isinstance(node, bool))


def read_types(document: Subschema) -> SchemaTypes:
    """Both types of the values that fit a document."""
    reading = SchemaReading(document)
    found = reading.read(document)
    return SchemaTypes(found.upper, found.lower, reading, document)


def unknown_types() -> SchemaTypes:
    """The types of a place that no schema describes: anything fits."""
    return SchemaTypes(ANY_MEMBER, ANY_MEMBER, SchemaReading(True), True)
