"""Signatures: how a vendor signs its requests, as data, and the digests that a request must have."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mapper.diagnostics.diagnostic import Report
from mapper.receiver.configuration.first_item import FirstItem
from mapper.receiver.configuration.kinds import (
    DURATION,
    ChoiceKind,
    ListKind,
    ReadTable,
    TableKey,
    TableKind,
    TextKind,
)
from mapper.receiver.request import RequestHead

ALGORITHMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}
ENCODINGS = ("hex", "base64")
TOLERANCE = 300.0  # seconds; Slack and Standard Webhooks both name five minutes
# Signatures in one header; while keys change, two or three are sent.
MAX_SIGNATURES = 20

HEADER_NAME = TextKind(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", "this is not the name of a header")
_ANYTHING = TextKind(r"[^\s]", "this is empty")
_PART = r"\{(?:timestamp|body|first_item|header\.[A-Za-z0-9!#$%&'*+.^_`|~-]+)\}"
_SIGNED = TextKind(
    rf"^(?:body|first_item|(?:[^{{}}]|{_PART})*\{{(?:body|first_item)\}}(?:[^{{}}]|{_PART})*)$",
    "write `body`, `first_item`, or a text around them such as `v0:{timestamp}:{body}`",
)

SIGNATURE_KEYS: dict[str, TableKey] = {
    "hmac": TableKey(ChoiceKind(tuple(ALGORITHMS)), "The digest of the HMAC (RFC 2104).", required=True),
    "header": TableKey(HEADER_NAME, "The header with the signature.", required=True),
    "encoding": TableKey(ChoiceKind(ENCODINGS), "How the bytes of the signature are written; default hex."),
    "prefix": TableKey(_ANYTHING, "The text before the signature, such as `sha256=`."),
    "separator": TableKey(
        TextKind(r"^.{1,3}$", "write one to three characters"),
        "The text between several signatures in the header; one of them must be right.",
    ),
    "of": TableKey(
        ListKind(_SIGNED, or_one=True),
        "The signed bytes: `body` (the default), `first_item`, or a text around them, such as "
        "`v0:{timestamp}:{body}` or `{header.webhook-id}.{body}`. Any entry of a list may be right.",
    ),
    "timestamp": TableKey(
        TableKind(
            "`timestamp`",
            {
                "header": TableKey(HEADER_NAME, "The header with the time of the signature.", required=True),
                "prefix": TableKey(_ANYTHING, "The text before the time, if the header holds more."),
                "unit": TableKey(ChoiceKind(("s", "ms")), "The unit since 1970; default s."),
                "tolerance": TableKey(DURATION, "The greatest distance from now; default 5m."),
            },
        ),
        "The signed time of a request. An old request is refused, and so is one of the future.",
    ),
    "key": TableKey(
        TableKind(
            "`key`",
            {
                "encoding": TableKey(ChoiceKind(ENCODINGS), "How the bytes of the secret are written.", True),
                "prefix": TableKey(_ANYTHING, "The text before them, such as `whsec_`."),
            },
        ),
        "The secret is not the text itself, but the bytes that it spells.",
    ),
}


@dataclass(frozen=True, slots=True)
class SignedTime:
    """The header with the time of a signature; `unit` and `tolerance` are in seconds."""

    header: str
    prefix: str = ""
    unit: float = 1.0
    tolerance: float = TOLERANCE


@dataclass(frozen=True, slots=True)
class KeyEncoding:
    """The encoding of the bytes of a secret, behind a prefix."""

    encoding: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """How requests are signed; names of headers are in lower case.

    `of` has the alternatives of the signed text, each split into literal texts and placeholders.
    """

    algorithm: str
    header: str
    encoding: str = "hex"
    prefix: str = ""
    separator: str = ""
    of: tuple[tuple[str, ...], ...] = (("{body}",),)
    timestamp: SignedTime | None = None
    key: KeyEncoding | None = None

    @property
    def headers(self) -> frozenset[str]:
        """The headers that the check reads."""
        names = {part[8:-1] for parts in self.of for part in parts if part.startswith("{header.")}
        return frozenset(names | {self.header} | ({self.timestamp.header} if self.timestamp else set()))

    @property
    def of_first_item(self) -> bool:
        """True if an alternative signs the first item."""
        return any("{first_item}" in parts for parts in self.of)

    def digests_in(self, value: str) -> tuple[bytes, ...]:
        """The bytes of the signatures in a header; those that cannot be read are left out."""
        parts = value.split(self.separator, MAX_SIGNATURES)[:MAX_SIGNATURES] if self.separator else [value]
        texts = (part.strip() for part in parts)
        read = (
            decoded(text[len(self.prefix) :], self.encoding) for text in texts if text.startswith(self.prefix)
        )
        return tuple(digest for digest in read if digest)

    def written_time(self, head: RequestHead) -> str:
        """The digits of the time of a request; empty if it has none that is written as it should be."""
        if self.timestamp is None:
            return ""
        prefix, value = self.timestamp.prefix, ",".join(head.header(self.timestamp.header))
        parts = value.split(self.separator, MAX_SIGNATURES) if prefix and self.separator else [value]
        texts = [part.strip()[len(prefix) :] for part in parts if part.strip().startswith(prefix)]
        # Exactly one, and no sign, fraction or blank: the signed text holds it as it is written.
        return texts[0] if len(texts) == 1 and re.fullmatch("[0-9]{1,16}", texts[0]) else ""

    def messages(self, head: RequestHead, body: bytes, first: FirstItem) -> Iterator[tuple[bytes, ...]]:
        """The texts that may have been signed, each in pieces; headers that are missing are empty."""
        for parts in self.of:
            items = first.candidates if "{first_item}" in parts else (b"",)
            for item in items:
                yield tuple(self._piece(part, head, body, item) for part in parts)

    def _piece(self, part: str, head: RequestHead, body: bytes, item: bytes) -> bytes:
        match part:
            case "{body}":
                return body
            case "{first_item}":
                return item
            case "{timestamp}":
                return self.written_time(head).encode()
            case _ if part.startswith("{header."):
                return "".join(head.header(part[8:-1])).encode("latin-1", "replace")
        return part.encode()

    def digest(self, key: bytes, pieces: tuple[bytes, ...]) -> bytes:
        """The HMAC of a text in pieces."""
        mac = hmac.new(key, digestmod=ALGORITHMS[self.algorithm])
        for piece in pieces:
            mac.update(piece)
        return mac.digest()

    def key_of(self, secret: bytes) -> bytes | None:
        """The bytes of the key that a secret spells; None if it does not spell any."""
        if self.key is None:
            return secret
        text = secret.decode("latin-1")
        return decoded(text.removeprefix(self.key.prefix), self.key.encoding)


def decoded(text: str, encoding: str) -> bytes | None:
    """The bytes that a text spells in hex or base64; None if it is neither empty nor one of these."""
    if encoding == "hex":
        return bytes.fromhex(text) if re.fullmatch("(?:[0-9A-Fa-f]{2})+", text) else None
    try:
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True) or None
    except (binascii.Error, UnicodeEncodeError):
        return None


def read_signature(table: ReadTable, report: Report) -> Signature | None:
    """The signature of a table with the rows of SIGNATURE_KEYS; its faults are reported (M704)."""
    if not table.is_whole:
        return None
    written = table.get("of", ())
    of = tuple(_parts(text.value) for text in written) or (("{body}",),)
    time, key = table.get("timestamp"), table.get("key")
    signed_time = None if time is None else _signed_time(time)
    signs_time = ["{timestamp}" in parts for parts in of]
    if time is not None and not all(signs_time):
        text = "a time that is not signed proves nothing"
        hint = "name it in `of`, such as `{timestamp}.{body}`, or remove `timestamp`"
        report.error("M704", "`timestamp` is no part of the signed text", table.span("timestamp"), text, hint)
        return None
    if time is None and any(signs_time):
        label = "no header is known for it"
        hint = "write `timestamp: {header: ..}`"
        report.error("M704", "`{timestamp}` without `timestamp`", table.span("of"), label, hint)
        return None
    return Signature(
        algorithm=table.get("hmac"),
        header=table.text("header").lower(),
        encoding=table.get("encoding", "hex"),
        prefix=table.text("prefix"),
        separator=table.text("separator"),
        of=of,
        timestamp=signed_time,
        key=None if key is None else KeyEncoding(key.get("encoding"), key.text("prefix")),
    )


def _signed_time(table: ReadTable) -> SignedTime:
    return SignedTime(
        table.text("header").lower(),
        table.text("prefix"),
        0.001 if table.get("unit") == "ms" else 1.0,
        table.get("tolerance", TOLERANCE),
    )


def _parts(text: str) -> tuple[str, ...]:
    if text in ("body", "first_item"):
        return (f"{{{text}}}",)
    parts = (part for part in re.split(f"({_PART})", text) if part)
    return tuple(part.lower() if part.startswith("{header.") else part for part in parts)
