"""Acceptance: the part of a spool that a server sees. It takes a request, or says that it cannot now."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from mapper.receiver.request import ReceivedRequest


@dataclass(frozen=True, slots=True)
class Overloaded:
    """No more requests can be taken: the bound that is passed, and the seconds after which to try again."""

    reason: str
    retry_after: int = 5


class Intake(Protocol):
    """Makes requests durable."""

    def overloaded(self) -> Overloaded | None:
        """The bound that is passed now, asked before a body is read; None if there is none."""

    def accept(self, request: ReceivedRequest) -> Future[None] | Overloaded:
        """Take a request; the future is done when it is on disk, and raises if it could not be written.

        Requests that are written together may have one future.
        """
