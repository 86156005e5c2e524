"""Proofs of templates: verdict, payload and first bad character, tests/cases/proofs/<subject>.yaml.

`source` is the schema of the item (an object unless it says otherwise), `skip` a condition, `bad` the line
and column of the first bad character of the rendered text, `doubts` what remains open.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import mapper
from mapper import ir
from mapper.catalog import shipped_mappings, shipped_schemas
from mapper.checker.dialect_checks import check_dialect
from mapper.checker.inference.payload_types import payload_types
from mapper.checker.inference.program_types import infer_program
from mapper.checker.templates import Proof, TemplateVerdict, prove, report_proof
from mapper.checker.templates.bare import prove_template
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.render import render_text
from mapper.diagnostics.source import SourceFile, Span, SpannedText
from mapper.expressions.liquid import parse_condition, parse_template
from mapper.expressions.liquid.dialects import Dialect, load_dialect
from mapper.schemas.schema import Schema, load_schema
from mapper.transform.runner import prepare_template
from support.built_schemas import schema_from
from support.places import SHARED, TESTS
from support.yaml_text import load_yaml

CASES = sorted((TESTS / "cases" / "proofs").glob("*.yaml"))
KEYS = {
    *("name", "template", "source", "skip", "dialect", "target"),
    *("verdict", "payload", "bad", "text", "doubts", "errors", "warnings"),
}
SAMPLES = SHARED / "samples" / "clevertap"


@cache
def cases() -> list[Any]:
    found = []
    for path in CASES:
        for case in load_yaml(path):
            found.append(pytest.param(case, id=f"{path.stem}: {case['name']}"))
    return found


def schema_of(document: Any, name: str = "source.schema.json") -> Schema | None:
    if document is None:
        return None
    return schema_from({"type": "object", **document}, name)


def dialect_of(name: str | None) -> Dialect | None:
    report = Report()
    path = shipped_mappings() / "dialects" / f"{name}.yaml"
    return None if name is None else load_dialect(path, report)


def program_of(case: dict[str, Any], report: Report) -> ir.Program:
    text = case["template"]
    whole = Span(SourceFile("<template>", text), 0, len(text))
    dialect = dialect_of(case.get("dialect"))
    template = parse_template(SpannedText(text, whole, exact=True), report, dialect)
    assert template is not None, report.diagnostics
    rules = []
    if "skip" in case:
        span = Span(SourceFile("<skip>", case["skip"]), 0, len(case["skip"]))
        condition = parse_condition(SpannedText(case["skip"], span, exact=True), report, dialect)
        assert condition is not None
        rules.append(ir.Rule(condition, "skipped", False, span))
    path = ir.Path(ir.Root.BODY, (), "$", whole)
    return ir.Program("case", (path,), tuple(rules), template, frozenset(), whole)


def prove_case(case: dict[str, Any]) -> Proof:
    assert set(case) <= KEYS, f"unknown keys {set(case) - KEYS}"
    target = schema_of(case.get("target"), "target.schema.json")
    return prove(program_of(case, Report()), schema_of(case.get("source")), target, prepare_template)


def told(case: dict[str, Any], proof: Proof, severity: str) -> list[str]:
    report = Report()
    target = schema_of(case.get("target"), "target.schema.json")
    dialect, program = dialect_of(case.get("dialect")), program_of(case, Report())
    report_proof(proof, program, target, dialect, report)
    if dialect is not None:
        payload = payload_types(program, schema_of(case.get("source")), None)
        check_dialect(program, infer_program(program, payload), dialect, report)
    found = [d for d in report.ordered() if d.severity.value == severity]
    return [f"{d.code}: {d.message}" for d in found if d.code not in ("M411", "M412")]


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any]) -> None:
    proof = prove_case(case)
    shown = [(r.flaw.span.text, r.flaw.why, r.given.item, r.rendered.text) for r in proof.refutations]
    assert proof.verdict.value == case["verdict"], (shown, proof.doubts)
    if "doubts" in case:
        assert [doubt.why for doubt in proof.doubts] == case["doubts"]
    assert told(case, proof, "error") == case.get("errors", [])
    assert told(case, proof, "warning") == case.get("warnings", [])
    if proof.refutations:
        first = proof.refutations[0]
        if "payload" in case:
            assert first.given.item == case["payload"], shown
        if "text" in case:
            assert first.rendered.text == case["text"]
        if "bad" in case:
            line, column = SourceFile("<rendered>", first.rendered.text).line_column(first.rendered.at)
            assert f"{line}:{column}" == case["bad"], shown


def test_every_subject_has_all_verdicts_to_tell_apart() -> None:
    verdicts = [case.values[0]["verdict"] for case in cases()]
    assert {verdicts.count(verdict.value) > 5 for verdict in TemplateVerdict} == {True}


# --- what people read

BROKEN = {"template": '{"a": {% if x %}\n  "{{ y }}"{% else %}0{% endif %}}'}
PRINTED = """\
error[M411]: a text printed here can break the JSON
 --> <template>:2:4
  |
2 |   "{{ y }}"{% else %}0{% endif %}}
  |    ^^^^^^^ its text stands in the JSON as it is
  |
 ::: <rendered>:2:5
  |
2 |   \"\"\"}
  |     - a comma or the end must follow a value
  |
  = hint: print it with the `json` filter, which adds the quotes and escapes what is inside
  = hint: smallest payload that fails: `{"x": "", "y": "\\""}`
"""


def test_a_refutation_shows_payload_and_place() -> None:
    report = Report()
    program = program_of(BROKEN, report)
    report_proof(prove(program, None, None, prepare_template), program, None, None, report)
    assert render_text(report.ordered()) == PRINTED


@pytest.mark.slow
def test_every_refuted_case_says_something_wherever_it_breaks() -> None:
    for case in cases():
        proof = prove_case(case.values[0])
        if proof.refutations:
            report = Report()
            report_proof(proof, program_of(case.values[0], Report()), None, None, report)
            [*shown] = [d for d in report.diagnostics if d.code == "M411"]
            assert len(shown) == len(proof.refutations)
            assert all(len(d.labels) == 2 or not d.labels[1:] for d in shown)


# --- the shipped template, and the collected ones


def shipped() -> tuple[Path, Path]:
    return (
        shipped_mappings() / "clevertap-template.yaml",
        shipped_schemas() / "clevertap-template.schema.json",
    )


def test_the_shipped_template_is_proven() -> None:
    mapping, source = shipped()
    report = Report()
    spec = yaml.safe_load(mapping.read_text("utf-8"))
    case = {"template": spec["template"], "dialect": "clevertap", "skip": spec["reject"][-1]["when"]}
    target = load_schema(shipped_schemas() / "event.schema.json", report, None)
    proof = prove(program_of(case, report), load_schema(source, report, None), target, prepare_template)
    assert proof.verdict is TemplateVerdict.PROVEN, (proof.refutations, proof.doubts)
    assert not proof.shown_misfits
    assert mapper.load(mapping).diagnostics == ()


def test_the_shipped_template_needs_its_schema() -> None:
    mapping, _ = shipped()
    case = {"template": yaml.safe_load(mapping.read_text("utf-8"))["template"], "dialect": "clevertap"}
    assert prove(program_of(case, Report()), None, None, prepare_template).verdict is TemplateVerdict.REFUTED


QUOTE = "no schema promises that a text holds no quote"
# Each collected template without a source schema: the verdict (or the code that stops it), and why.
COLLECTED = {
    "customerglu_v4_abort_when_anonymous": ("refuted", QUOTE),
    "customerglu_v4_basic": ("refuted", QUOTE),
    "customerglu_v4_escaped_undocumented_filters": (
        "refuted",
        "`replace` leaves tabs and other control characters",
    ),
    "customerglu_v4_items_loop": ("refuted", QUOTE),
    "docs_inkit_custom_body": ("refuted", QUOTE),
    "docs_leadsquared_custom_body": ("refuted", QUOTE),
    "docs_loyaltylion_lowercase_objects": ("M216", "`event` and `profile` are `Event` and `Profile`"),
    "docs_posthog_custom_body": ("refuted", QUOTE),
    "docs_salesforce_space_in_name": ("M211", "a name with a blank goes in brackets"),
    "naive_broken_by_quote": ("refuted", QUOTE),
    "now_labelled_utc_but_ist": ("refuted", QUOTE),
    "profile_default_false_trap": ("refuted", QUOTE),
}
# What the collected templates rely on, as a schema: with it their commas, defaults and loops are proven.
HARMLESS = {"type": ["string", "number", "null"], "pattern": "^[A-Za-z0-9 @.+:_-]*$"}
NUMBER = {"type": ["number", "null"]}
RELIED_ON = {
    "properties": {
        "Profile": {"type": "object", "additionalProperties": HARMLESS},
        "Campaign": {"type": "object", "additionalProperties": HARMLESS},
        "Event": {
            "type": "object",
            "properties": {
                "Amount": NUMBER,
                "rating": NUMBER,
                "opted_in": {"type": ["boolean", "null"]},
                "comment": {"type": ["string", "null"], "pattern": "^[^\\x00-\\x1f]*$"},
                "Items": {
                    "type": ["array", "null"],
                    "items": {"type": "object", "properties": {"Name": HARMLESS, "Price": NUMBER}},
                },
            },
            "additionalProperties": HARMLESS,
        },
    },
}
PROVEN_WITH_IT = {name for name, (verdict, _) in COLLECTED.items() if verdict == "refuted"} - {
    "naive_broken_by_quote"  # prints a comment as it is, and a number without a default
}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"needs the collected templates in {SAMPLES}")
class TestCollected:
    """The templates that others have published."""

    def test_each_has_a_row(self) -> None:
        assert {path.stem for path in SAMPLES.glob("*.liquid")} == COLLECTED.keys()

    @pytest.mark.parametrize("name", COLLECTED)
    def test_the_verdict_without_a_schema(self, name: str) -> None:
        expected, why = COLLECTED[name]
        text = (SAMPLES / f"{name}.liquid").read_text("utf-8")
        report = Report()
        proof = prove_template(
            SourceFile(f"{name}.liquid", text), "clevertap", None, None, report, prepare_template
        )
        if proof is None:
            assert {d.code for d in report.diagnostics} == {expected}, why
        else:
            assert proof.verdict.value == expected, why
            assert proof.doubts == ()

    @pytest.mark.parametrize("name", COLLECTED)
    def test_the_verdict_with_what_it_relies_on(self, name: str) -> None:
        text = (SAMPLES / f"{name}.liquid").read_text("utf-8")
        if not COLLECTED[name][0].startswith("M"):
            proof = prove(
                program_of({"template": text, "dialect": "clevertap"}, Report()),
                schema_of(RELIED_ON),
                None,
                prepare_template,
            )
            assert (proof.verdict is TemplateVerdict.PROVEN) == (name in PROVEN_WITH_IT), proof
