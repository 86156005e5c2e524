"""Sources end to end: real requests to a running `mapper serve`, each authenticated as its vendor does it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

import httpx

from mapper.catalog import find_mappings
from mapper.diagnostics.diagnostic import Report
from mapper.receiver.outcomes.served_mapping import load_mapping
from mapper.receiver.spool.reports import open_reader, read_stats, verify
from mapper.samples.cases import Sample, SampleCase, find_cases, result_document
from support.calls import write
from support.serving import Served, serving
from support.spools import rows_of
from support.vendor_posts import (
    FILES,
    KEYS,
    RIGHT,
    SECRETS,
    SOURCES,
    Post,
    basic,
    key,
    md5_of,
    signed,
    signed_post,
)
from support.waiting import PATIENCE, until

WRONG: dict[str, list[Post]] = {
    "server": [
        Post(),
        Post({"X-API-KEY": "wrong"}),
        Post({"X-API-KEY": ""}),
        Post({"X-API-KEY": "n3w-ke"}),
        Post({"Authorization": "Bearer n3w-key"}),
        Post({}, {"X-API-KEY": "n3w-key"}),
        Post({"X-API-KEY": "s3cret-key"}),  # the key of other sources
    ],
    "segment": [
        Post({"X-API-KEY": "s3cret-key"}),
        Post({"X-Signature": signed(b"{}")}),
        Post({"X-API-KEY": "wrong", "X-Signature": signed(b"{}")}),
        Post({"X-API-KEY": "s3cret-key", "X-Signature": signed(b"{}", "other")}),
        Post({"X-API-KEY": "s3cret-key", "X-Signature": signed(b"{ }")}),
        Post({"X-API-KEY": "s3cret-key", "X-Signature": "zz"}),
        Post({"X-API-KEY": "s3cret-key", "X-Signature": "sha1=" + signed(b"{}")}),
    ],
    "moengage": [Post(), Post({"X-API-KEY": "wrong"})],
    "amplitude": [Post(), Post({"X-API-KEY": "wrong"})],
    "amplitude-cohort": [Post(), Post({"X-API-KEY": "n3w-key"})],
    "clevertap": [
        Post(),
        Post(basic("ct", "wrong")),
        Post(basic("other", "ct-passw0rd")),
        Post({"Authorization": "Bearer ct-passw0rd"}),
        Post({"Authorization": "Basic ct:ct-passw0rd"}),
    ],
    "clevertap-template": [
        Post(),
        Post({"Authorization": "Bearer wrong"}),
        Post({"Authorization": "Bearer"}),
        Post(basic("ct", "ct-passw0rd")),
    ],
    "webengage": [
        Post(),
        Post({}, {"licenseCode": "~99199077"}),
        Post({}, {"licenseCode": "~99199077", "secret": "w3bengage"}),
        Post({}, md5_of("~99199077", "wrong")),
        Post({}, md5_of("~other", "w3bengage")),
        Post({}, {"secret": md5_of("~99199077", "w3bengage")["secret"]}),
        Post({}, {**md5_of("~99199077", "w3bengage"), "licenseCode": "~other"}),
        Post(md5_of("~99199077", "w3bengage")),
    ],
}


def configuration() -> str:
    """All sources; and for each sample another one with its settings, so that ids of samples do not meet.

    The samples of batches without a first item are signed as a whole, which the profile allows.
    """
    signature = "hmac: sha1, header: X-Signature, of: first_item"
    lines = ["receiver: 1", "listen: 127.0.0.1:0", "spool: {min_free: 1B}", "sources:"]
    for name, (route, profile, check) in SOURCES.items():
        lines.append(f"  - {{path: {route}, mapping: {name}, profile: {profile}, {check}}}")
    for case, sample in SAMPLES.items():
        route, profile, check = SOURCES[case.mapping]
        settings = json.dumps(dict(sample.request.settings))
        line = f"mapping: {case.mapping}, profile: {profile}, {check.partition(', settings')[0]}"
        line = line.replace(signature, "signature: profile")
        lines.append(f"  - {{path: {route}/{case.name}, {line}, settings: {settings}}}")
    return "\n".join(lines) + "\n"


def samples() -> Iterator[tuple[SampleCase, Sample]]:
    for path in find_mappings():
        for case in find_cases(path):
            sample = case.load()
            assert isinstance(sample, Sample)
            yield case, sample


SAMPLES = dict(samples())


@dataclass
class Vendors:
    """A running receiver with all sources, and a connection to it."""

    folder: Path
    served: Served
    client: httpx.Client

    def send(self, path: str, post: Post, method: str = "POST") -> httpx.Response:
        target = f"{path}?{urlencode(post.query)}" if post.query else path
        return self.client.request(method, target, headers=post.headers, content=post.body)

    def accepted(self) -> int:
        return int(rows_of(self.folder / "spool", "SELECT count(*) FROM requests")[0][0])

    def wait(self) -> None:
        """Until all requests are mapped."""
        query = "SELECT count(*) FROM requests WHERE is_mapped = 0"
        until(lambda: rows_of(self.folder / "spool", query) == [(0,)])

    def outcomes(self, source: str) -> dict[str, list[Any]]:
        """Events, skips and rejections of a source, each with its item; duplicates are numbers alone."""
        query = "SELECT id FROM requests WHERE source = ?"
        rows = {
            name: rows_of(
                self.folder / "spool", f"SELECT {columns} FROM {name} WHERE request IN ({query})", source
            )
            for name, columns in (
                ("events", "item, event"),
                ("skips", "item, reason"),
                ("rejections", "item, codes"),
            )
        }
        return {
            "events": [json.loads(event) for _, event in sorted(rows["events"])],
            "skipped": [{"item": item, "reason": reason} for item, reason in sorted(rows["skips"])],
            "rejected": [
                {"item": item, "codes": codes.split()} for item, codes in sorted(rows["rejections"])
            ],
        }


def secrets_in(folder: Path) -> list[str]:
    """Secrets, and what is made of them, that are in the files of a spool."""
    stored = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    made = (basic("ct", KEYS["CT_PASSWORD"])["Authorization"][6:], signed(b"{}"))
    digest = md5_of(KEYS["LICENSE"], KEYS["WE_SECRET"])["secret"]
    return [text for text in (*SECRETS, *made, digest) if text.encode() in stored]


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendors]:
    folder = tmp_path_factory.mktemp("vendors")
    write(folder / "receiver.yaml", configuration())
    for name, text in FILES.items():
        write(folder / name, text + "\n")
    with (
        serving(folder, "receiver.yaml", environment=KEYS) as served,
        httpx.Client(base_url=served.url, timeout=PATIENCE) as client,
    ):
        yield Vendors(folder, served, client)
        code, _ = served.end()
        assert code == 0
        text = "".join(served.errors)
        assert not [secret for secret in SECRETS if secret in text]
        assert not secrets_in(folder / "spool")
        with open_reader(folder / "spool") as db:
            assert verify(db) == []


@pytest.mark.parametrize("name", SOURCES)
def test_who_has_the_secret_is_taken_and_nobody_else(vendors: Vendors, name: str) -> None:
    route = SOURCES[name][0]
    before = vendors.accepted()
    for post in WRONG[name]:
        answer = vendors.send(route, post)
        assert (answer.status_code, set(answer.json())) == (401, {"error"}), post
        assert not [secret for secret in SECRETS if secret in answer.text]
        assert answer.headers["www-authenticate"]
    assert vendors.accepted() == before
    answer = vendors.send(route, RIGHT[name](b"{}"))
    # Some vendors take no other success than 200.
    assert (answer.status_code, answer.text) == (200, "accepted\n")
    assert vendors.accepted() == before + 1
    assert vendors.send(route, RIGHT[name](b"{}"), "GET").status_code == 405


def as_sent(sample: Sample) -> dict[str, str]:
    """The headers of a sample; HTTP takes blanks around a value away."""
    return {name: value.strip() for name, value in sample.request.headers.items()}


@pytest.mark.parametrize("name", SOURCES)
def test_every_sample_has_the_outcomes_of_its_mapping(vendors: Vendors, name: str) -> None:
    (path,) = [path for path in find_mappings() if path.stem == name]
    mapping = load_mapping(path, Report())
    assert mapping is not None
    cases = {case: sample for case, sample in SAMPLES.items() if case.mapping == name}
    assert len(cases) > 10
    for case, sample in cases.items():
        post = RIGHT[name](sample.body)
        headers = {**as_sent(sample), **post.headers}
        route = f"{SOURCES[name][0]}/{case.name}"
        answer = vendors.send(route, Post(headers, {**sample.request.query, **post.query}, sample.body))
        assert answer.status_code == 200, (case.title, answer.text)
    vendors.wait()
    with open_reader(vendors.folder / "spool") as db:
        duplicates = {stats.source: stats.total("duplicate") for stats in read_stats(db)}
    for case, sample in cases.items():
        route = f"{SOURCES[name][0]}/{case.name}"
        query = "SELECT received_at, body FROM requests WHERE source = ?"
        ((received_at, body),) = rows_of(vendors.folder / "spool", query, route)
        assert body == sample.body
        request = replace(sample.request, headers=as_sent(sample), received_at=received_at)
        expected: dict[str, Any] = result_document(mapping.transform.json(sample.body, request))
        expected["events"] = [json.loads(event) for event in expected["events"]]
        found = vendors.outcomes(route)
        assert found["skipped"] == expected["skipped"], case.title
        assert found["rejected"] == expected["rejected"], case.title
        again = duplicates[route]
        assert len(found["events"]) + again == len(expected["events"]), case.title
        if again:
            assert all(event in expected["events"] for event in found["events"])
        else:
            assert found["events"] == expected["events"], case.title


# --- Segment: the first item is signed, as it was written

FIRST = b'{"type": "track",  "n": 1.50, "t":"\\u00e9\\/", "messageId":"m-1"}'
OTHER = b'{"type":"track","messageId":"m-2"}'
SHAPES: dict[str, tuple[bytes, bytes, int]] = {
    "a single message": (FIRST, FIRST, 200),
    "a single message that was written again": (FIRST, json.dumps(json.loads(FIRST)).encode(), 401),
    "a batch": (b"[" + FIRST + b"," + OTHER + b"]", FIRST, 200),
    "a batch with blanks": (b"\n [ " + FIRST + b" , " + OTHER + b" ] ", FIRST, 200),
    "a batch of one": (b"[" + FIRST + b"]", FIRST, 200),
    "an Extensible batch": (b'[{"json":' + FIRST + b'},{"json":' + OTHER + b"}]", FIRST, 200),
    "an Extensible batch with blanks": (b'[ { "json" :  ' + FIRST + b" } ]", FIRST, 200),
    "a batch signed by its second": (b"[" + FIRST + b"," + OTHER + b"]", OTHER, 401),
    "an Extensible batch signed by its second": (
        b'[{"json":' + FIRST + b'},{"json":' + OTHER + b"}]",
        OTHER,
        401,
    ),
    "a batch signed as a whole": (b"[" + FIRST + b"]", b"[" + FIRST + b"]", 401),
    "an empty batch": (b"[]", b"", 401),
    "no JSON": (b"track", b"track", 401),
    "nothing": (b"", b"", 401),
}


@pytest.mark.parametrize("name", SHAPES)
def test_batches_are_signed_by_their_first_item(vendors: Vendors, name: str) -> None:
    body, item, status = SHAPES[name]
    headers = {
        "X-API-KEY": "s3cret-key",
        "X-Signature": signed(item),
        "Content-Type": "application/json",
    }
    before = vendors.accepted()
    assert vendors.send("/segment/v4", Post(headers, {}, body)).status_code == status
    assert vendors.accepted() == before + (status == 200)


def test_form_batches_are_refused_with_the_reason(vendors: Vendors) -> None:
    form = b"type=track&messageId=m-1"
    headers = {
        "X-API-KEY": "s3cret-key",
        "X-Signature": signed(form),
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    }
    before = vendors.accepted()
    answer = vendors.send("/segment/v4", Post(headers, {}, form))
    assert answer.status_code == 401
    assert "a form has no first item" in answer.json()["error"]
    assert vendors.accepted() == before


# --- other ways of vendors


def test_the_ping_of_a_new_webhook_gets_200_and_is_skipped(vendors: Vendors) -> None:
    (ping,) = [sample for case, sample in SAMPLES.items() if case.title == "clevertap/test_ping"]
    answer = vendors.send("/clevertap/v4", RIGHT["clevertap"](ping.body))
    assert answer.status_code == 200
    vendors.wait()
    assert "test ping" in {skip["reason"] for skip in vendors.outcomes("/clevertap/v4")["skipped"]}


def test_a_secret_that_comes_twice_is_refused(vendors: Vendors) -> None:
    query = urlencode(md5_of("~99199077", "w3bengage"))
    assert vendors.client.post(f"/webengage/v4?{query}&secret=x", content=b"{}").status_code == 401
    pairs = [("X-API-KEY", "n3w-key"), ("X-API-KEY", "n3w-key")]
    assert vendors.client.post("/server/v4", headers=pairs, content=b"{}").status_code == 401


@pytest.mark.slow
def test_secrets_are_rotated_while_requests_come(vendors: Vendors) -> None:
    """The old secret counts beside the new one until it is removed, and the next one needs no restart."""

    def statuses() -> list[int]:
        keys = [vendors.send("/server/v4", key(text)(b"{}")) for text in ("0ld-key", "n3w-key", "n3xt-key")]
        signatures = [
            vendors.send("/segment/v4", signed_post(text)(FIRST))
            for text in ("0ld-sh4red", "sh4red", "n3xt-sh4red")
        ]
        return [answer.status_code for answer in (*keys, *signatures)]

    assert statuses() == [200, 200, 401, 200, 200, 401]
    changed = {"old_key": "n3w-key", "new_key": "n3xt-key", "old_shared": "sh4red", "shared": "n3xt-sh4red"}
    for name, text in changed.items():
        write(vendors.folder / name, text + "\n")
    vendors.served.process.send_signal(signal.SIGHUP)
    assert vendors.served.process.stderr is not None
    line = vendors.served.process.stderr.readline()
    assert line == "the configuration changed and is used from now on\n"
    # Files are changed one after the other, and may be looked at meanwhile.
    until(lambda: statuses() == [401, 200, 200, 401, 200, 200])
    for name, text in FILES.items():
        write(vendors.folder / name, text + "\n")
    vendors.served.process.send_signal(signal.SIGHUP)
    until(lambda: statuses() == [200, 200, 401, 200, 200, 401])


def test_no_secret_is_in_the_spool(vendors: Vendors) -> None:
    """Neither those of headers and queries, nor signatures; the fixture looks at the output, too."""
    for name, (route, _, _) in SOURCES.items():
        assert vendors.send(route, RIGHT[name](b"{}")).status_code == 200
    assert vendors.accepted() >= len(SOURCES)
    assert secrets_in(vendors.folder / "spool") == []
