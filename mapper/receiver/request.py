"""Request: an HTTP request as it came, and the part of it that may be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mapper.transform.request import Request

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RequestHead:
    """All of a request that comes before its body.

    `headers` has lower-case names and Latin-1 values, `query` decoded names and values; both keep the order,
    and names that come twice. `source` is the name of the source that takes the request. `repr` shows names,
    never values.
    """

    method: str
    path: str
    headers: Pairs = field(repr=False)
    query: Pairs = field(repr=False)
    source: str

    def header(self, name: str) -> list[str]:
        """The values of a header, by its name in lower case."""
        return [value for key, value in self.headers if key == name]

    def parameter(self, name: str) -> list[str]:
        """The values of a query parameter."""
        return [value for key, value in self.query if key == name]


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request that is accepted: its head as far as it may be kept, its unpacked body, its time of receipt.

    `received_at` is an RFC 3339 text in UTC.
    """

    head: RequestHead
    body: bytes = field(repr=False)
    received_at: str

    def scopes(self, settings: Mapping[str, object]) -> Request:
        """The request as mappings see it.

        Headers of one name are joined (RFC 9110 §5.3); of several parameters of one name, the last counts.
        """
        names = dict.fromkeys(name for name, _ in self.head.headers)
        headers = {name: ", ".join(self.head.header(name)) for name in names}
        return Request(headers, dict(self.head.query), settings, self.received_at)


@dataclass(frozen=True, slots=True)
class Kept:
    """The part of a head that may be kept: chosen headers, and the query without secrets.

    `headers` are names in lower case; None takes all that are not `private_headers`. A value that holds one
    of the `secrets` is left out whatever its name: a vendor may send a key in two places.
    """

    headers: frozenset[str] | None
    private_headers: frozenset[str] = frozenset()
    private_parameters: frozenset[str] = frozenset()
    secrets: tuple[bytes, ...] = field(default=(), repr=False)

    def part_of(self, head: RequestHead) -> RequestHead:
        """The head without the headers and parameters that are not to be kept."""
        headers = tuple(
            (name, value)
            for name, value in head.headers
            if (self.headers is None or name in self.headers)
            and name not in self.private_headers
            and not self._holds_secret(value.encode("latin-1", "replace"))
        )
        query = tuple(
            (name, value)
            for name, value in head.query
            if name not in self.private_parameters
            and not self._holds_secret(f"{name}={value}".encode("utf-8", "surrogatepass"))
        )
        return RequestHead(head.method, head.path, headers, query, head.source)

    def _holds_secret(self, written: bytes) -> bool:
        return any(secret in written for secret in self.secrets)
