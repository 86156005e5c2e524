"""The outcome of every published and collected payload of the vendors, and the reason for it.

tests/cases/shared_samples/<vendor>.yaml has a row for each file. `outcomes` has a text for each item, in
their order: `event: <its name>`, `skip: <reason>`, or the codes of a rejection; `why` is the reason. `holds`
lists members that each event has with exactly these values. The vendor's mapping is used unless `mapping`
names another; `settings` are passed with the request; a file that `is_request` has headers and query beside
its body. A `template` is checked without a source schema, with these `problems`, and rendered with the data
beside it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import mapper
from mapper.catalog import shipped_mappings, shipped_schemas
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span, SpannedText
from mapper.expressions.liquid import parse_template
from mapper.expressions.liquid.dialects import load_dialect
from mapper.interpreter.value_evaluation import EvaluationContext
from support.places import CASES, SHARED
from support.shipped import shipped
from support.yaml_text import load_yaml

SAMPLES = SHARED / "samples"
TABLES = {path.stem: load_yaml(path) for path in sorted((CASES / "shared_samples").glob("*.yaml"))}
Row = dict[str, Any]
PAYLOADS: list[tuple[str, Row]] = [
    (vendor, row) for vendor, table in TABLES.items() for row in table["payloads"]
]
TEMPLATES: list[tuple[str, Row]] = [
    (vendor, row) for vendor, table in TABLES.items() for row in table.get("templates", ())
]
KEYS = {"payload", "template", "outcomes", "problems", "why", "holds", "mapping", "settings", "is_request"}
UNREADABLE = {"error: M211", "error: M216"}
TARGET = Draft202012Validator(
    json.loads((shipped_schemas() / "event.schema.json").read_bytes()),
    format_checker=Draft202012Validator.FORMAT_CHECKER,
)

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"needs the collected samples in {SAMPLES}")


def named(rows: list[tuple[str, Row]]) -> list[Any]:
    """The rows as parameters, named after their files."""
    return [
        pytest.param(
            vendor,
            row,
            id="/".join([vendor, row.get("payload") or row["template"], *row.get("settings", ())]),
        )
        for vendor, row in rows
    ]


def run(vendor: str, row: Row) -> mapper.Result:
    """The result of a row's file."""
    body = (SAMPLES / vendor / row["payload"]).read_bytes()
    parts: dict[str, Any] = {
        "settings": row.get("settings", {}),
        "received_at": TABLES[vendor]["received_at"],
    }
    if row.get("is_request"):
        whole = json.loads(body)
        parts |= {"headers": whole["headers"], "query": whole["query"]}
        body = json.dumps(whole["body"]).encode()
    return shipped(row.get("mapping", vendor))(body, mapper.Request(**parts))


def outcomes(result: mapper.Result) -> list[str]:
    """One text for each item, in the order of the items."""
    others = {skip.index: f"skip: {skip.reason}" for skip in result.skipped}
    others |= {item.index: " ".join(item.codes) for item in result.rejected}
    events = iter(f"event: {event['event_name']}" for event in result.events)
    return [others[index] if index in others else next(events) for index in range(result.items)]


@pytest.mark.parametrize(("vendor", "row"), named(PAYLOADS))
def test_payload(vendor: str, row: Row) -> None:
    assert row.keys() <= KEYS
    result = run(vendor, row)
    assert outcomes(result) == row["outcomes"], row["why"]
    for event in result.events:
        TARGET.validate(event)
    held = row.get("holds", [])
    for event, members in zip(result.events, held, strict=bool(held)):
        assert {name: event[name] for name in members} == members


TRACKED = [
    (vendor, row)
    for vendor, row in PAYLOADS
    if vendor == "segment" and row["payload"].startswith("track") and row["outcomes"][0].startswith("event")
]


@pytest.mark.parametrize(("vendor", "row"), named(TRACKED))
def test_a_track_message_keeps_its_properties_and_user(vendor: str, row: Row) -> None:
    message = json.loads((SAMPLES / vendor / row["payload"]).read_bytes())
    [event] = run(vendor, row).events
    assert event["event_properties"] == message.get("properties", {})
    assert event["event_name"] == message["event"]
    assert event["user_id"] == message["userId"]
    assert event["timestamp"] == message["timestamp"]
    if "messageId" in message:
        assert event["event_id"] == message["messageId"]


# --- templates


def render_sample(vendor: str, name: str) -> str:
    """The file rendered with the data that lies beside it, with or without problems."""
    text = (SAMPLES / vendor / name).read_text(encoding="utf-8")
    report = Report()
    dialect = load_dialect(shipped_mappings() / "dialects" / f"{vendor}.yaml", report)
    span = Span(SourceFile(name, text), 0, len(text))
    template = parse_template(SpannedText(text, span, exact=True), report, dialect)
    assert template is not None, report.diagnostics
    data = json.loads((SAMPLES / vendor / name).with_suffix(".data.json").read_bytes())
    received_at = TABLES[vendor]["received_at"]
    return EvaluationContext(data, data, mapper.Request(received_at=received_at)).text(template)


@pytest.mark.parametrize(("vendor", "row"), named(TEMPLATES))
def test_template(vendor: str, row: Row) -> None:
    assert row.keys() <= KEYS
    text = (SAMPLES / vendor / row["template"]).read_text(encoding="utf-8")
    mapping = {"mapping": "sample", "version": 1, "dialect": vendor, "template": text}
    found = mapper.check(json.dumps(mapping, ensure_ascii=False), filename=row["template"])
    problems = list(dict.fromkeys(f"{d.severity.value}: {d.code}" for d in found))
    assert problems == row["problems"], row["why"]


@pytest.mark.parametrize(
    ("vendor", "row"), named([(v, row) for v, row in TEMPLATES if not set(row["problems"]) & UNREADABLE])
)
def test_a_template_sends_what_was_recorded(vendor: str, row: Row) -> None:
    path = (SAMPLES / vendor / row["template"]).with_suffix(".rendered.txt")
    assert render_sample(vendor, row["template"]).split() == path.read_text(encoding="utf-8").split()


def test_every_payload_and_template_has_a_row() -> None:
    assert TABLES.keys() == {path.name for path in SAMPLES.iterdir() if path.is_dir()}
    for vendor in TABLES:
        files = {path.name for path in (SAMPLES / vendor).iterdir()}
        beside = {name for name in files if name.endswith((".data.json", ".rendered.txt"))}
        payloads = {row["payload"] for v, row in PAYLOADS if v == vendor}
        templates = {row["template"] for v, row in TEMPLATES if v == vendor}
        assert payloads | templates == files - beside, vendor
