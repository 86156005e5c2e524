"""From schemas: a JSON Schema (2020-12) in, the types of the values that fit it out.

A schema is read from both sides. The upper type is never narrower than the schema: it holds all values that
may fit. The lower type is never wider: each of its values fits. A keyword that the types cannot follow leaves
a gap between them and is noted as an obstacle, as is a schema that refers back to itself. References stay
within the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mapper.budget import spend
from mapper.checker.types.bounds import ALL, NONE, UNKNOWN, Bounds, both, either, exactly, outside, settled
from mapper.checker.types.demands import (
    Demand,
    of_arrays,
    of_objects,
    of_unevaluated_elements,
    of_unevaluated_members,
)
from mapper.checker.types.facts import ANYTHING, Bound, Numbers, Texts, Type, Unfollowed
from mapper.checker.types.lattice import facts_of, join_all, overlaps
from mapper.checker.types.literals import literal_type
from mapper.checker.types.named import NEVER, kind_type
from mapper.checker.types.number_facts import is_multiple, is_within, meet_numbers, without_numbers
from mapper.checker.types.text_facts import meet_texts, without_texts
from mapper.checker.types.written_schemas import SchemaTexts
from mapper.runtime.digits import EXACT
from mapper.runtime.schema.formats import CHECKED
from mapper.schemas.questions import Pointer, Subschema, find_reference, subschemas

_OF_NUMBERS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"))
_OF_TEXTS = frozenset(("minLength", "maxLength", "pattern", "format"))
_OF_MEMBERS = ("properties", "patternProperties", "additionalProperties", "required")
# Keywords that mean something together.
_TOGETHER = {
    "if": ("if", "then", "else"),
    "contains": ("contains", "minContains", "maxContains"),
    **dict.fromkeys(("prefixItems", "items"), ("prefixItems", "items")),
    **dict.fromkeys(("properties", "patternProperties"), _OF_MEMBERS),
    "multipleOf": ("type", "const", "enum", *sorted(_OF_NUMBERS | _OF_TEXTS)),
}
_MAX_DEPTH = 30  # of subschemas; deeper ones permit everything
_MAX_COMPARED = 24  # alternatives of `oneOf`, each compared with each


def read_schema(document: Subschema, schema: Subschema | None = None) -> Type:
    """The type of the values that may fit a document, or one of its subschemas."""
    return SchemaReading(document).read(document if schema is None else schema).upper


@dataclass(slots=True)
class SchemaReading:
    """One reading of a document; `done`, `open` and `obstacles` hold subschemas by identity.

    Those that are done are kept, so that no other one takes the identity of one that was put together.

    Equal types of scalars are one object in `plain`: most combinations end at once then.

    `obstacles` are the keywords of a subschema that its facts do not follow exactly.
    """

    document: Subschema
    done: dict[int, tuple[Subschema, Bounds]] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)
    plain: dict[Type, Bounds] = field(default_factory=dict)
    obstacles: dict[int, dict[str, None]] = field(default_factory=dict)
    texts: SchemaTexts = field(init=False)
    _pointers: dict[int, Pointer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.texts = SchemaTexts(self.document)

    @property
    def pointers(self) -> Mapping[int, Pointer]:
        """The pointer to each subschema."""
        if not self._pointers:
            self._pointers = {id(node): pointer for pointer, node in subschemas(self.document)}
        return self._pointers

    def read(self, schema: Subschema, depth: int = 0) -> Bounds:
        """The bounds of the values that fit a subschema of the document."""
        spend()
        if isinstance(schema, bool):
            return ALL if schema else NONE
        mark = id(schema)
        if mark in self.done:
            return self.done[mark][1]
        if mark in self.open or depth > _MAX_DEPTH:
            return UNKNOWN
        self.open.add(mark)
        try:
            found = self._whole(schema, depth + 1)
        finally:
            self.open.discard(mark)
        if found.is_exact and not (found.upper.arrays or found.upper.objects or found.upper.unfollowed):
            found = self.plain.setdefault(found.upper, found)
        if depth < _MAX_DEPTH:
            self.done[mark] = (schema, found)
        return found

    def _whole(self, schema: Mapping[str, Any], depth: int) -> Bounds:
        def read(part: Subschema | None) -> Bounds:
            return self._part(schema, part, depth)

        found = self._values(schema)
        if found.upper.arrays:
            for demand in of_arrays(schema, read):
                found = self._meet(schema, found, demand)
        if found.upper.objects:
            for demand in of_objects(schema, read):
                found = self._meet(schema, found, demand)
        for keyword, part in self._always(schema):
            bounds = read(part)
            written = {"allOf": [part]} if keyword == "allOf" else {keyword: schema[keyword]}
            if bounds is UNKNOWN:
                known = self._as_written(schema, written, Bounds(_kinds_of(part), NEVER))
                bounds = known if known.is_exact else UNKNOWN
            found = self._meet(schema, found, Demand(keyword, bounds, (bounds,), written))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                found = self._alternatives(schema, keyword, found, [read(part) for part in schema[keyword]])
        if "if" in schema and ("then" in schema or "else" in schema):
            branches = [read(schema.get(key, True)) for key in ("if", "then", "else")]
            found = self._alternatives(schema, "if", found, branches)
        if "not" in schema:
            excluded = read(schema["not"])
            found = self._meet(schema, found, Demand("not", outside(excluded), (excluded,)))
        for demand in self._later_demands(schema, found, read):
            found = self._meet(schema, found, demand)
        return found if found.is_exact else self._as_written(schema, schema, found)

    def _part(self, schema: Mapping[str, Any], part: Subschema | None, depth: int) -> Bounds:
        bounds = UNKNOWN if part is None else self.read(part, depth)
        if bounds is UNKNOWN:  # a reference that leads back or nowhere, or a part too deep inside of others
            keywords = (keyword for keyword, target in self._always(schema) if target is part)
            self._note(schema, next(keywords, next(iter(schema))))
        return bounds

    def _always(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, Subschema | None]]:
        """The subschemas that must hold together with this one; None for a reference that leads nowhere."""
        for keyword in ("$ref", "$dynamicRef"):
            if keyword in schema:
                yield keyword, find_reference(self.document, schema[keyword])
        for part in schema.get("allOf", ()):
            yield "allOf", part

    def _later_demands(self, schema: Mapping[str, Any], found: Bounds, read: Any) -> Iterator[Demand]:
        """The demands that depend on the other keywords."""
        if "unevaluatedProperties" in schema and found.upper.objects:
            rule = read(schema["unevaluatedProperties"])
            if rule is not ALL:
                yield of_unevaluated_members(self.document, schema, rule)
        if "unevaluatedItems" in schema and found.upper.arrays:
            rule = read(schema["unevaluatedItems"])
            if rule is not ALL:
                yield of_unevaluated_elements(self.document, schema, rule)

    def _meet(self, schema: Mapping[str, Any], found: Bounds, demand: Demand) -> Bounds:
        """The values of a set that a demand permits; notes a keyword that facts do not follow."""
        after = both(found, demand.bounds)
        if after.is_exact:
            return after
        is_new = found.is_exact and demand.bounds.is_exact
        if is_new or demand.is_obstacle:
            self._note(schema, demand.keyword)
        # Other keywords tell which parts are evaluated: the whole schema is written when all of it is read.
        if is_new or not found.is_exact or demand.keyword.startswith("unevaluated"):
            return after
        written = demand.written or _written(schema, demand.keyword)
        bounds = self._as_written(schema, written, demand.bounds)
        return after if bounds is demand.bounds else both(found, bounds)

    def _as_written(self, schema: Mapping[str, Any], part: Mapping[str, Any], found: Bounds) -> Bounds:
        """The very values that fit a part of a schema, of which bounds are known; those if it is too long."""
        text = self.texts.text_of(schema, part)
        if text is None:
            return found
        part_unfollowed = Unfollowed(text, facts_of(found.lower, Bound.LOWER))
        return exactly(replace(found.upper, unfollowed=found.upper.unfollowed | {part_unfollowed}))

    def _alternatives(
        self, schema: Mapping[str, Any], keyword: str, found: Bounds, parts: list[Bounds]
    ) -> Bounds:
        if keyword == "if":
            condition, then, otherwise = parts
            branches = [both(both(found, condition), then), both(both(found, outside(condition)), otherwise)]
        else:
            branches = [both(found, part) for part in parts]
            if keyword == "oneOf":
                branches = _exclusive(branches)
        after = either(branches)
        if after.is_exact:
            return after
        if found.is_exact and all(part.is_exact for part in parts):
            self._note(schema, keyword)
        if found.is_exact:
            after = self._as_written(schema, _written(schema, keyword), after)
        return after

    def _note(self, schema: Mapping[str, Any], keyword: str) -> None:
        self.obstacles.setdefault(id(schema), {})[keyword] = None

    def _values(self, schema: Mapping[str, Any]) -> Bounds:
        """The values of the right kinds, numbers and texts, without regard to other keywords."""
        found = self._listed(schema)
        if "type" in schema:
            named = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
            kinds = join_all(map(kind_type, named))
            found = exactly(kinds) if found is ALL else both(found, exactly(kinds))
        upper, lower = (
            self._scalars(schema, found.side(bound), bound) for bound in (Bound.UPPER, Bound.LOWER)
        )
        after = settled(upper, lower)
        if found.is_exact and not after.is_exact:
            self._note(schema, "multipleOf")
            after = self._as_written(schema, _written(schema, "multipleOf"), after)
        return after

    def _listed(self, schema: Mapping[str, Any]) -> Bounds:
        """The values that `const` and `enum` list."""
        found = ALL
        for keyword in schema.keys() & {"const", "enum"}:
            values = [schema["const"]] if keyword == "const" else schema["enum"]
            listed = settled(_any_of(values, Bound.UPPER), _any_of(values, Bound.LOWER))
            if not listed.is_exact:
                self._note(schema, keyword)
                listed = self._as_written(schema, {keyword: schema[keyword]}, listed)
            found = both(found, listed)
        return found

    def _scalars(self, schema: Mapping[str, Any], found: Type, bound: Bound) -> Type:
        if found.numbers and schema.keys() & _OF_NUMBERS:
            found = replace(found, numbers=_numbers(schema, found.numbers, bound))
        if found.texts and schema.keys() & _OF_TEXTS:
            found = replace(found, texts=_texts(schema, found.texts))
        return found


def _written(schema: Mapping[str, Any], keyword: str) -> Mapping[str, Any]:
    """The part of a schema that consists of a keyword and those on which its meaning depends."""
    together = _TOGETHER.get(keyword, (keyword,))
    return {name: schema[name] for name in together if name in schema}


def _kinds_of(schema: Subschema | None) -> Type:
    """The values of the kinds that a schema names itself."""
    if not isinstance(schema, Mapping) or "type" not in schema:
        return ANYTHING
    named = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return join_all(map(kind_type, named))


def _exclusive(branches: list[Bounds]) -> list[Bounds]:
    """Of each branch the values that are in no other one."""
    if len(branches) > _MAX_COMPARED:
        return [Bounds(branch.upper, NEVER) for branch in branches]
    found = []
    for position, branch in enumerate(branches):
        for other in (*branches[:position], *branches[position + 1 :]):
            if overlaps(branch.upper, other.upper):
                branch = both(branch, outside(other))
        found.append(branch)
    return found


def _any_of(values: list[Any], bound: Bound) -> Type:
    """The type of a list of values; scalars are taken together, so that all of them stay listed."""
    truths = frozenset(value for value in values if isinstance(value, bool))
    numbers = frozenset(
        value for value in values if isinstance(value, int | float) and not isinstance(value, bool)
    )
    texts = frozenset(value for value in values if isinstance(value, str))
    scalars = Type(
        null=None in values,
        booleans=truths,
        numbers=Numbers(values=numbers) if numbers else None,
        texts=Texts(values=texts) if texts else None,
    )
    others = (literal_type(value, bound) for value in values if isinstance(value, list | dict))
    return join_all((scalars, *others), bound)


def _numbers(schema: Mapping[str, Any], numbers: Numbers, bound: Bound) -> Numbers | None:
    step, above, below = (schema.get(key) for key in ("multipleOf", "exclusiveMinimum", "exclusiveMaximum"))
    own = meet_numbers(
        Numbers(low=schema.get("minimum"), high=schema.get("maximum")),
        Numbers(low=above, high=below, open_low=above is not None, open_high=below is not None),
    )
    found = None if own is None else meet_numbers(numbers, own)
    return found if found is None or step is None else _multiples(found, step, bound)


def _multiples(numbers: Numbers, step: int | float, bound: Bound) -> Numbers | None:
    if numbers.values is not None:
        kept = frozenset(value for value in numbers.values if is_multiple(value, step))
        return Numbers(values=kept) if kept else None
    if step != int(step):
        return meet_numbers(numbers, Numbers(steps=frozenset({step})))
    whole = Numbers(integral=True, steps=frozenset({int(step)} - {1}))
    if isinstance(step, int) or step == 1:
        return meet_numbers(numbers, whole)
    # The quotient by a float is exact only as long as the number is.
    exact = meet_numbers(numbers, replace(whole, low=-EXACT, high=EXACT))
    return (
        exact
        if is_within(numbers, EXACT) or bound is Bound.LOWER
        else meet_numbers(numbers, Numbers(integral=True))
    )


def _texts(schema: Mapping[str, Any], texts: Texts) -> Texts | None:
    own = Texts(
        shortest=int(schema.get("minLength", 0)),
        longest=int(schema["maxLength"]) if "maxLength" in schema else None,
        # The types have formats of their own, such as `numeral`; a schema's format of that name is a note.
        formats=CHECKED & {schema.get("format", "")},
        patterns=frozenset({schema["pattern"]} if "pattern" in schema else ()),
    )
    return meet_texts(texts, own)


def remove_literals(found: Type, values: list[Any]) -> Type:
    """The type without some scalars."""
    found = replace(
        found,
        null=found.null and None not in values,
        booleans=found.booleans - {value for value in values if isinstance(value, bool)},
    )
    named = {value for value in values if isinstance(value, int | float) and not isinstance(value, bool)}
    if found.numbers and named:
        found = replace(found, numbers=without_numbers(found.numbers, named))
    texts = {value for value in values if isinstance(value, str)}
    if found.texts and texts:
        found = replace(found, texts=without_texts(found.texts, texts))
    return found
