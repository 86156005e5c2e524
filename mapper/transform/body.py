"""Body: the bytes of a request become parsed JSON, or a diagnostic with the reason why not.

Modules for bodies that are not plain JSON in UTF-8 are imported with the first such body.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import msgspec

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.runtime.json.nesting import is_deeper
from mapper.runtime.limits import DEFAULT, MAX_BODY_DEPTH, Limits
from mapper.runtime.repair.policy import STRICT, Policy, Repair, place

if TYPE_CHECKING:
    from mapper.runtime.json.deep import DeepReader

_decode = msgspec.json.Decoder().decode
_LONG = 300  # digits of an integer that Python still reads fast


@dataclass(frozen=True, slots=True)
class Body:
    """A parsed body, and the repairs it needed.

    `is_plain` is false if it has values that JSON text can hold but an event cannot. `deep` is set if some of
    its items may nest deeper than allowed; it knows their bytes.
    """

    value: object = field(repr=False)
    is_plain: bool
    repairs: tuple[Repair, ...] = ()
    deep: DeepReader | None = field(default=None, repr=False)


def read_body(raw: bytes, policy: Policy = STRICT, limits: Limits = DEFAULT) -> Body | Diagnostic:
    """The JSON value of a body, or the reason why it has none (M601, M602, M606, M608, M609).

    JSON in UTF-8 (RFC 8259) is read as such whatever the policy allows. A number out of range or half a
    surrogate pair spoils only the item it is in, not the whole body: such a body is read again, slowly, with
    those numbers kept exactly as Decimal, and is not `is_plain`. The last of several equal keys wins, as in
    every vendor's own parser.
    """
    if len(raw) > limits.body_bytes:
        message = f"the body is larger than {limits.body_bytes:,} bytes"
        return Diagnostic("M608", message, location="$")
    with suppress(msgspec.MsgspecError, ValueError):
        if not is_deeper(raw, limits.nesting):
            return Body(_decode(raw), True)
    from mapper.runtime.repair.encodings import Undecodable, decode

    decoded = decode(raw, policy)
    if isinstance(decoded, Undecodable):
        hints = (decoded.hint,) if decoded.hint else ()
        return Diagnostic("M602", decoded.message, hints=hints, location="$")
    body = _parse(decoded.text, decoded.repairs, limits)
    if isinstance(body, Body) or body.code != "M601" or not policy.repairs:
        return body
    return _repair(decoded.text, decoded.repairs, policy, body, limits)


def read_plain(raw: bytes) -> object:
    """The value of a body that does not nest too deep; raises ValueError if only `read_body` can read it."""
    return _decode(raw)


def read_late(raw: bytes) -> object:
    """The value of a body, or a part of one, that is known to be JSON in UTF-8; as `read_body` reads it."""
    try:
        return _decode(raw)
    except (msgspec.MsgspecError, ValueError):
        return _read_slowly(raw.decode())


def _repair(
    text: str, before: tuple[Repair, ...], policy: Policy, failure: Diagnostic, limits: Limits
) -> Body | Diagnostic:
    """The body of a text after the declared repairs, if they leave only one reading of it."""
    from mapper.runtime.repair.readings import Ambiguous, TooDeepError, repair

    try:
        repaired = repair(text, policy.repairs)
    except TooDeepError:
        return Diagnostic("M606", "the body nests deeper than can be repaired", location="$")
    if repaired is None:
        hint = "the repairs that the mapping declares do not make it JSON"
        return Diagnostic("M601", failure.message, hints=(hint,), location="$")
    if isinstance(repaired, Ambiguous):
        message = "the body can be repaired in more than one way"
        if repaired.offset is not None:
            line, column = place(text, repaired.offset)
            message += f": from line {line}, column {column} on it may mean several things"
        return Diagnostic("M609", message, hints=(repaired.hint,), location="$")
    return _parse(repaired.text, before + repaired.repairs, limits)


def _parse(text: str, repairs: tuple[Repair, ...], limits: Limits) -> Body | Diagnostic:
    """The value of JSON text; msgspec reads it, or the slower reader that keeps numbers out of range."""
    raw = text.encode("utf-8", "surrogatepass")
    if is_deeper(raw, MAX_BODY_DEPTH):
        return Diagnostic("M606", f"the body nests deeper than {MAX_BODY_DEPTH:,} levels", location="$")
    if is_deeper(raw, limits.nesting):
        return _read_deep(text, repairs, limits)
    try:
        return Body(_decode(raw), True, repairs)
    except (msgspec.MsgspecError, ValueError) as error:
        failure = Diagnostic("M601", f"the body is not JSON: {_plain(error)}", location="$")
    try:
        value = _read_slowly(text)
    except ValueError:
        return failure
    return Body(value, False, repairs)


def _read_slowly(text: str) -> object:
    import json

    return json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=_refuse)


def _read_deep(text: str, repairs: tuple[Repair, ...], limits: Limits) -> Body | Diagnostic:
    """A body with a part that nests too deep: read without recursion, so that its other items are mapped."""
    from mapper.runtime.json.deep import DeepReader

    reader = DeepReader(text, limits.nesting, _integer, _number)
    try:
        return Body(reader.read(), False, repairs, reader)
    except ValueError:
        return Diagnostic("M601", "the body is not JSON", location="$")


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONG else Decimal(text)


def _number(text: str) -> float | Decimal:
    number = float(text)
    if math.isfinite(number):
        return number
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of 19 digits: even Decimal cannot hold it
        return Decimal("-9e999999999999999999" if number < 0 else "9e999999999999999999")


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _plain(error: Exception) -> str:
    """msgspec's message without its own prefix; it holds positions, never content."""
    text = str(error).removeprefix("JSON is malformed: ")
    return text[:1].lower() + text[1:]
