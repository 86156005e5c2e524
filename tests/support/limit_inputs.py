"""Limit inputs: for each limit an input of any share of it, shared by tests, benchmarks and documentation."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import mapper
from mapper.expressions.jsonpath import path_parsing
from mapper.expressions.jsonpath.lexer import MAX_FILTERS
from mapper.expressions.liquid.template_parsing import LONGEST, LONGEST_CONDITION
from mapper.expressions.lowering import MAX_VAR_DEPTH
from mapper.runtime.digits import MAX_DIGITS
from mapper.runtime.limits import DEFAULT, MAX_FILE_DEPTH, MAX_PATH_DEPTH, MAX_TAG_DEPTH, Limits
from mapper.runtime.liquid.semantics import VARIABLES
from mapper.runtime.repair.edits import MAX_REPAIRS
from mapper.runtime.repair.readings import MAX_CHARACTERS
from mapper.runtime.schema.formats import MAX_SYNTAX
from mapper.runtime.times import patterns
from mapper.schemas.schema import MAX_HEIGHT, MAX_PATTERN, MAX_PATTERNS, MAX_VALUES
from support.frames import FRAME, text_of
from support.json_values import nested
from support.places import ROOT

WITHIN, BEYOND = 0.9, 1.1
REACHED = 0.8  # of its limit, by an input of WITHIN

# Of all work, dates in words take most for a unit, as far as is known.
_WORDS = ("Mon, " * 20)[:99]
_DATES = "{% assign d = envelope.s | date: '%Y' %}" * 4
_ROUNDS = "{% for i in (1..n) %}" + _DATES + "{% endfor %}"
_IN_A_ROUND = 117_500  # units of four dates, with what is around them


@dataclass(frozen=True)
class Trial:
    """A mapping and a body; `files` lie beside the mapping."""

    properties: str = "{a: $.a}"
    body: bytes = b'{"a": 1}'
    head: str = ""
    tail: str = ""
    files: dict[str, str] = field(default_factory=dict)

    def prepared(self, limits: Limits | None = None) -> Callable[[], str]:
        """A call that compiles the mapping and maps the body, and gives the codes of what goes wrong."""
        folder = Path(tempfile.mkdtemp(prefix="limit-"))
        for name, text in self.files.items():
            (folder / name).write_text(text, "utf-8")
        path = folder / "m.yaml"
        path.write_text(self.head + FRAME.replace("PROPERTIES", self.properties) + self.tail, "utf-8")

        def call() -> str:
            try:
                result = mapper.load(path, limits=limits)(self.body)
            except mapper.CompileError as error:
                return " ".join(sorted({d.code for d in error.diagnostics}))
            return " ".join(sorted({code for rejected in result.rejected for code in rejected.codes}))

        return call


@dataclass(frozen=True)
class LimitInput:
    """An input for a limit: `make` takes its size in the unit of the limit, `code` ends a larger one."""

    code: str
    make: Callable[[int], Trial]
    limit: int
    is_slow: bool = False

    def trial(self, share: float) -> Trial:
        """The input of a share of the limit."""
        return self.make(int(self.limit * share))


def _body(**members: object) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


def _schema(size: int) -> Trial:
    text = (ROOT / "schemas" / "event.schema.json").read_text("utf-8")
    files = {"own.schema.json": text.rstrip() + " " * (size - len(text))}
    return Trial(head="target: own.schema.json\n", files=files)


_Given = tuple[str, Callable[[int], Trial]]

SETTINGS: dict[str, _Given] = {
    "body_bytes": ("M608", lambda n: Trial(body=_body(a=1, s="x" * n))),
    "nesting": ("M606", lambda n: Trial("{a: $.x}", b'{"x":' + nested(n - 1) + b"}")),
    "items": ("M608", lambda n: Trial(body=b"[" + b",".join([b"{}"] * n) + b"]")),
    "values": ("M608", lambda n: Trial("{a: $.x}", _body(x=[0] * (n - 2)))),
    "form_fields": ("M608", lambda n: Trial(body=b"&".join([b"a=1"] * n), head="body: {format: form}\n")),
    "path_matches": ("M608", lambda n: Trial("{a: '$.x..*'}", _body(x=[0] * n))),
    "path_visits": ("M608", lambda n: Trial("{a: $.x..b}", _body(x=[0] * (n - 2)))),
    "loop_rounds": ("M619", lambda n: Trial(text_of("{% for i in (1..n) %}x{% endfor %}"), _body(n=n))),
    "text_length": ("M620", lambda n: Trial(text_of("{{ s | append: s }}"), _body(s="x" * (n // 2)))),
    "event_bytes": (
        "M624",
        lambda n: Trial("{a: $.s, b: $.s, c: $.s, d: $.s, e: $.s}", _body(s="x" * (n // 5))),
    ),
    "result_bytes": (
        "M625",
        lambda n: Trial("{a: {envelope: $.s}}", _body(events=[{}] * (n // 1_000_000), s="x" * 1_000_000)),
    ),
    "item_work": ("M629", lambda n: Trial(text_of(_ROUNDS), _body(n=n // _IN_A_ROUND, s=_WORDS))),
    "body_work": (
        "M630",
        lambda n: Trial(
            text_of(_DATES),
            _body(events=[{}] * (n // _IN_A_ROUND), s=_WORDS),
        ),
    ),
    "mapping_bytes": ("M010", lambda n: Trial(tail="# " + "x" * (n - 300) + "\n")),
    "mapping_nodes": (
        "M110",
        lambda n: Trial("{" + ", ".join(f"k{i}: {i}" for i in range(n // 2)) + "}"),
    ),
    "schema_bytes": ("M010", _schema),
}


def _of_schema(schema: object, fields: str = "{a: $.a}") -> Trial:
    document = json.loads((ROOT / "schemas" / "event.schema.json").read_text("utf-8"))
    document["properties"]["event_properties"]["properties"] = {"a": schema}
    files = {"own.schema.json": json.dumps(document)}
    return Trial(fields, head="target: own.schema.json\n", files=files)


def _chain(length: int) -> Trial:
    links = {f"r{i}": {"allOf": [{"$ref": f"#/$defs/r{i + 1}"}]} for i in range(length)}
    document = json.loads((ROOT / "schemas" / "event.schema.json").read_text("utf-8"))
    document["properties"]["event_properties"]["properties"] = {"a": {"$ref": "#/$defs/r0"}}
    document["$defs"] = {**document.get("$defs", {}), **links, f"r{length}": True}
    files = {"own.schema.json": json.dumps(document)}
    return Trial(head="target: own.schema.json\n", files=files)


def _patterns(size: int) -> Trial:
    each = 5_000
    parts = [{"pattern": f"^[{'a' * (each - 7)}{i:04}]"} for i in range(size // each)]
    return _of_schema({"not": {"allOf": [*parts, {"type": "boolean"}]}})


def _vars(count: int) -> Trial:
    chain = "".join(f"  v{i}: {{var: v{i - 1}}}\n" for i in range(1, count))
    return Trial(f"{{a: {{var: v{count - 1}}}}}", head="vars:\n  v0: $.a\n" + chain)


# Limits that cannot be set.
FIXED: dict[str, tuple[int, _Given]] = {
    "levels of a mapping": (
        MAX_FILE_DEPTH,
        ("M110", lambda n: Trial("{a: " + "[" * (n - 6) + "]" * (n - 6) + "}")),
    ),
    "levels of a schema": (
        MAX_FILE_DEPTH,
        ("M007", lambda n: _of_schema({"default": json.loads(nested(n - 5))})),
    ),
    "values of a schema": (MAX_VALUES, ("M010", lambda n: _of_schema({"enum": [*range(n - 200)]}))),
    "subschemas for one value": (MAX_HEIGHT, ("M007", lambda n: _chain((n - 4) // 2))),
    "characters of a pattern": (
        MAX_PATTERN,
        ("M203", lambda n: _of_schema({"pattern": f"^[{'b' * n}]"})),
    ),
    "characters of all patterns": (MAX_PATTERNS, ("M203", _patterns)),
    "characters of a path": (
        path_parsing.MAX_LENGTH,
        ("M205", lambda n: Trial("{a: '$" + ".a" * (n // 2) + "'}")),
    ),
    "filters of a path inside each other": (
        MAX_FILTERS,
        ("M205", lambda n: Trial("{a: '$" + "[?@.a" * n + "]" * n + "'}")),
    ),
    "brackets of a path inside each other": (
        MAX_PATH_DEPTH,
        ("M205", lambda n: Trial("{a: '$[?" + "(" * (n - 1) + "@.a" + ")" * (n - 1) + "]'}")),
    ),
    "characters of a template": (LONGEST, ("M211", lambda n: Trial(text_of("{{ a }}" + "x" * n)))),
    "tags of a template inside each other": (
        MAX_TAG_DEPTH,
        ("M211", lambda n: Trial(text_of("{% if a %}" * n + "x" + "{% endif %}" * n))),
    ),
    "characters of a condition": (
        LONGEST_CONDITION,
        ("M217", lambda n: Trial("{a: {when: 'a == \"" + "x" * n + "\"', then: 1, else: 2}}")),
    ),
    "characters of a template's variables": (
        VARIABLES * DEFAULT.text_length,
        (
            "M620",
            lambda n: Trial(
                text_of("".join(f"{{% assign v{i} = s %}}" for i in range(n // 500_000)) + "x"),
                _body(s="x" * 500_000),
            ),
        ),
    ),
    "vars that build on each other": (MAX_VAR_DEPTH, ("M141", _vars)),
    "characters of a body that is repaired": (
        MAX_CHARACTERS,
        (
            "M601",
            lambda n: Trial(body=b'{"a":1,' + b" " * (n - 8) + b"}", head="repair: [trailing_commas]\n"),
        ),
    ),
    "repairs of a body": (
        MAX_REPAIRS,
        (
            "M601",
            lambda n: Trial(
                body=b'{"a":[' + b"[1,]," * (n - 1) + b"1,]}", head="repair: [trailing_commas]\n"
            ),
        ),
    ),
    "digits of an integer that is cast": (
        MAX_DIGITS,
        ("M613", lambda n: Trial("{a: {path: $.a, as: integer}}", _body(a="9" * n))),
    ),
    "levels of a text that is read as JSON": (
        DEFAULT.nesting,
        ("M613", lambda n: Trial("{a: {path: $.a, as: json}}", _body(a=nested(n - 1).decode()))),
    ),
    "characters of a time pattern": (
        patterns.MAX_PATTERN,
        (
            "M115",
            lambda n: Trial(
                f"{{a: {{path: $.b, as: timestamp, zone: UTC, from: '%Y-%m-%d{'x' * (n - 8)}'}}}}"
            ),
        ),
    ),
    "characters of a text that is read as a time": (
        patterns.MAX_TEXT,
        (
            "M614",
            lambda n: Trial(
                "{a: {path: $.a, as: timestamp, zone: UTC, from: '%Y-%m-%d %H:%M'}}",
                _body(a="2026-11-23" + " " * (n - 15) + "20:00"),
            ),
        ),
    ),
    "characters of a text of the format `regex`": (
        MAX_SYNTAX,
        (
            "M612",
            lambda n: replace(_of_schema({"type": "string", "format": "regex"}), body=_body(a="x" * n)),
        ),
    ),
}

_SLOW = frozenset(
    {
        "body_bytes",
        "path_visits",
        "event_bytes",
        "item_work",
        "body_work",
        "mapping_nodes",
        "values of a schema",
    }
)
INPUTS: dict[str, LimitInput] = {
    **{name: LimitInput(*given, getattr(DEFAULT, name), name in _SLOW) for name, given in SETTINGS.items()},
    **{name: LimitInput(*given, limit, name in _SLOW) for name, (limit, given) in FIXED.items()},
}
