"""Payloads in the shapes that well-known services document, with synthetic values, for drafts of mappings."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 1, tzinfo=UTC)


class Maker:
    """Makes values from one seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def number(self, digits: int) -> int:
        return self.chance.randrange(10 ** (digits - 1), 10**digits)

    def hex(self, length: int) -> str:
        return "".join(self.chance.choice("0123456789abcdef") for _ in range(length))

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def moment(self) -> datetime:
        return START + timedelta(seconds=self.chance.randrange(2_000_000))

    def email(self) -> str:
        return f"user{self.number(5)}@example.com"

    def often(self) -> bool:
        return self.chance.random() < 0.7


def order(make: Maker) -> dict[str, Any]:
    """An order of a shop system, as its webhook `orders/create` sends it."""
    at, mail = make.moment().isoformat(), make.email()
    total = f"{make.chance.uniform(5, 200):.2f}"
    customer = {
        "id": make.number(13),
        "email": mail,
        "created_at": make.moment().isoformat(),
        "first_name": "Ann",
        "last_name": "Smith",
        "state": "disabled",
        "tags": "",
        "default_address": {"id": make.number(13), "city": "Berlin", "country_code": "DE"},
    }
    return {
        "id": make.number(15),
        "admin_graphql_api_id": f"gid://shop/Order/{make.number(15)}",
        "app_id": None,
        "browser_ip": "203.0.113.7",
        "buyer_accepts_marketing": make.often(),
        "cancel_reason": None,
        "cancelled_at": None,
        "cart_token": make.hex(32) if make.often() else None,
        "checkout_id": make.number(14),
        "confirmed": True,
        "contact_email": mail,
        "created_at": at,
        "currency": "EUR",
        "customer_locale": "de",
        "email": mail,
        "financial_status": make.chance.choice(["paid", "pending", "voided"]),
        "fulfillment_status": None,
        "name": f"#{make.number(4)}",
        "note_attributes": [{"name": "gift", "value": "yes"}] if make.often() else [],
        "number": make.number(3),
        "order_number": make.number(4),
        "processed_at": at,
        "tags": "",
        "test": False,
        "token": make.hex(32),
        "total_price": total,
        "updated_at": make.moment().isoformat(),
        "user_id": None,
        "billing_address": {"first_name": "Ann", "city": "Berlin", "latitude": 52.5, "longitude": 13.4},
        "customer": customer,
        "line_items": [
            {
                "id": make.number(15),
                "product_id": make.number(13),
                "name": "Bag",
                "price": total,
                "quantity": 1,
            }
            for _ in range(make.chance.randint(1, 3))
        ],
        "refunds": [],
    }


def payment_event(make: Maker) -> dict[str, Any]:
    """An event of a payment service, with its object inside."""
    kind = make.chance.choice(["charge.succeeded", "charge.failed", "customer.updated", "invoice.paid"])
    thing = kind.split(".")[0]
    inner: dict[str, Any] = {
        "id": f"{thing[:2]}_{make.hex(24)}",
        "object": thing,
        "created": int(make.moment().timestamp()),
        "livemode": False,
        "metadata": {},
    }
    if thing != "customer":
        inner |= {
            "amount": make.number(4),
            "currency": "eur",
            "customer": f"cus_{make.hex(14)}",
            "paid": True,
        }
    return {
        "id": f"evt_{make.hex(24)}",
        "object": "event",
        "api_version": "2024-06-20",
        "created": int(make.moment().timestamp()),
        "data": {"object": inner} | ({} if make.often() else {"previous_attributes": {"name": None}}),
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": f"req_{make.hex(14)}" if make.often() else None, "idempotency_key": make.uuid()},
        "type": kind,
    }


def push(make: Maker) -> dict[str, Any]:
    """A push to a repository, as a code host sends it."""

    def commit() -> dict[str, Any]:
        person = {"name": "Ann Smith", "email": make.email(), "username": f"ann{make.number(3)}"}
        return {
            "id": make.hex(40),
            "tree_id": make.hex(40),
            "distinct": True,
            "message": "Mend the door",
            "timestamp": make.moment().isoformat(),
            "url": f"https://code.example/o/r/commit/{make.hex(40)}",
            "author": person,
            "committer": person,
            "added": [],
            "removed": [],
            "modified": ["README.md"],
        }

    login, commits = f"ann{make.number(3)}", [commit() for _ in range(make.chance.randint(1, 3))]
    return {
        "ref": f"refs/heads/{make.chance.choice(['main', 'door'])}",
        "before": make.hex(40),
        "after": commits[-1]["id"],
        "repository": {
            "id": 135493233,
            "node_id": "MDEwOlJlcG9zaXRvcnkxMzU0OTMyMzM=",
            "name": "r",
            "full_name": "o/r",
            "private": False,
            "owner": {"name": "o", "email": "o@example.com", "login": "o", "id": 21031067, "type": "User"},
            "created_at": 1527711484,
            "updated_at": "2026-05-30T20:18:35Z",
            "pushed_at": int(make.moment().timestamp()),
            "default_branch": "main",
        },
        "pusher": {"name": login, "email": make.email()},
        "sender": {"login": login, "id": make.number(8), "type": "User", "site_admin": False},
        "created": False,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": "https://code.example/o/r/compare/a...b",
        "commits": commits,
        "head_commit": commits[-1],
    }


def mail_events(make: Maker) -> list[dict[str, Any]]:
    """A list of events of a mail service."""

    def event() -> dict[str, Any]:
        kind = make.chance.choice(["processed", "delivered", "open", "click", "bounce"])
        more = {"click": {"url": "https://example.com/a", "useragent": "Mozilla/5.0", "ip": "203.0.113.9"}}
        return {
            "email": make.email(),
            "timestamp": int(make.moment().timestamp()),
            "smtp-id": f"<{make.hex(12)}@mail.example>",
            "event": kind,
            "category": ["cat facts"] if make.often() else "newsletter",
            "sg_event_id": make.hex(22),
            "sg_message_id": f"{make.hex(22)}.filter-0",
            **more.get(kind, {}),
        }

    return [event() for _ in range(make.chance.randint(1, 4))]


def mail_event(make: Maker) -> dict[str, Any]:
    """An event of another mail service, beside its signature."""
    kind = make.chance.choice(["delivered", "opened", "clicked", "failed"])
    at = make.moment().timestamp()
    return {
        "signature": {"timestamp": str(int(at)), "token": make.hex(50), "signature": make.hex(64)},
        "event-data": {
            "event": kind,
            "timestamp": at + 0.25,
            "id": make.hex(22),
            "log-level": "info",
            "recipient": make.email(),
            "tags": ["a", "b"] if make.often() else [],
            "user-variables": {"my_var": "x"} if make.often() else {},
            "message": {
                "headers": {"message-id": f"{make.hex(20)}@example.com", "subject": "Hi"},
                "size": 512,
            },
            "storage": {"url": "https://mail.example/m/1", "key": make.hex(30)},
        },
    }


def form_response(make: Maker) -> dict[str, Any]:
    """The response to a form."""
    submitted = make.moment()
    return {
        "event_id": make.uuid(),
        "event_type": "form_response",
        "form_response": {
            "form_id": "lT4Z3j",
            "token": make.hex(32),
            "landed_at": (submitted - timedelta(seconds=90)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "submitted_at": submitted.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "hidden": {"user_id": f"u{make.number(6)}"},
            "definition": {
                "id": "lT4Z3j",
                "title": "Webhooks example",
                "fields": [{"id": "DlXFaesGBpoF", "title": "How are you?", "type": "long_text"}],
            },
            "answers": [
                {"type": "text", "text": "Fine", "field": {"id": "DlXFaesGBpoF", "type": "long_text"}},
                {
                    "type": "number",
                    "number": make.number(1),
                    "field": {"id": "SMEUb7VJz92Q", "type": "number"},
                },
            ][: make.chance.randint(1, 2)],
        },
    }


SHAPES: dict[str, Callable[[Maker], Any]] = {
    "order": order,
    "payment event": payment_event,
    "push": push,
    "mail events": mail_events,
    "mail event": mail_event,
    "form response": form_response,
}


def payloads(shape: str, count: int, seed: int = 16) -> list[Any]:
    """Payloads of a shape; more of the same seed begin with the same ones."""
    make = Maker(seed)
    return [SHAPES[shape](make) for _ in range(count)]
