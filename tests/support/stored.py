"""Stored transforms: a mapping with a schema beside it, and files of transforms that were altered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from mapper.transform import saved
from mapper.transform.sealed import seal

ORDER = b'{"id": 7, "user": "u", "at": "2026-11-23T20:00:00Z"}'
TEXT = """\
mapping: orders
source: order.schema.json
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Order
  user_id: {path: $.user, on_missing: reject}
  timestamp: {path: $.at, as: timestamp, on_missing: reject}
  event_properties: {}
"""
SCHEMA = """\
{"type": "object", "properties": {"id": {"type": "integer"}, "user": {"type": "string"},
 "at": {"type": "string", "format": "date-time"}}}
"""
# A cast that can fail: the mapping compiles with a warning.
WARNED = TEXT.replace("properties: {}", "properties: {n: {path: $.user, as: number}}")


def altered(data: bytes) -> bytes:
    """The file with one bit changed near its end."""
    return data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]


def sealed(content: bytes) -> bytes:
    """A file with that content and the hash that belongs to it."""
    return b"mapper transform 1\n" + hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def resealed(change: Callable[[dict[str, object]], object]) -> Callable[[bytes], bytes]:
    """The file another build of mapper would write: whole, with other content."""

    def rewrite(data: bytes) -> bytes:
        _, _, text, code = data.split(b"\n", 3)
        plain = json.loads(text)
        change(plain)
        content = json.dumps(plain).encode() + b"\n" + code
        return seal(saved._KIND, saved._LAYOUT, content)

    return rewrite
