"""Typed: the hand-written contender that tells msgspec which fields it wants."""

from __future__ import annotations

from typing import Any

import msgspec


class Page(msgspec.Struct, gc=False):
    url: str


class Traits(msgspec.Struct, gc=False):
    first: str
    last: str


class Location(msgspec.Struct, gc=False):
    city: str | None = None


class Context(msgspec.Struct, gc=False):
    page: Page
    traits: Traits
    location: Location | None = None


class Message(msgspec.Struct, gc=False):
    messageId: str
    event: str
    context: Context
    properties: dict[str, Any]
    userId: str | None = None
    anonymousId: str | None = None
    originalTimestamp: str | None = None
    timestamp: str | None = None


class Event(msgspec.Struct, gc=False):
    event_id: str
    event_name: str
    user_id: str
    timestamp: str | None
    event_properties: dict[str, Any]


_decode = msgspec.json.Decoder(Message).decode
_encode = msgspec.json.Encoder().encode


def decode_event(body: bytes) -> Event | None:
    """The job from bytes to a typed event; None where the message names nobody."""
    message = _decode(body)
    user = message.userId or message.anonymousId
    if not user:
        return None
    context, properties = message.context, message.properties
    location, traits = context.location, context.traits
    skus = [product["sku"] for product in properties["products"]]
    cents = round(properties["total"] * 100)
    properties["page_url"] = context.page.url
    properties["city"] = (location.city if location else None) or "unknown"
    properties["full_name"] = f"{traits.first} {traits.last}"
    properties["order_total_cents"] = cents
    properties["skus"] = skus
    timestamp = message.originalTimestamp or message.timestamp
    return Event(message.messageId, message.event, user, timestamp, properties)


def encode_event(event: Event | None) -> bytes | None:
    """The typed event as bytes."""
    return None if event is None else _encode(event)
