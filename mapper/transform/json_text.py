"""JSON text: the text of a body, or of a part of one, becomes a value or a diagnostic with the reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import msgspec

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.runtime.digits import MAX_DIGITS, read_integer
from mapper.runtime.json.nesting import holds_more, is_deeper
from mapper.runtime.limits import MAX_BODY_DEPTH, Limits
from mapper.runtime.repair.policy import Policy, Repair, place

if TYPE_CHECKING:
    from mapper.runtime.json.deep import DeepReader
    from mapper.runtime.repair.encodings import Decoded

_decode = msgspec.json.Decoder().decode


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


def decode_body(raw: bytes, policy: Policy) -> Decoded | Diagnostic:
    """The text of a body, or the reason why it is none (M602)."""
    from mapper.runtime.repair.encodings import Undecodable, decode

    decoded = decode(raw, policy)
    if isinstance(decoded, Undecodable):
        hints = (decoded.hint,) if decoded.hint else ()
        return Diagnostic("M602", decoded.message, hints=hints, location="$")
    return decoded


@dataclass(frozen=True, slots=True)
class JsonText:
    """Text that should be JSON, the repairs of its bytes, and its name and place in diagnostics."""

    text: str = field(repr=False)
    repairs: tuple[Repair, ...] = ()
    title: str = "the body"
    location: str = "$"

    def fault(self, code: str, predicate: str, *hints: str) -> Diagnostic:
        """The diagnostic of a text that cannot be read."""
        return Diagnostic(code, f"{self.title} {predicate}", hints=hints, location=self.location)


class NotJsonError(Exception):
    """A text is not JSON; its text is the reader's message, with positions and never content."""


def read_text(source: JsonText, policy: Policy, limits: Limits) -> Body | Diagnostic:
    """The value of a text, after the repairs that the policy allows if it is not JSON."""
    try:
        return _parse(source, limits)
    except NotJsonError as error:
        failure = str(error)
    repaired = _repair(source, policy, limits) if policy.repairs else None
    if repaired is not None:
        return repaired
    from mapper.transform.other_formats import explain_non_json

    found = explain_non_json(source.text, failure, policy.repairs, is_body=source.location == "$")
    return source.fault("M601", f"is {found.title}", *((found.hint,) if found.hint else ()))


def _repair(source: JsonText, policy: Policy, limits: Limits) -> Body | Diagnostic | None:
    """The body of a text after the declared repairs, if they leave one reading; None if they leave none."""
    from mapper.runtime.repair.readings import Ambiguous, TooDeepError, repair

    try:
        repaired = repair(source.text, policy.repairs)
    except TooDeepError:
        return source.fault("M606", "nests deeper than can be repaired")
    if repaired is None:
        return None
    if isinstance(repaired, Ambiguous):
        predicate = "can be repaired in more than one way"
        if repaired.offset is not None:
            line, column = place(source.text, repaired.offset)
            predicate += f": from line {line}, column {column} on it may mean several things"
        return source.fault("M609", predicate, repaired.hint)
    try:
        return _parse(replace(source, text=repaired.text, repairs=source.repairs + repaired.repairs), limits)
    except NotJsonError:
        return None


def _parse(source: JsonText, limits: Limits) -> Body | Diagnostic:
    """The value of JSON text; msgspec reads it, or the slower reader that keeps numbers out of range.

    Raises NotJsonError.
    """
    text, repairs = source.text, source.repairs
    raw = text.encode("utf-8", "surrogatepass")
    if holds_more(raw, limits.values):
        return source.fault("M608", f"holds more than {limits.values:,} values")
    if is_deeper(raw, MAX_BODY_DEPTH):
        return source.fault("M606", f"nests deeper than {MAX_BODY_DEPTH:,} levels")
    if is_deeper(raw, limits.nesting):
        return _read_deep(source, limits)
    try:
        return Body(_decode(raw), True, repairs)
    except (msgspec.MsgspecError, ValueError) as error:
        failure = _plain(error)
    try:
        value = read_slowly(text)
    except ValueError:
        raise NotJsonError(failure) from None
    return Body(value, False, repairs)


def read_slowly(text: str) -> object:
    """The value of JSON text, with numbers out of range as Decimal; raises ValueError if it is not JSON."""
    import json

    return json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=_refuse)


def _read_deep(source: JsonText, limits: Limits) -> Body:
    """A body with a part that nests too deep: read without recursion, so that its other items are mapped."""
    from mapper.runtime.json.deep import DeepReader

    reader = DeepReader(source.text, limits.nesting, _integer, _number)
    try:
        return Body(reader.read(), False, source.repairs, reader)
    except ValueError:
        raise NotJsonError from None


def _integer(text: str) -> int | Decimal:
    return read_integer(text) if len(text.lstrip("-")) <= MAX_DIGITS else Decimal(text)


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
