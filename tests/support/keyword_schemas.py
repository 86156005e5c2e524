"""Random JSON Schemas over every keyword of 2020-12 that judges values, mostly ones that some value fits."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from support.schema_values import FORMATS

Json = Any
PATTERNS = [
    *(r"\S", r"^\S+$", "^[A-Z]{3}$", "^[A-Z]{3,4}$", "^[0-9a-f]{24}$", r"^\d+$", r"^\d+,\d{2}$", "^a", "a$"),
    *(r"^[A-Z]{2}-\d{1,4}$", "^(paid|open|failed)$", r"^https?://", r"^[^@\s]+@[^@\s]+$", r"^\w+$", "^x*$"),
    *(r"^\d{4}-\d{2}-\d{2}$", "^.{1,5}$", r"\d", "^$|^u-", "^(?!x)", r"^-?\d+(\.\d+)?$", "", "[aeiou]{2}"),
]
_ATOMS = [
    "[A-Z]{3}",
    "[0-9a-f]{4}",
    r"\d+",
    r"\d{2}",
    "[a-z]+",
    r"\w*",
    "-",
    ",",
    r"\.",
    "(ab|c)?",
    r"\S+",
    "[^a]",
]
SCALARS: list[Json] = [
    None,
    True,
    False,
    0,
    1,
    5,
    2.5,
    100,
    "",
    "x",
    "y",
    "1",
    "5",
    "EUR",
    "paid",
    "2026-11-23",
]
FEW = ["a", "b", "c"]


def schema_of(chance: Random, depth: int = 0) -> Json:
    """A schema of one or two kinds of values, with some of their keywords."""
    kinds = chance.choices(
        list(_KEYWORDS), (8, 5, 4, 2, 1, 3 if depth < 3 else 0, 4 if depth < 3 else 0), k=1
    )
    if chance.random() < 0.2:
        kinds.append("null")
    if chance.random() < 0.12:
        kinds.append(chance.choice(("string", "number", "integer", "boolean")))
    kinds = list(dict.fromkeys(kinds))
    if chance.random() < 0.06:
        return chance.choice(
            (True, {}, {"enum": chance.sample(SCALARS, 3)}, {"const": chance.choice(SCALARS)})
        )
    found: Json = {"type": kinds[0] if len(kinds) == 1 else kinds}
    for kind in kinds:
        found |= _KEYWORDS[kind](chance, depth)
    return _combined(chance, found, depth) if chance.random() < 0.12 else found


def object_schema(chance: Random, names: list[str]) -> Json:
    """The schema of an item: an object with some names, and now and then keywords over them all."""
    properties = {name: schema_of(chance) for name in names}
    required = [name for name in names if chance.random() < 0.6]
    found: Json = {"type": "object", "properties": properties, "required": required}
    more: list[Callable[[], Json]] = [
        lambda: {"additionalProperties": False},
        lambda: {"unevaluatedProperties": False},
        lambda: {"additionalProperties": schema_of(chance, 2)},
        lambda: {"patternProperties": {chance.choice(("^[a-c]$", "^x-", "d")): schema_of(chance, 2)}},
        lambda: {"minProperties": chance.randint(1, 3)},
        lambda: {"maxProperties": chance.randint(len(required) + 1, 6)},
        lambda: {"dependentRequired": {chance.choice(names): [chance.choice(names)]}},
        lambda: {"dependentSchemas": {chance.choice(names): _of_member(chance, names)}},
        lambda: {"propertyNames": {"maxLength": 8}},
        lambda: {"anyOf": [{"required": [name]} for name in names]},
        lambda: {"oneOf": [_of_member(chance, names), _of_member(chance, names)]},
        lambda: {"allOf": [_of_member(chance, names)]},
        lambda: {"not": {"required": chance.sample(names, 2)}},
        lambda: {"if": _of_member(chance, names), "then": _of_member(chance, names)},
        lambda: {"if": {"required": [chance.choice(names)]}, "else": {"required": [chance.choice(names)]}},
    ]
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        found |= chance.choice(more)()
    return found


def with_reference(chance: Random, schema: Json) -> Json:
    """The schema of an item, one of its members behind a `$ref`."""
    name = chance.choice(list(schema["properties"]))
    part = schema["properties"][name]
    properties = {**schema["properties"], name: {"$ref": "#/$defs/part"}}
    return {**schema, "properties": properties, "$defs": {"part": part}}


def changed(chance: Random, schema: Json) -> Json:
    """A schema near another one: a keyword more, a keyword less, another bound, or null too."""
    if not isinstance(schema, dict):
        return schema
    found = deepcopy(schema)
    match chance.choice(("same", "same", "less", "more", "null", "bound")):
        case "less" if len(found) > 1:
            found.pop(chance.choice([keyword for keyword in found if keyword != "type"]), None)
        case "more":
            kind = chance.choice(_kinds_of(found))
            found |= _KEYWORDS[kind](chance, 2)
        case "null" if "type" in found:
            found["type"] = sorted({*_kinds_of(found), "null"})
        case "bound":
            for keyword, value in found.items():
                if type(value) is int:
                    least = 1 if keyword == "multipleOf" else 0
                    found[keyword] = max(least, value + chance.choice((-1, 1)))
        case _:
            pass
    return found


def _kinds_of(schema: Json) -> list[str]:
    named = schema.get("type", "string")
    return [named] if isinstance(named, str) else list(named)


def _of_member(chance: Random, names: list[str]) -> Json:
    name = chance.choice(names)
    part = chance.choice(
        ({"const": chance.choice(SCALARS)}, {"type": chance.choice(("string", "number"))}, True)
    )
    found: Json = {"properties": {name: part}}
    return found | chance.choice(({"required": [name]}, {"required": [chance.choice(names)]}, {}))


def _combined(chance: Random, found: Json, depth: int) -> Json:
    def other() -> Json:
        return changed(
            chance, {key: value for key, value in found.items() if key != "type"} | {"type": found["type"]}
        )

    match chance.choice(("allOf", "anyOf", "oneOf", "not", "if")):
        case "allOf":
            return found | {"allOf": [other()]}
        case "anyOf":
            return {"anyOf": [found, schema_of(chance, depth + 1)]}
        case "oneOf":
            return {"oneOf": [found, schema_of(chance, depth + 1)]}
        case "not":
            return found | {
                "not": chance.choice(({"const": chance.choice(SCALARS)}, {"enum": ["x", 1, None]}))
            }
        case _:
            return found | {"if": other(), "then": other()}


def _some(chance: Random, makers: dict[str, Callable[[], Json]], share: float = 0.22) -> Json:
    return {name: make() for name, make in makers.items() if chance.random() < share}


def _string(chance: Random, depth: int) -> Json:
    if chance.random() < 0.2:
        texts = ["x", "y", "paid", "open", "1", "2", "", " "]
        return {"enum": chance.sample(texts, chance.randint(1, 5))}
    return chance.choice(
        (
            {},
            {"minLength": chance.choice((0, 1, 1, 2, 3))},
            {"maxLength": chance.choice((1, 5, 10, 255))},
            {"minLength": 1, "maxLength": chance.choice((1, 3, 255))},
            {"pattern": chance.choice(PATTERNS)},
            {"pattern": pattern_of(chance)},
            {"format": chance.choice(list(FORMATS))},
            {"format": chance.choice(("date-time", "uuid", "email", "uri"))},
            {"format": chance.choice(("numeral", "sha256", "trusted", "own"))},
            {"pattern": chance.choice(PATTERNS), "minLength": 1, "maxLength": 30},
        )
    )


def pattern_of(chance: Random) -> str:
    """A pattern of a few atoms, mostly anchored."""
    inner = "".join(chance.choice(_ATOMS) for _ in range(chance.randint(1, 4)))
    return chance.choice(("^{}$", "^{}$", "^{}", "{}")).format(inner)


def _number(chance: Random, depth: int) -> Json:
    makers: dict[str, Callable[[], Json]] = {
        "minimum": lambda: chance.choice((0, 1, -5, 0.5)),
        "maximum": lambda: chance.choice((5, 100, 1000, 9.5, 2**53 - 1)),
        "exclusiveMinimum": lambda: chance.choice((0, -1)),
        "exclusiveMaximum": lambda: chance.choice((10, 100)),
        "multipleOf": lambda: chance.choice((1, 2, 5, 0.5, 0.01)),
    }
    return _some(chance, makers)


def _array(chance: Random, depth: int) -> Json:
    makers: dict[str, Callable[[], Json]] = {
        "prefixItems": lambda: [schema_of(chance, depth + 1) for _ in range(chance.randint(1, 2))],
        "contains": lambda: schema_of(chance, depth + 2),
        "minItems": lambda: chance.choice((0, 1, 2)),
        "maxItems": lambda: chance.choice((2, 3, 5)),
        "uniqueItems": lambda: True,
        "unevaluatedItems": lambda: False,
    }
    found = _some(chance, makers, 0.15)
    if "contains" in found and chance.random() < 0.3:
        found["minContains"] = chance.choice((0, 1, 2))
        found["maxContains"] = 3
    return found | ({"items": schema_of(chance, depth + 1)} if chance.random() < 0.8 else {})


def _object(chance: Random, depth: int) -> Json:
    found: Json = {}
    if chance.random() < 0.85:
        names = chance.sample(FEW, chance.randint(1, 3))
        found["properties"] = {name: schema_of(chance, depth + 1) for name in names}
        found["required"] = [name for name in names if chance.random() < 0.6]
    makers: dict[str, Callable[[], Json]] = {
        "additionalProperties": lambda: chance.choice((False, False, schema_of(chance, depth + 2))),
        "patternProperties": lambda: {chance.choice(("^x-", "^[ab]$", r"\d")): schema_of(chance, depth + 2)},
        "propertyNames": lambda: chance.choice(({"pattern": "^[a-z]+$"}, {"maxLength": 3}, {"enum": FEW})),
        "minProperties": lambda: 1,
        "maxProperties": lambda: 3,
        "dependentRequired": lambda: {chance.choice(FEW): [chance.choice(FEW)]},
        "unevaluatedProperties": lambda: False,
    }
    return found | _some(chance, makers, 0.12)


_KEYWORDS: dict[str, Callable[[Random, int], Json]] = {
    "string": _string,
    "number": _number,
    "integer": _number,
    "boolean": lambda chance, depth: {},
    "null": lambda chance, depth: {},
    "array": _array,
    "object": _object,
}
