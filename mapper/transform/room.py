"""Room: the number of bytes that the events of one body may still take."""

from __future__ import annotations

from dataclasses import dataclass

from mapper.runtime.growth import size_of
from mapper.runtime.limits import Limits
from mapper.transform.rejections import reject
from mapper.transform.result import Rejected


@dataclass(slots=True)
class Room:
    """Measures the events of a body in the order of its items, before they are written.

    An event that is too large alone is rejected (M624) and takes no room. The first for which too little room
    is left is rejected (M625), and so are all items behind it: to map them would cost time for nothing.
    `levels` is how many of an event's outer levels are measured one by one.
    """

    limits: Limits
    levels: int
    left: int
    is_spent: bool = False

    def takes(self, event: object) -> bool:
        """Take room for an event; False if there is too little, or the event is too large."""
        max_bytes = self.limits.event_bytes
        size = size_of(event, self.levels, max_bytes)
        if size > max_bytes:
            return False
        self.left -= size
        self.is_spent = self.left < 0
        return not self.is_spent

    def give_back(self, event: object) -> None:
        """Undo `takes` for an event that cannot be written."""
        self.left += size_of(event, self.levels, self.limits.event_bytes)

    def takes_written(self, event: bytes) -> bool:
        """Take room for an event that is written; if there is too little, take none and return False."""
        size = len(event)
        if size > self.left or size > self.limits.event_bytes:
            return False
        self.left -= size
        return True

    def reject(self, index: int, location: str | None, item: object) -> Rejected:
        """The rejection of an item whose event was not taken."""
        if self.is_spent:
            max_bytes = self.limits.result_bytes
            message = f"the events of this body are together larger than {max_bytes:,} bytes"
            return reject(index, location, "M625", message, item)
        message = f"the event is larger than {self.limits.event_bytes:,} bytes"
        return reject(index, location, "M624", message, item)
