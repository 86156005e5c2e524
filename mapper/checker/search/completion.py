"""Completion: a value is changed until it fits a schema, by mending what the schema's validator reports.

The types of `checker.types` do not follow every keyword, so their smallest values need not fit the schema.
And a value need no longer fit if one of its parts is replaced: `dependentRequired` or `oneOf` may then ask
for other members. Each round mends the places that the validator names, with examples for what is wanted
there. Places that are fixed stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Any

from mapper.budget import MAX_NODES, spend
from mapper.checker.search.documents import Place, smaller_values, value_at, with_value
from mapper.checker.types import Type, meet, only
from mapper.checker.types.facts import KINDS
from mapper.checker.types.from_schema import SchemaReading
from mapper.checker.types.witnesses import witnesses
from mapper.runtime.faults import Fault
from mapper.runtime.json.equality import has_repetitions
from mapper.runtime.missing import MISSING
from mapper.runtime.schema.keywords import additional_names, judging
from mapper.runtime.schema.validation import validator_of
from mapper.runtime.work import Meter, metering
from mapper.schemas.questions import Subschema, items_of, property_of, subschemas

_MAX_ROUNDS = 40
_MAX_ERRORS = 30
_MAX_OPTIONS = 12
_MAX_DEPTH = 3  # of alternatives in alternatives
_MAX_EXAMPLES = 40  # tried for one place
_MAX_PARTS = 200  # subschemas that are searched for constants
_WORK = 20_000_000  # units of one validation
_UNITS_A_STEP = 50  # jsonschema takes longer if it explains
_A_CHECK = 150  # steps of the smallest validation
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_KINDS: tuple[object, ...] = ("x", 0, True, None, [], {})


@dataclass(slots=True)
class Completion:
    """Makes values that fit one document of a schema, with the types of one reading of it."""

    document: Mapping[str, Any]
    reading: SchemaReading
    _validator: Any = field(default=None, repr=False)
    _remembers: bool = field(default=False, repr=False)
    _examples: dict[tuple[int, Place | None], tuple[object, list[object]]] = field(
        default_factory=dict, repr=False
    )

    def completed(self, value: object, fixed: Collection[Place] = ()) -> object:
        """A value that fits, as near to the given one as the mending leads; MISSING if it leads nowhere.

        `fixed` are the places that keep their values. A MISSING value stands for any.
        """
        if value is MISSING:
            value = next(iter(self._examples_at(self.document, ())), {})
        return self._toward(self.document, value, (), fixed, 0)

    def _toward(
        self, schema: Subschema, value: object, place: Place, fixed: Collection[Place], depth: int
    ) -> object:
        """A value at a place changed until it fits a subschema; MISSING if that leads nowhere."""
        tried: Counter[tuple[Place, str, int]] = Counter()
        for _ in range(_MAX_ROUNDS >> depth):
            errors = self._errors(schema, value)
            if not errors:
                return value
            mended: list[Place] = []
            for error in errors:
                here = tuple(error.absolute_path)
                if any(here[: len(other)] == other or other[: len(here)] == here for other in mended):
                    continue
                option = self._option(error, value_at(value, here), (*place, *here), fixed, tried, depth)
                if option is not None and (here or option[0] is not MISSING):
                    value = with_value(value, here, option[0])
                    mended.append(here)
            if not mended:
                break
        return MISSING

    def _errors(self, schema: Subschema, value: object) -> list[Any]:
        """The errors of a value, one for each place and keyword. It spends steps for them."""
        if isinstance(schema, bool) and schema:
            return []
        if self._validator is None:
            root, self._remembers = validator_of(self.document, is_counted=True)
            found = root._resolver.lookup(root.schema["$ref"])
            self._validator = root.evolve(schema=found.contents, _resolver=found.resolver)
        meter = Meter(_WORK, _WORK)
        token = metering.set(meter)
        try:
            meter.begin(0)
            with judging(explains=True, remembers=self._remembers):
                errors = self._validator.evolve(schema=schema).iter_errors(value)
                return list(islice(errors, _MAX_ERRORS))
        except (Fault, RecursionError):
            spend(_WORK)
            return []
        finally:
            metering.reset(token)
            spend(_A_CHECK + meter.used // _UNITS_A_STEP)

    def _fits(self, schema: Subschema, value: object) -> bool:
        return not self._errors(schema, value)

    def _option(
        self,
        error: Any,
        value: object,
        place: Place,
        fixed: Collection[Place],
        tried: Counter[tuple[Place, str, int]],
        depth: int,
    ) -> tuple[object] | None:
        """One of the changes that may mend an error, another one if asked again; None if there is none."""
        if any(place[: len(each)] == each for each in fixed):
            return None
        inside = [each[len(place) :] for each in fixed if each[: len(place)] == place]

        def is_kept(option: object) -> bool:
            if option is MISSING and inside:
                return False
            return all(value_at(option, each) == value_at(value, each) for each in inside)

        key = (place, str(error.validator), id(error.validator_value))
        number, tried[key] = tried[key], tried[key] + 1
        options = (each for each in self._options(error, value, place, fixed, depth) if is_kept(each))
        kept = list(islice(options, number, number + 1)) or list(
            islice(self._options(error, value, place, fixed, depth), _MAX_OPTIONS)
        )
        kept = [each for each in kept if is_kept(each)]
        return (kept[number % len(kept)],) if kept else None

    def _options(
        self, error: Any, value: object, place: Place, fixed: Collection[Place], depth: int
    ) -> Iterator[object]:
        """Changes of a value that may mend an error, the most promising first; MISSING removes the value."""
        keyword, rule = error.validator, error.validator_value
        if keyword is None:
            yield MISSING
        elif value is not error.instance and isinstance(value, dict):
            yield from self._renamed(error, value)
        elif keyword in ("anyOf", "oneOf"):
            yield from self._alternatives(rule, value, place, fixed, depth)
        elif isinstance(value, dict):
            yield from self._of_object(keyword, rule, error.schema, value, place)
        elif isinstance(value, list):
            yield from self._of_array(keyword, rule, error.schema, value, place)
        yield from (each for each in self._examples_at(error.schema, place) if each != value)
        yield from self._variants(error.schema, value)
        yield MISSING

    def _renamed(self, error: Any, value: dict[str, Any]) -> Iterator[object]:
        """An object without the member whose name does not fit, and with that member under another name."""
        rest = {name: member for name, member in value.items() if name != error.instance}
        yield rest
        for name in self._examples_at(error.schema, None):
            if isinstance(name, str):
                yield {**rest, name: value.get(error.instance)}

    def _alternatives(
        self, parts: list[Subschema], value: object, place: Place, fixed: Collection[Place], depth: int
    ) -> Iterator[object]:
        if depth >= _MAX_DEPTH:
            return
        by_errors = sorted(parts, key=lambda part: len(self._errors(part, value)))
        for part in by_errors:
            changed = self._toward(part, value, place, fixed, depth + 1)
            if changed is not MISSING and changed is not value:
                yield changed
        for part in by_errors:
            yield from self._examples_at(part, place)

    def _of_object(
        self, keyword: str, rule: Any, schema: Mapping[str, Any], value: dict[str, Any], place: Place
    ) -> Iterator[object]:
        match keyword:
            case "required":
                yield self._with_members(value, rule, place)
            case "dependentRequired":
                wanted = [name for trigger, names in rule.items() if trigger in value for name in names]
                yield self._with_members(value, wanted, place)
                yield from ({k: v for k, v in value.items() if k != trigger} for trigger in rule)
            case "minProperties":
                absent = [name for name in self._names(schema, place) if name not in value]
                for start in range(len(absent)):
                    yield self._with_members(value, absent[start : start + int(rule) - len(value)], place)
            case "maxProperties":
                yield dict(islice(value.items(), int(rule)))
                yield from ({k: v for k, v in value.items() if k != name} for name in value)
            case "additionalProperties":
                extra = set(additional_names(value, schema))
                yield {name: member for name, member in value.items() if name not in extra}
            case "unevaluatedProperties":
                known = {name for name in value if value_at(schema, ("properties", name)) is not MISSING}
                yield from (
                    {k: v for k, v in value.items() if k != name} for name in value if name not in known
                )
                yield {name: member for name, member in value.items() if name in known}

    def _names(self, schema: Mapping[str, Any], place: Place | None) -> dict[str, None]:
        """Names of members that a schema, or the document at a place, may want or allow."""
        names: dict[str, None] = {}
        patterns: dict[str, None] = {}
        for part in _parts((schema, True if place is None else self._wanted_at(place))):
            names |= dict.fromkeys(part.get("properties", ()))
            patterns |= dict.fromkeys(part.get("patternProperties", ()))
            if "propertyNames" in part:
                texts = self._examples_at(part["propertyNames"], None)
                names |= {text: None for text in texts if isinstance(text, str)}
        for pattern in patterns:
            texts = self._examples_at({"type": "string", "pattern": pattern}, None)
            names |= {text: None for text in texts[:3] if isinstance(text, str)}
        return names | dict.fromkeys(("x", *(f"x{number}" for number in range(_MAX_EXAMPLES))))

    def _with_members(self, value: dict[str, Any], names: list[str], place: Place) -> dict[str, Any]:
        members = dict(value)
        for name in names:
            if name not in members:
                found = next(iter(self._examples_at(True, (*place, name))), MISSING)
                if found is not MISSING:
                    members[name] = found
        return members

    def _of_array(
        self, keyword: str, rule: Any, schema: Mapping[str, Any], value: list[Any], place: Place
    ) -> Iterator[object]:
        match keyword:
            case "minItems":
                count = min(int(rule) - len(value), MAX_NODES)
                yield [*value, *self._elements(schema, len(value), count, place)]
                for each in _constants((schema, self._wanted_at(place))):
                    yield [*value, *[each] * count]
                yield from ([*value, *[each] * count] for each in _KINDS)
            case "maxItems":
                yield value[: int(rule)]
            case "items" | "unevaluatedItems":
                yield value[: len(schema.get("prefixItems", ()))]
                yield from (value[:count] for count in range(len(value) - 1, -1, -1))
            case "uniqueItems":
                yield self._without_repetitions(schema, value, place)
            case "contains" | "minContains":
                wanted = schema.get("contains", True)
                found = self._examples_at(wanted, (*place, len(value)))
                count = min(int(schema.get("minContains", 1)) or 1, MAX_NODES)
                for each in found:
                    yield [*value, each]
                yield [*value, *(found[number % len(found)] for number in range(count))] if found else value
                yield from ([each, *value[1:]] for each in found)
            case "maxContains":
                fitting = [each for each in value if self._fits(schema.get("contains", True), each)]
                yield [each for each in value if not any(each is one for one in fitting[int(rule) :])]

    def _elements(self, schema: Mapping[str, Any], start: int, count: int, place: Place) -> Iterator[object]:
        parts = schema.get("prefixItems", ())
        for index in range(start, start + count):
            part = parts[index] if index < len(parts) else schema.get("items", True)
            found = self._examples_at(part, (*place, index)) or ["x"]
            yield found[index % len(found) if schema.get("uniqueItems") else 0]

    def _without_repetitions(self, schema: Mapping[str, Any], value: list[Any], place: Place) -> list[object]:
        kept: list[object] = []
        for index, each in enumerate(value):
            options = [each]
            if has_repetitions([*kept, each]):
                part = (schema.get("prefixItems", [])[index : index + 1] or [schema.get("items", True)])[0]
                options = self._examples_at(part, (*place, index))
            kept += next(([one] for one in options if not has_repetitions([*kept, one])), [])
        return kept

    def _variants(self, schema: Subschema, value: object) -> Iterator[object]:
        """Values that differ from one in a step, and fit the schema of the keyword that refuses it."""
        near: list[object] = list(islice(smaller_values(value), _MAX_EXAMPLES))
        if isinstance(value, dict):
            names = [*self._names(schema, None)] if isinstance(schema, Mapping) else []
            near += [{**value, **dict.fromkeys(names[:count], "x")} for count in (2, 3, 5)]
            near += [{**value, name: each} for name in names[:_MAX_OPTIONS] for each in _KINDS]
        elif isinstance(value, list):
            near += [[*value, *_KINDS[:count]] for count in (2, 3, 5)]
            near += [[*value, each] for each in _KINDS]
        near += _KINDS
        yield from (each for each in near[: 2 * _MAX_EXAMPLES] if each != value and self._fits(schema, each))

    def _examples_at(self, schema: Subschema, place: Place | None) -> list[object]:
        """Values for a subschema at a place, those first that fit it and what the document wants there.

        Without a place they are names.
        """
        key = (id(schema), place)
        known = self._examples.get(key)
        if known is None:
            known = self._examples[key] = (schema, self._made(schema, place))
        return known[1]

    def _wanted_at(self, place: Place) -> Subschema:
        """The schema of the values at a place of the document, whatever the values around it."""
        here: Subschema = self.document
        for step in place:
            is_name = isinstance(step, str)
            here = property_of(self.document, here, str(step)) if is_name else items_of(self.document, here)
        return here

    def _made(self, schema: Subschema, place: Place | None) -> list[object]:
        here = True if place is None else self._wanted_at(place)
        both = [part for part in (schema, here) if part is not True]
        wanted = self.reading.read(here).upper
        if schema is not True:
            wanted = meet(self.reading.read(schema).upper, wanted)
        values = [*_constants(both), *_multiples(both), *_examples_of(wanted)]
        different = list({repr(value): value for value in values}.values())[:_MAX_EXAMPLES]
        fitting = [value for value in different if all(self._fits(part, value) for part in both)]
        return [*fitting, *(value for value in different if value not in fitting)]


def _examples_of(given: Type) -> Iterator[object]:
    """A few values of each kind; the parts of objects and arrays may not be known yet."""
    for kind in KINDS:
        part = only(given, kind)
        yield from islice(witnesses(part), 10)
        if kind in part.kinds and kind in ("array", "object"):
            yield [] if kind == "array" else {}


def _parts(schemas: Sequence[Subschema]) -> Iterator[Mapping[str, Any]]:
    """Some subschemas of schemas, themselves first."""
    for schema in schemas:
        for _, part in islice(subschemas(schema), _MAX_PARTS):
            if isinstance(part, Mapping):
                yield part


def _constants(schemas: Sequence[Subschema]) -> Iterator[object]:
    for part in _parts(schemas):
        yield from part.get("enum", ())
        if "const" in part:
            yield part["const"]


def _multiples(schemas: Sequence[Subschema]) -> Iterator[int | float]:
    """Numbers that are multiples of all that the schemas name, around zero and near the bounds."""
    whole, bounds = Fraction(1), [Fraction(0)]
    for part in _parts(schemas):
        if "multipleOf" in part:
            step = Fraction(str(part["multipleOf"]))
            whole = step if whole == 1 else whole * step / _common(whole, step)
        bounds += [Fraction(str(part[name])) for name in _BOUNDS if name in part]
    for bound in bounds if whole != 1 else ():
        for number in (bound // whole, bound // whole + 1, bound // whole - 1):
            found = number * whole
            yield int(found) if found.denominator == 1 else float(found)


def _common(one: Fraction, other: Fraction) -> Fraction:
    """The greatest number of which both are multiples."""
    while other:
        one, other = other, one % other
    return one
