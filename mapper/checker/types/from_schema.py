"""From schemas: a JSON Schema (2020-12) in, the type of the values that fit it out.

The type is never narrower than the schema: a keyword that the lattice cannot follow, and a schema that refers
back to itself, permit everything. References stay within the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mapper.budget import spend
from mapper.checker.types.facts import ANYTHING, Arrays, Numbers, Objects, Texts, Type
from mapper.checker.types.lattice import join, join_all, map_member, meet, settle_objects
from mapper.checker.types.literals import literal_type
from mapper.checker.types.named import MISSING_ONLY, NEVER, kind_type, only, without_missing
from mapper.checker.types.number_facts import meet_numbers, without_numbers
from mapper.checker.types.text_facts import meet_texts, without_texts
from mapper.regex.searches import searcher
from mapper.runtime.schema.formats import CHECKED
from mapper.schemas.questions import Subschema, find_reference

_MAX_DEPTH = 30  # of subschemas; deeper ones permit everything
_OF_OBJECTS = ("properties", "patternProperties", "additionalProperties", "required", "minProperties")


def read_schema(document: Subschema, schema: Subschema | None = None) -> Type:
    """The type of the values that fit a document, or one of its subschemas."""
    return _SchemaReading(document).read(document if schema is None else schema, 0)


@dataclass(slots=True)
class _SchemaReading:
    """One reading of a document; `done` and `open` hold subschemas by identity."""

    document: Subschema
    done: dict[int, Type] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)

    def read(self, schema: Subschema, depth: int) -> Type:
        spend()
        if isinstance(schema, bool):
            return ANYTHING if schema else NEVER
        mark = id(schema)
        if mark in self.done:
            return self.done[mark]
        if mark in self.open or depth > _MAX_DEPTH:
            return ANYTHING
        self.open.add(mark)
        found = self._whole(schema, depth + 1)
        self.open.discard(mark)
        if depth < _MAX_DEPTH:
            self.done[mark] = found
        return found

    def _whole(self, schema: Mapping[str, Any], depth: int) -> Type:
        found = self._own(schema, depth)
        for keyword in ("$ref", "$dynamicRef"):
            if keyword in schema:
                target = find_reference(self.document, schema[keyword])
                found = meet(found, ANYTHING if target is None else self.read(target, depth))
        for part in schema.get("allOf", ()):
            found = meet(found, self.read(part, depth))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                found = join_all(meet(found, self.read(part, depth)) for part in schema[keyword])
        if "if" in schema:
            found = self._conditional(schema, found, depth)
        return _without(found, schema["not"]) if "not" in schema else found

    def _conditional(self, schema: Mapping[str, Any], found: Type, depth: int) -> Type:
        then, otherwise = (self.read(schema.get(key, True), depth) for key in ("then", "else"))
        holds = meet(found, self.read(schema["if"], depth))
        return join(meet(holds, then), meet(_without(found, schema["if"]), otherwise))

    def _own(self, schema: Mapping[str, Any], depth: int) -> Type:
        """The values that a schema permits, without `$ref` and the keywords that combine schemas."""
        if "const" in schema:
            found = literal_type(schema["const"])
        elif "enum" in schema:
            found = join_all(map(literal_type, schema["enum"]))
        else:
            found = ANYTHING
        if "type" in schema:
            named = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
            found = meet(found, join_all(map(kind_type, named)))
        if found.numbers:
            found = replace(found, numbers=_numbers(schema, found.numbers))
        if found.texts:
            found = replace(found, texts=_texts(schema, found.texts))
        if found.arrays:
            found = replace(found, arrays=self._arrays(schema, found.arrays, depth))
        if found.objects and any(keyword in schema for keyword in _OF_OBJECTS):
            own = self._objects(schema, depth)
            found = replace(found, objects=meet(Type(objects=found.objects), own).objects)
        return found

    def _arrays(self, schema: Mapping[str, Any], arrays: Arrays, depth: int) -> Arrays | None:
        shortest = schema.get("minItems", 0)
        if "contains" in schema:
            shortest = max(shortest, 1 if schema.get("minContains", 1) else 0)
        element: Type | None = None
        if "items" in schema:
            parts = [self.read(part, depth) for part in schema.get("prefixItems", ())]
            element = join_all([*parts, self.read(schema["items"], depth)])
            if schema["items"] is False:
                schema = {**schema, "maxItems": min(schema.get("maxItems", len(parts)), len(parts))}
        own = Arrays(element, int(shortest), _whole_number(schema.get("maxItems")))
        return meet(Type(arrays=arrays), Type(arrays=own)).arrays

    def _objects(self, schema: Mapping[str, Any], depth: int) -> Type:
        named = schema.get("properties", {})
        patterns = {p: self.read(part, depth) for p, part in schema.get("patternProperties", {}).items()}
        required = set(schema.get("required", ()))
        others = schema.get("additionalProperties", True)
        other = self.read(others, depth)
        members: dict[str, Type] = {}
        for name in (*named, *(n for n in schema.get("required", ()) if n not in named)):
            demands = [self.read(named[name], depth)] if name in named else []
            demands += [part for pattern, part in patterns.items() if searcher(pattern)(name)]
            member = demands[0] if demands else other
            for demand in demands[1:]:
                member = meet(member, demand)
            members[name] = member.with_missing(name not in required)
        rest = None
        if others is not True and others != {}:
            rest = join(join_all([other, *patterns.values()]), MISSING_ONLY)
        nonempty = schema.get("minProperties", 0) > 0
        settled = settle_objects(Objects(members, rest, nonempty))
        return NEVER if settled is None else Type(objects=(settled,))


def _whole_number(value: Any) -> int | None:
    return None if value is None else int(value)


def _numbers(schema: Mapping[str, Any], numbers: Numbers) -> Numbers | None:
    step, above, below = (schema.get(key) for key in ("multipleOf", "exclusiveMinimum", "exclusiveMaximum"))
    integral = step is not None and step == int(step)
    own = meet_numbers(
        Numbers(low=schema.get("minimum"), high=schema.get("maximum"), integral=integral),
        Numbers(low=above, high=below, open_low=above is not None, open_high=below is not None),
    )
    return None if own is None else meet_numbers(numbers, own)


def _texts(schema: Mapping[str, Any], texts: Texts) -> Texts | None:
    own = Texts(
        shortest=int(schema.get("minLength", 0)),
        longest=_whole_number(schema.get("maxLength")),
        # The types have formats of their own, such as `numeral`; a schema's format of that name is a note.
        formats=CHECKED & {schema.get("format", "")},
        patterns=frozenset({schema["pattern"]} if "pattern" in schema else ()),
    )
    return meet_texts(texts, own)


def _without(found: Type, schema: Subschema) -> Type:
    """The values that do not fit a schema; all of them if its keywords cannot be negated."""
    if schema is True or schema == {}:
        return NEVER
    if not isinstance(schema, Mapping):
        return found
    keywords: dict[str, Any] = dict(schema)
    match keywords:
        case {"type": kinds, **others} if not others:
            named = {kinds} if isinstance(kinds, str) else set(kinds)
            return only(found, *(kind for kind in found.kinds if kind not in named))
        case {"const": value, **others} if not others:
            return remove_literals(found, [value])
        case {"enum": values, **others} if not others:
            return remove_literals(found, values)
        case {"required": [name], **others} if (
            set(others) <= {"type"} and others.get("type", "object") == "object"
        ):
            return map_member(found, name, lambda member: only(member, "missing"))
        case {"properties": members, **others} if len(members) == 1 and set(others) <= {"required", "type"}:
            return _without_member(found, members, others)
        case _:
            return found


def _without_member(found: Type, members: Mapping[str, Any], others: Mapping[str, Any]) -> Type:
    (name, schema), *_ = members.items()
    named = isinstance(schema, Mapping) and set(schema) <= {"const", "enum"} and len(schema) == 1
    if not named or others.get("type", "object") != "object" or set(others.get("required", [name])) - {name}:
        return found
    values = [schema["const"]] if "const" in schema else schema["enum"]
    needed = name in others.get("required", ())

    def change(member: Type) -> Type:
        # If the schema does not require the member, an object without it fits the schema too.
        left = remove_literals(member, values)
        return left if needed else without_missing(left)

    return map_member(found, name, change)


def remove_literals(found: Type, values: list[Any]) -> Type:
    """The type without some scalars; in numbers that are not listed they stay, unless they are a bound."""
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
