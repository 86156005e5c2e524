"""App: the order of checks, the answers, and what is kept of a request; without a socket."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra `receiver` is not installed")

from mapper.receiver.request import ReceivedRequest
from mapper.receiver.spool.acceptance import Overloaded
from mapper.receiver.web.app import MAX_CHALLENGE, MAX_HEADERS, Answered, Reception
from mapper.receiver.web.bodies import BodyRoom
from support.asgi import Answer, ask, body_of, request
from support.receivers import ENVIRONMENT, NOW, MemoryIntake, read_sources

SOURCES = """
{path: /server/v4, mapping: server, verify: {header: X-API-KEY, secrets: [{env: KEY}, {env: OLD}]}}
{path: /segment/v4, mapping: segment, profile: segment, verify: {signature: profile, secrets: [{env: SIGN}]}}
{path: /clevertap/v4, mapping: clevertap, verify: {basic: {user: ct, secrets: [{env: KEY}]}}}
{path: /webengage/v4, mapping: webengage, verify: {query: secret, md5_of: [{env: LICENSE}, {env: KEY}]}}
{path: /small, mapping: server, verify: none, max_body: 100B, keep_headers: [X-Trace], challenge: $.challenge}
{path: /signed, mapping: server, verify: {hmac: sha256, header: X-S, secrets: [{env: SIGN}]}}
{path: /twice, name: twice-post, mapping: server, verify: none, methods: POST}
{path: /twice, name: twice-get, mapping: server, verify: none, methods: [GET]}
"""
READS = {"/webengage/v4": frozenset({"x-request-id"})}
KEY = ("X-API-KEY", "s3cret-key")
BODY = b'{"event_id": "e-1"}'


class Receiver:
    """A receiver with an intake in memory."""

    def __init__(self, intake: Any = None, **options: Any) -> None:
        sources = read_sources(SOURCES)
        self.intake = MemoryIntake() if intake is None else intake
        self.answers: list[Answered] = []
        kept = {source.name: source.kept(READS.get(source.name, frozenset())) for source in sources}
        self.app = Reception(
            sources, kept, self.intake, observe=self.answers.append, now=lambda: NOW, **options
        ).app()

    def post(self, target: str, headers: Iterable[tuple[str, str]] = (), body: Any = BODY) -> Answer:
        return ask(self.app, "POST", target, headers, body)

    @property
    def only(self) -> ReceivedRequest:
        (found,) = self.intake.requests
        return found


def error(answer: Answer) -> str:
    assert answer.headers["content-type"] == "application/json"
    text = json.loads(answer.body)["error"]
    assert not [secret for secret in ENVIRONMENT.values() if secret in text]
    return str(text)


def test_a_request_is_answered_when_it_is_on_disk() -> None:
    receiver = Receiver()
    answer = receiver.post("/server/v4?a=1&a=2&b=%C3%A9+c&d", [KEY, ("content-type", "application/json")])
    assert (answer.status, answer.body) == (200, b"accepted\n")
    kept = receiver.only
    assert kept.body == BODY
    assert kept.received_at == "2026-11-23T20:00:00.123Z"
    assert (kept.head.method, kept.head.path, kept.head.source) == ("POST", "/server/v4", "/server/v4")
    assert kept.head.query == (("a", "1"), ("a", "2"), ("b", "\u00e9 c"), ("d", ""))
    assert kept.head.headers == (("content-type", "application/json"),)


def test_the_answer_waits_for_the_disk() -> None:
    class SlowIntake(MemoryIntake):
        def accept(self, request: ReceivedRequest) -> Future[None]:
            self.asked.append("accept")
            self.done: Future[None] = Future()
            return self.done

    intake = SlowIntake()
    receiver = Receiver(intake)

    async def scenario() -> Answer:
        running = asyncio.create_task(request(receiver.app, "POST", "/server/v4", [KEY], BODY))
        for _ in range(200):
            await asyncio.sleep(0)
        assert intake.asked == ["overloaded", "accept"]
        assert not running.done(), "answered before the request was on disk"
        intake.done.set_result(None)
        return await running

    assert asyncio.run(scenario()).status == 200


def test_requests_that_are_written_together_are_told_apart() -> None:
    """One that is given up takes no other along, and the loop is woken once for all."""

    class GroupIntake(MemoryIntake):
        done: Future[None] = Future()

        def accept(self, request: ReceivedRequest) -> Future[None]:
            self.requests.append(request)
            return self.done

    intake = GroupIntake()
    receiver = Receiver(intake)

    async def scenario() -> list[int]:
        running = [
            asyncio.create_task(request(receiver.app, "POST", "/server/v4", [KEY], BODY)) for _ in range(9)
        ]
        while len(intake.requests) < len(running):
            await asyncio.sleep(0)
        running[0].cancel()
        running[5].cancel()
        await asyncio.sleep(0)
        assert not any(one.done() for one in running[1:5])
        assert len(intake.done._done_callbacks) == 1  # type: ignore[attr-defined]
        intake.done.set_result(None)
        ended = await asyncio.gather(*running, return_exceptions=True)
        return [one.status for one in ended if isinstance(one, Answer)]

    assert asyncio.run(scenario()) == [200] * 7


def test_a_request_that_cannot_be_written_is_no_success() -> None:
    receiver = Receiver(MemoryIntake(fault=OSError(5, "fsync of s3cret-key")))
    answer = receiver.post("/server/v4", [KEY])
    assert answer.status == 503
    assert error(answer) == "the request could not be written"
    assert "retry-after" in answer.headers
    assert [each.reason for each in receiver.answers] == ["disk"]


def test_a_defect_is_told_without_a_value() -> None:
    told: list[str] = []
    receiver = Receiver(MemoryIntake(late=ValueError("s3cret-key")), on_fault=told.append)  # type: ignore[arg-type]
    answer = receiver.post("/server/v4", [KEY])
    assert answer.status == 500
    assert error(answer) == "the receiver has met a defect"
    assert [each.reason for each in receiver.answers] == ["defect"]
    (text,) = told
    assert text.startswith("a request met a defect of mapper: ")
    assert "s3cret" not in text


# --- the order of checks


def test_a_path_or_method_of_no_source_is_refused() -> None:
    receiver = Receiver()
    for target in ("/", "/server", "/server/v4/", "//server/v4", "/server/v4/..", "/SERVER/V4", "/livez/x"):
        assert receiver.post(target, [KEY]).status == 404, target
    for method in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "post", "CONNECT"):
        answer = ask(receiver.app, method, "/server/v4", [KEY], BODY)
        assert (answer.status, answer.headers["allow"], answer.read) == (405, "PATCH, POST, PUT", 0)
    assert ask(receiver.app, "DELETE", "/twice").headers["allow"] == "GET, POST"
    assert receiver.intake.requests == receiver.intake.asked == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_methods_that_carry_bodies_are_taken(method: str) -> None:
    receiver = Receiver()
    assert ask(receiver.app, method, "/server/v4", [KEY], BODY).status == 200
    assert receiver.only.head.method == method


def test_sources_of_one_path_differ_by_method() -> None:
    receiver = Receiver()
    assert ask(receiver.app, "GET", "/twice?a=1").status == 200
    assert ask(receiver.app, "POST", "/twice", (), BODY).status == 200
    kept = receiver.intake.requests
    assert [(each.head.source, each.body) for each in kept] == [("twice-get", b""), ("twice-post", BODY)]


@pytest.mark.parametrize(
    ("target", "headers", "word"),
    [
        ("/server/v4", [], "missing"),
        ("/server/v4", [("X-API-KEY", "other")], "wrong"),
        ("/server/v4", [KEY, KEY], "repeated"),
        ("/segment/v4", [], "missing"),
        ("/clevertap/v4", [("Authorization", "Basic !")], "unreadable"),
        ("/webengage/v4?secret=s3cret-key", [], "wrong"),
    ],
)
def test_keys_are_checked_before_anything_is_read(
    target: str, headers: list[tuple[str, str]], word: str
) -> None:
    receiver = Receiver(MemoryIntake(busy=Overloaded("full")))
    answer = receiver.post(target, headers)
    assert (answer.status, answer.read) == (401, 0)
    assert error(answer)
    assert answer.headers["www-authenticate"]
    assert receiver.intake.asked == []
    assert [(each.status, each.reason) for each in receiver.answers] == [(401, word)]


def test_overload_is_said_before_the_body_is_read() -> None:
    receiver = Receiver(MemoryIntake(busy=Overloaded("the backlog is full", 7)))
    answer = receiver.post("/server/v4", [KEY])
    assert (answer.status, answer.headers["retry-after"], answer.read) == (503, "7", 0)
    assert error(answer) == "the backlog is full"
    receiver.intake.busy = None
    assert receiver.post("/server/v4", [KEY]).status == 200, "below the bound again"


def test_overload_that_comes_meanwhile_is_said_too() -> None:
    receiver = Receiver(MemoryIntake(late=Overloaded("the backlog is full")))
    assert receiver.post("/server/v4", [KEY]).status == 503
    assert receiver.intake.requests == []


# --- bodies


def test_the_size_is_checked_while_the_body_is_read() -> None:
    receiver = Receiver()
    assert receiver.post("/small", (), body_of(b"x" * 100)).status == 200
    answer = receiver.post("/small", (), body_of(*[b"x" * 30] * 1000))
    assert (answer.status, answer.read) == (413, 4)
    assert len(receiver.intake.requests) == 1


@pytest.mark.parametrize("length", ["101", "9" * 40])
def test_a_body_that_is_announced_too_large_is_not_read(length: str) -> None:
    answer = Receiver().post("/small", [("content-length", length)])
    assert (answer.status, answer.read) == (413, 0)


@pytest.mark.parametrize("length", ["1", "-5", "x", "", "1, 1", "1e9"])
def test_the_announced_length_is_not_trusted(length: str) -> None:
    receiver = Receiver()
    assert receiver.post("/small", [("content-length", length)], body_of(b"x" * 101)).status == 413
    assert receiver.post("/small", [("content-length", length)], b"x" * 100).status == 200
    assert receiver.only.body == b"x" * 100


def test_a_sender_that_leaves_leaves_nothing() -> None:
    receiver = Receiver()
    gone = [{"type": "http.request", "body": BODY, "more_body": True}, {"type": "http.disconnect"}]
    answer = receiver.post("/server/v4", [KEY], gone)
    assert (answer.status, receiver.intake.requests) == (0, [])


def test_a_body_that_does_not_end_is_given_up() -> None:
    receiver = Receiver(body_seconds=0.05)
    unfinished = [{"type": "http.request", "body": b"x", "more_body": True}]
    answer = receiver.post("/server/v4", [KEY], unfinished)
    assert answer.status == 408
    assert receiver.intake.requests == []


def test_large_bodies_together_are_bounded() -> None:
    room = BodyRoom(1_000_000)
    receiver = Receiver(room=room)

    async def scenario() -> list[int]:
        unfinished = [{"type": "http.request", "body": b"x" * 400_000, "more_body": True}]
        waiting = [
            asyncio.create_task(request(receiver.app, "POST", "/server/v4", [KEY], unfinished))
            for _ in range(3)
        ]
        answer = await waiting[2]
        for task in waiting[:2]:
            task.cancel()
        await asyncio.gather(*waiting[:2], return_exceptions=True)
        return [answer.status, room.used]

    assert asyncio.run(scenario()) == [503, 0]
    assert receiver.post("/server/v4", [KEY], b"x" * 900_000).status == 200
    assert room.used == 0


def test_a_packed_body_is_unpacked_within_the_limit() -> None:
    receiver = Receiver()
    for encoding in ("gzip", "x-gzip", "GZIP", "identity, gzip"):
        assert (
            receiver.post("/server/v4", [KEY, ("content-encoding", encoding)], gzip.compress(BODY)).status
            == 200
        )
    assert {each.body for each in receiver.intake.requests} == {BODY}
    assert {each.head.headers for each in receiver.intake.requests} == {()}


PACKED: dict[str, tuple[str, bytes, int]] = {
    "at the limit": ("gzip", gzip.compress(b"x" * 100), 200),
    "above the limit": ("gzip", gzip.compress(b"x" * 101), 413),
    "far above the limit": ("gzip", gzip.compress(b"\0" * 50_000), 413),
    "two members": ("gzip", gzip.compress(b"a") + gzip.compress(b"b"), 200),
    "two members above the limit": ("gzip", gzip.compress(b"x" * 60) + gzip.compress(b"x" * 60), 413),
    "one byte too few": ("gzip", gzip.compress(BODY)[:-1], 400),
    "a cut head": ("gzip", gzip.compress(BODY)[:5], 400),
    "more behind it": ("gzip", gzip.compress(BODY) + b"more", 400),
    "not packed": ("gzip", BODY, 400),
    "empty": ("gzip", b"", 400),
    "packed twice": ("gzip, gzip", gzip.compress(gzip.compress(BODY)), 415),
    "brotli": ("br", BODY, 415),
    "deflate": ("deflate", BODY, 415),
    "identity": ("identity", BODY, 200),
    "no word": (" , ", BODY, 200),
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_bodies(name: str) -> None:
    encoding, body, status = PACKED[name]
    receiver = Receiver()
    answer = receiver.post("/small", [("content-encoding", encoding)], body)
    assert answer.status == status
    assert len(receiver.intake.requests) == (status == 200)


def test_a_bomb_is_given_up_at_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    room = BodyRoom(40_000_000)
    answer = Receiver(room=room).post("/server/v4", [KEY, ("content-encoding", "gzip")], bomb)
    assert (answer.status, room.used) == (413, 0)


def test_signatures_are_checked_on_the_bytes_as_they_came() -> None:
    receiver = Receiver()
    signature = ("X-Signature", hmac.new(b"sh4red", BODY, "sha1").hexdigest())
    assert receiver.post("/segment/v4", [signature], b"[" + BODY + b"]").status == 200
    assert receiver.post("/segment/v4", [signature], b"[1," + BODY + b"]").status == 401
    form = ("content-type", "application/x-www-form-urlencoded")
    answer = receiver.post("/segment/v4", [signature, form], b"a=1")
    assert answer.status == 401
    assert "a form has no first item" in error(answer)
    assert len(receiver.intake.requests) == 1
    large = b'{"a": "' + b"x" * 1_000_000 + b'"}'
    signature = ("X-Signature", hmac.new(b"sh4red", large, "sha1").hexdigest())
    assert receiver.post("/segment/v4", [signature], large).status == 200
    assert receiver.post("/segment/v4", [signature], large + b" ").status == 401


def test_a_signature_over_a_packed_body_counts_before_it_is_unpacked() -> None:
    receiver = Receiver()
    packed = gzip.compress(BODY)
    for signed, status in ((packed, 200), (BODY, 401)):
        signature = ("X-S", hmac.new(b"sh4red", signed, "sha256").hexdigest())
        answer = receiver.post("/signed", [signature, ("content-encoding", "gzip")], packed)
        assert answer.status == status
    assert receiver.only.body == BODY


# --- heads


def test_large_heads_are_refused() -> None:
    receiver = Receiver()
    many = [(f"x-{number}", "") for number in range(MAX_HEADERS)]
    assert receiver.post("/server/v4", [KEY, *many]).status == 431
    assert receiver.post("/server/v4", [KEY, ("x-long", "x" * 70_000)]).status == 431
    assert receiver.post(f"/server/v4?{'x' * 70_000}", [KEY]).status == 431
    assert receiver.post(f"/server/v4?{'a&' * 1000}", [KEY]).status == 400
    assert receiver.post("/server/v4?a=\xff", [KEY]).status == 400
    lengths = [("content-length", "2"), ("transfer-encoding", "chunked")]
    assert receiver.post("/server/v4", [KEY, *lengths]).status == 400
    assert receiver.intake.requests == []
    assert receiver.post("/server/v4?a=%FF&&=&%", [KEY]).status == 200
    assert receiver.only.head.query == (("a", "\ufffd"), ("", ""), ("%", ""))


def test_no_secret_is_kept() -> None:
    receiver = Receiver()
    digest = hashlib.md5(b"~99199077:s3cret-key").hexdigest()
    cookie = [("Cookie", "a=b"), ("X-Request-Id", "r1"), ("X-Copy", "s3cret-key")]
    assert (
        receiver.post(f"/webengage/v4?eventType=a&licenseCode=~99199077&secret={digest}", cookie).status
        == 200
    )
    assert receiver.only.head.headers == (("x-request-id", "r1"),)
    assert receiver.only.head.query == (("eventType", "a"),)  # the license is a secret, too
    again = receiver.post(f"/webengage/v4?secret={digest}&copy={digest}", [("X-Request-Id", f"r-{digest}")])
    assert again.status == 200
    basic = "Basic " + base64.b64encode(b"ct:s3cret-key").decode()
    target = f"/clevertap/v4?key=s3cret-key&copy={basic[6:]}"
    assert receiver.post(target, [("Authorization", basic), ("Content-Type", basic)]).status == 200
    assert receiver.post("/server/v4", [KEY]).status == 200
    for kept in receiver.intake.requests:
        text = f"{kept.head.headers} {kept.head.query}"
        assert not [secret for secret in (*ENVIRONMENT.values(), digest, basic) if secret in text]


def test_chosen_headers_are_kept() -> None:
    receiver = Receiver()
    assert (
        receiver.post("/small", [("X-Trace", "t"), ("X-Other", "o"), ("Content-Type", "a/b")], b"1").status
        == 200
    )
    assert receiver.only.head.headers == (("x-trace", "t"), ("content-type", "a/b"))


def test_answers_are_observed_without_values() -> None:
    receiver = Receiver()
    receiver.post("/server/v4?token=query-value", [("X-API-KEY", "0ld-key")], b"body-value")
    receiver.post("/server/v4", [("X-API-KEY", "wrong-value")])
    ok, refused = receiver.answers
    assert (ok.source, ok.status, ok.reason, ok.used) == ("/server/v4", 200, "", ("env OLD",))
    assert (refused.status, refused.reason, refused.used) == (401, "wrong", ())
    assert not [word for word in ("value", "0ld-key") if word in repr(receiver.answers)]


# --- answers


def test_the_answer_is_one_that_the_vendor_takes() -> None:
    sources = read_sources("{path: /a, mapping: server, profile: webengage, verify: none}")
    assert sources[0].profile is not None
    for statuses, expected in ((("200",), 200), (("202",), 202), (("204",), 204)):
        source = replace(sources[0], profile=replace(sources[0].profile, statuses=statuses))
        app = Reception((source,), {source.name: source.kept(frozenset())}, MemoryIntake()).app()
        answer = ask(app, "POST", "/a", (), BODY)
        assert answer.status == expected
        assert bool(answer.body) == (expected != 204)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"challenge": "abc<b>"}', b"abc<b>"),
        (b'{"challenge": "\xc3\xa9"}', b"\xc3\xa9"),
        (b'{"challenge": 1}', b"accepted\n"),
        (b'{"challenge": ""}', b"accepted\n"),
        (b'{"other": "a"}', b"accepted\n"),
        (b'["challenge"]', b"accepted\n"),
        (b"no JSON", b"accepted\n"),
        (b'{"a":' * 19, b"accepted\n"),
    ],
)
def test_a_challenge_is_answered_and_kept(body: bytes, expected: bytes) -> None:
    """It is kept: an event with a field of that name must not be lost."""
    receiver = Receiver()
    answer = receiver.post("/small", (), body)
    assert (answer.status, answer.body) == (200, expected)
    assert answer.headers["content-type"].startswith("text/plain")
    assert receiver.only.body == body


def test_a_long_challenge_is_not_answered() -> None:
    source = replace(read_sources("{path: /a, mapping: server, verify: none, challenge: '$.c'}")[0])
    app = Reception((source,), {source.name: source.kept(None)}, MemoryIntake()).app()
    for length, is_answered in ((MAX_CHALLENGE, True), (MAX_CHALLENGE + 1, False)):
        body = json.dumps({"c": "x" * length}).encode()
        assert (ask(app, "POST", "/a", (), body).body == b"x" * length) == is_answered
