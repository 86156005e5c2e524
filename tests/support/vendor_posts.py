"""Vendor posts: the sources of all shipped mappings, with requests as their vendors authenticate them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from mapper.receiver.configuration.first_item import first_item

KEYS = {"KEY": "s3cret-key", "LICENSE": "~99199077", "WE_SECRET": "w3bengage", "CT_PASSWORD": "ct-passw0rd"}
FILES = {"new_key": "n3w-key", "old_key": "0ld-key", "shared": "sh4red", "old_shared": "0ld-sh4red"}
SECRETS = (*KEYS.values(), *FILES.values(), "n3xt-key", "n3xt-sh4red")
HEADER = "verify: {header: X-API-KEY, secrets: [{env: KEY}]}"
# Path, profile and authentication of each mapping, as in a deployment of all sources.
SOURCES = {
    "server": (
        "/server/v4",
        "server",
        "verify: {header: X-API-KEY, secrets: [{file: new_key}, {file: old_key}]}",
    ),
    "segment": (
        "/segment/v4",
        "segment",
        "verify: [{header: X-API-KEY, secrets: [{env: KEY}]},"
        " {hmac: sha1, header: X-Signature, of: first_item, secrets: [{file: shared}, {file: old_shared}]}]",
    ),
    "moengage": ("/v3/moengage", "moengage", HEADER),
    "amplitude": ("/amplitude/v4", "amplitude", HEADER),
    "amplitude-cohort": ("/amplitude/cohorts", "amplitude", HEADER),
    "clevertap": (
        "/clevertap/v4",
        "clevertap",
        "verify: {basic: {user: ct, secrets: [{env: CT_PASSWORD}]}}, settings: {event_name: Campaign}",
    ),
    "clevertap-template": (
        "/clevertap/custom",
        "clevertap",
        "verify: {bearer: {secrets: [{env: CT_PASSWORD}]}}",
    ),
    "webengage": (
        "/webengage/v4",
        "webengage",
        "verify: {query: secret, md5_of: [{env: LICENSE}, {env: WE_SECRET}], license: {query: licenseCode}}",
    ),
}


@dataclass(frozen=True)
class Post:
    """A request to a source, but for its path."""

    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


def signed(item: bytes, secret: str = "sh4red") -> str:
    return hmac.new(secret.encode(), item, hashlib.sha1).hexdigest()


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def md5_of(license_code: str, secret: str) -> dict[str, str]:
    digest = hashlib.md5(f"{license_code}:{secret}".encode()).hexdigest()
    return {"licenseCode": license_code, "secret": digest}


def key(text: str) -> Callable[[bytes], Post]:
    return lambda body: Post({"X-API-KEY": text}, {}, body)


def signed_post(secret: str = "sh4red", api_key: str = "s3cret-key") -> Callable[[bytes], Post]:
    def post(body: bytes) -> Post:
        item = (*first_item(body).candidates, body)[0]
        return Post({"X-API-KEY": api_key, "X-Signature": signed(item, secret)}, {}, body)

    return post


RIGHT: dict[str, Callable[[bytes], Post]] = {
    "server": key("n3w-key"),
    "segment": signed_post(),
    "moengage": key("s3cret-key"),
    "amplitude": key("s3cret-key"),
    "amplitude-cohort": key("s3cret-key"),
    "clevertap": lambda body: Post(basic("ct", "ct-passw0rd"), {}, body),
    "clevertap-template": lambda body: Post({"Authorization": "Bearer ct-passw0rd"}, {}, body),
    "webengage": lambda body: Post({}, md5_of("~99199077", "w3bengage"), body),
}
