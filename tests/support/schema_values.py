"""Random values that a JSON Schema (2020-12) allows, made from its text and tried by `jsonschema`.

Nothing here comes from `mapper.checker`, whose claims are measured with these values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from support.pattern_texts import text_near
from support.validators import reference

TRIES = 12  # values made for one that fits
DEEP = 6
TYPES = ("object", "string", "number", "array", "integer", "boolean", "null")
# Texts of each format, plain and unusual ones.
FORMATS: dict[str, list[str]] = {
    "date-time": [
        *("2026-11-23T20:00:00Z", "2024-02-29T23:59:59.5+05:30", "2026-11-23T20:00:00.1234567891Z"),
        *(
            "0001-01-02T00:00:00+23:59",
            "9999-12-30T23:59:59-23:59",
            "1969-12-31t23:59:59z",
        ),
    ],
    "date": ["2026-11-23", "2024-02-29", "0001-01-02", "9999-12-30"],
    "time": ["20:00:00Z", "08:30:06.283185+05:30"],
    "duration": ["P1D", "PT36H", "P3Y6M4DT12H30M5S", "P1W"],
    "uuid": ["2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2EB8AA08-AA98-11EA-B4AA-73B441D16380"],
    "uri": ["https://example.com/a?b#c", "urn:isbn:0451450523", "a:"],
    "uri-reference": ["/a/b", "https://example.com", "", "#x"],
    "iri": ["https://exämple.com/ü", "a:b"],
    "iri-reference": ["/ü", "", "x"],
    "uri-template": ["https://example.com/{id}", "{a}"],
    "email": ["ann@example.com", "a@b", '"a b"@x.y'],
    "idn-email": ["ann@exämple.com", "a@b"],
    "hostname": ["example.com", "a", "x-1.y"],
    "idn-hostname": ["exämple.com", "a"],
    "ipv4": ["127.0.0.1", "255.255.255.255"],
    "ipv6": ["::1", "2001:db8::8a2e:370:7334", "::ffff:1.2.3.4"],
    "json-pointer": ["", "/a/b~0", "/"],
    "relative-json-pointer": ["0", "1/a", "2#"],
    "regex": ["^a+$", "", "[a-z]"],
}
TEXTS = [
    *("", " ", "x", "abc", "1", "-5", "0500", "12.5", "1e3", "true", "null", "{}", "[1]", "é", "😀", "a\nb"),
    *("2026-11-23T20:00:00Z", "2026-11-23T20:00:00Z\n", "2026-11-23 20:00:00", "1795464000", "1795464000123"),
    *("12,50", "NaN", "\u2028", "\u00a0", "x" * 300),
]
NUMBERS = [
    *(
        0,
        1,
        -1,
        2,
        3,
        5,
        7,
        10,
        42,
        99,
        100,
        255,
        0.5,
        1.5,
        -0.25,
        1.0,
        2.0,
        19.99,
        1e16,
        1e300,
        -1e300,
        5e-324,
    ),
    *(
        2**31,
        2**53 - 1,
        2**53,
        2**53 + 1,
        -(2**63),
        2**64,
        10**20,
        1_795_464_000,
        1_795_464_000_123,
        253_402_300_800,
    ),
]
NAMES = ["a", "b", "c", "d", "id", "x", "x-1", "a.b", "é", "", "_1"]


def values_of_schema(schema: Any, chance: Random, count: int) -> list[Any]:
    """Up to so many different values that fit, as JSON has them; none if none is found."""
    valid = reference(schema).is_valid
    maker = _Maker(schema, chance)
    found: dict[str, Any] = {}
    for _ in range(TRIES * count):
        maker.share = chance.choice((0.0, 0.5, 0.5, 0.8, 1.0))
        value = maker.value([schema], 0)
        if value is not _NONE and valid(value):
            found.setdefault(json.dumps(value, sort_keys=True), value)
            if len(found) == count:
                break
    return list(found.values())


_NONE = object()


@cache
def _pattern(text: str) -> Any:
    return reference({"pattern": text})


@dataclass(slots=True)
class _Maker:
    """Makes values; `share` is the part of the optional members that an object gets."""

    root: Any
    chance: Random
    share: float = 0.5

    def value(self, schemas: list[Any], depth: int) -> Any:
        """A value that should fit all of some schemas; _NONE if none can be made."""
        if any(part is False for part in schemas):
            return _NONE
        parts = [part for schema in schemas for part in self._parts(schema, 0)]
        chosen = self._listed(parts)
        if chosen is not None:
            return self.chance.choice(chosen) if chosen else _NONE
        kinds = self._kinds(parts)
        if not kinds:
            return _NONE
        if depth > DEEP:
            kinds = [kind for kind in kinds if kind not in ("object", "array")] or kinds
        kind = self.chance.choice(kinds)
        match kind:
            case "null":
                return None
            case "boolean":
                return self.chance.random() < 0.5
            case "string":
                return self._text(parts)
            case "integer" | "number":
                return self._number(parts, kind == "integer")
            case "array":
                return self._array(parts, depth)
            case _:
                return self._object(parts, depth)

    def _parts(self, schema: Any, depth: int) -> Iterator[Mapping[str, Any]]:
        """The schemas to be met, without those that combine others: of each choice one is taken."""
        if schema is False:
            yield {"enum": []}
        if isinstance(schema, bool) or depth > 12:
            return
        yield schema
        for keyword in ("$ref", "$dynamicRef"):
            if keyword in schema:
                yield from self._parts(self._referred(schema[keyword]), depth + 1)
        for part in schema.get("allOf", ()):
            yield from self._parts(part, depth + 1)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                yield from self._parts(self.chance.choice(schema[keyword]), depth + 1)
        if "if" in schema:
            if self.chance.random() < 0.5:
                yield from self._parts(schema["if"], depth + 1)
                yield from self._parts(schema.get("then", True), depth + 1)
            else:
                yield from self._parts(schema.get("else", True), depth + 1)
        for name, part in schema.get("dependentSchemas", {}).items():
            if self.chance.random() < self.share:
                yield {"required": [name]}
                yield from self._parts(part, depth + 1)

    def _referred(self, reference_: str) -> Any:
        found = self.root
        for step in reference_.lstrip("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~").replace("%20", " ")
            if isinstance(found, list):
                found = found[int(name)]
            elif isinstance(found, dict) and name in found:
                found = found[name]
            else:
                return True
        return found

    def _listed(self, parts: list[Mapping[str, Any]]) -> list[Any] | None:
        lists = [[part["const"]] for part in parts if "const" in part]
        lists += [part["enum"] for part in parts if "enum" in part]
        if not lists:
            return None
        texts = [{json.dumps(value, sort_keys=True) for value in values} for values in lists]
        common = set.intersection(*texts)
        return [value for value in lists[0] if json.dumps(value, sort_keys=True) in common]

    def _kinds(self, parts: list[Mapping[str, Any]]) -> list[str]:
        kinds = list(TYPES)
        typed = [
            [part["type"]] if isinstance(part["type"], str) else part["type"]
            for part in parts
            if "type" in part
        ]
        for named in typed:
            kinds = [kind for kind in kinds if kind in named or (kind == "integer" and "number" in named)]
        if "number" in kinds and "integer" in kinds:
            kinds.remove("integer")
        if not typed and any("properties" in part or "required" in part for part in parts):
            kinds += ["object"] * 20
        return kinds

    def _all(self, parts: list[Mapping[str, Any]], keyword: str) -> list[Any]:
        return [part[keyword] for part in parts if keyword in part]

    def _text(self, parts: list[Mapping[str, Any]]) -> str:
        chance = self.chance
        low = int(max(self._all(parts, "minLength"), default=0))
        high = min(self._all(parts, "maxLength"), default=None)
        patterns, formats = self._all(parts, "pattern"), self._all(parts, "format")
        known = [text for name in formats for text in FORMATS.get(name, ())]
        if known:
            found = chance.choice(known)
        elif patterns:
            found = text_near(chance.choice(patterns), chance, chance.choice(("", " ", "x", "\n")))
        else:
            found = chance.choice(TEXTS)
        if len(found) < low or (low and not known and chance.random() < 0.2):
            found += chance.choice("a Z0\u00a0") * (low - len(found))
        return found if high is None else found[: int(high)]

    def _number(self, parts: list[Mapping[str, Any]], is_whole: bool) -> Any:
        chance = self.chance
        lows = self._all(parts, "minimum") + self._all(parts, "exclusiveMinimum")
        highs = self._all(parts, "maximum") + self._all(parts, "exclusiveMaximum")
        low, high = max(lows, default=None), min(highs, default=None)
        near: list[Any] = [bound + by for bound in (low, high) if bound is not None for by in (0, 1, -1, 0.5)]
        if low is not None and high is not None and low <= high:
            near.append(low + (high - low) * chance.random())
            near.append(chance.randint(int(low), max(int(low), int(high))))
        found = chance.choice(near if near and chance.random() < 0.7 else NUMBERS)
        steps = self._all(parts, "multipleOf")
        if steps and abs(found) < 1e15:
            step = chance.choice(steps)
            found = round(found / step) * step
        return int(found) if is_whole and abs(found) < 1e300 and chance.random() < 0.8 else found

    def _array(self, parts: list[Mapping[str, Any]], depth: int) -> Any:
        chance = self.chance
        low = int(max(self._all(parts, "minItems"), default=0))
        high = int(min(self._all(parts, "maxItems"), default=low + 3))
        size = max(low, min(high, chance.choice((low, low, low + 1, low + 2, high))))
        found = []
        for index in range(min(size, 40)):
            found.append(self.value(self._of_index(parts, index), depth + 1))
        for part in parts:
            if "contains" in part:
                least = int(part.get("minContains", 1))
                for _ in range(least):
                    at = (
                        chance.randrange(len(found) + 1)
                        if len(found) < high
                        else chance.randrange(max(1, len(found)))
                    )
                    made = self.value([part["contains"], *self._of_index(parts, at)], depth + 1)
                    found[at : at + (len(found) >= high)] = [made]
        if True in self._all(parts, "uniqueItems"):
            found = list({repr(element): element for element in found}.values())
        return _NONE if any(element is _NONE for element in found) else found

    def _of_index(self, parts: list[Mapping[str, Any]], index: int) -> list[Any]:
        found = []
        for part in parts:
            first = part.get("prefixItems", [])
            if index < len(first):
                found.append(first[index])
            elif "items" in part:
                found.append(part["items"])
            elif "unevaluatedItems" in part:
                found.append(part["unevaluatedItems"])
        return found

    def _object(self, parts: list[Mapping[str, Any]], depth: int) -> Any:
        chance = self.chance
        share = self.share if depth < DEEP else 0.0
        required = {name for names in self._all(parts, "required") for name in names}
        known = dict.fromkeys(name for part in parts for name in part.get("properties", {}))
        names = {name for name in (*known, *sorted(required)) if name in required or chance.random() < share}
        least = int(max(self._all(parts, "minProperties"), default=0))
        if chance.random() < 0.3 or len(names) < least:
            names |= set(self._further(parts, max(1, least - len(names))))
        for _ in range(3):
            for needs in self._all(parts, "dependentRequired"):
                names |= {other for name in needs if name in names for other in needs[name]}
        found = {}
        for name in sorted(names):
            value = self.value(self._of_name(parts, name), depth + 1)
            if value is not _NONE:
                found[name] = value
            elif name in required:
                return _NONE
        return found

    def _further(self, parts: list[Mapping[str, Any]], count: int) -> Iterator[str]:
        for _ in range(count):
            patterns = [pattern for part in parts for pattern in part.get("patternProperties", {})]
            rules = self._all(parts, "propertyNames")
            if rules and self.chance.random() < 0.8:
                name = self.value([*rules, {"type": "string"}], DEEP)
            elif patterns and self.chance.random() < 0.7:
                name = text_near(self.chance.choice(patterns), self.chance)
            else:
                name = self.chance.choice(NAMES)
            if isinstance(name, str):
                yield name

    def _of_name(self, parts: list[Mapping[str, Any]], name: str) -> list[Any]:
        found: list[Any] = []
        for part in parts:
            before = len(found)
            if name in part.get("properties", {}):
                found.append(part["properties"][name])
            for pattern, demand in part.get("patternProperties", {}).items():
                if _pattern(pattern).is_valid(name):
                    found.append(demand)
            if len(found) == before and "additionalProperties" in part:
                found.append(part["additionalProperties"])
            elif len(found) == before and part.get("unevaluatedProperties") not in (None, False):
                found.append(part["unevaluatedProperties"])
        return found
