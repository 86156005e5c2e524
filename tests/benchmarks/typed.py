"""Typed: the hand-written contenders that tell msgspec which fields they want."""

from __future__ import annotations

from datetime import datetime
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


SCALAR = None | bool | int | float | str
LEVELS = 200


class Url(msgspec.Struct, gc=False):
    url: Any = None


class City(msgspec.Struct, gc=False):
    city: Any = None


class Around(msgspec.Struct, gc=False):
    page: Url | list[Any] | SCALAR = None
    location: City | list[Any] | SCALAR = None
    traits: Any = None


class Doubtful(msgspec.Struct, gc=False):
    userId: Any = None
    anonymousId: Any = None
    messageId: Any = None
    event: Any = None
    originalTimestamp: Any = None
    timestamp: Any = None
    properties: Any = None
    context: Around | list[Any] | SCALAR = None


_decode_doubtful = msgspec.json.Decoder(Doubtful).decode


def check_event(body: bytes) -> bytes | None:
    """The job with all that `transform.json` promises, for this one mapping; ValueError for what it refuses.

    UTF-8 and nesting of what is skipped, numbers in range, a type for each value, a valid event.
    """
    size = len(body)
    arrays = size - len(body.replace(b"[", b"", LEVELS + 1))
    if arrays + size // 5 >= LEVELS and arrays + size - len(body.replace(b"{", b"", LEVELS + 1)) > LEVELS:
        raise ValueError("may nest too deep")
    if not body.isascii():
        body.decode()
    message = _decode_doubtful(body)
    user = _text(message.userId) or _text(message.anonymousId)
    if user is None:
        return None
    identity, name, time = message.messageId, message.event, message.originalTimestamp
    time = message.timestamp if time is None else time
    if type(identity) is not str or type(name) is not str or not (identity.strip() and name.strip()):
        raise ValueError("no id or name")
    if type(time) is not str or len(time) != 24 or time[4:20:3] != "--T::." or time[23] != "Z":
        raise ValueError("no time")
    datetime.fromisoformat(time)
    return _encode(
        {
            "event_id": identity,
            "event_name": name,
            "user_id": user,
            "timestamp": time,
            "event_properties": _properties(message.properties, message.context),
        }
    )


def _text(value: object) -> str | None:
    return value if type(value) is str and value and not value.isspace() else None


def _properties(given: Any, context: Any) -> dict[str, Any]:
    if type(given) is not dict or type(context) is not Around:
        raise ValueError("no properties or no context")
    properties = {**given}
    page, location, traits = context.page, context.location, context.traits
    if type(page) is Url and page.url is not None:
        properties["page_url"] = page.url
    city = location.city if type(location) is City else None
    properties["city"] = "unknown" if city is None else city
    first, last, total, products = traits["first"], traits["last"], given.get("total"), given.get("products")
    if type(first) is not str or type(last) is not str or type(products) is not list:
        raise ValueError("no names or no products")
    properties["full_name"] = f"{first} {last}"
    if type(total) is not float or not -1e9 < total < 1e9:
        raise ValueError("no total")
    properties["order_total_cents"] = round(total * 100)
    properties["skus"] = [
        product["sku"] for product in products if type(product) is dict and "sku" in product
    ]
    return properties
