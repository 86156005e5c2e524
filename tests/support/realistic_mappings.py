"""Random mappings as people write them: typed webhooks of shops and apps, and typed events.

Each is meant to be right: what a receiver asks for is what the source and the mapping give.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

Json = Any
FILLED: Json = {"type": "string", "minLength": 1, "pattern": "\\S"}
TIME: Json = {"type": "string", "format": "date-time", "pattern": "^\\S+(?!\\s)$"}
_IDS: list[Json] = [
    *(FILLED, {"type": "string", "format": "uuid"}, {"type": "string", "pattern": "^[0-9a-f]{24}$"}),
    *({"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[A-Z]{2}-\\d{4,8}$"}),
    {"type": ["string", "integer"], "minLength": 1, "pattern": "\\S"},
]
_STATES = ["paid", "open", "failed", "refunded"]
_LINE: Json = {
    "type": "object",
    "properties": {
        "sku": FILLED,
        "name": {"type": "string", "maxLength": 255},
        "price": {"type": "number", "minimum": 0},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 1000},
        "gift": {"type": "boolean"},
    },
    "required": ["sku", "price", "quantity"],
}
# The fields of a webhook beside its id, time and user, with their schemas.
_FIELDS: dict[str, list[Json]] = {
    "amount": [{"type": "number", "minimum": 0, "maximum": 1_000_000}, {"type": "number", "minimum": 0}],
    "cents": [{"type": "integer", "minimum": 0, "maximum": 10**9}],
    "currency": [{"type": "string", "pattern": "^[A-Z]{3}$"}, {"enum": ["EUR", "USD", "INR"]}],
    "status": [{"enum": _STATES}, {"type": "string", "enum": _STATES}],
    "email": [{"type": "string", "format": "email"}, {"type": ["string", "null"], "format": "email"}],
    "name": [{"type": "string", "maxLength": 255}, FILLED, {"type": ["string", "null"]}],
    "note": [{"type": "string"}, {"type": ["string", "null"], "maxLength": 2000}],
    "url": [{"type": "string", "format": "uri"}, {"type": "string", "pattern": "^https://"}],
    "phone": [{"type": "string", "pattern": "^\\+\\d{6,15}$"}],
    "country": [
        {"type": "string", "minLength": 2, "maxLength": 2},
        {"type": "string", "pattern": "^[A-Z]{2}$"},
    ],
    "count": [{"type": "integer", "minimum": 0}, {"type": ["integer", "null"], "minimum": 0, "maximum": 99}],
    "rating": [{"type": "integer", "minimum": 1, "maximum": 5}],
    "active": [{"type": "boolean"}],
    "tags": [
        {"type": "array", "items": {"type": "string"}},
        {"type": "array", "items": FILLED, "minItems": 1},
    ],
    "items": [{"type": "array", "items": _LINE}, {"type": "array", "items": _LINE, "minItems": 1}],
    "ip": [{"type": "string", "format": "ipv4"}],
    "attributes": [{"type": "object", "additionalProperties": {"type": "string"}}, {"type": "object"}],
    "address": [
        {
            "type": "object",
            "properties": {"city": {"type": "string"}, "zip": {"type": "string", "pattern": "^\\d{5}$"}},
            "required": ["city"],
        }
    ],
    "updated": [
        {"type": "string", "format": "date-time"},
        {"type": ["string", "null"], "format": "date-time"},
    ],
}


@dataclass(frozen=True, slots=True)
class _Given:
    """A field of the source: its name, its schema, and if every item has it."""

    name: str
    schema: Json
    required: bool

    @property
    def path(self) -> str:
        return f"$.{self.name}"

    @property
    def has_null(self) -> bool:
        return "null" in self.schema.get("type", ())


def realistic(chance: Random) -> Json:
    """A mapping with its schemas: `{"mapping": .., "source": .., "target": ..}`."""
    names = chance.sample(list(_FIELDS), chance.randint(3, 7))
    given = [_Given(name, chance.choice(_FIELDS[name]), chance.random() < 0.65) for name in names]
    event, frame = _frame(chance)
    kept = {}
    wanted: Json = {}
    required = []
    for each in given:
        for name, value, schema, is_sure in _uses(chance, each):
            kept[name], wanted[name] = value, schema
            if is_sure and chance.random() < 0.7:
                required.append(name)
    properties = {**frame, **{each.name: each.schema for each in given}}
    source: Json = {"type": "object", "properties": properties}
    source["required"] = [*frame, *(each.name for each in given if each.required)]
    if chance.random() < 0.3:
        source["additionalProperties"] = False
    rules, target = {}, _target(chance, wanted, required)
    states = [each for each in given if each.name == "status" and each.required]
    if states and chance.random() < 0.4:
        rules["skip"] = [{"when": 'status == "failed"', "reason": "failed"}]
    mapping = {"mapping": "random", "source": "source.schema.json", "target": "target.schema.json", **rules}
    return {
        "mapping": {**mapping, "event": {**event, "event_properties": kept}},
        "source": source,
        "target": target,
    }


def _frame(chance: Random) -> tuple[Json, Json]:
    """The fields of every event but its properties, and the schemas of what they read."""
    an_id, user = chance.choice(_IDS), chance.choice(_IDS)
    plain = {"path": "$.id", "as": "string"}
    event: Json = {
        "event_id": "$.id" if an_id.get("type") == "string" else plain,
        "event_name": chance.choice(
            ("Order Completed", "{{ kind }}", "$.kind", "Order {{ kind | capitalize }}")
        ),
        "user_id": chance.choice(({"path": "$.user.id", "as": "string"}, "{{ user.id }}")),
    }
    kind = chance.choice((FILLED, {"enum": ["created", "updated", "deleted"]}))
    times: list[tuple[Json, Json]] = [
        (
            {"path": "$.at", "as": "timestamp", "on_error": "reject"},
            {"type": "string", "format": "date-time"},
        ),
        (
            {"path": "$.at", "as": "timestamp", "from": "epoch_s"},
            {"type": "integer", "minimum": 0, "maximum": 4_000_000_000},
        ),
        (
            {"path": "$.at", "as": "timestamp", "from": "epoch_ms", "on_error": "reject"},
            {"type": "integer", "minimum": 0},
        ),
        ({"received_at": True, "on_missing": "reject"}, True),
    ]
    event["timestamp"], at = chance.choice(times)
    users: Json = {
        "type": "object",
        "properties": {"id": user, "name": {"type": "string"}},
        "required": ["id"],
    }
    read = {"id": an_id, "kind": kind, "user": users}
    return event, read if at is True else {**read, "at": at}


def _target(chance: Random, wanted: Json, required: list[str]) -> Json:
    inner: Json = {"type": "object", "properties": wanted, "required": required}
    if chance.random() < 0.5:
        inner["additionalProperties"] = False
    fields = {"event_id": FILLED, "event_name": FILLED, "user_id": FILLED, "timestamp": TIME}
    return {
        "type": "object",
        "properties": {**fields, "event_properties": inner},
        "required": [*fields, "event_properties"],
        "additionalProperties": False,
    }


_Use = tuple[str, Json, Json, bool]


def _uses(chance: Random, given: _Given) -> list[_Use]:
    """Fields of the event that read one of the source: name, value, schema, and if it is always there."""
    found = [_plain(chance, given)]
    special = _SPECIAL.get(given.name)
    if special is not None and chance.random() < 0.6:
        found.append(special(chance, given))
    return found


def _plain(chance: Random, given: _Given) -> _Use:
    schema = {key: value for key, value in given.schema.items() if key != "type"}
    kinds = given.schema.get("type")
    if kinds is not None:
        named = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
        schema["type"] = named[0] if len(named) == 1 else named
    looser = chance.choice((schema, {"type": schema["type"]} if "type" in schema else schema))
    if given.required and not given.has_null:
        return given.name, given.path, looser, True
    if given.has_null and chance.random() < 0.4:
        # A null that the target does not allow counts as missing: the field is left out.
        return given.name, given.path, looser, False
    if chance.random() < 0.3:
        return given.name, {"path": given.path, "on_missing": "reject"}, looser, True
    if schema.get("type") == "string" and set(schema) <= {"type", "maxLength"} and chance.random() < 0.6:
        return given.name, {"path": given.path, "default": "none"}, looser, True
    return given.name, given.path, looser, False


def _amount(chance: Random, given: _Given) -> _Use:
    if chance.random() < 0.5:
        value = {"compute": "amount | times: 100 | round"}
        return "amount_cents", value, {"type": "integer", "minimum": 0}, given.required
    return "price", {"path": given.path, "as": "string"}, {"type": "string"}, given.required


def _cents(chance: Random, given: _Given) -> _Use:
    return "total", {"compute": "cents | divided_by: 100.0"}, {"type": "number"}, given.required


def _currency(chance: Random, given: _Given) -> _Use:
    return "code", "{{ currency | downcase }}", {"type": "string", "maxLength": 3}, True


def _status(chance: Random, given: _Given) -> _Use:
    named = {"paid": "Paid", "open": "Open", "failed": "Failed", "refunded": "Refunded"}
    schema = {"enum": list(named.values())}
    if chance.random() < 0.5:
        return "state", {"match": "$.status", "cases": named}, schema, given.required
    value = {"when": 'status == "paid" or status == "refunded"', "then": "Paid", "else": "Open"}
    return "state", value, schema, True


def _email(chance: Random, given: _Given) -> _Use:
    if chance.random() < 0.5:
        digest = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
        return "email_hash", {"compute": "email | strip | downcase | sha256"}, digest, False
    return "mail", "{{ email | downcase }}", {"type": "string"}, True


def _name(chance: Random, given: _Given) -> _Use:
    value = {"first_nonblank": [given.path, "$.user.name", "Guest"]}
    return "greeting", value if chance.random() < 0.5 else "Dear {{ name | default: 'guest' }}", FILLED, True


def _tags(chance: Random, given: _Given) -> _Use:
    match chance.randrange(3):
        case 0:
            return "labels", "{{ tags | join: ',' }}", {"type": "string"}, True
        case 1:
            return "tag_count", {"compute": "tags | size"}, {"type": "integer", "minimum": 0}, given.required
        case _:
            value = "{% for tag in tags %}{{ tag }}{% unless forloop.last %}, {% endunless %}{% endfor %}"
            return "labels", value, {"type": "string"}, True


def _items(chance: Random, given: _Given) -> _Use:
    match chance.randrange(4):
        case 0:
            built = {"id": "$.sku", "price": "$.price", "quantity": "$.quantity", "label": "{{ name }}"}
            members: Json = {"id": FILLED, "price": {"type": "number", "minimum": 0}}
            members |= {"quantity": {"type": "integer", "minimum": 1}, "label": {"type": "string"}}
            element = {"type": "object", "properties": members, "required": ["id", "price", "quantity"]}
            return (
                "products",
                {"map": "$.items", "to": built},
                {"type": "array", "items": element},
                given.required,
            )
        case 1:
            return (
                "skus",
                {"map": "$.items", "to": "$.sku"},
                {"type": "array", "items": FILLED},
                given.required,
            )
        case 2:
            return "first_sku", {"path": "$.items[0].sku"}, FILLED, False
        case _:
            value = {"compute": "items | map: 'quantity' | sum"}
            return "pieces", value, {"type": "integer", "minimum": 0}, given.required


def _address(chance: Random, given: _Given) -> _Use:
    if chance.random() < 0.5:
        value = {"city": "$.address.city", "zip": "$.address.zip"}
        members = {"city": {"type": "string"}, "zip": {"type": "string", "minLength": 5, "maxLength": 5}}
        return "place", value, {"type": "object", "properties": members}, True
    return "city", "$.address.city", {"type": "string"}, given.required


def _attributes(chance: Random, given: _Given) -> _Use:
    value = {"merge": [given.path, {"channel": "web"}]}
    return "extra", value, {"type": "object", "required": ["channel"]}, True


def _updated(chance: Random, given: _Given) -> _Use:
    value = {"path": given.path, "as": "timestamp", "on_error": "omit"}
    return "changed_at", value, {"type": "string", "format": "date-time"}, False


def _count(chance: Random, given: _Given) -> _Use:
    return "is_bulk", {"when": "count > 10", "then": True, "else": False}, {"type": "boolean"}, True


_SPECIAL: dict[str, Callable[[Random, _Given], _Use]] = {
    "amount": _amount,
    "cents": _cents,
    "currency": _currency,
    "status": _status,
    "email": _email,
    "name": _name,
    "tags": _tags,
    "items": _items,
    "address": _address,
    "attributes": _attributes,
    "updated": _updated,
    "count": _count,
}
