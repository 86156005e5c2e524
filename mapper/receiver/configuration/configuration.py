"""Configuration: what a receiver listens on, whom it trusts, and what becomes of requests, as data.

`read_configuration` in `configuration_reader` makes one from a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mapper.receiver.configuration.checks import Check, private_headers, private_parameters, secrets_of
from mapper.receiver.configuration.keys import Secret
from mapper.receiver.configuration.profiles import Profile
from mapper.receiver.configuration.settings import DestinationSettings, SpoolSettings
from mapper.receiver.request import Kept
from mapper.runtime.limits import DEFAULT

METHODS = ("POST", "PUT", "PATCH", "GET")
# GET only if a source asks for it: browsers and crawlers send it without meaning anything.
DEFAULT_METHODS = METHODS[:3]


@dataclass(frozen=True, slots=True)
class Address:
    """A host's name or number, and a port; port 0 is any that is free."""

    host: str = "127.0.0.1"
    port: int = 8080

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class RequestSource:
    """The requests of one path: how they are authenticated, and the mappings that each of them passes.

    `name` is unique, and that of the path unless it is given. `verify` is empty only if the configuration
    says `none`. `max_body` is in bytes, before and after unpacking. `challenge` has the names and indexes of
    a value in the body that is the answer.
    """

    path: str
    mappings: tuple[Path, ...]
    verify: tuple[Check, ...]
    name: str = ""
    methods: tuple[str, ...] = DEFAULT_METHODS
    profile: Profile | None = None
    settings: Mapping[str, object] = field(default_factory=dict, repr=False)
    challenge: tuple[str | int, ...] = ()
    max_body: int = DEFAULT.body_bytes
    keep_headers: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.path)

    @property
    def answer(self) -> int:
        """The status with which a request is answered that is on disk."""
        return 200 if self.profile is None else self.profile.answer

    def kept(self, headers_read: frozenset[str] | None) -> Kept:
        """The part of a request that is kept, for mappings that read these headers; None for any."""
        known = self.keep_headers | (self.profile.headers if self.profile else frozenset())
        return Kept(
            # The type of a body decides how it is read, and explains bodies that cannot be.
            None if headers_read is None else known | headers_read | {"content-type"},
            private_headers(self.verify),
            private_parameters(self.verify),
            secrets_of(self.verify),
        )


@dataclass(frozen=True, slots=True)
class Configuration:
    """A receiver; without destinations, events are written into the folder of the spool.

    `drain` are the seconds for which requests are taken after SIGTERM, while readiness is 503. `metrics` are
    the bearer tokens of metrics, none if nobody needs one; `admin` are the keys of the page, without
    which it is not served.
    """

    sources: tuple[RequestSource, ...]
    listen: Address = Address()
    spool: SpoolSettings = SpoolSettings()
    destinations: tuple[DestinationSettings, ...] = ()
    drain: float = 0.0
    metrics: tuple[Secret, ...] = ()
    admin: tuple[Secret, ...] = ()
