"""Proofs on random templates: what is proven always parses, what is refuted breaks as shown."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import mapper
from mapper import ir
from mapper.checker.inference.date_texts import date_texts
from mapper.checker.templates import Proof, TemplateVerdict, prove
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span, SpannedText
from mapper.expressions.liquid import parse_template
from mapper.interpreter.value_evaluation import EvaluationContext
from mapper.regex.expressions import matching
from mapper.runtime.faults import Fault, Skip
from mapper.runtime.liquid.dates import read_date, write_date
from mapper.runtime.schema.formats import DATE_TIME
from mapper.runtime.times.calendar import DATE
from mapper.runtime.work import LONGEST_DATE
from mapper.transform.runner import prepare_template
from support.built_schemas import schema_from
from support.examples import tries
from support.pattern_texts import text_near
from support.places import TESTS
from support.validators import reference
from support.yaml_text import load_yaml

TEMPLATES = 120
PAYLOADS = 80
BATCHES = 4
FEW = 12  # templates of the short run

TEXTS = (
    *(
        "",
        " ",
        "a",
        "abc",
        "GOLD",
        "x-1",
        "12",
        "007",
        "-1",
        "1e5",
        "1e999",
        "true",
        "null",
        "0",
        "a b",
        "__",
    ),
    *(
        '"',
        '\\"',
        "\\",
        "\\\\",
        "a\\",
        '"}',
        '","b":"',
        "\n",
        "\r",
        "\r\n",
        "\t",
        "\x00",
        "\x1f",
        "\x7f",
        "/",
    ),
    *(
        "\u2028",
        "\ud800",
        "\udfff",
        "\U0001f600",
        "é",
        "ß",
        "İ",
        "ŉ",
        "{{",
        "}}",
        "{%",
        "'",
        "&quot;",
        "&#34;",
    ),
    *(
        "%22",
        "+",
        "a" * 60,
        '"' * 3,
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "2026-11-23",
        "2023-05-29 15:55:00",
        "now",
    ),
)
NUMBERS = (0, 1, -1, 7, 0.0, -0.0, 1.5, 1e22, 1e-7, 1.7976931348623157e308, 5e-324, 2**63, -(10**30), 4.0)
PLACES = ("a", "b", "o.p", "i", "xs", "flag")
PATTERNS = ("^[a-z]*$", "^[A-Z_0-9-]+$", "^-?(0|[1-9][0-9]{0,5})$", '^[^"\\\\]*$', "^(a|bc|12)$", "^[0-9]+$")

# --- schemas and payloads


def schema(dice: random.Random) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = [
        {"type": "string", "pattern": dice.choice(PATTERNS)},
        {"type": ["string", "null"], "pattern": dice.choice(PATTERNS)},
        {"enum": dice.sample(["GOLD", "x-1", "", 1, 4.0, None, True, '"', "a b"], 3)},
        {"type": ["number", "null"]},
        {"type": "integer", "minimum": 0},
        {"type": "boolean"},
        {"type": "string"},
        {"type": "string", "minLength": 1, "pattern": "^[a-z]*$"},
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[0-9]{4}$"}]},
        {"allOf": [{"type": "string"}, {"pattern": "^[a-z ]*$"}]},
        {"type": "string", "format": "date-time"},
        {},
    ]

    def one() -> dict[str, Any]:
        return dict(dice.choice(kinds))

    element = {"type": "object", "properties": {"n": one(), "k": one()}} if dice.random() < 0.7 else one()
    properties = {
        "a": one(),
        "b": one(),
        "i": {"type": "integer"},
        "flag": {"type": ["boolean", "null"]},
        "o": {"type": ["object", "null"], "properties": {"p": one()}},
        "xs": {"type": ["array", "null"], "items": element},
    }
    if dice.random() < 0.3:
        properties["xs"] = {"type": "array", "items": element, "minItems": dice.randint(0, 2)}
    names = [name for name in properties if dice.random() < 0.3]
    return {"type": "object", "required": names, "properties": properties}


def any_value(dice: random.Random, depth: int = 0) -> Any:
    pick = dice.random()
    if pick < 0.55:
        return dice.choice(TEXTS) if dice.random() < 0.8 else dice.choice(TEXTS) + dice.choice(TEXTS)
    if pick < 0.7:
        return dice.choice(NUMBERS)
    if pick < 0.8 or depth > 2:
        return dice.choice([None, True, False])
    if pick < 0.9:
        return [any_value(dice, depth + 1) for _ in range(dice.randint(0, 3))]
    return {
        dice.choice(["n", "k", "p", '"', "a"]): any_value(dice, depth + 1) for _ in range(dice.randint(0, 3))
    }


def payload(dice: random.Random, document: dict[str, Any]) -> dict[str, Any] | None:
    """A value for each property that the property's schema admits; None where luck finds none."""
    made = {}
    for name, inner in document["properties"].items():
        if isinstance(inner, bool):
            continue
        if name not in document["required"] and dice.random() < 0.25:
            continue
        value = fitting(dice, inner)
        if value is not inner:
            made[name] = value
    return made if set(document["required"]) <= made.keys() else None


@cache
def judge_of(text: str) -> Draft202012Validator:
    return reference(json.loads(text))


def fitting(dice: random.Random, inner: dict[str, Any]) -> Any:
    judge = judge_of(json.dumps(inner))
    if "properties" in inner and dice.random() < 0.8:
        entries = {name: fitting(dice, each) for name, each in inner["properties"].items()}
        return {n: v for n, v in entries.items() if v is not inner["properties"][n] and dice.random() < 0.8}
    if "items" in inner and dice.random() < 0.8:
        shortest = inner.get("minItems", 0)
        length = dice.randint(shortest, inner.get("maxItems", shortest + 3))
        found = [fitting(dice, inner["items"]) for _ in range(length)]
        return [value for value in found if value is not inner["items"]]
    for _ in range(12):
        value = any_value(dice)
        # `$` of a pattern is the end of the text (ECMA-262), which Python's reading is not sure of.
        if not (isinstance(value, str) and value.endswith("\n")) and judge.is_valid(value):
            return value
    listed = inner.get(
        "enum",
        [v for v in ("a", "1", "1234", "A", "2026-11-23T20:00:00Z", 3, True, None) if judge.is_valid(v)],
    )
    return dice.choice(listed) if listed else inner


# --- templates

FILTERS = (
    *(
        "json",
        "default: 0",
        "default: 'n'",
        "default: true",
        "append: 'x'",
        "upcase",
        "downcase",
        "url_encode",
    ),
    *("escape", "strip", "strip_newlines", "plus: 1", "size", "round", "truncate: 4", "slice: 0, 3", "first"),
    *("replace: '\\', '\\\\' | replace: '\"', '\\\"'", "replace: '\"', ''", "date: '%Y-%m-%d'", "join: ','"),
    *("split: ','", "capitalize", "remove: '\\'", "escape_once", "strip_html", "times: 2.5", "divided_by: 3"),
    *(
        "map: 'n'",
        "compact",
        "base64_encode",
        "prepend: '-'",
        "at_least: 1",
        "abs",
        "reverse",
        "last",
        "date: '%s'",
    ),
)


@dataclass
class Writer:
    """Writes random templates, most of them nearly JSON."""

    dice: random.Random
    inside: str = ""
    loops: int = 0

    def expression(self) -> str:
        places = [
            *PLACES,
            *([f"{self.inside}", f"{self.inside}.n", f"{self.inside}.k"] if self.inside else []),
        ]
        text = self.dice.choice(
            [*places, "v", "'GOLD'", "received_at"] if self.dice.random() < 0.2 else places
        )
        for _ in range(self.dice.choice([0, 0, 0, 1, 1, 2])):
            text += f" | {self.dice.choice(FILTERS)}"
        return text

    def condition(self) -> str:
        place = self.expression().split(" |")[0]
        tests = [
            *("{}", "{} == nil", "{} != nil", "{} == blank", "{} != blank", "{} == 'GOLD'", "{} == true"),
            *("{} contains '\"'", "{} > 0", "{} == ''", "{} != '' and {} != nil", "{} == false or {} == nil"),
            *("{} == empty", "forloop.first", "forloop.last", "forloop.index > 1", "{} == 1"),
        ]
        return self.dice.choice(tests).replace("{}", place)

    def value(self, depth: int = 0) -> str:
        dice = self.dice
        pick = dice.random() if depth < 3 else dice.random() * 0.5
        if pick < 0.1:
            return dice.choice(["1", "true", "null", '"x"', "[]", "{}", "-0.5"])
        if pick < 0.25:
            return f'"{{{{ {self.expression()} }}}}"'
        if pick < 0.4:
            return f"{{{{ {self.expression()} | json }}}}"
        if pick < 0.5:
            return f"{{{{ {self.expression()} }}}}"
        if pick < 0.62:
            first, rest = self.value(depth + 1), self.value(depth + 1)
            return f"{{% if {self.condition()} %}}{first}{{% else %}}{rest}{{% endif %}}"
        if pick < 0.68:
            first, rest = self.value(depth + 1), self.value(depth + 1)
            return f"{{% case a %}}{{% when 'GOLD', 1 %}}{first}{{% else %}}{rest}{{% endcase %}}"
        if pick < 0.82:
            return self.object(depth)
        if pick < 0.9:
            return f"[{self.value(depth + 1)}, {self.value(depth + 1)}]"
        return self.loop(depth)

    def object(self, depth: int) -> str:
        entries = [f'"{name}": {self.value(depth + 1)}' for name in ("k", "l")]
        if self.dice.random() < 0.3:
            entries.append(f'"{{{{ {self.expression()} }}}}": 1')
        text = ", ".join(entries)
        if self.dice.random() < 0.4:
            text += f'{{% if {self.condition()} %}}, "m": {self.value(depth + 1)}{{% endif %}}'
        return "{ " + text + " }"

    def loop(self, depth: int) -> str:
        outer, name = self.inside, f"e{depth}"
        self.inside, self.loops = name, self.loops + 1
        inner = self.value(depth + 1)
        separators = [
            inner + "{% unless forloop.last %},{% endunless %}",
            "{% unless forloop.first %},{% endunless %}" + inner,
            "{% if forloop.index > 1 %},{% endif %}" + inner,
            inner + "{% if forloop.index < forloop.length %},{% endif %}",
            inner + ",",
            f"{{% if {self.condition()} %}}{{% continue %}}{{% endif %}}{inner}"
            "{% unless forloop.last %},{% endunless %}",
            "{{ sep }}" + inner + "{% assign sep = ',' %}",
        ]
        body = self.dice.choice(separators)
        self.inside, self.loops = outer, self.loops - 1
        source = self.dice.choice(["xs", "xs", "xs limit: 1", "xs reversed", "(1..3)", "o", "a"])
        return f"[{{% for {name} in {source} %}}{body}{{% endfor %}}]"

    def template(self) -> str:
        dice = self.dice
        text = self.object(0) if dice.random() < 0.8 else self.value()
        if dice.random() < 0.2:
            text = f"{{% assign v = {self.expression()} %}}{text}"
        if dice.random() < 0.2:
            inner = dice.choice([f"{{{{ {self.expression()} }}}}", self.value(2)])
            text = f"{{% capture v %}}{inner}{{% endcapture %}}{text}"
        if dice.random() < 0.1:
            at = dice.randrange(len(text))
            text = text[:at] + dice.choice([",", '"', "}", "", "\\"]) + text[at + dice.randint(0, 1) :]
        return text


# --- the two claims


def read(text: str) -> ir.Program | None:
    whole = Span(SourceFile("<template>", text), 0, len(text))
    template = parse_template(SpannedText(text, whole, exact=True), Report())
    path = ir.Path(ir.Root.BODY, (), "$", whole)
    return None if template is None else ir.Program("t", (path,), (), template, frozenset(), whole)


TIMES = (None, "2026-01-15T10:20:30.000Z")


def rendered(program: ir.Program, item: object, received_at: str | None) -> str | None:
    assert isinstance(program.output, ir.Template)
    request = mapper.Request(received_at=received_at)
    try:
        return EvaluationContext(item, item, request).text(program.output)
    except (Fault, Skip):
        return None


def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    assert len(dict(pairs)) == len(pairs), "a key stands twice"
    return dict(pairs)


def refuse(name: str) -> object:
    raise AssertionError(f"{name} is no JSON")


def parses(text: str) -> bool:
    try:
        json.loads(text, object_pairs_hook=once, parse_constant=refuse)
    except (ValueError, AssertionError):
        return False
    return True


def assert_never_contradicted(
    text: str, program: ir.Program, proof: Proof, document: dict[str, Any] | None, dice: random.Random
) -> None:
    if proof.verdict is TemplateVerdict.PROVEN:
        for _ in range(PAYLOADS):
            item = any_value(dice) if document is None else payload(dice, document)
            is_item = document is None or item is not None
            result = rendered(program, item, dice.choice(TIMES)) if is_item else None
            assert result is None or parses(result), f"{text}\n{document}\n{item!r}\n{result}"
    for refutation in proof.refutations:
        item = refutation.given.item
        result = rendered(program, item, refutation.given.received_at)
        assert result == refutation.rendered.text, f"{text}\n{item!r}"
        assert not parses(result), f"{text}\n{item!r}\n{result}"
        assert document is None or reference(document).is_valid(item), f"{document}\n{item!r}"


def run_batch(seed: int, templates: int) -> dict[TemplateVerdict, int]:
    dice = random.Random(seed)
    counts = dict.fromkeys(TemplateVerdict, 0)
    for _ in range(templates):
        document = schema(dice) if dice.random() < 0.85 else None
        source = None if document is None else schema_from(document)
        text = Writer(dice).template()
        program = read(text)
        if program is None:
            continue
        proof = prove(program, source, None, prepare_template)
        counts[proof.verdict] += 1
        assert_never_contradicted(text, program, proof, document, dice)
    return counts


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, BATCHES + 1))]
)
def test_no_run_contradicts_a_verdict(seed: int) -> None:
    counts = run_batch(seed, TEMPLATES // BATCHES if seed else FEW)
    assert counts[TemplateVerdict.PROVEN] > 0
    assert counts[TemplateVerdict.REFUTED] > 0


def proven_cases() -> list[Any]:
    files = sorted((TESTS / "cases" / "proofs").glob("*.yaml"))
    found = [case for path in files for case in load_yaml(path)]
    return [c for c in found if c["verdict"] == "proven" and "dialect" not in c and "skip" not in c]


@pytest.mark.parametrize("case", proven_cases(), ids=lambda case: str(case["name"]))
def test_proven_cases_stand_hostile_payloads(case: dict[str, Any]) -> None:
    dice = random.Random(case["name"])
    program = read(case["template"])
    assert program is not None
    document = {"properties": {}, "required": [], **case.get("source", {})}
    kept = {key: document[key] for key in ("$defs",) if key in document}
    document["properties"] = {
        name: inner if isinstance(inner, bool) else {**inner, **kept}
        for name, inner in document["properties"].items()
    }
    for _ in range(tries(2 * PAYLOADS)):
        item = payload(dice, document) if "source" in case else {name: any_value(dice) for name in "xyv"}
        result = None if item is None else rendered(program, item, dice.choice(TIMES))
        assert result is None or parses(result), f"{item!r}\n{result}"


@pytest.mark.parametrize("pattern", [DATE_TIME, DATE])
def test_dates_of_the_formats_are_read_and_written_as_foreseen(pattern: str) -> None:
    chance, valid = random.Random(pattern), matching(f"^{pattern}$")
    written = {each: date_texts(each) for each in ("%Y-%m-%d", "%b", "%z", "%Y-%m-%dT%H:%M:%S%:z")}
    texts = [text_near(f"^{pattern}$", chance) for _ in range(300)]
    texts = [text for text in texts if len(text) <= LONGEST_DATE and valid.holds(text)]
    assert len(texts) > 100
    for text in texts:
        moment = read_date(text)
        assert moment is not None, text
        assert all(found.holds(write_date(moment, each)) for each, found in written.items()), text
