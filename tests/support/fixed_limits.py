"""Fixed limits: for each limit that cannot be set, the constant that holds it and an input of any size."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name

from mapper.regex.searches import automaton_of
from mapper.runtime.limits import DEFAULT
from support.frames import text_of
from support.json_values import nested
from support.limit_trials import (
    REFUSED,
    FileTrial,
    Trial,
    body_of,
    document,
    journal,
    of_schema,
    sample,
    saved_form,
)
from support.places import ROOT

# Beginning with it, a pattern takes too many steps in `re`, and an automaton must search for it.
_SLOW_START = "^(?:a?b?)*"
_COMMAS = "repair: [trailing_commas]\n"


@dataclass(frozen=True)
class FixedLimit:
    """A limit: `times` the constant; `make` gives the input of a size, one that is larger ends in `code`."""

    constant: str  # in `mapper`, as `pkgutil.resolve_name` takes it
    code: str
    make: Callable[[int], Trial | FileTrial]
    times: int = 1

    @property
    def limit(self) -> int:
        """The limit in the unit of its row."""
        value: int = resolve_name(f"mapper.{self.constant}")
        return value * self.times


# --- schemas


def _chain(length: int) -> Trial:
    links = {f"r{i}": {"allOf": [{"$ref": f"#/$defs/r{i + 1}"}]} for i in range(length)}
    schema = json.loads((ROOT / "schemas" / "event.schema.json").read_text("utf-8"))
    schema["properties"]["event_properties"]["properties"] = {"a": {"$ref": "#/$defs/r0"}}
    schema["$defs"] = {**schema.get("$defs", {}), **links, f"r{length}": True}
    return Trial(head="target: own.schema.json\n", files={"own.schema.json": json.dumps(schema)})


def _all_patterns(patterns: list[str]) -> Trial:
    return of_schema({"not": {"allOf": [*({"pattern": each} for each in patterns), {"type": "boolean"}]}})


def _pattern(pattern: str) -> Trial:
    return _all_patterns([pattern])


def _patterns(size: int) -> Trial:
    each = 5_000
    return _all_patterns([f"^[{'a' * (each - 7)}{i:04}]" for i in range(size // each)])


def _automata(size: int) -> Trial:
    patterns, found = [], 0
    while found < size:
        patterns.append(f"{_SLOW_START}c{{300}}{len(patterns)}")
        automaton = automaton_of(patterns[-1])
        found += 0 if automaton is None else automaton.size
    return _all_patterns(patterns)


def _sets(count: int) -> str:
    return "|".join(f"[{chr(start)}{chr(start + 1)}]" for start in range(0x4E00, 0x4E00 + 3 * count, 3))


def _looks(count: int) -> str:
    return "".join(f"(?=.*{letter})" for letter in "abcdefghijk"[:count])


# --- mappings


def _vars(count: int) -> Trial:
    chain = "".join(f"  v{i}: {{var: v{i - 1}}}\n" for i in range(1, count))
    return Trial(f"{{a: {{var: v{count - 1}}}}}", head="vars:\n  v0: $.a\n" + chain)


def _steps(count: int) -> Trial:
    template = "{{ '" + "a" * 9_000 + "'" + " | upcase" * 40 + " }}"
    in_one = 45_100  # its steps
    return Trial("{" + ", ".join(f't{i}: "{template}"' for i in range(count // in_one)) + "}")


# --- bodies


def _lists(levels: int) -> object:
    value: object = []
    for _ in range(levels - 1):
        value = [value]
    return value


FIXED: dict[str, FixedLimit] = {
    "levels of a mapping": FixedLimit(
        "runtime.limits:MAX_FILE_DEPTH",
        "M110",
        lambda n: Trial("{a: " + "[" * (n - 6) + "]" * (n - 6) + "}"),
    ),
    "levels of a schema": FixedLimit(
        "runtime.limits:MAX_FILE_DEPTH",
        "M007",
        lambda n: of_schema({"default": json.loads(nested(n - 5))}),
    ),
    "digits of a number in a mapping": FixedLimit(
        "language.scalars:MAX_DIGITS", "M114", lambda n: Trial(f"{{a: {'9' * n}}}")
    ),
    "characters of a separator of `flatten`": FixedLimit(
        "language.modifiers:MAX_SEPARATOR",
        "M114",
        lambda n: Trial(f"{{path: $, flatten: {{separator: '{'.' * n}'}}}}"),
    ),
    "vars that build on each other": FixedLimit("expressions.lowering:MAX_VAR_DEPTH", "M141", _vars),
    "steps of checking a mapping and its schemas": FixedLimit("budget:MAX_STEPS", "M415", _steps),
    "values of a schema": FixedLimit(
        "schemas.schema:MAX_VALUES", "M010", lambda n: of_schema({"enum": [*range(n - 200)]})
    ),
    "subschemas for one value, each inside or referred to by the one before": FixedLimit(
        "schemas.schema:MAX_HEIGHT", "M007", lambda n: _chain((n - 4) // 2)
    ),
    "subschemas with keywords of earlier drafts": FixedLimit(
        "schemas.schema:MAX_UNUSUAL",
        "M007",
        lambda n: of_schema({"allOf": [{"$vocabulary": {}}] * (n - 1)}),
    ),
    "characters of a pattern": FixedLimit(
        "schemas.schema:MAX_PATTERN", "M203", lambda n: of_schema({"pattern": f"^[{'b' * n}]"})
    ),
    "characters of the different patterns of a schema": FixedLimit(
        "schemas.schema:MAX_PATTERNS", "M203", _patterns
    ),
    "groups of a pattern inside each other": FixedLimit(
        "regex.reading:MAX_DEPTH", "M203", lambda n: _pattern("(?:" * n + "a" + ")" * n)
    ),
    "characters of a pattern, with its repetitions written out": FixedLimit(
        "regex.automaton:MAX_POSITIONS", "M203", lambda n: _pattern(f"{_SLOW_START}a{{{n - 2}}}")
    ),
    "parts of a pattern, with its repetitions written out": FixedLimit(
        "regex.automaton:MAX_PIECES",
        "M203",
        lambda n: _pattern(_SLOW_START + "(?:" + r"\b" * 9 + f"){{{n // 10}}}"),
    ),
    "parts of a pattern, doubled by each look-around": FixedLimit(
        "regex.automaton:MAX_WORK",
        "M203",
        lambda n: _pattern(_SLOW_START + _looks(7) + r"\b" * (n // 2**7 - 50)),
    ),
    "kinds of characters of a pattern": FixedLimit(
        "regex.automaton:MAX_SETS", "M203", lambda n: _pattern(f"{_SLOW_START}(?:{_sets(n)})")
    ),
    "branches of a pattern": FixedLimit(
        "regex.automaton:MAX_RULES", "M203", lambda n: _pattern(f"^(?:{'a?b?' * (n // 2)})*$")
    ),
    "look-arounds of a pattern": FixedLimit(
        "regex.automaton:MAX_LOOKS", "M203", lambda n: _pattern(_SLOW_START + _looks(n))
    ),
    "parts of all patterns of a schema": FixedLimit("schemas.schema:MAX_AUTOMATA", "M203", _automata),
    "characters of a pattern in a path, with its repetitions written out": FixedLimit(
        "regex.iregexp:MAX_SIZE",
        "M203",
        lambda n: Trial(f"{{a: '$.x[?match(@.b, \"a{{{n}}}\")]'}}"),
    ),
    "characters of a path": FixedLimit(
        "expressions.jsonpath.path_parsing:MAX_LENGTH",
        "M205",
        lambda n: Trial("{a: '$" + ".a" * (n // 2) + "'}"),
    ),
    "filters of a path inside each other": FixedLimit(
        "expressions.jsonpath.lexer:MAX_FILTERS",
        "M205",
        lambda n: Trial("{a: '$" + "[?@.a" * n + "]" * n + "'}"),
    ),
    "brackets of a path inside each other": FixedLimit(
        "runtime.limits:MAX_PATH_DEPTH",
        "M205",
        lambda n: Trial("{a: '$[?" + "(" * (n - 1) + "@.a" + ")" * (n - 1) + "]'}"),
    ),
    "an index in a path": FixedLimit(
        "expressions.jsonpath.literals:MAX_INTEGER", "M201", lambda n: Trial(f"{{a: '$[{n}]'}}")
    ),
    "characters of a template": FixedLimit(
        "expressions.liquid.template_parsing:LONGEST",
        "M211",
        lambda n: Trial(text_of("{{ a }}" + "x" * n)),
    ),
    "tags of a template inside each other": FixedLimit(
        "runtime.limits:MAX_TAG_DEPTH",
        "M211",
        lambda n: Trial(text_of("{% if a %}" * n + "x" + "{% endif %}" * n)),
    ),
    "marks of a template, as `{{`, that none of their ends follows": FixedLimit(
        "expressions.liquid.template_parsing:MOST_OPEN",
        "M211",
        lambda n: Trial(text_of("{{ a }}{% raw %}" + "{{ " * n + "{% endraw %}")),
    ),
    "characters of a condition": FixedLimit(
        "expressions.liquid.template_parsing:LONGEST_CONDITION",
        "M217",
        lambda n: Trial("{a: {when: 'a == \"" + "x" * n + "\"', then: 1, else: 2}}"),
    ),
    "levels of a body, beside its items": FixedLimit(
        "runtime.limits:MAX_BODY_DEPTH",
        "M606",
        lambda n: Trial("{a: $.a}", b'{"events": [{"a": 1}], "x": ' + nested(n - 1) + b"}"),
    ),
    "characters of a body that is repaired": FixedLimit(
        "runtime.repair.readings:MAX_CHARACTERS",
        "M601",
        lambda n: Trial(body=b'{"a":1,' + b" " * (n - 8) + b"}", head=_COMMAS),
    ),
    "levels of a body that is repaired": FixedLimit(
        "runtime.limits:MAX_REPAIRED_DEPTH",
        "M606",
        lambda n: Trial(body=b'{"events": [{"a": 1}], "x": ' + nested(n - 1) + b",}", head=_COMMAS),
    ),
    "repairs of a body": FixedLimit(
        "runtime.repair.edits:MAX_REPAIRS",
        "M601",
        lambda n: Trial(body=b'{"a":[' + b"[1,]," * (n - 1) + b"1,]}", head=_COMMAS),
    ),
    "values that an event takes from parsed JSON": FixedLimit(
        "runtime.schema.validation:MAX_NODES", "M612", lambda n: Trial("{a: $.x}", {"x": [None] * (n - 9)})
    ),
    "levels of parsed JSON that is hashed": FixedLimit(
        "runtime.limits:MAX_CANONICAL_DEPTH",
        "M606",
        lambda n: Trial("{a: {hash: [$.x]}}", {"x": _lists(n - 1)}),
    ),
    "digits of an integer of a body": FixedLimit(
        "runtime.digits:MAX_DIGITS", "M607", lambda n: Trial("{a: $.x}", b'{"x":' + b"9" * n + b"}")
    ),
    "digits of an integer that is cast": FixedLimit(
        "runtime.digits:MAX_DIGITS",
        "M613",
        lambda n: Trial("{a: {path: $.a, as: integer}}", body_of(a="9" * n)),
    ),
    "a number with an exponent or a fraction that becomes an integer or a text": FixedLimit(
        "runtime.digits:EXACT",
        "M613",
        lambda n: Trial("{a: {path: $.a, as: integer}}", b'{"a":%d.0}' % n),
    ),
    "a number with an exponent or a fraction that Liquid prints": FixedLimit(
        "runtime.digits:EXACT", "M618", lambda n: Trial(text_of("{{ a }}"), b'{"a":%d.0}' % n)
    ),
    "levels of a text that `as: json` reads": FixedLimit(
        "runtime.limits:DEFAULT.nesting",
        "M613",
        lambda n: Trial("{a: {path: $.a, as: json}}", body_of(a=nested(n - 1).decode())),
    ),
    "values of a text that `as: json` reads": FixedLimit(
        "runtime.limits:DEFAULT.values",
        "M613",
        lambda n: Trial("{a: {path: $.a, as: json}}", body_of(a="[" + "0," * (n - 2) + "0]")),
    ),
    "characters of a time pattern": FixedLimit(
        "runtime.times.patterns:MAX_PATTERN",
        "M115",
        lambda n: Trial(f"{{a: {{path: $.b, as: timestamp, zone: UTC, from: '%Y-%m-%d{'x' * (n - 8)}'}}}}"),
    ),
    "characters of a text that is read as a time": FixedLimit(
        "runtime.times.patterns:MAX_TEXT",
        "M614",
        lambda n: Trial(
            "{a: {path: $.a, as: timestamp, zone: UTC, from: '%Y-%m-%d %H:%M'}}",
            body_of(a="2026-11-23" + " " * (n - 15) + "20:00"),
        ),
    ),
    "characters of a text of the format `regex`": FixedLimit(
        "runtime.schema.formats:MAX_SYNTAX",
        "M612",
        lambda n: of_schema({"type": "string", "format": "regex"}, body=body_of(a="x" * n)),
    ),
    "characters of a text of the format `uri-template`": FixedLimit(
        "runtime.schema.formats:MAX_SYNTAX",
        "M612",
        lambda n: of_schema({"type": "string", "format": "uri-template"}, body=body_of(a="x" * n)),
    ),
    "characters of a template's variables": FixedLimit(
        "runtime.liquid.semantics:VARIABLES",
        "M620",
        lambda n: Trial(
            text_of("".join(f"{{% assign v{i} = s %}}" for i in range(n // 500_000)) + "x"),
            body_of(s="x" * 500_000),
        ),
        times=DEFAULT.text_length,
    ),
    "bytes of a sample": FixedLimit("samples.cases:MAX_BYTES", "M011", sample),
    "bytes of a saved mapping": FixedLimit("transform.saved:MAX_BYTES", REFUSED, saved_form),
    "bytes of a journal": FixedLimit("streams.journal:MAX_BYTES", REFUSED, journal),
    "bytes of a document over several lines, without `--input json`": FixedLimit(
        "streams.inputs:LOOK_AHEAD", "M601", document
    ),
}
