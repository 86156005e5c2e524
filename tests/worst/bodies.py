"""Worst bodies: genes for a mapping and a body within the limits, whose call takes long or much memory."""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mapper
from mapper.runtime.liquid.filters import ROWS
from support import doublings
from worst.search import Taken, made_elsewhere, measured

_LARGEST = mapper.Limits().body_bytes - 1_000
_SIZES = (1_000, 10_000, 100_000, 300_000, 1_000_000, 2_000_000, 5_000_000, 15_000_000, _LARGEST)
_MOST_FIELDS = 4


@dataclass(frozen=True, slots=True)
class BodyGenes:
    """The fields of a mapping and what else it says, and the kind and size in bytes of the body."""

    fields: tuple[str, ...]
    kind: str
    size: int
    each: str = "$"
    schema: str = ""


# Elements of a list, or the text that is repeated; `#` is the number of the element.
ELEMENTS = {
    "zeros": "0",
    "numbers": "#",
    "floats": "0.5",
    "long floats": "0." + "1" * 300,
    "large integers": "9" * 19,
    "longest integers": "9" * 4_000,
    "out of range": "1e999",
    "nulls": "null",
    "texts": '"a#"',
    "equal texts": '"ab"',
    "long texts": '"' + "ab" * 500 + '"',
    "numbers as texts": '"12"',
    "longest numbers as texts": '"' + "9" * 4_000 + '"',
    "times": '"2026-11-23T10:00:00Z"',
    "dates in words": '"Mon, 23 November 2026 10:00 PM"',
    "JSON texts": '"[[],[]]"',
    "empty lists": "[]",
    "empty objects": "{}",
    "objects": '{"a":#,"s":"ab"}',
    "objects of objects": '{"a":{"a":{"a":{}}}}',
    "lists of lists": "[[[[[#]]]]]",
    "deep lists": "[" * 150 + "]" * 150,
    "many members": "{" + ",".join(f'"k{i}":{i}' for i in range(100)) + "}",
    "names of their own": '{"k#":0}',
    "half surrogates": '{"a":"\\ud800"}',
    "patterns": '{"a":"a(b|c)*#","s":"abcbcbc"}',
}
TEXTS = {
    "letters": "a",
    "two letters": "ab",
    "words": "a ",
    "umlauts": "ü",
    "growing letters": "ß",
    "emoji": "😀",
    "tags": "<script><!---->",
    "entities": "&#1;",
    "percents": "%C3%A9",
    "bare percents": "%",
    "quotes": '\\"',
    "control characters": "\\u0001",
    "line ends": "\\n",
    "digits": "9",
    "base64": "YWFh",
    "JSON": "[],",
    "commas": ",",
    "slashes": "2026/",
}
_SMALL = {"k": '"ab"', "s": '"abc"', "x": '[{"a":1,"s":"ab"}]', "o": '{"a":1}', "n": "12345678901234567890"}


def body_of(kind: str, size: int) -> bytes:
    """A body with a list `x`, an object `o`, a text `s` and others, one of which fills it."""
    place, _, name = kind.partition(" ")
    if place == "text":
        unit = TEXTS[name]
        large = '"' + unit * (size // len(unit.encode())) + '"'
    else:
        unit = ELEMENTS[name]
        count = max(size // (len(unit) + 2 + 4 * unit.count("#") + 10 * (place == "object")), 1)
        parts = [unit.replace("#", str(number)) for number in range(count)] if "#" in unit else [unit] * count
        if place == "object":
            parts = [f'"k{number}":{part}' for number, part in enumerate(parts)]
        large = ",".join(parts).join("[]" if place == "list" else "{}")
    members = {**_SMALL, {"text": "s", "list": "x", "object": "o"}[place]: large}
    return ("{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}").encode()


KINDS = [f"text {name}" for name in TEXTS] + [f"{p} {name}" for p in ("list", "object") for name in ELEMENTS]
SCHEMAS: dict[str, Any] = {
    "": None,
    "lists": {"items": {"type": "integer", "minimum": 0}},
    "any of items": {"items": {"anyOf": [{"const": i} for i in range(20, 0, -1)] + [{}]}},
    "all of items": {"items": {"allOf": [{"type": ["integer", "object", "string"]}] * 20}},
    "one of items": {"items": {"oneOf": [{"const": i} for i in range(20, 0, -1)] + [{"not": {"const": 1}}]}},
    "unique": {"uniqueItems": True},
    "contains": {"contains": {"const": 7}, "minContains": 2},
    "properties": {"items": {"properties": {f"k{i}": {"type": "string"} for i in range(1_000)}}},
    "refusing": {"items": {"type": "boolean"}, "additionalProperties": {"type": "boolean"}},
    "patterns": {"items": {"patternProperties": {"^(a|b)*c$": False}, "pattern": "^(a|b)*c"}},
    "unevaluated": {"items": {"anyOf": [{"properties": {"b": True}}, {}], "unevaluatedProperties": False}},
    "itself": {"additionalProperties": {"$ref": "#/$defs/i"}, "items": {"$ref": "#/$defs/i"}},
}
_ITSELF = {"anyOf": [{"items": {"$ref": "#/$defs/i"}}, {"additionalProperties": {"$ref": "#/$defs/i"}}]}

# A small grammar of mappings: each word in capitals becomes one of these.
GRAMMAR: dict[str, list[str]] = {
    "FIELD": [
        "PATH",
        "{hash: [FIELD, FIELD]}",
        "{map: PATH, to: FIELD}",
        "{map: PATH, to: {a: FIELD, b: []}}",
        "{map: {entries: PATH}, to: FIELD}",
        "{map: PATH, to: {map: {envelope: PATH}, to: FIELD}}",
        "{object_from: PATH, key: '{{ EXPR }}', value: FIELD, on_duplicate: list}",
        "{object_from: $.o, key: $.key, value: $.value}",
        "{path: $, prune: ['null', blank, empty]}",
        "{path: $.x, prune: [empty]}",
        "{path: $, flatten: {lists: index}}",
        "{path: $.o, flatten: {separator: '----------'}, default: {}}",
        "{merge: [$.o, $.o, {a: FIELD}]}",
        "{path: $.o, omit: [k1, k2]}",
        "{path: $.o, rename: {k1: k2}}",
        "{path: PATH, as: CAST, on_error: omit}",
        "{map: PATH, to: {path: $, as: CAST, on_error: keep}}",
        "{map: PATH, to: {path: $, as: timestamp, from: ['%d.%m.%Y', '%B %d'], zone: UTC, on_error: omit}}",
        "{path: $.s, as: json, on_error: omit}",
        "{compute: 'EXPR | FILTER'}",
        "{compute: 'EXPR | FILTER | FILTER | FILTER'}",
        "'LIQUID'",
        "{envelope: PATH}",
        "{first_of: [FIELD, FIELD]}",
        "{match: PATH, cases: {a: 1}, else: FIELD}",
        "{when: EXPR == EXPR, then: FIELD, else: 1}",
        "{when: EXPR contains EXPR, then: FIELD, else: 1}",
    ],
    "PATH": [
        *("$.x", "$.x", "$.o", "$.s", "$", "$..a", "$..*", "$.x[*]", "$.x[::-1]", "$.x[*].a", "$.x[*,*]"),
        *('"$.x[?@.a == 1]"', '"$.x[?@.a == $.k]"', '"$.x[?@..a]"', '"$.x[?count($.x[*]) > @.a]"'),
        *("\"$.x[?search(@, '(a|b)*c(a|b){5}')]\"", "\"$.x[?match(@.s, '(a|b)*c')]\"", '"$.x[?$.x == @]"'),
        *('"$.x[?search($.s, @.a)]"', '"$..[?@.a]"', '"$.x[?@ == $.o]"', "\"$[?search(@, '(a|b)*c')]\""),
    ],
    "CAST": ["json", "number", "integer", "string", "boolean", "timestamp"],
    "EXPR": ["x", "o", "s", "n", "k", "envelope.x", "envelope.s", "item", "i", "t", "(1..9999)", '"ab"'],
    "LIQUID": [
        "{{ EXPR | FILTER }}",
        "LOOP{{ EXPR | FILTER }}{% endfor %}",
        "LOOP{% assign t = EXPR | FILTER | FILTER %}{% endfor %}",
        "LOOPLOOP{% if EXPR == EXPR %}a{% endif %}{% endfor %}{% endfor %}",
        "LOOP{% if EXPR contains EXPR %}a{% endif %}{% endfor %}",
        "LOOP{% capture t %}{{ EXPR }}{{ t | FILTER }}{% endcapture %}{% endfor %}",
        "{% tablerow i in x %}{{ i | FILTER }}{% endtablerow %}",
        "LOOP{% increment c %}{{ EXPR }}{% endfor %}",
        "LOOP" + "{% assign t = EXPR | FILTER %}" * 9 + "{% endfor %}",
    ],
    "LOOP": ["{% for i in x %}", "{% for i in o %}", "{% for i in (1..9999) %}", "{% for i in (1..99) %}"],
    "FILTER": [
        name + {0: "", 1: ": ARG", 2: ": ARG, ARG"}.get(len(row.parameters), ": ARG")
        for name, row in ROWS.items()
        if not row.of_dialects
    ],
    "ARG": ["s", "k", "x", "n", '"a"', '""', '" "', "1", "9", "0.1", '"%c%A %d"', '"aaaaaaaaab"', "i"],
}
_WORD = re.compile("|".join(sorted(GRAMMAR, key=lambda word: -len(word))))
_DEEPEST = 4


def _written(dice: random.Random, word: str, depth: int = 0) -> str:
    choices = GRAMMAR[word]
    if depth >= _DEEPEST and word == "FIELD":
        word, choices = "PATH", GRAMMAR["PATH"]
    return _WORD.sub(lambda found: _written(dice, found.group(), depth + 1), dice.choice(choices))


def draw(dice: random.Random) -> BodyGenes:
    """Genes of any mapping and body."""
    fields = tuple(_written(dice, "FIELD") for _ in range(dice.randint(1, 2)))
    schema = dice.choice(list(SCHEMAS)) if dice.random() < 0.3 else ""
    each = dice.choice(("$", "$", "$.x", "$.x[*]", "'$.x[*].a'"))
    return BodyGenes(fields, dice.choice(KINDS), dice.choice(_SIZES), each, schema)


def change(dice: random.Random, genes: BodyGenes) -> BodyGenes:
    """The same genes with one field more, less or inside another, or with another body."""
    fields = list(genes.fields)
    at = dice.randrange(len(fields))
    match dice.randrange(8):
        case 0 | 1:
            larger = genes.size * dice.choice((2, 3)) if dice.random() < 0.6 else genes.size // 3
            return replace(genes, size=max(min(larger, _LARGEST), 100))
        case 2:
            return replace(genes, kind=dice.choice(KINDS))
        case 3:
            return replace(genes, each=dice.choice(("$", "$.x")), schema=dice.choice(list(SCHEMAS)))
        case 4 if len(fields) < _MOST_FIELDS:
            fields.append(dice.choice((fields[at], _written(dice, "FIELD"))))
        case 5 if len(fields) > 1:
            del fields[at]
        case 6:
            around = dice.choice([each for each in GRAMMAR["FIELD"] if "FIELD" in each])
            whole = around.replace("FIELD", fields[at], 1)
            fields[at] = _WORD.sub(lambda found: _written(dice, found.group(), _DEEPEST), whole)
        case _:
            fields[at] = _written(dice, "FIELD")
    return replace(genes, fields=tuple(fields))


def written(genes: BodyGenes) -> dict[str, str]:
    """The files of the mapping; the mapping is `m.yaml`."""
    fields = ", ".join(f"f{number}: {text}" for number, text in enumerate(genes.fields))
    text = doublings.fields("{" + fields + "}").replace("mapping: m\n", f"mapping: m\neach: {genes.each}\n")
    if not genes.schema:
        return {"m.yaml": text}
    document = json.loads((doublings.ROOT / "schemas/event.schema.json").read_text("utf-8"))
    part = SCHEMAS[genes.schema]
    document["properties"]["event_properties"] = {"type": "object", "additionalProperties": part}
    document.setdefault("$defs", {})["i"] = _ITSELF
    text = text.replace("mapping: m\n", "mapping: m\ntarget: own.schema.json\n")
    return {"own.schema.json": json.dumps(document), "m.yaml": text}


def measure(genes: BodyGenes) -> Taken:
    """What the call with the body takes, and reading its rejections; nothing if the mapping is wrong."""

    def prepare() -> Callable[[], str]:
        with tempfile.TemporaryDirectory(prefix="worst-") as folder:
            for name, text in written(genes).items():
                (Path(folder) / name).write_text(text, "utf-8")
            try:
                transform = mapper.load(Path(folder) / "m.yaml")
            except mapper.CompileError as error:
                codes = " ".join(sorted({d.code for d in error.diagnostics}))
                return lambda: codes
        transform(body_of(genes.kind, 100))  # what is imported late is not counted
        body = made_elsewhere(lambda: body_of(genes.kind, genes.size))
        return lambda: _mapped(transform, body)

    return measured(prepare)


def _mapped(transform: mapper.Transform, body: bytes) -> str:
    result = transform(body)
    codes = {code for rejected in result.rejected for code in rejected.codes}
    return f"{len(body):,} bytes, {len(result.events)} events {' '.join(sorted(codes))}"


# Mappings and bodies that took too much once.
SEEDS = [
    BodyGenes(("{map: $.x, to: {a: {}, b: []}}",), "list zeros", 2_000_000),
    BodyGenes(("{path: $, flatten: {lists: index}}",), "list zeros", 2_000_000),
    BodyGenes(("$.x",), "list objects of objects", 8_000_000),
    BodyGenes(("$.a",), "list empty lists", 1_500_000, "$.x"),
    BodyGenes(("$.x",), "list half surrogates", _LARGEST),
    BodyGenes(
        ('\'{% for i in (1..9999) %}{% assign t = s | split: "" | sort | join: "" %}{% endfor %}\'',),
        "text letters",
        300_000,
    ),
    BodyGenes(
        ("'{% for i in (1..9999) %}{% if x == envelope.x %}a{% endif %}{% endfor %}'",),
        "list objects",
        3_000_000,
    ),
    BodyGenes(
        (
            "{map: $.x, to: \"$[?search(@, '(a|b)*c')]\"}",
            "{map: $.x, to: {envelope: \"$.x[?search(@.s, '(a|b)*c')]\"}}",
        ),
        "list objects",
        300_000,
    ),
    BodyGenes(("{compute: 's | url_decode'}", "{compute: 's | squish'}"), "text percents", _LARGEST),
    BodyGenes(
        ("'{% for i in x %}{% assign t = i | date: \"%c%A\" %}{% endfor %}'",), "list dates in words", 300_000
    ),
    BodyGenes(("{hash: [{envelope: $.x}]}",), "list floats", 60_000, "$.x"),
    BodyGenes(("{compute: 'envelope.x | squish'}",), "list objects of objects", 100_000, "$.x[*]"),
]
