"""What becomes of every published and collected payload of MoEngage, CleverTap and WebEngage, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import mapper
from mapper.catalog import shipped_mappings, shipped_schemas
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span, Text
from mapper.expressions.liquid import parse_template
from mapper.expressions.liquid.dialects import load_dialect
from mapper.interpreter.template_evaluation import render_template

SAMPLES = Path(__file__).resolve().parents[1].parent / "shared" / "samples"
VENDORS = ("moengage", "clevertap", "webengage")
RECEIVED = "2026-01-15T10:20:30.000Z"
CANONICAL = Draft202012Validator(
    json.loads((shipped_schemas() / "event.schema.json").read_bytes()),
    format_checker=Draft202012Validator.FORMAT_CHECKER,
)

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"needs the collected samples in {SAMPLES}")


@dataclass(frozen=True)
class Row:
    """What the compilation says, then one outcome for each item in their order, and the reason for it."""

    outcomes: tuple[str, ...]
    why: str


PAYLOADS = {
    "moengage/connector_flat_real_push_cleared.json": Row(("M603",), "a Connector campaign, not Streams"),
    "moengage/event_real_response_submitted_no_uid.json": Row(
        ("M603",), "a bare event without the batch around it"
    ),
    "moengage/export_glossary_email_sent.json": Row(("M603",), "a storage export: `event`, singular"),
    "moengage/export_s3_user_action.json": Row(("M603",), "a storage export: `event`, singular"),
    "moengage/streams_assembled_custom_events.json": Row(
        ("event: Order Completed", "skip: anonymous user"), "the second event has `uid: null`"
    ),
    "moengage/streams_docs_glossary_placeholder.json": Row(("M614",), "the time is a placeholder in words"),
    "moengage/streams_docs_push_received.json": Row(
        ("event: Notification Received Android",), "as documented"
    ),
    "moengage/streams_openapi_example.json": Row(("M611",), "`event_time: 123` is far outside the window"),
    "moengage/streams_real_email_unsubscribed.json": Row(("event: Email Unsubscribed",), "real"),
    "moengage/streams_real_push_received.json": Row(("event: Notification Received Android",), "real"),
    "moengage/streams_wrapped_real_inapp_shown.json": Row(
        ("event: Event Name",), "real, a test's event name"
    ),
    "moengage/streams_wrapped_real_install_uninstall.json": Row(
        ("event: Event Name", "event: Event Name"), "two codes with one uuid are two events"
    ),
    "clevertap/assembled_custom_body_identity_evtname.json": Row(("M603",), "a custom body, no `profiles`"),
    "clevertap/assembled_key_values_event_name.json": Row(
        ("event: order_completed", "skip: anonymous profile"), "the second profile has no `identity`"
    ),
    "clevertap/non_broadcast_profiles_is_object.json": Row(("M611",), "nothing names the event"),
    "clevertap/post_action_push.json": Row(("M611",), "nothing names the event"),
    "clevertap/profile_variables_full.json": Row(("M611",), "nothing names the event"),
    "webengage/assembled_application_added_to_cart.json": Row(("event: Added to Cart",), "a custom event"),
    "webengage/assembled_application_anonymous.json": Row(("skip: anonymous visitor",), "`user_id: null`"),
    "webengage/assembled_http_request.json": Row(
        ("event: push_notification_accepted",), "a whole request: body, query and headers"
    ),
    "webengage/assembled_system_email_click.json": Row(("event: email_click",), "a system event"),
    "webengage/rest_track_event_request.json": Row(
        ("M611",), "what one sends to WebEngage: `userId`, not `user_id`"
    ),
    "webengage/system_push_notification_accepted.json": Row(
        ("event: push_notification_accepted",), "as documented"
    ),
}

# Without a source schema nothing is known of a text, so each that is printed as it is can break the JSON.
TEMPLATES = {
    "clevertap/customerglu_v4_abort_when_anonymous.liquid": Row(("error: M411",), "texts in quotes"),
    "clevertap/customerglu_v4_basic.liquid": Row(("error: M411",), "texts in quotes, a text for a number"),
    "clevertap/customerglu_v4_escaped_undocumented_filters.liquid": Row(
        ("error: M411", "warning: M215"), "`replace` is not documented, and does not escape tabs"
    ),
    "clevertap/customerglu_v4_items_loop.liquid": Row(("error: M411",), "commas are right, texts are not"),
    "clevertap/docs_inkit_custom_body.liquid": Row(("error: M411", "error: M413"), "not an event, either"),
    "clevertap/docs_leadsquared_custom_body.liquid": Row(
        ("error: M411", "error: M413"), "not an event, either"
    ),
    "clevertap/docs_loyaltylion_lowercase_objects.liquid": Row(("error: M216",), "`event` must be `Event`"),
    "clevertap/docs_posthog_custom_body.liquid": Row(("error: M411", "error: M413"), "not an event, either"),
    "clevertap/docs_salesforce_space_in_name.liquid": Row(
        ("error: M211",), '`Event.NPS Score` must be `Event["NPS Score"]`'
    ),
    "clevertap/naive_broken_by_quote.liquid": Row(("error: M411",), "a quote and a line end in free text"),
    "clevertap/now_labelled_utc_but_ist.liquid": Row(
        ("error: M411", "error: M414"), "five and a half hours late"
    ),
    "clevertap/profile_default_false_trap.liquid": Row(
        ("error: M411", "warning: M218"), "false would become true"
    ),
}
UNREADABLE = {"error: M211", "error: M216"}


def outcomes(result: mapper.Result) -> tuple[str, ...]:
    """One text for each item, in the order of the items."""
    others: dict[int, str] = {skip.index: f"skip: {skip.reason}" for skip in result.skipped}
    others |= {item.index: " ".join(item.codes) for item in result.rejected}
    events = iter(f"event: {event['event_name']}" for event in result.events)
    return tuple(others[index] if index in others else next(events) for index in range(result.items))


def run_payload(name: str, **settings: str) -> mapper.Result:
    """The shipped mapping of the file's vendor on the file."""
    body = json.loads((SAMPLES / name).read_bytes())
    request = mapper.Request(settings=settings, received_at=RECEIVED)
    if name == "webengage/assembled_http_request.json":
        request = mapper.Request(headers=body["headers"], query=body["query"], received_at=RECEIVED)
        body = body["body"]
    return mapper.load(name.partition("/")[0])(body, request)


def check_template(name: str) -> tuple[mapper.Diagnostic, ...]:
    """The problems of the file as the template of a mapping without a source schema."""
    mapping = {
        "mapping": "sample",
        "version": 1,
        "dialect": "clevertap",
        "template": (SAMPLES / name).read_text(encoding="utf-8"),
    }
    return mapper.check(json.dumps(mapping, ensure_ascii=False), filename=name)


def render_sample(name: str) -> str:
    """The file rendered with the data that lies beside it, whatever the checker thinks of it."""
    text = (SAMPLES / name).read_text(encoding="utf-8")
    report = Report()
    dialect = load_dialect(shipped_mappings() / "dialects" / "clevertap.yaml", report)
    span = Span(SourceFile(name, text), 0, len(text))
    template = parse_template(Text(text, span, exact=True), report, dialect)
    assert template is not None, report.diagnostics
    data = json.loads((SAMPLES / name).with_suffix(".data.json").read_bytes())
    return render_template(template, data, data, mapper.Request(received_at=RECEIVED))


def told(diagnostics: Iterable[mapper.Diagnostic]) -> tuple[str, ...]:
    """Severity and code of each kind of diagnostic, once."""
    return tuple(dict.fromkeys(f"{d.severity.value}: {d.code}" for d in diagnostics))


@pytest.mark.parametrize("name", PAYLOADS)
def test_payload(name: str) -> None:
    result = run_payload(name)
    assert outcomes(result) == PAYLOADS[name].outcomes, PAYLOADS[name].why
    for event in result.events:
        CANONICAL.validate(event)


@pytest.mark.parametrize("name", TEMPLATES)
def test_template(name: str) -> None:
    assert told(check_template(name)) == TEMPLATES[name].outcomes, TEMPLATES[name].why


@pytest.mark.parametrize("name", [n for n, row in TEMPLATES.items() if not set(row.outcomes) & UNREADABLE])
def test_a_template_sends_what_was_recorded(name: str) -> None:
    recorded = (SAMPLES / name).with_suffix(".rendered.txt").read_text(encoding="utf-8")
    assert render_sample(name).split() == recorded.split()


@pytest.mark.parametrize(
    "name", ["clevertap/non_broadcast_profiles_is_object.json", "clevertap/profile_variables_full.json"]
)
def test_a_setting_names_the_event_of_a_campaign(name: str) -> None:
    result = run_payload(name, event_name="level_won")
    assert outcomes(result) == ("event: level_won",)
    assert result.events[0]["timestamp"] == RECEIVED


def test_a_post_action_webhook_keeps_the_push_message() -> None:
    [event] = run_payload("clevertap/post_action_push.json", event_name="push_sent").events
    assert event["user_id"] == "6425"
    properties = event["event_properties"]
    assert isinstance(properties, dict)
    assert properties["ct_target_id"] == 1628144342
    assert properties["ct_push"]["kvs"]["wzrk_ttl"] == 24


def test_the_header_is_the_id_of_a_webengage_event() -> None:
    [event] = run_payload("webengage/assembled_http_request.json").events
    assert event["event_id"] == "9f86d081884c7d659a2feaa0c55ad015"
    assert event["timestamp"] == "2016-06-01T15:53:59.000Z"


def test_every_payload_and_template_has_a_row() -> None:
    files = {p.relative_to(SAMPLES).as_posix() for vendor in VENDORS for p in (SAMPLES / vendor).iterdir()}
    payloads = {name for name in files if name.endswith(".json") and not name.endswith(".data.json")}
    templates = {name for name in files if name.endswith(".liquid")}
    assert payloads == PAYLOADS.keys()
    assert templates == TEMPLATES.keys()
    leftover = files - payloads - templates
    assert all(name.endswith((".data.json", ".rendered.txt")) for name in leftover)
