"""Outfit: a receiver without a configuration, which serves all shipped mappings with a key of its own."""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from mapper.catalog import find_mappings, shipped_mappings
from mapper.diagnostics.source import SourceFile
from mapper.receiver.configuration.configuration import Address, Configuration
from mapper.receiver.outcomes.served_mapping import ServedMapping
from mapper.receiver.spool.folder import prepare_folder, private_file
from mapper.samples.cases import Sample, find_cases
from mapper.transform.request import Request

KEY = "key"
# Mappings in this folder are served, too, in place of shipped ones of the same name.
OWN_MAPPINGS = Path("mappings")
MAX_SHOWN = 2_000  # bytes of a body that can be pasted


def own_key(folder: Path) -> str:
    """The key in the folder of a spool; a new one is made if there is none. Raises SpoolError and OSError."""
    prepare_folder(folder)
    path = folder / KEY
    private_file(path)
    key = path.read_text("utf-8").strip()
    if not key:
        key = secrets.token_urlsafe(24)
        path.write_text(key + "\n", "utf-8")
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    return key


def own_configuration(folder: Path, address: Address) -> SourceFile:
    """The text of a configuration with all shipped mappings, each on `/NAME`, and the key of the spool.

    Those in `./mappings` come before, and in the place of, shipped ones of the same name.
    """
    profiles = {path.stem for path in (shipped_mappings() / "profiles").glob("*.yaml")}
    lines = ["receiver: 1", f"listen: {address}", f"spool: {{folder: {_quoted(folder)}}}", "sources:"]
    verify = f"verify: {{header: X-API-KEY, secrets: [{{file: {_quoted(folder / KEY)}}}]}}"
    found = {path.stem: path for path in (*find_mappings(), *find_mappings(OWN_MAPPINGS))}
    for name, path in sorted(found.items()):
        profile = f"profile: {name}, " if name in profiles else ""
        route, mapping = _quoted(f"/{name}"), _quoted(path)
        lines.append(f"  - {{path: {route}, mapping: {mapping}, {profile}{verify}}}")
    return SourceFile("the configuration of all shipped mappings", "\n".join(lines) + "\n")


def _quoted(text: Path | str) -> str:
    written = str(text.absolute()) if isinstance(text, Path) else text
    return "'" + written.replace("'", "''") + "'"


def curl_lines(
    configuration: Configuration, mappings: Mapping[Path, ServedMapping], address: Address, key: str
) -> Iterator[str]:
    """A command for each source that posts a sample of its mapping, and so makes an event.

    A mapping without such a sample gets an empty object, which is taken, whatever becomes of it.
    """
    for source in configuration.sources:
        sample = _sample(mappings[source.mappings[0]]) or Sample(b"{}", Request())
        query = urlencode(dict(sample.request.query))
        url = f"http://{address}{source.path}" + (f"?{query}" if query else "")
        headers = {"x-api-key": key, "content-type": _type_of(sample.body), **sample.request.headers}
        words = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        yield shlex.join(["curl", *words, "-d", sample.body.decode("utf-8"), url])


def _type_of(body: bytes) -> str:
    return "application/json" if body[:1] in (b"{", b"[") else "application/x-www-form-urlencoded"


def _sample(mapping: ServedMapping) -> Sample | None:
    """The shortest sample of a mapping whose items all become events without settings."""
    found: list[Sample] = []
    for case in find_cases(mapping.path):
        sample = case.load()
        if isinstance(sample, Sample) and not sample.request.settings:
            body = _in_one_line(sample.body)
            request = replace(sample.request, received_at=datetime.now(UTC))
            result = None if body is None else mapping.transform.json(body, request)
            if body is not None and result is not None and len(result.events) == result.items > 0:
                found.append(Sample(body, sample.request))
    return min(found, key=lambda sample: len(sample.body), default=None)


def _in_one_line(body: bytes) -> bytes | None:
    """A body that can be pasted: `-d` drops line ends, and reads a file if the body begins with `@`."""
    with suppress(msgspec.MsgspecError, ValueError, RecursionError):
        body = msgspec.json.encode(msgspec.json.decode(body))
    with suppress(UnicodeDecodeError):
        text = body.decode("utf-8")
        return body if len(body) <= MAX_SHOWN and text.isprintable() and text[:1] != "@" else None
    return None
