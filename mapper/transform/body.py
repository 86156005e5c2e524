"""Body: the bytes of a request become a parsed value, or a diagnostic with the reason why not.

Modules for bodies that are not plain JSON in UTF-8 are imported with the first such body.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.runtime.json.nesting import holds_more, is_deeper
from mapper.runtime.limits import DEFAULT, Limits
from mapper.runtime.repair.policy import STRICT, Policy
from mapper.transform.json_text import Body, JsonText, decode_body, read_slowly, read_text

_decode = msgspec.json.Decoder().decode


def read_body(raw: bytes, policy: Policy = STRICT, limits: Limits = DEFAULT) -> Body | Diagnostic:
    """The value of a body, or the reason why it has none (M601, M602, M606, M608, M609, M628).

    JSON in UTF-8 (RFC 8259) is read as such whatever the policy allows. A number out of range or half a
    surrogate pair spoils only the item it is in, not the whole body: such a body is read again, slowly, with
    those numbers kept exactly as Decimal, and is not `is_plain`. The last of several equal keys wins, as in
    every vendor's own parser.
    """
    if len(raw) > limits.body_bytes:
        message = f"the body is larger than {limits.body_bytes:,} bytes"
        return Diagnostic("M608", message, location="$")
    if not policy.reads_json:
        from mapper.transform.form_body import read_form_body

        return Body({}, True) if policy.format == "none" else read_form_body(raw, policy, limits)
    with suppress(msgspec.MsgspecError, ValueError):
        if not holds_more(raw, limits.values) and not is_deeper(raw, limits.nesting):
            return Body(_decode(raw), True)
    decoded = decode_body(raw, policy)
    if isinstance(decoded, Diagnostic):
        return decoded
    return read_text(JsonText(decoded.text, decoded.repairs), policy, limits)


def read_plain(raw: bytes) -> object:
    """The value of a body that does not nest too deep; raises ValueError if only `read_body` can read it."""
    return _decode(raw)


def read_late(raw: bytes) -> object:
    """The value of a body, or a part of one, that is known to be JSON in UTF-8; as `read_body` reads it."""
    try:
        return _decode(raw)
    except (msgspec.MsgspecError, ValueError):
        return read_slowly(raw.decode())
