"""Events: a seeded generator of `track` messages of about 2.5 kB, as a busy shop sends them."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

SEED = 20261123
FIRST = ("Ada", "Grace", "Alan", "Zoë", "José", "Søren", "Łukasz", "Renée", "Katherine", "美咲")
LAST = ("Lovelace", "Hopper", "O'Neil", "García", "Müller", "Wiśniewski", "Johnson", "van-Rossum", "田中")
PLACES = (
    ("Berlin", "Germany"),
    ("São Paulo", "Brazil"),
    ("Tokyo", "Japan"),
    ("Lagos", "Nigeria"),
    ("Mumbai", "India"),
)
GAMES = (
    "Monopoly: 3rd Edition",
    'UNO "Deluxe" Card Game',
    "Settlers — Seafarers",
    "Ticket to Ride\\Europe",
    "Azul",
)
AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.4 Mobile/15E148 Safari/604.1"
)
START = datetime(2026, 4, 25, tzinfo=UTC)


def generate(count: int, seed: int = SEED) -> list[bytes]:
    """`count` bodies, one message each; the same for the same seed.

    One in a hundred names nobody, one in twenty has a null `userId`, one in seven no city, one in twenty no
    `originalTimestamp`; properties hold optional keys, nulls, long floats, escapes and non-ASCII text.
    """
    chance = random.Random(seed)
    return [_encode(_message(chance, number)) for number in range(count)]


def _encode(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _id(chance: random.Random) -> str:
    text = f"{chance.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _money(chance: random.Random, most: int) -> float:
    return chance.randrange(100, most) / 100


def _message(chance: random.Random, number: int) -> dict[str, Any]:
    moment = START + timedelta(seconds=7 * number, milliseconds=chance.randrange(7000))
    times = [_text(moment + timedelta(seconds=late)) for late in (0, 1, 2)]
    message = {
        "type": "track",
        "messageId": f"ajs-next-{_id(chance)}",
        "event": "Order Completed",
        "anonymousId": _id(chance),
        "userId": f"user-{chance.randrange(10**7)}",
        "context": _context(chance),
        "integrations": {"All": True, "Mixpanel": False, "Salesforce": False},
        "properties": _properties(chance),
        "originalTimestamp": times[0],
        "sentAt": times[1],
        "receivedAt": times[2],
        "timestamp": times[0],
        "version": 2,
    }
    draw = chance.random()
    if draw < 0.05:
        message["userId"] = None
    elif draw < 0.10:
        del message["userId"]
        if draw < 0.06:
            del message["anonymousId"]
    if chance.random() < 0.05:
        del message["originalTimestamp"]
    return message


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _properties(chance: random.Random) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "checkout_id": f"{chance.getrandbits(96):024x}",
        "order_id": str(chance.randrange(10**9)),
        "affiliation": "Google Store",
        **{
            key: _money(chance, 60_000)
            for key in ("total", "subtotal", "revenue", "shipping", "tax", "discount")
        },
        "currency": chance.choice(("USD", "EUR", "JPY", "BRL")),
        "products": [
            {
                "product_id": f"{chance.getrandbits(96):024x}",
                "sku": f"{chance.randrange(10**5):05d}-{chance.randrange(100):02d}",
                "name": chance.choice(GAMES),
                "price": _money(chance, 9_999),
                "quantity": chance.randrange(1, 5),
                "category": "Party & Cards",
                "position": position,
            }
            for position in (1, 2, 3)
        ],
    }
    if chance.random() < 0.5:
        properties["coupon"] = chance.choice(("hasbros", "SPRING24", None))
    if chance.random() < 0.1:
        properties[f"experiment_{chance.randrange(8)}"] = {
            "variant": chance.choice("ABC"),
            "weight": chance.random(),
        }
    return properties


def _context(chance: random.Random) -> dict[str, Any]:
    city, country = chance.choice(PLACES)
    location = {"city": city, "country": country, "latitude": chance.uniform(-60, 60), "speed": 0}
    draw = chance.random()
    if 0.10 <= draw < 0.15:
        del location["city"]
    url = f"https://www.example.com/checkout/order-{chance.randrange(10**6)}?utm_source=newsletter&step=3"
    return {
        "app": {
            "name": "InitechGlobal",
            "version": "545",
            "build": "3.0.1.545",
            "namespace": "com.example.app",
        },
        "campaign": {
            "name": "TPS Newsletter",
            "source": "Newsletter",
            "medium": "email",
            "term": "tps reports",
        },
        "device": {"id": _id(chance).upper(), "advertisingId": _id(chance).upper(), "manufacturer": "Apple"},
        "library": {"name": "analytics.js", "version": "2.11.1"},
        "ip": ".".join(str(chance.randrange(1, 255)) for _ in range(4)),
        "locale": chance.choice(("en-US", "de-DE", "pt-BR", "ja-JP")),
        **({} if draw < 0.10 else {"location": location}),
        "network": {"bluetooth": False, "carrier": "T-Mobile US", "cellular": True, "wifi": False},
        "os": {"name": "iPhone OS", "version": "17.4.1"},
        "page": {
            "path": "/checkout",
            "referrer": "https://www.example.com/cart",
            "title": "Checkout: Danke schön",
            "url": url,
        },
        "screen": {"width": 390, "height": 844, "density": 3},
        "groupId": str(chance.randrange(10**5)),
        "timezone": "Europe/Amsterdam",
        "userAgent": AGENT,
        "traits": {
            "first": chance.choice(FIRST),
            "last": chance.choice(LAST),
            "email": f"u{chance.randrange(10**6)}@example.com",
        },
    }
