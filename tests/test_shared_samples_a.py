"""What becomes of every published and collected payload of Segment and Amplitude, and why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

import mapper

SAMPLES = Path(__file__).resolve().parents[1].parent / "shared" / "samples"
VENDORS = ("segment", "amplitude")
RECEIVED = "2026-11-20T12:00:00.000Z"

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"needs the collected samples in {SAMPLES}")


@dataclass(frozen=True)
class Row:
    """One outcome for each item, in the order of the items, and the reason for it."""

    outcomes: tuple[str, ...]
    why: str


ANONYMOUS = "skip: anonymous user"
DELETION = "skip: privacy deletion request"
PROFILE = "skip: profile update"

PAYLOADS = {
    "segment/alias_spec_full.json": Row(("event: Alias Created",), "`alias` has no name of its own"),
    "segment/alias_web_ajs_full.json": Row(("event: Alias Created",), "`alias` has no name of its own"),
    "segment/delete_gdpr_go_time_string.json": Row((DELETION,), "an order, with a time no parser reads"),
    "segment/group_spec_full.json": Row(("event: Group Joined",), "`group` has no name of its own"),
    "segment/group_web_ajs_full.json": Row(("event: Group Joined",), "`group` has no name of its own"),
    "segment/identify_android_full.json": Row(("event: User Identified",), "real"),
    "segment/identify_ios_traits_differ_from_context_traits.json": Row(("event: User Identified",), "real"),
    "segment/identify_spec_full.json": Row(("event: User Identified",), "as documented"),
    "segment/identify_web_ajs_full.json": Row(("event: User Identified",), "as documented"),
    "segment/ingest_node_batch_empty_string_userid.json": Row(
        (ANONYMOUS, ANONYMOUS), '`{"batch": [..]}`, both messages with `userId: ""`'
    ),
    "segment/page_spec_full.json": Row(("event: Viewed Home",), "as documented"),
    "segment/page_web_ajs_null_category_full.json": Row(("event: Viewed Home",), "`category: null`"),
    "segment/screen_spec_full.json": Row(("event: Viewed Home",), "as documented"),
    "segment/track_android_anonymous_no_userid.json": Row((ANONYMOUS,), "no `userId`"),
    "segment/track_cloud_app_insider_anonymous_only.json": Row((ANONYMOUS,), "no `userId`"),
    "segment/track_common_fields_every_context_key.json": Row(
        ("event: Report Submitted",), "no properties, a full context"
    ),
    "segment/track_consent_preference_updated_no_properties.json": Row(
        ("event: Segment Consent Preference Updated",), "no `messageId`, but a time to make an id with"
    ),
    "segment/track_engage_journey_step.json": Row(
        ("event: <<YOUR CUSTOM EVENT NAME>>",), "a customer's own event, sent by Engage"
    ),
    "segment/track_http_api_source_unknown_library.json": Row(("event: Example Event",), "real"),
    "segment/track_ios_anonymous_no_userid_string_revenue.json": Row((ANONYMOUS,), "no `userId`"),
    "segment/track_ios_edx_numeric_user_id_in_properties.json": Row(("event: My Courses",), "real"),
    "segment/track_mobile_application_opened.json": Row(
        ("M611",), "neither an id nor a time: one opening of the app cannot be told from the next"
    ),
    "segment/track_order_completed_ecommerce_v2.json": Row(("event: Order Completed",), "as documented"),
    "segment/track_protocols_violation_nanosecond_times.json": Row(
        ("skip: Protocols violation report",), "the user is made up"
    ),
    "segment/track_spec_course_clicked.json": Row(("event: Course Clicked",), "as documented"),
    "segment/track_spec_with_context_traits.json": Row(("event: Button Clicked",), "as documented"),
    "segment/track_web_ajs_registered_full.json": Row(("event: Registered",), "as documented"),
    "segment/webhook_actions_batch_all_types.json": Row(
        (
            "event: User Identified",
            "event: Registered",
            "event: Viewed Home",
            "event: Group Joined",
            "event: Alias Created",
        ),
        "a bare array of every type",
    ),
    "segment/webhook_actions_batch_array.json": Row(
        ("event: Test Event", "event: Test Event"), "a bare array, and `traits` on a track"
    ),
    "segment/webhook_actions_single_test_event.json": Row(
        ("event: Test Event",), "what Segment's test sends"
    ),
    "segment/webhook_classic_delete.json": Row((DELETION,), "the shortest form of it"),
    "segment/webhook_classic_group.json": Row(("event: Group Joined",), "no `messageId`"),
    "segment/webhook_classic_identify.json": Row(("event: User Identified",), "no `messageId`"),
    "segment/webhook_classic_page.json": Row(("event: Viewed Page",), "neither name nor category"),
    "segment/webhook_classic_screen_ios.json": Row(("event: Viewed Main Screen",), "no properties"),
    "segment/webhook_classic_track.json": Row(("event: Purchased an Item",), "no `messageId`"),
    "amplitude/cohort_webhook_user_ids.json": Row(
        ("skip: cohort update, for the mapping amplitude-cohort",), "users, not events"
    ),
    "amplitude/dsar_minimal_event_no_user_id.json": Row((ANONYMOUS,), "only an `amplitude_id`"),
    "amplitude/export_55_columns_user_id_null_iso_times.json": Row((ANONYMOUS,), "`user_id: null`"),
    "amplitude/export_android_clock_skew_no_event_properties.json": Row(("event: USER_OPENED_APP",), "real"),
    "amplitude/export_http_api_minimal_55_columns.json": Row(("event: page_view",), "all columns"),
    "amplitude/export_ios_server_side_purchase.json": Row(
        ("event: Property Drop Purchased",), "no `$insert_id`: `uuid` is the id"
    ),
    "amplitude/export_web_via_segment_with_groups.json": Row(
        ("event: segment.segment.definition.permission_paywall.load",), "real"
    ),
    "amplitude/export_web_windows_with_dma.json": Row(("event: segment.admin.users.paywall.load",), "real"),
    "amplitude/ingest_http_v2_all_fields.json": Row(
        ("event: watch_tutorial",), '`{"events": [..]}`, milliseconds, `insert_id`'
    ),
    "amplitude/ingest_http_v2_browser_sdk_events.json": Row(
        (ANONYMOUS, PROFILE, ANONYMOUS), "no `user_id` before login; the second one is `$identify`"
    ),
    "amplitude/webhook_derived_properties.json": Row(("M611",), "neither an id nor a time"),
    "amplitude/webhook_freemarker_docs_template_output.json": Row(
        ("event: click event",), "the documented template"
    ),
    "amplitude/webhook_partner_template_output.json": Row(
        ("event: test_event_type",), "the documented partner template"
    ),
    "amplitude/webhook_received_researchhub_flat_properties.json": Row(
        (ANONYMOUS,), "the user's id stands among the properties only, which an app has to say"
    ),
}


def outcomes(result: mapper.Result) -> tuple[str, ...]:
    """One text for each item, in the order of the items."""
    told: dict[int, str] = {skip.index: f"skip: {skip.reason}" for skip in result.skipped}
    told |= {item.index: " ".join(item.codes) for item in result.rejected}
    events = iter(f"event: {event['event_name']}" for event in result.events)
    return tuple(told[index] if index in told else next(events) for index in range(result.items))


def body_of(name: str) -> object:
    """The payload in a file."""
    return json.loads((SAMPLES / name).read_bytes())


def run(name: str, mapping: str = "") -> mapper.Result:
    """The shipped mapping of the file's vendor, or another, on the file."""
    transform = mapper.load(mapping or name.partition("/")[0])
    return transform((SAMPLES / name).read_bytes(), mapper.Request(received_at=RECEIVED))


def only_event(name: str) -> dict[str, object]:
    """The one event that a file becomes."""
    [event] = run(name).events
    return event


@pytest.mark.parametrize("name", PAYLOADS)
def test_payload(name: str) -> None:
    assert outcomes(run(name)) == PAYLOADS[name].outcomes, PAYLOADS[name].why


def test_every_payload_has_a_row() -> None:
    files = {p.relative_to(SAMPLES).as_posix() for vendor in VENDORS for p in (SAMPLES / vendor).iterdir()}
    assert files == PAYLOADS.keys()


@pytest.mark.parametrize(
    "name",
    [
        n
        for n, row in PAYLOADS.items()
        if n.startswith("segment/track") and row.outcomes[0].startswith("event")
    ],
)
def test_a_track_message_keeps_its_properties_and_user(name: str) -> None:
    message = body_of(name)
    event = only_event(name)
    assert isinstance(message, dict)
    assert event["event_properties"] == message.get("properties", {})
    assert event["event_name"] == message["event"]
    assert event["user_id"] == message["userId"]
    assert event["timestamp"] == message["timestamp"]
    if "messageId" in message:
        assert event["event_id"] == message["messageId"]


def test_traits_are_those_of_the_call() -> None:
    event = only_event("segment/identify_ios_traits_differ_from_context_traits.json")
    assert event["event_properties"] == {
        "has_introduction": True,
        "role": "user",
        "user_tags": ["Startup Founder"],
    }


def test_a_group_keeps_its_id_beside_the_traits() -> None:
    event = only_event("segment/webhook_classic_group.json")
    assert event["event_properties"] == {
        "name": "Initech",
        "industry": "Technology",
        "employees": 329,
        "plan": "Enterprise",
        "total billed": 830,
        "groupId": "0e8c78ea9d97a7b8185e8632",
    }


@pytest.mark.parametrize(
    ("name", "event_id", "timestamp"),
    [
        (
            "amplitude/export_android_clock_skew_no_event_properties.json",
            "0e8656b0-31d8-45ab-b0d4-134fa4c8f50eR:e065c443-bc1b-4923-90e0-dc409a32caad",
            "2019-11-12T14:43:52.137Z",
        ),
        (
            "amplitude/export_http_api_minimal_55_columns.json",
            "device_ev1:evt_ev1",
            "2026-07-14T10:00:00.000Z",
        ),
        (
            "amplitude/export_ios_server_side_purchase.json",
            "7a7a2a97-4d99-4013-9aec-9424d3c8a240",
            "2025-03-05T14:36:36.916Z",
        ),
        (
            "amplitude/ingest_http_v2_all_fields.json",
            "C8F9E604-F01A-4BD9-95C6-8E5357DF265D:5f0adeff-6668-4427-8d02-57d803a2b841",
            "2014-04-01T19:42:58.123Z",
        ),
    ],
)
def test_the_id_and_time_of_an_amplitude_event(name: str, event_id: str, timestamp: str) -> None:
    event = only_event(name)
    assert (event["event_id"], event["timestamp"]) == (event_id, timestamp)


def test_template_times_are_read_as_utc() -> None:
    first = only_event("amplitude/webhook_freemarker_docs_template_output.json")
    second = only_event("amplitude/webhook_partner_template_output.json")
    assert first["timestamp"] == "2022-10-24T20:07:32.123Z"
    assert second["timestamp"] == "2022-01-06T17:29:04.000Z"


def test_groups_go_under_a_prefix() -> None:
    event = only_event("amplitude/export_web_via_segment_with_groups.json")
    account = "90f978f0-5e4e-11ea-9bb3-0ed25467b33f"
    assert event["event_properties"] == {
        "eventTypeId": "segment.segment.definition.permission_paywall.load",
        "split": [{"account": account}],
        "amplitude_groups": {"[Segment] Group": [account]},
    }


def test_a_cohort_body_becomes_one_event_for_each_user() -> None:
    result = run("amplitude/cohort_webhook_user_ids.json", "amplitude-cohort")
    assert outcomes(result) == ("event: Cohort Entered",) * 3
    assert [event["user_id"] for event in result.events] == [
        "user_one@example.com",
        "user_two@example.com",
        "user_three@example.com",
    ]
    assert result.events[0] == {
        "event_id": "9baaa88f-9d46-4ee5-a946-be0c6aea0046::enter::0:user_one@example.com",
        "event_name": "Cohort Entered",
        "user_id": "user_one@example.com",
        "timestamp": "2023-08-16T17:26:03.000Z",
        "event_properties": {"cohort_id": "7khm89cz", "cohort_name": "My Test Cohort"},
    }
