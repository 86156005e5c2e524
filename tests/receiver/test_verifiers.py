"""Verifiers: right, wrong, missing, old and rotated secrets of each kind of check and of each vendor."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from mapper.catalog import shipped_mappings
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.render import render_text
from mapper.diagnostics.source import SourceFile
from mapper.receiver.configuration.configuration_reader import read_configuration
from mapper.receiver.request import RequestHead
from mapper.receiver.web import verifiers
from mapper.receiver.web.verifiers import Reason, Refused, Verified, Verifier
from support.places import TESTS

NOW = 1_795_464_000
ENVIRONMENT = {
    "KEY": "s3cret-key",
    "OLD": "0ld-key",
    "SIGN": "sh4red",
    "LICENSE": "~99199077",
    "WHSEC": "whsec_" + base64.b64encode(b"b1nary-key").decode(),
    "UMLAUT": "gehe\u00efm",
}
BODY = b'{"a": 1e-7, "b": "\xc3\xa9"}'


def verifier(verify: str, profile: str = "", clock: float = NOW) -> Verifier:
    """The verifier of a source; profiles are those of the tests, or shipped ones."""
    named = f"profile: {profile}, " if profile else ""
    text = f"receiver: 1\nsources:\n  - {{path: /a, mapping: server, {named}verify: {verify}}}\n"
    report = Report()
    found = read_configuration(
        SourceFile("r.yaml", text), report, TESTS / "receiver", ENVIRONMENT
    ).configuration
    assert found is not None, render_text(report.ordered())
    return Verifier(found.sources[0].verify, lambda: clock)


def head(headers: dict[str, str] | None = None, query: dict[str, str] | None = None) -> RequestHead:
    written = tuple((name.lower(), value) for name, value in (headers or {}).items())
    return RequestHead("POST", "/a", written, tuple((query or {}).items()), "/a")


def verdict(check: Verifier, request: RequestHead, body: bytes = BODY, packed: bytes | None = None) -> str:
    """The word of a refusal, or `ok`, by both stages as a server asks for them."""
    first = check.check_head(request)
    found = first if isinstance(first, Refused) else check.check_body(request, body, packed)
    for shown in (repr(found), repr(check), repr(request)):
        assert not [value for value in ENVIRONMENT.values() if value in shown]
    return found.reason.value if isinstance(found, Refused) else "ok"


def used(check: Verifier, request: RequestHead, body: bytes = BODY) -> list[str]:
    both = [check.check_head(request), check.check_body(request, body)]
    return [place for each in both if isinstance(each, Verified) for place in each.used]


def basic(user: str, password: str, scheme: str = "Basic") -> dict[str, str]:
    return {"Authorization": f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


HEADER = "{header: X-API-KEY, secrets: [{env: KEY}, {env: OLD}]}"
BEARER = "{bearer: {secrets: [{env: KEY}, {env: OLD}]}}"
BASIC = "{basic: {user: ct, secrets: [{env: KEY}, {env: OLD}]}}"
QUERY = "{query: key, secrets: [{env: KEY}, {env: OLD}]}"
DIGEST = "{query: secret, md5_of: [{env: LICENSE}, [{env: KEY}, {env: OLD}]], license: {query: licenseCode}}"
LICENSED = {"licenseCode": "~99199077"}

KEYS: list[tuple[str, dict[str, str], dict[str, str], str]] = [
    (HEADER, {"x-api-key": "s3cret-key"}, {}, "ok"),
    (HEADER, {"X-Api-Key": "0ld-key"}, {}, "ok"),
    (HEADER, {"x-api-key": "s3cret-keY"}, {}, "wrong"),
    (HEADER, {"x-api-key": "s3cret-key2"}, {}, "wrong"),
    (HEADER, {"x-api-key": "s3cret"}, {}, "wrong"),
    (HEADER, {"x-api-key": ""}, {}, "missing"),
    (HEADER, {}, {"x-api-key": "s3cret-key"}, "missing"),
    (HEADER, {"x-api-key": "s3cret-key\u2603".encode().decode("latin-1")}, {}, "wrong"),
    ("{header: X-A, prefix: 'Token ', secrets: [{env: KEY}]}", {"x-a": "Token s3cret-key"}, {}, "ok"),
    ("{header: X-A, prefix: 'Token ', secrets: [{env: KEY}]}", {"x-a": "s3cret-key"}, {}, "unreadable"),
    ("{header: X-A, secrets: [{env: UMLAUT}]}", {"x-a": "gehe\u00efm".encode().decode("latin-1")}, {}, "ok"),
    ("{header: X-A, secrets: [{env: UMLAUT}]}", {"x-a": "gehe\u00efm"}, {}, "wrong"),
    (BEARER, {"Authorization": "Bearer s3cret-key"}, {}, "ok"),
    (BEARER, {"Authorization": "bearer  0ld-key"}, {}, "ok"),
    (BEARER, {"Authorization": "Bearer other"}, {}, "wrong"),
    (BEARER, {"Authorization": "Basic s3cret-key"}, {}, "unreadable"),
    (BEARER, {"Authorization": "s3cret-key"}, {}, "unreadable"),
    (BEARER, {}, {}, "missing"),
    (BASIC, basic("ct", "s3cret-key"), {}, "ok"),
    (BASIC, basic("ct", "0ld-key", "BASIC"), {}, "ok"),
    (BASIC, basic("ct", "wrong"), {}, "wrong"),
    (BASIC, basic("CT", "s3cret-key"), {}, "wrong"),
    (BASIC, basic("ct:", "s3cret-key"), {}, "wrong"),
    (BASIC, {"Authorization": "Basic ct:s3cret-key"}, {}, "unreadable"),
    (
        BASIC,
        {"Authorization": "Basic " + base64.b64encode(b"ct:s3cret-key").decode() + "!"},
        {},
        "unreadable",
    ),
    (BASIC, {"Authorization": "Basic"}, {}, "wrong"),
    (BASIC, {}, {}, "missing"),
    (QUERY, {}, {"key": "s3cret-key"}, "ok"),
    (QUERY, {}, {"key": "0ld-key"}, "ok"),
    (QUERY, {}, {"key": "other"}, "wrong"),
    (QUERY, {}, {"KEY": "s3cret-key"}, "missing"),
    (QUERY, {"key": "s3cret-key"}, {}, "missing"),
    (DIGEST, {}, {"secret": md5("~99199077:s3cret-key"), **LICENSED}, "ok"),
    (DIGEST, {}, {"secret": md5("~99199077:s3cret-key").upper(), **LICENSED}, "ok"),
    (DIGEST, {}, {"secret": md5("~99199077:0ld-key"), **LICENSED}, "ok"),
    (DIGEST, {}, {"secret": md5("~99199077:other"), **LICENSED}, "wrong"),
    (DIGEST, {}, {"secret": md5("~99199077s3cret-key"), **LICENSED}, "wrong"),
    (DIGEST, {}, {"secret": "s3cret-key", **LICENSED}, "wrong"),
    (DIGEST, {}, {"secret": md5("~99199077:s3cret-key"), "licenseCode": "~1"}, "wrong"),
    (DIGEST, {}, {"secret": md5("~99199077:s3cret-key")}, "missing"),
    (DIGEST, {}, LICENSED, "missing"),
    ("none", {}, {}, "ok"),
    (f"[{HEADER}, {QUERY}]", {"x-api-key": "s3cret-key"}, {"key": "0ld-key"}, "ok"),
    (f"[{HEADER}, {QUERY}]", {"x-api-key": "s3cret-key"}, {"key": "other"}, "wrong"),
    (f"[{HEADER}, {QUERY}]", {"x-api-key": "s3cret-key"}, {}, "missing"),
    (f"[{HEADER}, {QUERY}]", {}, {"key": "s3cret-key"}, "missing"),
]


@pytest.mark.parametrize(("verify", "headers", "query", "expected"), KEYS)
def test_keys(verify: str, headers: dict[str, str], query: dict[str, str], expected: str) -> None:
    check = verifier(verify)
    assert not check.needs_body
    assert verdict(check, head(headers, query)) == expected


def test_a_header_or_parameter_that_comes_twice_is_refused() -> None:
    """A proxy may look at the first, and we at the last."""
    twice = (("x-api-key", "s3cret-key"), ("x-api-key", "s3cret-key"))
    assert verdict(verifier(HEADER), replace(head(), headers=twice)) == "repeated"
    twice = (("key", "s3cret-key"), ("key", "other"))
    assert verdict(verifier(QUERY), replace(head(), query=twice)) == "repeated"


def test_the_places_of_the_secrets_that_were_right_are_known() -> None:
    assert used(verifier(HEADER), head({"x-api-key": "0ld-key"})) == ["env OLD"]
    assert used(verifier(DIGEST), head({}, {"secret": md5("~99199077:0ld-key"), **LICENSED})) == ["env OLD"]
    signed = head({"x-s": mac("sha256", b"0ld-key", BODY)})
    assert used(verifier("{hmac: sha256, header: X-S, secrets: [{env: KEY}, {env: OLD}]}"), signed) == [
        "env OLD"
    ]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_secret_is_compared(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Constant time: the comparison does not stop at a secret that is right, or at the first byte."""
    compared: list[tuple[bytes, bytes]] = []

    def record(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(verifiers, "compare_digest", record)
    secrets = ", ".join(["{env: KEY}", "{env: OLD}", "{env: SIGN}"][:count])
    for value in ("s3cret-key", "sh4red", "other"):
        compared.clear()
        verdict(verifier(f"{{header: X-A, secrets: [{secrets}]}}"), head({"x-a": value}))
        assert len(compared) == count
        compared.clear()
        signed = head({"x-s": mac("sha1", value.encode(), BODY)})
        verdict(verifier(f"{{hmac: sha1, header: X-S, secrets: [{secrets}]}}"), signed)
        assert len(compared) == count


# --- signatures


def mac(algorithm: str, key: bytes, message: bytes, encoding: str = "hex") -> str:
    digest = hmac.new(key, message, algorithm)
    return digest.hexdigest() if encoding == "hex" else base64.b64encode(digest.digest()).decode()


SHA256 = "{hmac: sha256, header: X-S, secrets: [{env: SIGN}, {env: OLD}]}"
PREFIXED = "{hmac: sha256, header: X-S, prefix: sha256=, secrets: [{env: SIGN}]}"
BASE64 = "{hmac: sha512, header: X-S, encoding: base64, secrets: [{env: SIGN}]}"
RIGHT = mac("sha256", b"sh4red", BODY)


@pytest.mark.parametrize(
    ("verify", "value", "expected"),
    [
        (SHA256, RIGHT, "ok"),
        (SHA256, RIGHT.upper(), "ok"),
        (SHA256, mac("sha256", b"0ld-key", BODY), "ok"),
        (SHA256, mac("sha256", b"other", BODY), "wrong"),
        (SHA256, mac("sha256", b"sh4red", BODY + b" "), "wrong"),
        (SHA256, mac("sha1", b"sh4red", BODY), "wrong"),
        (SHA256, RIGHT[:-2], "wrong"),
        (SHA256, RIGHT[:-1], "unreadable"),
        (SHA256, f"sha256={RIGHT}", "unreadable"),
        (SHA256, f"{RIGHT},{RIGHT}", "unreadable"),
        (SHA256, mac("sha256", b"sh4red", BODY, "base64"), "unreadable"),
        (SHA256, "", "missing"),
        (SHA256, None, "missing"),
        (PREFIXED, f"sha256={RIGHT}", "ok"),
        (PREFIXED, RIGHT, "unreadable"),
        (PREFIXED, f"sha256={mac('sha256', b'other', BODY)}", "wrong"),
        (BASE64, mac("sha512", b"sh4red", BODY, "base64"), "ok"),
        (BASE64, mac("sha512", b"other", BODY, "base64"), "wrong"),
        (BASE64, mac("sha512", b"sh4red", BODY), "wrong"),
        (BASE64, "a*b=", "unreadable"),
    ],
)
def test_signatures_of_bodies(verify: str, value: str | None, expected: str) -> None:
    check = verifier(verify)
    assert check.needs_body
    assert verdict(check, head({} if value is None else {"X-S": value})) == expected


def test_a_missing_signature_is_refused_before_the_body_is_read() -> None:
    assert verifier(SHA256).check_head(head()) == Refused(Reason.MISSING, "the header `x-s` is missing")


def test_a_packed_body_is_signed_packed_unless_the_source_says_otherwise() -> None:
    packed = b"\x1f\x8bpacked"
    of_packed, of_body = head({"X-S": mac("sha256", b"sh4red", packed)}), head({"X-S": RIGHT})
    unpacked = SHA256.replace("secrets", "unpacked: true, secrets")
    assert verdict(verifier(SHA256), of_packed, packed=packed) == "ok"
    assert verdict(verifier(SHA256), of_body, packed=packed) == "wrong"
    assert verdict(verifier(unpacked), of_packed, packed=packed) == "wrong"
    assert verdict(verifier(unpacked), of_body, packed=packed) == "ok"


# --- the first item of a batch

SEGMENT = "{signature: profile, secrets: [{env: SIGN}, {env: OLD}]}"
EXPLICIT = "{hmac: sha1, header: X-Signature, of: first_item, secrets: [{env: SIGN}, {env: OLD}]}"
MESSAGE = '{"type":"track","properties":{"price":1e-7,"name":"caf\u00e9 \\u00e9"},"userId":"u"}'.encode()
OTHER = b'{"type": "page"}'
SIGNED: list[tuple[bytes, bytes, str]] = [
    (MESSAGE, MESSAGE, "ok"),
    (b"[" + MESSAGE + b"]", MESSAGE, "ok"),
    (b"[" + MESSAGE + b"," + OTHER + b"]", MESSAGE, "ok"),
    (b" [\n " + MESSAGE + b" ,\n" + OTHER + b"]", MESSAGE, "ok"),
    (b'[{"json":' + MESSAGE + b"}]", MESSAGE, "ok"),
    (b'[{"json": ' + MESSAGE + b' }, {"json":' + OTHER + b"}]", MESSAGE, "ok"),
    (b"[" + OTHER + b"," + MESSAGE + b"]", MESSAGE, "wrong"),
    (b'[{"a":1,"json":' + MESSAGE + b"}]", MESSAGE, "wrong"),
    (MESSAGE + b" ", MESSAGE, "wrong"),
    (MESSAGE, json.dumps(json.loads(MESSAGE)).encode(), "wrong"),
    (b"[" + MESSAGE + b"]", json.dumps(json.loads(MESSAGE), separators=(",", ":")).encode(), "wrong"),
    (b'{"json":' + MESSAGE + b"}", MESSAGE, "wrong"),
]


@pytest.mark.parametrize("verify", [SEGMENT, EXPLICIT])
@pytest.mark.parametrize(("body", "signed", "expected"), SIGNED)
def test_the_first_item_is_signed(verify: str, body: bytes, signed: bytes, expected: str) -> None:
    check = verifier(verify, "segment")
    for key in (b"sh4red", b"0ld-key"):
        assert verdict(check, head({"X-Signature": mac("sha1", key, signed)}), body) == expected
    assert verdict(check, head({"X-Signature": mac("sha1", b"other", signed)}), body) == "wrong"
    assert verdict(check, head(), body) == "missing"


def test_a_batch_that_is_signed_as_a_whole_passes_if_the_source_allows_it() -> None:
    body = b"[" + MESSAGE + b"," + OTHER + b"]"
    signed = head({"X-Signature": mac("sha1", b"sh4red", body)})
    assert verdict(verifier(SEGMENT, "segment"), signed, body) == "ok"
    assert verdict(verifier(EXPLICIT), signed, body) == "wrong"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"a=1&b=2", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}),
        (b"[]=1", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"a=1", {}),
        (b"[]", {}),
        (b"", {}),
        (b"[" * 100_000, {}),
    ],
)
def test_bodies_without_a_first_item_are_refused_with_the_reason(
    body: bytes, headers: dict[str, str]
) -> None:
    request = head({"X-Signature": mac("sha1", b"sh4red", body), **headers})
    assert verdict(verifier(EXPLICIT), request, body) == "unsignable"
    found = verifier(EXPLICIT).check_body(request, body)
    assert isinstance(found, Refused)
    assert "the signature is that of the first item, but " in found.text
    assert ("form" in found.text) == bool(headers)


def test_the_first_item_of_a_packed_body_is_that_of_the_unpacked_one() -> None:
    signed = head({"X-Signature": mac("sha1", b"sh4red", MESSAGE)})
    assert verdict(verifier(EXPLICIT), signed, b"[" + MESSAGE + b"]", packed=b"\x1f\x8b") == "ok"


# --- signatures with a time, as data


def slack(time: str, body: bytes = BODY, key: bytes = b"sh4red") -> dict[str, str]:
    value = mac("sha256", key, b"v0:" + time.encode() + b":" + body)
    return {"X-Slack-Request-Timestamp": time, "X-Slack-Signature": f"v0={value}"}


def standard(time: str, body: bytes = BODY, key: bytes = b"b1nary-key", more: str = "") -> dict[str, str]:
    value = mac("sha256", key, b"msg_1." + time.encode() + b"." + body, "base64")
    return {"webhook-id": "msg_1", "webhook-timestamp": time, "webhook-signature": f"{more}v1,{value}"}


def stripe(time: str, body: bytes = BODY, key: bytes = b"sh4red", more: str = "") -> dict[str, str]:
    value = mac("sha256", key, time.encode() + b"." + body)
    return {"Stripe-Signature": f"t={time},{more}v1={value},v0=6ffbb59b2300aae63f272406069a9788598b792a"}


DATED: list[tuple[str, str, Any]] = [
    ("slack", "SIGN", slack),
    ("standard-webhooks", "WHSEC", standard),
    ("stripe", "SIGN", stripe),
]


@pytest.mark.parametrize(("profile", "secret", "sign"), DATED)
def test_signatures_with_a_time(profile: str, secret: str, sign: Any) -> None:
    check = verifier(f"{{signature: profile, secrets: [{{env: {secret}}}]}}", profile)
    for distance, expected in ((0, "ok"), (-299, "ok"), (299, "ok"), (-301, "old"), (301, "old")):
        assert verdict(check, head(sign(str(NOW + distance)))) == expected
    assert verdict(check, head(sign(str(NOW), BODY + b" "))) == "wrong"
    assert verdict(check, head(sign(str(NOW), key=b"other"))) == "wrong"
    assert verdict(check, head()) == "missing"
    for name in sign(str(NOW)):
        assert (
            verdict(check, head({key: value for key, value in sign(str(NOW)).items() if key != name}))
            == "missing"
        )


@pytest.mark.parametrize(("profile", "secret", "sign"), DATED)
@pytest.mark.parametrize("time", ["", "x", f"{NOW}.5", f"-{NOW}", f"+{NOW}", f" {NOW}1", "9" * 17, "\u0661"])
def test_a_time_that_cannot_be_read_is_refused(profile: str, secret: str, sign: Any, time: str) -> None:
    check = verifier(f"{{signature: profile, secrets: [{{env: {secret}}}]}}", profile)
    assert verdict(check, head(sign(time))) in ("unreadable", "missing", "old")


@pytest.mark.parametrize(("profile", "secret", "sign"), DATED)
def test_an_old_request_is_refused_before_the_body_is_read(profile: str, secret: str, sign: Any) -> None:
    check = verifier(f"{{signature: profile, secrets: [{{env: {secret}}}]}}", profile, clock=NOW + 301)
    found = check.check_head(head(sign(str(NOW))))
    assert isinstance(found, Refused)
    assert found.reason is Reason.OLD


def test_the_time_is_part_of_what_is_signed() -> None:
    """A request that was caught cannot be dated anew."""
    check = verifier("{signature: profile, secrets: [{env: SIGN}]}", "slack")
    caught = slack(str(NOW - 1000))
    assert verdict(check, head({**caught, "X-Slack-Request-Timestamp": str(NOW)})) == "wrong"


def test_one_of_several_signatures_in_a_header_is_enough() -> None:
    check = verifier("{signature: profile, secrets: [{env: WHSEC}]}", "standard-webhooks")
    assert verdict(check, head(standard(str(NOW), more="v1,AAAA v2,x v1a,AAAA "))) == "ok"
    assert verdict(check, head(standard(str(NOW), more="v1,AAAA " * 30))) == "wrong"
    check = verifier("{signature: profile, secrets: [{env: SIGN}]}", "stripe")
    assert verdict(check, head(stripe(str(NOW), more="v1=00,"))) == "ok"
    assert verdict(check, head(stripe(str(NOW), more=f"t={NOW - 1},"))) == "unreadable"


def test_the_example_of_slack() -> None:
    """From Slack's page about verifying requests."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d"
        b"10d2c447fce8b6703c"
    )
    headers = {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    slack_secret = verifiers.Secret("example", b"8f742231b10e8888abcd99yyyzzz85a5")
    check = verifier("{signature: profile, secrets: [{env: SIGN}]}", "slack", clock=1531420618)
    check = replace(check, checks=(replace(check.checks[0], secrets=(slack_secret,)),))
    assert verdict(check, head(headers), body) == "ok"


def test_the_example_of_standard_webhooks() -> None:
    """From the tests of the specification's own libraries."""
    body = b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = verifiers.Secret("example", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    check = verifier("{signature: profile, secrets: [{env: WHSEC}]}", "standard-webhooks", clock=1614265330)
    check = replace(check, checks=(replace(check.checks[0], secrets=(secret,)),))
    assert verdict(check, head(headers), body) == "ok"


def test_a_secret_that_spells_no_key_verifies_nothing() -> None:
    """With an empty key, everybody could sign."""
    check = verifier("{signature: profile, secrets: [{env: WHSEC}]}", "standard-webhooks")
    for secret in (b"whsec_", b"whsec_*", b"whsec_A"):
        broken = replace(check, checks=(replace(check.checks[0], secrets=(verifiers.Secret("a", secret),)),))
        assert verdict(broken, head(standard(str(NOW), key=b""))) == "wrong"


def test_units_of_time() -> None:
    time = "timestamp: {header: T, unit: ms, tolerance: 1s}"
    verify = f"{{hmac: sha1, header: S, of: '{{timestamp}}{{body}}', {time}, secrets: [{{env: SIGN}}]}}"
    for distance, expected in ((0, "ok"), (999, "ok"), (1001, "old")):
        time = str(NOW * 1000 + distance)
        request = head({"T": time, "S": mac("sha1", b"sh4red", time.encode() + BODY)})
        assert verdict(verifier(verify), request) == expected


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(logging.DEBUG):
        verdict(verifier(HEADER), head({"x-api-key": "other"}))
        verdict(verifier(SHA256), head({"X-S": RIGHT}))
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_every_shipped_signature_has_a_test() -> None:
    names = {
        path.stem
        for path in (shipped_mappings() / "profiles").glob("*.yaml")
        if "\nsignature:" in path.read_text()
    }
    assert names == {"segment"}
