"""Entries: the members of an object as a list of keys and values, and objects made of such lists.

The functions take values that are neither missing nor null. `site` is the place of a fault in the mapping.
"""

from __future__ import annotations

from typing import Any

from mapper.runtime.faults import Fault
from mapper.runtime.work import spend_on


def entries_of(value: object, site: int) -> list[object]:
    """A list of `{"key": .., "value": ..}` in the order of the object; raises Fault M615 for anything else.

    A parsed payload may hold a dict with names that are not texts; it is no object of JSON.
    """
    return _entries(value, "M615", site)


def elements_or_entries(value: object, site: int) -> list[object]:
    """A list as it is, or the entries of an object; raises Fault M616 for anything else."""
    return value if isinstance(value, list) else _entries(value, "M616", site)


def _entries(value: object, code: str, site: int) -> list[object]:
    if not isinstance(value, dict):
        raise Fault(code, site, "", value)
    spend_on(value)
    for key in value:
        if not isinstance(key, str):
            raise Fault(code, site, "a name in it is not text", value)
    return [{"key": key, "value": member} for key, member in value.items()]


def object_from(entries: list[dict[str, Any]], on_duplicate: str, site: int) -> dict[str, Any]:
    """The object of entries, in their order; an entry without `key` or `value` is left out.

    `on_duplicate` is `first`, `last`, `list` (every value becomes a list of values) or `reject`: then two
    entries with one key raise Fault M617.
    """
    spend_on(entries)
    made: dict[str, Any] = {}
    for entry in entries:
        if len(entry) < 2:
            continue
        key, value = entry["key"], entry["value"]
        if on_duplicate == "list":
            made.setdefault(key, []).append(value)
        elif key not in made or on_duplicate == "last":
            made[key] = value
        elif on_duplicate == "reject":
            raise Fault("M617", site, "", key)
    return made
