"""Request: the values a host passes in beside the body, so that mappings stay pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mapper.runtime.digits import is_out_of_range
from mapper.runtime.json.locations import write_location
from mapper.runtime.json.nesting import nests_deeper
from mapper.runtime.limits import MAX_NESTING


@dataclass(frozen=True)
class Request:
    """The scopes of an HTTP request other than its body.

    `headers` are found whatever the case of their names (RFC 9110 §5.1); they may be any object with the
    methods of a mapping, as a web framework has them. `query` holds one text per
    parameter. `settings` are the tenant's own: any JSON. `received_at` is an aware datetime or an RFC 3339
    text; it is kept as canonical text (UTC, milliseconds). Raises TypeError or ValueError for anything else.
    `repr` shows names, never values.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: Mapping[str, object] = field(default_factory=dict, repr=False)
    received_at: datetime | str | None = None

    def __post_init__(self) -> None:
        pairs = {name: _pairs(name, getattr(self, name)) for name in ("headers", "query", "settings")}
        for name in ("headers", "query"):
            if not all(isinstance(value, str) for _, value in pairs[name]):
                raise TypeError(f"Request.{name} must hold texts")
        headers: dict[str, str] = {}
        for key, value in pairs["headers"]:
            assert isinstance(value, str)
            name = key.lower()
            # RFC 9110 §5.3: lines of the same name are one list.
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        object.__setattr__(self, "headers", headers)
        object.__setattr__(self, "query", dict(pairs["query"]))
        settings = dict(pairs["settings"])
        object.__setattr__(self, "settings", settings)
        _check_json(settings)
        object.__setattr__(self, "received_at", _canonical(self.received_at))


def _pairs(name: str, value: object) -> list[tuple[str, object]]:
    """The keys and values of a mapping. Some frameworks have headers that only have the methods of one."""
    items = getattr(value, "items", None)
    try:
        pairs = list(items()) if callable(items) and hasattr(value, "keys") else None
        if pairs is not None and all(isinstance(key, str) for key, _ in pairs):
            return pairs
    except (TypeError, ValueError):  # it has such methods, and they are others
        pass
    raise TypeError(f"Request.{name} must be a mapping with text keys")


def _check_json(settings: dict[str, object]) -> None:
    """Raise TypeError or ValueError for settings that are not JSON; they name the place, not the value."""
    if nests_deeper(settings, MAX_NESTING):
        raise ValueError(f"Request.settings nests deeper than {MAX_NESTING} levels")
    # A container that is repeated is looked at once: together they may have more parts than memory holds.
    waiting: list[tuple[tuple[str | int, ...], object]] = [((), settings)]
    met: set[int] = set()
    while waiting:
        steps, value = waiting.pop()
        fault = _fault_of(value)
        if fault is not None:
            error, words = fault
            raise error(f"Request.settings must be JSON: {write_location(steps)} {words}")
        if isinstance(value, dict | list) and id(value) not in met:
            met.add(id(value))
            members = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [((*steps, step), member) for step, member in members]


def _fault_of(value: object) -> tuple[type[Exception], str] | None:
    """The reason why a value, apart from its members, is not JSON."""
    match value:
        case None | bool():
            return None
        case str():
            return None if _is_unicode(value) else (ValueError, "has half of a surrogate pair")
        case int() | float():
            return (ValueError, "is a number out of range") if is_out_of_range(value) else None
        case dict():
            if not all(isinstance(key, str) for key in value):
                return TypeError, "has a name that is not text"
            return None if all(map(_is_unicode, value)) else (ValueError, "has a name that is not Unicode")
        case list():
            return None
        case _:
            return TypeError, f"is of the type {type(value).__name__}"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _canonical(moment: object) -> str | None:
    if moment is None:
        return None
    # Time zones are slow to import, and many a request has no time.
    from mapper.runtime.times.times import iso8601, write_time

    if isinstance(moment, str):
        text = iso8601(moment, None)
    elif isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError("Request.received_at must be an aware datetime (give it a tzinfo)")
        text = write_time(moment)
    else:
        raise TypeError("Request.received_at must be an aware datetime or an RFC 3339 text")
    if not isinstance(text, str):
        raise ValueError("Request.received_at is not an RFC 3339 date-time")
    return text
