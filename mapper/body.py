"""Body: the bytes of a request become parsed JSON, or a diagnostic says why not."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from mapper.diagnostics import Diagnostic
from mapper.runtime.limits import DEFAULT, Limits
from mapper.runtime.nesting import DEEPEST, DeepReader, is_deeper

_decode = msgspec.json.Decoder().decode
_LONG = 300  # digits of an integer that Python still reads fast


@dataclass(frozen=True, slots=True)
class Body:
    """A parsed body. `is_plain` is false where some of its values JSON text can hold but an event cannot.

    `deep` is set where some of its items may nest deeper than allowed; it knows their bytes.
    """

    value: object = field(repr=False)
    is_plain: bool
    deep: DeepReader | None = field(default=None, repr=False)


def read_body(raw: bytes, limits: Limits = DEFAULT) -> Body | Diagnostic:
    """The JSON value of a body, or why it is none (M601, M602, M606, M608).

    A number out of range or half a surrogate pair spoils only the item it is in, not the whole body: such a
    body is read again, slowly, with those numbers kept exactly as Decimal, and is not `is_plain`. The last of
    several equal keys wins, as in every vendor's own parser.
    """
    if len(raw) > limits.body_bytes:
        message = f"the body is larger than {limits.body_bytes:,} bytes"
        return Diagnostic("M608", message, location="$")
    if is_deeper(raw, limits.nesting):
        return _read_deep(raw, limits)
    try:
        return Body(_decode(raw), True)
    except UnicodeDecodeError as error:
        message = f"the body is not UTF-8: byte {error.start} begins no character"
        return Diagnostic("M602", message, location="$")
    except (msgspec.MsgspecError, ValueError) as error:
        return _read_again(raw, error)


def _read_again(raw: bytes, error: Exception) -> Body | Diagnostic:
    failure = Diagnostic("M601", f"the body is not JSON: {_plain(error)}", location="$")
    try:
        text = raw.decode("utf-8")
        if text.startswith("\ufeff"):
            return failure
        value = json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=_refuse)
    except UnicodeDecodeError as fault:
        return Diagnostic(
            "M602", f"the body is not UTF-8: byte {fault.start} begins no character", location="$"
        )
    except ValueError:
        return failure
    return Body(value, False)


def _read_deep(raw: bytes, limits: Limits) -> Body | Diagnostic:
    """A body with a part that nests too deep: read without recursion, so that its other items are mapped."""
    if is_deeper(raw, DEEPEST):
        return Diagnostic("M606", f"the body nests deeper than {DEEPEST:,} levels", location="$")
    try:
        reader = DeepReader(raw.decode(), limits.nesting, _integer, _number)
        return Body(reader.read(), False, reader)
    except UnicodeDecodeError as fault:
        return Diagnostic(
            "M602", f"the body is not UTF-8: byte {fault.start} begins no character", location="$"
        )
    except ValueError:
        return Diagnostic("M601", "the body is not JSON", location="$")


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONG else Decimal(text)


def _number(text: str) -> float | Decimal:
    number = float(text)
    return number if math.isfinite(number) else Decimal(text)


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _plain(error: Exception) -> str:
    """msgspec's message without its own prefix; it tells positions, never content."""
    text = str(error).removeprefix("JSON is malformed: ")
    return text[:1].lower() + text[1:]
