"""`mapper run --input requests`: lines that hold a request each, with what came beside its body."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from support.calls import EVENT, ORDER, ORDERS, Call, lines, ndjson, write

READING = ORDERS.replace("user_id: {path: $.customer,", "user_id: {header: X-User,").replace(
    "{path: $.details, as: object, default: {}}",
    "{q: {query: q}, rate: {setting: rate}, at: {received_at: true}}",
)
NO_REQUESTS = [
    (b"{", "is not JSON"),
    (b"[]", "no object"),
    (b"5", "no object"),
    (b"{}", "no object"),
    (b'{"request": 5}', "no object"),
    (b'{"request": {"body": {}}, "more": 1}', "no object"),
    (b'{"request": {"bodi": {}}}', "did you mean `body`?"),
    (b'{"request": {"body": 1, "body_text": "1"}}', "several bodies"),
    (b'{"request": {"body_base64": "%"}}', "not a request"),
    (b'{"request": {"headers": {"a": 1}, "body": {}}}', "`a` is not one"),
    (b'{"request": {"received_at": "noon", "body": {}}}', "received_at"),
    (b'{"request": {"settings": {"a": ' + b"1" * 5_000 + b'}, "body": {}}}', "not a request"),
    (b'{"request": {"settings": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}}", "not a request"),
    (b'{"request": {"' + b"x" * 5_000 + b'": 1}}', "not a request"),
    (b'{"request": {"headers": {"\\ud800": "1"}, "body": {"orders": [{}]}}}\xff', "not a request"),
]


def recorded(user: str | None, body: object, **more: object) -> dict[str, object]:
    parts = {} if user is None else {"headers": {"x-user": user}}
    return {"request": {**parts, **more, "body": body}}


def event(user: str, **properties: object) -> dict[str, object]:
    return {**EVENT, "user_id": user, "event_properties": properties}


@pytest.fixture
def desk(project: Path) -> Path:
    write(project / "mappings/orders.yaml", READING)
    return project


def test_each_line_has_its_own_request(desk: Path, call: Call) -> None:
    text = json.dumps(ORDER)
    packed = base64.b64encode(text.encode()).decode()
    rows = [
        recorded("u1", ORDER, query={"q": "1"}, settings={"rate": 2}),
        recorded("u2", {"orders": [ORDER, ORDER]}, received_at="2026-11-23T21:00:00+01:00"),
        {"request": {"headers": {"X-USER": "u3"}, "body_text": text}},
        {"request": {"headers": {"x-user": "u4"}, "body_base64": packed}},
    ]
    write(desk / "in", b"\n" + ndjson(*rows) + b" \r\n")
    ended = call("run", "orders", "in", "--input", "requests", "-o", "out", "--query", "q=9")
    assert ended.code == 0
    late = event("u2", q="9", at="2026-11-23T20:00:00.000Z")
    expected = [event("u1", q="1", rate=2), late, late, event("u3", q="9"), event("u4", q="9")]
    assert lines(desk / "out") == expected
    assert "4 bodies" in ended.err


def test_options_count_for_the_rest(desk: Path, call: Call) -> None:
    write(desk / "in", ndjson(recorded(None, ORDER), recorded("u1", ORDER)))
    ended = call("run", "orders", "in", "--input", "requests", "--header", "X-User=u0")
    assert [json.loads(line)["user_id"] for line in ended.out.splitlines()] == ["u0", "u1"]


def test_bodies_stay_as_they_are_written(project: Path, call: Call) -> None:
    number = "1234567890123456789.10"
    body = json.dumps(ORDER).replace("12", number)
    write(project / "in", f'{{"request": {{"body": {body}}}}}\n')
    ended = call("run", "orders", "in", "--input", "requests")
    write(project / "in", body)
    assert ended.out == call("run", "orders", "in").out


def test_a_body_with_half_of_a_surrogate_pair_is_none_that_cannot_be_read(desk: Path, call: Call) -> None:
    body = {**ORDER, "name": "\ud800", "long": 10**30, "total": 1.0}
    write(desk / "in", json.dumps(recorded("\u00e9", body, settings={"rate": 1.5})) + "\n")
    ended = call("run", "orders", "in", "--input", "requests")
    assert [json.loads(line) for line in ended.out.splitlines()] == [event("\u00e9", rate=1.5)]


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_a_line_that_is_no_request_is_rejected_and_kept(desk: Path, call: Call, jobs: str) -> None:
    good = json.dumps(recorded("u1", ORDER)).encode()
    write(desk / "in", b"".join(line + b"\n" + good + b"\n" for line, _ in NO_REQUESTS))
    words = ("run", "orders", "in", "--input", "requests", "--jobs", jobs)
    ended = call(*words, "-o", "out", "--rejected", "no")
    count = len(NO_REQUESTS)
    assert (
        f"{2 * count} bodies · {2 * count} items = {count} events + 0 skipped + {count} rejected" in ended.err
    )
    assert f"{count}  M011 invalid-sample" in ended.err
    assert len(lines(desk / "out")) == count
    for number, (kept, (line, said)) in enumerate(zip(lines(desk / "no"), NO_REQUESTS, strict=True)):
        assert (kept["codes"], kept["line"]) == (["M011"], 2 * number + 1)
        text = kept["payload_text"].encode() if "payload_text" in kept else None
        assert (base64.b64decode(kept["payload_base64"]) if text is None else text) == line
        assert said in kept["messages"][0]
        assert len(kept["messages"][0]) < 300
    # A replay rejects them again: a line is no body, whatever the mapping.
    ended = call("run", "orders", "--replay", "no", "-o", "again", "--rejected", "still")
    assert lines(desk / "still") == lines(desk / "no")
    assert lines(desk / "again") == []


def test_a_mended_line_is_replayed_as_a_request(desk: Path, call: Call) -> None:
    write(desk / "in", ndjson(recorded("u1", ORDER)).replace(b"headers", b"header"))
    call("run", "orders", "in", "--input", "requests", "-o", "out", "--rejected", "no")
    write(desk / "no", (desk / "no").read_bytes().replace(b"header\\", b"headers\\"))
    call("run", "orders", "--replay", "no", "-o", "again")
    assert lines(desk / "again") == [event("u1")]


def test_rejected_items_are_replayed_with_their_request(desk: Path, call: Call) -> None:
    soon = {**ORDER, "at": "soon"}
    rows = [
        recorded("u1", {"orders": [ORDER, soon, soon]}),
        recorded("u2", soon, settings={"rate": 1.5}),
        recorded(None, ORDER),
    ]
    write(desk / "in", ndjson(*rows))
    call("run", "orders", "in", "--input", "requests", "-o", "out", "--rejected", "no")
    assert [line["line"] for line in lines(desk / "no")] == [1, 1, 2, 3]
    time = "{path: $.at, as: timestamp, on_missing: reject}"
    write(desk / "mappings/orders.yaml", READING.replace(time, '{literal: "2026-11-23T20:00:00.000Z"}'))
    again = ("run", "orders", "--replay", "no", "-o", "again", "--rejected", "still")
    assert call(*again).code == 1
    assert lines(desk / "again") == [event("u1"), event("u1"), event("u2", rate=1.5)]
    assert [line["line"] for line in lines(desk / "still")] == [3]
    call(*again, "--header", "x-user=u3")
    assert lines(desk / "again")[3:] == [event("u3")]


def test_the_form_of_the_input_belongs_to_a_run_that_is_resumed(quick: Path, call: Call) -> None:
    rows = [recorded(f"u{number}", ORDER) for number in range(200)]
    write(quick / "in", ndjson(*rows))
    words = ("run", "orders", "in", "-o", "out")
    whole = call(*words[:3], "--input", "requests").out
    write(quick / "in", ndjson(*rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "mapper.streams.recording.Recording.finish", lambda self: (_ for _ in ()).throw(OSError())
        )
        call(*words, "--input", "requests")
    assert (quick / "out.progress").exists()
    assert "an option changed" in call(*words, "--resume").err
    assert call(*words, "--input", "requests", "--resume").code == 0
    assert (quick / "out").read_text() == whole


@pytest.mark.parametrize("is_whole", [True, False])
def test_bodies_that_look_like_requests_get_one_hint(project: Path, call: Call, is_whole: bool) -> None:
    rows = [recorded("u1", ORDER)] * 3
    write(project / "in", json.dumps(rows[0], indent=1) if is_whole else ndjson(*rows))
    ended = call("run", "orders", "in", "-o", "out")
    assert ended.err.count("`--input requests` reads such lines") == 1
    ended = call("run", "orders", "in", "-o", "out", "--format", "json")
    json.loads(ended.err)


@pytest.mark.parametrize(
    "body",
    [
        {"request": {"id": 7}},
        {"request": {}},
        {"request": "body"},
        {"request": {"body": 1}, "id": 7},
        [{"request": {"body": 1}}],
        {"id": {"request": {"body": 1}}},
    ],
)
def test_other_bodies_get_none(project: Path, call: Call, body: object) -> None:
    write(project / "in", ndjson(body))
    assert "--input requests" not in call("run", "orders", "in", "-o", "out").err
