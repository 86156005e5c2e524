"""Frames: a small mapping around the values under test."""

from __future__ import annotations

import mapper
from mapper.runtime.limits import Limits

FRAME = """\
mapping: m
each: [$.events, $]
event:
  event_id: e
  event_name: Seen
  user_id: u
  timestamp: "2026-11-23T20:00:00.000Z"
  event_properties: {merge: [PROPERTIES]}
"""


def compiled(properties: str = "{path: $.p}", **limits: int) -> mapper.Transform:
    """The transform of FRAME with these properties and limits."""
    return mapper.compile(FRAME.replace("PROPERTIES", properties), limits=Limits(**limits))


def text_of(template: str) -> str:
    """Properties that hold the text of a template."""
    return "{t: '" + template.replace("'", "''") + "'}"


PLAIN_MAPPING = """\
mapping: m
version: 1
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Seen
  user_id: {path: $.user, as: string, on_missing: reject}
  timestamp: {path: $.at, as: timestamp, on_missing: reject}
  event_properties: {path: $.p, as: object, default: {}}
"""
PLAIN_BODY = {"id": "1", "user": "u", "at": "2026-11-23T20:00:00Z", "p": {}}
