"""Growth: bounds of the size of events for a body of a known size, and the exact size of an event.

The size of an event is the length of its compact JSON text in UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mapper.runtime.faults import Fault
from mapper.runtime.json.exact import encode
from mapper.runtime.limits import DEFAULT, Limits, active

FEW = 4  # times the payload: an event that small needs no measuring
_ESCAPED = 6  # bytes of one character in a JSON text, at most
UNBOUNDED = 1 << 60  # more bytes, or units of work, than any limit

Places: TypeAlias = "tuple[tuple[tuple[str, ...], int], ...]"  # names that lead to a value, and a number


@dataclass(frozen=True, slots=True)
class Growth:
    """An upper bound of the bytes of events, worked out from the mapping alone.

    `own` is how often an event can repeat a byte of its item, `shared` how often a byte that other events
    repeat too. `constant` is the number of bytes that come from no payload. `texts` is the number of texts
    that only `text_length` bounds, `lists` the number of lists and flattened objects that only `event_bytes`
    bounds. `places` are the names that lead to what is shared, each with the times it is repeated; None if
    items may share parts.
    """

    own: int
    shared: int = 0
    constant: int = 0
    texts: int = 0
    lists: int = 0
    places: Places | None = None

    @property
    def is_large(self) -> bool:
        """True if an event can be many times as large as its parts."""
        return self.own + self.shared + self.texts + self.lists > FEW

    def max_bytes(self, items: int, size: int, limits: Limits) -> int:
        """An upper bound of the bytes of all events of so many items from a body of `size` bytes."""
        return self.own * size + items * self._each(size, limits)

    def max_items(self, limits: Limits) -> int:
        """The most items of a body within the limits of which none has to be measured."""
        own, each = self.own * limits.body_bytes, self._each(limits.body_bytes, limits)
        if own + each > limits.event_bytes:
            return 0
        return (limits.result_bytes - own) // max(1, each)

    def fits(self, items: int, size: int, limits: Limits, body: object = None) -> bool:
        """Return True if no events of so many items can pass a limit, so that none has to be measured.

        With `body`, the shared parts count as they are in it, not as large as the whole.
        """
        own, each = self.own * size, self._each(size, limits)
        if own + each <= limits.event_bytes and own + items * each <= limits.result_bytes:
            return True
        each -= self.shared * size
        if body is None or self.places is None or own + each > limits.event_bytes:
            return False  # nothing is measured in vain
        each += sum_at(body, self.places)
        return own + each <= limits.event_bytes and own + items * each <= limits.result_bytes

    def _each(self, size: int, limits: Limits) -> int:
        beside = self.constant + self.texts * _ESCAPED * limits.text_length + self.lists * limits.event_bytes
        return self.shared * size + beside


# Bytes of the events of a body that are made before any of them is measured: far below the default limits.
ROOM = min(DEFAULT.event_bytes, DEFAULT.result_bytes) // 8
INFLATION = 4  # times: how much longer compact JSON can be than another text of the same value
FORM_INFLATION = 6  # times: as much for a form, in which a control character takes one byte


def is_bounded(growth: Growth) -> bool:
    """Return True if no body within the default limits can give more bytes of events than they allow."""
    return growth.fits(DEFAULT.items, DEFAULT.body_bytes, DEFAULT)


def sum_at(body: object, places: Places) -> int:
    """A bound of the sum of the sizes at some places, each times its number; UNBOUNDED if one holds itself.

    A place at which there is no value counts as 0. It runs for each body: the names are followed in place.
    """
    found = 0
    for names, times in places:
        value = body
        for name in names:
            if not isinstance(value, dict) or name not in value:
                break
            value = value[name]
        else:
            if isinstance(value, str):  # as good a bound as its size, and many times as fast
                found += times * (_ESCAPED * len(value) + 2)
                continue
            try:
                found += times * size_of(value, 0, 0)
            except RecursionError:
                return UNBOUNDED
    return found


def size_of(value: object, levels: int, max_bytes: int) -> int:
    """The size of a value; of one larger than `max_bytes` some number above `max_bytes`.

    The outer `levels` of objects and lists are visited one by one, so that never more than one of the values
    inside them is written at once. Values that JSON cannot hold count as 0; the validation refuses them.
    """
    if levels < 1 or not isinstance(value, dict | list):
        try:
            return len(encode(value))
        except (TypeError, ValueError):
            return 0
    if not value:
        return 2
    size = 1
    if isinstance(value, dict):
        for name, member in value.items():
            size += size_of(name, 0, max_bytes) + 2
            if size > max_bytes:
                break
            size += size_of(member, levels - 1, max_bytes - size)
    else:
        for element in value:
            size += 1
            if size > max_bytes:
                break
            size += size_of(element, levels - 1, max_bytes - size)
    return size


def room_for_lists() -> int:
    """The bytes that the lists and repeated names of an event in the making may take together."""
    return active().event_bytes


def take_room(room: int, element: object, levels: int, site: int) -> int:
    """The room for lists that is left after one more element; raises Fault M624 if there is too little."""
    return take_bytes(room, size_of(element, levels, room) + 1, site)


def take_bytes(room: int, size: int, site: int) -> int:
    """The room that is left after so many bytes; raises Fault M624 if there is too little."""
    if size > room:
        raise Fault("M624", site, f"more than {active().event_bytes:,} bytes")
    return room - size
