"""Digest filters: a short code of the UTF-8 of a text, the same for the same text.

A text with half of a surrogate pair has no UTF-8 and no digest. Rows marked `of_dialects` are other names of
the same filters, in Liquid engines whose dialect lists them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from functools import partial, wraps

from mapper.runtime.liquid.filters.row import (
    PRINTED,
    Fails,
    Function,
    Gives,
    failed,
    make_row,
    named_in_dialects,
)
from mapper.runtime.liquid.semantics import to_text
from mapper.runtime.work import CALL, meter, spend_on

# The namespaces of RFC 9562, section 6.6, by name.
_NAMESPACES = {
    name: f"6ba7b81{digit}-9dad-11d1-80b4-00c04fd430c8"
    for name, digit in (("dns", 0), ("url", 1), ("oid", 2), ("x500", 4))
}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _of_text(function: Function) -> Function:
    # The result is short for any value: it need not be measured.
    @wraps(function)
    def call(value: object, *args: object) -> object:
        texts = to_text(value), *map(to_text, args)
        if meter() is not None:
            spend_on(*texts, units=CALL)
        return function(*texts)

    return call


digest_filter = partial(make_row, PRINTED, _of_text)


@digest_filter(Gives.MD5, ("hey", "", "6057f13c496ecf7fd777ceb9e79ae285"), "d41d8cd98f00b204e9800998ecf8427e")
def md5(value: str) -> str:
    """The MD5 digest of the text."""
    return hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()


@digest_filter(
    Gives.SHA1,
    ("hey", "", "7f550a9f4c44173a37664d938f1355f0f92a47a7"),
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
)
def sha1(value: str) -> str:
    """The SHA-1 digest of the text."""
    return hashlib.sha1(value.encode(), usedforsecurity=False).hexdigest()


@digest_filter(
    Gives.SHA256,
    ("hey", "", "fa690b82061edfd2852629aeba8a8977b57e40fcb77d1a7a28b26cba62591204"),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
)
def sha256(value: str) -> str:
    """The SHA-256 digest of the text."""
    return hashlib.sha256(value.encode()).hexdigest()


sha2 = named_in_dialects("sha2", sha256)


@digest_filter(
    Gives.SHA512,
    (
        "hey",
        "",
        "0601d109d0d2b0fa9c4484b4a5c94ee5ecc62ccec3bd7d99e972d18994d0e2e42f6d0fcfc41216a5ab72ee7af96d213e1c314abdde40f52731ff24c2bf8f7323",
    ),
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
)
def sha512(value: str) -> str:
    """The SHA-512 digest of the text."""
    return hashlib.sha512(value.encode()).hexdigest()


def _signed(value: str, key: str, algorithm: str) -> bytes:
    return hmac.digest(key.encode(), value.encode(), algorithm)


_KEY = '"secret_key"'


@digest_filter(
    Gives.SHA1,
    ("hey", _KEY, "2a3969bed25bfeefb00aca4063eb9590b4df8f0e"),
    "9ccad9184d941469b4e96cb84794e9bb488414d2",
)
def hmac_sha1(value: str, key: str) -> str:
    """The HMAC of the text with SHA-1 and a secret key (RFC 2104)."""
    return _signed(value, key, "sha1").hex()


hmac_sha1_hex = named_in_dialects("hmac_sha1_hex", hmac_sha1)


@digest_filter(
    Gives.BASE64_DIGEST,
    ("hey", _KEY, "KjlpvtJb/u+wCspAY+uVkLTfjw4="),
    "nMrZGE2UFGm06Wy4R5Tpu0iEFNI=",
    of_dialects=True,
)
def hmac_sha1_base64(value: str, key: str) -> str:
    """The HMAC of the text with SHA-1, in base64."""
    return b64encode(_signed(value, key, "sha1")).decode()


@digest_filter(
    Gives.SHA256,
    ("hey", _KEY, "8df897f8da3d7992fe57c8dbc6f27578cfbf2dcc4d0fbb4000b8c924841d508e"),
    "f304c11274cabc93abe79f3abb848b94026d3e1c9a49071ea96fbece9b9f2bb0",
)
def hmac_sha256(value: str, key: str) -> str:
    """The HMAC of the text with SHA-256 and a secret key (RFC 2104)."""
    return _signed(value, key, "sha256").hex()


hmac_sha256_hex = named_in_dialects("hmac_sha256_hex", hmac_sha256)


@digest_filter(
    Gives.BASE64_DIGEST,
    ("hey", _KEY, "jfiX+No9eZL+V8jbxvJ1eM+/LcxND7tAALjJJIQdUI4="),
    "8wTBEnTKvJOr5586u4SLlAJtPhyaSQceqW++zpufK7A=",
    of_dialects=True,
)
def hmac_sha256_base64(value: str, key: str) -> str:
    """The HMAC of the text with SHA-256, in base64."""
    return b64encode(_signed(value, key, "sha256")).decode()


def namespace_of(text: str) -> bytes | None:
    """The 16 bytes of a namespace, which is a UUID or one of four names; None for any other text."""
    text = _NAMESPACES.get(text, text)
    return bytes.fromhex(text.replace("-", "")) if _UUID.fullmatch(text) else None


@digest_filter(
    Gives.UUID,
    ("www.example.com", '"dns"', "2ed6657d-e927-568b-95e1-2665a8aea6a2"),
    "4ebd0208-8328-5d69-8c44-ec50939c0967",
    fails=Fails.NO_NAMESPACE,
)
def uuid_v5(value: str, namespace: str) -> str:
    """The UUID of the text in a namespace: another UUID, or `dns`, `url`, `oid` or `x500` (RFC 9562)."""
    space = namespace_of(namespace)
    if space is None:
        raise failed("the namespace is neither a UUID nor `dns`, `url`, `oid` or `x500`")
    code = bytearray(hashlib.sha1(space + value.encode(), usedforsecurity=False).digest()[:16])
    code[6] = code[6] & 0x0F | 0x50  # version 5
    code[8] = code[8] & 0x3F | 0x80  # the variant of RFC 9562
    digits = code.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
