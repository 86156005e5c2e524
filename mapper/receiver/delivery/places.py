"""Places: the destinations of a configuration, with their queues and deliverers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mapper.receiver.configuration.settings import (
    DestinationSettings,
    FilesSettings,
    GiveUp,
    HttpSettings,
    PostgresSettings,
    SpoolSettings,
)
from mapper.receiver.destinations.destination import Destination
from mapper.receiver.destinations.files import EventsFile, RotatedFiles
from mapper.receiver.spool.queues import EventQueue

DEFAULT_NAME = "events"
DEFAULT_FILE = "events.ndjson"


def queues_of(settings: Sequence[DestinationSettings]) -> tuple[EventQueue, ...]:
    """The queues of a configuration."""
    if not settings:
        return (EventQueue(DEFAULT_NAME),)
    return tuple(
        EventQueue(one.name, isinstance(one.kind, HttpSettings) and one.kind.is_ordered) for one in settings
    )


@dataclass(frozen=True, slots=True)
class DeliveryPlace:
    """A destination, how long its events are tried, and whether the order of each user's events is kept."""

    destination: Destination
    give_up: GiveUp = GiveUp()
    is_ordered: bool = False

    @property
    def queue(self) -> EventQueue:
        """The queue of the destination."""
        return EventQueue(self.destination.name, self.is_ordered)


def places_of(settings: Sequence[DestinationSettings], spool: SpoolSettings) -> tuple[DeliveryPlace, ...]:
    """The destinations of a configuration; without any, a file in the folder of the spool."""
    if not settings:
        return (DeliveryPlace(EventsFile(DEFAULT_NAME, spool.folder / DEFAULT_FILE)),)
    return tuple(map(_place, settings))


def _place(settings: DestinationSettings) -> DeliveryPlace:
    # The packages of a destination are imported if it is used.
    match settings.kind:
        case FilesSettings(folder, rotate, gzip, max_bytes):
            return DeliveryPlace(RotatedFiles(settings.name, folder, rotate, gzip, max_bytes))
        case HttpSettings() as http:
            from mapper.receiver.destinations.http import HttpDestination

            return DeliveryPlace(HttpDestination(settings.name, http), http.give_up, http.is_ordered)
        case PostgresSettings() as postgres:
            from mapper.receiver.destinations.postgres import PostgresDestination

            return DeliveryPlace(PostgresDestination(settings.name, postgres))
