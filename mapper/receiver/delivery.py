"""Delivery: for each destination, a thread takes its events from the spool in their order, at least once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from mapper.receiver.destinations.destination import DeliveryBroken, DeliveryError, Destination
from mapper.receiver.destinations.files import EventsFile, RotatedFiles
from mapper.receiver.settings import DestinationSettings, SpoolSettings
from mapper.receiver.spool import Spool
from mapper.receiver.spool_schema import SpoolBroken, SpoolError

GATHER = 0.05  # seconds in which more events gather, so that others have the disk meanwhile
IDLE = 1.0  # seconds between looks at a queue that nobody reports to have new events
FETCH = 1000  # events that are delivered together
WAIT = 5.0  # seconds before another try
DEFAULT_NAME = "events"
DEFAULT_FILE = "events.ndjson"


def destinations_of(
    settings: tuple[DestinationSettings, ...], spool: SpoolSettings
) -> tuple[Destination, ...]:
    """The destinations of a configuration; without any, a file in the folder of the spool."""
    if not settings:
        return (EventsFile(DEFAULT_NAME, spool.folder / DEFAULT_FILE),)
    return tuple(RotatedFiles(one.name, one.kind.folder, one.kind.rotate, one.kind.gzip) for one in settings)


@dataclass(slots=True)
class Deliverer:
    """Delivers the events of one destination, in a thread between `start` and `stop`, or by `deliver_some`.

    `on_fault` is called with a sentence when a delivery begins to fail, `on_broken` once if the spool or the
    destination fails for good.
    """

    spool: Spool
    destination: Destination
    on_fault: Callable[[str], None] = lambda text: None
    on_broken: Callable[[Exception], None] = lambda error: None
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _begun: bool = False

    def start(self) -> None:
        """Begin to deliver."""
        self._thread = threading.Thread(
            target=self._run, name=f"deliver {self.destination.name}", daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        """Say that there are new events."""
        self._wake.set()

    def stop(self) -> None:
        """Return when the events at hand are delivered; others wait in the spool."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self.destination.end()

    def deliver_some(self) -> int:
        """Deliver the next events; how many they were.

        Raises DeliveryError, DeliveryBroken and SpoolError.
        """
        name = self.destination.name
        if not self._begun:
            self.destination.begin(self.spool.position(name) or "")
            self._begun = True
        position = self.destination.tidy()
        if position is not None:
            self.spool.delivered(name, [], position)
        events = self.spool.pending(name, FETCH)
        if events:
            position = self.destination.deliver([event for _, event in events])
            self.spool.delivered(name, [number for number, _ in events], position)
        return len(events)

    def _run(self) -> None:
        is_failing = False
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                found = self.deliver_some()
            except (SpoolBroken, DeliveryBroken) as error:
                self.on_broken(error)
                return
            except (DeliveryError, SpoolError) as error:
                # Bytes that were written and not marked are cut off before the next try.
                self._begun = False
                self.destination.end()
                if not is_failing:
                    self.on_fault(f"destination `{self.destination.name}`: {error}")
                is_failing = True
                self._stopping.wait(WAIT)
                continue
            is_failing = False
            if not found:
                self._wake.wait(IDLE)
            elif found < FETCH:
                self._stopping.wait(GATHER)
