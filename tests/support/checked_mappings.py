"""Random mappings between random schemas: every operator, modifier, kind of Liquid text and condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from support.keyword_schemas import SCALARS, changed, object_schema, schema_of, with_reference

Json = Any
ITEM_NAMES = ["a", "b", "c", "d"]
_CASTS: list[Json] = [
    *(
        {"as": kind}
        for kind in ("string", "string", "integer", "number", "boolean", "object", "array", "json")
    ),
    *(
        {"as": "timestamp", **more}
        for more in ({}, {}, {"from": "epoch_s"}, {"from": ["epoch_ms", "iso8601"]})
    ),
    {"as": "timestamp", "write": "epoch_ms"},
    {"as": "timestamp", "write": {"pattern": "%d.%m.%Y", "zone": "Europe/Berlin"}},
    {"as": "timestamp", "from": "date", "time_of_day": "12:00", "zone": "UTC"},
    {"as": "timestamp", "within": ["2000-01-01", None]},
]
_REACTIONS: list[Json] = [
    *({}, {}, {}, {"on_error": "omit"}, {"on_error": "reject"}, {"on_error": "null"}, {"on_error": "keep"}),
    *({"default": "x"}, {"default": 1}, {"on_missing": "reject"}),
]
_CHANGES: list[Json] = [
    *({"prune": ["null"]}, {"prune": ["null", "blank", "empty"]}, {"flatten": {}}, {"pick": ["a", "b"]}),
    *({"flatten": {"lists": "index"}, "on_error": "reject"}, {"omit": ["a"]}, {"rename": {"a": "b"}}),
    {"as": "object", "on_error": "omit"},
]
_TEXTS = [
    *(
        "{{ P }}",
        "{{ P }}",
        "{{ P }}-{{ Q }}",
        "on {{ P | default: 'x' }}",
        "{{ P | upcase }}",
        "{{ P | size }}",
    ),
    *("{% if P == 'x' %}1{% endif %}", "{% if P %}{{ P }}{% else %}none{% endif %}", "{{ P | plus: 1 }}"),
    *("{% for e in P %}{{ e }}{% unless forloop.last %},{% endunless %}{% endfor %}", "{{ P | date: '%s' }}"),
    *("{% if P.size > 0 %}{{ P[0] }}{% endif %}", "{{ P | divided_by: 2 }}", "{{ P | divided_by: Q }}"),
    *("{{ P | strip | downcase }}", "{{ P | truncate: 5 }}", "{{ P | json }}", "{{ P | round: 2 }}"),
    *("{{ P | slice: 0, 3 }}", "{{ P | split: ',' | first }}", "{{ P | join: '-' }}", "{{ P | sha256 }}"),
    *("{% assign v = P | append: Q %}{{ v }}", "{% case P %}{% when 'x' %}1{% else %}2{% endcase %}", "C"),
    *("{{ P | base64_decode }}", "{{ P | sum }}", "{% capture v %}{{ P }}{% endcapture %}{{ v | size }}"),
]
_COMPUTED = [
    *("P | size", "P | times: 100 | round", "P | plus: Q", "P | minus: Q", "P | divided_by: Q", "P | upcase"),
    *("P | default: 'x'", "P | first", "P | map: 'a' | uniq", "P | join: ','", "P | sort | last", "P | sum"),
    *("P | strip | downcase | sha256", "P | append: Q", "P | where: 'a' | size", "P | abs", "P | split: '-'"),
    *("P | round: 1", "P | at_least: 1", "P | modulo: Q", "P | concat: Q", "P | reverse", "P | ceil", "P"),
]
_CONDITIONS = [
    *("P == blank", "P != nil", "P == 'x'", "P and Q", "P == blank or Q == 'y'", "P != Q", "P > 1", "P >= Q"),
    *("P == true", "P contains 'x'", "P.size > 0", "P == empty", "P", "P == 1 or P == '1'", "Q contains P"),
]
_HOLES = [
    *(
        '"{{ P }}"',
        "{{ P | json }}",
        "{{ P }}",
        '"{{ P | json }}"',
        '"x-{{ P | default: 0 }}"',
        "1",
        '"C"',
        "null",
    ),
    *(
        '{% if P %}"{{ P }}"{% else %}null{% endif %}',
        "[{% for e in P %}{{ e | json }}{% unless forloop.last %},{% endunless %}{% endfor %}]",
        "{{ P | size }}",
        '{"a": {{ P | json }}}',
        "{{ P | default: 0 | json }}",
    ),
]


@dataclass(frozen=True, slots=True)
class Readable:
    """A place of the item: its path, its name in Liquid, and its schema."""

    path: str
    liquid: str
    schema: Json


def checked(chance: Random) -> Json:
    """A mapping with its schemas: `{"mapping": .., "source": .., "target": ..}`."""
    source = object_schema(chance, ITEM_NAMES[: chance.randint(2, 4)])
    if chance.random() < 0.12:
        return templated(chance, source)
    maker = _Maker(chance, list(readable(source, "$", "")))
    event, properties = {}, {}
    for name in ["f", "g", "h"][: chance.choice((1, 1, 2, 3))]:
        event[name], properties[name] = maker.field(0)
    rules = {}
    if chance.random() < 0.3:
        rules["skip"] = [{"when": maker.condition(), "reason": "skipped"}]
    if chance.random() < 0.1:
        rules["reject"] = [{"when": maker.condition(), "reason": "rejected"}]
    if chance.random() < 0.15:
        rules["vars"] = {"v": maker.value(1)}
        event["w"], properties["w"] = {"var": "v"}, schema_of(chance)
    target = _target(chance, properties)
    return _bundle(chance, source, target, {**rules, "event": event})


def templated(chance: Random, source: Json) -> Json:
    """The same with a template."""
    maker = _Maker(chance, list(readable(source, "$", "")))
    names = ["f", "g"][: chance.choice((1, 2))]
    properties = {name: changed(chance, maker.place().schema) for name in names}
    members = ", ".join(f'"{name}": {maker.filled(chance.choice(_HOLES))}' for name in names)
    return _bundle(chance, source, _target(chance, properties), {"template": "{" + members + "}"})


def readable(schema: Json, path: str, liquid: str, depth: int = 0) -> Iterator[Readable]:
    """The places below an object that a path of names and a first element reaches."""
    if not isinstance(schema, dict) or depth > 2:
        return
    for name, part in schema.get("properties", {}).items():
        here = Readable(f"{path}.{name}", f"{liquid}.{name}".lstrip("."), part)
        yield here
        yield from readable(part, here.path, here.liquid, depth + 1)
        if isinstance(part, dict) and "items" in part:
            yield Readable(f"{here.path}[0]", f"{here.liquid}[0]", part["items"])
            yield from readable(part["items"], f"{here.path}[0]", f"{here.liquid}[0]", depth + 1)


def _bundle(chance: Random, source: Json, target: Json, rest: Json) -> Json:
    if chance.random() < 0.1:
        source = with_reference(chance, source)
    mapping = {"mapping": "random", "source": "source.schema.json", "target": "target.schema.json", **rest}
    return {"mapping": mapping, "source": source, "target": target}


def _target(chance: Random, properties: Json) -> Json:
    found: Json = {"type": "object", "properties": properties}
    found["required"] = [name for name in properties if chance.random() < 0.6]
    match chance.choice((0, 0, 0, 1, 2, 3, 4)):
        case 0:
            found["additionalProperties"] = False
        case 1:
            name = chance.choice(list(properties))
            found["patternProperties"] = {f"^{name}$": properties.pop(name)}
        case 2:
            found["minProperties"] = chance.randint(1, 3)
        case 3:
            found["dependentRequired"] = {chance.choice(list(properties)): [chance.choice(list(properties))]}
        case _:
            name = chance.choice(list(properties))
            found["allOf"] = [{"properties": {name: properties.pop(name)}}]
            properties[name] = True
    return found


@dataclass(slots=True)
class _Maker:
    """Makes values of a mapping that read some places."""

    chance: Random
    places: list[Readable]

    def place(self) -> Readable:
        return self.chance.choice(self.places)

    def filled(self, text: str) -> str:
        """A text of Liquid with names of the item in place of `P` and `Q`."""
        one, other = self.place().liquid, self.place().liquid
        return text.replace("P", one).replace("Q", other)

    def condition(self) -> str:
        return self.filled(self.chance.choice(_CONDITIONS))

    def field(self, depth: int) -> tuple[Json, Json]:
        """A value, and a schema for it, which often is near that of the place it reads."""
        chance = self.chance
        match chance.choice(("path", "path", "path", "object", "list", "map", "any", "any", "any", "any")):
            case "path":
                place = self.place()
                more = chance.choice((None, None, None, "reject", "default", "cast"))
                if more is None:
                    return place.path, changed(chance, place.schema)
                if more == "reject":
                    return {"path": place.path, "on_missing": "reject"}, changed(chance, place.schema)
                if more == "default":
                    value = {"path": place.path, "default": chance.choice(SCALARS[1:])}
                    return value, changed(chance, place.schema)
                cast = chance.choice(_CASTS)
                kind = cast["as"] if cast["as"] in ("string", "integer", "number", "boolean") else "string"
                value = {"path": place.path, **cast, **chance.choice(_REACTIONS)}
                return value, changed(chance, {"type": kind})
            case "object" if depth < 2:
                members = {name: self.field(depth + 1) for name in chance.sample("abx", chance.randint(1, 3))}
                schema: Json = {"type": "object", "properties": {n: each for n, (_, each) in members.items()}}
                schema["required"] = [name for name in members if chance.random() < 0.5]
                schema |= chance.choice(({}, {}, {"additionalProperties": False}, {"minProperties": 2}))
                return {name: value for name, (value, _) in members.items()}, schema
            case "list" if depth < 2:
                value, schema = self.field(depth + 1)
                more = chance.choice(({}, {"minItems": 1}, {"uniqueItems": True}, {"maxItems": 3}))
                return [value, value], {"type": "array", "items": schema, **more}
            case "map":
                value, schema = self._mapped()
                more = chance.choice(({}, {}, {"minItems": 1}, {"uniqueItems": True}, {"contains": schema}))
                return value, {"type": "array", "items": schema, **more}
            case _:
                wanted = (
                    changed(chance, self.place().schema) if chance.random() < 0.5 else schema_of(chance, 1)
                )
                return self.value(0), wanted

    def _mapped(self) -> tuple[Json, Json]:
        chance = self.chance
        lists = [each for each in self.places if isinstance(each.schema, dict) and "items" in each.schema]
        place = chance.choice(lists or self.places)
        inner = list(readable(place.schema.get("items") if lists else None, "$", ""))
        if not inner:
            whole = place.schema["items"] if lists else True
            return {"map": place.path, "to": "$"}, changed(chance, whole)
        each = _Maker(chance, inner)
        value, schema = each.field(1)
        return {"map": place.path, "to": value}, schema

    def value(self, depth: int) -> Json:
        """Any value of the language."""
        chance = self.chance
        if depth > 2 or chance.random() < 0.3:
            return self._leaf()

        def inner() -> Json:
            return self.value(depth + 1)

        match chance.randrange(15):
            case 0:
                return {"first_of": [self.place().path, inner()]}
            case 1:
                return {"first_nonblank": [self.place().path, inner()]}
            case 2:
                return {"when": self.condition(), "then": inner(), "else": inner()}
            case 3:
                return {"when": self.condition(), "then": inner()}
            case 4:
                return {"match": self.place().path, "cases": {"x": inner(), "1": inner()}, "else": inner()}
            case 5:
                cases = [{"in": ["x", "paid", 1], "then": inner()}, {"in": [None, "open"], "then": inner()}]
                return {"match": self.place().path, "cases": cases}
            case 6:
                return {"first_of": [inner()], **chance.choice(_CASTS), **chance.choice(_REACTIONS)}
            case 7:
                return {"first_of": [inner()], "on_missing": "reject"}
            case 8:
                return {"first_of": [inner()], **chance.choice(_CHANGES)}
            case 9:
                return {"merge": [self.place().path, {"a": inner()}]}
            case 10:
                return {"hash": [self.place().path, inner()]}
            case 11:
                return {"path": chance.choice(("$.a", "$.b", "$[0]")), "of": inner()}
            case 12:
                entries: Json = {
                    "object_from": self.place().path,
                    "key": chance.choice(("$.key", "$.a", "x")),
                }
                return {**entries, "value": chance.choice(("$.value", "$.b")), "on_duplicate": "last"}
            case 13:
                return {"entries": self.place().path}
            case _:
                return {"path": f"{self.place().path}[*]", "take": chance.choice(("first", "last", "only"))}

    def _leaf(self) -> Json:
        chance = self.chance
        match chance.randrange(8):
            case 0 | 1 | 2:
                return self.place().path
            case 3 | 4:
                return self.filled(chance.choice(_TEXTS))
            case 5 | 6:
                return {"compute": self.filled(chance.choice(_COMPUTED))}
            case _:
                return {"literal": chance.choice(SCALARS)}
