"""Item lines: skipped and rejected items become lines of NDJSON; `replay` reads those of rejected items.

A line is an object. Its members, in this order:

    file, line      the input, and the number of the line (from 1) on which its body begins
    item            the index of the item in its body, from 0
    reason          of a skipped item: the reason of the skip rule
    codes           of a rejected item: the codes of its diagnostics, each once
    location        of a rejected item: its place in the body (`$.events[2]`), `$` if that is not known
    messages        of a rejected item: the message of each diagnostic
    values          of a rejected item, with `--show-values`: the offending value of each diagnostic, or null
    repairs         the names of the repairs that the body needed, if any
    payload         the item as JSON; or, if it is not JSON,
    payload_text    its text; or, if it is not UTF-8,
    payload_base64  its bytes
    request         of a rejected item, if asked for: what came beside its body, as in samples; a line with
                    `body_above` has none, that above it counts

A rejected item that is its whole body needs no more; if the body was repaired, its bytes follow as
`body_text` or `body_base64`. Any other rejected item has

    each            the paths of the mapping's `each`, as written, and one of
    envelope        the body without its items (see `envelopes`)
    body_text       the whole body; or, if it is not UTF-8, `body_base64`
    body_above      true: the first of the lines of this body, directly above, has it

An item that nests too deep to be written has its body as `payload_text`. Envelopes are written if they are
enough and, with the request, together not too large; otherwise the first line of a body holds the body.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from io import BytesIO

import msgspec

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.runtime.json.equality import equal
from mapper.runtime.json.exact import write
from mapper.streams.envelopes import EnvelopeNeeds, ItemPath, part, read_location
from mapper.transform.body import read_body
from mapper.transform.json_text import Body
from mapper.transform.request import Request
from mapper.transform.result import JsonResult, Rejected, Result, Skipped
from mapper.transform.transform import Transform

ABOVE = b'"body_above":true'  # in each line that needs one above it; `encode` writes it so
MAX_ENVELOPES = 16 * 1024 * 1024  # bytes of the envelopes that are kept of one body

# The file's name, in which each quotation mark is escaped, and the number of a line.
_HEAD = re.compile(rb'(\{"file":"[^"\\]*(?:\\.[^"\\]*)*","line":)(\d+)')
_encode = msgspec.json.Encoder(decimal_format="number").encode


def encode(value: object) -> bytes:
    """A value as one line of JSON; numbers keep all their digits, halves of surrogate pairs are escapes."""
    try:
        return _encode(value)
    except ValueError:  # half of a surrogate pair, or more digits than the host lets Python print
        return write(value, is_ascii=True, is_strict=False).encode("ascii")


def is_whole_body(rejected: Rejected, body: bytes, needs: EnvelopeNeeds) -> bool:
    """True if a rejected item is the body itself."""
    is_doubtful = rejected.location == "$" and needs.alternatives is None
    return _is_body(rejected, body, read_body(body) if is_doubtful else None, needs)


def body_members(each: Sequence[str], body: bytes, is_above: bool) -> dict[str, object]:
    """The last members of the line of an item that is a part of its body, if that is kept as a whole."""
    return {"each": each, **({"body_above": True} if is_above else _bytes_member("body", body))}


def skip_line(file: str, number: int, skip: Skipped, repairs: Sequence[str], body: bytes) -> bytes:
    """The line of a skipped item."""
    line = {"file": file, "line": number, "item": skip.index, "reason": skip.reason}
    return _with_payload(line | _repairs(repairs), skip.item, {}, body)


def rejection_lines(
    file: str,
    number: int,
    rejected: Sequence[Rejected],
    repairs: Sequence[str],
    body: bytes,
    needs: EnvelopeNeeds,
    show_values: bool,
    request: Request | None = None,
) -> Iterator[bytes]:
    """The lines of all rejected items of a body, which was on line `number` of a file.

    They hold the request if it is given.
    """
    beside = {} if request is None else request_member(request)
    surroundings = _surroundings(rejected, body, needs, beside, is_repaired=bool(repairs))
    for one, members in zip(rejected, surroundings, strict=True):
        whole = members if "body_above" in members else members | beside
        yield rejection_line(file, number, one, repairs, body, whole, show_values)


def lines_of_result(
    transform: Transform,
    body: bytes,
    result: Result | JsonResult,
    request: Request | None,
    *,
    file: str,
    number: int,
    show_values: bool,
) -> Iterator[bytes]:
    """The lines of the rejected items of a result, without the mapping: the body is kept as a whole."""
    repairs = [repair.name for repair in result.repairs]
    needs = EnvelopeNeeds(transform.each, None, None)
    return rejection_lines(file, number, result.rejected, repairs, body, needs, show_values, request)


def request_member(request: Request) -> dict[str, object]:
    """The member of a line that holds a request: its parts that are not empty."""
    parts = {name: getattr(request, name) for name in ("headers", "query", "settings", "received_at")}
    return {"request": {name: value for name, value in parts.items() if value}}


def rejection_line(
    file: str,
    number: int,
    rejected: Rejected,
    repairs: Sequence[str],
    body: bytes,
    surroundings: dict[str, object],
    show_values: bool,
) -> bytes:
    """The line of a rejected item; `surroundings` are its last members, which are about its body."""
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
    return _with_payload(line | _repairs(repairs), rejected.item, surroundings, body)


def move_lines(data: bytes, lines: int) -> bytes:
    """Lines of skipped or rejected items with `lines` added to the number of each."""
    return b"".join(_moved(line, lines) for line in BytesIO(data))


def _moved(line: bytes, lines: int) -> bytes:
    found = _HEAD.match(line)
    if found is None:
        raise ValueError("this is no line of an item")
    return b"%s%d%s" % (found[1], int(found[2]) + lines, line[found.end() :])


def _repairs(names: Sequence[str]) -> dict[str, object]:
    return {"repairs": names} if names else {}


def _payload(item: object) -> dict[str, object]:
    return _bytes_member("payload", item) if isinstance(item, bytes) else {"payload": item}


def _bytes_member(name: str, data: bytes) -> dict[str, object]:
    try:
        return {f"{name}_text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode("ascii")}


def _with_payload(
    line: dict[str, object], item: object, surroundings: dict[str, object], body: bytes
) -> bytes:
    try:
        return encode(line | _payload(item) | surroundings) + b"\n"
    except RecursionError:  # the item nests too deep to be written
        kept = {key: surroundings[key] for key in ("each", "body_above", "request") if key in surroundings}
        return encode(line | _payload(body) | kept) + b"\n"


def _surroundings(
    rejected: Sequence[Rejected],
    body: bytes,
    needs: EnvelopeNeeds,
    beside: dict[str, object],
    *,
    is_repaired: bool,
) -> Iterator[dict[str, object]]:
    """The last members of the line of each rejected item of a body."""
    found = read_body(body) if rejected else None
    inner = [one for one in rejected if not _is_body(one, body, found, needs)]
    paths = {one.index: read_location(one.location) for one in inner}
    can_part = (
        not is_repaired
        and isinstance(found, Body)
        and all(_can_part(one, paths[one.index], needs) for one in inner)
        and _are_small(found.value, paths, body, len(encode(beside)))
    )
    has_body = False
    for one in rejected:
        if one.index not in paths:
            yield _bytes_member("body", body) if is_repaired else {}
        elif can_part and isinstance(found, Body):
            yield {"each": needs.each, "envelope": part(found.value, paths[one.index])}
        else:
            yield body_members(needs.each, body, has_body)
            has_body = True


def _can_part(rejected: Rejected, path: ItemPath, needs: EnvelopeNeeds) -> bool:
    # The item of M605 is an element of the array that `each` passes through, not an item that `each` selects.
    return "M605" not in rejected.codes and not isinstance(rejected.item, bytes) and needs.can_part(path)


def _is_body(rejected: Rejected, body: bytes, found: Body | Diagnostic | None, needs: EnvelopeNeeds) -> bool:
    """True if the rejected item is the body itself."""
    if isinstance(rejected.item, bytes):
        return rejected.item == body
    if "M603" in rejected.codes:
        return True
    if rejected.location != "$":
        return False
    # If `each` holds more than names and `[*]`, `$` may also mean that the location is not known.
    is_known = needs.alternatives is not None
    return is_known or (isinstance(found, Body) and equal(found.value, rejected.item))


def _are_small(body: object, paths: dict[int, ItemPath], text: bytes, beside: int) -> bool:
    """True if all envelopes of a body together are small; otherwise the body is to be kept once.

    `beside` are the bytes that stand beside each of them.
    """
    if len(paths) * (len(text) + beside) <= MAX_ENVELOPES:
        return True
    left = MAX_ENVELOPES - len(paths) * beside
    try:
        for path in paths.values():
            left -= len(encode(part(body, path)))
            if left < 0:
                return False
    except RecursionError:  # such an envelope is not written
        pass
    return True
