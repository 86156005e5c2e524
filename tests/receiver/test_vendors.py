"""Vendors: every shipped sample is sent as its vendor would, and what is kept of it makes the same events."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

pytest.importorskip("starlette", reason="the extra `receiver` is not installed")

from mapper.catalog import find_mappings
from mapper.diagnostics.diagnostic import Report
from mapper.receiver.app import Reception
from mapper.receiver.first_item import first_item
from mapper.receiver.served_mapping import kept_parts, load_mapping
from mapper.samples.cases import Sample, find_cases, result_document
from support.asgi import ask
from support.receivers import NOW, MemoryIntake, read_sources

HEADER = "verify: {header: X-API-KEY, secrets: [{env: KEY}]}"
CONFIGURED = {
    "server": ("/server/v4", HEADER),
    "segment": (
        "/segment/v4",
        "verify: [{header: X-API-KEY, secrets: [{env: KEY}]}, {signature: profile, secrets: [{env: SIGN}]}]",
    ),
    "moengage": ("/v3/moengage", HEADER),
    "amplitude": ("/amplitude/v4", HEADER),
    "amplitude-cohort": ("/amplitude/cohorts", HEADER),
    "clevertap": ("/clevertap/v4", "verify: {basic: {user: ct, secrets: [{env: KEY}]}}"),
    "clevertap-template": ("/clevertap/custom", "verify: {bearer: {secrets: [{env: KEY}]}}"),
    "webengage": (
        "/webengage/v4",
        "verify: {query: secret, md5_of: [{env: LICENSE}, {env: KEY}], license: {query: licenseCode}}",
    ),
}
Authentication = tuple[dict[str, str], dict[str, str]]


def with_header(body: bytes) -> Authentication:
    return {"X-API-KEY": "s3cret-key"}, {}


def signed(body: bytes) -> Authentication:
    item = (*reversed(first_item(body).candidates), body)[0]
    return {"X-API-KEY": "s3cret-key", "X-Signature": hmac.new(b"sh4red", item, "sha1").hexdigest()}, {}


def with_password(body: bytes) -> Authentication:
    return {"Authorization": f"Basic {base64.b64encode(b'ct:s3cret-key').decode()}"}, {}


def with_digest(body: bytes) -> Authentication:
    digest = hashlib.md5(b"~99199077:s3cret-key").hexdigest()
    return {}, {"licenseCode": "~99199077", "secret": digest}


AUTHENTICATIONS: dict[str, Callable[[bytes], Authentication]] = {
    "segment": signed,
    "clevertap": with_password,
    "clevertap-template": lambda body: ({"Authorization": "Bearer s3cret-key"}, {}),
    "webengage": with_digest,
}


@pytest.mark.parametrize("path", find_mappings(), ids=lambda path: path.stem)
def test_every_sample_is_taken_and_makes_the_same_events(path: Path) -> None:
    name = path.stem
    route, verify = CONFIGURED[name]
    profile = name.partition("-")[0]
    sources = read_sources(f"{{path: {route}, mapping: {name}, profile: {profile}, {verify}}}")
    mapping = load_mapping(sources[0].mappings[0], Report())
    assert mapping is not None
    kept = kept_parts(sources, {mapping.path: mapping})
    intake = MemoryIntake()
    app = Reception(sources, kept, intake, now=lambda: NOW).app()
    cases = find_cases(mapping.path)
    assert len(cases) > 10
    for case in cases:
        sample = case.load()
        assert isinstance(sample, Sample)
        headers, query = AUTHENTICATIONS.get(name, with_header)(sample.body)
        target = f"{route}?{urlencode({**sample.request.query, **query})}"
        answer = ask(app, "POST", target, {**sample.request.headers, **headers}.items(), sample.body)
        assert answer.status == 200, (case.title, answer.body)
        received = intake.requests[-1]
        direct = replace(sample.request, received_at=NOW)
        there = received.scopes(sample.request.settings)
        expected = result_document(mapping.transform(sample.body, direct))
        assert result_document(mapping.transform(received.body, there)) == expected, case.title
        assert ask(app, "POST", route, sample.request.headers.items(), sample.body).status == 401
    assert len(intake.requests) == len(cases)
