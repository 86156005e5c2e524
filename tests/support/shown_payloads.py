"""Payloads as the checker shows them: of a long one it shows only the part that matters, and `…`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mapper.checker.search.completion import Completion
from mapper.checker.types.from_schema import SchemaReading

_LEFT_OUT = "…"
_LONG_NUMBER = re.compile(r"(\d)…\((\d+) digits\)")


def whole_payload(shown: str, source: dict[str, Any]) -> tuple[Any, str]:
    """The payload of a text, with members and elements added for those left out; and the rest of the text.

    What is added depends on the source schema alone: the part that is shown has to suffice.
    """
    shown = whole_numbers(shown)
    text = shown.replace(f", {_LEFT_OUT}", "").replace(_LEFT_OUT, "")
    body, end = json.JSONDecoder().raw_decode(text)
    if len(text) != len(shown):
        body = Completion(source, SchemaReading(source)).completed(body, list(_scalars(body)))
    return body, text[end:]


def whole_numbers(shown: str) -> str:
    """A text with the digits that stand once for many."""
    return _LONG_NUMBER.sub(lambda found: found[1] * int(found[2]), shown)


def _scalars(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if not isinstance(value, dict | list):
        yield place
        return
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _scalars(part, (*place, key))
