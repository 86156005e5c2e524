"""Profiles: what is known about a vendor's requests, read from a data file, with the source of each fact."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import read_source
from mapper.diagnostics.source import SourceFile
from mapper.language.document import FileKind, read_document
from mapper.language.forms import JsonForm
from mapper.receiver.configuration.kinds import (
    FlagKind,
    Kind,
    ListKind,
    ReadTable,
    TableKey,
    TableKind,
    TextKind,
)
from mapper.receiver.configuration.signatures import HEADER_NAME, SIGNATURE_KEYS, Signature, read_signature

_FILE = FileKind("profile", "profile: <name>")
_TEXT = TextKind(r"[^\s]", "this is empty")
_STATUSES = ListKind(TextKind(r"^2([0-9][0-9]|xx)$", "write a status of success in quotes, such as `2xx`"))
_SOURCE = TableKey(_TEXT, "The page, or the program, that the fact is from.", required=True)
_ESTABLISHED = TableKey(FlagKind(), "False if the source is silent or doubtful; default true.")
# The statuses of success that the receiver answers, the best first. All vendors take the first.
ANSWERS = (200, 204, 201, 202)


def _fact(rows: dict[str, TableKey]) -> TableKind:
    return TableKind("a fact", {**rows, "source": _SOURCE, "established": _ESTABLISHED})


def _sentence(kind: Kind, sentence: str) -> TableKey:
    return TableKey(
        _fact({"is": TableKey(kind, "The fact; absent if nothing is known.")}), sentence, required=True
    )


PROFILE = TableKind(
    "a profile",
    {
        "profile": TableKey(_TEXT, "The profile's name.", required=True),
        "description": TableKey(_TEXT, "The requests that it is about.", required=True),
        "authentication": _sentence(_TEXT, "How the vendor's requests can be recognised."),
        "success": TableKey(
            _fact(
                {"is": TableKey(_STATUSES, "The statuses that the vendor takes for success.", required=True)}
            ),
            "The answers that the vendor takes for success.",
            required=True,
        ),
        "retries": _sentence(
            _TEXT, "The answers after which the vendor sends a request again, and how often."
        ),
        "waits": _sentence(_TEXT, "How long the vendor waits for an answer."),
        "signature": TableKey(
            TableKind("a signature", {**SIGNATURE_KEYS, "source": _SOURCE, "established": _ESTABLISHED}),
            "How the vendor signs its requests; only secrets are missing.",
        ),
        "headers": TableKey(
            ListKind(HEADER_NAME), "Headers that are kept beside those that the mapping reads."
        ),
        "notes": TableKey(ListKind(_TEXT), "More about the vendor that whoever sets it up should know."),
    },
)


@dataclass(frozen=True, slots=True)
class VendorFact:
    """One fact about a vendor in words; `text` is empty if nothing is known."""

    text: str
    source: str
    established: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """A vendor's requests: which answers they take for success, and how they are signed.

    `statuses` are those of success, each three digits or `2xx`. `headers` are names in lower case.
    """

    name: str
    description: str
    statuses: tuple[str, ...]
    authentication: VendorFact
    success: VendorFact
    retries: VendorFact
    waits: VendorFact
    signature: Signature | None = None
    signature_source: VendorFact | None = None
    headers: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    file: SourceFile | None = field(default=None, compare=False, repr=False)

    @property
    def answer(self) -> int:
        """The status with which a request is answered that is on disk."""
        allowed = [
            status
            for status in (*ANSWERS, *range(200, 300))
            if any(re.fullmatch(text.replace("x", "[0-9]"), str(status)) for text in self.statuses)
        ]
        return int(allowed[0])


def load_profile(path: Path, report: Report) -> Profile | None:
    """The profile in a file; None after reporting its faults."""
    faults = Report()
    profile = _read_profile(path, faults)
    report.extend(faults)
    return None if faults.has_errors else profile


def _read_profile(path: Path, report: Report) -> Profile | None:
    file = read_source(path, report)
    document = None if file is None else read_document(file, report, _FILE)
    table = None if document is None else PROFILE.read(document, "a profile", report)
    if not isinstance(table, ReadTable) or not table.is_whole or report.has_errors:
        return None
    written = table.get("signature")
    signature = None if written is None else read_signature(written, report)
    return Profile(
        name=table.text("profile"),
        description=table.text("description"),
        statuses=tuple(text.value for text in table.get("success").get("is")),
        **{key: _read_fact(table.get(key)) for key in ("authentication", "success", "retries", "waits")},
        signature=signature,
        signature_source=None if written is None else _read_fact(written),
        headers=frozenset(text.value.lower() for text in table.get("headers", ())),
        notes=tuple(text.value for text in table.get("notes", ())),
        file=file,
    )


def _read_fact(table: ReadTable) -> VendorFact:
    value: Any = table.get("is", ())
    text = ", ".join(each.value for each in value) if isinstance(value, tuple) else value.value
    return VendorFact(text, table.text("source"), table.get("established", True))


def profile_schema() -> JsonForm:
    """The JSON Schema of a profile, for editors; it is written to `schemas/profile.schema.json`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What is known about a vendor's requests",
        **PROFILE.form,
    }
