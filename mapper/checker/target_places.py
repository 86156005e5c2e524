"""Target places: the fields of an event and of objects built inside it, and the demands of the target."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from mapper import ir
from mapper.checker.types import SchemaTypes, Type, admits
from mapper.checker.types.facts import Bound
from mapper.runtime.missing import MISSING
from mapper.runtime.schema.validation import delegate
from mapper.schemas.schema import Schema

UNKNOWN = object()  # a value that only a payload decides


@dataclass(frozen=True, slots=True)
class TargetPlace:
    """A field that is checked, and the types of the values that fit there.

    `entry` is the field of the event, `inner` the same or a field of an object that the mapping builds inside
    it; `names` lead to it. The whole event is a place, too: it has no names, and is a field of its own.
    """

    entry: ir.Field
    inner: ir.Field
    names: tuple[str, ...]
    wanted: SchemaTypes
    target: Schema

    @property
    def title(self) -> str:
        """The place in words: the names that lead to it."""
        return f"`{'.'.join(self.names)}`" if self.names else "the event"

    def fields_inside(self) -> Iterator[TargetPlace]:
        """The places of the fields of objects that are built here, if the target wants an object."""
        for built in _objects_built(self.inner.value) if self.wanted.upper.objects else ():
            for entry in built.fields:
                wanted = self.wanted.of_member(entry.name)
                yield replace(self, inner=entry, names=(*self.names, entry.name), wanted=wanted)

    def value_in(self, event: object) -> object:
        """The value at the place in what the field alone makes; MISSING if there is none."""
        for name in self.names or (self.entry.name,):
            event = event.get(name, MISSING) if isinstance(event, dict) else MISSING
        return event

    @property
    def surely(self) -> Type:
        """The values that surely fit the schema of this very place."""
        return self.wanted.alone if self.names else self.wanted.lower

    def fits(self, value: object) -> bool:
        """Return True if a value fits the schema of this very place; decided as at run time.

        The bounds decide most values, and jsonschema takes long to import.
        """
        if admits(self.surely, value, Bound.LOWER):
            return True
        if not admits(self.wanted.upper, value):
            return False
        return judge_at(self.wanted, self.target)(value)


def judge_at(wanted: SchemaTypes, target: Schema) -> Callable[[object], bool]:
    """The check of a value against the schema of a place of the target; it decides as at run time."""
    return _validator(target.json, json.dumps(wanted.schema))


@lru_cache(maxsize=64)
def _validator(document: str, schema: str) -> Callable[[object], bool]:
    """The check of a schema whose references are those of a document."""
    whole = json.loads(document)
    names = whole.get("$defs", {})
    fresh = next(name for name in ("_" * count for count in range(1, len(names) + 2)) if name not in names)
    whole["$defs"] = {**names, fresh: json.loads(schema)}
    return delegate(json.dumps(whole), f"/$defs/{fresh}")


def _objects_built(value: ir.Value) -> Iterator[ir.Record]:
    """The objects that a mapping builds for a value: itself, or an alternative of it."""
    if isinstance(value, ir.Record):
        yield value
    for option in ir.alternatives(value):
        yield from _objects_built(option)


def fields_below(place: TargetPlace) -> Iterator[TargetPlace]:
    """The fields of all objects that are built inside a field, also in lists and behind modifiers.

    They are places for messages: the values wanted there are those around.
    """
    value = place.inner.value
    if isinstance(value, ir.Record):
        for entry in value.fields:
            inner = replace(place, inner=entry, names=(*place.names, entry.name))
            yield inner
            yield from fields_below(inner)
        return
    for child in ir.children(value):
        yield from fields_below(replace(place, inner=replace(place.inner, value=child)))


def constant_of(value: ir.Value) -> object:
    """The value that is the same for every payload; UNKNOWN for any other."""
    match value:
        case ir.Literal(constant):
            return constant
        case ir.Array(values):
            elements = [constant_of(each) for each in values]
            return UNKNOWN if UNKNOWN in elements else elements
        case ir.Record(fields):
            members = {entry.name: constant_of(entry.value) for entry in fields}
            if UNKNOWN in members.values():
                return UNKNOWN
            left_out = {entry.name for entry in fields if members[entry.name] is None and not entry.nullable}
            return {name: each for name, each in members.items() if name not in left_out}
        case _:
            return UNKNOWN
