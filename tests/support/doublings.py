"""Doublings: mappings that double a text, number, list or type often, and the cost of checking them.

Run as a program it reads objects, `{"path": "m.yaml", "text_length": 1000000}`, one a line, and answers each
with the result of `measured`. Every mapping is checked and compiled in a process of its own.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

import mapper  # noqa: E402

MEGABYTE = 1024 * 1024
_MOST_MEMORY = 1024 * MEGABYTE
_MOST_SECONDS = 60
_TEXT = "{% assign s = 'ab' %}"
_LIST = "{% assign s = 'a,b' | split: ',' %}"
_LONG = "{% assign s = '" + "x" * 100_000 + "' %}"


def _assigned(filters: str) -> str:
    return "{% assign s = s | " + filters + " %}"


def _either(step: str) -> str:
    return "{% if aN %}" + step + "{% else %}{% assign s = s | append: 'y' %}{% endif %}"


# A beginning of a template, and the step that is taken again and again; N is the number of the step.
LIQUID: dict[str, tuple[str, str]] = {
    "capture": (_TEXT, "{% capture s %}{{ s }}{{ s }}{% endcapture %}"),
    "capture with text": (_TEXT, "{% capture s %}x{{ s }},{{ s }}{% endcapture %}"),
    "capture of a long text": (_LONG, "{% capture s %}{{ s }}{{ s }}{% endcapture %}"),
    "capture in a branch": (
        _TEXT,
        "{% capture s %}{% if aN %}{{ s }}{{ s }}{% else %}y{{ s }}{% endif %}{% endcapture %}",
    ),
    "capture of a loop": (
        _TEXT,
        "{% capture s %}{% for i in (1..9) %}{{ s }}{{ s }}{% endfor %}{% endcapture %}",
    ),
    "capture in a loop": (
        _TEXT,
        "{% for i in (1..9) %}{% capture s %}{{ s }}{{ s }}{% endcapture %}{% endfor %}",
    ),
    "cycle": (_TEXT, "{% capture s %}{% cycle s, 'x' %}{{ s }}{% endcapture %}"),
    "append": (_TEXT, _assigned("append: s")),
    "append to a long text": (_LONG, _assigned("append: 'x'")),
    "append often": (_TEXT, _assigned("append: s | append: s | prepend: s")),
    "append in a branch": (_TEXT, _either(_assigned("append: s"))),
    "append in a case": (
        _TEXT,
        "{% case aN %}{% when 1 %}{% assign s = s | append: s %}{% when 2 %}{% assign s = '' %}{% endcase %}",
    ),
    "append of a default": (_TEXT, "{% assign s = aN | default: s | append: s %}"),
    "prepend": (_TEXT, _assigned("prepend: s")),
    "compare": (_TEXT, _assigned("append: s") + "{% if aN == s %}{{ aN }}{% endif %}{{ c[s] }}"),
    "replace": (_TEXT, _assigned("replace: 'a', 'aa'")),
    "replace by itself": (_TEXT, _assigned("replace: 'a', s")),
    "replace first": (_TEXT, _assigned("replace_first: 'a', s")),
    "replace last": (_TEXT, _assigned("replace_last: 'a', s")),
    "replace nothing": (_TEXT, _assigned("replace: '', s")),
    "remove": (_TEXT, _assigned("append: s | remove: 'b'")),
    "truncate": (_TEXT, _assigned("truncate: 999999999, s")),
    "slice": (_TEXT, _assigned("append: s | slice: 1, 999999999")),
    "case of letters": (_TEXT, _assigned("upcase | append: s | downcase")),
    "split and join": (_TEXT, _assigned("split: '' | join: 'xy'")),
    "join by itself": (_TEXT, _assigned("split: '' | join: s")),
    "concat": (_LIST, _assigned("concat: s")),
    "concat and join": (_LIST, _assigned("concat: s | join: ',' | split: ','")),
    "url_encode": ("{% assign s = '%' %}", _assigned("url_encode | append: s")),
    "escape": ("{% assign s = '&' %}", _assigned("escape | append: s")),
    "base64_encode": (_TEXT, _assigned("base64_encode | append: s")),
    "json": ("{% assign s = '\"\\' %}", _assigned("json")),
    "json and append": ("{% assign s = '\"\\' %}", _assigned("json | append: s")),
    "date": (_TEXT, "{% assign s = '2026-11-23' | date: s | append: s %}"),
    "width of a date": (_TEXT, "{% assign s = '2026-11-23' | date: '%999999999Y' | append: s %}"),
    "times": ("{% assign s = 10 %}", _assigned("times: s")),
    "times a float": ("{% assign s = 1e300 %}", _assigned("times: s | floor")),
    "plus": ("{% assign s = 10 %}", _assigned("plus: s | minus: 1")),
    "digits": ("{% assign s = '9' %}", _assigned("append: s | times: 1 | times: s")),
    "exponent": ("{% assign s = '1e999999999' %}", _assigned("times: s | plus: 1")),
    "round": ("{% assign s = 1.5 %}", _assigned("round: 99999999")),
    "range": (_TEXT, "{% assign s = (1..999999999) | concat: (1..999999999) | join: s %}"),
    "payload": ("{% assign s = a %}", "{% capture s %}{{ s }}{{ s }}{% endcapture %}"),
    "payload as JSON": ("{% assign s = a %}", _assigned("json | append: s")),
    "payload replaced": ("{% assign s = a | times: 2 %}", _assigned("replace: '1', s")),
    "payload as a list": ("{% assign s = a | split: ',' %}", _assigned("concat: s")),
    "payload joined": ("{% assign s = a | times: 2 %}", _assigned("split: '' | join: s")),
    "payload of many texts": (
        "{% if a %}{% assign s = 'x' %}{% else %}{% assign s = a %}{% endif %}",
        _assigned("append: s"),
    ),
}


def liquid(name: str, count: int) -> str:
    """A template that takes one step several times; the result is in `s`."""
    first, step = LIQUID[name]
    return first + "".join(step.replace("N", str(number)) for number in range(count))


def mixed_liquid(seed: int, count: int) -> str:
    """A template that takes steps of all kinds in a random order, the same for the same seed."""
    dice = random.Random(seed)
    chosen = dice.choices(list(LIQUID), k=count)
    first = LIQUID[dice.choice(list(LIQUID))][0]
    return first + "".join(LIQUID[name][1].replace("N", str(number)) for number, name in enumerate(chosen))


def _nested(step: Callable[[Any, int], Any], count: int, start: Any) -> Any:
    for number in range(count):
        start = step(start, number)
    return start


VALUES: dict[str, Callable[[int], str]] = {
    "match": lambda n: _nested(
        lambda v, i: f"{{match: $.a{i}, cases: {{x: {v}, y: v{i}}}, else: {i}}}", n, "$.a"
    ),
    "when": lambda n: _nested(
        lambda v, i: f"{{when: {{path: $.a{i}, equals: 1}}, then: {v}, else: {{k{i}: $.b}}}}", n, "$.a"
    ),
    "first_of": lambda n: _nested(lambda v, i: f"{{first_of: [{v}, $.b{i}, {{k: $.c{i}}}]}}", n, "$.a"),
    "merge": lambda n: _nested(lambda v, i: f"{{merge: [{{k{i}: $.b}}, {v}, $.c]}}", n, "{a: $.a}"),
    "merge of alternatives": lambda n: (
        "{merge: ["
        + ", ".join(
            f"{{when: {{path: $.a{i}, equals: 1}}, then: {{k{i}: 1}}, else: {{l{i}: 2}}}}" for i in range(n)
        )
        + "]}"
    ),
    "objects": lambda n: _nested(lambda v, i: f"{{k: {v}, l: {{path: $.a, default: z}}}}", n, "$.a"),
    "arrays": lambda n: _nested(lambda v, i: f"[{v}, $.a]", n, "$.a"),
    "map": lambda n: _nested(lambda v, i: f"{{map: $.a, to: {v}}}", n, "$.a"),
    "cast": lambda n: _nested(lambda v, i: f"{{value: {v}, as: string}}", n, "abc"),
    "casts that keep": lambda n: _nested(
        lambda v, i: f"{{first_of: [{v}], as: integer, on_error: keep}}", min(n, 45), "$.a"
    ),
    "prune": lambda n: _nested(
        lambda v, i: f"{{object: {{k: {v}}}, prune: ['null', blank, empty]}}", min(n, 45), "$.a"
    ),
    "prune in turn": lambda n: _nested(
        lambda v, i: f"{{object: {{k: {v}}}, prune: [{('blank', 'empty')[i % 2]}]}}", min(n, 45), "$.a"
    ),
    "objects of lists": lambda n: _nested(
        lambda v, i: f"{{object_from: $.x, key: $.k, value: {v}, on_duplicate: list}}", n, "$.a"
    ),
    "map of map": lambda n: _nested(lambda v, i: f"{{map: {v}, to: {{k: $, l: $.m}}}}", n, "$.a"),
}

# What a source schema says of `p`.
SOURCES: dict[str, Callable[[int], Any]] = {
    "minLength": lambda n: {"type": "string", "minLength": 2**n, "maxLength": 2**n},
    "minItems": lambda n: {"type": "array", "minItems": 2**n, "items": {"type": "string"}},
    "minItems of minItems": lambda n: _nested(
        lambda v, i: {"type": "array", "minItems": 1000, "items": v}, n, {"type": "string"}
    ),
    "some items of some items": lambda n: _nested(
        lambda v, i: {"type": "array", "minItems": 150, "items": v}, min(n, 5), {"type": "string"}
    ),
    "prefixItems": lambda n: {
        "type": "array",
        "prefixItems": [{"type": "string"}] * n * 10,
        "minItems": n * 10,
    },
    "contains": lambda n: {"type": "array", "contains": {"const": 1}, "minContains": 2**n},
    "minProperties": lambda n: {"type": "object", "minProperties": 2**n},
    "required": lambda n: {"type": "object", "required": [f"k{i}" for i in range(n * 20)]},
    "required of required": lambda n: _nested(
        lambda v, i: {"type": "object", "properties": {"x": v, "y": v}, "required": ["x", "y"]},
        min(n, 6),
        {"type": "object", "required": [f"k{i}" for i in range(n)]},
    ),
    "pattern": lambda n: {"type": "string", "pattern": f"^a{{{2 ** min(n, 31)}}}$"},
    "pattern of pattern": lambda n: {
        "type": "string",
        "pattern": _nested(lambda v, i: f"({v}){{60}}", n, "a"),
    },
    "pattern of choices": lambda n: {"type": "string", "pattern": "^" + "(a|b)?" * n + "$"},
    "long texts": lambda n: {"enum": [chr(97 + i % 26) * 30_000 + str(i) for i in range(n)]},
    "large numbers": lambda n: {"type": "integer", "minimum": 10 ** (n * 60), "multipleOf": 3},
    "numbers beyond floats": lambda n: {
        "type": "number",
        "minimum": 1e308,
        "exclusiveMinimum": 10 ** (n * 40),
    },
    "alternatives of alternatives": lambda n: _nested(
        lambda v, i: {"anyOf": [v, {"type": "object", "properties": {f"k{i}": v}, "required": [f"k{i}"]}]},
        min(n, 10),
        {"type": "string"},
    ),
    "texts of alternatives": lambda n: {
        "allOf": [{"anyOf": [{"enum": [f"a{i}", "x"]}, {"pattern": f"x{i}"}]} for i in range(n)]
    },
}
READING = (
    "{a: {path: $.p, as: integer, default: 0}, b: {path: $.p, default: {}}, c: '{{ p | append: p | json }}',"
    " d: '{% for i in p %}{% for j in i %}{{ j }}{{ i | join: j }}{% endfor %}{% endfor %}',"
    " e: '{% assign s = p %}STEPS{{ s }}'}"
).replace("STEPS", LIQUID["capture"][1] * 30)

_EVENT = """\
event:
  event_id: e
  event_name: Seen
  user_id: u
  timestamp: "2026-11-23T20:00:00.000Z"
  event_properties: PROPERTIES
"""
_JSON = (
    'template: |\n  BODY{"event_id": "e", "event_name": "Seen", "user_id": "u",'
    ' "timestamp": "2026-11-23T20:00:00.000Z", "event_properties": {"t": PRINTED}}\n'
)


def fields(properties: str) -> str:
    """A mapping with these properties of its event."""
    return "mapping: m\n" + _EVENT.replace("PROPERTIES", properties)


def read_fields(template: str) -> str:
    """A mapping that reads what the template leaves in `s` in every place that looks at a text."""
    text = "'" + (template + "{{ s }}").replace("'", "''") + "'"
    return fields(
        f"{{t: {text}, m: {{match: {text}, cases: {{x: 1}}, else: 2}},"
        f" f: {{first_nonblank: [{text}, {text}]}},"
        f" i: {{value: {text}, as: integer, default: 1}}, h: {{hash: [{text}]}}}}"
    )


def whole(template: str, printed: str = "{{ s | json }}") -> str:
    """A mapping that is a template, which prints `s` after these statements."""
    return "mapping: m\n" + _JSON.replace("BODY", template).replace("PRINTED", printed)


def with_source(folder: Path, part: Any, mapping: str) -> str:
    """The mapping with a source schema in which `p` has this subschema."""
    document = {"type": "object", "properties": {"p": part}, "required": ["p"]}
    (folder / "source.schema.json").write_text(json.dumps(document), "utf-8")
    return mapping.replace("mapping: m\n", "mapping: m\nsource: source.schema.json\n")


def with_target(folder: Path, part: Any, mapping: str) -> str:
    """The mapping with a target schema in which all properties have this subschema."""
    document = json.loads((ROOT / "schemas/event.schema.json").read_text("utf-8"))
    document["properties"]["event_properties"] = {"type": "object", "additionalProperties": part}
    (folder / "own.schema.json").write_text(json.dumps(document), "utf-8")
    return mapping.replace("mapping: m\n", "mapping: m\ntarget: own.schema.json\n")


# --- the measuring


def measured(path: Path, text_length: int) -> dict[str, Any]:
    """The exit status, processor seconds, megabytes and codes of checking and compiling a file.

    What leaves `check` or `compile` is named under `raised`.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os.write(writing, json.dumps(_checked(path, text_length)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status, used = os.wait4(child, 0)
    found = json.loads(answer or b'{"raised": "killed"}')
    before = found.pop("before", used.ru_maxrss)
    seconds = used.ru_utime + used.ru_stime
    return {"status": status, "seconds": seconds, "megabytes": (used.ru_maxrss - before) / 1024, **found}


def _checked(path: Path, text_length: int) -> dict[str, Any]:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    limits = mapper.Limits(text_length=text_length)
    text = path.read_text("utf-8")
    try:
        codes = {d.code for d in mapper.check(text, filename=str(path), limits=limits)}
        try:
            mapper.compile(text, filename=str(path), limits=limits)
        except mapper.CompileError as error:
            codes |= {d.code for d in error.diagnostics}
    except BaseException as error:  # a MemoryError is what is looked for
        return {"before": before, "raised": f"{type(error).__name__}: {str(error)[:200]}"}
    return {"before": before, "codes": sorted(codes)}


def _answers() -> Iterator[str]:
    mapper.load("server")  # what is imported late is not counted
    for line in sys.stdin:
        asked = json.loads(line)
        yield json.dumps(measured(Path(asked["path"]), asked["text_length"]))


if __name__ == "__main__":
    for answer in _answers():
        print(answer, flush=True)
