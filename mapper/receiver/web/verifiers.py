"""Verifiers: a request is who it says it is, or is refused with a reason that holds no secret.

Secrets are compared in constant time. All of them are tried, and the answer does not show which was right.
"""

from __future__ import annotations

import binascii
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from hmac import compare_digest

from mapper.receiver.configuration.checks import (
    BasicCheck,
    BearerCheck,
    Check,
    DigestCheck,
    HeaderCheck,
    QueryCheck,
    SignatureCheck,
)
from mapper.receiver.configuration.first_item import NO_ITEM, FirstItem, first_item
from mapper.receiver.configuration.keys import Secret
from mapper.receiver.request import RequestHead

FORM = "application/x-www-form-urlencoded"


class Reason(Enum):
    """Why a request is refused, as a word for metrics."""

    MISSING = "missing"
    REPEATED = "repeated"
    UNREADABLE = "unreadable"
    WRONG = "wrong"
    OLD = "old"
    UNSIGNABLE = "unsignable"


@dataclass(frozen=True, slots=True)
class Verified:
    """A request that passes the checks; `used` has the places of the secrets that were right.

    As long as the place of an old secret turns up, a vendor still uses it.
    """

    used: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that does not pass: the word for metrics, and a sentence without any value."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Verifier:
    """Applies the checks of a source, all of which must pass; `clock` gives seconds since 1970."""

    checks: tuple[Check, ...]
    clock: Callable[[], float] = time.time

    def check_head(self, head: RequestHead) -> Verified | Refused:
        """The verdict before the body is read: all checks but those of signatures, and their times."""
        return self._all([self._of_head(check, head) for check in self.checks])

    def check_body(self, head: RequestHead, body: bytes, packed: bytes | None = None) -> Verified | Refused:
        """The verdict on the signatures of a request whose head has passed.

        `packed` are the bytes as they came if the body was unpacked.
        """
        return self._all(
            [
                self._signed(check, head, body, body if packed is None or check.unpacked else packed)
                for check in self.checks
                if isinstance(check, SignatureCheck)
            ]
        )

    @property
    def needs_body(self) -> bool:
        """True if the body decides, too."""
        return any(isinstance(check, SignatureCheck) for check in self.checks)

    @staticmethod
    def _all(verdicts: list[Verified | Refused]) -> Verified | Refused:
        refused = next((verdict for verdict in verdicts if isinstance(verdict, Refused)), None)
        used = tuple(place for verdict in verdicts if isinstance(verdict, Verified) for place in verdict.used)
        return refused or Verified(used)

    def _of_head(self, check: Check, head: RequestHead) -> Verified | Refused:
        match check:
            case HeaderCheck(name, secrets, prefix):
                value = _one(head.header(name), f"the header `{name}`")
                if isinstance(value, Refused):
                    return value
                if not value.startswith(prefix):
                    return Refused(Reason.UNREADABLE, f"the header `{name}` does not begin as it should")
                given = value[len(prefix) :].encode("latin-1", "replace")
                return _compare(given, secrets, f"the header `{name}`")
            case BearerCheck(secrets):
                token = _credentials(head, "bearer")
                return token if isinstance(token, Refused) else _compare(token, secrets, "the bearer token")
            case BasicCheck():
                return _basic(head, check)
            case QueryCheck(name, secrets):
                value = _one(head.parameter(name), f"the query parameter `{name}`")
                if isinstance(value, Refused):
                    return value
                return _compare(value.encode("utf-8", "replace"), secrets, f"the query parameter `{name}`")
            case DigestCheck():
                return _digest(head, check)
            case SignatureCheck():
                return self._sent(check, head)

    def _sent(self, check: SignatureCheck, head: RequestHead) -> Verified | Refused:
        """The verdict on the headers of a signature, before the body is read."""
        signature = check.signature
        names = {signature.header, *signature.headers}
        for name in sorted(names):
            value = _one(head.header(name), f"the header `{name}`")
            if isinstance(value, Refused):
                return value
        if signature.timestamp is not None:
            written = signature.written_time(head)
            if not written:
                return Refused(Reason.UNREADABLE, "the time of the signature cannot be read")
            distance = abs(self.clock() - int(written) * signature.timestamp.unit)
            if distance > signature.timestamp.tolerance:
                return Refused(Reason.OLD, "the time of the signature is too far from now")
        return Verified()

    def _signed(
        self, check: SignatureCheck, head: RequestHead, body: bytes, signed: bytes
    ) -> Verified | Refused:
        """The verdict on a signature; a first item is cut out of the body, which is unpacked."""
        signature = check.signature
        sent = self._sent(check, head)
        if isinstance(sent, Refused):
            return sent
        first = _first_item(head, body) if signature.of_first_item else NO_ITEM
        given = signature.digests_in(head.header(signature.header)[0])
        if not given:
            return Refused(
                Reason.UNREADABLE, f"the header `{signature.header}` holds no signature that can be read"
            )
        messages = list(signature.messages(head, signed, first))
        right: list[str] = []
        for secret in check.secrets:
            key = signature.key_of(secret.value) or b""
            expected = [signature.digest(key, message) for message in messages]
            if key and _any_equal(given, expected):
                right.append(secret.place)
        if right:
            return Verified(tuple(right))
        if first.fault:
            return Refused(Reason.UNSIGNABLE, f"the signature is that of the first item, but {first.fault}")
        return Refused(Reason.WRONG, f"the signature in `{signature.header}` is wrong")


def _first_item(head: RequestHead, body: bytes) -> FirstItem:
    """The first item of a body; a form has none, for the JSON that was signed is not sent."""
    kind = "".join(head.header("content-type")).partition(";")[0].strip().lower()
    return FirstItem(fault="a form has no first item") if kind == FORM else first_item(body)


def _basic(head: RequestHead, check: BasicCheck) -> Verified | Refused:
    written = _credentials(head, "basic")
    if isinstance(written, Refused):
        return written
    try:
        given = binascii.a2b_base64(written, strict_mode=True)
    except binascii.Error:
        return Refused(Reason.UNREADABLE, "the header `authorization` is not base64")
    return _compare(given, check.pairs(), "user or password")


def _digest(head: RequestHead, check: DigestCheck) -> Verified | Refused:
    subject = f"the query parameter `{check.parameter}`"
    value = _one(head.parameter(check.parameter), subject)
    if isinstance(value, Refused):
        return value
    # Vendors do not say if their digits are capitals.
    given = value.lower().encode("utf-8", "replace")
    verdict = _compare(given, check.digests(), subject)
    if isinstance(verdict, Refused) or not check.license_parameter:
        return verdict
    subject = f"the query parameter `{check.license_parameter}`"
    license_text = _one(head.parameter(check.license_parameter), subject)
    if isinstance(license_text, Refused):
        return license_text
    found = _compare(license_text.encode("utf-8", "replace"), check.parts[0], subject)
    return found if isinstance(found, Refused) else verdict


def _credentials(head: RequestHead, scheme: str) -> bytes | Refused:
    """The text behind the scheme of `Authorization`; schemes have no case (RFC 9110 §11.1)."""
    value = _one(head.header("authorization"), "the header `authorization`")
    if isinstance(value, Refused):
        return value
    found, _, credentials = value.partition(" ")
    if found.lower() != scheme:
        return Refused(Reason.UNREADABLE, f"the header `authorization` is not of the scheme `{scheme}`")
    return credentials.strip(" ").encode("latin-1", "replace")


def _one(values: list[str], subject: str) -> str | Refused:
    """The only value; several could be read differently by a proxy, and by us."""
    if len(values) > 1:
        return Refused(Reason.REPEATED, f"{subject} is there more than once")
    if not values or not values[0]:
        return Refused(Reason.MISSING, f"{subject} is missing")
    return values[0]


def _compare(given: bytes, secrets: Sequence[Secret], subject: str) -> Verified | Refused:
    right = [secret.place for secret in secrets if compare_digest(given, secret.value)]
    return Verified(tuple(right)) if right else Refused(Reason.WRONG, f"{subject} is wrong")


def _any_equal(given: Sequence[bytes], expected: Sequence[bytes]) -> bool:
    """True if one is equal to one of the others; all pairs are compared."""
    return sum(compare_digest(one, other) for one in given for other in expected) > 0
