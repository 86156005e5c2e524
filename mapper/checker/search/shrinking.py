"""Shrinking: payloads that are smaller by one step, and the part of a payload that matters to a reader."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from mapper.checker.inference.type_scope import BODY, ITEM, PayloadPlace
from mapper.checker.search.documents import Place, smaller_values, value_at
from mapper.checker.search.runner import Payload
from mapper.checker.types import Type

_MAX_SMALLER = 60
_SHORT = 120  # characters of a payload that is shown whole
_MAX_ABSENT = 3  # members that are named
_LEFT_OUT = "…"


def smaller_payloads(payload: Payload, given: Type | None) -> Iterator[Payload]:
    """Payloads that are smaller by one step, the biggest steps first; `given` is the type of the bodies."""
    for body in islice(smaller_values(payload.body, given), _MAX_SMALLER):
        yield replace(payload, body=body)
    for name in ("headers", "query", "settings"):
        known: Mapping[str, object] = getattr(payload, name)
        for key in known:
            rest = {other: value for other, value in known.items() if other != key}
            yield replace(payload, **{name: rest})  # type: ignore[arg-type]
    if payload.received_at is not None:
        yield replace(payload, received_at=None)


def shown_part(payload: Payload, read: Collection[PayloadPlace], places: tuple[Place, ...]) -> str:
    """The text of a payload; of a long one only the members that are read, and `…` for the others.

    It also names members that are read and absent. `places` are those of the item in the body.
    """
    if len(payload.text) <= _SHORT:
        return payload.text
    start = next(iter(places), ())
    kept = [(*start, *keys) if root == ITEM else keys for root, keys in read if root in (ITEM, BODY)]
    absent = [keys for keys in kept if _is_absent(payload.body, keys)]
    named = [".".join(map(str, keys[len(start) :])) for keys in absent[:_MAX_ABSENT]]
    return payload.in_words(_part(payload.body, kept), *([f"without {', '.join(named)}"] if named else []))


def _is_absent(body: object, keys: Place) -> bool:
    around = value_at(body, keys[:-1])
    return isinstance(around, dict) and keys[-1] not in around


def _part(value: object, kept: list[Place]) -> str:
    """The JSON text of a value with only those parts that lie on the way to a kept place."""
    if () in kept or not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        inner = [keys[1:] for keys in kept if isinstance(keys[0], int)]
        return f"[{_part(value[0], inner)}{', ' + _LEFT_OUT if value[1:] else ''}]"
    wanted = {keys[0] for keys in kept}
    parts = []
    for name, member in value.items():
        if name in wanted:
            inner = [keys[1:] for keys in kept if keys[0] == name]
            parts.append(f"{json.dumps(name, ensure_ascii=False)}: {_part(member, inner)}")
    if len(parts) < len(value):
        parts.append(_LEFT_OUT)
    return "{" + ", ".join(parts) + "}"
