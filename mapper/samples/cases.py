"""Samples: case files beside a mapping become bodies and expectations; a result becomes a document."""

from __future__ import annotations

import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mapper.diagnostics.diagnostic import Diagnostic, Label, did_you_mean
from mapper.diagnostics.files import display_name, read_regular
from mapper.diagnostics.source import SourceFile, Span
from mapper.runtime.json.exact import write
from mapper.runtime.limits import DEFAULT
from mapper.schemas.positions import locate_json_fault
from mapper.transform.body import read_body
from mapper.transform.request import Request
from mapper.transform.result import Result
from mapper.transform.whole_file import write_file

EXPECTED = ".expected.json"
MAX_BYTES = DEFAULT.event_bytes  # of a file
REQUEST_KEYS = ("headers", "query", "settings", "received_at")
BODY_KEYS = ("body", "body_text", "body_base64")
DOCUMENT_KEYS = ("events", "skipped", "rejected")
REPAIRS_KEY = "repairs"  # only if there are any

_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True, slots=True)
class Sample:
    """The arguments of a transform: the bytes of the body as in the file, and the request."""

    body: bytes
    request: Request


@dataclass(frozen=True, slots=True)
class SampleCase:
    """One input file of a mapping and the file with the result it must give."""

    mapping: str
    name: str
    input: Path
    expected: Path

    @property
    def title(self) -> str:
        """The name `mapper test -k` matches: `orders/refund`."""
        return f"{self.mapping}/{self.name}"

    def load(self) -> Sample | Diagnostic:
        """The sample, or the reason why it cannot be read."""
        try:
            return _read_sample(self.input)
        except _UnreadableError as error:
            return error.diagnostic

    def expectation(self) -> dict[str, object] | Diagnostic:
        """The whole result this case must give, or the reason why it cannot be read."""
        if not self.expected.exists():
            return Diagnostic(
                "M011",
                f"`{display_name(self.input)}` has no expectation",
                hints=(
                    f"`mapper test --update` writes `{self.expected.name}`; read it before you commit it",
                ),
            )
        try:
            return _read_expectation(self.expected)
        except _UnreadableError as error:
            return error.diagnostic

    def write(self, document: Mapping[str, object]) -> None:
        """Make `document` the expectation."""
        try:
            data = json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8")
        except UnicodeEncodeError:  # half of a surrogate pair can only be written as an escape
            data = json.dumps(document, indent=2).encode("ascii")
        write_file(self.expected, data + b"\n")


def find_cases(mapping: Path) -> list[SampleCase]:
    """The cases in the folder named after the mapping, by name."""
    folder = mapping.with_suffix("")
    inputs = (path for path in folder.glob("*.json") if not path.name.endswith(EXPECTED))
    return [
        SampleCase(mapping.stem, path.stem, path, path.with_name(path.stem + EXPECTED))
        for path in sorted(inputs)
    ]


def find_orphans(mapping: Path) -> list[Diagnostic]:
    """One diagnostic for each expectation beside the mapping that belongs to no case."""
    inputs = {case.expected: case for case in find_cases(mapping)}
    return [
        Diagnostic(
            "M011",
            f"`{display_name(path)}` belongs to no sample",
            hints=(f"add `{path.name.removesuffix(EXPECTED)}.json` or delete the expectation",),
        )
        for path in sorted(mapping.with_suffix("").glob("*" + EXPECTED))
        if path not in inputs
    ]


def result_document(result: Result) -> dict[str, object]:
    """A result in the form of an expectation file: skips and rejections by item, without payloads."""
    document: dict[str, object] = {
        "events": list(result.events),
        "skipped": [{"item": skip.index, "reason": skip.reason} for skip in result.skipped],
        "rejected": [{"item": item.index, "codes": list(item.codes)} for item in result.rejected],
    }
    if result.repairs:
        document[REPAIRS_KEY] = [{"name": repair.name, "count": repair.count} for repair in result.repairs]
    return document


def request_of(fields: Mapping[str, object], more_keys: tuple[str, ...] = ()) -> Request:
    """A request from the JSON form of its parts; raises ValueError that names the wrong part.

    `more_keys` are those that the caller reads itself: a misspelt one may be meant.
    """
    for name in fields:
        if name not in REQUEST_KEYS:
            hint = did_you_mean(name, (*REQUEST_KEYS, *more_keys))
            raise ValueError(f"a request has no `{name}`" + (f"; {hint}" if hint else ""))
    settings = fields.get("settings", {})
    if not isinstance(settings, dict):
        raise ValueError("`settings` must be an object")
    received_at = fields.get("received_at")
    if received_at is not None and not isinstance(received_at, str):
        raise ValueError("`received_at` must be an RFC 3339 text")
    return Request(
        headers=_texts(fields, "headers"),
        query=_texts(fields, "query"),
        settings=settings,
        received_at=received_at,
    )


def _texts(fields: Mapping[str, object], name: str) -> dict[str, str]:
    value = fields.get(name, {})
    if not isinstance(value, dict):
        raise ValueError(f"`{name}` must be an object")
    for key, text in value.items():
        if not isinstance(text, str):
            raise ValueError(f"`{name}` holds texts, `{key}` is not one")
    return value


class _UnreadableError(Exception):
    """Carries the diagnostic of a sample file out of the reader; never leaves this module."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def _unreadable(
    file: SourceFile, message: str, label: str = "", offset: int = 0, hint: str = ""
) -> Exception:
    span = Span(file, min(offset, len(file.text)), min(offset + 1, len(file.text)))
    return _UnreadableError(Diagnostic("M011", message, (Label(span, label),), hints=(hint,) if hint else ()))


def _read_sample(path: Path) -> Sample:
    file, value = _read_json(path, hint="a body that is no JSON stands as text in `body_text` of a `request`")
    if not (isinstance(value, dict) and value.keys() == {"request"} and isinstance(value["request"], dict)):
        return Sample(file.text.encode("utf-8"), Request())
    try:
        return read_request(file.text.encode("utf-8"))
    except ValueError as error:
        raise _unreadable(file, "the request cannot be used", str(error)) from None


def read_request(data: bytes) -> Sample:
    """The body and the request of `{"request": {..}}`; raises ValueError that says what is wrong.

    A body of JSON is taken as it is written, so that `1.0` and long integers stay. A request without a body
    has an empty one, as in HTTP.
    """
    try:
        whole = _decode_object(data)
        parts: Mapping[str, bytes | msgspec.Raw] | None = None
        if whole.keys() == {"request"}:
            parts = _decode_object(whole["request"])
    except msgspec.ValidationError:
        parts = None
    except RecursionError:
        raise ValueError("it nests too deep") from None
    except msgspec.MsgspecError:
        parts = _parts_read_slowly(data)
    if parts is None:
        raise ValueError('it is no object `{"request": {..}}`')
    bodies = [key for key in BODY_KEYS if key in parts]
    if len(bodies) > 1:
        raise ValueError("the request has several bodies; give one of " + _names(BODY_KEYS))
    try:
        fields = {key: json.loads(bytes(part)) for key, part in parts.items() if key not in BODY_KEYS}
        request = request_of(fields, BODY_KEYS)
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return Sample(_body(bodies[0], bytes(parts[bodies[0]])) if bodies else b"", request)


def _parts_read_slowly(data: bytes) -> dict[str, bytes] | None:
    """The parts of a request that may hold halves of surrogate pairs, which msgspec refuses."""
    found = read_body(data)
    if isinstance(found, Diagnostic):
        raise ValueError("it is not JSON")
    match found.value:
        case {"request": dict(parts), **more} if not more:
            return {
                name: write(part, is_ascii=True, is_strict=False).encode("ascii")
                for name, part in parts.items()
            }
    return None


def _body(key: str, data: bytes) -> bytes:
    if key == "body":
        return data
    value = json.loads(data)
    if not isinstance(value, str):
        raise ValueError(f"`{key}` must be a text")
    if key == "body_text":
        return value.encode("utf-8", "surrogatepass")
    return binascii.a2b_base64(value, strict_mode=True)


def _read_expectation(path: Path) -> dict[str, object]:
    file, value = _read_json(path)
    if not isinstance(value, dict) or value.keys() - {REPAIRS_KEY} != set(DOCUMENT_KEYS):
        raise _unreadable(
            file, "the expectation has a wrong shape", hint="an object with the keys " + _names(DOCUMENT_KEYS)
        )
    for key in value:
        if not isinstance(value[key], list):
            raise _unreadable(file, "the expectation has a wrong shape", f"`{key}` must be an array")
    return value


def _read_json(path: Path, hint: str = "") -> tuple[SourceFile, object]:
    """The text and the value of a JSON file; the diagnostic points at the first character that is wrong."""
    name = display_name(path)
    try:
        data = read_regular(path, MAX_BYTES)
        if len(data) > MAX_BYTES:
            raise _unreadable(SourceFile(name, ""), f"`{name}` is larger than {MAX_BYTES:,} bytes")
        file = SourceFile(name, data.decode("utf-8"))
    except OSError as error:
        raise _unreadable(SourceFile(name, ""), f"`{name}` cannot be read", str(error.strerror)) from None
    except UnicodeDecodeError as error:
        file = SourceFile(name, data.decode("utf-8", "replace"))
        offset = len(data[: error.start].decode("utf-8"))
        raise _unreadable(file, f"`{name}` is not UTF-8 text", "not UTF-8", offset, hint) from None
    try:
        return file, json.loads(file.text, parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        message, offset = locate_json_fault(error)
        raise _unreadable(file, f"`{name}` is not JSON", message.lower(), offset, hint) from None
    except (ValueError, RecursionError) as error:
        raise _unreadable(file, f"`{name}` is not JSON", str(error), hint=hint) from None


def _reject_constant(name: str) -> object:
    raise ValueError(f"JSON has no `{name}`")


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
