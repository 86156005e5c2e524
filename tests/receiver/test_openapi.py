"""OpenAPI: the description is complete, and random requests that it allows get answers that it names."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

from mapper.receiver.configuration.configuration import Configuration
from mapper.receiver.web.app import Reception
from mapper.receiver.web.openapi import openapi_of
from support.calls import ORDERS, Call, write
from support.listening import listening
from support.receivers import ENVIRONMENT, NOW, MemoryIntake, read_sources

DIGEST = "query: secret, md5_of: [{env: LICENSE}, {env: KEY}], license: {query: licenseCode}"
KEYED = "{header: X-API-KEY, secrets: [{env: KEY}]}"
SIGNED = "{signature: profile, secrets: [{env: SIGN}]}"
BASIC = "{basic: {user: ct, secrets: [{env: KEY}]}}"
SOURCES = f"""
{{path: /server/v4, mapping: server, verify: {KEYED}}}
{{path: /open, mapping: [server, segment], verify: none, methods: [GET, PUT], max_body: 10kB}}
{{path: /bearer, mapping: server, verify: {{bearer: {{secrets: [{{env: KEY}}]}}}}}}
{{path: /basic, mapping: server, verify: {BASIC}, challenge: $.challenge}}
{{path: /query, mapping: server, verify: {{query: key, secrets: [{{env: KEY}}]}}}}
{{path: /webengage/v4, mapping: webengage, profile: webengage, verify: {{{DIGEST}}}}}
{{path: /segment/v4, mapping: segment, profile: segment, verify: [{KEYED}, {SIGNED}]}}
"""


def description() -> Any:
    return openapi_of(Configuration(read_sources(SOURCES)))


def test_each_source_is_described_and_no_secret() -> None:
    found = description()
    text = json.dumps(found)
    assert not [secret for secret in ENVIRONMENT.values() if secret in text]
    operations = {(path, method) for path, item in found["paths"].items() for method in item}
    assert operations == {
        *((source.path, method.lower()) for source in read_sources(SOURCES) for method in source.methods),
        ("/livez", "get"),
        ("/readyz", "get"),
    }
    names = [operation["operationId"] for item in found["paths"].values() for operation in item.values()]
    assert len(set(names)) == len(names)
    security = {path: next(iter(item.values()))["security"] for path, item in found["paths"].items()}
    assert security == {
        "/server/v4": [{"header_x-api-key": []}],
        "/open": [],
        "/bearer": [{"bearer": []}],
        "/basic": [{"basic": []}],
        "/query": [{"query_key": []}],
        "/webengage/v4": [{"query_secret": [], "query_licenseCode": []}],
        "/segment/v4": [{"header_x-api-key": [], "header_x-signature": []}],
        "/livez": [],
        "/readyz": [],
    }
    for name, schema in found["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert f"#/components/schemas/{name}" in text


def test_the_command_prints_it(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "orders.yaml", ORDERS)
    write(tmp_path / "key", "s3cret\n")
    line = "{path: /orders, mapping: ./orders.yaml, verify: {header: X-Key, secrets: [{file: key}]}}"
    write(tmp_path / "receiver.yaml", f"receiver: 1\nsources:\n  - {line}\n")
    before = sorted(tmp_path.iterdir())
    done = call("serve", "--openapi", "receiver.yaml")
    assert (done.code, done.err) == (0, "")
    assert set(json.loads(done.out)["paths"]) == {"/orders", "/livez", "/readyz"}
    assert sorted(tmp_path.iterdir()) == before
    done = call("serve", "--openapi")
    assert (done.code, done.out) == (2, "")


@pytest.fixture(scope="module")
def described() -> Iterator[Any]:
    """The description as schemathesis reads it, of a receiver that listens."""
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    sources = read_sources(SOURCES)
    kept = {source.name: source.kept(frozenset()) for source in sources}
    reception = Reception(sources, kept, MemoryIntake(), now=lambda: NOW, body_seconds=5)
    with listening(reception.app()) as port:
        schema = schemathesis.openapi.from_dict(description())
        schema.config.update(base_url=f"http://127.0.0.1:{port}")
        yield schema


KEY = ENVIRONMENT["KEY"]


def secrets_for(case: Any) -> dict[str, Any]:
    """The right secrets for a request, as its source wants them: headers and parameters."""
    match case.path:
        case "/server/v4":
            return {"headers": {"x-api-key": KEY}}
        case "/bearer":
            return {"headers": {"Authorization": f"Bearer {KEY}"}}
        case "/basic":
            return {"headers": {"Authorization": "Basic " + base64.b64encode(f"ct:{KEY}".encode()).decode()}}
        case "/query":
            return {"params": {"key": KEY}}
        case "/webengage/v4":
            digest = hashlib.md5(f"{ENVIRONMENT['LICENSE']}:{KEY}".encode()).hexdigest()
            return {"params": {"licenseCode": ENVIRONMENT["LICENSE"], "secret": digest}}
        case "/segment/v4":
            return {"headers": {"x-api-key": KEY}, "auth": sign}
    return {}


def sign(request: Any) -> Any:
    """Add the signature to a request of the package `requests`, whose body is known only now."""
    body = request.body or b""
    message = body.encode() if isinstance(body, str) else body
    request.headers["x-signature"] = hmac.new(b"sh4red", message, "sha1").hexdigest()
    return request


def try_operation(operation: Any, examples: int, *, has_secret: bool) -> Counter[int]:
    """How often each status came for random requests, all of which pass the checks of schemathesis."""
    counts: Counter[int] = Counter()

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        secrets = secrets_for(case) if has_secret else {}
        response = case.call(**secrets)
        counts[response.status_code] += 1
        # A description cannot say that a request without a secret is wrong in its form.
        case.validate_response(
            response,
            excluded_checks=[] if has_secret else [positive_data_acceptance],
            headers=secrets.get("headers"),
            transport_kwargs=secrets,
        )

    from schemathesis.specs.openapi.checks import positive_data_acceptance

    run()
    return counts


@pytest.mark.parametrize("examples", [3, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("has_secret", [True, False], ids=["authenticated", "not authenticated"])
def test_random_requests_get_the_answers_that_are_described(
    described: Any, has_secret: bool, examples: int
) -> None:
    """No fault of the server; statuses, headers, bodies and methods are those that are described."""
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) == 22
    for operation in operations:
        counts = try_operation(operation, examples, has_secret=has_secret)
        is_open = operation.path in ("/open", "/livez", "/readyz")
        assert set(counts) == ({200} if has_secret or is_open else {401}), operation.path
