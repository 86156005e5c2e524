"""Demands: the bounds that the keywords of arrays and objects set, each for one schema.

A demand leaves the other kinds of values alone. `read` gives the bounds of a subschema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

from mapper.budget import memoize
from mapper.checker.types.bounds import ALL, Bounds, if_array, if_object
from mapper.checker.types.evaluated import evaluated_beside
from mapper.checker.types.facts import ANY_MEMBER, ANYTHING, Arrays, Bound, NameRule, Objects, Texts, Type
from mapper.checker.types.lattice import facts_of, join_all, meet, settle_objects
from mapper.checker.types.named import MISSING_ONLY
from mapper.checker.types.text_facts import outside_texts
from mapper.regex.searches import searcher
from mapper.schemas.questions import Subschema

Read: TypeAlias = Callable[[Subschema], Bounds]


@dataclass(frozen=True, slots=True)
class Demand:
    """The bounds that a keyword sets, and those of the subschemas from which they follow.

    `written` is the part of the schema that sets them, if not the keyword and those that belong to it do.
    """

    keyword: str
    bounds: Bounds
    parts: tuple[Bounds, ...] = ()
    written: Mapping[str, Any] | None = None

    @property
    def is_obstacle(self) -> bool:
        """True if the keyword itself is not followed exactly."""
        return not self.bounds.is_exact and all(part.is_exact for part in self.parts)


def of_arrays(schema: Mapping[str, Any], read: Read) -> Iterator[Demand]:
    """The demands on arrays, but for `unevaluatedItems`."""
    shortest, longest = int(schema.get("minItems", 0)), schema.get("maxItems")
    if shortest or longest is not None:
        keyword = "maxItems" if longest is not None else "minItems"
        arrays = Arrays(None, shortest, None if longest is None else int(longest))
        possible = None if arrays.longest is not None and arrays.longest < shortest else arrays
        yield Demand(keyword, if_array(possible, possible))
    if "items" in schema or "prefixItems" in schema:
        yield _items(schema, read)
    if "contains" in schema:
        yield _contains(schema, read(schema["contains"]))
    if schema.get("uniqueItems"):
        yield Demand("uniqueItems", if_array(Arrays(unique=True), Arrays(unique=True)))


def _items(schema: Mapping[str, Any], read: Read) -> Demand:
    first = [read(part) for part in schema.get("prefixItems", ())]
    others = read(schema.get("items", True))
    parts = (*first, others)
    is_closed = others.upper.is_never
    upper, lower = (first, first) if is_closed else (parts, parts)
    arrays = Arrays(
        None if others is ALL else join_all(part.upper for part in upper),
        longest=len(first) if is_closed else None,
    )
    element = reduce(lambda one, part: meet(one, part.lower, bound=Bound.LOWER), lower, ALL.lower)
    bounds = if_array(arrays, Arrays(element, longest=arrays.longest if element.is_present else 0))
    return Demand("prefixItems" if first else "items", bounds, parts)


def _contains(schema: Mapping[str, Any], part: Bounds) -> Demand:
    least, most = int(schema.get("minContains", 1)), schema.get("maxContains")
    longest = None if most is None else int(most)
    if least == 0:
        return Demand("contains", if_array(Arrays(), Arrays(longest=longest)), (part,))
    upper = Arrays(shortest=least) if part.upper.is_present else None
    is_possible = part.lower.is_present and (longest is None or longest >= least)
    lower = Arrays(part.lower, least, longest) if is_possible else None
    return Demand("contains", if_array(upper, lower), (part,))


def of_objects(schema: Mapping[str, Any], read: Read) -> Iterator[Demand]:
    """The demands on objects, but for `unevaluatedProperties`."""
    if any(
        keyword in schema
        for keyword in ("properties", "patternProperties", "additionalProperties", "required")
    ):
        yield _properties(schema, read)
    if "propertyNames" in schema:
        yield _of_names(read(schema["propertyNames"]))
    least, most = int(schema.get("minProperties", 0)), schema.get("maxProperties")
    if least or most is not None:
        limits = (Objects(fewest=least, most=None if most is None else int(most)),)
        yield Demand("minProperties" if most is None else "maxProperties", if_object(limits, limits))
    for name, others in schema.get("dependentRequired", {}).items():
        present = Objects({other: ANY_MEMBER.with_missing(False) for other in others})
        allowed = (_without(name), present)
        yield Demand("dependentRequired", if_object(allowed, allowed))
    for name, other in schema.get("dependentSchemas", {}).items():
        part = read(other)
        upper, lower = ((_without(name), *facts_of(part.side(bound), bound).objects) for bound in Bound)
        written = {"dependentSchemas": {name: other}}
        yield Demand("dependentSchemas", if_object(upper, lower), (part,), written)


def _without(name: str) -> Objects:
    return Objects({name: MISSING_ONLY})


def _properties(schema: Mapping[str, Any], read: Read) -> Demand:
    named = {name: read(part) for name, part in schema.get("properties", {}).items()}
    patterns = {pattern: read(part) for pattern, part in schema.get("patternProperties", {}).items()}
    other = read(schema.get("additionalProperties", True))
    required = frozenset(schema.get("required", ()))
    known = dict.fromkeys((*named, *schema.get("required", ())))
    upper, lower = (
        tuple(_members(named, patterns, other, known, required, bound))
        for bound in (Bound.UPPER, Bound.LOWER)
    )
    keyword = "patternProperties" if patterns else "properties"
    return Demand(keyword, if_object(upper, lower), (*named.values(), *patterns.values(), other))


def _members(
    named: Mapping[str, Bounds],
    patterns: Mapping[str, Bounds],
    other: Bounds,
    known: Iterable[str],
    required: frozenset[str],
    bound: Bound,
) -> Iterator[Objects]:
    searches = [(searcher(pattern), part.side(bound)) for pattern, part in patterns.items()]
    members: dict[str, Type] = {}
    for name in known:
        demands = [named[name].side(bound)] if name in named else []
        demands += [part for search, part in searches if search(name)]
        member = demands[0] if demands else other.side(bound)
        for demand in demands[1:]:
            member = meet(member, demand, bound=bound)
        # Models that others refer to become one type each, so that combinations of them are found again.
        members[name] = memoize(_as_member, member, name not in required, 0)
    rules = [
        NameRule(Texts(patterns=frozenset({pattern})), part.side(bound).with_missing())
        for pattern, part in patterns.items()
        if part is not ALL
    ]
    rest = join_all((other.side(bound), *(part for _, part in searches)), bound)
    if patterns and other is not ALL:  # a name may match any of the patterns, or none
        rules.append(NameRule(Texts(unmatched=frozenset(patterns)), other.side(bound).with_missing()))
    is_open = rest is ALL.upper or other is ALL
    found = settle_objects(Objects(members, None if is_open else rest.with_missing(), rules=tuple(rules)))
    if found is not None:
        yield found


def _as_member(given: Type, is_optional: bool, _depth: int) -> Type:
    return ANY_MEMBER if is_optional and given is ANYTHING else given.with_missing(is_optional)


def _of_names(names: Bounds) -> Demand:
    """The demand of `propertyNames`."""
    upper, lower = (
        _named(facts_of(names.side(bound), bound).texts, bound) for bound in (Bound.UPPER, Bound.LOWER)
    )
    return Demand("propertyNames", if_object((upper,), (lower,)), (names,))


def _named(names: Texts | None, bound: Bound) -> Objects:
    """The objects whose members all have some names."""
    if names is None:
        return Objects({}, MISSING_ONLY)
    if names.values is not None:
        return Objects(dict.fromkeys(sorted(names.values), ANY_MEMBER), MISSING_ONLY)
    # Of the names that no rule forbids, an upper bound may have too many, a lower one too few.
    others = outside_texts(names, bound.opposite)
    return Objects(rules=tuple(NameRule(each, MISSING_ONLY) for each in others))


def of_unevaluated_members(document: Subschema, schema: Mapping[str, Any], rule: Bounds) -> Demand:
    """The demand of `unevaluatedProperties` on objects."""
    keyword = "unevaluatedProperties"

    def allowed(bound: Bound) -> Objects:
        passed = evaluated_beside(document, schema, keyword, bound)
        if passed.members:
            return Objects()
        other, members = rule.side(bound).with_missing(), dict.fromkeys(passed.names, ANY_MEMBER)
        if not passed.patterns:
            return Objects(members, other)
        return Objects(members, rules=(NameRule(Texts(unmatched=passed.patterns), other),))

    return Demand(keyword, if_object((allowed(Bound.UPPER),), (allowed(Bound.LOWER),)), (rule,))


def of_unevaluated_elements(document: Subschema, schema: Mapping[str, Any], rule: Bounds) -> Demand:
    """The demand of `unevaluatedItems` on arrays."""
    keyword = "unevaluatedItems"

    def allowed(bound: Bound) -> Arrays:
        passed = evaluated_beside(document, schema, keyword, bound)
        other = rule.side(bound)
        if passed.elements:
            return Arrays()
        if not other.is_present:
            return Arrays(longest=passed.prefix)
        return Arrays(other) if bound is Bound.LOWER or not passed.prefix else Arrays()

    return Demand(keyword, if_array(allowed(Bound.UPPER), allowed(Bound.LOWER)), (rule,))
