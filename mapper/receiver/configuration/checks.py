"""Checks: how a source recognises its vendor, as data, and the part of a configuration that says so."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from mapper.diagnostics.diagnostic import Report
from mapper.receiver.configuration.keys import SECRET, SECRETS, KeyRing, Secret
from mapper.receiver.configuration.kinds import (
    ConstantKind,
    FlagKind,
    ListKind,
    ReadTable,
    TableKey,
    TableKind,
    TextKind,
    UnionKind,
    WordOr,
)
from mapper.receiver.configuration.signatures import HEADER_NAME, SIGNATURE_KEYS, Signature, read_signature

_TEXT = TextKind(r"[^\s]", "this is empty")
_SECRETS = TableKey(SECRETS, "The secrets that are accepted; one of them must be right.", required=True)
_UNPACKED = TableKey(FlagKind(), "The signature of a gzip body is over the unpacked bytes; default false.")


@dataclass(frozen=True, slots=True)
class HeaderCheck:
    """A header, by its name in lower case, holds one of the secrets behind a prefix."""

    header: str
    secrets: tuple[Secret, ...]
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class BearerCheck:
    """`Authorization: Bearer` holds one of the secrets (RFC 6750)."""

    secrets: tuple[Secret, ...]


@dataclass(frozen=True, slots=True)
class BasicCheck:
    """`Authorization: Basic` holds the user and one of the secrets (RFC 7617)."""

    user: str
    secrets: tuple[Secret, ...]

    def pairs(self) -> tuple[Secret, ...]:
        """The texts of user and secret that are accepted."""
        return tuple(
            Secret(secret.place, self.user.encode() + b":" + secret.value) for secret in self.secrets
        )


@dataclass(frozen=True, slots=True)
class QueryCheck:
    """A query parameter holds one of the secrets."""

    parameter: str
    secrets: tuple[Secret, ...]


@dataclass(frozen=True, slots=True)
class DigestCheck:
    """A query parameter holds the MD5 in hex of several secrets joined by `:`.

    Each of the parts has the secrets that are accepted in its place. If there is a `license_parameter`, it
    holds the first part itself.
    """

    parameter: str
    parts: tuple[tuple[Secret, ...], ...]
    license_parameter: str = ""

    def digests(self) -> tuple[Secret, ...]:
        """The digests that are accepted, in hex; each has the place of its last part."""
        found = []
        for parts in product(*self.parts):
            digest = hashlib.md5(b":".join(part.value for part in parts), usedforsecurity=False)
            found.append(Secret(parts[-1].place, digest.hexdigest().encode()))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """The request is signed with one of the secrets."""

    signature: Signature
    secrets: tuple[Secret, ...]
    unpacked: bool = False


Check: TypeAlias = HeaderCheck | BearerCheck | BasicCheck | QueryCheck | DigestCheck | SignatureCheck


def _table(rows: dict[str, TableKey]) -> TableKind:
    return TableKind("a check", rows)


CHECKS = UnionKind(
    "a check",
    {
        "hmac": _table({**SIGNATURE_KEYS, "secrets": _SECRETS, "unpacked": _UNPACKED}),
        "signature": _table(
            {
                "signature": TableKey(
                    ConstantKind("profile"), "The signature of the source's profile.", required=True
                ),
                "secrets": _SECRETS,
                "unpacked": _UNPACKED,
            }
        ),
        "md5_of": _table(
            {
                "query": TableKey(_TEXT, "The query parameter that holds the digest.", required=True),
                "md5_of": TableKey(
                    ListKind(ListKind(SECRET, or_one=True)),
                    "The MD5 in hex of these secrets, joined by `:`; a list in place of one: any of them.",
                    required=True,
                ),
                "license": TableKey(
                    _table(
                        {
                            "query": TableKey(
                                _TEXT, "The query parameter that holds the license.", required=True
                            )
                        }
                    ),
                    "The query parameter that holds the first of these secrets itself.",
                ),
            }
        ),
        "query": _table(
            {
                "query": TableKey(_TEXT, "The query parameter that holds a secret.", required=True),
                "secrets": _SECRETS,
            }
        ),
        "bearer": _table(
            {
                "bearer": TableKey(
                    _table({"secrets": _SECRETS}), "The header `Authorization: Bearer SECRET`.", required=True
                )
            }
        ),
        "basic": _table(
            {
                "basic": TableKey(
                    _table(
                        {
                            "user": TableKey(
                                TextKind(r"^[^:\x00-\x1f]+$", "a user's name has no colon"),
                                "The name of the user.",
                                required=True,
                            ),
                            "secrets": _SECRETS,
                        }
                    ),
                    "The header `Authorization: Basic` with a user and a secret.",
                    required=True,
                )
            }
        ),
        "header": _table(
            {
                "header": TableKey(HEADER_NAME, "The header that holds a secret.", required=True),
                "prefix": TableKey(_TEXT, "The text before the secret, such as `Token `."),
                "secrets": _SECRETS,
            }
        ),
    },
)
VERIFY = WordOr("none", ListKind(CHECKS, or_one=True), "a check, a list of checks,")


@dataclass(frozen=True, slots=True)
class CheckReader:
    """Reads the checks of one source.

    `signature` is that of its profile, if it has one. That a profile has none is not reported if it could not
    be read.
    """

    keys: KeyRing
    signature: Signature | None
    report: Report
    is_profile_known: bool = True

    def read(self, written: tuple[tuple[str, ReadTable], ...]) -> tuple[Check, ...]:
        """The checks that can be read; the faults of the others are reported."""
        read = [self._check(key, table) for key, table in written]
        return tuple(check for check in read if check is not None)

    def _check(self, key: str, table: ReadTable) -> Check | None:
        match key:
            case "hmac":
                return self._signed(table, read_signature(table, self.report))
            case "signature":
                if self.signature is None and self.is_profile_known:
                    hint = "name a `profile` that has one, or write `hmac: sha256`"
                    self.report.error(
                        "M704", "no signature is known", table.span("signature"), "the profile has none", hint
                    )
                return self._signed(table, self.signature)
            case "md5_of":
                read = [self.keys.secrets(part, self.report) for part in table.get("md5_of", ())]
                license_table = table.get("license")
                parameter = license_table.text("query") if license_table else ""
                return DigestCheck(table.text("query"), tuple(read), parameter) if all(read) else None
        inner: ReadTable | None = table.get(key) if key in ("bearer", "basic") else table
        secrets = () if inner is None else self._secrets(inner)
        if not secrets or inner is None:
            return None
        match key:
            case "bearer":
                return BearerCheck(secrets)
            case "basic":
                return BasicCheck(inner.text("user"), secrets)
            case "query":
                return QueryCheck(table.text("query"), secrets)
        return HeaderCheck(table.text("header").lower(), secrets, table.text("prefix"))

    def _signed(self, table: ReadTable, signature: Signature | None) -> Check | None:
        secrets = self._secrets(table)
        if signature is None or not secrets:
            return None
        for secret, read in zip(secrets, table.get("secrets"), strict=False):
            if signature.key_of(secret.value) is None:
                label = f"it is not {signature.key.encoding if signature.key else ''}"
                self.report.error(
                    "M703", f"the secret `{secret.place}` cannot be read", read[1].node.span, label
                )
        return SignatureCheck(signature, secrets, bool(table.get("unpacked")))

    def _secrets(self, table: ReadTable) -> tuple[Secret, ...]:
        return self.keys.secrets(table.get("secrets", ()), self.report)


def private_headers(checks: tuple[Check, ...]) -> frozenset[str]:
    """The headers, in lower case, that hold secrets or what is made of them."""
    names = {"authorization", "proxy-authorization", "cookie"}
    for check in checks:
        match check:
            case HeaderCheck(header=name):
                names.add(name)
            case SignatureCheck(signature=signature):
                names.add(signature.header)
            case _:
                pass
    return frozenset(names)


def private_parameters(checks: tuple[Check, ...]) -> frozenset[str]:
    """The query parameters that hold secrets or what is made of them."""
    names: set[str] = set()
    for check in checks:
        match check:
            case QueryCheck(parameter=name):
                names.add(name)
            case DigestCheck(parameter=name, license_parameter=license_name):
                names |= {name, license_name}
            case _:
                pass
    return frozenset(names - {""})


def secrets_of(checks: tuple[Check, ...]) -> tuple[bytes, ...]:
    """The bytes of all secrets of checks, also as requests hold them: digests, and passwords in base64."""
    found: list[bytes] = []
    for check in checks:
        match check:
            case DigestCheck(parts=parts):
                found += [secret.value for part in parts for secret in part]
                found += [secret.value for secret in check.digests()]
            case BasicCheck(secrets=secrets):
                found += [secret.value for secret in secrets]
                found += [base64.b64encode(pair.value) for pair in check.pairs()]
            case _:
                found += [secret.value for secret in check.secrets]
    return tuple(dict.fromkeys(found))
