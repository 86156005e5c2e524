"""Work: what mapping an item costs, counted in units where the cost depends on the payload.

A unit is about a character that is read or written: mostly less than ten nanoseconds, at most twenty. The
count is a part of the meaning of a mapping: it depends on the mapping, the body and the request alone, not on
a clock. A lookup of one member costs nothing by itself. `mapper.ir.work` has the units that the mapping alone
decides.

The meter in force is a context variable, because the code that works (a filter inside a library's template)
is far from the code that sets it. No meter is in force while nothing has to be counted.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from operator import add
from typing import NoReturn, TypeVar

from mapper.runtime.faults import Fault
from mapper.runtime.growth import UNBOUNDED, Places, sum_at
from mapper.runtime.json.nesting import count_values
from mapper.runtime.limits import Limits, active

_Event = TypeVar("_Event")

OUT_OF_WORK = frozenset({"M629", "M630"})
SHORT = 1_000  # characters of a text that need not be counted where each node has a text of its own
VALUE = 16  # a value, member or element that is looked at
CALL = 64  # a call of a filter
NUMBER = 200  # beside that, if it calculates with fractions
LISTED = 48  # an element that a filter of lists unfolds, and once more if it looks at it
PAIR = 96  # two values in lists or objects that are compared, or a value that is written or made a key
ENTERED = 3 * PAIR  # the same for a list or an object: the pairs or keys of its parts are made
WRITTEN = 48  # an object that is printed, beside its text: each is written by a call of its own
PRINTED = 32  # an element of a list that is printed, or a value in JSON that is written
DATE = 1_000  # a date that is read or written by a filter
DATE_PATTERN = 64  # a character of the pattern of a date
FREE_DATE = 3_000  # a date in a form of its own, which is looked for twice, and
FREE_DATE_CHARACTER = 250  # each of its characters
LONGEST_DATE = 100  # characters
PATTERN = 400  # a character of a pattern that comes from the payload
KEYWORD = 800  # a keyword of a schema that the library judges
STRIDE = 16  # characters that a comparison reads at once
SMALL_INTEGER = 64  # bits, or digits
FEW = 10_000  # elements of a list that `map` makes others of while nothing is counted
_LONGEST_NUMBER = 4_300  # digits, as `casts.MAX_DIGITS`
LONG_DIGIT = 3  # units of a digit of the longest integer, at most
_LONG_INTEGER = b"0" * 500
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_DIGITS = 1_490  # squares of digits for a unit, as many as those bits have
_SEARCHED = 800  # characters of a part that is searched; longer ones are looked for in another way
_COMPARED = 32  # characters that a search compares for a unit
_BITS = 14  # an integer of n bits is written in about n * n steps, 1 << 14 of them for a unit


class Uncounted(Exception):
    """An item that may take too much work to be mapped without counting: a list of it is not short."""


@dataclass(frozen=True, slots=True)
class Work:
    """A bound of the units of the items of a program, worked out from the mapping alone.

    An item begins with `units`. All in all, it takes `constant` more at most, `own` for each byte of its own
    and `shared` for each byte of the body, `own_values` and `shared_values` for each value in them, and
    `rounds` for each round of its templates' loops over values of its own. If items are `apart` from all that
    they share, no byte counts as both. `places` are the names that lead to what is shared, each with the
    units of its bytes and of its values; None if items may hold each other.
    """

    units: int
    constant: int
    own: int
    shared: int
    own_values: int = 0
    shared_values: int = 0
    rounds: int = 0
    apart: bool = False
    places: tuple[tuple[tuple[str, ...], int, int], ...] | None = None

    def at_most(self, items: int, size: int, limits: Limits) -> int:
        """A bound of the units of so many items of a body of `size` bytes that the limits let through."""
        # Commas and opening brackets: each value but the first has one before it, and `[],` has two in all.
        values = min(size * 2 // 3, limits.values) + 1
        both: Callable[[int, int], int] = max if self.apart else add
        of_bytes = both(self.own, items * self.shared)
        of_values = both(self.own_values, items * self.shared_values)
        # Elements of a list take two bytes, but for the last.
        rounds = self.rounds * min(items * limits.loop_rounds, values, (size + 1) // 2)
        return items * (self.units + self.constant) + of_bytes * size + of_values * values + rounds

    def fits(self, items: int, size: int, limits: Limits) -> bool:
        """True if no work of so many items of a body of `size` bytes has to be counted."""
        found = self.at_most(items, size, limits)
        if found > limits.body_work:
            return False
        return found <= limits.item_work or self.at_most(1, size, limits) <= limits.item_work

    def in_body(self, body: object) -> Work:
        """The same with what items share counted as it is in a body, not as if it were all of the body."""
        weights, constant = self.weights
        shared = UNBOUNDED if weights is None else sum_at(body, weights)
        if shared >= UNBOUNDED:
            return self
        return replace(self.alone, constant=self.constant + constant + shared)

    @property
    def alone(self) -> Work:
        """The same without what items share."""
        return replace(self, shared=0, shared_values=0)

    @property
    def weights(self) -> tuple[Places | None, int]:
        """Each place that items share with the units of a byte there, and the units of all without bytes.

        A part of n bytes holds n // 2 + 1 values at most.
        """
        if self.places is None:
            return None, 0
        places = tuple((names, of_bytes + (of_values + 1) // 2) for names, of_bytes, of_values in self.places)
        return places, sum(of_values for _, _, of_values in self.places)

    def room(self, items: int, limits: Limits) -> int:
        """The units that each of so many items of any body may take more; negative if there are none."""
        size = limits.body_bytes
        of_one = limits.item_work - self.at_most(1, size, limits)
        return min(of_one, (limits.body_work - self.at_most(items, size, limits)) // items)

    def max_uncounted(self, limits: Limits) -> int:
        """The size of a body within the limits up to which no work has to be counted."""
        fits = self.fits
        return _largest(limits.body_bytes, lambda size: fits(min(limits.items, size), size, limits))

    def max_items(self, limits: Limits) -> int:
        """The most items of a body within the limits of which none has to be counted."""
        return self.most_items(limits.body_bytes, limits)

    def most_items(self, size: int, limits: Limits) -> int:
        """The most items of a body of `size` bytes of which none has to be counted."""
        return _largest(limits.items, lambda items: self.fits(items, size, limits))

    def is_harmless(self, limits: Limits) -> bool:
        """True if no body within the limits takes more work than they allow."""
        return self.max_uncounted(limits) >= limits.body_bytes

    def max_bytes(self, units: int, items: int, limits: Limits) -> int:
        """The size of a body within the limits up to which so many items take no more than so many units."""
        # An item takes two bytes: a digit and a comma.
        at_most = self.at_most
        return _largest(limits.body_bytes, lambda size: at_most(min(items, size), size, limits) <= units)


def _largest(most: int, is_small: Callable[[int], bool]) -> int:
    """The largest number up to `most` that is small, as all below it are; 0 if there is none."""
    low, high = 0, most
    while low < high:
        number = (low + high + 1) // 2
        if is_small(number):
            low = number
        else:
            high = number - 1
    return low


class Meter:
    """Counts the items of one body, one after the other.

    An item that takes more than `item_work` units ends in Fault M629, and counts as so many. The one that
    passes `body_work` ends in Fault M630, and so does each one behind it as soon as it begins.
    """

    __slots__ = ("_body_left", "_given", "_item_work", "left", "round_units")

    def __init__(self, item_work: int, body_work: int) -> None:
        self._item_work = item_work
        self._body_left = body_work
        self._given = 0
        self.left = 0
        self.round_units = 0  # of a loop of the template that the library renders

    @property
    def used(self) -> int:
        """The units of the item so far."""
        return self._given - max(self.left, 0)

    @property
    def is_spent(self) -> bool:
        """True if the last item took too many units."""
        return self.left < 0

    def begin(self, units: int) -> None:
        """Begin an item, with the units that its mapping decides; raises Fault M629 or M630."""
        left = self.left
        # Written out, as each item begins here.
        body_left = self._body_left - (self._given - left if left > 0 else self._given)
        given = body_left if body_left < self._item_work else self._item_work
        self._body_left, self._given, self.left = body_left, given, given - units
        if units > given:
            self._end(-1)

    def spend(self, units: int, site: int = -1) -> None:
        """Count units before their work is done; raises Fault M629 or M630 if they are too many."""
        self.left -= units
        if self.left < 0:
            self._end(site)

    def _end(self, site: int) -> NoReturn:
        if self._given < self._item_work:
            raise Fault("M630", site)
        raise Fault("M629", site, f"more than {self._item_work:,} units of work")


metering: ContextVar[Meter | None] = ContextVar("mapper_meter", default=None)
meter = metering.get


def counted(event: Callable[..., _Event], counting: Meter, units: int) -> Callable[..., _Event]:
    """A function of a generated module that counts its work; each call is an item of `units` or more."""

    def count(*given: object) -> _Event:
        token = metering.set(counting)
        try:
            counting.begin(units)
            return event(*given)
        finally:
            metering.reset(token)

    return count


def spend(units: int, site: int = -1) -> None:
    """Count units with the meter in force, if there is one; raises Fault M629 or M630."""
    counting = meter()
    if counting is not None:
        counting.spend(units, site)


def size_of(value: object) -> int:
    """The units of a value that is read but not entered: characters, elements or members, digits."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list | tuple | dict | range):
        return VALUE * len(value)
    if isinstance(value, int):
        bits = value.bit_length()
        return bits * bits >> _BITS if bits > SMALL_INTEGER else 0
    return 0


def spend_on(*values: object, units: int = 0) -> None:
    """Count a call that reads some values."""
    counting = meter()
    if counting is not None:
        counting.spend(units + sum(map(size_of, values)))


def spend_on_number(text: str) -> None:
    """Count a text that may be a long number: to read one of n digits takes about n * n steps."""
    counting = meter()
    if counting is not None:
        digits = min(len(text), _LONGEST_NUMBER)
        counting.spend(digits + digits * digits // _DIGITS)


def spend_on_search(text: str, part: str) -> None:
    """Count the search of a part in a text, beside their characters.

    Python compares the part at each place if one of both is short, and else takes linear time.
    """
    counting = meter()
    if counting is not None:
        counting.spend(units_of_search(len(part), len(text)))


def units_of_search(part: int, text: int) -> int:
    """The units to look for a part of so many characters in a text, beside those of both."""
    return text * min(part, _SEARCHED) // _COMPARED


def spend_on_json(text: str | bytes, units: int = 0) -> None:
    """Count JSON text that has been written: its characters, its values, and long integers once more."""
    counting = meter()
    if counting is not None:
        raw = text.encode("ascii", "replace") if isinstance(text, str) else text
        units += len(raw)
        if len(raw) >= len(_LONG_INTEGER):  # most are short, and come one by one
            long = raw.translate(_DIGITS_ALIKE).count(_LONG_INTEGER)
            units += LONG_DIGIT * long * len(_LONG_INTEGER)
        counting.spend(units + PRINTED * count_values(raw))


def size_of_names(value: dict[object, object]) -> int:
    """The units to compare the names of an object with those of another one."""
    try:
        return sum(map(len, value)) // STRIDE  # type: ignore[arg-type]
    except TypeError:  # a host's own names
        return len(value)


def spend_on_key(value: object) -> None:
    """Count a value that is made a key of a set; the parts of a container are keys of their own."""
    counting = meter()
    if counting is not None:
        if isinstance(value, str):
            counting.spend(PAIR + len(value) // STRIDE)
        elif isinstance(value, int):
            counting.spend(PAIR + size_of(value))
        else:
            names = size_of_names(value) if isinstance(value, dict) else 0
            counting.spend(names + (ENTERED if isinstance(value, list | tuple | dict) else PAIR))


def spend_on_parts(values: list[object], rounds: int) -> None:
    """Count all that the values of a list hold, at any depth, so many times, and once to look for it.

    A list that holds more than a body may, or itself, takes more units than there are.
    """
    counting = meter()
    if counting is None:
        return
    units, seen, waiting, most = 0, 0, list(values), active().values
    while waiting and units * rounds <= counting.left:
        seen += 1
        if seen > most:
            units = UNBOUNDED
            break
        value = waiting.pop()
        if isinstance(value, list | tuple):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
        units += VALUE + (size_of(value) if isinstance(value, str | int) else 0)
    counting.spend(units * rounds + LISTED * seen)


def spend_on_comparison(left: object, right: object) -> None:
    """Count the comparison of two texts; containers are counted while they are entered."""
    if isinstance(left, str) and isinstance(right, str):
        spend(min(len(left), len(right)) // STRIDE)
