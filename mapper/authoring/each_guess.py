"""Guess of `each`: where in a body its items are.

A list inside a body holds the items if the body is no more than an envelope around it: few members, none of
them a time. The products of an order are a list, too, but the order around them has its own time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from mapper.authoring.guesses import is_time
from mapper.authoring.item_fields import ItemField
from mapper.authoring.privacy import is_field_name, names

# Names of lists of events, or of the users that one event is about, in the envelopes of many services.
_NAMES = names(
    "events batch messages records notifications entries profiles users data items payload results updates"
)
_MAX_BESIDE = 5  # members of an envelope beside the list
_WRAPPERS = names("data body payload message")


def guess_each(bodies: Sequence[Any]) -> tuple[list[str], str]:
    """The paths of `each`, and the reason in words; no path if each body is an item, or a list of items."""
    counts: Counter[str] = Counter()
    plain = 0
    for body in bodies:
        path = _list_in(body)
        if path:
            counts[path] += 1
        else:
            plain += 1
    lists = [path for path, _ in counts.most_common()]
    if not lists:
        return [], ""
    reason = "; ".join(f"{counts[path]:,} of {len(bodies):,} bodies have items in `{path}`" for path in lists)
    if len(lists) == 1 and not plain:
        return lists, reason  # a single item without its list is taken, too
    # Among other bodies `[:]` looks into lists alone: a text of that name is part of an item.
    return [*(f"{path}[:]" for path in lists), *(["$"] if plain else [])], reason


def _list_in(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    for name, value in body.items():
        if isinstance(value, dict) and len(body) <= 3 and name in _WRAPPERS:
            inner = _list_of(value)
            if inner and not _has_time(body):
                return ItemField((name, inner)).path
    name = _list_of(body)
    return ItemField((name,)).path if name else ""


def _list_of(body: dict[str, Any]) -> str:
    """The name of the list of items in an envelope; empty if the object is an item itself."""
    lists = [
        name
        for name, value in body.items()
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
    ]
    if len(lists) != 1 or not is_field_name(lists[0]) or len(body) - 1 > _MAX_BESIDE or _has_time(body):
        return ""
    name = lists[0]
    elements = body[name]
    if name.lower() in _NAMES or (len(body) == 1 and any(map(_has_time, elements))):
        return name
    return name if sum(map(_has_time, elements)) > len(elements) / 2 else ""


def _has_time(value: dict[str, Any]) -> bool:
    return any(is_time(name, member) for name, member in value.items())
