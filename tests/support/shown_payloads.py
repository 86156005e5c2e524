"""Payloads as the checker shows them: of a long one it shows only the part that matters, and `…`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mapper.checker.search.completion import Completion

_LEFT_OUT = "…"


def whole_payload(shown: str, source: dict[str, Any]) -> tuple[Any, str]:
    """The payload of a text, with members and elements added for those left out; and the rest of the text.

    What is added depends on the source schema alone: the part that is shown has to suffice.
    """
    text = shown.replace(f", {_LEFT_OUT}", "").replace(_LEFT_OUT, "")
    body, end = json.JSONDecoder().raw_decode(text)
    if len(text) != len(shown):
        body = Completion(source).completed(body, list(_scalars(body)))
    return body, text[end:]


def _scalars(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if not isinstance(value, dict | list):
        yield place
        return
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _scalars(part, (*place, key))
