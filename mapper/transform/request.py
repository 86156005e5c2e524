"""Request: the values a host passes in beside the body, so that mappings stay pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Request:
    """The scopes of an HTTP request other than its body.

    `headers` are found whatever the case of their names (RFC 9110 §5.1). `query` holds one text per
    parameter. `settings` are the tenant's own. `received_at` is an aware datetime or an RFC 3339 text; it is
    kept as canonical text (UTC, milliseconds). Raises TypeError or ValueError for anything else. `repr` shows
    names, never values.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: Mapping[str, object] = field(default_factory=dict, repr=False)
    received_at: datetime | str | None = None

    def __post_init__(self) -> None:
        for name in ("headers", "query", "settings"):
            value = getattr(self, name)
            if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
                raise TypeError(f"Request.{name} must be a mapping with text keys")
        headers = {key.lower(): value for key, value in self.headers.items()}
        object.__setattr__(self, "headers", headers)
        object.__setattr__(self, "query", dict(self.query))
        object.__setattr__(self, "settings", dict(self.settings))
        object.__setattr__(self, "received_at", _canonical(self.received_at))


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
