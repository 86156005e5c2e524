"""Destination: the part of a place for events that a deliverer sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class DeliveryError(Exception):
    """Events could not be delivered now; they stay in the queue and are tried again."""


class DeliveryBroken(Exception):
    """A sync failed: nobody knows which events are on disk, and the process has to end."""


class Destination(Protocol):
    """Takes events. A position is a text that the spool keeps together with the marks of delivery."""

    name: str

    def begin(self, position: str) -> None:
        """Go on at a position, the empty one at first; all behind it was not marked and will come again."""

    def deliver(self, events: Sequence[bytes]) -> str:
        """Deliver events, each JSON without a line end; the position behind them, when they are on disk."""

    def tidy(self) -> str | None:
        """Do what is due without events; the new position, None for the same one."""

    def end(self) -> None:
        """Let go of files and connections."""
