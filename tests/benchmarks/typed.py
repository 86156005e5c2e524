"""Typed: the hand-written contenders that tell msgspec which fields they want."""

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


class Product(msgspec.Struct, gc=False):
    sku: str


class Inside(msgspec.Struct, gc=False):
    total: float
    products: list[Product]
    page_url: Any = None
    city: Any = None
    full_name: Any = None
    order_total_cents: Any = None
    skus: Any = None


class Spliced(msgspec.Struct, gc=False):
    messageId: str
    event: str
    context: Context
    properties: msgspec.Raw
    userId: str | None = None
    anonymousId: str | None = None
    originalTimestamp: str | None = None
    timestamp: str | None = None


_decode_spliced = msgspec.json.Decoder(Spliced).decode
_look_inside = msgspec.json.Decoder(Inside).decode


def splice_event(body: bytes) -> bytes | None:
    """The job with properties as they are; wrong where they have a key of their own that is computed."""
    message = _decode_spliced(body)
    user = message.userId or message.anonymousId
    if not user:
        return None
    context, inside = message.context, _look_inside(message.properties)
    location, traits = context.location, context.traits
    event = {
        "event_id": message.messageId,
        "event_name": message.event,
        "user_id": user,
        "timestamp": message.originalTimestamp or message.timestamp,
    }
    computed = {
        "page_url": context.page.url,
        "city": (location.city if location else None) or "unknown",
        "full_name": f"{traits.first} {traits.last}",
        "order_total_cents": round(inside.total * 100),
        "skus": [product.sku for product in inside.products],
    }
    properties = bytes(message.properties)[:-1]
    return b"".join(
        (_encode(event)[:-1], b',"event_properties":', properties, b",", _encode(computed)[1:], b"}")
    )
