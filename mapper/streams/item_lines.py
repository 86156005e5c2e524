"""Lines: skipped and rejected items become lines of NDJSON that hold all that is needed to map them again."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO

import msgspec

from mapper.transform.result import Rejected, Skipped

# The file's name, in which each quotation mark has a backslash before it, and the number of a line.
_HEAD = re.compile(rb'(\{"file":"[^"\\]*(?:\\.[^"\\]*)*","line":)(\d+)')
_encode = msgspec.json.Encoder(decimal_format="number").encode


def encode(value: object) -> bytes:
    """A value as one line of JSON; numbers keep all their digits, halves of surrogate pairs are escapes."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return _escaped(value).encode("ascii")


def skip_line(file: str, number: int, skip: Skipped, repairs: Sequence[str], body: bytes) -> bytes:
    """The line of a skipped item: where it stood, why, and the item."""
    line = {"file": file, "line": number, "item": skip.index, "reason": skip.reason}
    return _with_payload(line | _repairs(repairs), skip.item, {}, body)


def rejection_line(
    file: str,
    number: int,
    rejected: Rejected,
    repairs: Sequence[str],
    body: bytes,
    around: dict[str, object],
    show_values: bool,
) -> bytes:
    """The line of a rejected item: where it stood, why, the item, what it needs of the body `around` it."""
    line: dict[str, object] = {
        "file": file,
        "line": number,
        "item": rejected.index,
        "codes": list(rejected.codes),
        "location": rejected.location,
        "messages": [diagnostic.message for diagnostic in rejected.diagnostics],
    }
    if show_values:
        line["values"] = [diagnostic.value for diagnostic in rejected.diagnostics]
    return _with_payload(line | _repairs(repairs), rejected.item, around, body)


def move_lines(data: bytes, lines: int) -> bytes:
    """Lines of skipped or rejected items; the number of the line where each stood grows by so many."""
    return b"".join(_moved(line, lines) for line in BytesIO(data))


def _moved(line: bytes, lines: int) -> bytes:
    found = _HEAD.match(line)
    if found is None:
        raise ValueError("this is no line of an item")
    return b"%s%d%s" % (found[1], int(found[2]) + lines, line[found.end() :])


def _repairs(names: Sequence[str]) -> dict[str, object]:
    """What was put right in the body of an item, where anything was: the payload shows it repaired."""
    return {"repairs": names} if names else {}


def payload(item: object) -> dict[str, object]:
    """The original item: as JSON, or where it is no JSON as text, or where it is no text in base64."""
    if not isinstance(item, bytes):
        return {"payload": item}
    try:
        return {"payload_text": item.decode("utf-8")}
    except UnicodeDecodeError:
        return {"payload_base64": base64.b64encode(item).decode("ascii")}


def _with_payload(line: dict[str, object], item: object, around: dict[str, object], body: bytes) -> bytes:
    """The line with the original item; one too deep to be written goes out as the body's text."""
    try:
        return encode(line | payload(item) | around) + b"\n"
    except RecursionError:
        each = {key: value for key, value in around.items() if key == "each"}
        return encode(line | payload(body) | each) + b"\n"


def _escaped(value: object) -> str:
    match value:
        case dict():
            return f"{{{','.join(f'{json.dumps(key)}:{_escaped(inner)}' for key, inner in value.items())}}}"
        case list() | tuple():
            return f"[{','.join(map(_escaped, value))}]"
        case Decimal():
            return str(value)
        case _:
            return json.dumps(value)
