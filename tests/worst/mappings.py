"""Worst mappings: genes for mappings and schemas within the limits, made of doublings inside of doublings."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import mapper
from support import doublings
from worst.search import Taken, measured

Part: TypeAlias = tuple[str, str, int]  # a kind, a name, and how often it doubles
_COUNTS = (1, 2, 3, 4, 6, 9, 12, 20, 40, 60, 100, 200, 500, 2_000)
_MOST_PARTS = 6
_LARGEST = mapper.Limits().schema_bytes - 20_000


@dataclass(frozen=True, slots=True)
class MappingGenes:
    """The parts of one mapping: its fields, the schemas of source and target from the outside inwards."""

    fields: tuple[Part, ...]
    source: tuple[Part, ...] = ()
    target: tuple[Part, ...] = ()
    is_template: bool = False


def _width(count: int) -> Any:
    return {"type": "object", "properties": {f"k{i}": {"type": "string"} for i in range(count)}}


def _list_of(inner: Any, count: int) -> Any:
    return {"type": "array", "minItems": count, "items": inner}


# Schemas of a size around another.
AROUND: dict[str, Callable[[Any, int], Any]] = {
    "items": _list_of,
    "properties": lambda inner, n: {
        "type": "object",
        "properties": {f"k{i}": inner if i == 0 else {"type": "string"} for i in range(n)},
    },
    "required": lambda inner, n: {
        "type": "object",
        "properties": {f"k{i}": inner for i in range(min(n, 30))},
        "required": [f"k{i}" for i in range(min(n, 30))],
    },
    "anyOf": lambda inner, n: {"anyOf": [inner] + [{"const": i} for i in range(n)]},
    "oneOf": lambda inner, n: {"oneOf": [{"const": i} for i in range(n)] + [inner]},
    "allOf": lambda inner, n: {"allOf": [{"minLength": 0}] * n + [inner]},
    "not": lambda inner, n: {"not": {"not": inner}, "anyOf": [inner] * min(n, 20)},
    "if": lambda inner, n: {"if": {"minLength": n}, "then": inner, "else": {"type": ["string", "null"]}},
    "patternProperties": lambda inner, n: {
        "type": "object",
        "patternProperties": {f"^k{i}": inner for i in range(min(n, 30))},
        "minProperties": n,
    },
    "contains": lambda inner, n: {"type": "array", "contains": inner, "minContains": n},
    "prefixItems": lambda inner, n: {"type": "array", "prefixItems": [inner] * min(n, 60), "minItems": n},
    "enum": lambda inner, n: {"anyOf": [{"enum": [f"v{i}" for i in range(n)]}, inner]},
    "references": lambda inner, n: {"anyOf": [{"$ref": "#/properties/p"}, inner]},
}
# Many values beside each other, each of which reads the payload.
BESIDE: dict[str, Callable[[int], str]] = {
    "fields of one path": lambda n: ", ".join(f"f{i}: $.p" for i in range(n)),
    "paths": lambda n: ", ".join(f"f{i}: $.p.k{i}" for i in range(n)),
    "casts": lambda n: ", ".join(f"f{i}: {{path: $.p, as: integer, default: {i}}}" for i in range(n)),
    "times": lambda n: ", ".join(f"f{i}: {{path: $.p, as: timestamp, on_error: omit}}" for i in range(n)),
    "cases": lambda n: (
        f"m: {{match: $.p, cases: {{{', '.join(f'c{i}: {i}' for i in range(n))}}}, else: $.p}}"
    ),
    "conditions": lambda n: ", ".join(
        f'f{i}: {{when: p == "v{i}" or p contains "w{i}", then: $.p, else: {i}}}' for i in range(n)
    ),
    "alternatives": lambda n: f"a: {{first_of: [{', '.join(f'$.p.k{i}' for i in range(n))}]}}",
    "filters": lambda n: f"c: {{compute: 'p{' | append: p | upcase' * n}'}}",
    "holes": lambda n: "h: '" + "{{ p }}-{{ p | upcase }}" * n + "'",
    "branches": lambda n: "b: '" + "{% if p == 1 %}{{ p }}{% else %}x{% endif %}" * n + "'",
    "loops": lambda n: "l: '" + "{% for i in p %}{{ i }}{% endfor %}" * min(n, 500) + "'",
    "joined": lambda n: f"j: {{merge: [{', '.join(['$.p'] * n)}]}}",
    "hashed": lambda n: f"h: {{hash: [{', '.join(['$.p'] * n)}]}}",
    "constants": lambda n: f"z: [{', '.join(map(str, range(n)))}]",
}


def draw(dice: random.Random) -> MappingGenes:
    """Genes of any mapping."""
    return MappingGenes(
        tuple(_field(dice) for _ in range(dice.randint(1, 3))),
        tuple(_schema(dice) for _ in range(dice.randint(0, 3))),
        tuple(_schema(dice) for _ in range(dice.randint(0, 2) // 2)),
        dice.random() < 0.2,
    )


def _field(dice: random.Random) -> Part:
    table, kind = dice.choice(
        ((doublings.VALUES, "value"), (doublings.LIQUID, "liquid"), (BESIDE, "beside"), (BESIDE, "beside"))
    )
    return kind, dice.choice(list(table)), dice.choice(_COUNTS)


def _schema(dice: random.Random) -> Part:
    table, kind = dice.choice(((doublings.SOURCES, "source"), (AROUND, "around"), (AROUND, "around")))
    return kind, dice.choice(list(table)), dice.choice(_COUNTS)


def change(dice: random.Random, genes: MappingGenes) -> MappingGenes:
    """The same genes with one part more, less, or of another kind or size."""
    place = dice.choice(("fields", "source", "source", "target"))
    parts: list[Part] = list(getattr(genes, place))
    drawn = _field(dice) if place == "fields" else _schema(dice)
    at = dice.randrange(len(parts) + 1)
    if at < len(parts) and dice.random() < 0.6:
        kind, name, count = parts[at]
        parts[at] = kind, name, dice.choice((count * 2, max(count // 2, 1), dice.choice(_COUNTS)))
    elif at < len(parts) and dice.random() < 0.5:
        parts[at] = drawn
    elif len(parts) < _MOST_PARTS:
        parts.insert(at, drawn)
    elif place != "fields" or len(parts) > 1:
        del parts[at % len(parts)]
    changed = replace(genes, **{place: tuple(parts)})  # type: ignore[arg-type]
    return replace(changed, is_template=not genes.is_template) if dice.random() < 0.05 else changed


def written(genes: MappingGenes) -> dict[str, str]:
    """The files of a mapping; the mapping is `m.yaml`."""
    files = {}
    text = _template(genes) if genes.is_template else _properties(genes)
    if genes.source:
        document = {"type": "object", "properties": {"p": _nested(genes.source)}, "required": ["p"]}
        files["source.schema.json"] = json.dumps(document)
        text = text.replace("mapping: m\n", "mapping: m\nsource: source.schema.json\n")
    if genes.target:
        document = json.loads((doublings.ROOT / "schemas/event.schema.json").read_text("utf-8"))
        document["properties"]["event_properties"] = {"additionalProperties": _nested(genes.target)}
        files["own.schema.json"] = json.dumps(document)
        text = text.replace("mapping: m\n", "mapping: m\ntarget: own.schema.json\n")
    return {**files, "m.yaml": text}


def _properties(genes: MappingGenes) -> str:
    fields = []
    for number, (kind, name, count) in enumerate(genes.fields):
        if kind == "value":
            fields.append(f"v{number}: " + doublings.VALUES[name](min(count, 90)).replace("$.a", "$.p"))
        elif kind == "liquid":
            template = doublings.liquid(name, min(count, 500)) + "{{ s }}"
            fields.append(f"t{number}: '" + template.replace("'", "''") + "'")
        else:
            fields.append(f"b{number}: {{{BESIDE[name](count)}}}")
    return doublings.fields("{" + ", ".join(fields) + "}")


def _template(genes: MappingGenes) -> str:
    steps = "".join(
        doublings.liquid(name, min(count, 500)) for kind, name, count in genes.fields if kind == "liquid"
    )
    return doublings.whole(steps or "{% assign s = p %}")


def _nested(parts: tuple[Part, ...]) -> Any:
    found: Any = {"type": "string"}
    for kind, name, count in reversed(parts):
        if kind == "around":
            outer = AROUND[name](found, count)
        else:
            outer = {"anyOf": [doublings.SOURCES[name](min(count, 60)), found]}
        if len(json.dumps(outer)) > _LARGEST:
            break
        found = outer
    return found


def measure(genes: MappingGenes) -> Taken:
    """What compiling, with all checks, a first call and saving take."""
    files = written(genes)

    def prepare() -> Callable[[], str]:
        folder = tempfile.mkdtemp(prefix="worst-")
        for name, text in files.items():
            (Path(folder) / name).write_text(text, "utf-8")
        return lambda: _checked(Path(folder) / "m.yaml")

    return measured(prepare)


def _checked(path: Path) -> str:
    codes: set[str] = set()
    try:  # a check is nearly all of it
        transform = mapper.compile(path.read_text("utf-8"), filename=str(path))
        transform(b'{"p": "x"}')
        transform.save(path.with_suffix(".transform"))
    except mapper.CompileError as error:
        codes = {d.code for d in error.diagnostics}
    return " ".join(sorted(codes))


# Mappings that took too much once.
SEEDS = [
    MappingGenes((("liquid", "width of a date", 500),), (("around", "patternProperties", 9),)),
    MappingGenes((("beside", "loops", 60), ("value", "objects of lists", 90), ("beside", "joined", 1))),
    MappingGenes((("beside", "conditions", 100), ("liquid", "url_encode", 500)), (("around", "if", 6),)),
    MappingGenes((("liquid", "capture in a branch", 500),), (("around", "items", 200),) * 2, (), True),
    MappingGenes((("value", "objects", 9),), (("source", "texts of alternatives", 60),)),
]
