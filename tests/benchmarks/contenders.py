"""Contenders: the same job by hand, by general libraries and by other engines; each from bytes to bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import mapper
from mapper.runtime.schema.validation import is_json

HERE = Path(__file__).parent
SCHEMA = json.loads((HERE.parents[1] / "schemas" / "event.schema.json").read_text(encoding="utf-8"))
Job = Callable[[bytes], bytes | None]
NO_REQUEST = mapper.Request()


def by_hand(message: dict[str, Any]) -> dict[str, Any] | None:
    """The job as a good engineer writes it, without any validation."""
    user = message.get("userId") or message.get("anonymousId")
    if not user:
        return None
    context, properties = message["context"], message["properties"]
    location, traits = context.get("location"), context["traits"]
    return {
        "event_id": message["messageId"],
        "event_name": message["event"],
        "user_id": user,
        "timestamp": message.get("originalTimestamp") or message.get("timestamp"),
        "event_properties": {
            **properties,
            "page_url": context["page"]["url"],
            "city": (location.get("city") if location else None) or "unknown",
            "full_name": f"{traits['first']} {traits['last']}",
            "order_total_cents": round(properties["total"] * 100),
            "skus": [product["sku"] for product in properties["products"]],
        },
    }


def by_hand_checked(message: dict[str, Any]) -> dict[str, Any] | None:
    """The same with a valid event that holds nothing but JSON, or ValueError."""
    event = by_hand(message)
    if event is None:
        return None
    time = event["timestamp"]
    if len(time) != 24 or time[4:20:3] != "--T::." or time[23] != "Z":
        raise ValueError("no time")
    datetime.fromisoformat(time)
    if not (event["event_id"].strip() and event["event_name"].strip() and event["user_id"].strip()):
        raise ValueError("a blank text")
    if not is_json(event["event_properties"]):
        raise ValueError("a value that JSON cannot hold")
    return event


def transform() -> mapper.Transform:
    """The job as a mapping."""
    return mapper.load(HERE / "order_completed.yaml")


def ours() -> Job:
    """`transform.json`, validated."""
    run = transform().json

    def job(body: bytes) -> bytes | None:
        events = run(body).events
        return events[0] if events else None

    return job


def without_core() -> Job:
    """The same without the native core."""
    made = transform()
    path = made._load_narrow()

    def job(body: bytes) -> bytes | None:
        result: Any = path.begin(body, NO_REQUEST)
        return result.events[0] if result is not None and result.events else None

    return job


def _around(map_one: Callable[[Any], Any]) -> Job:
    import orjson

    def job(body: bytes) -> bytes | None:
        event = map_one(orjson.loads(body))
        return None if event is None else orjson.dumps(event)

    return job


def hand_orjson() -> Job:
    return _around(by_hand)


def orjson_loads() -> Job:
    import orjson

    return orjson.loads


def orjson_loads_dumps() -> Job:
    import orjson

    return lambda body: orjson.dumps(orjson.loads(body))


def hand_orjson_jsonschema() -> Job:
    from jsonschema import Draft202012Validator

    validate = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER).validate

    def checked(message: dict[str, Any]) -> dict[str, Any] | None:
        event = by_hand(message)
        if event is not None:
            validate(event)
        return event

    return _around(checked)


def hand_msgspec() -> Job:
    """Typed Structs in and out, properties as a dict; no validation of the output."""
    from typed import decode_event, encode_event

    return lambda body: encode_event(decode_event(body))


def hand_msgspec_raw() -> Job:
    """As `hand_msgspec`, properties undecoded: the floor in Python, without any check of text or numbers."""
    from typed import splice_event

    return splice_event


def hand_checked() -> Job:
    """With the checks that `transform.json` makes, by hand for this one mapping: the floor."""
    from typed import check_event

    return check_event


def naive() -> Job:
    """jsonpath-ng for each field, python-liquid for the text, jsonschema for the event."""
    from jsonpath_ng import parse
    from jsonschema import Draft202012Validator
    from liquid import Environment

    names = ("messageId", "event", "userId", "anonymousId", "originalTimestamp", "timestamp", "properties")
    paths = {name: parse(f"$.{name}") for name in names}
    paths |= {n: parse(f"$.{n}") for n in ("context.page.url", "context.location.city", "properties.total")}
    skus = parse("$.properties.products[*].sku")
    full_name = Environment().from_string("{{ context.traits.first }} {{ context.traits.last }}")
    validate = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER).validate

    def first(name: str, message: Any) -> Any:
        found = paths[name].find(message)
        return found[0].value if found else None

    def map_one(message: Any) -> Any:
        get = partial(first, message=message)
        user = get("userId") or get("anonymousId")
        if not user:
            return None
        event = {
            "event_id": get("messageId"),
            "event_name": get("event"),
            "user_id": user,
            "timestamp": get("originalTimestamp") or get("timestamp"),
            "event_properties": {
                **get("properties"),
                "page_url": get("context.page.url"),
                "city": get("context.location.city") or "unknown",
                "full_name": full_name.render(**message),
                "order_total_cents": round(get("properties.total") * 100),
                "skus": [match.value for match in skus.find(message)],
            },
        }
        validate(event)
        return event

    return _around(map_one)


JSONATA = """(
  $user := userId ? userId : anonymousId;
  $user ? {
    "event_id": messageId, "event_name": event, "user_id": $user,
    "timestamp": originalTimestamp ? originalTimestamp : timestamp,
    "event_properties": $merge([properties, {
      "page_url": context.page.url,
      "city": context.location.city ? context.location.city : "unknown",
      "full_name": context.traits.first & " " & context.traits.last,
      "order_total_cents": $round(properties.total * 100),
      "skus": [properties.products.sku]
    }])
  }
)"""
JQ = """(.userId // .anonymousId) as $user | select($user != null) | {
  event_id: .messageId, event_name: .event, user_id: $user, timestamp: (.originalTimestamp // .timestamp),
  event_properties: (.properties + {page_url: .context.page.url, city: (.context.location.city // "unknown"),
    full_name: "\\(.context.traits.first) \\(.context.traits.last)",
    order_total_cents: (.properties.total * 100 | round), skus: [.properties.products[].sku]})}"""
JMESPATH = """(userId || anonymousId) && {event_id: messageId, event_name: event,
  user_id: userId || anonymousId, timestamp: originalTimestamp || timestamp,
  event_properties: merge(properties, {page_url: context.page.url,
  city: context.location.city || 'unknown', full_name: join(' ', [context.traits.first, context.traits.last]),
  order_total_cents: cents(properties.total), skus: properties.products[*].sku})}"""


def jsonata2py() -> Job:
    import jsonata2py as engine

    evaluate = engine.compile(JSONATA).evaluate
    return _around(lambda message: None if (event := evaluate(message)) is engine.MISSING else event)


def jsonatapy() -> Job:
    import jsonatapy as engine

    return _around(engine.compile(JSONATA).evaluate)


def jq() -> Job:
    import jq as engine

    program = engine.compile(JQ)

    def job(body: bytes) -> bytes | None:
        text = program.input_text(body.decode()).text()
        return text.encode() if text else None

    return job


def jmespath() -> Job:
    import jmespath as engine
    from jmespath import functions

    class Functions(functions.Functions):  # type: ignore[misc]
        @functions.signature({"types": ["number"]})  # type: ignore[untyped-decorator]
        def _func_cents(self, amount: float) -> int:
            return round(amount * 100)

    options = engine.Options(custom_functions=Functions())
    search = engine.compile(JMESPATH).search
    return _around(lambda message: search(message, options=options))


def glom() -> Job:
    from glom import Auto, Coalesce, Fill, Merge, Pipe
    from glom import glom as run

    nothing = (None, "")
    spec = {
        "event_id": "messageId",
        "event_name": "event",
        "user_id": Coalesce("userId", "anonymousId", skip=nothing, default=None),
        "timestamp": Coalesce("originalTimestamp", "timestamp", skip=nothing),
        "event_properties": Pipe(
            Fill(
                [
                    Auto("properties"),
                    Auto(
                        {
                            "page_url": "context.page.url",
                            "city": Coalesce("context.location.city", skip=nothing, default="unknown"),
                            "full_name": (
                                "context.traits",
                                lambda traits: f"{traits['first']} {traits['last']}",
                            ),
                            "order_total_cents": ("properties.total", lambda total: round(total * 100)),
                            "skus": ("properties.products", ["sku"]),
                        }
                    ),
                ]
            ),
            Merge(),
        ),
    }

    def map_one(message: Any) -> Any:
        event = run(message, spec)
        return event if event["user_id"] else None

    return _around(map_one)


# name -> how it is made, and whether it checks each event against the target schema
FLOORS: dict[str, Callable[[], Job]] = {
    "orjson.loads alone": orjson_loads,
    "orjson loads + dumps": orjson_loads_dumps,
}
CONTENDERS: dict[str, tuple[Callable[[], Job], bool]] = {
    "mapper: bytes to bytes": (ours, True),
    "mapper, without the native core": (without_core, True),
    "hand-written, orjson": (hand_orjson, False),
    "hand-written, msgspec typed": (hand_msgspec, False),
    "hand-written, msgspec raw": (hand_msgspec_raw, False),
    "hand-written, msgspec, all checks": (hand_checked, True),
    "hand-written, orjson + jsonschema": (hand_orjson_jsonschema, True),
    "jsonpath-ng + python-liquid + jsonschema": (naive, True),
    "jsonata2py": (jsonata2py, False),
    "jsonatapy": (jsonatapy, False),
    "jmespath": (jmespath, False),
    "jq": (jq, False),
    "glom": (glom, False),
}
