"""Evaluated: the members and elements that `unevaluatedProperties` and `unevaluatedItems` pass over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from mapper.budget import spend
from mapper.checker.types.facts import Bound
from mapper.regex.searches import searcher
from mapper.schemas.questions import Subschema, find_reference

_MAX_HOPS = 64  # subschemas for one value, one inside the other


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Members by name and by pattern, and the first elements; with `members` or `elements` all of them.

    As an upper bound it holds all that may be evaluated, as a lower bound only what surely is.
    """

    names: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()
    members: bool = False
    prefix: int = 0
    elements: bool = False

    def has_member(self, name: str) -> bool:
        """True if a member is evaluated."""
        return self.members or name in self.names or any(searcher(each)(name) for each in self.patterns)


_NOTHING = Evaluated()


def evaluated(document: Subschema, schema: Subschema, bound: Bound, hops: int = 0) -> Evaluated:
    """The parts of a value that a schema and its subschemas for the same value evaluate (core §11)."""
    spend()
    if isinstance(schema, bool):
        return _NOTHING
    if hops > _MAX_HOPS:
        return Evaluated(members=True, elements=True) if bound is Bound.UPPER else _NOTHING
    own = _own(schema, bound)
    for part in _always(document, schema):
        own = _any(own, evaluated(document, part, bound, hops + 1))
    for branches in _choices(schema):
        inside = [
            reduce(_any, (evaluated(document, part, bound, hops + 1) for part in parts), _NOTHING)
            for parts in branches
        ]
        own = _any(own, reduce(_any if bound is Bound.UPPER else _all, inside))
    if bound is Bound.UPPER:
        for part in schema.get("dependentSchemas", {}).values():
            own = _any(own, evaluated(document, part, bound, hops + 1))
    return own


def evaluated_beside(document: Subschema, schema: Mapping[str, Any], keyword: str, bound: Bound) -> Evaluated:
    """The parts of a value that the other keywords of a schema evaluate."""
    return evaluated(document, {name: rule for name, rule in schema.items() if name != keyword}, bound)


def _own(schema: Mapping[str, Any], bound: Bound) -> Evaluated:
    return Evaluated(
        frozenset(schema.get("properties", ())),
        frozenset(schema.get("patternProperties", ())),
        "additionalProperties" in schema or "unevaluatedProperties" in schema,
        len(schema.get("prefixItems", ())),
        "items" in schema or "unevaluatedItems" in schema or (bound is Bound.UPPER and "contains" in schema),
    )


def _always(document: Subschema, schema: Mapping[str, Any]) -> Iterator[Subschema]:
    yield from schema.get("allOf", ())
    for keyword in ("$ref", "$dynamicRef"):
        if keyword in schema:
            yield find_reference(document, schema[keyword]) or False


def _choices(schema: Mapping[str, Any]) -> Iterator[list[tuple[Subschema, ...]]]:
    """Lists of subschemas; those of at least one tuple of each list hold together."""
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            yield [(branch,) for branch in schema[keyword]]
    if "if" in schema:
        yield [(schema["if"], schema.get("then", True)), (schema.get("else", True),)]


def _any(left: Evaluated, right: Evaluated) -> Evaluated:
    if left is _NOTHING or right is _NOTHING:
        return right if left is _NOTHING else left
    return Evaluated(
        left.names | right.names,
        left.patterns | right.patterns,
        left.members or right.members,
        max(left.prefix, right.prefix),
        left.elements or right.elements,
    )


def _all(left: Evaluated, right: Evaluated) -> Evaluated:
    return Evaluated(
        frozenset(
            name for name in left.names | right.names if left.has_member(name) and right.has_member(name)
        ),
        _shared_patterns(left, right),
        left.members and right.members,
        left.prefix if right.elements else right.prefix if left.elements else min(left.prefix, right.prefix),
        left.elements and right.elements,
    )


def _shared_patterns(left: Evaluated, right: Evaluated) -> frozenset[str]:
    if left.members or right.members:
        return right.patterns if left.members else left.patterns
    return left.patterns & right.patterns
